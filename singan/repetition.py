"""How far a picture repeats its own patches at each scale: what a SinGAN of it can be built from.

`benchmarks/repetition.py` measures how well that predicts the coherence of samples, and finds the weights.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from singan.image import Picture, open_picture, resize_picture, to_tensor

PATCH = 7  # px
SIDES = (32, 64, 128)  # px, longer sides of the reduced pictures
QUERIES = 1500  # patches that are looked for, evenly spread; the others are as many again at most
AT_ONCE = 256  # of the patches that are looked for: bounds the memory
LEAST = 1e-3  # distance: below, all repeats, and its logarithm would count for too much
WEIGHTS = (-0.745, 0.025, 0.220, 0.777)  # of 1 and of the logarithms at the three sides


def _nearest_elsewhere(picture: Tensor) -> float:
    """Measure the mean RMS distance, in [0, 2], of patches of (1, 3, H, W) to the nearest beside them."""
    height, width = (side - PATCH + 1 for side in picture.shape[-2:])
    patches = F.unfold(picture, PATCH)[0].T
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = torch.stack([y.flatten(), x.flatten()], 1)
    chosen = torch.linspace(0, len(patches) - 1, min(QUERIES, len(patches))).long()
    best = []
    for some in chosen.split(AT_ONCE):
        distance = torch.cdist(patches[some], patches)
        overlap = (places[some][:, None] - places[None]).abs().amax(-1) < PATCH
        best.append(distance.masked_fill(overlap, torch.inf).amin(1))
    return float((torch.cat(best) / (3 * PATCH * PATCH) ** 0.5).mean())


@torch.inference_mode()
def repetition(picture: Picture) -> tuple[float, ...]:
    """Measure how far patches are from their nearest elsewhere, in [0, 2], at longer sides of 32, 64 and 128 px."""
    image = to_tensor(open_picture(picture))
    height, width = image.shape[-2:]
    sizes = [[max(2 * PATCH, round(side * edge / max(height, width))) for edge in (height, width)] for side in SIDES]
    return tuple(_nearest_elsewhere(resize_picture(image, size)) for size in sizes)


def expected_coherence(picture: Picture) -> float:
    """Predict the coherence of `standard`'s samples: their patches' mean RMS distance to the picture's.

    0: every patch is the picture's own; of natural pictures 0.015 to 0.1. Predicted before any training. About half a
    second. Raises PictureError.
    """
    bias, *weights = WEIGHTS
    logarithms = (math.log(max(distance, LEAST)) for distance in repetition(picture))
    return math.exp(bias + sum(weight * value for weight, value in zip(weights, logarithms, strict=True)))
