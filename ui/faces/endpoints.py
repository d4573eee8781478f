"""Wire the endpoints of faces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.uses import Option, plain_options
from dcgan import Recipe
from dcgan.uses import Morph, Sample
from ui.endpoints import (
    Asked,
    animated_outputs,
    animation_outputs,
    documented,
    endpoint,
    pictures,
    status,
)
from ui.faces.handlers import MAP_SIDE, FaceHandlers, Gallery
from ui.wiring import ANIMATIONS

KEYS = (
    '{"seed", "index", "moves", "variety"} or {"z", "moves"}; moves: /models\' directions to -10 to 10; '
    "variety: 0 to 1, what sample_faces calls truncation"
)
MODEL = {"model": Option("name of a face model; by default the first", name="model", default=None)}
SAMPLE = {**plain_options(Sample), **MODEL}
EDIT = {"face": Option(KEYS, name="face", kind=dict), **MODEL}
FACES = {"faces": Option("the recipes of 2 or more faces", name="faces", kind=list)}
THREE = {**{name: Option(f"recipe of the face {name.upper()}", name=name, kind=dict) for name in "abc"}, **MODEL}
PHOTOGRAPH = Option("whose largest face counts; without one, its central square", name="picture", kind=Image.Image)
INVERT = {"picture": PHOTOGRAPH, **MODEL}
MORPH = {**FACES, **plain_options(Morph), **MODEL}


def sample_faces(handlers: FaceHandlers) -> Any:
    """Return the endpoint that draws faces."""

    def run(asked: Asked) -> Iterator[Any]:
        use = Sample.served(asked)
        yield from map(_drawn, handlers.gallery(use.recipes(), use.stem(), asked["model"]))

    about = f"{Sample.summary().rstrip('.')}; answers with pictures, their recipes, and a ZIP of both."
    return documented(run, "sample_faces", about, SAMPLE)


def edit_face(handlers: FaceHandlers) -> Any:
    """Return the endpoint that draws a face from its recipe."""

    def run(asked: Asked) -> Iterator[Any]:
        with handlers.drawn(Recipe.from_dict(asked["face"]), asked["model"]) as portrait:
            yield portrait.picture, portrait.recipe.to_dict()

    about = "Draw one face from its recipe, which may move it along named directions such as smiling or age."
    return documented(run, "edit_face", about, EDIT)


def morph_faces(handlers: FaceHandlers) -> Any:
    """Return the endpoint that goes from face to face."""

    def run(asked: Asked) -> Iterator[Any]:
        use = Morph.served(asked, faces=tuple(Recipe.from_dict(face) for face in asked["faces"]))
        for result in handlers.morph(use, asked["model"]):
            yield animated_outputs(result)

    return documented(run, "morph_faces", Morph.summary(), MORPH)


def invert_face(handlers: FaceHandlers) -> Any:
    """Return the endpoint that looks for a photograph's face."""

    def run(asked: Asked) -> Iterator[Any]:
        for step in handlers.find(asked["picture"], asked["model"]):
            if step.face is None:
                yield step.report.text, step.found, None, None
                continue
            with handlers.drawn(Recipe.from_dict(step.face), asked["model"]) as portrait:
                yield step.report.text, portrait.picture, step.face, step.closeness

    about = "Find the model's face that comes closest to a photograph; streams the best so far, ends with its recipe."
    return documented(run, "invert_face", f"{about} closeness: 0 to 1.", INVERT)


def add_faces(handlers: FaceHandlers) -> Any:
    """Return the endpoint that adds up faces."""

    def run(asked: Asked) -> Iterator[Any]:
        _, face = handlers.combine([asked[name] for name in "abc"], asked["model"])
        with handlers.drawn(Recipe.from_dict(face), asked["model"]) as portrait:
            yield portrait.picture, portrait.recipe.to_dict()

    about = "Add up faces: A - B + C, such as one who smiles, less the same without, and another who is to smile."
    return documented(run, "add_faces", about, THREE)


def map_faces(handlers: FaceHandlers) -> Any:
    """Return the endpoint that draws the plane through three faces."""

    def run(asked: Asked) -> Iterator[Any]:
        yield from map(_drawn, handlers.map([asked[name] for name in "abc"], asked["model"]))

    about = (
        f"Draw the faces between three, row by row, {MAP_SIDE} x {MAP_SIDE}: A top left, B top right, C bottom left."
    )
    return documented(run, "map_faces", f"{about} Answers as sample_faces does.", THREE)


def build_face_endpoints(handlers: FaceHandlers) -> None:
    """Wire them inside the current Blocks."""
    endpoint(sample_faces(handlers), SAMPLE, _gallery())
    endpoint(edit_face(handlers), EDIT, _portrait())
    endpoint(morph_faces(handlers), MORPH, animation_outputs(), ANIMATIONS)
    endpoint(invert_face(handlers), INVERT, [status(), *_portrait(), gr.Number(label="closeness")])
    endpoint(add_faces(handlers), THREE, _portrait())
    endpoint(map_faces(handlers), THREE, _gallery())


def _drawn(drawn: Gallery) -> tuple[Any, ...]:
    return drawn.report.text, drawn.pictures, drawn.recipes, drawn.archive


def _gallery() -> list[Any]:
    return [status(), pictures(), gr.JSON(label="recipes"), gr.File(label="archive")]


def _portrait() -> list[Any]:
    return [gr.Image(label="picture", type="filepath", format="png"), gr.JSON(label="recipe")]
