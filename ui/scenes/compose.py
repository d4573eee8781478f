"""Pictures for a use, made from what a visitor draws on the page: painted, moved, copied, removed, pasted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

SIDE = 1024  # px, longer side of what is composed: finer detail is redrawn

Floats = NDArray[np.float32]


def reduced(picture: Image.Image) -> Image.Image:
    """A copy, RGB, of at most SIDE."""
    picture = picture.convert("RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return picture


def painted(layer: Image.Image | None, picture: Image.Image | None) -> Image.Image:
    """What was painted on a clear layer, RGBA: over a picture, stretched; or over its own colours, spread out. Raises
    ValueError where nothing was."""
    if layer is None or not marked(layer).getbbox():
        raise ValueError("nothing is painted yet: choose a colour and paint, or load a picture")
    under = spread(layer) if picture is None else picture.resize(layer.size, Image.Resampling.BICUBIC)
    return Image.alpha_composite(under.convert("RGBA"), layer).convert("RGB")


def marked(layer: Image.Image) -> Image.Image:
    """White where something was painted, L."""
    return layer.getchannel("A").point(lambda value: 255 if value > 127 else 0)


def spread(layer: Image.Image) -> Image.Image:
    """What is clear with the colours that are nearby, by averages of averages (push-pull; Gortler et al., 1996)."""
    pixels = np.asarray(layer, np.float32) / 255
    filled = _pulled(np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], 2))
    return Image.fromarray((filled[..., :3] / filled[..., 3:].clip(1e-6) * 255).clip(0, 255).astype(np.uint8))


def _pulled(pixels: Floats) -> Floats:
    """Colours times weight, and weight, (height, width, 4): what weight lacks to 1 comes from the half-size picture."""
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
    """The picture with what the mask marks covered by the colours around."""
    kept = picture.convert("RGBA")
    kept.putalpha(ImageChops.invert(mask))
    return Image.composite(spread(kept), picture, mask)


def moved(
    picture: Image.Image, mask: Image.Image, right: float, down: float, copy: bool
) -> tuple[Image.Image, Image.Image]:
    """The picture with what the mask marks moved, by parts of the width and the height, or copied; and the mask of what
    changed. Raises ValueError where nothing of it stays in the picture."""
    offset = round(right * picture.width), round(down * picture.height)
    there, part = Image.new("L", mask.size), Image.new("RGB", picture.size)
    there.paste(mask, offset)
    part.paste(picture, offset)
    if not there.getbbox():
        raise ValueError("what is marked would be moved out of the picture: move it less")
    left = picture if copy else removed(picture, mask)
    changed = there if copy else ImageChops.lighter(there, mask)
    return Image.composite(part, left, there), changed


def pasted(
    picture: Image.Image, cutout: Image.Image, across: float, down: float, width: float
) -> tuple[Image.Image, Image.Image]:
    """The picture with a cutout, RGBA, on it, and its mask. across, down: its middle, in parts of the picture; width:
    likewise. Raises ValueError where nothing of it is in the picture."""
    columns = max(1, round(width * picture.width))
    rows = max(1, round(columns * cutout.height / cutout.width))
    small = cutout.resize((columns, rows), Image.Resampling.LANCZOS)
    corner = round(across * picture.width - columns / 2), round(down * picture.height - rows / 2)
    layer = Image.new("RGBA", picture.size)
    layer.paste(small, corner)
    mask = marked(layer)
    if not mask.getbbox():
        raise ValueError("nothing of what is pasted lies in the picture")
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB"), mask
