"""Do with face models what the Faces tab and its endpoints ask for: draw, edit, find, add up, map, bring back."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from darkroom.checks import check_range, echo
from darkroom.models import Models
from darkroom.pictures import open_picture
from darkroom.uses import options
from dcgan import FacePipeline, Recipe
from dcgan.alignment import OVERSAMPLING, Frame, face_frame, face_or_square, framed
from dcgan.config import SIZE
from dcgan.export import enlarged_to
from dcgan.latent import snapped
from dcgan.recipe import load_recipes, save_png, save_zip
from dcgan.uses import Sample
from ui.device import Device, Turn
from ui.drawing import Drawing
from ui.links import MAX_BROWSER_SEED
from ui.reports import Estimate, Report, passing_folder, time_left

MAX_FACES = int(options(Sample)["count"].most or 0)  # shown at once
MAP_SIDE = 9  # faces
TABLE_COLUMNS = 8
MAX_ENTRY = 10.0  # of a latent in the table; most lie between -2 and 2

SURPRISES = 4  # faces, of which one is shown

OUTLINED_SIDE = 480  # px, of the photograph that shows a frame
OUTLINE, OUTLINE_PIXELS = "#f7b733", 4
LOOKING = "Looking for the nearest face"
NO_FACE = "No face was found in this photograph, so its central square counts."

Face = dict[str, Any]  # a recipe as plain values
Pins = list[Face | None]  # A, B and C


@dataclass(frozen=True)
class Gallery:
    """Hold faces that were drawn: their pictures as files, their recipes, and a ZIP of both."""

    report: Report
    pictures: list[str]
    recipes: list[Face]
    archive: str


@dataclass(frozen=True)
class Portrait:
    """Hold one face: its picture, which holds its recipe, as a file; its latent, on the grid of links, in rows."""

    picture: str
    table: list[list[float]]


@dataclass(frozen=True)
class Search:
    """Hold a search for the face of `wanted`, a part of a photograph; found: the best so far; face, closeness: at last
    its recipe, and 0 to 1."""

    report: Report
    wanted: Image.Image
    found: Image.Image | None = None
    face: Face | None = None
    closeness: float | None = None


class FaceHandlers:
    """Draw faces, and find them. A face is its recipe everywhere; nothing is kept between calls."""

    def __init__(self, models: Models[FacePipeline], device: Device) -> None:
        self.models, self.device, self.drawing = models, device, Drawing(models, device)

    def model(self, name: str | None) -> FacePipeline:
        """Return the model of this name; None: the first."""
        return self.models.get(self.named(name))

    def named(self, name: str | None) -> str:
        """Return the name of a model; None: of the first."""
        return name or self.models.names[0]

    def load(self, file: str | None, model: str | None) -> Iterator[Gallery]:
        """Draw the faces whose recipes are in a PNG, a ZIP or a latents.json."""
        if not file:
            raise ValueError("there is no file yet: choose a PNG, a ZIP or a latents.json that was downloaded here")
        faces, path = self.model(model), Path(file)
        try:
            recipes, origin = load_recipes(path)
        except Image.DecompressionBombError:
            raise ValueError(f"{path.name} is far larger than a face; nothing was read") from None
        if len(recipes) > MAX_FACES:
            raise ValueError(f"{path.name} holds {len(recipes)} faces; at most {MAX_FACES} are shown at once")
        theirs = origin.get("fingerprint")
        if theirs and theirs != faces.fingerprint:
            said = f"These faces were drawn by another model ({origin.get('name')}): here they look different."
            gr.Warning(escape(said))
        portable = [recipe if recipe.seed <= MAX_BROWSER_SEED else faces.explicit(recipe) for recipe in recipes]
        yield from self.gallery(portable, path.stem, model)

    def recipes(self, use: Sample, model: str | None) -> list[Recipe]:
        """Return the recipes of faces, which may be chosen among candidates."""
        faces = self.model(model)
        for _ in self.device.stream(Turn.FACE, faces.choosing(use.count, use.seed, use.truncation, use.best_of)):
            pass
        return use.recipes(faces)

    def gallery(
        self, recipes: Sequence[Recipe], name: str, model: str | None, turn: Turn = Turn.FACE
    ) -> Iterator[Gallery]:
        """Draw faces with files that hold their recipes; name: what their ZIP is called."""
        faces = self.model(model)
        images = self.device.run(turn, lambda: faces.generate_recipes(recipes))
        identity = faces.identity()
        with passing_folder() as folder:
            paths = [folder / f"face_{i:02}.png" for i in range(len(images))]
            for image, recipe, path in zip(images, recipes, paths, strict=True):
                save_png(image, recipe, identity, path)
            archive = folder / f"faces_{name}.zip"
            save_zip(images, recipes, identity, archive)
            report = Report(f"{len(images)} {'face' if len(images) == 1 else 'faces'}")
            plain = [recipe.to_dict() for recipe in recipes]
            yield Gallery(report, [str(path) for path in paths], plain, str(archive))

    @contextmanager
    def drawn(self, recipe: Recipe, model: str | None, side: int = SIZE) -> Iterator[Portrait]:
        """Draw a face; its file may be copied within the block. side: of the picture in px."""
        faces = self.model(model)
        z = faces.latent_of(recipe)
        (image,) = self.device.run(Turn.FACE, lambda: faces.generate(z))
        with passing_folder() as folder:
            path = folder / ("face.png" if side == SIZE else f"face_{side}.png")
            save_png(enlarged_to(image, side), recipe, faces.identity(), path)
            yield Portrait(str(path), [row.tolist() for row in snapped(z)[0].split(TABLE_COLUMNS)])

    def frame(self, photograph: str | None) -> Frame | None:
        """Return the square of a photograph that holds its largest face; None: there is no face."""
        opened = _opened(photograph)
        return self.device.run(Turn.PICTURE, lambda: face_frame(opened))

    def outlined(self, photograph: str | None, frame: Frame) -> Image.Image:
        """Return a photograph, reduced, that is dark outside a frame."""
        picture = _reduced(photograph).copy()
        corners = [(at.real, at.imag) for at in frame.corners(picture).tolist()]
        outside = Image.new("L", picture.size, 140)  # of 255, how dark
        ImageDraw.Draw(outside).polygon(corners, 0)
        picture.paste("black", mask=outside)
        ImageDraw.Draw(picture).line([*corners, *corners[:2]], OUTLINE, OUTLINE_PIXELS, "curve")
        return picture

    def find(self, photograph: str | None, model: str | None, frame: Frame | None = None) -> Iterator[Search]:
        """Search the model's face that comes closest to what a frame holds of a photograph.

        Without a frame it is the photograph's largest face, or its central square, which is said.
        """
        faces, opened = self.model(model), _opened(photograph)
        if frame:
            wanted, is_face = framed(opened, frame, OVERSAMPLING * SIZE), True
        else:
            wanted, is_face = self.device.run(Turn.PICTURE, lambda: face_or_square(opened))
        note = "" if is_face else f"{NO_FACE} "
        yield Search(Report(f"{note}{LOOKING}", 0), wanted)
        estimate = Estimate()
        for step in self.device.stream(Turn.PICTURE, faces.stream_invert(wanted)):
            z = snapped(step.z)
            (found,) = self.device.run(Turn.FACE, lambda: faces.generate(z))  # noqa: B023, it is called at once
            share = step.step / step.steps
            said = f"{note}{LOOKING}{time_left(estimate.take_share(share))}"
            yield Search(Report(said, share), wanted, found)
        said = f"{note}Closeness {step.closeness:.0%}. {step.likeness}"
        yield Search(Report(said), wanted, found, _face(z), step.closeness)

    def near(self, face: Face, model: str | None, seed: int | None = None) -> Face:
        """Return the recipe of another face like this one, the same for the same seed; None: a random one.

        It is the steadiest of a few that the detector takes for a face, or the least steady one.
        """
        faces = self.model(model)
        z = faces.latent_of(Recipe.from_dict(face))
        first = secrets.randbelow(MAX_BROWSER_SEED) if seed is None else seed
        others = torch.cat([snapped(faces.near(z, other)) for other in range(first, first + SURPRISES)])
        order = self.device.run(Turn.FACE, lambda: faces.steadiness(others)).argsort(descending=True)
        for turned in others[order].split(1):
            if any(self.device.run(Turn.FACE, lambda: faces.detect(turned))):  # noqa: B023, it is called at once
                break
        return _face(turned)

    def combine(self, pins: Pins, model: str | None) -> tuple[list[Image.Image], Face]:
        """Compute A - B + C: pictures of the three and of the result, and the result's recipe."""
        faces = self.model(model)
        a, b, c = _three(faces, pins)
        result = snapped(faces.arithmetic(a, b, c))
        return self.device.run(Turn.FACE, lambda: faces.generate(torch.cat([a, b, c, result]))), _face(result)

    def map(self, pins: Pins, model: str | None) -> Iterator[Gallery]:
        """Draw the faces of the plane through A, B and C, row by row."""
        faces = self.model(model)
        z = snapped(faces.plane(*_three(faces, pins), MAP_SIDE))
        yield from self.gallery([Recipe(z=tuple(row)) for row in z.tolist()], "map", model, Turn.PICTURE)

    def edit_latent(self, table: Sequence[Sequence[Any]], model: str | None) -> Face:
        """Return the recipe of a `Portrait.table` in which entries were changed. Raises ValueError."""
        faces = self.model(model)
        entries, needed = [entry for row in table for entry in row], faces.config.latent_dim
        if len(entries) < needed:
            raise ValueError(f"the table holds {len(entries)} numbers; {needed} are needed")
        return _face(faces.latent_of(Recipe.from_dict({"z": [_entry(entry) for entry in entries[:needed]]})))


def _opened(photograph: str | None) -> Image.Image:
    """Open a photograph. Raises ValueError where there is none, and PictureError."""
    if not photograph:
        raise ValueError("there is no photograph yet: choose a picture of a face")
    return open_picture(photograph)


@lru_cache(maxsize=8)
def _reduced(photograph: str | None) -> Image.Image:
    """Open a photograph to show a frame on it, which is done at each move of a slider; an upload's content names it."""
    picture = _opened(photograph)
    picture.thumbnail((OUTLINED_SIDE, OUTLINED_SIDE))
    return picture


def _face(z: Tensor) -> Face:
    """Return the plain recipe of a latent (1, latent_dim), on the grid that links hold in short."""
    return Recipe(z=tuple(snapped(z)[0].tolist())).to_dict()


def _entry(typed: Any) -> float:
    """Return an entry of a latent, which comes as a text. Raises ValueError."""
    try:
        number = float(typed)
    except (TypeError, ValueError):
        raise ValueError(f"an entry of the latent is {echo(typed)}; a number is needed") from None
    check_range("an entry of the latent", number, -MAX_ENTRY, MAX_ENTRY)
    return number


def _three(faces: FacePipeline, pins: Pins) -> tuple[Tensor, Tensor, Tensor]:
    missing = [name for name, pin in zip("ABC", pins, strict=True) if pin is None]
    if missing:
        names = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
        raise ValueError(f"no face is kept as {names} yet: A, B and C are needed")
    a, b, c = (faces.latent_of(Recipe.from_dict(pin)) for pin in pins)
    return a, b, c
