"""Work in pieces: a generator that returns its result and yields between, so that others can have the machine there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import numba

# Of numba's layers the one that survives a fork, as ZeroGPU needs it; it takes one caller at a time.
numba.config.THREADING_LAYER = "workqueue"  # type: ignore[attr-defined]
ALONE = threading.Lock()  # held by whoever calls a parallel kernel

A = TypeVar("A")
B = TypeVar("B")
Result = TypeVar("Result")


def each(pieces: Generator[A, None, Result], then: Callable[[A], B]) -> Generator[B, None, Result]:
    """Yield what pieces yield in another form, and return their result."""
    while True:
        try:
            said = next(pieces)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield then(said)


def whole(pieces: Generator[Any, None, Result]) -> Result:
    """Return the result of pieces, all at once."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
