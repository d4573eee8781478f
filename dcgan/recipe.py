"""A face's recipe: what draws it again, the same in links, PNG text, `latents.json` and endpoints."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin, UnidentifiedImageError

from darkroom.checks import check_range
from darkroom.files import atomic
from darkroom.seeds import MAX_SEED

TEXT_KEY = "darkroom"
LATENTS_FILE = "latents.json"
MAX_TRUNCATION = 2.0
MAX_MOVE = 10.0  # standard deviations
MAX_INDEX = 1_000_000
MAX_JSON_BYTES = 50_000_000


class RecipeError(ValueError):
    """A recipe or a file of recipes that cannot be used, and why."""


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RecipeError(f"{name} is {value!r}; a number is needed")
    return float(value)


def _whole(name: str, value: Any, high: int) -> int:
    number = _number(name, value)
    if number != int(number):
        raise RecipeError(f"{name} is {value!r}; a whole number is needed")
    check_range(name, number, 0, high)
    return int(value)


@dataclass(frozen=True)
class Recipe:
    """Face `index` of `seed` at a truncation, or an explicit latent z, and moves along named directions from there.

    moves: directions' names to standard deviations of z.
    """

    seed: int = 0
    index: int = 0
    truncation: float = 1.0
    moves: Mapping[str, float] = field(default_factory=dict)
    z: tuple[float, ...] | None = None

    @classmethod
    def from_dict(cls, values: Any) -> Recipe:
        """From {"seed", "index", "truncation", "moves"} or {"z", "moves"}, all optional.

        Raises ValueError with the key, its value and what is allowed. Keys of other meaning are ignored.
        """
        if not isinstance(values, Mapping):
            raise RecipeError(
                f"a face's recipe is {values!r}; an object with seed, index, truncation and moves is needed"
            )
        moves = values.get("moves") or {}
        if not isinstance(moves, Mapping):
            raise RecipeError(f"moves is {moves!r}; an object of directions' names and numbers is needed")
        for name, amount in moves.items():
            check_range(f"moves[{name!r}]", _number(f"moves[{name!r}]", amount), -MAX_MOVE, MAX_MOVE)
        kept = {str(name): float(amount) for name, amount in moves.items() if amount}
        z = values.get("z")
        if z is not None:
            if not isinstance(z, Sequence) or isinstance(z, str):
                raise RecipeError(f"z is {z!r}; a list of numbers is needed")
            return cls(moves=kept, z=tuple(_number("an entry of z", entry) for entry in z))
        truncation = _number("truncation", values.get("truncation", 1.0))
        check_range("truncation", truncation, 0, MAX_TRUNCATION)
        return cls(
            _whole("seed", values.get("seed", 0), MAX_SEED), _whole("index", values.get("index", 0), MAX_INDEX),
            truncation, kept,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Inverse of `from_dict`: plain values for JSON."""
        if self.z is not None:
            return {"z": list(self.z), "moves": dict(self.moves)}
        return {"seed": self.seed, "index": self.index, "truncation": self.truncation, "moves": dict(self.moves)}


def save_png(image: Image.Image, recipe: Recipe, model: dict[str, Any], path: Path) -> None:
    """A face as PNG; its text chunk `darkroom` holds recipe and model as JSON."""
    with atomic(path) as part:
        image.save(part, format="PNG", pnginfo=_text(recipe, model))


def _text(recipe: Recipe, model: dict[str, Any]) -> PngImagePlugin.PngInfo:
    text = PngImagePlugin.PngInfo()
    text.add_text(TEXT_KEY, json.dumps({**recipe.to_dict(), "model": model}))
    return text


def save_zip(images: Sequence[Image.Image], recipes: Sequence[Recipe], model: dict[str, Any], path: Path) -> None:
    """The faces as PNGs with their recipes, and all recipes once more in `latents.json`."""
    names = [f"face_{i:04}.png" for i in range(len(images))]
    faces = [{"file": name, **recipe.to_dict()} for name, recipe in zip(names, recipes, strict=True)]
    with atomic(path) as part, zipfile.ZipFile(part, "w") as archive:  # stored: PNGs do not get smaller
        for name, image, recipe in zip(names, images, recipes, strict=True):
            with archive.open(name, "w") as file:
                image.save(file, format="PNG", pnginfo=_text(recipe, model))
        archive.writestr(LATENTS_FILE, json.dumps({"model": model, "faces": faces}, indent=1) + "\n")


def load_recipes(path: Path) -> tuple[list[Recipe], dict[str, Any]]:
    """The recipes in a PNG, a ZIP or a latents.json that this module wrote, and the model that they belong to.

    Raises RecipeError where there is none.
    """
    try:
        values = json.loads(_json_of(path))
    except (KeyError, OSError, UnicodeDecodeError, json.JSONDecodeError, zipfile.BadZipFile) as error:
        raise RecipeError(f"{path.name} holds no recipe of a face: {' '.join(str(error).split())}") from None
    faces = values.get("faces", [values]) if isinstance(values, dict) else None
    if not isinstance(faces, list) or not faces:
        raise RecipeError(f"{path.name} holds no recipe of a face")
    try:
        recipes = [Recipe.from_dict(face) for face in faces]
    except ValueError as error:
        raise RecipeError(f"{path.name}: {error}") from None
    model = values.get("model")
    return recipes, model if isinstance(model, dict) else {}


def _json_of(path: Path) -> str | bytes:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(LATENTS_FILE).file_size > MAX_JSON_BYTES:
                raise RecipeError(f"{LATENTS_FILE} in {path.name} is larger than {MAX_JSON_BYTES // 10**6} MB")
            return archive.read(LATENTS_FILE)
    if path.suffix.lower() == ".json":
        return path.read_bytes()
    try:
        with Image.open(path, formats=("PNG",)) as image:
            image.load()
            return str(getattr(image, "text", {})[TEXT_KEY])
    except UnidentifiedImageError:
        raise RecipeError(f"{path.name} is neither a PNG, a ZIP nor a latents.json") from None
    except KeyError:
        raise RecipeError(f"{path.name} is a picture without a recipe; load it as a photograph instead") from None
