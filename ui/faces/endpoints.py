"""The endpoints of faces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from darkroom.uses import NEEDED, plain_options
from dcgan import Recipe
from dcgan.uses import Morph, Sample
from ui.endpoints import (
    Parameters,
    animated_outputs,
    animation_outputs,
    documented,
    endpoint,
    inputs_of,
    parameters_of,
    pictures,
    status,
)
from ui.faces.handlers import FaceHandlers
from ui.gradio_patches import json_of
from ui.wiring import ANIMATIONS

RECIPE = {"type": "object", "additionalProperties": True}
MODEL: Parameters = {"model": ("name of a face model; by default the first.", None)}


def sample_faces(handlers: FaceHandlers) -> Any:
    """The endpoint that draws faces."""

    def run(*values: Any) -> Iterator[Any]:
        *asked, model = values
        use = Sample.served(dict(zip(plain_options(Sample), asked, strict=True)))
        for drawn in handlers.sample(use, model):
            yield drawn.report.text, drawn.pictures, drawn.recipes, drawn.archive

    about = f"{Sample.summary().rstrip('.')}; answers with pictures, their recipes, and a ZIP of both."
    return documented(run, "sample_faces", about, {**parameters_of(Sample), **MODEL})


def edit_face(handlers: FaceHandlers) -> Any:
    """The endpoint that draws a face from its recipe."""

    def run(face: Any, model: str | None) -> Iterator[Any]:
        with handlers.drawn(Recipe.from_dict(face), model) as portrait:
            yield portrait.picture, portrait.recipe.to_dict()

    about = "Draw one face from its recipe, which may move it along named directions such as smiling or age."
    keys = '{"seed", "index", "truncation", "moves"} or {"z", "moves"}; moves: /models\' directions to -10 to 10.'
    return documented(run, "edit_face", about, {"face": (keys, NEEDED), **MODEL})


def morph_faces(handlers: FaceHandlers) -> Any:
    """The endpoint that goes from face to face."""

    def run(faces: Any, *values: Any) -> Iterator[Any]:
        *asked, model = values
        recipes = tuple(Recipe.from_dict(face) for face in faces) if isinstance(faces, list) else ()
        use = Morph.served(dict(zip(plain_options(Morph), asked, strict=True)), faces=recipes)
        for result in handlers.morph(use, model):
            yield animated_outputs(result)

    faces: Parameters = {"faces": ("the recipes of 2 or more faces.", NEEDED)}
    return documented(run, "morph_faces", Morph.summary(), {**faces, **parameters_of(Morph), **MODEL})


def build_face_endpoints(handlers: FaceHandlers) -> None:
    """Wires them, inside the current Blocks."""
    model = lambda: gr.Textbox(None, label="model")  # noqa: E731
    drawn = [status(), pictures(), gr.JSON(label="recipes"), gr.File(label="archive")]
    endpoint(sample_faces(handlers), [*inputs_of(Sample), model()], drawn)
    portrait = [gr.Image(label="picture", type="filepath", format="png"), gr.JSON(label="recipe")]
    endpoint(edit_face(handlers), [json_of("face", RECIPE), model()], portrait)
    faces = json_of("faces", {"type": "array", "items": RECIPE})
    endpoint(morph_faces(handlers), [faces, *inputs_of(Morph), model()], animation_outputs(), ANIMATIONS)
