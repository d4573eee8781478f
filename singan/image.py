"""Pictures in, tensors inside, pictures out; and the pyramid of sizes.

Inside the package a picture is float32 NCHW RGB in [-1, 1]; uint8 exists in `to_tensor` and `to_pil` only.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import IO

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from singan.config import RECEPTIVE_FIELD, TrainConfig

MAX_SOURCE_PIXELS = 25_000_000
MIN_SIDE = 32  # px
MAX_RATIO = 8
MIN_TRAINED_SIDE = 16  # px
# Pillow also knows formats that start other programs (EPS) or have no size of their own: these are enough.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")

Picture = str | PathLike[str] | IO[bytes] | Image.Image | np.ndarray


class PictureError(ValueError):
    """The picture cannot be used; the message is one sentence that says why and what is allowed."""


def _check_size(width: int, height: int) -> None:
    size = f"{width}x{height}"
    if width * height > MAX_SOURCE_PIXELS:
        megapixels = width * height / 1e6
        raise PictureError(f"the picture is {size} ({megapixels:.1f} megapixels); at most 25 megapixels are allowed")
    if min(width, height) < MIN_SIDE:
        raise PictureError(f"the picture is {size}; both sides must be at least {MIN_SIDE} px")
    if max(width, height) > MAX_RATIO * min(width, height):
        raise PictureError(f"the picture is {size}; the longer side may be at most {MAX_RATIO} times the shorter")


def _opened(source: Picture) -> Image.Image:
    if isinstance(source, Image.Image):
        return source
    if isinstance(source, np.ndarray):
        return Image.fromarray(source)
    name = Path(fspath(source)).name if isinstance(source, str | PathLike) else "the upload"
    try:
        with warnings.catch_warnings():  # the size is checked here, with a clearer sentence than Pillow's warning
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(source, formats=FORMATS)
    except Image.DecompressionBombError:
        raise PictureError(f"{name} is far larger than the 25 megapixels allowed") from None
    except UnidentifiedImageError:
        raise PictureError(f"{name} is not a picture in a known format ({', '.join(FORMATS)})") from None
    except OSError as error:
        raise PictureError(f"{name} cannot be read: {error.strerror or error}") from None
    except Exception as error:  # each of Pillow's decoders has exceptions of its own
        raise PictureError(f"{name} is damaged: {error}") from None


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and float grayscale pictures, which Pillow's own conversion would clip, as mode L."""
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image, dtype=np.float64)
    top = 65535.0 if image.mode.startswith("I") and values.max() > 255 else max(1.0, float(values.max()))
    top = 255.0 if image.mode.startswith("I") and values.max() <= 255 else top
    return Image.fromarray((values / top * 255).clip(0, 255).round().astype(np.uint8))


def open_picture(source: Picture) -> Image.Image:
    """Any picture as an upright RGB image: a path, a binary file, a PIL image or a uint8 array (H, W[, 3]).

    Transparency is composited on white, the EXIF orientation applied, the first frame of an animation taken. The size
    is checked in the header, before anything is decoded. Raises PictureError.
    """
    image = _opened(source)
    _check_size(*image.size)
    try:
        image.seek(0)
        image = ImageOps.exif_transpose(image)
        image = _to_eight_bits(image)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return image.convert("RGB")
    except Exception as error:  # each of Pillow's decoders has exceptions of its own
        raise PictureError(f"the picture is damaged or cannot be decoded: {error}") from None


def to_tensor(image: Image.Image) -> Tensor:
    """An RGB image as float32 (1, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None].float() / 127.5 - 1


def to_pil(x: Tensor) -> list[Image.Image]:
    """Pictures (N, 3, H, W) in [-1, 1], values beyond clipped, as RGB images."""
    bytes_ = ((x.float() + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(picture) for picture in bytes_]


def resize(x: Tensor, size: Sequence[int]) -> Tensor:
    """Bicubic with anti-aliasing to (height, width), on the tensor's device.

    SinGAN's own resize scales by a factor and crops; here the size is exact, at most a pixel's width apart from it.
    """
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    return F.interpolate(x, tuple(size), mode="bicubic", antialias=True, align_corners=False)


def resize_picture(x: Tensor, size: Sequence[int]) -> Tensor:
    """`resize`, kept in [-1, 1], as the official code's passage through uint8 keeps it."""
    return resize(x, size).clamp(-1, 1)


def pyramid_sizes(width: int, height: int, config: TrainConfig) -> tuple[tuple[int, int], ...]:
    """(height, width) of every scale for a picture of this size, px, coarsest first (SinGAN, supplement 1).

    The longer side is reduced to `max_size`; the factor is adjusted so that the shorter side of the coarsest scale is
    `min_size`; sizes are rounded up. A picture that is no larger than `min_size` starts at half its shorter side, but
    never below the critics' receptive field. Raises PictureError where the reduced picture is too narrow.
    """
    reduction = min(1.0, config.max_size / max(width, height))
    top = (math.ceil(height * reduction - 1e-6), math.ceil(width * reduction - 1e-6))
    short = min(top)
    if short < MIN_TRAINED_SIDE:
        size = f"{top[1]}x{top[0]}"
        raise PictureError(
            f"max_size {config.max_size} reduces the picture to {size}; both sides must keep {MIN_TRAINED_SIDE} px"
        )
    coarsest = config.min_size if short > config.min_size else max(RECEPTIVE_FIELD, short / 2)
    if config.scales is None:
        total = math.ceil(math.log(coarsest / min(width, height)) / math.log(config.scale_factor)) + 1
        finest = total - math.ceil(math.log(reduction) / math.log(config.scale_factor))
    else:
        finest = config.scales - 1
    finest = max(1, finest)
    factor = (coarsest / short) ** (1 / finest)

    def side(pixels: int, n: int) -> int:
        # The small constant keeps 25.000000000004 from becoming 26.
        return math.ceil(pixels * factor ** (finest - n) - 1e-6)

    return tuple((side(top[0], n), side(top[1], n)) for n in range(finest + 1))


def image_pyramid(picture: Tensor, sizes: Sequence[tuple[int, int]]) -> list[Tensor]:
    """The picture (1, 3, H, W) at every size, in [-1, 1]; each is reduced from the finest, as in the official code."""
    top = resize_picture(picture, sizes[-1])
    return [resize_picture(top, size) for size in sizes]
