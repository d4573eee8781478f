"""Disks that are nearly full, and machines that deny writing, to see what becomes of files."""

import subprocess
import sys
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


# In a namespace of its own, as a user without a home, who reads everything and may write into no folder of root's.
DENIED = """mount --make-rprivate / || exit 99
for it in /tmp /var/tmp; do mount -t tmpfs -o ro,size=4k tmpfs $it || exit 99; done
[ -z "$0" ] || mount -t tmpfs -o mode=777,size=300m tmpfs $0
exec setpriv --reuid 2000 --regid 0 --clear-groups --inh-caps +dac_read_search --ambient-caps +dac_read_search \\
    env -u HOME -u TMPDIR -u XDG_CACHE_HOME -u NUMBA_CACHE_DIR "$@"
"""


def denied(writable: str, *arguments: str) -> list[str]:
    """A command that runs Python where only one folder, or none, may be written; skips the test where none can."""
    command = ["unshare", "-m", "sh", "-c", DENIED, writable]
    if subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("this machine gives no namespace")
    return [*command, sys.executable, *arguments]


def leftovers(folder: Path) -> list[Path]:
    """Files that were begun and not ended, and locks."""
    return list(folder.rglob(".*"))
