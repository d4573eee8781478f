"""Values of any range as 8 bits, and colours of any profile as sRGB."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

FULL_SCALE_BITS = (8, 10, 12, 14, 16)  # of sensors and files


def to_eight_bits(values: np.ndarray) -> np.ndarray:
    """Scale values to uint8 by the range that is there.

    Whole numbers: 0 to the smallest full scale of 8, 10, 12, 14 or 16 bits (15 for int16) that holds them all. Floats:
    0 to 1, -1 to 1, or 0 to 255 (of which some are beyond 2). All others: the least to the greatest. Raises ValueError
    where a value is NaN, infinite or beyond float32.
    """
    if values.dtype == np.uint8:
        return values
    with np.errstate(over="ignore"):
        scaled = values.astype(np.float32)
    if not np.isfinite(scaled).all():
        raise ValueError("holds values that are NaN or infinite; only finite ones are allowed")
    low, high = float(scaled.min()), float(scaled.max())
    if values.dtype.kind == "f":
        ranges = [(0.0, 1.0), (-1.0, 1.0)] + [(0.0, 255.0)] * (high > 2)
    else:
        bits = [15 if values.dtype == np.int16 and bits == 16 else bits for bits in FULL_SCALE_BITS]
        ranges = [(0.0, 2.0**each - 1) for each in bits]
    black, white = next(((b, w) for b, w in ranges if b <= low and high <= w), (low, high))
    scaled /= 2  # the greatest less the least may be beyond all floats
    scaled -= black / 2
    scaled *= 255 / ((white / 2 - black / 2) or 1)
    return np.rint(scaled, out=scaled).clip(0, 255).astype(np.uint8)


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert an image of mode L, LA, RGB, RGBA, CMYK or LAB to RGB or RGBA in sRGB; itself where nothing changes.

    A profile that is broken, or of other colours than the image, is ignored; so is one that calls itself sRGB.
    """
    transparent = image.mode in ("LA", "RGBA")
    converted = _converted(image, profile)
    if converted is None:
        mode = "RGBA" if transparent else "RGB"
        return image if image.mode == mode else image.convert(mode)
    if transparent:
        converted.putalpha(image.getchannel("A"))
    return converted


def _converted(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    if profile is None and image.mode != "LAB":
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else ImageCms.createProfile("LAB")
        if "sRGB" in ImageCms.getProfileDescription(source):
            return None
        colours = image.convert(image.mode.removesuffix("A"))
        return ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return None
