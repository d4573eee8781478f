"""Pictures that visitors have uploaded, decoded once on their way to training."""

from __future__ import annotations

import threading

from PIL import Image

from singan.image import open_picture

AT_ONCE = 2  # decoded pictures in memory, of up to 75 MB each


class Uploads:
    """Decoded pictures by their files, the last few."""

    def __init__(self) -> None:
        self._pictures: dict[str, Image.Image] = {}
        self._lock = threading.Lock()

    def open(self, file: str) -> Image.Image:
        """The picture in a file, which is not to be changed. Raises PictureError."""
        with self._lock:
            known = self._pictures.get(file)
        if known is None:
            known = open_picture(file)
            with self._lock:
                self._pictures[file] = known
                for older in list(self._pictures)[:-AT_ONCE]:
                    del self._pictures[older]
        return known

    def take(self, file: str) -> Image.Image:
        """The same, for the last time."""
        picture = self.open(file)
        with self._lock:
            self._pictures.pop(file, None)
        return picture
