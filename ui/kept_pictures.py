"""Keep pictures that visitors gave to a use, by name, so that a link can show what came of them."""

from __future__ import annotations

import hashlib
import io
import tempfile
import threading
import time
from pathlib import Path

from PIL import Image

from darkroom.checks import echo

LIFETIME_SECONDS = 2 * 3600  # after its last use
MAX_PICTURES = 200  # the one unused for longest goes first
MAX_BYTES = 1_000_000_000  # of all; the one unused for longest goes first


class KeptPictures:
    """Pictures named by their pixels: the same one has the same name, and nobody can guess it."""

    def __init__(self) -> None:
        self._root = tempfile.TemporaryDirectory(prefix="darkroom-")
        self._used: dict[str, float] = {}  # by `time.monotonic`, the one unused for longest first
        self._lock = threading.Lock()

    def keep(self, picture: Image.Image) -> str:
        """Keep a picture and return its name."""
        name = hashlib.sha256(f"{picture.size}".encode() + picture.tobytes()).hexdigest()[:32]
        file = io.BytesIO()
        picture.save(file, format="PNG", compress_level=1)  # it takes a second, for which no other reader waits
        with self._lock:
            self._file(name).write_bytes(file.getbuffer())
            self._touch(name)
            self._sweep()
        return name

    def get(self, name: str) -> Image.Image:
        """Return the picture of this name. Raises ValueError where there is none."""
        with self._lock:
            self._sweep()
            if name not in self._used:
                raise ValueError(f"there is no picture {echo(name)} (any more)")
            self._touch(name)
            with Image.open(self._file(name)) as picture:
                picture.load()
                return picture

    def _file(self, name: str) -> Path:
        return Path(self._root.name) / f"{name}.png"

    def _touch(self, name: str) -> None:
        self._used.pop(name, None)
        self._used[name] = time.monotonic()

    def _sweep(self) -> None:
        sizes = {name: self._file(name).stat().st_size for name in self._used}
        total, now = sum(sizes.values()), time.monotonic()
        for name, used in list(self._used.items()):
            surplus = len(self._used) > MAX_PICTURES or (total > MAX_BYTES and len(self._used) > 1)
            if surplus or now - used > LIFETIME_SECONDS:
                del self._used[name]
                self._file(name).unlink()
                total -= sizes[name]
