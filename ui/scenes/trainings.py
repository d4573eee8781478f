"""What visitors may train, what to expect of it, and the sessions that do."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.checks import check_whole
from singan import TrainConfig, predict_seconds, train
from singan.checkpoint import Checkpoint
from singan.concerns import warnings
from singan.config import MAX_PRINT_PIXELS, from_preset
from singan.enlarge import DRAFT, Enlarger, Layout
from singan.image import open_picture
from singan.uses.start import PLACES
from ui import zero
from ui.device import Device, Turn
from ui.reports import duration
from ui.scenes.job import Asked, Job, Jobs
from ui.scenes.line import IN_ALL, Line
from ui.scenes.session import Begun, Records, Source, Trainer, TrainingSession
from ui.scenes.store import SceneStore
from ui.visitors import Visitor

MAX_ITERATIONS = 2000
PRESETS = ("layout", "fast", "standard", "paper")
EXPECTED_FROM = 1600  # px: a reduced picture tells as much of how training it will go
CLOSE_SECONDS = 3.0  # that trainings have for their current step when the app ends
RESTART = "the app is being restarted: try again in a minute"
FIRST_PRINT = 2_000_000  # px, of what is shown while a training runs
DECODED = 2  # pictures in memory, of up to 75 MB each


class Trainings:
    """Trains visitors' pictures. trainer: gives the records of a training, by default on this device, a step at a time
    in turn with others, or on ZeroGPU, which has its own queue."""

    def __init__(self, store: SceneStore, device: Device, trainer: Trainer | None = None) -> None:
        self.store, self.device, self.line, self._uploads = store, device, Line(), Uploads()
        self.jobs = Jobs(self.stages)
        self._prints: dict[str, Image.Image] = {}  # the last few, by the files of their pictures
        self._trainer = trainer or (zero.train_in_calls if zero.ON_ZERO_GPU else self.train_here)
        # On a CPU one step of the published method lasts minutes: nobody else would have a turn.
        self.presets = [name for name in PRESETS if name != "paper" or store.device.type != "cpu" or zero.ON_ZERO_GPU]

    def train_here(self, picture: Source, config: TrainConfig, checkpoint: Checkpoint | None) -> Records:
        """The records of a training on this device."""
        with closing(train(picture, config, self.store.device, checkpoint)) as records:
            yield from self.device.stream(Turn.TRAINING, records)

    def config(self, preset: str, seed: int | None, max_size: int | None, iterations: int | None) -> TrainConfig:
        """The configuration that a visitor asks for, within what the app allows. Raises ValueError."""
        if preset not in self.presets:
            raise ValueError(f"preset is {preset!r}; allowed on this device are {', '.join(self.presets)}")
        if iterations is not None:
            check_whole("iterations", iterations, 1, MAX_ITERATIONS)
        if seed is None:
            raise ValueError("seed is empty; a whole number is needed")
        return from_preset(preset, seed=seed, max_size=max_size, iterations=iterations)

    def expect(self, file: str, config: TrainConfig) -> Iterator[str]:
        """Markdown before a training: how long it takes here, then why the method may fail on this picture."""
        picture = self._uploads.open(file)
        width, height = picture.size
        image = picture.copy()
        image.thumbnail((EXPECTED_FROM, EXPECTED_FROM))
        if zero.ON_ZERO_GPU:
            seconds, where = zero.estimate(file, config), "ZeroGPU"
        else:
            seconds = self.device.run(Turn.TRAINING, lambda: predict_seconds(image, config, self.store.device))
            where = self.store.device.type.upper()
        megapixels = min(width * height, MAX_PRINT_PIXELS) / 1e6
        prints = f" Prints will have up to {megapixels:.1f} megapixels." if megapixels > 0.1 else ""
        lines = [f"About **{duration(seconds)}** on this device ({where}).{prints}"]
        yield lines[0]
        yield "\n\n".join([*lines, *(f"**{said[0].upper()}{said[1:]}.**" for said in self._warnings(file))])

    def _warnings(self, file: str) -> list[str]:
        """Why the method may fail on the picture in a file. Raises PictureError."""
        image = self._uploads.open(file).copy()
        image.thumbnail((EXPECTED_FROM, EXPECTED_FROM))
        return self.device.run(Turn.TRAINING, lambda: warnings(image, "train"))

    def train_scene(
        self,
        picture: str,
        preset: str = "fast",
        seed: int = 0,
        max_size: int | None = None,
        iterations: int | None = None,
        request: gr.Request | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """Train a SinGAN on one picture, in about a minute on a CPU; streams records, ends with the scene's name.

        The last record says why the method may fail on this picture, if it may.

        Args:
            picture: a picture of at least 32 px a side, at most 100 megapixels and at most 8 times longer than wide.
            preset: "layout" (for prints), "fast" (128 px), "standard" (250 px) or, on a GPU, "paper" (as published).
            seed: of every random draw; the same seed gives the same scene.
            max_size: longer side of the trained picture in px, 32 to 1024; by default the preset's.
            iterations: most steps a fine scale, 1 to 2000 (coarse: 2.8 times, but for "paper"). Default: the preset's.
        """
        config = self.config(preset, seed, max_size, iterations)
        pictures: tuple[Image.Image | None, ...] = (None, None)
        note = "; ".join(self._warnings(uploaded(picture))) or None
        for state in self.begin(Visitor.of(request), picture, config):
            if state.progress and state.progress.preview:
                pictures = (state.progress.preview.sample, state.progress.preview.reconstruction)
            report = state.report.noted(note if state.ended else None)
            yield report.text, *pictures, state.plain(), state.name if state.ended else None

    def first_print(self, file: str | None) -> Iterator[Image.Image]:
        """What the photograph's patches alone make of it, while it is trained on: a draft as it grows, then the print.
        Raises PictureError."""
        file = uploaded(file)
        if file in self._prints:
            yield self._prints[file]
            return
        picture = self._uploads.open(file)
        share = min(1.0, math.sqrt(FIRST_PRINT / (picture.width * picture.height)))
        size = round(picture.width * share), round(picture.height * share)
        reduced = picture if share == 1 else picture.resize(size, Image.Resampling.LANCZOS)
        stages = Enlarger(reduced).stages(*size, Layout(place=PLACES[0]))
        for stage in self.device.stream(Turn.PICTURE, stages):
            if stage.picture and stage.picture.width * stage.picture.height >= min(DRAFT, math.prod(size)):
                yield stage.picture
            if stage.picture and stage.share == 1:
                self._prints[file] = stage.picture
                for older in list(self._prints)[:-IN_ALL]:
                    self._prints.pop(older, None)

    def stages(self, scene: str) -> list[Image.Image]:
        """A sample at every finished scale of a scene."""
        return self.device.run(Turn.PICTURE, self.store.get(scene).stages)

    def train(self, visitor: Visitor, file: str | None, asked: Asked) -> Job:
        """A training of the picture in a file that goes on by itself. Raises ValueError."""
        return self.jobs.start(self.begin(visitor, file, self.config(**asked)), file, asked)

    def train_on(self, visitor: Visitor, scene: str) -> Job:
        """The same of a scene whose training was stopped."""
        return self.jobs.start(self.resume(visitor, scene))

    def begin(self, visitor: Visitor, file: str | None, config: TrainConfig) -> TrainingSession:
        """A training of the picture in a file, or what there is of the same already. Raises ValueError."""
        return self._session(visitor, partial(self._begun, visitor, uploaded(file), config))

    def _begun(self, visitor: Visitor, file: str, config: TrainConfig) -> Begun:
        picture = self._uploads.take(file)
        begin = partial(self.store.begin, visitor, file, picture, config)
        name, checkpoint = self.device.run(Turn.TRAINING, begin)  # it resizes
        return Begun(name, file if zero.ON_ZERO_GPU else picture, config, checkpoint)

    def resume(self, visitor: Visitor, scene: str) -> TrainingSession:
        """Goes on with a scene whose training was stopped."""
        return self._session(visitor, lambda: Begun(scene, *self.store.resume(scene)))

    def _session(self, visitor: Visitor, begin: Callable[[], Begun]) -> TrainingSession:
        return TrainingSession(visitor, self.line, self.store, begin, self._trainer)

    def close(self) -> None:
        """Ends all trainings after their current steps, waits until their finished scales are kept, lets none begin."""
        self.line.close(RESTART)
        self.line.wait(CLOSE_SECONDS)


def uploaded(file: str | None) -> str:
    """The file, where there is one. Raises ValueError."""
    if not file:
        raise ValueError("there is no picture yet: upload one first")
    return file


class Uploads:
    """Pictures that visitors have uploaded, decoded once on their way to training: the last few, by their files."""

    def __init__(self) -> None:
        self._pictures: dict[str, Image.Image] = {}
        self._lock = threading.Lock()

    def open(self, file: str) -> Image.Image:
        """The picture in a file, which is not to be changed. Raises PictureError."""
        with self._lock:
            known = self._pictures.get(file)
        if known is None:
            known = open_picture(file)
            with self._lock:
                self._pictures[file] = known
                for older in list(self._pictures)[:-DECODED]:
                    del self._pictures[older]
        return known

    def take(self, file: str) -> Image.Image:
        """The same, for the last time."""
        picture = self.open(file)
        with self._lock:
            self._pictures.pop(file, None)
        return picture
