"""The endpoints of scenes, and of pictures that become none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from darkroom.uses import plain_options
from singan.uses import USES, RetargetPicture
from ui.drawing import Drawing
from ui.endpoints import (
    PICTURES_ANSWER,
    Asked,
    documented,
    endpoint,
    inputs_of,
    model_option,
    number,
    picture_components,
    picture_outputs,
    status,
    use_endpoint,
)
from ui.gradio_patches import picture_file
from ui.reports import passing_folder
from ui.scenes.store import SceneStore
from ui.scenes.trainings import Trainings
from ui.visitors import Visitor
from ui.wiring import PICTURES

SCENE = {"scene": model_option("scene")}


def retarget_picture(drawing: Drawing) -> Any:
    """The endpoint that fits a picture to a size without training."""

    def run(asked: Asked) -> Iterator[Any]:
        for result in drawing.draw_all([RetargetPicture.served(asked)], None, "picture"):
            yield picture_outputs(result)

    about = f"{RetargetPicture.summary().rstrip('.')}; {PICTURES_ANSWER}"
    return documented(run, "retarget_picture", about, plain_options(RetargetPicture))


def scene_file(store: SceneStore) -> Any:
    """The endpoint that gives a scene to keep."""

    def run(asked: Asked) -> Iterator[Any]:
        with passing_folder() as folder:
            yield store.pack(asked["scene"], folder)

    return documented(run, "scene_file", "Download a trained scene as a ZIP, which /add_scene takes.", SCENE)


def add_scene(store: SceneStore) -> Any:
    """The endpoint that takes it back."""

    def add_scene(archive: str, request: gr.Request | None = None) -> str:
        """Bring back a trained scene; answers with the name that other endpoints take, for two hours after its last
        use.

        Args:
            archive: a ZIP from /scene_file or from the page, of at most 80 MB.
        """
        if not archive:
            raise ValueError("archive is empty; a ZIP of a trained scene is needed")
        return store.add(Visitor.of(request), archive)

    return add_scene


def build_scene_endpoints(trainings: Trainings, drawing: Drawing) -> None:
    """Wires them, inside the current Blocks: for training, for each use, for a picture alone, for scenes as files."""
    asked = [
        picture_file(label="picture"), gr.Textbox("fast", label="preset"), number("seed", 0, 0),
        number("max_size", None, 0), number("iterations", None, 0),
    ]  # fmt: skip
    answered = [
        status(), gr.Image(label="sample", format="png"), gr.Image(label="reconstruction", format="png"),
        gr.JSON(label="record"), gr.Textbox(label="scene"),
    ]  # fmt: skip
    endpoint(trainings.train_scene, asked, answered, {"concurrency_limit": None})  # ui.scenes.line has the queue
    for use in USES:
        use_endpoint(use, "scene", drawing)
    inputs = inputs_of(plain_options(RetargetPicture))
    endpoint(retarget_picture(drawing), inputs, picture_components(), PICTURES)
    endpoint(scene_file(trainings.store), inputs_of(SCENE), [gr.File(label="archive")], PICTURES)
    endpoint(add_scene(trainings.store), [gr.File(label="archive")], [gr.Textbox(label="scene")], PICTURES)
