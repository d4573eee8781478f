"""One training: a thread of its own trains, and whoever knows its name may watch.

The page's events come and go with it: reloading ends them. A training goes on, and ends once nobody has watched it for
a while.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
from gradio.processing_utils import save_pil_to_cache
from gradio.utils import get_upload_folder
from PIL import Image

from darkroom.device import out_of_memory
from darkroom.files import why
from singan import Progress, TrainConfig, TrainingError
from singan.checkpoint import Checkpoint
from ui.html import strip
from ui.reports import REPORT_SECONDS, Report, duration
from ui.scenes.store import SceneStore, TrainingInput, display_name
from ui.visitors import Visitor

WAIT_SECONDS = 1.0  # between two looks at the queue
LOOK_SECONDS = 0.1  # between two looks of a watcher
REPEAT_SECONDS = 2.0  # after which a watcher is told the same again, by which it is noticed that the watcher has left
PLOT_POINTS = 300  # More make the page slow.
LOSS_LABELS = {"critic": "Critic", "generator": "Generator", "reconstruction": "Reconstruction"}

Records = Generator[Progress, None, None]
Trainer = Callable[[str, TrainConfig, Checkpoint | None], Records]


@dataclass(frozen=True)
class View:
    """A training as watchers see it.

    scene: name of the scene, once there is one. ended: whether that scene is all that comes of the training. record:
    the last one as plain values, for scripts. strip: HTML of the pyramid so far. losses: rows for a plot. preview:
    files of the last sample and reconstruction. meanwhile: file of a print by the photograph's patches alone.
    """

    report: Report
    scene: str | None = None
    ended: bool = False
    record: dict[str, Any] | None = None
    strip: str = ""
    losses: pd.DataFrame | None = None
    preview: tuple[str, str] | None = None
    meanwhile: str | None = None


@dataclass(eq=False)
class SceneTraining:
    """A training that `run` takes from its place in the queue to its end, and that `watch` shows.

    name: for links. begin: called once its turn has come. stages: gives a sample at every finished scale of a scene.
    file, asked: the uploaded picture and the endpoint's other arguments; None and nothing where a scene is resumed.
    seconds_left: None before the first record. over: set by the queue once `run` has returned. Finished scales are in
    the store at once, whatever happens.
    """

    visitor: Visitor
    begin: Callable[[], TrainingInput]
    trainer: Trainer
    store: SceneStore
    stages: Callable[[str], Sequence[Image.Image]]
    file: str | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name, self.over, self.view = secrets.token_hex(8), False, View(Report("Reading the picture", 0))
        self.seconds_left: float | None = None
        self._stopped, self._reason, self._outlook = threading.Event(), "", ""
        self._error: Exception | None = None
        self._samples: dict[int, Image.Image] = {}  # by scale
        self._losses: list[dict[str, Any]] = []
        self._watchers, self._unwatched_since = 0, time.monotonic()
        self._lock = threading.Lock()  # Two threads change the view.

    def stop(self, reason: str = "", outlook: str = "") -> None:
        """End after the current step, or while waiting; finished scales are kept.

        reason: why, where no visitor asked for it. outlook: what becomes of the scales, where Resume cannot go on.
        """
        if not self._stopped.is_set():
            self._reason, self._outlook = reason, outlook
        self._stopped.set()

    async def watch(self) -> AsyncGenerator[View, None]:
        """Yield the view as it is now, and then as it changes, to the end; raise what ended the training.

        Watchers share the server's event loop: they take none of its threads.
        """
        self._watchers += 1
        try:
            seen, told = None, 0.0
            while not self.over or self.view is not seen:
                if self.view is not seen or time.monotonic() - told > REPEAT_SECONDS:
                    seen, told = self.view, time.monotonic()
                    yield seen
                else:
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._watchers -= 1
            self._unwatched_since = time.monotonic()
        if self._error is not None:
            raise self._error

    def run(self, place: Callable[[], str]) -> None:
        """Wait until `place` says nothing more of the queue, then train. Errors go to those who watch."""
        try:
            while not (ending := self._ending()) and (words := place()):
                self._show(report=Report(words, 0))
                self._stopped.wait(WAIT_SECONDS)
            self._show(report=Report("Stopped while waiting" if ending else "Reading the picture", 0))
            if ending:
                return
            given = self.begin()
            try:
                self._train(given)
            finally:
                self.store.end(given.scene)
        except Exception as error:
            self._error = error
        finally:
            self._samples.clear()

    def show_print(self, pictures: Iterable[Image.Image]) -> None:
        """Show a print as it grows, until training is over."""
        with suppress(ValueError, OSError):  # Training says so where it matters.
            for picture in pictures:
                if self.over:
                    return
                self._show(meanwhile=_file(picture, "jpeg"))

    def _show(self, **changes: Any) -> None:
        with self._lock:
            self.view = replace(self.view, **changes)

    def _ending(self) -> bool:
        """Return whether to end, asked or because nobody has watched for a while."""
        limit = self.store.limits.unwatched_seconds
        if not self._watchers and time.monotonic() - self._unwatched_since > limit:
            self.stop(f"nobody watched it for {duration(limit)}")
        return self._stopped.is_set()

    def _train(self, given: TrainingInput) -> None:
        scene, kept, last, failure, shown = given.scene, given.checkpoint, None, "", 0.0
        if kept and kept.scene.finished_as(given.config):
            report = Report(f"Already trained: {display_name(scene)}")
            self._show(report=report, scene=scene, ended=True, record={"scene": scene})
            return
        if kept:
            self._samples = dict(enumerate(self.stages(scene)))
        try:
            with closing(self.trainer(given.picture, given.config, kept)) as records:
                for last in records:
                    self.seconds_left = last.seconds_left
                    if last.checkpoint and (kept is None or last.checkpoint.scene.scales > kept.scene.scales):
                        self.store.keep(scene, last.checkpoint)
                        kept = last.checkpoint
                    ending = self._ending()
                    if ending or last.preview or time.monotonic() - shown > REPORT_SECONDS:
                        shown = time.monotonic()
                        self._show_record(last, scene)
                    if ending:
                        break
        except (TrainingError, OSError, RuntimeError, MemoryError) as error:
            if last is None or kept is None:
                raise
            failure = _why_failed(error)
        if last is None or kept is None:
            self._show(report=Report("Stopped before the first scale was finished", 0))
            return
        last = replace(last, checkpoint=kept)
        self._show(report=self._end(last, kept, scene, failure), scene=scene, ended=True, record=_plain(last, scene))

    def _end(self, last: Progress, kept: Checkpoint, scene: str, failure: str) -> Report:
        life = duration(self.store.limits.scene_seconds)
        lives = f"It lives here for {life} after its last use; download it to keep it."
        if last.finished:
            return Report(f"Trained in {duration(last.seconds)}: {display_name(scene)}. {lives}")
        scales = f"{kept.scene.scales} of {last.scales} scales are kept as {display_name(scene)}"
        reason = self._reason and f", as {self._reason}"
        text = f"Stopped{reason}: {scales}{self._outlook or f'; Resume goes on with it. {lives}'}"
        return Report(f"Failed: {failure}; {scales}." if failure else text, kept.scene.scales / last.scales)

    def _show_record(self, record: Progress, scene: str) -> None:
        text = f"scale {record.scale + 1} of {record.scales}, {duration(record.seconds_left)} left"
        changes: dict[str, Any] = {"losses": self._plotted(record)}
        if record.preview:
            self._samples[record.scale] = record.preview.sample
            with suppress(OSError):  # A full disk: training says so where it matters.
                pictures = (record.preview.sample, record.preview.reconstruction)
                changes["preview"] = tuple(_file(picture, "png") for picture in pictures)
        samples = [picture for _, picture in sorted(self._samples.items())]
        self._show(
            report=Report(text, record.seconds / max(1e-9, record.seconds + record.seconds_left)),
            scene=scene, record=_plain(record, scene), strip=strip(samples, record.scale, record.scales), **changes,
        )  # fmt: skip

    def _plotted(self, record: Progress) -> pd.DataFrame:
        """Return losses by how many scales are trained, parts counted; thinned where there are many."""
        trained = record.scale + record.iteration / record.iterations
        self._losses += [
            {"scales": trained, "loss": value, "of": LOSS_LABELS.get(name, name)}
            for name, value in record.losses.items()
        ]
        kinds = len(record.losses)
        if len(self._losses) > PLOT_POINTS * kinds:
            self._losses = [row for i, row in enumerate(self._losses) if (i // kinds) % 2 == 0]
        return pd.DataFrame(self._losses)


def _file(picture: Image.Image, kind: str) -> str:
    """Write a picture to Gradio's cache, once however many watch."""
    return save_pil_to_cache(picture, get_upload_folder(), format=kind)


def _plain(record: Progress, scene: str) -> dict[str, Any]:
    """Return a record as plain values."""
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


def _why_failed(error: Exception) -> str:
    if isinstance(error, TrainingError):
        return str(error)
    if isinstance(error, OSError):
        return why(error)
    return "not enough memory; a smaller size fits" if out_of_memory(error) else f"{type(error).__name__} in a step"
