"""Faces side by side, and faces in motion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from darkroom.animations import format_of, save_animation

MORPH_FORMATS = ("mp4", "gif")
MORPH_SCALE = 4  # faces of 64 px are small on a screen


def contact_sheet(images: Sequence[Image.Image], columns: int) -> Image.Image:
    """Pictures of one size side by side, row by row."""
    width, height = images[0].size
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * width, rows * height))
    for i, image in enumerate(images):
        sheet.paste(image, (i % columns * width, i // columns * height))
    return sheet


def save_morph(frames: Sequence[Image.Image], path: Path, fps: float = 20) -> None:
    """RGB frames, four times as large, as .mp4 or .gif: the suffix says which, in whatever case.

    Raises what `save_animation` raises, and ValueError for another suffix before anything is drawn.
    """
    format_of(path, MORPH_FORMATS)
    width, height = (side * MORPH_SCALE for side in frames[0].size)
    large = [frame.resize((width, height), Image.Resampling.BICUBIC) for frame in frames]
    save_animation(large, path, fps)
