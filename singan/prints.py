"""Prints of a photograph at any size: by its own patches, beyond its pixels by super-resolution, then plainly."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from PIL import Image

from darkroom.seeds import seed_of
from darkroom.uses import Size, Step
from singan.config import MAX_PRINT_PIXELS, check_output
from singan.deformation import cropped
from singan.enlarge import Enlarger, Layout, developed, filled
from singan.fit import Fitting
from singan.importance import Importance
from singan.patches import PATCH, compiled
from singan.strips import Strips, Wishes, arrange
from singan.super_resolution import MOST, beyond

DRAFT_PIXELS = 120_000
BROKEN = 3.0  # cost of strips from which on the picture would be worse than a crop, by eye
CONTINUED = (
    "the photograph's border cuts the subject, and what continues it beyond is invented: a plain crop may be better"
)
CROPPED = "the subject fills too much of the photograph to fit it whole: it was cropped around its middle"


def prints(
    photograph: Image.Image, layouts: Iterable[Layout], size: Size, seed: int, drafts: bool = False
) -> Iterator[Step]:
    """Return the steps of prints of this (width, height), px, one for each layout.

    drafts: whether the pictures that lay them out are shown as drafts. Raises ValueError where the size is not allowed.
    """
    check_output(size, MAX_PRINT_PIXELS, MAX_PRINT_PIXELS)
    enlarger, reached = Enlarger(photograph, size), _reached(size, photograph.size)

    def steps(number: int, layout: Layout) -> Iterator[Step]:
        own = enlarger.stages(layout, seed_of(seed, number) % 2**31)
        return own if reached == enlarger.size else beyond(own, reached, size)

    numbered = enumerate(layouts)
    return developed((layout.picture if drafts else None, steps(number, layout)) for number, layout in numbered)


class FittedPrint:
    """A photograph in another shape, as `singan.fit` makes it, at any size of (width, height) px."""

    def __init__(self, photograph: Image.Image, importance: Importance, size: Size, wishes: Wishes) -> None:
        """Raise ValueError where the size is not allowed."""
        check_output(size, MAX_PRINT_PIXELS, MAX_PRINT_PIXELS)
        compiled()  # here, as the steps may be drawn where others wait for their turn
        self.photograph, self.importance, self.size = photograph, importance, size
        self.strips = arrange(importance, photograph.size[::-1], size[::-1], wishes)
        self.wishes = wishes

    def steps(self, seed: int, number: int = 0) -> Iterator[Step]:
        """Yield the steps of the print; the first shows the deformed photograph, small."""
        if self.wishes.plain_crop or self.strips.cost > BROKEN:
            yield Step(number, cropped(self.photograph, self.size, self.importance.centre))
            return
        scale = max(1.0, self.strips.scale)  # above 1 the photograph has too few pixels
        width, height = (max(PATCH + 1, round(side / scale)) for side in self.size)
        own, strips = (width, height), replace(self.strips, scale=self.strips.scale / scale)
        yield Step(number, self._draft(strips, own), 0.0)
        fitting = Fitting(self.photograph, self.importance, strips, own)
        steps = fitting.stages(seed_of(seed, number) % 2**31)
        if own != self.size:
            steps = beyond(steps, _reached(self.size, own), self.size)
        yield from (replace(step, number=number) for step in steps)

    def _draft(self, strips: Strips, size: Size) -> Image.Image:
        """Deform a small photograph: many are to be seen at once."""
        share = min(1.0, math.sqrt(DRAFT_PIXELS / math.prod(size)))
        photograph, small = (
            [max(PATCH + 1, round(share * side)) for side in it] for it in (self.photograph.size, size)
        )
        reduced = self.photograph.resize(photograph, Image.Resampling.BOX)
        return Image.fromarray(Fitting(reduced, self.importance, strips, (small[0], small[1])).deformed)

    def note(self) -> str | None:
        return fitted_note(self.importance, self.photograph.size, self.size, self.wishes)


def fitted_note(importance: Importance, photograph: Size, size: Size, wishes: Wishes) -> str | None:
    """Return a remark on a photograph of one size that `FittedPrint` makes another, if there is one."""
    strips = arrange(importance, photograph[::-1], size[::-1], wishes)
    if wishes.plain_crop or strips.cost > BROKEN:
        share = min(1.0, *(own / side for own, side in zip(photograph, size, strict=True)))
        width, height = (round(side * share) for side in size)
        beyond_own = f"beyond {width} × {height} px, which the photograph fills, it is plainly enlarged"
        notes = [None if wishes.plain_crop else CROPPED, beyond_own if share < 1 else None]
    else:
        width, height = (round(side / max(1.0, strips.scale)) for side in size)
        notes = [CONTINUED if strips.continued else None, invented(size, (width, height))]
    return "; ".join(filter(None, notes)) or None


def invented(size: Size, photograph: Size) -> str | None:
    """Describe what is invented in a print of this size of a photograph of the other; None: nothing."""
    own, reached = filled(size, photograph), _reached(size, photograph)
    if own == size:
        return None
    note = f"beyond {own[0]} × {own[1]} px, which the photograph fills, detail is invented"
    return note if reached == size else f"{note}; beyond {reached[0]} × {reached[1]} px it is plainly enlarged"


def _reached(size: Size, photograph: Size) -> Size:
    """Return the size, at most this and of the same shape, that super-resolution makes of a photograph of the other."""
    return filled(size, (MOST * photograph[0], MOST * photograph[1]))
