"""Pictures in, tensors inside (float32 NCHW RGB in [-1, 1]), pictures out; and the pyramid of sizes."""

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from darkroom import pictures
from darkroom.pictures import Picture, PictureError
from singan.config import RECEPTIVE_FIELD, Shape, TrainConfig

MIN_SIDE = 32  # px
MAX_RATIO = 8
MIN_TRAINED_SIDE = 16  # px


def check_size(width: int, height: int) -> None:
    """Raise PictureError where a side is too short or the picture too narrow to be learned."""
    size = f"{width}x{height}"
    if min(width, height) < MIN_SIDE:
        raise PictureError(f"the picture is {size}; both sides must be at least {MIN_SIDE} px")
    if max(width, height) > MAX_RATIO * min(width, height):
        raise PictureError(f"the picture is {size}; the longer side may be at most {MAX_RATIO} times the shorter")


def open_picture(source: Picture) -> Image.Image:
    """Open any picture as `darkroom.pictures` does. Raises PictureError, also where it could not be learned."""
    return pictures.open_picture(source, check=check_size)


def to_tensor(image: Image.Image) -> Tensor:
    """Convert an RGB image to float32 (1, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None].float() / 127.5 - 1


def to_pil(x: Tensor) -> list[Image.Image]:
    """Convert pictures (N, 3, H, W) in [-1, 1], values beyond clipped, to RGB images."""
    bytes_ = ((x.float() + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(picture) for picture in bytes_]


def resize(x: Tensor, size: Sequence[int]) -> Tensor:
    """Resize, bicubic with anti-aliasing, to exactly (height, width); SinGAN's own scales by a factor and crops."""
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    return F.interpolate(x, tuple(size), mode="bicubic", antialias=True, align_corners=False)


def resize_picture(x: Tensor, size: Sequence[int]) -> Tensor:
    """Resize and clip to [-1, 1], as the official code's passage through uint8 keeps it."""
    return resize(x, size).clamp(-1, 1)


def pyramid_sizes(width: int, height: int, config: TrainConfig) -> tuple[Shape, ...]:
    """Find the (height, width) of every scale for a picture of this size, px, coarsest first (SinGAN, supplement 1).

    A picture that is no larger than `min_size` starts at half its shorter side, but never below what its critics see.
    Raises PictureError where the reduced picture is too narrow.
    """
    reduction = min(1.0, config.max_size / max(width, height))
    top = (math.ceil(height * reduction - 1e-6), math.ceil(width * reduction - 1e-6))
    short = min(top)
    if short < MIN_TRAINED_SIDE:
        size, least = f"{top[1]}x{top[0]}", f"both sides must keep {MIN_TRAINED_SIDE} px"
        raise PictureError(f"max_size {config.max_size} reduces the picture to {size}; {least}")
    coarsest = config.min_size if short > config.min_size else max(RECEPTIVE_FIELD, short / 2)
    finest = (config.scales or 0) - 1
    if config.scales is None:
        total = math.ceil(math.log(coarsest / min(width, height)) / math.log(config.scale_factor)) + 1
        finest = max(1, total - math.ceil(math.log(reduction) / math.log(config.scale_factor)))
    shares = [((coarsest / short) ** (1 / finest)) ** (finest - n) for n in range(finest + 1)]
    # The small constant keeps 25.000000000004 from becoming 26.
    return tuple((math.ceil(top[0] * it - 1e-6), math.ceil(top[1] * it - 1e-6)) for it in shares)
