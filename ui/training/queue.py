"""All trainings: who may train and when, what to expect of it, and those that can be watched."""

from __future__ import annotations

import contextvars
import math
import threading
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, closing
from functools import lru_cache, partial
from typing import Any

from PIL import Image

from darkroom.checks import check_whole
from singan import TrainConfig, predict_seconds, train
from singan.checkpoint import Checkpoint
from singan.concerns import warnings
from singan.config import MAX_PRINT_PIXELS, from_preset
from singan.enlarge import DRAFT, Enlarger, Layout
from singan.image import open_picture
from singan.uses.start import PLACES
from ui.device import Device, Turn
from ui.reports import duration
from ui.scenes.store import SceneStore, TrainingInput
from ui.training import zero
from ui.training.training import Records, SceneTraining, Trainer, View
from ui.visitors import Visitor
from ui.wiring import Newest

PRESETS = ("layout", "fast", "standard", "paper")
EXPECTED_FROM = 1600  # px: a reduced picture tells as much of how training it will go
FIRST_PRINT = 2_000_000  # px of the print that is shown during a training
DECODED = 2  # pictures in memory, of up to 75 MB each: expectation, print and training read the same one
RESTART = "the app is being restarted"
UNKNOWN_SECONDS = 60.0  # A training that does not know yet how long it takes counts as this.


class TrainingQueue:
    """Trains one picture a visitor, few at once, the others in the order in which they came.

    trainer: gives the records of a training, by default on this device, a step at a time in turn with others, or on
    ZeroGPU, which has its own queue.
    """

    def __init__(self, store: SceneStore, device: Device, trainer: Trainer | None = None) -> None:
        self.store, self.device, self.limits = store, device, store.limits
        self._trainer = trainer or (zero.train_in_calls if zero.ON_ZERO_GPU else self.train_here)
        # On a CPU one step of the published method lasts minutes: nobody else would have a turn.
        self.presets = [name for name in PRESETS if name != "paper" or store.device.type != "cpu" or zero.ON_ZERO_GPU]
        self._open = lru_cache(maxsize=DECODED)(open_picture)
        self._trainings: dict[str, SceneTraining] = {}  # oldest first; those that are not over are the line
        self._changed = threading.Condition()
        self._somebody_waits = self._closed = False
        self._watched = Newest()

    def train_here(self, file: str, config: TrainConfig, checkpoint: Checkpoint | None) -> Records:
        """Yield the records of a training on this device."""
        with closing(train(self._open(file), config, self.store.device, checkpoint)) as records:
            yield from self.device.stream(Turn.TRAINING, records)

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
        picture, image, device = self._open(file), self._reduced(file), self.store.device
        if zero.ON_ZERO_GPU:
            seconds, where = zero.BUDGET.estimate(picture.size, config), "ZeroGPU"
        else:
            seconds = self.device.run(Turn.TRAINING, lambda: predict_seconds(image, config, device))
            where = device.type.upper()
        megapixels = min(math.prod(picture.size), MAX_PRINT_PIXELS) / 1e6
        prints = f" Prints will have up to {megapixels:.1f} megapixels." if megapixels > 0.1 else ""
        yield (expected := f"About **{duration(seconds)}** on this device ({where}).{prints}")
        yield "\n\n".join([expected, *(f"**{said[0].upper()}{said[1:]}.**" for said in self.warnings(file))])

    def warnings(self, file: str) -> list[str]:
        """Return why the method may fail on a picture, a sentence each. Raises PictureError."""
        image = self._reduced(file)
        return self.device.run(Turn.TRAINING, lambda: warnings(image, "train"))

    def _reduced(self, file: str) -> Image.Image:
        image = self._open(file).copy()
        image.thumbnail((EXPECTED_FROM, EXPECTED_FROM))
        return image

    def stages(self, scene: str) -> list[Image.Image]:
        """Return a sample at every finished scale of a scene."""
        return self.device.run(Turn.PICTURE, self.store.get(scene).stages)

    def first_print(self, file: str) -> Iterator[Image.Image]:
        """Yield what the photograph's patches alone make of it: a draft as it grows, then the print.

        Raises PictureError.
        """
        picture = self._open(file)
        share = min(1.0, math.sqrt(FIRST_PRINT / math.prod(picture.size)))
        size = round(picture.width * share), round(picture.height * share)
        reduced = picture if share == 1 else picture.resize(size, Image.Resampling.LANCZOS)
        for stage in self.device.stream(Turn.PICTURE, Enlarger(reduced, size).stages(Layout(place=PLACES[0]))):
            if stage.picture and math.prod(stage.picture.size) >= min(DRAFT, math.prod(size)):
                yield stage.picture

    def train(
        self, visitor: Visitor, file: str | None, asked: Mapping[str, Any], printed: bool = False
    ) -> SceneTraining:
        """Start a training of a picture, which goes on by itself; or find what there is of the same already.

        asked: arguments of `config`. printed: whether a print is made meanwhile. Raises ValueError.
        """
        config = self.config(**asked)
        if not file:
            raise ValueError("there is no picture yet: upload one first")

        def begin() -> TrainingInput:  # on the device, as it resizes
            picture = self._open(file)
            return self.device.run(Turn.TRAINING, lambda: self.store.begin(visitor, file, picture, config))

        training = self._started(SceneTraining(visitor, begin, self._trainer, self.store, self.stages, file, asked))
        if printed:
            threading.Thread(target=training.show_print, args=[self.first_print(file)], daemon=True).start()
        return training

    def resume(self, visitor: Visitor, scene: str) -> SceneTraining:
        """Resume a stopped training. Raises ValueError where there is no place for its visitor."""
        begin = partial(self.store.resume, scene)
        return self._started(SceneTraining(visitor, begin, self._trainer, self.store, self.stages))

    def get(self, name: str) -> SceneTraining:
        """Return the training of this name. Raises ValueError where there is none."""
        if training := self._trainings.get(name):
            return training
        raise ValueError("there is no such training (any more)")

    def of(self, visitor: Visitor) -> SceneTraining | None:
        """Return a visitor's training that goes on or waits."""
        key = visitor.rate_limit_key
        return next((it for it in self._line() if key and it.visitor.rate_limit_key == key), None)

    async def watch(self, name: str, page: str) -> AsyncGenerator[View, None]:
        """Yield how a training is seen on a page, given by its session, until that page watches another."""
        with self._watched.newest(page) as still_newest:
            async with aclosing(self.get(name).watch()) as views:
                async for view in views:
                    if not still_newest():
                        return
                    yield view

    def close(self) -> None:
        """Stop all trainings, let none begin, and wait until finished scales are kept."""
        with self._changed:
            self._closed = True
            for training in self._line():
                training.stop(RESTART, ", and found there again once it is back.")
            self._changed.wait_for(lambda: not self._line(), self.limits.ending_seconds)

    def _run(self, training: SceneTraining) -> None:
        training.run(partial(self._place, training))
        with self._changed:
            training.over = True
            self._changed.notify_all()

    @property
    def running(self) -> int:
        """How many trainings go on."""
        return min(self.limits.trainings_at_once, len(self._line()))

    @property
    def waiting(self) -> int:
        """How many trainings wait."""
        return len(self._line()) - self.running

    def _line(self) -> list[SceneTraining]:
        with self._changed:
            return [it for it in self._trainings.values() if not it.over]

    def _started(self, training: SceneTraining) -> SceneTraining:
        """Put a training at the end of the line, and let it go on. Raises ValueError where its visitor has no place.

        A training that was just stopped has a few seconds to end; one visitor at a time may wait for that.
        """
        limits, visitor = self.limits, training.visitor
        with self._changed:
            if self.of(visitor) and not self._somebody_waits:
                self._somebody_waits = True
                self._changed.wait_for(lambda: self.of(visitor) is None, limits.ending_seconds)
                self._somebody_waits = False
            if self._closed:
                raise ValueError(f"{RESTART}: try again in a minute")
            if own := self.of(visitor):
                left = f", {duration(own.seconds_left)} left" if own.seconds_left is not None else ""
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
        threading.Thread(target=run, args=[self._run, training], name="training", daemon=True).start()
        return training

    def _place(self, training: SceneTraining) -> str:
        """Return what is before a training that waits, and for how long; nothing once its turn has come."""
        before, at_once = self._line().index(training), self.limits.trainings_at_once
        words = f"waiting: number {before - at_once + 1} in line, about {self._seconds(before)}"
        return words if before >= at_once else ""

    def _seconds(self, before: int) -> str:
        """Return how long until that many trainings have made room, by what those that run have left."""
        at_once = self.limits.trainings_at_once
        known = [it.seconds_left for it in self._line()[:at_once] if it.seconds_left is not None]
        first = min(known, default=UNKNOWN_SECONDS)
        return duration(first + (before - at_once) / at_once * max([*known, UNKNOWN_SECONDS]))
