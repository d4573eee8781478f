"""What the training panel and its endpoint do: say beforehand what to expect, train, stop, go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

import gradio as gr

from singan import Progress, TrainConfig, TrainingError, predict_seconds, train
from singan.config import from_preset
from singan.image import open_picture
from singan.suitability import concerns
from singan.train import Checkpoint
from ui import zero
from ui.device import DeviceLock
from ui.parts import REPORT_SECONDS, Report, bounded, duration, whole
from ui.store import LIFETIME_SECONDS, SceneStore

MAX_ITERATIONS = 2000
SCREEN_SIZE = 1024  # px: what fills real screens
PRESETS = ("fast", "standard", "paper")


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
    """Trains visitors' pictures, one at a time for each visitor."""

    def __init__(self, store: SceneStore, lock: DeviceLock) -> None:
        self.store, self.lock = store, lock
        self._stops: dict[str, threading.Event] = {}
        # On a CPU one step of the published method lasts minutes: nobody else would have a turn.
        self.presets = [name for name in PRESETS if name != "paper" or store.device.type != "cpu" or zero.ON_ZERO_GPU]

    @property
    def running(self) -> int:
        """How many trainings are going on."""
        return len(self._stops)

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
        width, height = open_picture(picture).size
        if zero.ON_ZERO_GPU:
            seconds = zero.estimate(picture, config)
        else:
            with self.lock:
                seconds = predict_seconds(picture, config, self.store.device)
        where = "ZeroGPU" if zero.ON_ZERO_GPU else self.store.device.type.upper()
        lines = [f"About **{duration(seconds)}** on this device ({where})."]
        if max(width, height) >= SCREEN_SIZE > config.max_size:
            lines.append(f"Your picture has {width} × {height} px: **Screens** trains it at {SCREEN_SIZE} px.")
        yield "\n\n".join(lines)
        lines += [f"**{concern.message}**" for concern in concerns(picture)]
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
            picture: a picture of at least 32 px a side, at most 25 megapixels and at most 8 times longer than wide.
            preset: "fast" (128 px), "standard" (250 px) or, on a GPU, "paper" (250 px, the published method).
            seed: of every random draw; the same seed gives the same scene.
            max_size: longer side of the trained picture in px, 32 to 1024; by default the preset's.
            iterations: most steps a scale, 1 to 2000 (coarse ones: twice, but for "paper"). Default: the preset's.
        """
        if not picture:
            raise ValueError("there is no picture yet: upload one first")
        config = self.config(preset, seed, max_size, iterations)
        session = visitor(request)
        name, checkpoint = self.store.begin(session, picture, config)
        yield from self._training(session, picture, config, name, checkpoint)

    def resume(self, scene: str, request: gr.Request | None = None) -> Iterator[tuple[Any, ...]]:
        """Goes on with a scene of this visitor's whose training was stopped. The outputs of `train_scene`."""
        picture, config, checkpoint = self.store.resume(scene)
        yield from self._training(visitor(request), picture, config, scene, checkpoint)

    def _training(
        self, session: str, picture: str, config: TrainConfig, name: str, checkpoint: Checkpoint | None
    ) -> Iterator[tuple[Any, ...]]:
        stop = self._stops[session] = threading.Event()
        try:
            yield from self._trained(picture, config, name, checkpoint, stop)
        finally:
            self.store.end(name)
            if self._stops.get(session) is stop:
                del self._stops[session]

    def _trained(
        self, picture: str, config: TrainConfig, name: str, checkpoint: Checkpoint | None, stop: threading.Event
    ) -> Iterator[tuple[Any, ...]]:
        """The outputs of `train_scene`: report, two previews, record, the scene's name at the end."""
        if checkpoint and checkpoint.scene.finished:
            yield Report(f"Already trained: {name}"), gr.skip(), gr.skip(), {"scene": name}, name
            return
        record, failure = None, ""
        try:
            for record, preview in self._records(picture, config, name, checkpoint, stop):
                text = f"scale {record.scale + 1} of {record.scales}, {duration(record.seconds_left)} left"
                share = record.seconds / max(1e-9, record.seconds + record.seconds_left)
                yield Report(text, share), *preview, _record(record, name), gr.skip()
        except TrainingError as error:
            failure = str(error)
        if record is None or record.scene is None:
            yield Report(failure or "Stopped before the first scale was finished", 0), *[gr.skip()] * 4
            return
        yield self._ended(record, name, failure), gr.skip(), gr.skip(), _record(record, name), name

    @staticmethod
    def _ended(record: Progress, name: str, failure: str) -> Report:
        assert record.scene is not None
        lives = f"It lives here for {duration(LIFETIME_SECONDS)} after its last use; download it to keep it."
        if record.finished:
            return Report(f"Trained in {duration(record.seconds)}: {name}. {lives}")
        kept = f"{record.scene.scales} of {record.scales} scales are kept as {name}"
        text = f"Failed: {failure}; {kept}." if failure else f"Stopped: {kept}; Resume goes on with it. {lives}"
        return Report(text, record.scene.scales / record.scales)

    def _records(
        self, picture: str, config: TrainConfig, name: str, checkpoint: Checkpoint | None, stop: threading.Event
    ) -> Iterator[tuple[Progress, tuple[Any, Any]]]:
        """Records worth a message, with the previews or what leaves the page as it is."""
        reported = 0.0
        with closing(self._steps(picture, config, checkpoint)) as records:
            for record in records:
                if record.checkpoint is not None and record.checkpoint is not checkpoint:
                    checkpoint = record.checkpoint
                    self.store.keep(name, checkpoint)
                halted = stop.is_set()
                if halted or record.preview or time.monotonic() - reported > REPORT_SECONDS:
                    reported = time.monotonic()
                    preview = record.preview
                    yield record, (preview.sample, preview.reconstruction) if preview else (gr.skip(), gr.skip())
                if halted:
                    return

    def _steps(
        self, picture: str, config: TrainConfig, checkpoint: Checkpoint | None
    ) -> Generator[Progress, None, None]:
        """Training here, where the device is held a step at a time, or on ZeroGPU, which has its own queue."""
        if zero.ON_ZERO_GPU:
            with closing(zero.train_in_calls(picture, config, checkpoint)) as records:
                yield from records
            return
        with closing(train(picture, config, self.store.device, checkpoint)) as records:
            yield from self.lock.step_by_step(records)

    def stop(self, request: gr.Request) -> None:
        """Ends this visitor's training after the current step; finished scales are kept."""
        if event := self._stops.get(visitor(request)):
            event.set()


def visitor(request: gr.Request | None) -> str:
    """Whose request it is: a browser's page, or a client."""
    return (request.session_hash if request else None) or ""
