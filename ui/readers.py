"""Who is there: which sessions have a stream open through which they read what their events answer."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

UNREAD_SECONDS = 20.0  # after which nobody is taken to be there
MAX_REMEMBERED = 5_000  # sessions


class Readers:
    """Open streams by session, and since when a session has had none."""

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._left: OrderedDict[str, float] = OrderedDict()  # when sessions without a stream were last heard of
        self._lock = threading.Lock()

    @contextmanager
    def reading(self, session: str) -> Iterator[None]:
        """A stream of the session is open."""
        with self._lock:
            self._open[session] = self._open.get(session, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._open[session] -= 1
                if not self._open[session]:
                    del self._open[session]
            self.heard_of(session)

    def heard_of(self, session: str) -> None:
        """The session has asked for something; somebody is taken to be there for a while."""
        with self._lock:
            self._left[session] = time.monotonic()
            self._left.move_to_end(session)
            while len(self._left) > MAX_REMEMBERED:
                self._left.popitem(last=False)

    def gone(self, session: str) -> bool:
        """Whether nobody has read, or asked for, anything for UNREAD_SECONDS."""
        with self._lock:
            if session in self._open:
                return False
            return time.monotonic() - self._left.get(session, 0.0) > UNREAD_SECONDS
