"""The endpoints of scenes, and of pictures that become none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.uses import Option, plain_options
from singan.uses import USES, RetargetPicture
from ui.drawing import Drawing
from ui.endpoints import (
    PICTURES_ANSWER,
    Asked,
    documented,
    endpoint,
    model_option,
    picture_components,
    picture_outputs,
    status,
    use_endpoint,
)
from ui.reports import passing_folder
from ui.training.queue import TrainingQueue
from ui.visitors import Visitor
from ui.wiring import PICTURES

SCENE = {"scene": model_option("scene")}
ARCHIVE = {"archive": Option("", name="archive", kind=Path)}
TRAIN = {
    "picture": Option("", name="picture", kind=Image.Image),
    "preset": Option("", name="preset", default="fast"),
    "seed": Option("", name="seed", kind=int, default=0),
    "max_size": Option("", name="max_size", kind=int, default=None),
    "iterations": Option("", name="iterations", kind=int, default=None),
}  # described by its handler


def train_scene(trainings: TrainingQueue) -> Any:
    """Return the endpoint that trains; it ends when its client leaves."""

    async def train_scene(
        picture: str,
        preset: str = "fast",
        seed: int = 0,
        max_size: int | None = None,
        iterations: int | None = None,
        request: gr.Request | None = None,
    ) -> AsyncIterator[tuple[Any, ...]]:
        """Train a SinGAN on one picture, in about a minute on a CPU; streams records, ends with the scene's name.

        The last record says why the method may fail on this picture, if it may.

        Args:
            picture: a picture of at least 32 px a side, at most 100 megapixels and at most 8 times longer than wide.
            preset: "layout" (for prints), "fast" (128 px), "standard" (250 px) or, on a GPU, "paper" (as published).
            seed: of every random draw; the same seed gives the same scene.
            max_size: longer side of the trained picture in px, 32 to 1024; by default the preset's.
            iterations: most steps a fine scale, 1 to 2000 (coarse: 2.8 times, but for "paper"). Default: the preset's.
        """
        asked = {"preset": preset, "seed": seed, "max_size": max_size, "iterations": iterations}
        training = await asyncio.to_thread(trainings.train, Visitor.of(request), picture, asked)
        try:
            warnings = await asyncio.to_thread(trainings.warnings, picture)
            async with aclosing(trainings.watch(training.name)) as views:
                async for view in views:
                    report = view.report.noted("; ".join(warnings) or None) if view.scene else view.report
                    yield report.text, *(view.preview or (None, None)), view.record, view.scene
        finally:
            training.stop()

    return train_scene


def build_scene_endpoints(trainings: TrainingQueue, drawing: Drawing) -> None:
    """Add them to the current Blocks: for training, for each use, for a picture alone, for scenes as files."""
    store = trainings.store

    def fit(asked: Asked) -> Iterator[Any]:
        for result in drawing.draw_all([RetargetPicture.served(asked)], None, "picture"):
            yield picture_outputs(result)

    def pack(asked: Asked) -> Iterator[Any]:
        with passing_folder() as folder:
            yield store.pack(asked["scene"], folder)

    def add_scene(archive: str, request: gr.Request | None = None) -> Iterator[str]:
        """Bring back a trained scene; answers with the name that other endpoints take, for two hours after its last
        use.

        Args:
            archive: a ZIP from /scene_file or from the page, of at most 80 MB.
        """
        yield store.add(Visitor.of(request), archive)

    answered = [
        status(), gr.Image(label="sample", format="png"), gr.Image(label="reconstruction", format="png"),
        gr.JSON(label="record"), gr.Textbox(label="scene"),
    ]  # fmt: skip
    endpoint(train_scene(trainings), TRAIN, answered, {"concurrency_limit": None})  # Trainings have their own queue.
    for use in USES:
        use_endpoint(use, "scene", drawing)
    fitted, about = plain_options(RetargetPicture), f"{RetargetPicture.summary().rstrip('.')}; {PICTURES_ANSWER}"
    endpoint(documented(fit, "retarget_picture", about, fitted), fitted, picture_components(), PICTURES)
    packed = documented(pack, "scene_file", "Download a trained scene as a ZIP, which /add_scene takes.", SCENE)
    endpoint(packed, SCENE, [gr.File(label="archive")], PICTURES)
    endpoint(add_scene, ARCHIVE, [gr.Textbox(label="scene")], PICTURES)
