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

ANIMATION_FORMATS = ("gif", "mp4", "webp")


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes `path`'s place when the block ends without an error."""
    part = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def save_png(image: Image.Image, path: Path) -> None:
    """One picture as PNG."""
    with atomic(path) as part:
        image.save(part, format="PNG")


def one_palette(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """The frames in one palette of 256 colours: with one each, colours flicker from frame to frame."""
    some = [np.asarray(frame) for frame in frames[:: max(1, len(frames) // 8)]]
    palette = Image.fromarray(np.concatenate(some)).quantize(256, method=Image.Quantize.MEDIANCUT)
    return [frame.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for frame in frames]


def _save_mp4(frames: Sequence[Image.Image], path: Path, fps: float) -> None:
    writer: Any = imageio.get_writer(
        path,
        format="FFMPEG",  # type: ignore[arg-type]
        fps=fps,
        codec="libx264",
        pixelformat="yuv420p",
        quality=8,
        macro_block_size=2,
        output_params=["-movflags", "+faststart"],  # playback starts before the file has come whole
    )
    with writer:
        for frame in frames:
            pixels = np.asarray(frame)
            odd = [(0, side % 2) for side in pixels.shape[:2]]  # yuv420p needs even sides: the last row is doubled
            writer.append_data(np.pad(pixels, [*odd, (0, 0)], mode="edge"))


def save_animation(frames: Sequence[Image.Image], path: Path, fps: float = 10) -> None:
    """RGB frames of one size, as the format that the path's suffix names: .gif, .mp4 (H.264, yuv420p) or .webp.

    GIF and WebP repeat for ever. Raises ValueError for another suffix.
    """
    with atomic(path) as part:
        common = {"save_all": True, "duration": round(1000 / fps), "loop": 0}
        match path.suffix:
            case ".gif":
                first, *others = one_palette(frames)
                palette = bytes(first.getpalette() or [])  # named, or Pillow repeats it in every frame
                first.save(part, format="GIF", append_images=others, palette=palette, optimize=False, **common)
            case ".webp":
                frames[0].save(part, format="WEBP", append_images=frames[1:], quality=85, method=2, **common)
            case ".mp4":
                _save_mp4(frames, part, fps)
            case other:
                raise ValueError(f"animation format is {other!r}; allowed are .gif, .mp4 and .webp")
