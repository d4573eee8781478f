"""Who trains, and who waits for it: one training a visitor, few at once, the others in the order in which they came."""

from __future__ import annotations

import threading
from typing import Protocol

from ui.reports import duration
from ui.visitors import Visitor

AT_ONCE = 2  # trainings that take turns on the device
IN_ALL = 8  # with those that wait
AN_ADDRESS = 4  # browsers behind one address
ENDING_SECONDS = 3.0  # that a cancelled training may take to end


class Training(Protocol):
    """What stands in the line: the training itself. seconds_left: once that is known."""

    visitor: Visitor
    seconds_left: float | None

    def stop(self) -> None:
        """Ends it after its current step."""


class Line:
    """The trainings that are going on, and after them those that wait."""

    def __init__(self) -> None:
        self._line: list[Training] = []
        self.closed = ""  # why no more may begin
        self._lock = threading.Lock()
        self._left = threading.Condition(self._lock)
        self._expecting = False  # somebody waits for an end

    @property
    def running(self) -> int:
        """How many are going on."""
        return min(AT_ONCE, len(self._line))

    @property
    def waiting(self) -> int:
        """How many wait."""
        return max(0, len(self._line) - AT_ONCE)

    def enter(self, training: Training) -> None:
        """Takes a place, to be given back by `leave`. Raises ValueError where there is none for its visitor.

        A training that was just cancelled has a few seconds to end; one at a time may wait for that.
        """
        visitor = training.visitor
        with self._left:
            if self._own(visitor) is not None and not self._expecting:
                self._expecting = True
                self._left.wait_for(lambda: self._own(visitor) is None, ENDING_SECONDS)
                self._expecting = False
            if self.closed:
                raise ValueError(self.closed)
            own = self._own(visitor)
            if own is not None:
                left = f", {duration(own.seconds_left)} left" if own.seconds_left is not None else ""
                raise ValueError(f"you have a training already{left}: stop it, or wait for its end")
            theirs = sum(other.visitor.address == visitor.address for other in self._line if visitor.address)
            if theirs >= AN_ADDRESS:
                raise ValueError(f"{AN_ADDRESS} trainings run or wait from your address already; wait for one to end")
            if len(self._line) >= IN_ALL:
                wait = self._seconds(len(self._line))
                raise ValueError(f"{IN_ALL} trainings are running or waiting already; try again in about {wait}")
            self._line.append(training)

    def _own(self, visitor: Visitor) -> Training | None:
        """The training that a visitor has already."""
        return next((other for other in self._line if visitor.owner and other.visitor.owner == visitor.owner), None)

    def leave(self, training: Training) -> None:
        """Gives its place back."""
        with self._lock:
            self._line.remove(training)
            self._left.notify_all()

    def wait(self, seconds: float) -> None:
        """Until nobody trains or waits, or for so long."""
        with self._left:
            self._left.wait_for(lambda: not self._line, seconds)

    def place(self, training: Training) -> str | None:
        """What is before a training that waits, and for how long; None once its turn has come."""
        with self._lock:
            before = self._line.index(training)
            if before < AT_ONCE:
                return None
            return f"waiting: number {before - AT_ONCE + 1} in line, about {self._seconds(before)}"

    def _seconds(self, before: int) -> str:
        """How long until that many trainings have made room for the next, by what those that run have left."""
        known = [it.seconds_left for it in self._line[:AT_ONCE] if it.seconds_left is not None]
        first = min(known, default=60.0)
        return duration(first + (before - AT_ONCE) / AT_ONCE * max([*known, 60.0]))

    def close(self, reason: str) -> None:
        """Ends all, and lets none begin any more."""
        with self._lock:
            self.closed = reason
            for training in self._line:
                training.stop()
