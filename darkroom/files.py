"""Files that are written whole or not at all, folders that one process at a time writes into, temporary folders."""

import errno
import os
import re
import secrets
import shutil
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

LOCK_FILE = ".lock"
ZIP_END_MARK = b"PK\x05\x06"
MAX_ZIP_END_BYTES = 22 + 65_535  # from that mark to the end
MAX_ZIP_ENTRY_BYTES = 46 + 3 * 300  # an entry in a ZIP's list, with a long name
PART = re.compile(r"\.[0-9a-f]{8}\.(.+)")  # names that `atomic` gives to what it has not finished
SCRATCH_PREFIX = "darkroom-"
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)  # of file systems that have none
STALE_SCRATCH_SECONDS = 4 * 3600  # after which a folder without a lock counts as left


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes `path`'s place when the block ends without an error."""
    path = Path(path)
    part = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def check_folder(name: str, folder: Path) -> None:
    """Raise ValueError, naming the option, where a file stands in the way of this folder."""
    for path in (folder, *folder.parents):
        if path.is_file():
            raise ValueError(f"{path} is a file; {name} takes a folder")


@contextmanager
def made_folder(folder: str | Path) -> Iterator[Path]:
    """Make a folder with its parents; what was made and stayed empty is removed after the block."""
    folder = Path(folder)
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    finally:
        for path in missing:
            with suppress(OSError):  # something was written: it stays
                path.rmdir()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a `made_folder` against other processes. Raises ValueError where another one holds it, or it is a file."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; a folder is needed")
    with made_folder(folder), _lock(folder / LOCK_FILE, f"into {folder}; choose another folder"):
        yield


@contextmanager
def locked_file(path: Path) -> Iterator[None]:
    """Hold a file that is to be written against other processes; its folder is made if missing. Raises ValueError."""
    with made_folder(path.parent), _lock(path.with_name(f".{path.name}{LOCK_FILE}"), f"{path}; choose another name"):
        yield


@contextmanager
def _lock(path: Path, what: str) -> Iterator[None]:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ValueError(f"another process is writing {what}, or wait for its end") from None
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes nothing that is open
            path.unlink()
        lock.release()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Hold a folder for all temporary files of Python and Gradio; remove it, and those that killed processes left.

    Raises OSError where no folder for temporary files may be written.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{SCRATCH_PREFIX}*"):
        with suppress(OSError, ValueError):  # another process holds it, or just removed it
            if (left / LOCK_FILE).exists() or time.time() - left.stat().st_mtime > STALE_SCRATCH_SECONDS:
                with locked(left):
                    shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX))
    with locked(folder):
        before, tempfile.tempdir = tempfile.tempdir, str(folder)
        os.environ.setdefault("GRADIO_TEMP_DIR", str(folder / "gradio"))
        try:
            yield folder
        finally:
            tempfile.tempdir = before
            for _ in range(2):  # a thread may have been in the middle of writing
                shutil.rmtree(folder, ignore_errors=True)


def visible(folder: Path) -> set[str]:
    """Return the names in a folder that are not hidden; none where there is no folder."""
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")} if folder.is_dir() else set()


def remove_parts(folder: Path, name: str | None = None) -> None:
    """Remove what killed processes left half-written: of the file of this name, or of all in a folder of our own."""
    for path in folder.iterdir():
        if (part := PART.fullmatch(path.name)) and name in (None, part[1]):
            path.unlink(missing_ok=True)


def why(error: OSError) -> str:
    """Say what went wrong with a file, naming the file and no folder."""
    if error.errno is None:  # raised here, with a sentence of its own
        return str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full: nothing half-written was left; free some space and try again"
    named = isinstance(error.filename, str | bytes | os.PathLike)
    if not named and error.strerror != os.strerror(error.errno):  # likewise: Python, of a temporary folder
        return str(error.strerror)
    name = Path(os.fsdecode(error.filename)).name if named else "a file"
    return f"{name}: {error.strerror or type(error).__name__}"


def check_zip(path: Path, most_bytes: int, most_entries: int) -> None:
    """Raise ValueError where a ZIP has more bytes, or entries, whose list alone would fill the memory.

    A file that is no ZIP passes: whoever opens it says so.
    """
    size = path.stat().st_size
    if size > most_bytes:
        raise ValueError(f"{path.name} has {size / 1e6:.0f} MB; at most {most_bytes / 1e6:.0f} MB are taken")
    with path.open("rb") as file:
        file.seek(max(0, size - MAX_ZIP_END_BYTES))
        end = file.read()
    place = end.rfind(ZIP_END_MARK)
    if place < 0 or len(end) < place + 20:
        return
    entries, listed = struct.unpack("<HI", end[place + 10 : place + 16])
    if entries > most_entries or listed > MAX_ZIP_ENTRY_BYTES * most_entries:
        raise ValueError(f"{path.name} has more entries than the {most_entries} that are taken")
