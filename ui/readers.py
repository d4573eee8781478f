"""Who is there: which sessions have a stream open through which they read what their events answer."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

UNREAD_SECONDS = 20.0  # after which nobody is taken to be there
MAX_REMEMBERED = 5_000  # sessions


class Readers:
    """Open streams by session, since when a session has had none, and whose pages are open."""

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._here: Counter[str] = Counter()
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

    @contextmanager
    def here(self, session: str) -> Iterator[None]:
        """A page or client of the session is open, whether it reads or not."""
        with self._lock:
            self._here[session] += 1
        try:
            yield
        finally:
            with self._lock:
                self._here[session] -= 1
                if not self._here[session]:
                    del self._here[session]
            self.heard_of(session)

    def is_here(self, session: str) -> bool:
        """Whether one is."""
        with self._lock:
            return session in self._here

    def heard_of(self, session: str) -> None:
        """The session has asked for something; somebody is taken to be there for a while."""
        with self._lock:
            self._left[session] = time.monotonic()
            self._left.move_to_end(session)
            while len(self._left) > MAX_REMEMBERED:
                self._left.popitem(last=False)

    def gone(self, session: str, seconds: float | None = None) -> bool:
        """Whether nobody has read, or asked for, anything for so long, by default for UNREAD_SECONDS."""
        with self._lock:
            if session in self._open:
                return False
            return time.monotonic() - self._left.get(session, 0.0) > (UNREAD_SECONDS if seconds is None else seconds)
