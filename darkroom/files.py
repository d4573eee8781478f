"""Files that are written whole or not at all, and folders that one process at a time writes into."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: there is no lock, two processes in one folder are the user's own affair
    fcntl = None  # type: ignore[assignment]

LOCK_FILE = ".lock"
PART = re.compile(r"\.[0-9a-f]{8}\..+")  # names that `atomic` gives to what it has not finished


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes `path`'s place when the block ends without an error."""
    part = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds a folder, made if missing, against other processes; what a killed one left half-written is removed.

    Raises ValueError where another process holds it, or it is a file. A folder that was made and stayed empty goes.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; a folder is needed")
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder / LOCK_FILE):
        try:
            for path in folder.iterdir():
                if PART.fullmatch(path.name):
                    path.unlink(missing_ok=True)
            yield
        finally:
            (folder / LOCK_FILE).unlink(missing_ok=True)
            if made:
                with suppress(OSError):  # something was written: it stays
                    folder.rmdir()


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    while True:
        with path.open("a") as file:
            try:
                if fcntl is not None:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                text = f"another process is writing into {path.parent}; choose another folder, or wait for its end"
                raise ValueError(text) from None
            if path.exists() and os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                yield
                return  # else it was the last holder's, removed between opening and locking


def why(error: OSError) -> str:
    """What went wrong with a file, in words, naming the file and no folder."""
    name = Path(os.fsdecode(error.filename)).name if error.filename else "a file"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full: nothing half-written was left; free some space and try again"
    return f"{name}: {error.strerror or type(error).__name__}"
