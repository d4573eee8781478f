"""Tells how much a model's picture is a face, learnt from its own faces, for the direction in which they are best.

Histograms of oriented gradients (Dalal and Triggs, CVPR 2005) of the faces against those of the same faces taken to
pieces, told apart by Fisher's linear discriminant.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from darkroom.seeds import seeded
from dcgan.config import SIZE

LEARNT_FACES = 512  # of the model
CELL_SIDE = 8  # px
DIRECTION_BINS = 9
CONTRAST = 0.1  # gradients of a cell far below it count as none
SHRINKAGE = 0.3  # of the covariance towards a sphere
LUMA = (0.299, 0.587, 0.114)


def histograms(x: Tensor) -> Tensor:
    """Compute histograms of gradients' directions over their contrast, (N, 576), of (N, 3, 64, 64) in [-1, 1]."""
    luma = (x * torch.tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
    luma = F.pad(luma, (1, 1, 1, 1), mode="replicate")
    across = luma[:, :, 1:-1, 2:] - luma[:, :, 1:-1, :-2]
    down = luma[:, :, 2:, 1:-1] - luma[:, :, :-2, 1:-1]
    strength = (across.square() + down.square()).sqrt()
    direction = torch.atan2(down, across) % (2 * math.pi) / (2 * math.pi) * DIRECTION_BINS
    below = direction.floor()
    share = direction - below
    planes = torch.zeros(len(x), DIRECTION_BINS, SIZE, SIZE)
    planes.scatter_add_(1, below.long() % DIRECTION_BINS, strength * (1 - share))
    planes.scatter_add_(1, (below.long() + 1) % DIRECTION_BINS, strength * share)
    cells = F.avg_pool2d(planes, CELL_SIDE)  # (N, 9, 8, 8)
    energy = cells.square().sum(1, keepdim=True)
    around = F.avg_pool2d(F.pad(energy, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return (cells / (around + CONTRAST**2).sqrt()).flatten(1)


def pieces(x: Tensor) -> Tensor:
    """Take eight pictures or more to pieces, an eighth of them in each way, (N, 3, 64, 64)."""
    rng = seeded(0)
    order = torch.randperm(len(x), generator=rng)
    upside, turned, large, huge, rolled, quarters, tiles, phases = x[order].tensor_split(8)
    return torch.cat(
        [
            upside.flip(2),
            turned.transpose(2, 3),
            _magnified(large, 2.2, rng),
            _magnified(huge, 4.0, rng),
            torch.stack([it.roll(_two(SIZE // 4, 3 * SIZE // 4, rng), (1, 2)) for it in rolled]),
            _shuffled(quarters, SIZE // 2, rng),
            _shuffled(tiles, SIZE // 4, rng),
            _rephased(phases, rng),
        ]
    )


def _two(low: int, high: int, rng: torch.Generator) -> tuple[int, int]:
    """Draw two random whole numbers from low to high."""
    first, second = torch.randint(low, high + 1, (2,), generator=rng).tolist()
    return first, second


def _magnified(x: Tensor, factor: float, rng: torch.Generator) -> Tensor:
    """Enlarge a random part of each to the whole."""
    side = round(SIZE / factor)
    corners = [_two(0, SIZE - side, rng) for _ in x]
    parts = torch.stack([it[:, i : i + side, j : j + side] for it, (i, j) in zip(x, corners, strict=True)])
    return F.interpolate(parts, size=SIZE, mode="bicubic", align_corners=False)


def _shuffled(x: Tensor, side: int, rng: torch.Generator) -> Tensor:
    """Shuffle tiles of `side` px."""
    tiles = F.unfold(x, side, stride=side)  # (N, 3 * side^2, tiles)
    orders = torch.stack([torch.randperm(tiles.shape[2], generator=rng) for _ in x])
    return F.fold(tiles.gather(2, orders[:, None].expand_as(tiles)), SIZE, side, stride=side)


def _rephased(x: Tensor, rng: torch.Generator) -> Tensor:
    """Make noise with the spectrum of each."""
    spectrum = torch.fft.rfft2(x)
    phases = 2 * math.pi * torch.rand(len(x), 1, *spectrum.shape[2:], generator=rng)
    return torch.fft.irfft2(spectrum * torch.exp(1j * phases), s=(SIZE, SIZE))


class FaceSense:
    """Tells faces from other pictures; faces: what it learns from, (N, 3, 64, 64) in [-1, 1], on the CPU."""

    def __init__(self, faces: Tensor) -> None:
        both = torch.cat([faces, faces.flip(3)])
        yes, no = histograms(both), histograms(pieces(both))
        self._low, self._high = no.mean(0), yes.mean(0)
        spread = (torch.cov(yes.T) + torch.cov(no.T)) / 2
        spread += SHRINKAGE * spread.diag().mean() * torch.eye(len(spread))
        self._weights = torch.linalg.solve(spread, self._high - self._low)

    def scores(self, x: Tensor) -> Tensor:
        """Score pictures (N, 3, 64, 64), (N,): 1 as the faces it learnt from on average, 0 as their pieces."""
        return (histograms(x) - self._low) @ self._weights / ((self._high - self._low) @ self._weights)
