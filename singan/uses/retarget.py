"""Other sizes and aspect ratios, without losing what matters in the picture (SinGAN, section 4)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar, cast

from PIL import Image

from darkroom.checks import check_range, echo
from darkroom.pictures import Picture
from darkroom.uses import PicturesUse, Size, Step, as_steps, option, options, seed_option
from singan.concerns import Task, warnings
from singan.config import MAX_OUTPUT, MIN_OUTPUT
from singan.enlarge import ABOUT, Layout
from singan.image import check_size
from singan.importance import Importance, importance
from singan.masks import check_shape
from singan.prints import FittedPrint, fitted_note, invented, prints
from singan.scene import Scene
from singan.strips import Wishes
from singan.uses.start import PLACES, enlarge_option, print_suffix, start_scale_option

KEEP_START_SCALE = 3  # by eye: 1 and 2 let bright edges bleed, 5 begins to show the stretching
KEPT = (1.0, 1.0)  # how much patches of a print keep their place, so that nothing leaves its own
MODES = ("fit", "keep", "rearrange")

M = TypeVar("M")


def _size_option(help: str) -> Any:
    return option(help=help, label="Size", low=MIN_OUTPUT, high=MAX_OUTPUT, unit="px", first=(325, 175))


def _mode_option(default: str) -> Any:
    said = "fit keeps subjects whole, keep holds the picture's layout, rearrange draws new content"
    return option(default, said, label="Mode", choices=MODES, first="fit")


def _wish_option(help: str) -> Any:
    said = f"{help} in mode fit: 0 hardly ever, 1 at no cost; without it, as fits the photograph"
    return option(None, said, low=0.0, high=1.0)


def _laid_out(mode: str, photograph: Image.Image) -> Layout:
    """Return how patches alone lay out a picture in modes keep and rearrange."""
    return Layout(photograph, place=KEPT) if mode == "keep" else Layout(place=PLACES[0])


@dataclass(frozen=True, kw_only=True)
class _Fit(PicturesUse[M]):
    """Fit a photograph as is wished for, in mode fit."""

    protect: Image.Image | None = option(
        None, "white where the subject is, in mode fit; without one, it is found", label="Subject"
    )
    focus: str | None = option(
        None, "X,Y of the subject in mode fit, in parts of the sides, such as 0.5,0.3; without it, it is found"
    )
    crop: float | None = _wish_option("how gladly borders are cut off")
    extend: float | None = _wish_option("how gladly borders are added")
    deform: float | None = _wish_option("how gladly what lies around the subject is squeezed and stretched")

    def check_wishes(self, mode: str) -> None:
        """Raise ValueError where anything is wished for that the mode does not heed, or by a place that is none."""
        for name in options(_Fit):
            if mode != "fit" and getattr(self, name) is not None:
                raise ValueError(f"{name} is given with mode {mode!r}; only mode 'fit' heeds it")
        if self.focus is not None and not all(0 <= it <= 1 for it in self._point):
            raise ValueError(f"focus is {echo(self.focus)}; X,Y is needed, both from 0 to 1, for example 0.5,0.3")

    @property
    def _point(self) -> tuple[float, float]:
        """Return `focus` as numbers; negative ones where it is none."""
        match = re.fullmatch(r"\s*(\d?\.?\d+)\s*,\s*(\d?\.?\d+)\s*", self.focus or "", re.ASCII)
        return (float(match[1]), float(match[2])) if match else (-1.0, -1.0)

    @property
    def wishes(self) -> Wishes:
        return Wishes(self.crop, self.extend, self.deform)

    def asked(self, found: Importance) -> Importance:
        """Return what matters in the photograph, of which this was found."""
        return found.asked(self.protect, self._point if self.focus is not None else None)


@dataclass(frozen=True)
class Retarget(_Fit[Scene]):
    """Fit a scene to another size or aspect ratio.

    "keep" holds the layout: the picture, stretched to the new shape, enters below `start_scale` (default 3, at least 1)
    and the finer scales redraw it, so that its texture keeps its proportions. "rearrange" draws new content at the new
    size from `start_scale` (default 0). Where a scene is not trained, patches of its photograph do both, and
    `start_scale` says nothing. "fit" is `RetargetPicture` of the photograph, trained or not.
    """

    size: Size = _size_option("of the pictures, up to 4 megapixels, enlarged up to 16")
    mode: str = _mode_option("keep")
    start_scale: int | None = start_scale_option(
        None, "where the networks begin in modes keep and rearrange; by default 3 and 0"
    )
    count: int = option(1, "number of pictures", label="Pictures", low=1, high=1000, most=50)
    seed: int = seed_option()
    enlarge: bool = enlarge_option()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_wishes(self.mode)
        if self.mode == "fit" and self.start_scale is not None:
            raise ValueError("start_scale is given with mode 'fit'; only modes 'keep' and 'rearrange' heed it")

    def steps(self, model: Scene) -> Iterator[Step]:
        if self.mode == "fit":
            photograph = model.shared_original
            if self.protect is not None:
                check_shape(self.protect, photograph)
            fitted = FittedPrint(photograph, self.asked(model.importance), self.size, self.wishes)
            return chain.from_iterable(fitted.steps(self.seed, number) for number in range(self.count))
        if not model.trained:
            layout = _laid_out(self.mode, model.shared_original)
            return model.prints([layout] * self.count, self.size, self.seed)
        if self.mode == "rearrange":
            start, below = self.start_scale or 0, model.remembered
            model.check_start(start)
        else:
            last = max(1, model.scales - 1)
            start = min(KEEP_START_SCALE, last) if self.start_scale is None else self.start_scale
            check_range("start_scale of mode keep", start, 1, last)
            # A pyramid of one scale has none to redraw with: z_rec itself, stretched, holds the layout.
            below = model.stretched if model.scales > 1 else model.remembered
        sizes = model.shapes_for(model.size_of(self.size[0] / self.size[1]) if self.enlarge else self.size)
        pictures = model.draw(self.count, sizes, model.noise(self.seed), start, below)
        if not self.enlarge:
            return as_steps(pictures)
        layouts = (Layout(it, place=KEPT if self.mode == "keep" else ABOUT) for it in pictures)
        return model.prints(layouts, self.size, self.seed, drafts=True)

    def note(self, model: Scene) -> str | None:
        if self.mode == "fit":
            # Of its size alone: decoding the photograph takes longer than all else.
            return fitted_note(self.asked(model.importance), model.original_size, self.size, self.wishes)
        return invented(self.size, model.original_size) if self.enlarge else None

    def drawn_size(self, model: Scene) -> Size:
        return self.size

    def stem(self) -> str:
        width, height = self.size
        return f"{width}x{height}_{self.mode}_seed{self.seed}{print_suffix(self.enlarge)}"


@dataclass(frozen=True)
class RetargetPicture(_Fit[None]):
    """Fit any picture to another size or aspect ratio, without training.

    Patches of the picture do it alone. "fit" keeps subjects whole and in their own proportions: it squeezes or
    stretches what lies around them, crops or extends it, whichever costs least, and redraws it. "keep" lays patches out
    by the picture, stretched to the new shape; "rearrange" draws new content.
    """

    picture: Image.Image = option(help="of at least 32 px a side, at most 8 times longer than wide", label="Picture")
    size: Size = _size_option("of the result, up to 16 megapixels")
    mode: str = _mode_option("fit")
    seed: int = seed_option()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_wishes(self.mode)
        check_size(*self.picture.size)
        if self.protect is not None:
            check_shape(self.protect, self.picture)

    @cached_property
    def _fitted(self) -> FittedPrint:
        return FittedPrint(self.picture, self.asked(importance(self.picture)), self.size, self.wishes)

    def steps(self, model: None = None) -> Iterator[Step]:
        if self.mode == "fit":
            return self._fitted.steps(self.seed)
        return prints(self.picture, [_laid_out(self.mode, self.picture)], self.size, self.seed)

    def note(self, model: None = None) -> str | None:
        if self.mode == "fit":
            return self._fitted.note()
        notes = [invented(self.size, self.picture.size), *warnings(self.picture, cast(Task, self.mode))]
        return "; ".join(filter(None, notes)) or None

    def drawn_size(self, model: None = None) -> Size:
        return self.size

    def stem(self) -> str:
        width, height = self.size
        return f"{width}x{height}_{self.mode}_seed{self.seed}"


def retarget_picture(
    picture: Picture, size: Size, mode: str = "fit", seed: int = 0, *, protect: Picture | None = None,
    focus: tuple[float, float] | None = None, crop: float | None = None, extend: float | None = None,
    deform: float | None = None,
) -> Image.Image:  # fmt: skip
    """Return a picture at another (width, height), px, without training, as `RetargetPicture` does it.

    Raises ValueError where an argument is not what is allowed, PictureError where a picture cannot be read.
    """
    point = None if focus is None else ",".join(map(str, focus))
    wishes = {"crop": crop, "extend": extend, "deform": deform}
    # The use opens the pictures.
    use = RetargetPicture(picture, size, mode, seed, protect=protect, focus=point, **wishes)  # type: ignore[arg-type]
    (result,) = use.drawn(None)
    return result
