"""Write the Faces tab as a link, and read it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from darkroom.checks import check_range
from darkroom.uses import options
from dcgan import FacePipeline, Recipe
from dcgan.recipe import MAX_INDEX, MAX_MOVE, MAX_TRUNCATION, face_token, read_face
from dcgan.uses import Morph, Sample
from dcgan.uses.sample import OPENING_BEST_OF, OPENING_SEED, OPENING_VARIETY
from ui.faces.handlers import MAX_FACES, Face, FaceHandlers, Pins
from ui.links import MAX_BROWSER_SEED, Query, read_option

VIEWS = ("edit", "morph", "map")
PIN_KEYS = ("a", "b", "c")
SEPARATOR = ","  # of several faces, or of indices
TAKEN = {
    "tab", "model", "seed", "count", "truncation", "variety", "best_of", "indices", "face", "index", "view", "faces",
    *PIN_KEYS, *options(Morph),
}  # fmt: skip
# What people look for first; names that a model adds come after these.
ORDER = ("smiling", "age", "glasses", "beard", "hat", "blond_hair", "dark_hair", "bangs", "skin_tone")


def in_order(names: Iterable[str]) -> list[str]:
    """Sort directions as the page lists them."""
    return sorted(names, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


@dataclass(frozen=True)
class Opened:
    """Hold what a link shows.

    drawn: the faces to choose from; motion: how the morph moves, and through which faces, none where those are A, B and
    C; scale: the truncation of links from before there was a variety, 1 in others; indices: of the drawn faces.
    """

    model: str
    drawn: Sample = Sample(OPENING_SEED, truncation=OPENING_VARIETY, best_of=OPENING_BEST_OF)
    face: Face = field(default_factory=lambda: Recipe(OPENING_SEED, variety=OPENING_VARIETY).to_dict())
    pins: Pins = field(default_factory=lambda: [None, None, None])
    view: str = "edit"
    motion: Morph = Morph()
    scale: float = 1.0
    indices: list[int] = field(default_factory=list)


def gallery_keys(recipes: Sequence[Face], best_of: int = 1) -> dict[str, Any]:
    """Return the keys that draw faces of one seed, 0, 1, ... or the chosen ones; {} for others, which no link holds."""
    first = Recipe.from_dict({**recipes[0], "moves": {}})
    indices = range(len(recipes)) if best_of == 1 else [recipe["index"] for recipe in recipes]
    drawn = [replace(first, index=i).to_dict() for i in indices]
    if first.z is not None or 1 not in (first.variety, first.truncation) or recipes != drawn:
        return {}
    varied = {"variety": first.variety} if first.truncation == 1 else {"truncation": first.truncation}
    chosen = {} if best_of == 1 else {"best_of": best_of, "indices": SEPARATOR.join(map(str, indices))}
    return {"seed": first.seed, "count": len(recipes), **varied, **chosen}


def link_keys(
    model: str | None, gallery: Mapping[str, Any], recipe: Recipe, pins: Pins, view: str, motion: Morph
) -> dict[str, Any]:
    """Return the query of a link to a face: one of the gallery by its index and its moves, others by their tokens.

    gallery: as from `gallery_keys`; model: None where there is no choice; motion: as in `Opened`.
    """
    elsewhere = index_in(gallery, recipe) is None or TAKEN & set(recipe.moves)
    face = {"face": face_token(recipe)} if elsewhere else {"index": recipe.index, **recipe.moves}
    link = {"tab": "faces", "model": model, **gallery, **face}
    link |= {name: face_token(Recipe.from_dict(pin)) for name, pin in zip(PIN_KEYS, pins, strict=True) if pin}
    if view != "edit":
        link["view"] = view
    if view == "morph" and motion.faces:
        link["faces"] = SEPARATOR.join(map(face_token, motion.faces))
    return link | motion.keys() if view == "morph" else link


def index_in(gallery: Mapping[str, Any], recipe: Recipe) -> int | None:
    """Find at which place of the gallery this face is, however moved; None for another."""
    drawn = (gallery.get("seed"), gallery.get("variety", 1.0), gallery.get("truncation", 1.0))
    same = (recipe.seed, recipe.variety, recipe.truncation) == drawn
    chosen = gallery.get("indices")
    indices = _indices(chosen) if chosen else [*range(gallery.get("count", 0))]
    return indices.index(recipe.index) if recipe.z is None and same and recipe.index in indices else None


def _indices(text: str) -> list[int]:
    """Read the indices of a gallery. Raises ValueError."""
    if not re.fullmatch(rf"\d{{1,7}}({SEPARATOR}\d{{1,7}})*", text, re.ASCII):
        raise ValueError("whole numbers with commas are needed")
    indices = [int(index) for index in text.split(SEPARATOR)]
    check_range("number of faces", len(indices), 1, MAX_FACES)
    for index in indices:
        check_range("index", index, 0, MAX_INDEX)
    return indices


def read_link(query: Query, handlers: FaceHandlers) -> Opened:
    """Read what a query asks for; what it does not say, or cannot be used, has its default."""
    model = query.choice("model", handlers.models.names[0], handlers.models.names)
    faces = handlers.model(model)
    said = query.number("seed", -1, 0, MAX_BROWSER_SEED)
    seed = OPENING_SEED if said < 0 else said
    count, variety, best_of = (options(Sample)[name] for name in ("count", "truncation", "best_of"))
    if seed != OPENING_SEED:
        variety = replace(variety, first=variety.default)
    if said >= 0:  # links from before there was a choice have a seed, and keep their faces
        best_of = replace(best_of, first=best_of.default)
    drawn = Sample(seed, *(read_option(query, it) for it in (count, variety, best_of)))
    scale = query.number("truncation", 1.0, 0, MAX_TRUNCATION)
    none_said: list[int] = []
    indices = query.read("indices", none_said, _indices) or [recipe.index for recipe in handlers.recipes(drawn, model)]
    index = query.number("index", indices[0], 0, MAX_INDEX)
    directions = [name for name in in_order(faces.directions) if name not in TAKEN]
    moves = {name: query.number(name, 0.0, -MAX_MOVE, MAX_MOVE) for name in directions}
    moved = {name: amount for name, amount in moves.items() if amount}

    def one(text: str) -> Face:
        return usable(text, faces)

    def several(text: str) -> tuple[Recipe, ...]:
        tokens = text.split(SEPARATOR)
        check_range("number of faces", len(tokens), 2, MAX_FACES)
        return tuple(Recipe.from_dict(one(token)) for token in tokens)

    chosen = Recipe(seed, index, scale, moved, variety=drawn.truncation)
    none: tuple[Recipe, ...] = ()
    through = query.read("faces", none, several)
    face = query.read("face", chosen.to_dict(), one)
    pins = [query.read(name, None, one) for name in PIN_KEYS]
    view = query.choice("view", "edit", VIEWS)
    motion = Morph(**{name: read_option(query, it) for name, it in options(Morph).items()}, faces=through)
    return Opened(model, drawn, face, pins, view, motion, scale, indices)


def usable(token: str, faces: FacePipeline) -> Face:
    """Return the face of a token. Raises ValueError where this model cannot draw it."""
    recipe = read_face(token)
    check_range("seed", recipe.seed, 0, MAX_BROWSER_SEED)
    faces.latent_of(recipe)
    return recipe.to_dict()
