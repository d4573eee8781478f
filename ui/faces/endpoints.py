"""The endpoints of faces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from darkroom.uses import Option, plain_options
from dcgan import Recipe
from dcgan.uses import Morph, Sample
from ui.endpoints import Asked, animated_outputs, animation_outputs, documented, endpoint, inputs_of, pictures, status
from ui.faces.handlers import FaceHandlers
from ui.wiring import ANIMATIONS

KEYS = '{"seed", "index", "truncation", "moves"} or {"z", "moves"}; moves: /models\' directions to -10 to 10'
MODEL = {"model": Option("name of a face model; by default the first", name="model", default=None)}
SAMPLE = {**plain_options(Sample), **MODEL}
EDIT = {"face": Option(KEYS, name="face", kind=dict), **MODEL}
FACES = {"faces": Option("the recipes of 2 or more faces", name="faces", kind=list)}
MORPH = {**FACES, **plain_options(Morph), **MODEL}


def sample_faces(handlers: FaceHandlers) -> Any:
    """The endpoint that draws faces."""

    def run(asked: Asked) -> Iterator[Any]:
        for drawn in handlers.sample(Sample.served(asked), asked["model"]):
            yield drawn.report.text, drawn.pictures, drawn.recipes, drawn.archive

    about = f"{Sample.summary().rstrip('.')}; answers with pictures, their recipes, and a ZIP of both."
    return documented(run, "sample_faces", about, SAMPLE)


def edit_face(handlers: FaceHandlers) -> Any:
    """The endpoint that draws a face from its recipe."""

    def run(asked: Asked) -> Iterator[Any]:
        with handlers.drawn(Recipe.from_dict(asked["face"]), asked["model"]) as portrait:
            yield portrait.picture, portrait.recipe.to_dict()

    about = "Draw one face from its recipe, which may move it along named directions such as smiling or age."
    return documented(run, "edit_face", about, EDIT)


def morph_faces(handlers: FaceHandlers) -> Any:
    """The endpoint that goes from face to face."""

    def run(asked: Asked) -> Iterator[Any]:
        faces = asked["faces"] if isinstance(asked["faces"], list) else []
        use = Morph.served(asked, faces=tuple(Recipe.from_dict(face) for face in faces))
        for result in handlers.morph(use, asked["model"]):
            yield animated_outputs(result)

    return documented(run, "morph_faces", Morph.summary(), MORPH)


def build_face_endpoints(handlers: FaceHandlers) -> None:
    """Wires them, inside the current Blocks."""
    drawn = [status(), pictures(), gr.JSON(label="recipes"), gr.File(label="archive")]
    endpoint(sample_faces(handlers), inputs_of(SAMPLE), drawn)
    portrait = [gr.Image(label="picture", type="filepath", format="png"), gr.JSON(label="recipe")]
    endpoint(edit_face(handlers), inputs_of(EDIT), portrait)
    endpoint(morph_faces(handlers), inputs_of(MORPH), animation_outputs(), ANIMATIONS)
