"""The endpoints of scenes, and of pictures that become none."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.checks import echo
from darkroom.uses import AnimationUse, Option, Use, combinations, plain_options
from singan.config import PRESET_NOTES
from singan.uses import USES, RetargetPicture
from ui.drawing import Drawing
from ui.endpoints import Asked, animated_outputs, animation_outputs, endpoint, handler_of, picture_components
from ui.reports import passing_folder
from ui.training.queue import TrainingQueue
from ui.visitors import Visitor
from ui.wiring import PICTURES

MAX_OPTION_VALUES = 3  # values of an option that takes several: as many calls in one
SCENE = {"scene": Option("name of a scene, from /models, /train_scene or /add_scene", name="scene")}
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
    for use in (*USES, RetargetPicture):
        use_endpoint(use, drawing)
    endpoint(handler_of(scene_file, SCENE), SCENE, [gr.File(label="archive")], PICTURES)
    endpoint(add_scene, ARCHIVE, [gr.Textbox(label="scene")], PICTURES)


def use_endpoint(use: type[Use[Any]], drawing: Drawing) -> None:
    """Add the endpoint of a use: the scene's name, then the use's options. Several values of an option of pictures may
    be a list."""
    animated, needed = issubclass(use, AnimationUse), {} if use is RetargetPicture else SCENE
    more = f"; a list draws count for each of up to {MAX_OPTION_VALUES}"
    arguments = {**needed, **plain_options(use)}
    for name, it in arguments.items():
        if it.several and not animated:
            arguments[name] = replace(it, help=it.help + more, kind=list)

    def run(asked: Asked) -> Iterator[Any]:
        if animated:
            yield from map(animated_outputs, drawing.draw(use.served(asked), asked["scene"]))
            return
        uses, name = _each_use(use, asked), asked.get("scene", "picture")
        for result in drawing.draw_all(uses, drawing.models.get(name) if needed else None, name):
            yield result.report.text, result.files or None, result.archive  # None where there is none yet

    answer = f"answers with the {'animation as a file' if animated else 'pictures and a ZIP of them'}."
    handler = handler_of(run, arguments, endpoint_of(use), f"{use.summary().rstrip('.')}; {answer}")
    outputs = animation_outputs() if animated else picture_components()
    endpoint(handler, arguments, outputs, PICTURES)


def _each_use(use: type[Use[Any]], asked: Asked) -> list[Any]:
    """Return a use for each combination of what was given several times. Raises ValueError."""
    several = {name: it for name, it in plain_options(use).items() if it.several and isinstance(asked[name], list)}
    for name, it in several.items():
        if not 0 < len(asked[name]) <= MAX_OPTION_VALUES:
            raise ValueError(f"{name} is {echo(asked[name])}; 1 to {MAX_OPTION_VALUES} values are allowed")
        for value in asked[name]:
            it.checked(value, served=True)
    return [use.served(values) for values in combinations(asked, several)]


def endpoint_of(use: type[Use[Any]]) -> str:
    """Return the name of the endpoint of a use."""
    name = use.title().replace("-", "_")
    return name if use is RetargetPicture else f"{name}_scene"
