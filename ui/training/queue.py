"""Trainings of scenes: who may train and when, what to expect of it, how one goes on, and how it is watched.

Each has a thread of its own: reloading the page ends its events, a training only where nobody watches it for a while.
"""

import asyncio
import contextvars
import secrets
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pandas as pd
from PIL import Image

from darkroom.checks import check_whole
from darkroom.pictures import remark
from singan import PRESETS, Progress, TrainConfig, predict_seconds, train
from singan.checkpoint import Checkpoint
from singan.concerns import warnings
from singan.config import from_preset
from singan.image import open_picture
from ui.device import Device, Turn
from ui.errors import described, log, trace_of
from ui.html import strip
from ui.reports import Estimate, Report, duration, time_left
from ui.scenes.store import SceneStore, TrainingInput
from ui.training import zero
from ui.visitors import Visitor, display_name
from ui.wiring import Newest

LINE_SECONDS = 1.0  # between two looks at the line of a training that waits
LOOK_SECONDS = 0.3  # between two looks of a watcher
REPEAT_SECONDS = 2.0  # after which a watcher is told the same again, by which it is noticed that the watcher has left
UNKNOWN_SECONDS = 60.0  # A training that does not know yet how long it takes counts as this.
POINTS_A_SCALE = 30  # of a curve: more make the page slow
REDUCED_SIZE = (1600, 1600)  # px: a picture so large tells as much of how training it will go
RESTART = "the app is being restarted"

Records = Generator[Progress, None, None]
Trainer = Callable[[str, TrainConfig, Checkpoint | None], Records]


@dataclass(frozen=True)
class View:
    """A training as watchers see it.

    scene: name of the scene that came of it, at its end. record: the last one as plain values, for scripts. preview:
    the last sample and reconstruction; with each come a strip, HTML of the pyramid so far, and losses, rows for a plot.
    """

    report: Report
    scene: str | None = None
    record: dict[str, Any] | None = None
    strip: str = ""
    losses: pd.DataFrame | None = None
    preview: tuple[Image.Image, Image.Image] | None = None


@dataclass(eq=False)
class SceneTraining:
    """Train for a visitor, from a place in the line to the end. Finished scales are in the store at once.

    begin: called once its turn has come. file, asked: the uploaded picture and the endpoint's other arguments; None and
    nothing where a scene is resumed. error, then over: set after the last view.
    """

    queue: "TrainingQueue"
    visitor: Visitor
    begin: Callable[[], TrainingInput]
    file: str | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name, self.view = secrets.token_hex(8), View(Report("Reading the picture", 0))
        self.seconds_left: float | None = None  # known from a few seconds of training on
        self.error: Exception | None = None
        self.over = False
        self.watchers, self.unwatched_since = 0, time.monotonic()
        self.stopped, self._reason = threading.Event(), ""
        self._samples: dict[int, Image.Image] = {}  # by scale
        self._losses: dict[int, Mapping[str, float]] = {}  # by the point of a curve

    def stop(self, reason: str = "") -> None:
        """End after the current step, or while waiting; finished scales are kept. reason: where no visitor asked."""
        if not self.stopped.is_set():
            self._reason = reason
        self.stopped.set()

    def show(self, **changes: Any) -> None:
        self.view = replace(self.view, **changes)

    def run(self) -> None:
        """Wait in line, then train. Errors go to those who watch."""
        try:
            while not (ending := self._ending()) and (words := self.queue.place(self)):
                self.show(report=Report(words, 0))
                self.stopped.wait(LINE_SECONDS)
            self.show(report=Report("Stopped while waiting" if ending else "Reading the picture", 0))
            if not ending:
                given = self.begin()
                try:
                    self._train(given)
                finally:
                    self.queue.store.end(given.scene)
        except Exception as error:
            self.error = error
        self._samples.clear()
        self.over = True

    def _ending(self) -> bool:
        """Return whether to end, asked or because nobody has watched for a while."""
        limit = self.queue.limits.unwatched_seconds
        if not self.watchers and time.monotonic() - self.unwatched_since > limit:
            self.stop(f"nobody watched it for {duration(limit)}")
        return self.stopped.is_set()

    def _train(self, given: TrainingInput) -> None:
        scene, kept, last, failure = given.scene, given.checkpoint, None, ""
        if kept and kept.scene.finished_as(given.config):
            self.show(report=Report(f"Already trained: {display_name(scene)}"), scene=scene, record={"scene": scene})
            return
        if kept:
            self._samples = dict(enumerate(self.queue.stages(scene)))
        try:
            with closing(self.queue.trainer(given.picture, given.config, kept)) as records:
                estimate = Estimate()
                for last in records:
                    self.seconds_left = estimate.take(last.seconds_left)
                    if last.checkpoint and (kept is None or last.checkpoint.scene.scales > kept.scene.scales):
                        self.queue.store.keep(scene, last.checkpoint)
                        kept = last.checkpoint
                    self._show_record(last, scene)
                    if self._ending():
                        break
        except Exception as error:
            if last is None or kept is None:
                raise
            log.error("training failed: %s", trace_of(error))
            failure = described(error, own=True)[1]
        if last is None or kept is None:
            self.show(report=Report("Stopped before the first scale was finished: nothing is kept, Train it again", 0))
        else:
            last = replace(last, checkpoint=kept)
            report = self._end(last, kept.scene.scales, display_name(scene), failure)
            self.show(report=report, scene=scene, record=_plain(last, scene))

    def _end(self, last: Progress, kept: int, scene: str, failure: str) -> Report:
        """Report a training of which so many scales are kept."""
        life = duration(self.queue.limits.scene_seconds)
        lives = f"It lives here for {life} after its last use; download it to keep it."
        if last.finished:
            return Report(f"Trained in {duration(last.seconds)}: {scene}. {lives}")
        scales = f"{kept} of {last.scales} scales are kept as {scene}"
        ending = f"Failed: {failure}; " if failure else f"Stopped{self._reason and f', as {self._reason}'}: "
        return Report(f"{ending}{scales}; Resume goes on with it. {lives}", kept / last.scales)

    def _show_record(self, record: Progress, scene: str) -> None:
        text, share = f"scale {record.scale + 1} of {record.scales}{time_left(self.seconds_left)}", 0.0
        if self.seconds_left is not None:
            share = record.seconds / max(1e-9, record.seconds + self.seconds_left)
        report = Report(text, share)
        self._losses[int(POINTS_A_SCALE * (record.scale + record.iteration / record.iterations))] = record.losses
        self.show(report=report, record=_plain(record, scene))
        if preview := record.preview:
            self._samples[record.scale] = preview.sample
            samples = [picture for _, picture in sorted(self._samples.items())]
            rows = [
                {"scales": point / POINTS_A_SCALE, "loss": value, "of": name.capitalize()}
                for point, losses in self._losses.items()
                for name, value in losses.items()
            ]
            pyramid, pictures = strip(samples, record.scale, record.scales), (preview.sample, preview.reconstruction)
            self.show(strip=pyramid, losses=pd.DataFrame(rows), preview=pictures)


class TrainingQueue:
    """Train one picture a visitor, few at once, the others in the order in which they came.

    trainer: gives the records of a training, by default on this device, in turn with others, or on ZeroGPU.
    """

    def __init__(self, store: SceneStore, device: Device, trainer: Trainer | None = None) -> None:
        self.store, self.device, self.limits = store, device, store.limits
        self.trainer = trainer or (zero.train_in_calls if zero.ON_ZERO_GPU else self._train_here)
        # On a CPU one step of the published method lasts minutes: nobody else would have a turn.
        self.presets = [name for name in PRESETS if name != "paper" or store.device.type != "cpu" or zero.ON_ZERO_GPU]
        self._trainings: dict[str, SceneTraining] = {}  # oldest first; those that are not over are the line
        self._lock, self._closed = threading.Lock(), False
        self._watched = Newest()

    def config(self, preset: str, seed: int | None, max_size: int | None, iterations: int | None) -> TrainConfig:
        """Return the configuration that a visitor asks for. Raises ValueError where the app does not allow it."""
        if preset not in self.presets:
            raise ValueError(f"preset is {preset!r}; allowed on this device are {', '.join(self.presets)}")
        if iterations is not None:
            check_whole("iterations", iterations, 1, self.limits.iterations)
        if seed is None:
            raise ValueError("seed is empty; a whole number is needed")
        return from_preset(preset, seed=seed, max_size=max_size, iterations=iterations)

    def expect(self, file: str, config: TrainConfig) -> Iterator[str]:
        """Yield Markdown: how long a training takes here, then also why the method may fail on this picture."""
        image, device = open_picture(file), self.store.device
        image.thumbnail(REDUCED_SIZE)
        if zero.ON_ZERO_GPU:
            seconds, where = zero.BUDGET.estimate(image.size, config), "ZeroGPU"
        else:
            seconds = self.device.run(Turn.TRAINING, lambda: predict_seconds(image, config, device))
            where = device.type.upper()
            beside = min(self.running, self.limits.trainings_at_once - 1)  # All take turns on the device.
            seconds *= 1 + beside
            where += ", beside another training" if beside else ""
        yield (expected := f"About **{duration(seconds)}** on this device ({where}).")
        yield "\n\n".join([expected, *(f"**{said[0].upper()}{said[1:]}.**" for said in self.warnings(image))])

    def warnings(self, file: str | Image.Image) -> list[str]:
        """Return how a picture was read and why the method may fail on it, a sentence each. Raises PictureError."""
        image = open_picture(file)
        image.thumbnail(REDUCED_SIZE)
        return [*filter(None, [remark(image)]), *self.device.run(Turn.TRAINING, lambda: warnings(image, "train"))]

    def stages(self, scene: str) -> list[Image.Image]:
        return self.device.run(Turn.PICTURE, self.store.get(scene).stages)

    def train(self, visitor: Visitor, file: str | None, asked: Mapping[str, Any]) -> SceneTraining:
        """Start a training of a picture, which goes on by itself; or find what there is of the same already.

        asked: arguments of `config`. Raises ValueError.
        """
        config = self.config(**asked)
        if not file:
            raise ValueError("there is no picture yet: upload one first")

        def begin() -> TrainingInput:
            picture = open_picture(file)  # before it has the device, for which others wait
            return self.device.run(Turn.TRAINING, lambda: self.store.begin(visitor, file, picture, config))

        return self._started(SceneTraining(self, visitor, begin, file, asked))

    def resume(self, visitor: Visitor, scene: str) -> SceneTraining:
        """Resume a stopped training. Raises ValueError where there is no place for its visitor."""
        return self._started(SceneTraining(self, visitor, partial(self.store.resume, scene)))

    def get(self, name: str) -> SceneTraining:
        """Return the training of this name. Raises ValueError where there is none."""
        if training := self._trainings.get(name):
            return training
        raise ValueError("there is no such training (any more)")

    def of(self, visitor: Visitor) -> SceneTraining | None:
        """Return a visitor's training that goes on or waits; one that was stopped, which is about to end, is none."""
        key = visitor.rate_limit_key
        own = (it for it in self._line() if key and it.visitor.rate_limit_key == key and not it.stopped.is_set())
        return next(own, None)

    async def watch(self, name: str, page: str = "") -> AsyncGenerator[View, None]:
        """Yield how a training is seen now, then as it changes, to its end; raise what ended it.

        page: session of a page, which watches one at a time: the stream ends where it begins to watch another.
        """
        training, seen, told = self.get(name), None, 0.0
        training.watchers += 1
        try:
            is_newest = self._watched.begin(page or name)
            while is_newest():
                over = training.over  # read before the view, which changes no more after it
                if training.view is not seen or (not over and time.monotonic() - told > REPEAT_SECONDS):
                    seen, told = training.view, time.monotonic()
                    yield seen
                elif not over:
                    await asyncio.sleep(LOOK_SECONDS)
                elif training.error:
                    raise training.error
                else:
                    return
        finally:
            training.watchers -= 1
            training.unwatched_since = time.monotonic()

    def place(self, training: SceneTraining) -> str:
        """Return what is before a training that waits, and for how long; nothing once its turn has come."""
        line, at_once, key = self._line(), self.limits.trainings_at_once, training.visitor.rate_limit_key
        before = line.index(training)
        if any(key and it.visitor.rate_limit_key == key for it in line[:before]):
            return "waiting: your last training ends"  # It holds the scene that this one may go on with.
        if before < at_once:
            return ""
        return f"waiting: number {before - at_once + 1} in line, about {self._seconds(before)}"

    @property
    def running(self) -> int:
        return min(self.limits.trainings_at_once, len(self._line()))

    @property
    def waiting(self) -> int:
        return len(self._line()) - self.running

    def close(self) -> None:
        """Stop all trainings, let none begin, and wait until finished scales are kept."""
        with self._lock:
            self._closed = True
        for training in self._line():
            training.stop(RESTART)
        end = time.monotonic() + self.limits.ending_seconds
        while self._line() and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)

    def _line(self) -> list[SceneTraining]:
        return [it for it in list(self._trainings.values()) if not it.over]

    def _started(self, training: SceneTraining) -> SceneTraining:
        """Put a training at the end of the line, and let it go on. Raises ValueError where its visitor has no place."""
        limits, visitor = self.limits, training.visitor
        with self._lock:
            if self._closed:
                raise ValueError(f"{RESTART}: try again in a minute")
            if own := self.of(visitor):
                left = time_left(own.seconds_left)
                raise ValueError(f"you have a training already{left}: stop it, or wait for its end")
            line, most = self._line(), limits.trainings_an_address
            if visitor.address and sum(other.visitor.address == visitor.address for other in line) >= most:
                raise ValueError(f"{most} trainings run or wait from your address already; wait for one to end")
            if len(line) >= limits.trainings_in_all:
                wait = self._seconds(len(line))
                raise ValueError(f"{len(line)} trainings are running or waiting already; try again in about {wait}")
            self._trainings[training.name] = training
            over = [name for name, it in self._trainings.items() if it.over]
            for name in over[: max(0, len(self._trainings) - limits.known_trainings)]:
                del self._trainings[name]
        run = contextvars.copy_context().run  # ZeroGPU asks in it whose time it is.
        threading.Thread(target=run, args=[training.run], name="training", daemon=True).start()
        return training

    def _train_here(self, file: str, config: TrainConfig, checkpoint: Checkpoint | None) -> Records:
        with closing(train(open_picture(file), config, self.store.device, checkpoint)) as records:
            yield from self.device.stream(Turn.TRAINING, records)

    def _seconds(self, before: int) -> str:
        """Return how long until that many trainings have made room, by what those that run have left."""
        at_once = self.limits.trainings_at_once
        left = [it.seconds_left or UNKNOWN_SECONDS for it in self._line()[:at_once]]
        return duration(min(left) + max(left) * (before - at_once) / at_once)


def _plain(record: Progress, scene: str) -> dict[str, Any]:
    return {
        "scene": scene if record.scene else None,
        "scale": record.scale + 1,
        "scales": record.scales,
        "iteration": record.iteration,
        "iterations": record.iterations,
        "losses": record.losses,
        "seconds": round(record.seconds, 2),
        "seconds_left": round(record.seconds_left, 2),
        "finished_scales": record.scene.scales if record.scene else 0,
    }
