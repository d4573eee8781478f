"""Make pictures for a use of what a visitor draws on the page: painted, moved, copied, removed, pasted.

Masks are "L", white where a picture changed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

COMPOSED_SIDE = 1024  # px, longer side: finer detail is redrawn

Floats = NDArray[np.float32]


def reduced(picture: Image.Image) -> Image.Image:
    """Return a copy, RGB, with sides of at most COMPOSED_SIDE."""
    picture = picture.convert("RGB")
    picture.thumbnail((COMPOSED_SIDE, COMPOSED_SIDE), Image.Resampling.LANCZOS)
    return picture


def painted(layer: Image.Image | None, picture: Image.Image | None) -> Image.Image:
    """Lay what was painted on a clear layer, RGBA, over a picture, stretched, or over its own colours, spread out.

    Raises ValueError where nothing was.
    """
    if layer is None or not marked(layer).getbbox():
        raise ValueError("nothing is painted yet: choose a colour and paint, or load a picture")
    under = spread(layer) if picture is None else picture.resize(layer.size, Image.Resampling.BICUBIC)
    return Image.alpha_composite(under.convert("RGBA"), layer).convert("RGB")


def marked(layer: Image.Image) -> Image.Image:
    """Return the mask of what was painted on a layer, RGBA."""
    return layer.getchannel("A").point(lambda value: 255 if value > 127 else 0)


def spread(layer: Image.Image) -> Image.Image:
    """Fill what is clear with the colours nearby, by averages of averages (push-pull; Gortler et al., 1996)."""
    pixels = np.asarray(layer, np.float32) / 255
    filled = _pulled(np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], 2))
    return Image.fromarray((filled[..., :3] / filled[..., 3:].clip(1e-6) * 255).clip(0, 255).astype(np.uint8))


def _pulled(pixels: Floats) -> Floats:
    """Fill what weight lacks to 1 from the half-size picture; pixels, (height, width, 4): colours by weight, weight."""
    height, width = pixels.shape[:2]
    if height * width == 1:
        return pixels
    even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)))
    half = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2, 4).mean((1, 3))
    below = _pulled(half)
    below = below / below[..., 3:].clip(1e-6)
    below = below.repeat(2, 0).repeat(2, 1)[:height, :width]
    return pixels + (1 - pixels[..., 3:]) * below


def removed(picture: Image.Image, mask: Image.Image) -> Image.Image:
    """Cover what the mask marks by the colours around."""
    kept = picture.convert("RGBA")
    kept.putalpha(ImageChops.invert(mask))
    return Image.composite(spread(kept), picture, mask)


def moved(
    picture: Image.Image, mask: Image.Image, right: float, down: float, copy: bool
) -> tuple[Image.Image, Image.Image]:
    """Move what the mask marks, by parts of the width and the height, or copy it; return the picture and its mask.

    Raises ValueError where nothing of it stays in the picture.
    """
    offset = round(right * picture.width), round(down * picture.height)
    there, part = Image.new("L", mask.size), Image.new("RGB", picture.size)
    there.paste(mask, offset)
    part.paste(picture, offset)
    if not there.getbbox():
        raise ValueError("what is marked would be moved out of the picture: move it less")
    left = picture if copy else removed(picture, mask)
    return Image.composite(part, left, there), there if copy else ImageChops.lighter(there, mask)


def pasted(
    picture: Image.Image, cutout: Image.Image, across: float, down: float, width: float
) -> tuple[Image.Image, Image.Image]:
    """Paste a cutout, RGBA; return the picture and its mask. across, down: its middle, in parts of the picture's sides;
    width: likewise. Raises ValueError where nothing of it is in the picture."""
    columns = max(1, round(width * picture.width))
    rows = max(1, round(columns * cutout.height / cutout.width))
    small = cutout.resize((columns, rows), Image.Resampling.LANCZOS)
    layer = Image.new("RGBA", picture.size)
    layer.paste(small, (round(across * picture.width - columns / 2), round(down * picture.height - rows / 2)))
    mask = marked(layer)
    if not mask.getbbox():
        raise ValueError("nothing of what is pasted lies in the picture")
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB"), mask
