"""Who is there: which sessions have a stream open through which they read what their events answer."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

UNREAD_SECONDS = 20.0  # after which nobody is taken to be there
MAX_REMEMBERED = 5_000  # sessions


@contextmanager
def counted(counts: Counter[str], key: str) -> Iterator[None]:
    """One more of these, for as long as the block lasts; what is not there is not kept."""
    counts[key] += 1
    try:
        yield
    finally:
        counts[key] -= 1
        if not counts[key]:
            del counts[key]


class Readers:
    """Open streams by session, since when a session has had none, and whose pages are open. All of it on the server's
    event loop alone, without a lock."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._here: Counter[str] = Counter()
        self._left: OrderedDict[str, float] = OrderedDict()  # when sessions without a stream were last heard of

    def reading(self, session: str) -> AbstractContextManager[None]:
        """A stream of the session is open."""
        return self._during(self._open, session)

    def here(self, session: str) -> AbstractContextManager[None]:
        """A page or client of the session is open, whether it reads or not."""
        return self._during(self._here, session)

    @contextmanager
    def _during(self, counts: Counter[str], session: str) -> Iterator[None]:
        try:
            with counted(counts, session):
                yield
        finally:
            self.heard_of(session)

    def is_here(self, session: str) -> bool:
        """Whether one is."""
        return session in self._here

    def heard_of(self, session: str) -> None:
        """The session has asked for something; somebody is taken to be there for a while."""
        self._left[session] = time.monotonic()
        self._left.move_to_end(session)
        while len(self._left) > MAX_REMEMBERED:
            self._left.popitem(last=False)

    def gone(self, session: str, seconds: float | None = None) -> bool:
        """Whether nobody has read, or asked for, anything for so long, by default for UNREAD_SECONDS."""
        unread = time.monotonic() - self._left.get(session, 0.0)
        return session not in self._open and unread > (UNREAD_SECONDS if seconds is None else seconds)
