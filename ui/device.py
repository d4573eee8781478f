"""One device, many visitors: work takes turns in the order in which it asked."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


class DeviceLock:
    """A lock that is handed on in order of arrival; a plain one lets a training loop starve everybody else."""

    def __init__(self) -> None:
        self._turns: deque[object] = deque()
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        turn = object()
        with self._changed:
            self._turns.append(turn)
            self._changed.wait_for(lambda: self._turns[0] is turn)

    def __exit__(self, *error: object) -> None:
        with self._changed:
            self._turns.popleft()
            self._changed.notify_all()

    def step_by_step(self, items: Iterator[T]) -> Iterator[T]:
        """The items, each made while the lock is held; between two the next visitor has a turn."""
        while True:
            with self:
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item
