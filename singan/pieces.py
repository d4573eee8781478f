"""Work in pieces, between which others can have the machine, and kernels that numba compiles for all cores."""

import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, TypeVar

import numba
from numba.core.caching import FunctionCache

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
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


class _Cache(FunctionCache):
    """numba's cache on disk; what cannot be read from it or written to it is compiled, however that fails."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        with suppress(Exception):  # a damaged pickle raises any
            return super().load_overload(sig, target_context)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(Exception):  # as above: the index is read first
            super().save_overload(sig, data)


def parallel(**options: Any) -> Callable[[Callable[..., None]], Any]:
    """Compile with `numba.njit(parallel=True, **options)`, with a cache on disk if any of numba's folders is writable.

    The temporary folder is not used in their place: others could put pickles there for this process to load.
    """

    def decorate(function: Callable[..., None]) -> Any:
        dispatcher = numba.njit(parallel=True, **options)(function)
        with suppress(RuntimeError):  # no folder is writable
            dispatcher._cache = _Cache(function)
        return dispatcher

    return decorate
