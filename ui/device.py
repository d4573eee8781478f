"""One device, many visitors: a single thread does all work on it, a short piece for each in turn.

An address has few of the places of pictures: who asks for much at once waits for it, others do not.

OpenMP keeps a pool for every thread that computes, and two of them on two cores wait for each other: that was most of
what a picture lost beside a training (benchmarks/load.py).
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from enum import Enum
from queue import PriorityQueue
from typing import Any, TypeVar

from darkroom.device import give_back
from ui.visitors import LIMITS, Limits, current_address

T = TypeVar("T")

TRIM_SECONDS = 5.0  # between two times that freed memory is given back
_END: Any = object()


class Turn(Enum):
    """Who asks for work; the value: how long it may wait, in s, for others to be let in before it."""

    FACE = 0.0  # a slider moves
    PICTURE = 0.3
    TRAINING = 0.6


class Device:
    """Do pieces of work one at a time, whichever is due first; nobody waits for ever: what comes later is due later."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._pieces: PriorityQueue[tuple[float, int, Turn, Callable[[], Any], Future[Any]]] = PriorityQueue()
        self._places, self._drawing = threading.Condition(), Counter[str]()  # streams of pictures, by address
        self._numbers = itertools.count()  # of two that are due at once, the earlier goes first
        threading.Thread(target=self._work, name="device", daemon=True).start()

    @property
    def waiting(self) -> dict[str, int]:
        with self._pieces.mutex:
            turns = [turn for _, _, turn, *_ in self._pieces.queue]
        return {turn.name.lower(): turns.count(turn) for turn in Turn}

    def run(self, turn: Turn, work: Callable[[], T]) -> T:
        """Return the result of a short piece of work, or raise what it raises."""
        done: Future[T] = Future()
        self._pieces.put((time.monotonic() + turn.value, next(self._numbers), turn, work, done))
        return done.result()

    def stream(self, turn: Turn, items: Iterator[T]) -> Iterator[T]:
        """Yield items, each a piece of work; between two others have their turns. Pictures wait for a place."""
        with self._place() if turn is Turn.PICTURE else nullcontext():
            while (item := self.run(turn, lambda: next(items, _END))) is not _END:
                yield item

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Wait until fewer streams of pictures are drawn than may be at once, in all and of this address."""
        limits, address = self.limits, current_address()
        with self._places:
            self._places.wait_for(
                lambda: (
                    self._drawing.total() < limits.pictures_at_once
                    and self._drawing[address] < limits.pictures_an_address
                )
            )
            self._drawing[address] += 1
        try:
            yield
        finally:
            with self._places:
                self._drawing -= Counter([address])  # which leaves out addresses with none
                self._places.notify_all()

    def _work(self) -> None:
        trimmed = 0.0
        while True:
            *_, work, done = self._pieces.get()
            try:
                done.set_result(work())
            except BaseException as error:  # whatever it is, it belongs to whoever asked
                done.set_exception(error)
            del work, done  # a result may be large
            if time.monotonic() - trimmed > TRIM_SECONDS:
                give_back()
                trimmed = time.monotonic()
