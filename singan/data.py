"""What the steps of a scale see: real crops, the inputs of fakes, and the reconstruction's input and target."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from singan.config import TrainConfig
from singan.crops import Crops, crop_shape
from singan.model import Generator, scale_noise
from singan.samples import Samples


@dataclass(frozen=True)
class Task:
    """What scale n learns: its picture, from what the scales below make of it. Pictures are (1, 3, H, W) on one device.

    rec_prev: the upsampled reconstruction below; zeros at the coarsest. rec_input: what the reconstruction is drawn
    from: z_rec at the coarsest, rec_prev above. sigma: amplitude of the noise.
    """

    n: int
    real: Tensor
    rec_prev: Tensor
    rec_input: Tensor
    sigma: float

    @property
    def size(self) -> tuple[int, int]:
        return self.real.shape[-2], self.real.shape[-1]


class ScaleData:
    """What the steps of a scale see. samples: those of the scales below; None at the coarsest."""

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
        """Real crops (count, 3, h, w), or the one whole picture."""
        crops, real = self.crops, self.task.real
        return real if crops.whole else crops.cut(real, crops.corners(count))

    def fakes(self) -> tuple[Tensor, Tensor]:
        """Inputs of new fakes: noise + padded picture below, and the picture below."""
        if self.samples is None:
            z = scale_noise(0, self.task.size, self.rng, self.batch).expand(-1, 3, -1, -1)
            return self.pad(z), torch.zeros_like(z)
        prevs, rows = self.samples.take(self.batch)
        corners = self.crops.corners(self.batch)
        padded = self.crops.cut(prevs, corners, self.margin, rows)
        inside = self.crops.cut(self.inside, corners, self.margin)
        z = torch.randn(padded.shape, generator=self.rng, device=padded.device)
        return padded + self.task.sigma * z * inside, self._unpadded(padded)

    def reconstruction(self) -> tuple[Tensor, Tensor, Tensor]:
        """Padded input, picture below and target of the reconstruction."""
        crops, task = self.crops, self.task
        if crops.whole:
            return self.rec_padded, task.rec_prev, task.real
        corners = crops.corners(self.rec_crops)
        padded = crops.cut(self.rec_padded, corners, self.margin)
        return padded, self._unpadded(padded), crops.cut(task.real, corners)

    def _unpadded(self, padded: Tensor) -> Tensor:
        return padded[:, :, self.margin : -self.margin, self.margin : -self.margin]
