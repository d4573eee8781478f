"""What training measures of its own samples, without any network: sliced Wasserstein distance, and spread."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from darkroom.seeds import seeded
from dcgan.config import SIZE

PATCH = 7  # px
PATCHES_A_PICTURE = 32
DIRECTIONS = 256
COUNT = 1_024  # pictures
COLLAPSED = 0.25  # of the real pictures' mean distance


def _pyramid(x: Tensor) -> list[Tensor]:
    """Laplacian pyramid of (N, 3, 64, 64): the details at 64 and 32 px, and what is left at 16 px."""
    levels = []
    while x.shape[-1] > SIZE // 4:
        low = F.avg_pool2d(x, 2)
        levels.append(x - F.interpolate(low, scale_factor=2, mode="bilinear", align_corners=False))
        x = low
    return [*levels, x]


def _patches(level: Tensor, rng: torch.Generator) -> Tensor:
    """Random patches of every picture as vectors (patches, 147), each colour channel normalised over all of them."""
    corners = torch.randint(level.shape[-1] - PATCH + 1, (2, len(level), PATCHES_A_PICTURE), generator=rng)
    offsets = torch.arange(PATCH)
    rows = (corners[0][..., None] + offsets)[:, :, None, :, None].to(level.device)
    columns = (corners[1][..., None] + offsets)[:, :, None, None, :].to(level.device)
    pictures = torch.arange(len(level), device=level.device)[:, None, None, None, None]
    channels = torch.arange(3, device=level.device)[None, None, :, None, None]
    return level[pictures, channels, rows, columns].flatten(0, 1).flatten(1)


def sliced_wasserstein(real: Tensor, fake: Tensor) -> float:
    """Mean distance between the patches of two sets of pictures, over a Laplacian pyramid; lower is better.

    real, fake: as many pictures (N, 3, 64, 64) in [-1, 1], on one device. Karras et al. (ICLR 2018, arXiv
    1710.10196), section 5; the 16 px level is compared as a whole too, since patches know nothing of a face's layout.
    """
    distances = []
    pairs = list(zip(_pyramid(real), _pyramid(fake), strict=True))
    for n, (a, b) in enumerate(pairs):
        scale = a.std()
        vectors = [_patches(level / scale, seeded(n)) for level in (a, b)]
        distances.append(_distance(*vectors))
    distances.append(_distance(*((level / pairs[-1][0].std()).flatten(1) for level in pairs[-1])))
    return sum(distances) / len(distances)


def _distance(a: Tensor, b: Tensor) -> float:
    directions = F.normalize(torch.randn(a.shape[1], DIRECTIONS, generator=seeded(a.shape[1])), dim=0).to(a.device)
    on_a, on_b = ((directions.T @ vectors.T).sort(1).values for vectors in (a, b))  # rows sort faster
    return float((on_a - on_b).abs().mean())


def spread(images: Tensor) -> float:
    """Mean distance between the pictures (N, 3, H, W) of a set, root mean square of a pixel's difference."""
    vectors = images.flatten(1).float().cpu()
    return float(torch.pdist(vectors).mean()) / vectors.shape[1] ** 0.5
