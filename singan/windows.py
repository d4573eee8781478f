"""The network that finds writing in windows of a picture, slid over several sizes of it."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_name("windows.safetensors")
WINDOW, STRIDE = 32, 4  # px: what the network sees at once, and how far apart its windows are
# Shorter sides of the reduced pictures, px: writing of 2 % to 20 % of that side is 6 to 20 px high in one of them.
WRITING_SIDES = (384, 192, 96)
LONGEST = 768  # px, longer side of a reduced picture
AROUND = (WINDOW - STRIDE) // 2  # px, repeated border that gives each 4 px of a picture a window around it


class Windows(nn.Sequential):
    """Compute logits of 32 px windows: brightness (N, 1, H, W) in [0, 1] to (N, 2, rows, columns), every 4 px.

    Channel 0 says that the window holds a face (`darkroom.face_detector` tells better), channel 1 that it holds
    writing. No padding: whatever stands outside a window has no say in it. Raises RuntimeError below 32 px.
    """

    def __init__(self) -> None:
        def block(before: int, after: int, kernel: int, stride: int = 1) -> list[nn.Module]:
            return [nn.Conv2d(before, after, kernel, stride, bias=False), nn.BatchNorm2d(after), nn.ReLU()]

        head = nn.Conv2d(48, 2, 1)
        super().__init__(*block(1, 16, 4, 2), *block(16, 32, 3, 2), *block(32, 32, 3), *block(32, 48, 5), head)


@cache
def shipped_windows() -> Windows:
    network = Windows()
    network.load_state_dict({name: value.float() for name, value in load_file(WEIGHTS).items()})
    return network.eval().requires_grad_(False)


def at_most(image: Image.Image) -> Image.Image:
    """Reduce a picture to the longest of `WRITING_SIDES`, where its shorter side is longer."""
    shorter = max(WRITING_SIDES)
    return image if min(image.size) <= shorter else reduced(image, shorter)


def reduced(image: Image.Image, shorter: int) -> Image.Image:
    """Reduce a picture to this shorter side, px, or less where the longer one would pass 768; none below 32."""
    factor = min(shorter / min(image.size), LONGEST / max(image.size))
    width, height = (max(WINDOW, round(side * factor)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2)


@torch.inference_mode()
def writing_logits(image: Image.Image, network: Windows, cells: int) -> Tensor:
    """Find, (cells, cells), how surely each place holds writing of 2 % to 20 % of the shorter side."""
    gray, found = image.convert("L"), list[Tensor]()
    for side in WRITING_SIDES:
        pixels = np.pad(np.asarray(reduced(gray, side)), AROUND, mode="edge")
        logits = network(torch.from_numpy(pixels)[None, None].float() / 255)
        found.append(F.interpolate(logits[:, 1:], (cells, cells)))
    return torch.cat(found).amax((0, 1))
