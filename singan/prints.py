"""Prints of a photograph at any size: by its own patches, beyond its pixels by super-resolution, then plainly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PIL import Image

from darkroom.checks import check_range
from darkroom.seeds import seed_of
from darkroom.uses import Size, Step
from singan.config import MAX_PRINT_PIXELS, MIN_OUTPUT
from singan.enlarge import Enlarger, Layout, Stage, developed, filled
from singan.super_resolution import MOST, beyond


def prints(
    photograph: Image.Image, layouts: Iterable[Layout], size: Size, seed: int, drafts: bool = False
) -> Iterator[Step]:
    """Return the steps of prints of this (width, height), px, one for each layout.

    What the photograph's pixels do not fill is enlarged by super-resolution, and what that does not reach, plainly.
    drafts: whether the pictures that lay them out are shown as drafts. Raises ValueError where the size is not allowed.
    """
    check_print(size)
    enlarger, reached = Enlarger(photograph), _reached(size, photograph.size)

    def stages(number: int, layout: Layout) -> Iterator[Stage]:
        own = enlarger.stages(*size, layout, seed_of(seed, number) % 2**31)
        return own if reached == filled(size, photograph.size) else beyond(own, reached, size)

    numbered = enumerate(layouts)
    return developed((layout.picture if drafts else None, stages(number, layout)) for number, layout in numbered)


def invented(size: Size, photograph: Size) -> str | None:
    """Describe what a print of this size has beyond the pixels of a photograph of the other; None: nothing."""
    own, reached = filled(size, photograph), _reached(size, photograph)
    if own == size:
        return None
    note = f"beyond {own[0]} × {own[1]} px, which the photograph fills, detail is invented"
    return note if reached == size else f"{note}; beyond {reached[0]} × {reached[1]} px it is plainly enlarged"


def _reached(size: Size, photograph: Size) -> Size:
    """The size, at most this and of the same shape, that super-resolution makes of a photograph of the other."""
    return filled(size, (MOST * photograph[0], MOST * photograph[1]))


def check_print(size: Size) -> None:
    """Raises ValueError unless prints may have this (width, height)."""
    check_range("width", size[0], MIN_OUTPUT, MAX_PRINT_PIXELS)
    check_range("height", size[1], MIN_OUTPUT, MAX_PRINT_PIXELS)
    if size[0] * size[1] > MAX_PRINT_PIXELS:
        raise ValueError(f"size is {size[0]}x{size[1]}; at most {MAX_PRINT_PIXELS // 10**6} megapixels are allowed")
