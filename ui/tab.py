"""What a tab gives to the page."""

from __future__ import annotations

from typing import Any, Protocol

from ui.links import Query
from ui.wiring import Updates


class Tab(Protocol):
    """A tab owns its components and its events."""

    @property
    def components(self) -> list[Any]:
        """What links set."""

    def read(self, query: Query) -> Updates:
        """The components as a link says; for an empty one, as they are at first."""

    def start(self, opened: Any) -> None:
        """Wires what is drawn after the event `opened`, in which the components were set."""
