"""Let only the newest of a page's streams that draw into the same place go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Newest:
    """End older streams of a page once a newer one has begun.

    Pictures are drawn in pieces, in turn: a small one that was asked for later is finished first, and would be
    overwritten by an older one.
    """

    def __init__(self) -> None:
        self._streams: dict[str, object] = {}  # the newest by page, while it lasts

    @contextmanager
    def newest(self, page: str) -> Iterator[Callable[[], bool]]:
        """Begin a stream of a page, and give a function that says whether it is still the newest."""
        mine = self._streams[page] = object()
        try:
            yield lambda: self._streams.get(page) is mine
        finally:
            if self._streams.get(page) is mine:
                del self._streams[page]

    def stream(self, page: str, updates: Iterator[Any]) -> Iterator[Any]:
        """Yield the updates until a newer stream of this page begins."""
        with self.newest(page) as still_newest:
            for update in updates:
                if not still_newest():
                    yield {}  # which changes nothing: Gradio sends a stream's last message twice
                    return
                yield update
