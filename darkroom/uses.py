"""What a model is used for, each use a frozen dataclass: its fields say default, range, unit and help once.

The command, the endpoint, the agents' tool, the link, the example code and the panel of a use are made from these
fields (`options`); the class draws. A new use is a file with its dataclass, and its name in its package's list.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, TypeVar, get_args, get_type_hints

from PIL import Image

from darkroom.animations import FORMATS, playback_note, save_animation
from darkroom.checks import check_choice, check_range, check_whole, echo
from darkroom.files import atomic
from darkroom.pictures import open_picture
from darkroom.seeds import MAX_SEED

Size = tuple[int, int]  # (width, height), px
M = TypeVar("M")  # the pipeline that a use draws with
P = ParamSpec("P")

MIN_FPS, MAX_FPS = 1, 60
NEEDED: Any = ...  # the default of an option that has none


@dataclass(frozen=True)
class Option:
    """What every surface says of a field.

    label: its name on the page. low, high: what is allowed; served: `high` for visitors, who share the machine, where
    it is lower. choices: of a text; none: any text. command: what the command line does where nothing is said, if that
    is more than one; with a tuple it takes several values. link: its key in links. start: what a form begins with where
    that is not the default, or where there is none. name, kind, default, optional: as the dataclass has them.
    """

    help: str
    label: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    served: float | None = None
    choices: tuple[str, ...] = ()
    command: Any = None
    link: str = ""
    start: Any = None
    name: str = ""
    kind: type = str  # int, float, bool, str, tuple, a Size, or Image.Image
    default: Any = NEEDED
    optional: bool = False  # whether None is a value

    @property
    def first(self) -> Any:
        """What a form begins with."""
        return self.default if self.start is None and self.default is not NEEDED else self.start

    def described(self, served: bool = False) -> str:
        """Help, with range and unit behind it; served: for visitors."""
        if self.choices:
            allowed = ", ".join(self.choices)
        elif self.low is None or self.high == MAX_SEED:
            allowed = self.unit
        else:
            allowed = f"{self.low:g} to {self.most if served else self.high:g} {self.unit}".rstrip()
        return f"{self.help} ({allowed})" if allowed else self.help

    @property
    def several(self) -> bool:
        """Whether the command line takes several values: one use for each."""
        return isinstance(self.command, tuple)

    @property
    def most(self) -> float | None:
        """`high` for visitors."""
        return self.high if self.served is None else self.served

    def checked(self, value: Any, served: bool = False) -> Any:
        """The value in its own type. Raises ValueError, naming it and what is allowed; served: to visitors."""
        if value is None:
            if self.optional:
                return None
            needed = f"allowed are {', '.join(self.choices)}" if self.choices else f"{_NEEDED[self.kind]} is needed"
            raise ValueError(f"{self.name} is empty; {needed}")
        if self.kind is bool:
            if not isinstance(value, bool):
                raise ValueError(f"{self.name} is {echo(value)} ({type(value).__name__}); true or false is needed")
            return value
        if self.kind is tuple:
            return self._checked_size(value)
        if self.kind is Image.Image:
            return open_picture(value, None if isinstance(value, str | Path) else f"the {self.name}")
        if self.kind is str:
            if self.choices:
                check_choice(self.name, value, self.choices)
            elif not isinstance(value, str):
                raise ValueError(f"{self.name} is {echo(value)} ({type(value).__name__}); a text is needed")
            return value
        assert self.low is not None and self.high is not None and self.most is not None
        high = self.most if served else self.high
        if self.kind is int:
            return check_whole(self.name, value, int(self.low), int(high))
        check_range(self.name, value, self.low, high)
        return value

    def _checked_size(self, value: Any) -> Size:
        assert self.low is not None and self.high is not None
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise ValueError(f"{self.name} is {echo(value)}; (width, height) is needed")
        width, height = (check_whole(*side, int(self.low), int(self.high)) for side in zip(SIDES, value, strict=True))
        return width, height


SIDES = ("width", "height")  # what a Size is where there are only numbers
_NEEDED = {
    int: "a whole number", float: "a number", bool: "true or false", str: "a text", tuple: "a size",
    Image.Image: "a picture",
}  # fmt: skip


def option(default: Any = NEEDED, help: str = "", **said: Any) -> Any:
    """A field of a use; `said` as `Option` has it."""
    about = {"option": Option(help, **said)}
    return field(metadata=about) if default is NEEDED else field(default=default, metadata=about)


def picture_options(use: Any) -> list[str]:
    """The names of those that are pictures."""
    return [name for name, it in options(use).items() if it.kind is Image.Image]


def seed_option(start: int | None = None) -> Any:
    """The seed, which all uses have that draw; start: what a form begins with, by default 0."""
    return option(0, "of the draws; the same seed gives the same", label="Seed", low=0, high=MAX_SEED, start=start)


def options(use: Any) -> Mapping[str, Option]:
    """The options of a use by name, in the order of its fields."""
    return _options(use)


@cache
def _options(use: Any) -> Mapping[str, Option]:
    hints = get_type_hints(use)
    found: dict[str, Option] = {}
    for it in dataclasses.fields(use):
        said: Option | None = it.metadata.get("option")
        if said is None:  # it is given otherwise
            continue
        kinds = [kind for kind in get_args(hints[it.name]) or (hints[it.name],) if kind is not type(None)]
        kind = tuple if hints[it.name] == Size else kinds[0]
        found[it.name] = dataclasses.replace(
            said, name=it.name, kind=kind, link=said.link or it.name,
            optional=type(None) in get_args(hints[it.name]),
            default=NEEDED if it.default is dataclasses.MISSING else it.default,
        )  # fmt: skip
    return found


def plain_options(use: Any) -> Mapping[str, Option]:
    """The same for surfaces that only know numbers, texts and truth: a size is its width and its height."""
    found: dict[str, Option] = {}
    for name, it in options(use).items():
        if it.kind is not tuple:
            found[name] = it
            continue
        for side, first in zip(SIDES, it.first, strict=True):
            found[side] = dataclasses.replace(
                it, name=side, label=side.capitalize(), kind=int, default=first, start=None
            )
    return found


def plain_values(use: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `options` as those of `plain_options`."""
    found: dict[str, Any] = {}
    for name, it in options(use).items():
        found |= dict(zip(SIDES, values[name], strict=True)) if it.kind is tuple else {name: values[name]}
    return found


@dataclass(frozen=True)
class Use(Generic[M]):
    """A use with its options. Raises ValueError where one is not what is allowed."""

    def __post_init__(self) -> None:
        for name, it in options(type(self)).items():
            object.__setattr__(self, name, it.checked(getattr(self, name)))

    @classmethod
    def title(cls) -> str:
        """Its name on the command line, in links and, with the model's kind, of its endpoint: SuperResolve is
        super-resolve."""
        return re.sub("(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def summary(cls) -> str:
        """What it does, in a sentence."""
        return (cls.__doc__ or "").partition("\n")[0]

    @classmethod
    def served(cls, values: Mapping[str, Any], **others: Any) -> Any:
        """The use that a visitor asks for, by `plain_options`; others: fields that are no options. Raises ValueError,
        also where he asks for more than visitors get."""
        given = {name: it.checked(values[name], served=True) for name, it in plain_options(cls).items()}
        for name, it in options(cls).items():
            if it.kind is tuple:
                given[name] = tuple(given.pop(side) for side in SIDES)
        return cls(**given, **others)

    def plain(self) -> dict[str, Any]:
        """The values of `plain_options`."""
        return plain_values(type(self), vars(self))

    def keys(self) -> dict[str, Any]:
        """Its part of a link: the values by the options' keys, a size as WIDTHxHEIGHT; pictures are not in it."""
        known = [it for it in options(type(self)).values() if it.kind is not Image.Image]
        values = {it.link: getattr(self, it.name) for it in known}
        return {key: "x".join(map(str, value)) if isinstance(value, tuple) else value for key, value in values.items()}

    def note(self, model: M) -> str | None:
        """What to say of the result besides, if anything."""
        return None


def combinations(values: Mapping[str, Any], several: Iterable[str]) -> list[dict[str, Any]]:
    """The values of options, once for each combination of those that have several; none twice."""
    lists = {name: dict.fromkeys(values[name]) for name in several}
    return [{**values, **dict(zip(lists, chosen, strict=True))} for chosen in product(*lists.values())]


@dataclass(frozen=True)
class Step:
    """A piece of drawing. number: of the picture, from 0. picture: as it is now, where that can be shown. share: of its
    work; 1 when it is finished."""

    number: int
    picture: Image.Image | None
    share: float = 1.0


def as_steps(pictures: Iterable[Image.Image]) -> Iterator[Step]:
    """Of pictures that are finished as they come."""
    return (Step(number, picture) for number, picture in enumerate(pictures))


def finished(steps: Iterable[Step]) -> Iterator[Image.Image]:
    """The pictures that steps end in."""
    return (step.picture for step in steps if step.picture is not None and step.share == 1)


class PicturesUse(Use[M]):
    """A use that draws pictures, `count` of them: one, where that is no option."""

    WHAT: ClassVar = "pictures"
    FILES: ClassVar = "PNGs"
    count: int = 1

    @property
    def total(self) -> int:
        """How many are drawn."""
        return self.count

    def draw(self, model: M) -> Iterator[Image.Image]:
        """The pictures as they are drawn. Raises ValueError at once where this model cannot do that."""
        return finished(self.steps(model))

    def steps(self, model: M) -> Iterator[Step]:
        """The same in pieces of work, with drafts where there are any. Every picture's last step is finished. A
        subclass says one of the two."""
        return as_steps(self.draw(model))

    def drawn(self, model: M) -> list[Image.Image]:
        """All of them."""
        return list(self.draw(model))

    def stem(self) -> str:
        """What files are called, before the number of the picture."""
        raise NotImplementedError

    def paths(self, folder: str | Path, prefix: str = "") -> list[Path]:
        """Where the pictures go."""
        return [Path(folder) / f"{prefix}{self.stem()}_{i:04}.png" for i in range(self.count)]

    def write(self, pictures: Iterable[Image.Image], folder: str | Path, prefix: str = "") -> None:
        """Writes each picture as it comes, whole or not at all."""
        for path, picture in zip(self.paths(folder, prefix), pictures, strict=False):
            with atomic(path) as part:
                picture.save(part, format="PNG")


class AnimationUse(Use[M]):
    """A use that draws the `frames` of an animation, shown `fps` a second; loop: whether its end joins its beginning;
    format: of its file."""

    WHAT: ClassVar = "frames"
    FILES: ClassVar = "animations"
    frames: int
    fps: float
    loop: bool
    format: str

    @property
    def total(self) -> int:
        """How many are drawn."""
        return self.frames

    def draw(self, model: M) -> Iterator[Image.Image]:
        """The frames as they are drawn. Raises ValueError at once where this model cannot do that."""
        return finished(self.steps(model))

    def steps(self, model: M) -> Iterator[Step]:
        """The same in pieces of work; a subclass says one of the two."""
        return as_steps(self.draw(model))

    def ordered(self, frames: list[Image.Image]) -> list[Image.Image]:
        """All frames that were drawn, in the order in which they are shown."""
        return frames

    def drawn(self, model: M) -> list[Image.Image]:
        """All of them, in the order in which they are shown."""
        return self.ordered(list(self.draw(model)))

    def stem(self) -> str:
        """What its file is called."""
        raise NotImplementedError

    def path(self, folder: str | Path, prefix: str = "") -> Path:
        """Where the file goes."""
        return Path(folder) / f"{prefix}{self.stem()}.{self.format}"

    def save(self, frames: list[Image.Image], path: str | Path) -> None:
        """Writes the frames of `draw` as an animation, whole or not at all."""
        save_animation(self.ordered(frames), path, self.fps)

    def write(self, pictures: Iterable[Image.Image], folder: str | Path, prefix: str = "") -> None:
        """Writes the frames of `draw` as a file in a folder."""
        self.save(list(pictures), self.path(folder, prefix))

    def note(self, model: M) -> str | None:
        return playback_note(self.format, self.fps)


def prefixes(uses: Sequence[PicturesUse[Any] | AnimationUse[Any]]) -> list[str]:
    """What their files begin with where they were called alike otherwise: the options that differ, such as start1_."""
    if len({use.stem() for use in uses}) == len(uses):
        return [""] * len(uses)
    keys = [use.keys() for use in uses]
    differing = [key for key in keys[0] if len({str(own[key]) for own in keys}) > 1]
    return ["".join(f"{key}{own[key]}_" for key in differing) for own in keys]


def in_turn(uses: Sequence[PicturesUse[M]], model: M) -> Iterator[Step]:
    """The steps of several uses, one after the other, their pictures numbered on; all are checked first."""
    first = 0
    for use, steps in zip(uses, [use.steps(model) for use in uses], strict=True):
        for step in steps:
            yield replace(step, number=first + step.number)
        first += use.count


def fps_option(default: float) -> Any:
    """Of an animation."""
    return option(default, "frames a second", label="Frames a second", low=MIN_FPS, high=MAX_FPS)


def format_option(default: str, choices: tuple[str, ...] = FORMATS) -> Any:
    """Of an animation's file."""
    return option(default, "of the file", label="Format", choices=choices)


def method(use: Callable[P, PicturesUse[M] | AnimationUse[M]]) -> Callable[Concatenate[M, P], list[Image.Image]]:
    """A use as a method of its model, with its options as arguments, that gives all pictures at once."""

    def drawn(self: M, *args: P.args, **kwargs: P.kwargs) -> list[Image.Image]:
        return use(*args, **kwargs).drawn(self)

    drawn.__doc__ = use.__doc__
    drawn.__name__ = use.title()  # type: ignore[attr-defined]
    drawn.__wrapped__ = use  # type: ignore[attr-defined]  # for signatures
    return drawn
