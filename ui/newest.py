"""Of what several events of one page draw into the same place, only the newest goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Newest:
    """Ends older streams of a page once a newer one has begun: pictures are drawn in pieces, in turn, so that a small
    one that was asked for later is finished first, and would be overwritten."""

    def __init__(self) -> None:
        self._streams: dict[str, object] = {}  # the newest by page, while it lasts

    def stream(self, page: str, updates: Iterator[Any]) -> Iterator[Any]:
        """The updates, as long as no newer stream of this page begins."""
        mine = self._streams[page] = object()
        try:
            for update in updates:
                if self._streams.get(page) is not mine:
                    yield {}  # which changes nothing: Gradio sends a stream's last message twice
                    return
                yield update
        finally:
            if self._streams.get(page) is mine:
                del self._streams[page]
