"""Folders of this machine, or at an address that fsspec knows, such as s3://BUCKET/FOLDER."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from darkroom.files import atomic, remove_parts


class Folder:
    """A folder whose files come whole or not at all. All that fails raises OSError with a sentence or a file's name."""

    def __init__(self, address: str) -> None:
        """Raise ValueError where nothing installed knows such an address."""
        try:
            self._files, self._root = url_to_fs(address)
        except ImportError as error:  # fsspec says which package does
            raise ValueError(f"{address} needs another package: {error}") from None
        self.path = Path(self._root) if isinstance(self._files, LocalFileSystem) else None
        self.address = str(self.path or address.rstrip("/"))  # also for processes in other folders

    def below(self, other: "Folder") -> str | None:
        """Return the beginning of its files' names in a folder that holds it; None where that does not."""
        ours, theirs = f"{self._at('')}/", f"{other._at('')}/"
        alike = type(self._files) is type(other._files) and ours.startswith(theirs)
        return ours[len(theirs) :] if alike else None

    def names(self, below: str = "") -> list[str]:
        """List the files in a folder below and all under it, by paths from here; none where it is missing. Sorted."""
        with self._said():
            try:
                paths = self._files.find(self._at(below))
            except FileNotFoundError:  # which some places say, and others not
                return []
        start = len(self._root.rstrip("/")) + 1
        files = (path for path in paths if self.path is None or os.path.isfile(path))  # no pipes, no links to folders
        names = [path[start:].replace(os.sep, "/") for path in files]
        return sorted(name for name in names if not any(part.startswith(".") for part in name.split("/")))

    def exists(self, name: str = "") -> bool:
        with self._said():
            return bool(self._files.exists(self._at(name)))

    def open(self, name: str) -> IO[bytes]:
        with self._said():
            return self._files.open(self._at(name), "rb")  # type: ignore[no-any-return]

    def read(self, name: str) -> bytes:
        with self._said():
            return self._files.cat_file(self._at(name))  # type: ignore[no-any-return]

    def write(self, name: str, content: bytes) -> None:
        with self._said():
            if self.path is None:
                self._files.pipe_file(self._at(name), content)
                return
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            with atomic(self.path / name) as part:
                part.write_bytes(content)

    def remove_parts(self, below: str) -> None:
        """Remove what killed processes left half-written in a folder below."""
        if self.path and (self.path / below).is_dir():
            remove_parts(self.path / below)

    def _at(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}".rstrip("/")

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Make OSErrors of what the libraries for other places raise."""
        try:
            yield
        except OSError:
            raise
        except Exception as error:
            if self.path:
                raise
            raise OSError(f"{self.address}: {str(error) or type(error).__name__}") from None
