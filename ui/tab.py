"""What a tab gives to the page: how a link sets it, and what is drawn once it is set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ui.links import Query


@dataclass(frozen=True)
class Tab:
    """components: what links set, in the order of what `read` returns for a query; start: wires what is drawn after the
    given event, the opening of the page."""

    components: list[Any]
    read: Callable[[Query], list[Any]]
    start: Callable[[Any], None]
