"""A face's recipe: what draws it again, the same in links, PNG text, `latents.json` and endpoints."""

import base64
import binascii
import json
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from darkroom.checks import check_range, check_whole, echo
from darkroom.files import atomic, check_zip, why
from darkroom.model_files import read_json
from darkroom.seeds import MAX_SEED
from dcgan.config import LATENT_GRID, MAX_LATENT_DIM

TEXT_KEY = "darkroom"
LATENTS_FILE = "latents.json"
MAX_TRUNCATION = 2.0  # of recipes, where it scales
MAX_MOVE = 10.0  # standard deviations
MAX_INDEX = 1_000_000
MAX_MOVES = 1000
MAX_NAME_LENGTH = 100  # characters of a direction's or a model's name
MAX_LATENT_ENTRY = 1e6  # up or down: draws stay below 6
MAX_RECIPES_IN_FILE = 1000
MAX_JSON_BYTES = 2_500_000  # 64 faces of 1024 entries and 200 moves take 2.04 MB
MAX_ZIP_BYTES, MAX_ZIP_ENTRIES = 100_000_000, 2_000  # of faces; 1000 of them have 15 MB
MAX_TEXT_PIXELS = 4_000_000  # of a PNG whose text may stand behind its picture, which is decoded first
MAX_ERROR_LENGTH = 100  # characters of what a library says
# The parts of a token: 7.3.1v0.8~smiling=1.5, or z or q and the latent in base64.
PART, VARIETY, LATENT, SHORT = "~", "v", "z", "q"
PNG_START = b"\x89PNG\r\n\x1a\n"


class RecipeError(ValueError):
    """A recipe or a file of recipes that cannot be used, and why."""


def _moves(values: Any) -> dict[str, float]:
    """Check moves and leave out those of 0. Raises ValueError."""
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise RecipeError(f"moves is {echo(values)}; an object of directions' names and numbers is needed")
    if len(values) > MAX_MOVES:
        raise RecipeError(f"moves has {len(values)} entries; at most {MAX_MOVES} are allowed")
    for name, amount in values.items():
        if not isinstance(name, str) or len(name) > MAX_NAME_LENGTH:
            raise RecipeError(f"a direction's name is {echo(name)}; at most {MAX_NAME_LENGTH} characters are allowed")
        check_range(f"moves[{echo(name)}]", amount, -MAX_MOVE, MAX_MOVE)
    return {name: float(amount) for name, amount in values.items() if amount}


def _entries(values: Any) -> tuple[float, ...]:
    """Check the entries of an explicit latent. Raises ValueError."""
    if not isinstance(values, Sequence) or isinstance(values, str | bytes) or not values:
        raise RecipeError(f"z is {echo(values)}; a list of numbers is needed")
    if len(values) > MAX_LATENT_DIM:
        raise RecipeError(f"z has {len(values)} entries; at most {MAX_LATENT_DIM} are allowed")
    for entry in values:
        check_range("an entry of z", entry, -MAX_LATENT_ENTRY, MAX_LATENT_ENTRY)
    return tuple(map(float, values))


@dataclass(frozen=True)
class Recipe:
    """Face `index` of `seed` at a variety, or an explicit latent z, and moves along named directions from there.

    truncation: what the latent is multiplied by, 0 to 2, as recipes had it before there was a variety; 1 in all others.
    moves: directions' names to standard deviations of z. variety: 0 to 1, what `FacePipeline.latents` calls truncation.
    """

    seed: int = 0
    index: int = 0
    truncation: float = 1.0
    moves: Mapping[str, float] = field(default_factory=dict)
    z: tuple[float, ...] | None = None
    variety: float = 1.0

    @classmethod
    def from_dict(cls, values: Any) -> "Recipe":
        """Read {"seed", "index", "truncation", "moves", "variety"} or {"z", "moves"}, all optional.

        Raises ValueError with the key, its value and what is allowed. Keys of other meaning are ignored.
        """
        if not isinstance(values, Mapping):
            needed = "an object with seed, index, truncation and moves is needed"
            raise RecipeError(f"a face's recipe is {echo(values)}; {needed}")
        moves = _moves(values.get("moves"))
        if values.get("z") is not None:
            return cls(moves=moves, z=_entries(values["z"]))
        truncation, variety = values.get("truncation", 1.0), values.get("variety", 1.0)
        check_range("truncation", truncation, 0, MAX_TRUNCATION)
        check_range("variety", variety, 0, 1)
        seed = check_whole("seed", values.get("seed", 0), 0, MAX_SEED)
        index = check_whole("index", values.get("index", 0), 0, MAX_INDEX)
        return cls(seed, index, float(truncation), moves, variety=float(variety))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, which `from_dict` reads; a variety of 1 is left out."""
        moves = dict(self.moves)
        if self.z is not None:
            return {"z": list(self.z), "moves": moves}
        drawn = {"seed": self.seed, "index": self.index, "truncation": self.truncation, "moves": moves}
        return drawn if self.variety == 1 else {**drawn, "variety": self.variety}


def save_png(image: Image.Image, recipe: Recipe, model: dict[str, Any], path: str | Path) -> None:
    """Write a face as PNG; its text chunk `darkroom` holds recipe and model as JSON."""
    with atomic(path) as part:
        image.save(part, format="PNG", pnginfo=_text(recipe, model))


def _text(recipe: Recipe, model: dict[str, Any]) -> PngImagePlugin.PngInfo:
    text = PngImagePlugin.PngInfo()
    text.add_text(TEXT_KEY, json.dumps({**recipe.to_dict(), "model": model}))
    return text


def save_zip(images: Sequence[Image.Image], recipes: Sequence[Recipe], model: dict[str, Any], path: str | Path) -> None:
    """Write faces as PNGs with their recipes, and all recipes once more in `latents.json`."""
    names = [f"face_{i:04}.png" for i in range(len(images))]
    faces = [{"file": name, **recipe.to_dict()} for name, recipe in zip(names, recipes, strict=True)]
    with atomic(path) as part, zipfile.ZipFile(part, "w") as archive:  # stored: PNGs do not get smaller
        for name, image, recipe in zip(names, images, recipes, strict=True):
            with archive.open(name, "w") as file:
                image.save(file, format="PNG", pnginfo=_text(recipe, model))
        archive.writestr(LATENTS_FILE, json.dumps({"model": model, "faces": faces}, indent=1) + "\n")


def load_recipes(path: str | Path) -> tuple[list[Recipe], dict[str, Any]]:
    """Read the recipes in a PNG, a ZIP or a latents.json that this module wrote, and the model that they belong to.

    Raises RecipeError where there is none, or there is more than 64 faces need.
    """
    path = Path(path)
    try:
        values = read_json(_json_of(path), MAX_JSON_BYTES)
    except RecipeError:
        raise
    except OSError as error:
        raise RecipeError(f"a file of recipes cannot be read: {why(error)}") from None
    except ValueError as error:
        raise RecipeError(f"{path.name} holds no recipe of a face: {error}") from None
    faces = values.get("faces", [values]) if isinstance(values, dict) else None
    if not isinstance(faces, list) or not faces:
        raise RecipeError(f"{path.name} holds no recipe of a face")
    if len(faces) > MAX_RECIPES_IN_FILE:
        raise RecipeError(f"{path.name} holds {len(faces)} faces; at most {MAX_RECIPES_IN_FILE} are allowed")
    try:
        return [Recipe.from_dict(face) for face in faces], _identity(values.get("model"))
    except ValueError as error:
        raise RecipeError(f"{path.name}: {error}") from None


def _identity(model: Any) -> dict[str, Any]:
    """Take what a file says of the model that drew its faces: short texts and numbers, whatever stands there."""
    if not isinstance(model, dict):
        return {}
    known = {key: model.get(key) for key in ("name", "fingerprint", "latent_dim")}
    return {
        key: value
        for key, value in known.items()
        if isinstance(value, str | int) and len(str(value)) <= MAX_NAME_LENGTH
    }


def _json_of(path: Path) -> str | bytes:
    """Read the JSON that a file holds, at most a byte more than is allowed. Raises ValueError, OSError."""
    with path.open("rb") as file:
        start = file.read(MAX_JSON_BYTES + 1)
    if start.startswith(PNG_START):
        return _png_text(path)
    if zipfile.is_zipfile(path):
        return _zipped(path)
    if path.suffix.lower() == ".json" or start.lstrip().startswith(b"{"):
        return start
    raise RecipeError(f"{path.name} is neither a PNG, a ZIP nor a latents.json")


def _zipped(path: Path) -> bytes:
    check_zip(path, MAX_ZIP_BYTES, MAX_ZIP_ENTRIES)
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(LATENTS_FILE)
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without bounds
                raise NotImplementedError("it is packed by a method that is not known here")
            with archive.open(info) as file:
                return file.read(MAX_JSON_BYTES + 1)  # whatever size its entry says
    except KeyError:
        raise RecipeError(f"{path.name} is a ZIP without {LATENTS_FILE}: it holds no recipe of a face") from None
    except Exception as error:  # each method of compression has exceptions of its own
        raise RecipeError(f"{LATENTS_FILE} in {path.name} is damaged: {_line(error)}") from None


def _png_text(path: Path) -> str:
    try:
        with Image.open(path, formats=("PNG",)) as image:
            if TEXT_KEY not in image.info and image.width * image.height <= MAX_TEXT_PIXELS:
                image.load()
            text = image.info.get(TEXT_KEY)
    except Exception as error:  # Pillow's decoders have exceptions of their own
        raise RecipeError(f"{path.name} is damaged: {_line(error)}") from None
    if text is None:
        raise RecipeError(f"{path.name} is a picture without a recipe; load it as a photograph instead")
    return str(text)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:MAX_ERROR_LENGTH] or type(error).__name__


def face_token(recipe: Recipe) -> str:
    """Write a recipe as a word, for links.

    It is SEED.INDEX.TRUNCATION, with vVARIETY behind it where that is not 1, or q and its latent in steps of
    1/LATENT_GRID (int8, base64), or z and any other latent (float32, base64); then ~NAME=AMOUNT of each move.
    """
    if recipe.z is None:
        head = f"{recipe.seed}.{recipe.index}.{_short(recipe.truncation)}"
        if recipe.variety != 1:
            head += VARIETY + _short(recipe.variety)
    else:
        head = _packed(recipe.z)
    return PART.join([head, *(f"{name}={_short(amount)}" for name, amount in recipe.moves.items())])


def read_face(token: str) -> Recipe:
    """Read what `face_token` wrote. Raises ValueError."""
    head, *moves = token.split(PART)
    pairs = [move.partition("=") for move in moves]
    amounts = {name: _parsed(float, amount, f"a number for {name}") for name, _, amount in pairs}
    values: dict[str, Any] = {"moves": amounts}
    if head.startswith(LATENT):
        return Recipe.from_dict({**values, "z": _unpacked(head.removeprefix(LATENT), "f")})
    if head.startswith(SHORT):
        return Recipe.from_dict(
            {**values, "z": [steps / LATENT_GRID for steps in _unpacked(head.removeprefix(SHORT), "b")]}
        )
    parts = head.split(".", 2)
    if len(parts) != 3:
        raise RecipeError("SEED.INDEX.TRUNCATION is needed")
    values["seed"] = _parsed(int, parts[0], "a seed")
    values["index"] = _parsed(int, parts[1], "an index")
    truncation, _, variety = parts[2].partition(VARIETY)
    values["truncation"] = _parsed(float, truncation, "a truncation")
    values["variety"] = _parsed(float, variety or "1", "a variety")
    return Recipe.from_dict(values)


def _short(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


def _parsed(kind: Callable[[str], float], text: str, what: str) -> float:
    try:
        return kind(text)
    except ValueError:
        raise RecipeError(f"{what} is needed") from None


def _packed(z: Sequence[float]) -> str:
    """Write a latent in letters, a third as many where all entries are steps of the grid, and below 4."""
    steps = [round(entry * LATENT_GRID) for entry in z]
    short = all(-128 <= n <= 127 and n / LATENT_GRID == entry for n, entry in zip(steps, z, strict=True))
    packed = struct.pack(f"<{len(z)}b", *steps) if short else struct.pack(f"<{len(z)}f", *z)
    return (SHORT if short else LATENT) + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _unpacked(text: str, kind: str) -> list[float]:
    """Read what `_packed` wrote; kind: of its numbers, as in `struct`. Raises RecipeError."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return list(struct.unpack(f"<{len(packed) // struct.calcsize(kind)}{kind}", packed))
    except (binascii.Error, struct.error):
        raise RecipeError("the latent is cut off or altered") from None
