"""One visitor's training, from its place in line to its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from PIL import Image

from darkroom.device import out_of_memory
from darkroom.files import why
from singan import Progress, TrainConfig, TrainingError
from singan.checkpoint import Checkpoint
from ui.reports import REPORT_SECONDS, Report, duration
from ui.scenes.line import Line
from ui.scenes.store import LIFETIME_SECONDS, SceneStore, called
from ui.visitors import Visitor

WAIT_SECONDS = 1.0  # between two looks of one that waits for his turn

Source = str | Image.Image  # a picture; a file where another process opens it
Records = Generator[Progress, None, None]
Trainer = Callable[[Source, TrainConfig, Checkpoint | None], Records]


@dataclass(frozen=True)
class Begun:
    """What is trained: the scene's name, busy in the store; a picture, its configuration, and what there is already."""

    name: str
    picture: Source
    config: TrainConfig
    checkpoint: Checkpoint | None


@dataclass(frozen=True)
class State:
    """Where a training stands. name: of its scene, once it has begun; progress: the last record; ended: whether the
    scene is all that comes of it."""

    report: Report
    name: str | None = None
    progress: Progress | None = None
    ended: bool = False

    def plain(self) -> dict[str, Any] | None:
        """The record as plain values, for scripts."""
        record = self.progress
        if record is None:
            return {"scene": self.name} if self.ended else None
        return {
            "scene": self.name if record.scene else None,
            "scale": record.scale + 1,
            "scales": record.scales,
            "iteration": record.iteration,
            "iterations": record.iterations,
            "losses": record.losses,
            "seconds": round(record.seconds, 2),
            "seconds_left": round(record.seconds_left, 2),
            "finished_scales": record.scene.scales if record.scene else 0,
        }


class TrainingSession:
    """A training, to be iterated over once, for its states; who stops iterating ends it. It stands in the line itself.

    visitor: who reads it. begin: called when its turn has come; trainer: gives the records. seconds_left: once that is
    known. Finished scales are in the store at once, whatever happens.
    """

    def __init__(
        self, visitor: Visitor, line: Line, store: SceneStore, begin: Callable[[], Begun], trainer: Trainer
    ) -> None:
        self.visitor, self._line, self._store = visitor, line, store
        self._begin, self._trainer = begin, trainer
        self.seconds_left: float | None = None
        self._stopped, self._ended = threading.Event(), False
        self._why = ""  # it was stopped

    def stop(self, why: str = "") -> None:
        """Ends it after its current step, or while it waits; finished scales are kept. why: of whoever it was not."""
        self._why = why
        self._stopped.set()

    @property
    def ended(self) -> bool:
        """Whether it is over, whatever ended it."""
        return self._ended

    def __iter__(self) -> Generator[State, None, None]:
        try:
            self._line.enter(self)
            try:
                yield from self._states()
            finally:
                self._line.leave(self)
        finally:
            self._ended = True

    def _states(self) -> Iterator[State]:
        while (words := self._line.place(self)) and not self._stopped.wait(WAIT_SECONDS):
            yield State(Report(words, 0))
        if self._stopped.is_set():
            yield State(Report("Stopped while waiting", 0))
            return
        yield State(Report("Reading the picture", 0))
        begun = self._begin()
        try:
            yield from self._train(begun)
        finally:
            self._store.end(begun.name)

    def _train(self, begun: Begun) -> Iterator[State]:
        if begun.checkpoint and begun.checkpoint.scene.finished_as(begun.config):
            yield State(Report(f"Already trained: {called(begun.name)}"), begun.name, ended=True)
            return
        last, failure = None, ""
        try:
            for last in self._records(begun):
                yield State(_progress(last), begun.name, last)
        except (TrainingError, OSError, RuntimeError, MemoryError) as error:
            if last is None or last.scene is None:
                raise
            failure = _why_failed(error)
        if last is None or last.scene is None:
            yield State(Report("Stopped before the first scale was finished", 0))
            return
        yield State(self._end(last, begun.name, failure), begun.name, last, ended=True)

    def _records(self, begun: Begun) -> Iterator[Progress]:
        """Records worth a message, until somebody stops the training."""
        told, kept = 0.0, begun.checkpoint
        with closing(self._trainer(begun.picture, begun.config, begun.checkpoint)) as records:
            for record in records:
                self.seconds_left = record.seconds_left
                if record.checkpoint is not None and record.checkpoint is not kept:
                    kept = record.checkpoint
                    self._store.keep(begun.name, kept)
                stopped = self._stopped.is_set()
                if stopped or record.preview or time.monotonic() - told > REPORT_SECONDS:
                    told = time.monotonic()
                    yield record
                if stopped:
                    return

    def _end(self, last: Progress, name: str, failure: str) -> Report:
        assert last.scene is not None
        lives = f"It lives here for {duration(LIFETIME_SECONDS)} after its last use; download it to keep it."
        if last.finished:
            return Report(f"Trained in {duration(last.seconds)}: {called(name)}. {lives}")
        kept = f"{last.scene.scales} of {last.scales} scales are kept as {called(name)}"
        stopped = f"Stopped, as {self._why}" if self._why else "Stopped"
        text = f"Failed: {failure}; {kept}." if failure else f"{stopped}: {kept}; Resume goes on with it. {lives}"
        if self._line.closed:
            text = f"Stopped, as the app is being restarted: {kept}, and found there again once it is back."
        return Report(text, last.scene.scales / last.scales)


def _progress(record: Progress) -> Report:
    text = f"scale {record.scale + 1} of {record.scales}, {duration(record.seconds_left)} left"
    return Report(text, record.seconds / max(1e-9, record.seconds + record.seconds_left))


def _why_failed(error: Exception) -> str:
    """Why a training failed, in words."""
    if isinstance(error, TrainingError):
        return str(error)
    if isinstance(error, OSError):
        return why(error)
    return "not enough memory; a smaller size fits" if out_of_memory(error) else f"{type(error).__name__} in a step"
