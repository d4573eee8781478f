"""What the Faces tab and its endpoints do: draw, edit, morph, take away and bring back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import torch
from PIL import Image
from torch import Tensor

from darkroom.animations import playback_note
from darkroom.checks import check_choice, check_range
from dcgan import FacePipeline, Recipe
from dcgan.data import square
from dcgan.export import MORPH_FORMATS, save_morph
from dcgan.recipe import MAX_TRUNCATION, load_recipes, save_png, save_zip
from singan.image import open_picture
from ui.device import Device, Turn
from ui.models import Models
from ui.parts import Report, bounded, passing_folder, warn, whole

MAX_FACES, MAX_FRAMES = 64, 240
MAP_SIDE = 9  # faces
TABLE_COLUMNS = 8
MAX_ENTRY = 10.0  # of a latent in the table; most lie between -2 and 2
MAX_BROWSER_SEED = 2**53 - 1  # browsers round larger whole numbers
# How close a found face is (`Inversion.closeness`): a photograph of anybody comes to about .7, noise to .5.
LIKENESS = (
    (0.9, "Almost the same picture."),
    (0.8, "A close likeness."),
    (0.6, "A likeness in pose and colours, not of the person: the model draws only faces like those it has learnt."),
    (0.0, "Hardly alike: this picture is far from all faces that the model can draw."),
)

Face = dict[str, Any]  # a recipe as plain values
Pins = list[Face | None]  # A, B and C


class FaceHandlers:
    """What the tab's buttons and the endpoints do. A face is its recipe everywhere; nothing is kept between calls."""

    def __init__(self, models: Models[FacePipeline], device: Device) -> None:
        self.models, self.device = models, device

    def model(self, name: str | None) -> FacePipeline:
        """The model of this name; None: the first."""
        return self.models.get(name or self.models.names[0])

    def sample_faces(
        self,
        seed: int = 0,
        count: int = 16,
        truncation: float = 1.0,
        model: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """Draw faces of people who do not exist, 64x64 px; answers with pictures, their recipes, and a ZIP of both.

        Args:
            seed: of the draws; face i of a seed is always the same.
            count: number of faces, 1 to 64.
            truncation: 0 to 2; below 1 faces are more alike.
            model: name of a face model; by default the first.
        """
        faces = self.model(model)
        seed, count = whole("seed", seed), bounded("count", count, MAX_FACES)
        check_range("truncation", truncation, 0, MAX_TRUNCATION)
        recipes = [Recipe(seed, index, float(truncation)) for index in range(count)]
        yield from self._shown_faces(faces, recipes, f"seed{seed}")

    def load_faces(self, file: str | None, model: str | None) -> Iterator[tuple[Any, ...]]:
        """The faces whose recipes are in a PNG, a ZIP or a latents.json."""
        if not file:
            raise ValueError("there is no file yet: choose a PNG, a ZIP or a latents.json that was downloaded here")
        faces = self.model(model)
        try:
            recipes, origin = load_recipes(Path(file))
        except Image.DecompressionBombError:
            raise ValueError(f"{Path(file).name} is far larger than a face; nothing was read") from None
        if len(recipes) > MAX_FACES:
            raise ValueError(f"{Path(file).name} holds {len(recipes)} faces; at most {MAX_FACES} are shown at once")
        theirs = origin.get("fingerprint")
        if theirs and theirs != faces.fingerprint:
            warn(f"These faces were drawn by another model ({origin.get('name')}): here they look different.")
        portable = [recipe if recipe.seed <= MAX_BROWSER_SEED else _explicit(faces, recipe) for recipe in recipes]
        yield from self._shown_faces(faces, portable, Path(file).stem)

    def _shown_faces(self, faces: FacePipeline, recipes: Sequence[Recipe], name: str) -> Iterator[tuple[Any, ...]]:
        """Status, the gallery's pictures, their recipes, and all of it as a ZIP."""
        images = self.device.run(Turn.FACE, lambda: faces.generate_recipes(recipes))
        identity = faces.identity()
        with passing_folder() as folder:
            paths = [folder / f"face_{i:02}.png" for i in range(len(images))]
            for image, recipe, path in zip(images, recipes, paths, strict=True):
                save_png(image, recipe, identity, path)
            archive = folder / f"faces_{name}.zip"
            save_zip(images, recipes, identity, archive)
            what = "face" if len(images) == 1 else "faces"
            yield (
                Report(f"{len(images)} {what}"),
                [str(path) for path in paths],
                [recipe.to_dict() for recipe in recipes],
                str(archive),
            )

    def edit_face(self, face: dict[str, Any], model: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Draw one face from its recipe, which may move it along named directions such as smiling or age.

        Args:
            face: {"seed", "index", "truncation", "moves"} or {"z", "moves"}; moves: /models' directions to -10 to 10.
            model: name of a face model; by default the first.
        """
        faces, recipe = self.model(model), Recipe.from_dict(face)
        with passing_folder() as folder:
            path = folder / "face.png"
            self._save(faces, recipe, path)
            yield str(path), recipe.to_dict()

    def morph_faces(
        self,
        faces: list[dict[str, Any]],
        frames: int = 60,
        loop: bool = True,
        fps: float = 20,
        format: str = "mp4",
        model: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """From face to face along great circles, as an animation of 256x256 px.

        Args:
            faces: the recipes of 2 or more faces.
            frames: number of frames, 2 to 240.
            loop: whether the last face goes back to the first.
            fps: frames a second, 1 to 60.
            format: "mp4" or "gif".
            model: name of a face model; by default the first.
        """
        pipeline = self.model(model)
        if not isinstance(faces, list) or len(faces) < 2:
            raise ValueError("there are fewer than two faces to morph: choose A and B first")
        check_choice("format", format, MORPH_FORMATS)
        check_range("fps", fps, 1, 60)
        count = bounded("frames", frames, MAX_FRAMES)
        z = torch.cat([pipeline.latent_of(Recipe.from_dict(face)) for face in faces])
        images = self.device.run(Turn.PICTURE, lambda: pipeline.morph(z, count, loop))
        with passing_folder() as folder:
            path = folder / f"morph.{format}"
            save_morph(images, path, fps)
            image, video = (None, str(path)) if format == "mp4" else (str(path), None)
            yield Report(f"{count} frames").noted(playback_note(format, fps)), image, video, str(path)

    # -- what only the page offers -----------------------------------------------------------------------------------

    def find_face(self, photograph: str | None, model: str | None) -> Iterator[tuple[Any, ...]]:
        """Searches the face that comes closest to a photograph's central square.

        Yields a report, the square, the best face so far or None, and at the end its recipe.
        """
        if not photograph:
            raise ValueError("there is no photograph yet: choose a picture of a face")
        faces = self.model(model)
        wanted = square(open_picture(photograph), 256)
        yield Report("Looking for this face", 0), wanted, None, gr.skip()
        for step in self.device.stream(Turn.PICTURE, faces.stream_invert(wanted)):
            z = step.z
            (found,) = self.device.run(Turn.FACE, lambda: faces.generate(z))  # noqa: B023, it is called at once
            report = Report(f"Looking for this face: step {step.step} of {step.steps}", step.step / step.steps)
            yield report, wanted, found, gr.skip()
        words = next(words for least, words in LIKENESS if step.closeness >= least)
        yield Report(f"Closeness {step.closeness:.0%}. {words}"), wanted, found, _recipe(step.z)

    def near(self, face: Face, model: str | None, seed: int | None = None) -> Face:
        """The recipe of another face like this one; the same for the same seed, by default a random one's."""
        faces = self.model(model)
        seed = secrets.randbelow(MAX_BROWSER_SEED) if seed is None else seed
        return _recipe(faces.near(faces.latent_of(Recipe.from_dict(face)), seed))

    def portraits(self, recipes: Sequence[Face | None], model: str | None) -> Iterator[list[str | None]]:
        """The pictures of recipes; None for None."""
        with passing_folder() as folder:
            paths: list[str | None] = []
            for i, face in enumerate(recipes):
                path = folder / f"face_{i:02}.png"
                paths.append(str(path) if face else None)
                if face:
                    self._save(self.model(model), Recipe.from_dict(face), path)
            yield paths

    def _save(self, faces: FacePipeline, recipe: Recipe, path: Path) -> None:
        (image,) = self.device.run(Turn.FACE, lambda: faces.generate_recipes([recipe]))
        save_png(image, recipe, faces.identity(), path)

    def combine(self, pins: Pins, model: str | None) -> tuple[list[Image.Image], Face]:
        """A - B + C: pictures of the three and of the result, and the result's recipe."""
        faces = self.model(model)
        a, b, c = _three(faces, pins)
        result = faces.arithmetic(a, b, c)
        return self.device.run(Turn.FACE, lambda: faces.generate(torch.cat([a, b, c, result]))), _recipe(result)

    def draw_map(self, pins: Pins, model: str | None) -> Iterator[list[str]]:
        """The faces of the plane through A, B and C, row by row."""
        faces = self.model(model)
        z = faces.plane(*_three(faces, pins), MAP_SIDE)
        images = self.device.run(Turn.PICTURE, lambda: faces.generate(z))
        with passing_folder() as folder:
            paths = [folder / f"map_{i:02}.png" for i in range(len(images))]
            for image, path in zip(images, paths, strict=True):
                image.save(path)
            yield [str(path) for path in paths]

    def face_on_map(self, pins: Pins, index: int, model: str | None) -> Face:
        """The recipe of a face on the map through A, B and C."""
        faces = self.model(model)
        check_range("index", index, 0, MAP_SIDE**2 - 1)
        return _recipe(faces.plane(*_three(faces, pins), MAP_SIDE)[index][None])

    def latent_table(self, face: Face, model: str | None) -> list[list[float | None]]:
        """The entries of a face's latent, rounded for reading, in rows; the last row is filled with None."""
        return _rows([round(entry, 2) for entry in self._entries(face, model)])

    def edit_latent(self, face: Face, table: Sequence[Sequence[Any]], model: str | None) -> Face:
        """The recipe after entries of its `latent_table` were changed; the others keep their exact values."""
        exact = self._entries(face, model)
        entries = [entry for row in table for entry in row][: len(exact)]
        if len(entries) < len(exact):
            raise ValueError(f"the table holds {len(entries)} numbers; {len(exact)} are needed")
        if entries == [round(entry, 2) for entry in exact]:
            return face
        pairs = zip(exact, entries, strict=True)
        return _recipe(torch.tensor([[_entry(old, new) for old, new in pairs]]))

    def _entries(self, face: Face, model: str | None) -> list[float]:
        return [float(entry) for entry in self.model(model).latent_of(Recipe.from_dict(face))[0]]


def _recipe(z: Tensor) -> Face:
    """The plain recipe of a latent (1, latent_dim)."""
    return Recipe(z=tuple(z[0].tolist())).to_dict()


def _explicit(faces: FacePipeline, recipe: Recipe) -> Recipe:
    """The same face by its latent instead of its seed."""
    unmoved = faces.latent_of(replace(recipe, moves={}))
    return replace(recipe, seed=0, index=0, truncation=1.0, z=tuple(unmoved[0].tolist()))


def _three(faces: FacePipeline, pins: Pins) -> tuple[Tensor, Tensor, Tensor]:
    missing = [name for name, pin in zip("ABC", pins, strict=True) if not pin]
    if missing:
        names = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
        raise ValueError(f"no face is kept as {names} yet: A, B and C are needed")
    a, b, c = (faces.latent_of(Recipe.from_dict(pin)) for pin in pins)
    return a, b, c


def _entry(old: float, new: Any) -> float:
    """An entry after its rounded value was perhaps replaced."""
    try:
        number = float(new)
    except (TypeError, ValueError):
        raise ValueError(f"an entry of the latent is {new!r}; a number is needed") from None
    if number == round(old, 2):
        return old
    check_range("an entry of the latent", number, -MAX_ENTRY, MAX_ENTRY)
    return number


def _rows(entries: Sequence[float]) -> list[list[float | None]]:
    filled = [*entries, *[None] * (-len(entries) % TABLE_COLUMNS)]
    return [filled[i : i + TABLE_COLUMNS] for i in range(0, len(filled), TABLE_COLUMNS)]
