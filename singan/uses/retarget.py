"""Other sizes and aspect ratios, without losing what matters in the picture (SinGAN, section 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from darkroom.checks import check_range
from darkroom.pictures import Picture
from darkroom.uses import PicturesUse, Size, Step, as_steps, option, seed_option
from singan.config import MAX_OUTPUT, MIN_OUTPUT
from singan.enlarge import ABOUT, Layout
from singan.image import check_size
from singan.prints import invented, prints
from singan.uses.start import PLACES, enlarge_option, print_suffix, start_scale_option

if TYPE_CHECKING:
    from singan.pipeline import ScenePipeline

KEEP_START_SCALE = 3  # by eye: 1 and 2 let bright edges bleed, 5 begins to show the stretching

KEPT = (1.0, 1.0)  # how much patches of a print keep their place, so that nothing leaves its own

MODES = ("keep", "rearrange")


def _size_option(help: str) -> Any:
    return option(help=help, label="Size", low=MIN_OUTPUT, high=MAX_OUTPUT, unit="px", start=(325, 175))


def _mode_option() -> Any:
    said = "keep holds the picture's own layout, rearrange draws new content"
    return option("keep", said, label="Mode", choices=MODES)


@dataclass(frozen=True)
class Retarget(PicturesUse["ScenePipeline"]):
    """Fit a trained scene to another size or aspect ratio.

    "keep" holds the layout: the picture, stretched to the new shape, enters below `start_scale` (default 3, at least 1)
    and the finer scales redraw it, so that its texture keeps its proportions. "rearrange" draws new content at the new
    size from `start_scale` (default 0).
    """

    size: Size = _size_option("of the pictures, up to 4 megapixels, enlarged up to 16")
    mode: str = _mode_option()
    start_scale: int | None = start_scale_option(None, "where drawing begins; by default 3 for keep, 0 for rearrange")
    count: int = option(1, "number of pictures", label="Pictures", low=1, high=1000, served=50)
    seed: int = seed_option()
    enlarge: bool = enlarge_option()

    def steps(self, model: ScenePipeline) -> Iterator[Step]:
        if self.mode == "rearrange":
            start, below = self.start_scale or 0, model.remembered
            model.check_start(start)
        else:
            last = max(1, model.scales - 1)
            start = min(KEEP_START_SCALE, last) if self.start_scale is None else self.start_scale
            check_range("start_scale of mode keep", start, 1, last)
            # A pyramid of one scale has none to redraw with: z_rec itself, stretched, holds the layout.
            below = model.stretched if model.scales > 1 else model.remembered
        if not self.enlarge:
            sizes = model.sizes_for(self.size)
            return as_steps(model.draw(self.count, sizes, model.noise(self.seed), start, below))
        sizes = model.sizes_for(model.size_of(self.size[0] / self.size[1]))
        place = KEPT if self.mode == "keep" else ABOUT
        pictures = model.draw(self.count, sizes, model.noise(self.seed), start, below)
        return model.prints((Layout(it, place=place) for it in pictures), self.size, self.seed, drafts=True)

    def note(self, model: ScenePipeline) -> str | None:
        return invented(self.size, model.original_size) if self.enlarge else None

    def stem(self) -> str:
        width, height = self.size
        return f"{width}x{height}_{self.mode}_seed{self.seed}{print_suffix(self.enlarge)}"


@dataclass(frozen=True)
class RetargetPicture(PicturesUse[None]):
    """Fit any picture to another size or aspect ratio, without training.

    Patches of the picture do it alone: what they print differs from a trained scene's prints no more than two of its
    seeds do. "keep" lays them out by the picture, stretched to the new shape; "rearrange" draws new content.
    """

    picture: Image.Image = option(help="of at least 32 px a side, at most 8 times longer than wide", label="Picture")
    size: Size = _size_option("of the result, up to 16 megapixels")
    mode: str = _mode_option()
    seed: int = seed_option()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size(*self.picture.size)

    def steps(self, model: None = None) -> Iterator[Step]:
        layout = Layout(self.picture, place=KEPT) if self.mode == "keep" else Layout(place=PLACES[0])
        return prints(self.picture, [layout], self.size, self.seed)

    def note(self, model: None = None) -> str | None:
        return invented(self.size, self.picture.size)

    def stem(self) -> str:
        width, height = self.size
        return f"{width}x{height}_{self.mode}_seed{self.seed}"


def retarget_picture(picture: Picture, size: Size, mode: str = "keep", seed: int = 0) -> Image.Image:
    """A picture at another (width, height), px, without training, as `RetargetPicture` does it. Raises ValueError."""
    (result,) = RetargetPicture(picture, size, mode, seed).drawn(None)  # type: ignore[arg-type]  # it opens the picture
    return result
