"""Pictures that visitors have uploaded, decoded once on their way to training."""

from __future__ import annotations

import threading
import time

from PIL import Image

from singan.image import open_picture

AT_ONCE = 2  # decoded pictures in memory, of up to 75 MB each
KEPT_SECONDS = 600.0  # for who looks at what to expect before he trains


class Uploads:
    """Decoded pictures by their files, the last few."""

    def __init__(self) -> None:
        self._pictures: dict[str, tuple[float, Image.Image]] = {}
        self._lock = threading.Lock()

    def open(self, file: str) -> Image.Image:
        """The picture in a file, which is not to be changed. Raises PictureError."""
        with self._lock:
            known = self._pictures.get(file)
        if known:
            return known[1]
        picture = open_picture(file)
        with self._lock:
            self._pictures[file] = time.monotonic(), picture
            recent = sorted(self._pictures.items(), key=lambda item: item[1][0])[-AT_ONCE:]
            self._pictures = {name: it for name, it in recent if time.monotonic() - it[0] < KEPT_SECONDS}
        return picture

    def take(self, file: str) -> Image.Image:
        """The same, for the last time."""
        picture = self.open(file)
        with self._lock:
            self._pictures.pop(file, None)
        return picture
