"""Uses of a model, each a frozen dataclass whose fields say default, range, unit and help once.

Commands, endpoints, agents' tools, links, example code and panels are made from these fields (`options`).
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, islice, product
from pathlib import Path
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, TypeVar, get_args, get_type_hints

from PIL import Image

from darkroom.animations import FORMATS, check_encoder, playback_note, save_animation
from darkroom.checks import check_choice, check_range, check_whole, echo
from darkroom.files import atomic
from darkroom.pictures import open_picture, remark, save_picture
from darkroom.seeds import MAX_SEED

Size = tuple[int, int]  # (width, height), px
M = TypeVar("M")  # the pipeline that a use draws with
P = ParamSpec("P")

NEEDED: Any = ...  # the default of an option that has none


@dataclass(frozen=True)
class Option:
    """A field of a use, as every surface shows it; `name` and what follows it are taken from the dataclass."""

    help: str
    label: str = ""  # on the page
    unit: str = ""
    low: float | None = None
    high: float | None = None
    most: float | None = None  # `high` for visitors, who share the machine, where it is lower
    choices: tuple[str, ...] = ()  # of a text; none: any text
    command: Any = None  # the command line's default where it differs; with a tuple it takes several values
    link: str = ""  # its key in links
    first: Any = None  # the value that a form begins with, where that is not the default
    name: str = ""
    kind: type = str  # int, float, bool, str, tuple, a Size, or Image.Image
    default: Any = NEEDED
    optional: bool = False  # whether None is a value

    def described(self, served: bool = False) -> str:
        """Return the help with range and unit behind it; served: for visitors."""
        allowed = ", ".join(self.choices) or self.unit
        if self.low is not None and self.high != MAX_SEED:
            allowed = f"{self.low:g} to {self.most if served else self.high:g} {self.unit}".rstrip()
        return f"{self.help} ({allowed})" if allowed else self.help

    @property
    def several(self) -> bool:
        """Tell whether the command line takes several values, one use for each."""
        return isinstance(self.command, tuple)

    def checked(self, value: Any, served: bool = False) -> Any:
        """Return the value in its own type; served: by visitors' range. Raises ValueError with what is allowed."""
        bounds: Any = self.low, self.most if served else self.high
        needed = f"allowed are {', '.join(self.choices)}" if self.choices else f"{NEEDED_FOR.get(self.kind)} is needed"
        if value is None:
            if not self.optional:
                raise ValueError(f"{self.name} is empty; {needed}")
        elif self.kind is tuple:
            if not isinstance(value, tuple | list) or len(value) != 2:
                raise ValueError(f"{self.name} is {echo(value)}; (width, height) is needed")
            return tuple(check_whole(*side, *bounds) for side in zip(SIDES, value, strict=True))
        elif self.kind is Image.Image:
            return open_picture(value, None if isinstance(value, str | Path) else f"the {self.name}")
        elif self.kind is int:
            return check_whole(self.name, value, *bounds)
        elif self.kind is float:
            check_range(self.name, value, *bounds)
        elif self.choices:
            check_choice(self.name, value, self.choices)
        elif not isinstance(value, self.kind):
            raise ValueError(f"{self.name} is {echo(value)} ({type(value).__name__}); {needed}")
        return value


def size_key(size: Iterable[int]) -> str:
    """Return a size as links and files have it, such as 1200x800."""
    return "x".join(map(str, size))


def read_size(text: str) -> Size | None:
    """Read what `size_key` has written; return None for anything else."""
    sides = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text, re.ASCII)
    return sides and (int(sides[1]), int(sides[2]))


def pixels(size: Size) -> str:
    """Return a size as people read it, such as 1200 × 800."""
    return " × ".join(map(str, size))


SIDES = ("width", "height")  # a Size where there are only numbers
NEEDED_FOR: dict[type, str] = {
    int: "a whole number", float: "a number", bool: "true or false", str: "a text", tuple: "a size",
    Image.Image: "a picture",
}  # fmt: skip


def option(default: Any = NEEDED, help: str = "", **said: Any) -> Any:
    """Make a field of a use; `said`: arguments of `Option`."""
    about = {"option": Option(help, **said)}
    return field(metadata=about) if default is NEEDED else field(default=default, metadata=about)


def picture_options(use: Any) -> list[str]:
    return [name for name, it in options(use).items() if it.kind is Image.Image]


def seed_option(first: int = 0) -> Any:
    """Make the seed of a use that draws; first: the value that a form begins with."""
    return option(0, "of the draws; the same seed gives the same", label="Seed", low=0, high=MAX_SEED, first=first)


def options(use: Any) -> Mapping[str, Option]:
    """Return the options of a use by name, in the order of its arguments."""
    hints = get_type_hints(use)
    found: dict[str, Option] = {}
    for it in sorted(dataclasses.fields(use), key=lambda it: it.kw_only is True):
        said: Option | None = it.metadata.get("option")
        if said is None:  # it is given otherwise
            continue
        hint, default = hints[it.name], NEEDED if it.default is dataclasses.MISSING else it.default
        kinds = [kind for kind in get_args(hint) or (hint,) if kind is not type(None)]
        found[it.name] = replace(
            said, name=it.name, kind=tuple if hint == Size else kinds[0], link=said.link or it.name,
            optional=type(None) in get_args(hint), most=said.high if said.most is None else said.most,
            default=default, first=default if said.first is None and default is not NEEDED else said.first,
        )  # fmt: skip
    return found


def plain_options(use: Any) -> Mapping[str, Option]:
    """Return the options for surfaces that only know numbers, texts and truth: a size is its width and its height."""
    found: dict[str, Option] = {}
    for name, it in options(use).items():
        firsts = dict(zip(SIDES, it.first, strict=True)) if it.kind is tuple else {}
        found |= {
            side: replace(it, name=side, label=side.capitalize(), kind=int, default=first, first=first)
            for side, first in firsts.items()
        } or {name: it}
    return found


def plain_values(use: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert values of `options` to those of `plain_options`."""
    found: dict[str, Any] = {}
    for name, it in options(use).items():
        found |= dict(zip(SIDES, values[name], strict=True)) if it.kind is tuple else {name: values[name]}
    return found


@dataclass(frozen=True)
class Step:
    """A piece of drawing."""

    number: int  # of the picture, from 0
    picture: Image.Image | None  # as it is now, where that can be shown
    share: float = 1.0  # of its work, 1 when it is finished


def as_steps(pictures: Iterable[Image.Image]) -> Iterator[Step]:
    """Make a finished step of each picture as it comes."""
    return (Step(number, picture) for number, picture in enumerate(pictures))


def finished(steps: Iterable[Step]) -> Iterator[Image.Image]:
    """Yield the pictures that steps end in."""
    return (step.picture for step in steps if step.picture is not None and step.share == 1)


@dataclass(frozen=True)
class Use(Generic[M]):
    """A use with its options. A subclass overrides `stem`, and `draw` or `steps`, which raise ValueError at once."""

    WHAT: ClassVar = "pictures"
    FILES: ClassVar = "PNGs"

    def __post_init__(self) -> None:
        for name, it in options(type(self)).items():
            object.__setattr__(self, name, it.checked(getattr(self, name)))

    @classmethod
    def title(cls) -> str:
        """Return its name on the command line, in links and endpoints: super-resolve of SuperResolve."""
        return re.sub("(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def summary(cls) -> str:
        """Return the docstring's first line."""
        return (cls.__doc__ or "").partition("\n")[0]

    @classmethod
    def served(cls, values: Mapping[str, Any], **others: Any) -> Any:
        """Make a visitor's use by values of `plain_options`; others: fields that are no options. Raises ValueError."""
        given = {name: it.checked(values[name], served=True) for name, it in plain_options(cls).items()}
        for name, it in options(cls).items():
            if it.kind is tuple:
                given[name] = tuple(given.pop(side) for side in SIDES)
        return cls(**given, **others)

    def plain(self) -> dict[str, Any]:
        return plain_values(type(self), vars(self))

    def keys(self) -> dict[str, Any]:
        """Return its part of a link: values by the options' keys, a size as WIDTHxHEIGHT, without pictures."""
        known = [it for it in options(type(self)).values() if it.kind is not Image.Image]
        values = {it.link: getattr(self, it.name) for it in known}
        return {key: size_key(value) if isinstance(value, tuple) else value for key, value in values.items()}

    def note(self, model: M) -> str | None:
        """Return a remark on the result, if there is one."""
        return None

    def remarks(self, model: M) -> str | None:
        """Return what is to be said with the result: how its pictures were read, and its note, where there is any."""
        given = {name: remark(getattr(self, name)) for name in picture_options(type(self))}
        said = [f"{name}: {it}" for name, it in given.items() if it]
        return "; ".join(filter(None, [*said, self.note(model)])) or None

    def draw(self, model: M) -> Iterator[Image.Image]:
        """Yield the pictures as they are drawn."""
        return finished(self.steps(model))

    def steps(self, model: M) -> Iterator[Step]:
        """Draw in pieces of work, with drafts where there are any; every picture's last step is finished."""
        return as_steps(self.draw(model))

    def ordered(self, pictures: list[Image.Image]) -> list[Image.Image]:
        """Return all that was drawn in the order in which it is shown."""
        return pictures

    def drawn(self, model: M) -> list[Image.Image]:
        """Draw all, in the order in which it is shown."""
        return self.ordered(list(self.draw(model)))

    def drawn_size(self, model: M) -> Size:
        """Return the (width, height) of each of the `total` pictures, px: drawing costs as much as all have pixels."""
        raise NotImplementedError

    def stem(self) -> str:
        """Return the name of its file or files, without number and suffix."""
        raise NotImplementedError


class PicturesUse(Use[M]):
    """A use that draws `count` pictures: one, where that is no option."""

    count: int = 1
    total = property(lambda self: self.count)  # of the pictures that are drawn

    def paths(self, folder: str | Path, prefix: str = "") -> list[Path]:
        """Return the paths of its pictures in a folder."""
        return [Path(folder) / f"{prefix}{self.stem()}_{i:04}.png" for i in range(self.count)]

    def write(self, pictures: Iterable[Image.Image], folder: str | Path, prefix: str = "") -> None:
        """Write each picture as it comes, whole or not at all."""
        for path, picture in zip(self.paths(folder, prefix), pictures, strict=False):
            with atomic(path) as part:
                save_picture(picture, part)


class AnimationUse(Use[M]):
    """A use that draws an animation. Raises OSError where its format cannot be written here."""

    WHAT: ClassVar = "frames"
    FILES: ClassVar = "animations"
    frames: int
    fps: float  # frames a second
    loop: bool  # whether its end joins its beginning
    format: str  # of its file
    total = property(lambda self: self.frames)  # of the frames that are drawn

    def __post_init__(self) -> None:
        super().__post_init__()
        check_encoder(self.format)

    def path(self, folder: str | Path, prefix: str = "") -> Path:
        """Return the path of its file in a folder."""
        return Path(folder) / f"{prefix}{self.stem()}.{self.format}"

    def save(self, frames: list[Image.Image], path: str | Path) -> None:
        """Write the frames of `draw` as an animation, whole or not at all."""
        save_animation(self.ordered(frames), path, self.fps)

    def write(self, pictures: Iterable[Image.Image], folder: str | Path, prefix: str = "") -> None:
        self.save(list(pictures), self.path(folder, prefix))

    def note(self, model: M) -> str | None:
        return playback_note(self.format, self.fps)


def combinations(values: Mapping[str, Any], several: Iterable[str]) -> list[dict[str, Any]]:
    """Return the values of options once for each combination of those that have several; none twice."""
    lists = {name: dict.fromkeys(values[name]) for name in several}
    return [{**values, **dict(zip(lists, chosen, strict=True))} for chosen in product(*lists.values())]


def prefixes(uses: Sequence[PicturesUse[Any] | AnimationUse[Any]]) -> list[str]:
    """Return prefixes for files that would be called alike otherwise: the options that differ, such as start1_."""
    if len({use.stem() for use in uses}) == len(uses):
        return [""] * len(uses)
    keys = [use.keys() for use in uses]
    differing = [key for key in keys[0] if len({str(own[key]) for own in keys}) > 1]
    return ["".join(f"{key}{own[key]}_" for key in differing) for own in keys]


def in_turn(uses: Sequence[PicturesUse[M]], model: M) -> Iterator[Step]:
    """Yield the steps of several uses, their pictures numbered on: first one of each, a draft where it has any, then
    those of one use after the other; all are checked before."""
    steps = [use.steps(model) for use in uses]
    numbered = list(zip(accumulate((use.count for use in uses), initial=0), steps, strict=False))
    for some in (1, None):
        for first, own in numbered:
            yield from (replace(step, number=first + step.number) for step in islice(own, some))


def fps_option(default: float) -> Any:
    return option(default, "frames a second", label="Frames a second", low=1, high=60)


def format_option(default: str, choices: tuple[str, ...] = FORMATS) -> Any:
    return option(default, "of the file", label="Format", choices=choices)


def method(use: Callable[P, PicturesUse[M] | AnimationUse[M]]) -> Callable[Concatenate[M, P], list[Image.Image]]:
    """Make a method of a model from a use: its options are the arguments, all pictures the result."""

    def drawn(self: M, *args: P.args, **kwargs: P.kwargs) -> list[Image.Image]:
        return use(*args, **kwargs).drawn(self)

    drawn.__doc__ = use.__doc__

    return drawn
