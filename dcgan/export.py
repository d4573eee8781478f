"""Sheets of faces, and faces enlarged."""

from collections.abc import Sequence

from PIL import Image

MORPH_FORMATS = ("mp4", "gif")
MORPH_SCALE = 4  # faces of 64 px are small on a screen


def contact_sheet(images: Sequence[Image.Image], columns: int) -> Image.Image:
    """Put pictures of one size side by side, row by row."""
    width, height = images[0].size
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * width, rows * height))
    for i, image in enumerate(images):
        sheet.paste(image, (i % columns * width, i // columns * height))
    return sheet


def enlarged_to(image: Image.Image, side: int) -> Image.Image:
    """Enlarge a square picture to `side` px by Lanczos' filter: smooth, with no more detail than before."""
    return image if image.width == side else image.resize((side, side), Image.Resampling.LANCZOS)


def enlarged(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """Enlarge pictures of one size four times."""
    width, height = (side * MORPH_SCALE for side in frames[0].size)
    return [frame.resize((width, height), Image.Resampling.BICUBIC) for frame in frames]
