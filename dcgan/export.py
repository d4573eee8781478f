"""Pictures and animations as files, each written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import imageio.v2 as imageio
import numpy as np
from PIL import Image

MORPH_FORMATS = ("mp4", "gif")
MORPH_SCALE = 4  # faces of 64 px are small on a screen


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes `path`'s place when the block ends without an error."""
    part = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def contact_sheet(images: Sequence[Image.Image], columns: int) -> Image.Image:
    """Pictures of one size side by side, row by row."""
    width, height = images[0].size
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * width, rows * height))
    for i, image in enumerate(images):
        sheet.paste(image, (i % columns * width, i // columns * height))
    return sheet


def save_morph(frames: Sequence[Image.Image], path: Path, fps: float = 20) -> None:
    """RGB frames, four times as large, as .mp4 (H.264, yuv420p) or .gif, which repeats for ever.

    Raises ValueError for another suffix.
    """
    if path.suffix.removeprefix(".") not in MORPH_FORMATS:
        raise ValueError(f"format is {path.suffix!r}; allowed are {', '.join(f'.{name}' for name in MORPH_FORMATS)}")
    width, height = (side * MORPH_SCALE for side in frames[0].size)
    large = [frame.resize((width, height), Image.Resampling.BICUBIC) for frame in frames]
    with atomic(path) as part:
        if path.suffix == ".gif":
            duration = round(1000 / fps)
            large[0].save(part, format="GIF", save_all=True, append_images=large[1:], duration=duration, loop=0)
        else:
            writer: Any = imageio.get_writer(
                part,
                format="FFMPEG",  # type: ignore[arg-type]
                fps=fps,
                codec="libx264",
                pixelformat="yuv420p",
                quality=8,
                output_params=["-movflags", "+faststart"],  # playback starts before the file has come whole
            )
            with writer:
                for frame in large:
                    writer.append_data(np.asarray(frame))
