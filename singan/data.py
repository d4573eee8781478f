"""The data of a scale's steps: real crops, the inputs of fakes, and the reconstruction's input and target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from singan.config import Shape, TrainConfig
from singan.image import resize_picture
from singan.model import Generator, Pyramid, scale_noise

BEYOND = 8  # px past the border that corners of crops are drawn

# Padded pictures, (N, 3, H + 2 margin, W + 2 margin), that so many crops begin with, and which of them each is of.
Samples = Callable[[int], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Task:
    """Describe scale n's task: its picture, out of those below. Pictures are (1, 3, H, W) on one device."""

    n: int
    real: Tensor
    rec_prev: Tensor  # the upsampled reconstruction below; zeros at the coarsest
    rec_input: Tensor  # what the reconstruction is drawn from: z_rec at the coarsest, rec_prev above
    sigma: float  # amplitude of the noise

    @property
    def size(self) -> Shape:
        return self.real.shape[-2], self.real.shape[-1]


def samples_below(
    below: Pyramid, pool: Tensor | None, generator: Generator, rng: torch.Generator, dtype: torch.dtype
) -> Samples:
    """Take samples at random from a pool; without one the finished scales draw them whenever they are asked for."""
    n, sizes = len(below.generators), below.config.sizes

    def fresh(count: int) -> tuple[Tensor, Tensor]:
        pictures = below.render(lambda n, size: scale_noise(n, size, rng, count), sizes[:n], dtype)
        return generator.pad(resize_picture(pictures, sizes[n])), torch.arange(count, device=pictures.device)

    if pool is None:
        return fresh
    padded = generator.pad(resize_picture(pool, sizes[n]))
    return lambda count: (padded, torch.randint(len(padded), (count,), generator=rng, device=padded.device))


def crop_shape(config: TrainConfig, n: int, size: Shape) -> Shape:
    """Return the (height, width) that a step of scale n sees of a picture of this size; all of it at the coarsest."""
    height, width = size
    return (min(config.crop, height), min(config.crop, width)) if config.crop and n else size


class Crops:
    """Cut crops of one (height, width) `shape` from pictures of one `size`; rng, on their device, places them."""

    def __init__(self, size: Shape, shape: Shape, rng: torch.Generator) -> None:
        self.shape, self.rng, self.whole = shape, rng, shape == size
        self.room = torch.tensor([s - c for s, c in zip(size, shape, strict=True)], device=rng.device)

    def corners(self, count: int) -> Tensor:
        """Draw top left corners (count, 2), a little past the border and clamped, so that borders are seen often."""
        if self.whole:
            return torch.zeros(count, 2, dtype=torch.long, device=self.room.device)
        draws = torch.rand(count, 2, generator=self.rng, device=self.room.device)
        return (draws * (self.room + 2 * BEYOND + 1)).long().sub(BEYOND).clamp(min=0).minimum(self.room)

    def cut(self, x: Tensor, corners: Tensor, margin: int = 0, rows: Tensor | None = None) -> Tensor:
        """Cut crops out of x (picture `rows[i]` for crop i, else the first), `margin` px larger on each side."""
        y, x0 = (
            corners[:, i, None] + torch.arange(side + 2 * margin, device=x.device) for i, side in enumerate(self.shape)
        )
        rows = torch.zeros_like(corners[:, 0]) if rows is None else rows
        # Indexed on the device: slices would need their numbers on the host, and the loop would wait for them.
        return x.permute(0, 2, 3, 1)[rows[:, None, None], y[:, :, None], x0[:, None, :]].permute(0, 3, 1, 2)


class ScaleData:
    """Draw what the steps of a scale see. samples: those of the scales below, padded; None at the coarsest."""

    def __init__(
        self, task: Task, config: TrainConfig, generator: Generator, samples: Samples | None, rng: torch.Generator
    ) -> None:
        self.task, self.samples, self.rng = task, samples, rng
        self.pad, self.margin = generator.pad, generator.margin
        self.batch, self.rec_crops = config.batch, max(1, config.crops // 2)
        self.crops = Crops(task.size, crop_shape(config, task.n, task.size), rng)
        self.inside = self.pad(torch.ones(1, 1, *task.size, device=task.real.device))
        self.rec_padded = self.pad(task.rec_input)

    def reals(self, count: int) -> Tensor:
        """Cut real crops (count, 3, h, w), or return the one whole picture."""
        crops, real = self.crops, self.task.real
        return real if crops.whole else crops.cut(real, crops.corners(count))

    def fakes(self) -> tuple[Tensor, Tensor]:
        """Draw inputs of new fakes: noise + padded picture below, and the picture below."""
        if self.samples is None:
            z = scale_noise(0, self.task.size, self.rng, self.batch).expand(-1, 3, -1, -1)
            return self.pad(z), torch.zeros_like(z)
        prevs, rows = self.samples(self.batch)
        corners = self.crops.corners(self.batch)
        padded = self.crops.cut(prevs, corners, self.margin, rows)
        inside = self.crops.cut(self.inside, corners, self.margin)
        z = torch.randn(padded.shape, generator=self.rng, device=padded.device)
        return padded + self.task.sigma * z * inside, self._within(padded)

    def reconstruction(self) -> tuple[Tensor, Tensor, Tensor]:
        """Cut the padded input, the picture below and the target of the reconstruction."""
        crops, task = self.crops, self.task
        if crops.whole:
            return self.rec_padded, task.rec_prev, task.real
        corners = crops.corners(self.rec_crops)
        padded = crops.cut(self.rec_padded, corners, self.margin)
        return padded, self._within(padded), crops.cut(task.real, corners)

    def _within(self, padded: Tensor) -> Tensor:
        return padded[:, :, self.margin : -self.margin, self.margin : -self.margin]
