"""Prints of a photograph at sizes that are asked for: by its own patches, and beyond its own pixels enlarged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PIL import Image

from darkroom.checks import check_range
from darkroom.seeds import seed_of
from darkroom.uses import Size, Step
from singan.config import MAX_PRINT_PIXELS, MIN_OUTPUT
from singan.enlarge import Enlarger, Layout, Stage, developed, filled
from singan.super_resolution import MOST, beyond


def fitting(size: Size, photograph: Size) -> Size:
    """(width, height), or what of it a photograph of the other size reaches in this shape, enlarged beyond its
    pixels."""
    width, height = photograph
    return filled(size, (MOST * width, MOST * height))


def prints(
    photograph: Image.Image, layouts: Iterable[Layout], size: Size, seed: int, drafts: bool = False
) -> Iterator[Step]:
    """Prints at (width, height), as far as the photograph reaches: where its pixels do not fill that, they are
    enlarged. drafts: whether the pictures that lay them out are shown as drafts. Raises ValueError."""
    check_print(size)
    enlarger, due = Enlarger(photograph), fitting(size, photograph.size)

    def stages(number: int, layout: Layout) -> Iterator[Stage]:
        own = enlarger.stages(*size, layout, seed_of(seed, number) % 2**31)
        return own if due == filled(size, photograph.size) else beyond(own, due)

    numbered = enumerate(layouts)
    return developed((layout.picture if drafts else None, stages(number, layout)) for number, layout in numbered)


def invented(size: Size, photograph: Size) -> str | None:
    """What to say of a print of this size where a photograph of the other does not fill it."""
    own = filled(size, photograph)
    if own == size:
        return None
    return f"beyond {own[0]} × {own[1]} px, which the photograph fills, detail is invented"


def check_print(size: Size) -> None:
    """Raises ValueError unless prints may have this (width, height)."""
    check_range("width", size[0], MIN_OUTPUT, MAX_PRINT_PIXELS)
    check_range("height", size[1], MIN_OUTPUT, MAX_PRINT_PIXELS)
    if size[0] * size[1] > MAX_PRINT_PIXELS:
        raise ValueError(f"size is {size[0]}x{size[1]}; at most {MAX_PRINT_PIXELS // 10**6} megapixels are allowed")
