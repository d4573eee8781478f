"""The Faces tab as a link, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from darkroom.checks import check_range
from dcgan import FacePipeline, Recipe
from dcgan.export import MORPH_FORMATS
from dcgan.recipe import MAX_INDEX, MAX_MOVE, MAX_TRUNCATION
from ui.face_handlers import MAX_BROWSER_SEED, MAX_FACES, MAX_FRAMES, Face, FaceHandlers, Pins
from ui.links import Query, face_token, read_face

VIEWS = ("edit", "morph", "map")
PIN_KEYS = ("a", "b", "c")
MOTION_KEYS = ("frames", "loop", "fps", "format")
TAKEN = {"tab", "model", "seed", "count", "truncation", "face", "index", "view", *PIN_KEYS, *MOTION_KEYS}
# What people look for first; names that a model adds come after these.
ORDER = ("smiling", "age", "glasses", "beard", "hat", "blond_hair", "dark_hair", "bangs", "skin_tone")


def in_order(names: Iterable[str]) -> list[str]:
    """Directions as the page lists them."""
    rank = {name: i for i, name in enumerate(ORDER)}
    return sorted(names, key=lambda name: rank.get(name, len(rank)))


@dataclass(frozen=True)
class Opened:
    """What a link shows. motion: frames, loop, frames a second and format of the morph."""

    model: str
    seed: int = 0
    count: int = 16
    truncation: float = 1.0
    face: Face = field(default_factory=lambda: Recipe().to_dict())
    pins: Pins = field(default_factory=lambda: [None, None, None])
    view: str = "edit"
    motion: tuple[int, bool, float, str] = (60, True, 20, "mp4")


def gallery_keys(recipes: Sequence[Face]) -> dict[str, Any]:
    """The keys that draw these faces: those of faces 0, 1, ... of one seed; {} for others, which no link holds."""
    seed, truncation = recipes[0].get("seed"), recipes[0].get("truncation")
    drawn: list[Face] = [{"seed": seed, "index": i, "truncation": truncation, "moves": {}} for i in range(len(recipes))]
    return {"seed": seed, "count": len(recipes), "truncation": truncation} if recipes == drawn else {}


def link_keys(
    model: str | None, gallery: Mapping[str, Any], face: Face, pins: Pins, view: str, motion: Sequence[Any]
) -> dict[str, Any]:
    """The query of a link; `gallery` as from `gallery_keys`, model: None where there is no choice."""
    link = {"tab": "faces", "model": model, **gallery, **_face_keys(gallery, face)}
    link |= {name: face_token(Recipe.from_dict(pin)) for name, pin in zip(PIN_KEYS, pins, strict=True) if pin}
    if view != "edit":
        link["view"] = view
    return link | dict(zip(MOTION_KEYS, motion, strict=True)) if view == "morph" else link


def index_in(gallery: Mapping[str, Any], face: Face) -> int | None:
    """Which of the gallery's faces this one is, however moved; None for another."""
    recipe = Recipe.from_dict(face)
    same = (recipe.seed, recipe.truncation) == (gallery.get("seed"), gallery.get("truncation"))
    return recipe.index if recipe.z is None and same and recipe.index < gallery["count"] else None


def _face_keys(gallery: Mapping[str, Any], face: Face) -> dict[str, Any]:
    """A face of the gallery by its index and its moves, each readable; another one by its token."""
    recipe, index = Recipe.from_dict(face), index_in(gallery, face)
    if index is None or TAKEN & set(recipe.moves):
        return {"face": face_token(recipe)}
    return {"index": index, **recipe.moves}


def read_link(query: Query, handlers: FaceHandlers) -> Opened:
    """What a query asks for; what it does not say, or cannot be used, has its default."""
    names = handlers.models.names
    model = query.choice("model", names[0], names)
    faces = handlers.model(model)
    seed = query.whole("seed", 0, 0, MAX_BROWSER_SEED)
    count = query.whole("count", Opened.count, 1, MAX_FACES)
    truncation = query.number("truncation", Opened.truncation, 0, MAX_TRUNCATION)
    index = query.whole("index", 0, 0, MAX_INDEX)
    directions = [name for name in in_order(faces.directions) if name not in TAKEN]
    moves = {name: query.number(name, 0.0, -MAX_MOVE, MAX_MOVE) for name in directions}
    drawn = Recipe(seed, index, truncation, {name: amount for name, amount in moves.items() if amount})

    def pin(name: str) -> Face | None:
        return query.read(name, None, lambda text: _usable(text, faces))

    return Opened(
        model, seed, count, truncation,
        query.read("face", drawn.to_dict(), lambda text: _usable(text, faces)),
        [pin(name) for name in PIN_KEYS],
        query.choice("view", "edit", VIEWS),
        (
            query.whole("frames", 60, 2, MAX_FRAMES), query.flag("loop", True), query.number("fps", 20, 1, 60),
            query.choice("format", "mp4", MORPH_FORMATS),
        ),
    )  # fmt: skip


def _usable(token: str, faces: FacePipeline) -> Face:
    """The face of a token. Raises ValueError where this model cannot draw it."""
    recipe = read_face(token)
    check_range("seed", recipe.seed, 0, MAX_BROWSER_SEED)
    faces.latent_of(recipe)
    return recipe.to_dict()
