"""Make pictures for a use of what a visitor draws on the page: painted, moved, copied, removed, pasted.

Masks are "L", white where a picture changed.
"""

from PIL import Image, ImageChops

SEEN = 64  # of 255, from which on paint counts: brushes that mark are translucent


def marked(layer: Image.Image | None) -> Image.Image | None:
    """Return the mask of what was painted on a layer, RGBA; None where nothing was."""
    mask = layer and layer.getchannel("A").point(lambda alpha: 255 if alpha >= SEEN else 0)
    return mask if mask and mask.getbbox() else None


def painted(layer: Image.Image, picture: Image.Image | None) -> Image.Image:
    """Lay what was painted on a layer, RGBA, over a picture, stretched, or over its own colours, spread out."""
    under = spread(layer) if picture is None else picture.resize(layer.size, Image.Resampling.BICUBIC)
    return Image.alpha_composite(under.convert("RGBA"), layer).convert("RGB")


def spread(layer: Image.Image) -> Image.Image:
    """Fill what is clear with the colours nearby, by averages of averages (push-pull; Gortler et al., 1996)."""
    if layer.size == (1, 1):
        return layer.convert("RGB")
    small = layer.reduce(2)
    small.putalpha(small.getchannel("A").point(lambda alpha: min(255, 4 * alpha)))  # One of four pixels is enough.
    below = spread(small).resize(layer.size, Image.Resampling.BILINEAR)
    return Image.alpha_composite(below.convert("RGBA"), layer).convert("RGB")


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
    layer = Image.new("RGBA", picture.size)
    place = round(across * picture.width - columns / 2), round(down * picture.height - rows / 2)
    layer.paste(cutout.resize((columns, rows), Image.Resampling.LANCZOS), place)
    mask = marked(layer)
    if not mask:
        raise ValueError("nothing of what is pasted lies in the picture")
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB"), mask
