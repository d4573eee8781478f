"""Who asks: a browser's page, or a script, and from where."""

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
    """Whose request it is. session: whose scenes are his, the name that a browser remembers, else that of the page or
    client; owner: whom a training counts for, the session of a browser, the address of a script, which may call itself
    by a new session each time; address: the client's. Agents are told apart by their addresses alone."""

    session: str
    owner: str
    address: str = ""

    @classmethod
    def of(cls, request: gr.Request | None, remembered: Any = None) -> Visitor:
        """Who asks. remembered: the name by which a browser says that it is the same after it has left."""
        if request is None:
            return cls("", "")
        session = request.session_hash or ""
        browser = str(request.headers.get("user-agent", "")).startswith(BROWSER)
        if browser and isinstance(remembered, str) and re.fullmatch("[0-9a-f]{32}", remembered):
            session = remembered
        address = address_of(request)
        if request.headers.get("x-gradio-user") == AGENT:  # one client here calls for all of them
            session = f"agent at {address}"
        return cls(session, session if browser else address, address)


def new_name() -> str:
    """One for a browser to remember; who has it is taken for its visitor, so it cannot be guessed."""
    return secrets.token_hex(16)


def address_of(request: gr.Request | fastapi.Request) -> str:
    """The client's address; on a Space, where a proxy stands before the app, that which the proxy names."""
    named = str(request.headers.get("x-forwarded-for", "")) if os.environ.get("SPACE_ID") else ""
    return named.partition(",")[0].strip() or (request.client.host if request.client else "")
