"""Who asks: a browser's page, or a script, and from where; and how much they may take."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from typing import Any

import fastapi
import gradio as gr

BROWSER = "Mozilla/"  # with which the name of every browser begins
AGENT = "mcp"  # as whom Gradio's own client calls


@dataclass(frozen=True)
class Visitor:
    """Whose request it is.

    scene_owner: key of stored scenes: the name that a browser remembers, else the session of the page or client.
    rate_limit_key: whom a training counts for: a browser's scene_owner, but the address of a script, which may call
    itself by a new session each time. address: the client's. Agents are told apart by their addresses alone.
    """

    scene_owner: str
    rate_limit_key: str
    address: str = ""

    @classmethod
    def of(cls, request: gr.Request | None, remembered: Any = None) -> Visitor:
        """Say who asks. remembered: the name by which a browser says that it is the same after it has left."""
        if request is None:
            return cls("", "")
        owner = request.session_hash or ""
        browser = str(request.headers.get("user-agent", "")).startswith(BROWSER)
        if browser and isinstance(remembered, str) and re.fullmatch("[0-9a-f]{32}", remembered):
            owner = remembered
        address = address_of(request)
        if request.headers.get("x-gradio-user") == AGENT:  # one client here calls for all of them
            owner = f"agent at {address}"
        return cls(owner, owner if browser else address, address)


@dataclass(frozen=True)
class Limits:
    """How much visitors may take, together and each. The defaults suit two CPU cores with 16 GB."""

    trainings_at_once: int = 2  # They take turns on the device.
    trainings_in_all: int = 8  # Those that wait are counted, too.
    trainings_an_address: int = 4  # Several browsers may be behind one.
    known_trainings: int = 24  # All that go on, and of the others the last, can be watched by a link.
    iterations: int = 2000
    ending_seconds: float = 3.0  # A stopped training may take so long to end.
    unwatched_seconds: float = 60.0  # Time to reload the page, and to find a network again.
    scenes: int = 50  # Whoever has the most loses one first.
    loaded_scenes: int = 10  # The others are in their files.
    scene_seconds: float = 2 * 3600.0  # A scene lives so long after its last use.
    remembered_names: int = 100  # A browser may come back with so many.


LIMITS = Limits()


def new_name() -> str:
    """One for a browser to remember; who has it is taken for its visitor, so it cannot be guessed."""
    return secrets.token_hex(16)


def address_of(request: gr.Request | fastapi.Request) -> str:
    """The client's address; on a Space, where a proxy stands before the app, that which the proxy names."""
    named = str(request.headers.get("x-forwarded-for", "")) if os.environ.get("SPACE_ID") else ""
    return named.partition(",")[0].strip() or (request.client.host if request.client else "")
