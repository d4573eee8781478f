"""A training that goes on by itself, whoever watches it, and those that can be watched.

The page's events come and go with it: reloading ends them. A training has a thread of its own, and ends where nobody
has watched it for a while.
"""

from __future__ import annotations

import asyncio
import contextvars
import secrets
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, closing, suppress
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import pandas as pd
from gradio.processing_utils import save_pil_to_cache
from gradio.utils import get_upload_folder
from PIL import Image

from singan import Progress
from singan.train import Preview
from ui.html import strip
from ui.reports import Report, duration
from ui.scenes.session import State, TrainingSession
from ui.visitors import Visitor

UNWATCHED_SECONDS = 60.0  # after which a training that nobody watches ends: time to reload, and to find a network again
LOOK_SECONDS = 0.1  # between two looks of one who watches
AGAIN_SECONDS = 2.0  # after which he is told the same again, by which it is noticed that he has left
MAX_KNOWN = 24  # trainings that are remembered: all that run, and of the others the last
PLOT_POINTS = 300  # more make the page slow
LOSS_LABELS = {"critic": "Critic", "generator": "Generator", "reconstruction": "Reconstruction"}

Stages = Callable[[str], Sequence[Image.Image]]  # a sample at every finished scale of a scene, by its name
Asked = Mapping[str, Any]  # what is asked of a training, as the endpoint's arguments


@dataclass(frozen=True)
class View:
    """What is seen of a training. name: of its scene; ended: whether that is all that comes of it; strip: the pyramid
    so far as HTML; losses: rows for a plot; preview: files of the last sample and reconstruction."""

    report: Report
    name: str | None = None
    ended: bool = False
    strip: str = ""
    losses: pd.DataFrame | None = None
    preview: tuple[str, str] | None = None


class Job:
    """A training from its begin, in a thread of its own. name: for links; view: as it is seen now; over: whether it has
    ended, whatever ended it. file, asked: of the picture that was uploaded for it, and what was asked for; None and
    nothing where it goes on with a scene.

    Raises ValueError where it has no place in the line.
    """

    def __init__(
        self, session: TrainingSession, stages: Stages, file: str | None = None, asked: Asked = MappingProxyType({})
    ) -> None:
        self.name, self.visitor, self.file, self.asked = secrets.token_hex(8), session.visitor, file, asked
        self.over = False
        self._session, self._stages = session, stages
        self._error: Exception | None = None
        self._samples: dict[int, Image.Image] = {}  # by their scales
        self._losses: list[dict[str, Any]] = []
        self._watching, self._left = 0, time.monotonic()  # how many, and when the last one left
        states = iter(session)
        self.view = View(next(states).report)
        run = contextvars.copy_context().run  # ZeroGPU asks in it whose time it is
        threading.Thread(target=run, args=[self._go_on, states], name="training", daemon=True).start()

    def stop(self) -> None:
        """Ends it after its current step; finished scales are kept."""
        self._session.stop()

    async def watch(self) -> AsyncGenerator[View, None]:
        """How it is seen, as it is now and then as it changes, to its end. Raises what ended it. All who watch do so on
        the server's event loop: they take none of the threads."""
        self._watching += 1
        try:
            seen, told = None, 0.0
            while not self.over or self.view is not seen:
                if self.view is not seen or time.monotonic() - told > AGAIN_SECONDS:
                    seen, told = self.view, time.monotonic()
                    yield seen
                else:
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._watching -= 1
            self._left = time.monotonic()
        if self._error is not None:
            raise self._error

    def _go_on(self, states: Generator[State, None, None]) -> None:
        try:
            with closing(states):
                for state in states:
                    self._tell(state)
                    if not self._watching and time.monotonic() - self._left > UNWATCHED_SECONDS:
                        self._session.stop(f"nobody watched it for {duration(UNWATCHED_SECONDS)}")
        except Exception as error:  # whatever it is, it belongs to those who watch
            self._error = error
        self._samples.clear()
        self.over = True

    def _tell(self, state: State) -> None:
        view = replace(self.view, report=state.report, name=state.name, ended=state.ended)
        if (record := state.progress) and not state.ended:
            if not self._losses and record.scene:  # it goes on with what there is
                self._samples.update(enumerate(self._stages(str(state.name))))
            view = replace(view, strip=self._strip(record), losses=self._plotted(record))
            if record.preview:
                with suppress(OSError):  # a full disk: the training says so where it matters
                    view = replace(view, preview=_files(record.preview))
        self.view = view

    def _strip(self, record: Progress) -> str:
        """The pyramid so far: a sample of every finished scale, and the current one as it changes."""
        if record.preview:
            self._samples[record.scale] = record.preview.sample
        return strip([picture for _, picture in sorted(self._samples.items())], record.scale, record.scales)

    def _plotted(self, record: Progress) -> pd.DataFrame:
        """Losses by how many scales are trained, parts counted; thinned where there are many."""
        trained = record.scale + record.iteration / record.iterations
        self._losses += [
            {"scales": trained, "loss": value, "of": LOSS_LABELS.get(name, name)}
            for name, value in record.losses.items()
        ]
        kinds = len(record.losses)
        if len(self._losses) > PLOT_POINTS * kinds:
            self._losses = [row for i, row in enumerate(self._losses) if (i // kinds) % 2 == 0]
        return pd.DataFrame(self._losses)


def _files(preview: Preview) -> tuple[str, str]:
    """Its pictures as files that Gradio hands out: written once, however many watch."""
    sample, reconstruction = (
        save_pil_to_cache(picture, get_upload_folder(), format="png")
        for picture in (preview.sample, preview.reconstruction)
    )
    return sample, reconstruction


class Jobs:
    """Trainings that can be watched, by their names."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._jobs: dict[str, Job] = {}  # oldest first
        self._watched: dict[str, object] = {}  # by the session of a page, what tells its watching from a later one
        self._lock = threading.Lock()

    def start(self, session: TrainingSession, file: str | None = None, asked: Asked = MappingProxyType({})) -> Job:
        """Lets a training go on by itself. Raises ValueError where it has no place in the line."""
        job = Job(session, self._stages, file, asked)
        with self._lock:
            self._jobs[job.name] = job
            for surplus in [it for it in self._jobs.values() if it.over][: max(0, len(self._jobs) - MAX_KNOWN)]:
                del self._jobs[surplus.name]
        return job

    def get(self, name: str) -> Job:
        """The training of this name. Raises ValueError where there is none."""
        if name not in self._jobs:
            raise ValueError("there is no such training (any more)")
        return self._jobs[name]

    def of(self, visitor: Visitor) -> Job | None:
        """The training of a visitor's that goes on."""
        with self._lock:
            his = (it for it in self._jobs.values() if visitor.owner and it.visitor.owner == visitor.owner)
            return next((it for it in his if not it.over), None)

    async def watch(self, job: Job, page: str) -> AsyncGenerator[View, None]:
        """How a training is seen on a page, by its session, until the page watches another."""
        mine = self._watched[page] = object()
        try:
            async with aclosing(job.watch()) as views:
                async for view in views:
                    if self._watched.get(page) is not mine:
                        return
                    yield view
        finally:
            if self._watched.get(page) is mine:
                del self._watched[page]
