"""Values of any range as 8 bits, and colours of any profile as sRGB."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageCms

from darkroom.unreadable import Unreadable

FULL_SCALES = (8, 10, 12, 14, 16)  # bits of sensors and files
SAME = 2  # of 255: profiles that call themselves sRGB differ by this much


def levels(strips: Iterable[np.ndarray]) -> tuple[float, float]:
    """The values that become black and white, by the range that is there in all the strips together.

    Whole numbers: 0 to the smallest full scale of 8, 10, 12, 14 or 16 bits (15 for int16) that holds them all. Floats:
    0 to 1, -1 to 1, or 0 to 255 (of which some are beyond 2). All others: the least and the greatest. Raises Unreadable
    where a value is NaN or infinite.
    """
    low, high = math.inf, -math.inf
    for values in strips:
        if not np.isfinite(values).all():
            raise Unreadable("holds values that are NaN or infinite; only finite ones are allowed")
        low, high = min(low, float(values.min())), max(high, float(values.max()))
        dtype = values.dtype
    if dtype.kind == "f":
        allowed = [(0.0, 1.0), (-1.0, 1.0)] + [(0.0, 255.0)] * (high > 2)
    else:
        allowed = [(0.0, 2.0 ** (15 if dtype == np.int16 and bits == 16 else bits) - 1) for bits in FULL_SCALES]
    return next(((black, white) for black, white in allowed if black <= low and high <= white), (low, high))


def eight_bits(values: np.ndarray, black: float, white: float) -> np.ndarray:
    """The values as uint8, black as 0 and white as 255."""
    if values.dtype == np.uint8 and (black, white) == (0, 255):
        return values
    # Halves: the greatest float less the least may be beyond all floats.
    span = white / 2 - black / 2 or 1.0
    return np.rint((values / np.float64(2) - black / 2) * (255 / span)).clip(0, 255).astype(np.uint8)


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An image of mode L, LA, RGB, RGBA, CMYK or LAB as RGB or RGBA in sRGB, itself where nothing changes.

    A profile that is broken, or of other colours than the image, is ignored.
    """
    transparent = image.mode.endswith("A")
    colours = image.convert(image.mode[:-1]) if transparent and profile else image
    transform = _transform(colours.mode, profile)
    if transform is None:
        mode = "RGBA" if transparent else "RGB"
        return image if image.mode == mode else image.convert(mode)
    converted = transform.apply(colours)
    if transparent:
        converted.putalpha(image.getchannel("A"))
    return converted


def _transform(mode: str, profile: bytes | None) -> ImageCms.ImageCmsTransform | None:
    """From a profile to sRGB; None where there is nothing to convert, or the profile is broken or of other colours."""
    if profile is None and mode != "LAB":
        return None
    srgb = ImageCms.createProfile("sRGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else ImageCms.createProfile("LAB")
        transform = ImageCms.buildTransform(source, srgb, mode, "RGB")
        return None if mode in PROBES and _changes_nothing(transform, PROBES[mode]) else transform
    except Exception:  # LittleCMS and Pillow have many, and none of them is worth a picture
        return None if mode != "LAB" or profile is None else _transform(mode, None)


def _changes_nothing(transform: ImageCms.ImageCmsTransform, probe: Image.Image) -> bool:
    before, after = np.asarray(probe.convert("RGB"), dtype=int), np.asarray(transform.apply(probe), dtype=int)
    return bool(np.abs(before - after).max() <= SAME)


def _probes() -> dict[str, Image.Image]:
    """All grays, and nine steps a side of the cube of colours."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(9, 81, 3)
    return {"L": Image.fromarray(np.arange(256, dtype=np.uint8)[None]), "RGB": Image.fromarray(cube)}


PROBES = _probes()
