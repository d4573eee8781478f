"""Functions compiled by numba for all cores, with a cache on disk where one can be kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numba
from numba.core.caching import FunctionCache


class _Cache(FunctionCache):
    """numba's cache on disk; what cannot be read from it or written to it is compiled, however that fails."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled function, or None."""
        with suppress(Exception):  # a damaged pickle raises any
            return super().load_overload(sig, target_context)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save the compiled function, if that can be done."""
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
