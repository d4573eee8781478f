"""Samples of the scales below, which fakes are made from: kept in a pool, or drawn anew for every step."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from singan.image import resize_picture
from singan.model import Generator, Pyramid, scale_noise
from singan.pipeline import BATCH_PIXELS

POOL_PIXELS = 1_000_000  # of the pool's pictures together: large scales keep fewer
SMALLEST_POOL = 4  # pictures, however large they are


class Samples(Protocol):
    """Where the fakes of a scale begin."""

    def take(self, count: int) -> tuple[Tensor, Tensor]:
        """Padded pictures (N, 3, H + 2 margin, W + 2 margin), and which of them each of `count` crops is of."""


class PooledSamples:
    """Samples (N, 3, H, W) of the scale's size, taken at random."""

    def __init__(self, pictures: Tensor, generator: Generator, rng: torch.Generator) -> None:
        self.padded, self.rng = generator.pad(pictures), rng

    def take(self, count: int) -> tuple[Tensor, Tensor]:
        rows = torch.randint(len(self.padded), (count,), generator=self.rng, device=self.padded.device)
        return self.padded, rows


class FreshSamples:
    """Samples that the finished scales below draw when they are asked for."""

    def __init__(self, below: Pyramid, generator: Generator, rng: torch.Generator, dtype: torch.dtype) -> None:
        self.below, self.generator, self.rng, self.dtype = below, generator, rng, dtype

    def take(self, count: int) -> tuple[Tensor, Tensor]:
        n, sizes = len(self.below.generators), self.below.config.sizes
        pictures = self.below.render(lambda n, size: scale_noise(n, size, self.rng, count), sizes[:n], self.dtype)
        padded = self.generator.pad(resize_picture(pictures, sizes[n]))
        return padded, torch.arange(count, device=padded.device)


class Pool:
    """Samples of the finest finished scale, which grow from scale to scale; none before the first.

    most: pictures that it keeps.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.pictures: Tensor | None = None

    def advance(self, pyramid: Pyramid, n: int, rng: torch.Generator, dtype: torch.dtype) -> None:
        """Brings the samples from scale n - 2 to n - 1, through the frozen generator there."""
        size = pyramid.config.sizes[n - 1]
        height, width = pyramid.config.sizes[n]
        count = max(SMALLEST_POOL, min(self.most, POOL_PIXELS // (height * width)))
        below = torch.zeros(count, 3, *size, device=rng.device) if self.pictures is None else self.pictures[:count]
        prevs = resize_picture(below, size)
        z = scale_noise(n - 1, size, rng, count)
        batch = max(1, BATCH_PIXELS // (size[0] * size[1]))
        batches = zip(z.split(batch), prevs.split(batch), strict=True)
        self.pictures = torch.cat([pyramid.step(n - 1, some, prev, dtype) for some, prev in batches])
