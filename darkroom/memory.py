"""Memory that the process holds."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

M_ARENA_MAX = -8  # parameter of glibc's mallopt
ARENAS = 2


def memory_mb() -> int | None:
    """Return the resident memory of this process, MB; None where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) // 1000 for line in lines if line.startswith("VmRSS"))


def give_back() -> None:
    """Give the system back what the allocator holds of freed memory; some milliseconds. Only glibc's does so."""
    _allocator("malloc_trim", 0)


def bound_arenas() -> None:
    """Let glibc's allocator share a few arenas between all threads, to be called before the first is started.

    By default every thread that a web server starts gets an arena of its own, and each keeps what it once held:
    measured in benchmarks/soak.py. Elsewhere than on glibc nothing happens.
    """
    _allocator("mallopt", M_ARENA_MAX, ARENAS)


def _allocator(function: str, *arguments: int) -> None:
    """Call a function of glibc's allocator; elsewhere do nothing."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), function):
        getattr(library, function)(*arguments)
