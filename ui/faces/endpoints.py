"""Wire the endpoints of faces."""

from collections.abc import Iterator
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.uses import Option, plain_options
from dcgan import Recipe
from dcgan.uses import Morph, Sample
from ui.endpoints import Asked, animated_outputs, animation_outputs, endpoint, handler_of, picture_components
from ui.faces.handlers import FaceHandlers, Gallery
from ui.wiring import FACES, PICTURES

FACE = (
    'its recipe: {"seed", "index", "moves", "variety"} or {"z", "moves"}; moves: /models\' directions to -10 to 10; '
    "variety: 0 to 1, what sample_faces calls truncation"
)
MODEL = {"model": Option("name of a face model; by default the first", name="model", default=None)}
SAMPLE = {**plain_options(Sample), **MODEL}
SAMPLE["best_of"] = SAMPLE.pop("best_of")  # the last: scripts may name none of those before it
EDIT = {"face": Option(FACE, name="face", kind=dict), **MODEL}
MORPH = {"faces": Option("the recipes of 2 or more", name="faces", kind=list), **plain_options(Morph), **MODEL}
PHOTOGRAPH = Option("whose largest face counts; without one, its central square", name="picture", kind=Image.Image)
INVERT = {"picture": PHOTOGRAPH, **MODEL}
THREE = {**{name: Option(f"recipe of the face {name.upper()}", name=name, kind=dict) for name in "abc"}, **MODEL}


class FaceEndpoints:
    """Answer by methods of the endpoints' names, whose docstrings are the endpoints' descriptions."""

    def __init__(self, handlers: FaceHandlers) -> None:
        self._handlers = handlers

    def sample_faces(self, asked: Asked) -> Iterator[Any]:
        """Draw faces of people who do not exist, 64x64 px; answers with pictures, their recipes, and a ZIP of both."""
        use = Sample.served(asked)
        recipes = self._handlers.recipes(use, asked["model"])
        yield from map(_drawn, self._handlers.gallery(recipes, use.stem(), asked["model"]))

    def edit_face(self, asked: Asked) -> Iterator[Any]:
        """Draw one face from its recipe, which may move it along named directions such as smiling or age."""
        recipe = Recipe.from_dict(asked["face"])
        with self._handlers.drawn(recipe, asked["model"]) as portrait:
            yield portrait.picture, recipe.to_dict()

    def morph_faces(self, asked: Asked) -> Iterator[Any]:
        """From face to face along great circles, as an animation of 256x256 px."""
        use = Morph.served(asked, faces=tuple(Recipe.from_dict(face) for face in asked["faces"]))
        yield from map(animated_outputs, self._handlers.drawing.draw(use, self._handlers.named(asked["model"])))

    def invert_face(self, asked: Asked) -> Iterator[Any]:
        """Find the model's face that comes closest to a photograph; streams the best so far, ends with that face.
        closeness: 0 to 1."""
        for step in self._handlers.find(asked["picture"], asked["model"]):
            if step.face is None:
                yield step.report.text, step.found, None, None
                continue
            for picture, face in self.edit_face({**asked, "face": step.face}):
                yield step.report.text, picture, face, step.closeness

    def add_faces(self, asked: Asked) -> Iterator[Any]:
        """Add up faces: A - B + C, such as one who smiles, less the same without, and another who is to smile."""
        _, face = self._handlers.combine([asked[name] for name in "abc"], asked["model"])
        yield from self.edit_face({**asked, "face": face})

    def map_faces(self, asked: Asked) -> Iterator[Any]:
        """Draw the faces between three, row by row, 9 x 9: A top left, B top right, C bottom left. Answers as
        sample_faces does."""
        yield from map(_drawn, self._handlers.map([asked[name] for name in "abc"], asked["model"]))


def build_face_endpoints(handlers: FaceHandlers) -> None:
    all_of = FaceEndpoints(handlers)
    for run, arguments, outputs, queue in (
        (all_of.sample_faces, SAMPLE, _gallery(), FACES),
        (all_of.edit_face, EDIT, _portrait(), FACES),
        (all_of.morph_faces, MORPH, animation_outputs(), PICTURES),
        (all_of.invert_face, INVERT, [gr.Textbox(label="status"), *_portrait(), gr.Number(label="closeness")], FACES),
        (all_of.add_faces, THREE, _portrait(), FACES),
        (all_of.map_faces, THREE, _gallery(), FACES),
    ):
        endpoint(handler_of(run, arguments), arguments, outputs, queue)


def _drawn(drawn: Gallery) -> tuple[Any, ...]:
    return drawn.report.text, drawn.pictures, drawn.recipes, drawn.archive


def _gallery() -> list[Any]:
    *pictures, archive = picture_components()
    return [*pictures, gr.JSON(label="faces"), archive]


def _portrait() -> list[Any]:
    return [gr.Image(label="picture", type="filepath", format="png"), gr.JSON(label="face")]
