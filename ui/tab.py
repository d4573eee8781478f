"""What a tab gives to the page: how a link sets it, and what is drawn once it is set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ui.links import Query


@dataclass(frozen=True)
class Tab:
    """components: what a link sets; read: their values, in this order, from a query, None where the link chose another
    tab; start: wires what is drawn after the event that opens the page, if anything."""

    components: list[Any]
    read: Callable[[Query | None], list[Any]]
    start: Callable[[Any], None] | None = None
