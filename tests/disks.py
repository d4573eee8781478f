"""A disk that is nearly full, to see what becomes of files that do not fit."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def nearly_full(folder: Path, free: int, size: int = 3000) -> Iterator[Path]:
    """A disk of `size` kB at `folder`, with `free` kB left; skips the test where this process may not mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk may be mounted here")
    try:
        (folder / "taken").write_bytes(bytes(1024 * (size - free)))
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def leftovers(folder: Path) -> list[Path]:
    """Files that were begun and not ended, and locks."""
    return list(folder.rglob(".*"))
