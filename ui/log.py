"""The log: one line an event, with its duration and a short hash of the session, and nothing that visitors sent."""

from __future__ import annotations

import logging
import traceback
from hashlib import sha256
from pathlib import Path

log = logging.getLogger("darkroom")


def noted(event: str, seconds: float, session: str | None, outcome: str) -> None:
    """Notes the end of an event."""
    name = sha256(session.encode()).hexdigest()[:6] if session else "-"
    log.info("event=%s seconds=%.2f session=%s outcome=%s", event, seconds, name, outcome)


def trace_of(error: BaseException) -> str:
    """Where it came from, without what it says: that may be a visitor's."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return f"{type(error).__name__} at {' > '.join(f'{Path(frame.filename).name}:{frame.lineno}' for frame in frames)}"
