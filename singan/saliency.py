"""Salient objects of a photograph: those that people would name as its subject, whole.

U2-Net (Qin et al., Pattern Recognition 2020, arXiv 2005.09007), its small version of 1.1 million parameters: a U-Net
whose blocks are U-Nets themselves, with the authors' weights (Apache License 2.0), trained on DUTS. Batch
normalisation is folded into the convolutions.
"""

from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from darkroom.device import fast_format

WEIGHTS = Path(__file__).with_suffix(".safetensors")
SIDE = 320  # px, both sides of what the network sees, as in training
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HIDDEN, WIDTH = 16, 64  # channels inside of a block, and of what it returns


class Block(nn.Module):
    """Run a residual U-block: a U-Net of `depth` levels (RSU in the paper), dilated where small, else pooled."""

    def __init__(self, channels_in: int, depth: int, dilated: bool = False) -> None:
        super().__init__()
        self.dilated = dilated
        rates = [2**n for n in range(depth)] if dilated else [1] * (depth - 1) + [2]
        self.enter = _convolution(channels_in, WIDTH)
        self.down = nn.ModuleList(_convolution(HIDDEN if n else WIDTH, HIDDEN, rate) for n, rate in enumerate(rates))
        self.up = nn.ModuleList(
            _convolution(2 * HIDDEN, HIDDEN if n else WIDTH, rates[n] if dilated else 1)
            for n in reversed(range(depth - 1))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, 64, H, W)."""
        entered = x = F.relu(self.enter(x))
        levels = list[Tensor]()
        for n, layer in enumerate(self.down):
            pooled = 0 < n < len(self.down) - 1 and not self.dilated
            x = F.relu(layer(F.max_pool2d(x, 2, ceil_mode=True) if pooled else x))
            levels.append(x)
        x = levels.pop()
        for layer in self.up:
            below = levels.pop()
            x = F.relu(layer(torch.cat([_resized(x, below), below], 1)))
        return x + entered


class SalientObjects(nn.Module):
    """Run the network: six blocks down, five up, and the maps of all levels fused."""

    def __init__(self) -> None:
        super().__init__()
        shapes = [(7, False), (6, False), (5, False), (4, False), (4, True), (4, True)]  # depth, dilated
        self.down = nn.ModuleList(Block(WIDTH if n else 3, *shape) for n, shape in enumerate(shapes))
        self.up = nn.ModuleList(Block(2 * WIDTH, *shape) for shape in shapes[-2::-1])
        self.sides = nn.ModuleList(nn.Conv2d(WIDTH, 1, 3, padding=1) for _ in shapes)
        self.fuse = nn.Conv2d(len(shapes), 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 3, H, W), normalised, to (N, 1, H, W) in [0, 1]."""
        levels = list[Tensor]()
        for n, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2, ceil_mode=True) if n else x)
            levels.append(x)
        maps = [levels.pop()]
        for block in self.up:
            below = levels.pop()
            maps.insert(0, block(torch.cat([_resized(maps[0], below), below], 1)))
        sides = [side(it) for side, it in zip(self.sides, maps, strict=True)]
        return torch.sigmoid(self.fuse(torch.cat([_resized(it, sides[0]) for it in sides], 1)))


def _convolution(channels_in: int, channels_out: int, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, padding=dilation, dilation=dilation)


def _resized(x: Tensor, like: Tensor) -> Tensor:
    return x if x.shape[-2:] == like.shape[-2:] else F.interpolate(x, like.shape[-2:], mode="bilinear")


@cache
def _network() -> SalientObjects:
    network = SalientObjects().eval()
    network.load_state_dict({name: value.float() for name, value in load_file(WEIGHTS).items()})
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a fifth faster
    return network.to(fast_format(torch.device("cpu")))  # bfloat16 takes half of the time


@torch.inference_mode()
def salient_objects(photograph: Image.Image) -> NDArray[np.float32]:
    """Return how surely each place belongs to a salient object: (320, 320) in [0, 1], stretched to a square."""
    small = np.array(photograph.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)
    normalised = (small / max(small.max(), 1.0) - MEAN) / STD
    x = torch.from_numpy(normalised).float().permute(2, 0, 1)[None]  # channels last in memory
    network = _network()
    found = network(x.to(network.fuse.weight.dtype))
    return found[0, 0].float().numpy()
