"""What the training panel and its endpoint do: say beforehand what to expect, train, stop, go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.device import out_of_memory
from darkroom.files import why
from singan import Progress, TrainConfig, TrainingError, predict_seconds, train
from singan.config import from_preset
from singan.image import open_picture
from singan.suitability import concerns
from singan.train import Checkpoint
from ui import zero
from ui.concerns import MESSAGES
from ui.device import Device, Turn
from ui.parts import REPORT_SECONDS, Report, bounded, duration, whole
from ui.store import LIFETIME_SECONDS, SceneStore
from ui.trainings import Ticket, Trainings, Visitor

MAX_ITERATIONS = 2000
SCREEN_SIZE = 1024  # px: what fills real screens
PRESETS = ("fast", "standard", "paper")
EXPECTED_FROM = 1600  # px: a reduced picture tells as much of how training it will go
CLOSE_SECONDS = 3.0  # that trainings have for their current step when the app ends
RESTART = "the app is being restarted: try again in a minute"
WAIT_SECONDS = 1.0  # between two looks of one that waits for his turn


Source = str | Image.Image  # a picture; a file where another process opens it
Begun = tuple[Source, TrainConfig, Checkpoint | None]


def _record(record: Progress, name: str) -> dict[str, Any]:
    """A progress record as plain values."""
    return {
        "scene": name if record.scene else None,
        "scale": record.scale + 1,
        "scales": record.scales,
        "iteration": record.iteration,
        "iterations": record.iterations,
        "losses": record.losses,
        "seconds": round(record.seconds, 2),
        "seconds_left": round(record.seconds_left, 2),
        "finished_scales": record.scene.scales if record.scene else 0,
    }


class TrainingHandlers:
    """Trains visitors' pictures."""

    def __init__(self, store: SceneStore, device: Device) -> None:
        self.store, self.device, self.trainings = store, device, Trainings()
        # On a CPU one step of the published method lasts minutes: nobody else would have a turn.
        self.presets = [name for name in PRESETS if name != "paper" or store.device.type != "cpu" or zero.ON_ZERO_GPU]

    def config(self, preset: str, seed: int | None, max_size: int | None, iterations: int | None) -> TrainConfig:
        """The configuration that a visitor asks for, within what the app allows."""
        if preset not in self.presets:
            raise ValueError(f"preset is {preset!r}; allowed on this device are {', '.join(self.presets)}")
        if iterations is not None:
            bounded("iterations", iterations, MAX_ITERATIONS)
        return from_preset(preset, seed=whole("seed", seed), max_size=max_size, iterations=iterations)

    def expect(self, picture: str | None, preset: str, max_size: int | None, iterations: int | None) -> Iterator[str]:
        """Markdown before a training: how long it takes here, and why the method may fail on this picture."""
        if not picture:
            yield ""
            return
        config = self.config(preset, 0, max_size, iterations)
        image = open_picture(picture)
        width, height = image.size
        image.thumbnail((EXPECTED_FROM, EXPECTED_FROM))
        if zero.ON_ZERO_GPU:
            seconds = zero.estimate(picture, config)
        else:
            seconds = self.device.run(Turn.TRAINING, lambda: predict_seconds(image, config, self.store.device))
        where = "ZeroGPU" if zero.ON_ZERO_GPU else self.store.device.type.upper()
        lines = [f"About **{duration(seconds)}** on this device ({where})."]
        if max(width, height) >= SCREEN_SIZE > config.max_size:
            lines.append(f"Your picture has {width} × {height} px: **Screens** trains it at {SCREEN_SIZE} px.")
        yield "\n\n".join(lines)
        found = self.device.run(Turn.TRAINING, lambda: concerns(image))
        lines += [f"**{MESSAGES[concern.kind]}**" for concern in found]
        yield "\n\n".join(lines)

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

        Args:
            picture: a picture of at least 32 px a side, at most 100 megapixels and at most 8 times longer than wide.
            preset: "fast" (128 px), "standard" (250 px) or, on a GPU, "paper" (250 px, the published method).
            seed: of every random draw; the same seed gives the same scene.
            max_size: longer side of the trained picture in px, 32 to 1024; by default the preset's.
            iterations: most steps a scale, 1 to 2000 (coarse ones: twice, but for "paper"). Default: the preset's.
        """
        if not picture:
            raise ValueError("there is no picture yet: upload one first")
        config = self.config(preset, seed, max_size, iterations)

        def begin(visitor: Visitor) -> tuple[str, Begun]:
            image = open_picture(picture)
            work = lambda: self.store.begin(visitor.session, picture, image, config)  # noqa: E731, it resizes
            name, checkpoint = self.device.run(Turn.TRAINING, work)
            return name, (picture if zero.ON_ZERO_GPU else image, config, checkpoint)

        yield from self._in_turn(Visitor.of(request), begin)

    def resume(self, scene: str, request: gr.Request | None = None) -> Iterator[tuple[Any, ...]]:
        """Goes on with a scene of this visitor's whose training was stopped. The outputs of `train_scene`."""
        yield from self._in_turn(Visitor.of(request), lambda _: (scene, self.store.resume(scene)))

    def _in_turn(self, visitor: Visitor, begin: Callable[[Visitor], tuple[str, Begun]]) -> Iterator[tuple[Any, ...]]:
        """Waits until it is this visitor's turn, then trains what `begin` gives."""
        ticket = self.trainings.enter(visitor)
        try:
            while (words := self.trainings.place(ticket)) and not ticket.stop.wait(WAIT_SECONDS):
                yield Report(words, 0), gr.skip(), gr.skip(), None, gr.skip()
            if ticket.stop.is_set():
                yield Report("Stopped while waiting", 0), *[gr.skip()] * 4
                return
            yield Report("Reading the picture", 0), gr.skip(), gr.skip(), None, gr.skip()
            name, begun = begin(visitor)
            try:
                yield from self._trained(*begun, name, ticket)
            finally:
                self.store.end(name)
        finally:
            self.trainings.leave(ticket)

    def _trained(
        self, picture: Source, config: TrainConfig, checkpoint: Checkpoint | None, name: str, ticket: Ticket
    ) -> Iterator[tuple[Any, ...]]:
        """The outputs of `train_scene`: report, two previews, record, the scene's name at the end."""
        if checkpoint and checkpoint.scene.finished:
            yield Report(f"Already trained: {name}"), gr.skip(), gr.skip(), {"scene": name}, name
            return
        record, failure = None, ""
        try:
            for record, preview in self._records(picture, config, checkpoint, name, ticket):
                text = f"scale {record.scale + 1} of {record.scales}, {duration(record.seconds_left)} left"
                share = record.seconds / max(1e-9, record.seconds + record.seconds_left)
                yield Report(text, share), *preview, _record(record, name), gr.skip()
        except (TrainingError, OSError, RuntimeError, MemoryError) as error:
            if record is None or record.scene is None:
                raise
            failure = _failure(error)
        if record is None or record.scene is None:
            yield Report("Stopped before the first scale was finished", 0), *[gr.skip()] * 4
            return
        yield self._ended(record, name, failure), gr.skip(), gr.skip(), _record(record, name), name

    def _ended(self, record: Progress, name: str, failure: str) -> Report:
        assert record.scene is not None
        lives = f"It lives here for {duration(LIFETIME_SECONDS)} after its last use; download it to keep it."
        if record.finished:
            return Report(f"Trained in {duration(record.seconds)}: {name}. {lives}")
        kept = f"{record.scene.scales} of {record.scales} scales are kept as {name}"
        text = f"Failed: {failure}; {kept}." if failure else f"Stopped: {kept}; Resume goes on with it. {lives}"
        if self.trainings.closed:
            text = f"Stopped, as the app is being restarted: {kept}, and found there again once it is back."
        return Report(text, record.scene.scales / record.scales)

    def _records(
        self, picture: Source, config: TrainConfig, checkpoint: Checkpoint | None, name: str, ticket: Ticket
    ) -> Iterator[tuple[Progress, tuple[Any, Any]]]:
        """Records worth a message, with the previews or what leaves the page as it is."""
        reported = 0.0
        with closing(self._steps(picture, config, checkpoint)) as records:
            for record in records:
                ticket.seconds_left = record.seconds_left
                if record.checkpoint is not None and record.checkpoint is not checkpoint:
                    checkpoint = record.checkpoint
                    self.store.keep(name, checkpoint)
                halted = ticket.stop.is_set()
                if halted or record.preview or time.monotonic() - reported > REPORT_SECONDS:
                    reported = time.monotonic()
                    preview = record.preview
                    yield record, (preview.sample, preview.reconstruction) if preview else (gr.skip(), gr.skip())
                if halted:
                    return

    def _steps(
        self, picture: Source, config: TrainConfig, checkpoint: Checkpoint | None
    ) -> Generator[Progress, None, None]:
        """Training here, where the device is held a step at a time, or on ZeroGPU, which has its own queue."""
        if zero.ON_ZERO_GPU:
            assert isinstance(picture, str)
            with closing(zero.train_in_calls(picture, config, checkpoint)) as records:
                yield from records
            return
        with closing(train(picture, config, self.store.device, checkpoint)) as records:
            yield from self.device.stream(Turn.TRAINING, records)

    def close(self) -> None:
        """Ends all trainings after their current steps, waits until their finished scales are kept, lets none begin."""
        self.trainings.close(RESTART)
        self.trainings.wait(CLOSE_SECONDS)

    def stop(self, request: gr.Request) -> None:
        """Ends this visitor's training after the current step; finished scales are kept."""
        self.trainings.stop(Visitor.of(request).session)


def _failure(error: Exception) -> str:
    """Why a training failed, in words."""
    if isinstance(error, TrainingError):
        return str(error)
    if isinstance(error, OSError):
        return why(error)
    return "not enough memory; a smaller size fits" if out_of_memory(error) else f"{type(error).__name__} in a step"
