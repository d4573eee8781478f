"""The endpoints of scenes, and of pictures that become none."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.uses import Option, plain_options
from singan.config import PRESET_NOTES
from singan.uses import USES, RetargetPicture
from ui.drawing import Drawing
from ui.endpoints import (
    PICTURES_ANSWER,
    Asked,
    endpoint,
    handler_of,
    model_option,
    picture_components,
    picture_outputs,
    use_endpoint,
)
from ui.reports import passing_folder
from ui.training.queue import TrainingQueue
from ui.visitors import Visitor
from ui.wiring import PICTURES

SCENE = {"scene": model_option("scene")}
SCENE_FILE = "a ZIP from /scene_file or from the page, of at most 80 MB, or a photograph"
ARCHIVE = {"archive": Option(SCENE_FILE, name="archive", kind=Path)}
PICTURE = "a picture of at least 32 px a side, at most 100 megapixels and at most 8 times longer than wide"
PRESET = f"{', '.join(f'{name} ({note})' for name, note in PRESET_NOTES.items())}; the last one on a GPU alone"
SEED = "of every random draw; the same seed gives the same scene"
MAX_SIZE = "longer side of the trained picture in px, 32 to 1024; by default the preset's"
ITERATIONS = 'most steps a fine scale, 1 to 2000 (coarse: 2.8 times, but for "paper"). Default: the preset\'s'
TRAIN = {
    "picture": Option(PICTURE, name="picture", kind=Image.Image),
    "preset": Option(PRESET, name="preset", default="fast"),
    "seed": Option(SEED, name="seed", kind=int, default=0),
    "max_size": Option(MAX_SIZE, name="max_size", kind=int, default=None),
    "iterations": Option(ITERATIONS, name="iterations", kind=int, default=None),
}


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

    def scene_file(asked: Asked) -> Iterator[Any]:
        """Download a scene as a ZIP, which /add_scene takes."""
        with passing_folder() as folder:
            yield store.pack(asked["scene"], folder)

    def add_scene(archive: str, request: gr.Request | None = None) -> Iterator[str]:
        """Bring back a scene, or make one of a photograph, which is not trained; answers with the name that other
        endpoints take, for two hours after its last use."""
        yield store.add(Visitor.of(request), archive)

    answered = [
        gr.Textbox(label="status"), *(gr.Image(label=name, format="png") for name in ("sample", "reconstruction")),
        gr.JSON(label="record"), gr.Textbox(label="scene"),
    ]  # fmt: skip
    endpoint(train_scene(trainings), TRAIN, answered, {"concurrency_limit": None})  # Trainings have their own queue.
    for use in USES:
        use_endpoint(use, "scene", drawing)
    fitted, about = plain_options(RetargetPicture), f"{RetargetPicture.summary().rstrip('.')}; {PICTURES_ANSWER}"
    endpoint(handler_of(fit, fitted, "retarget_picture", about), fitted, picture_components(), PICTURES)
    endpoint(handler_of(scene_file, SCENE), SCENE, [gr.File(label="archive")], PICTURES)
    endpoint(add_scene, ARCHIVE, [gr.Textbox(label="scene")], PICTURES)
