"""Training of one scale: its data, and the steps of its two players."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from singan.config import TrainConfig
from singan.image import resize_picture
from singan.losses import adversary
from singan.model import Discriminator, Generator, Pyramid, scale_noise


class Diverged(Exception):
    """The scale gave NaN or a flat picture."""


def crop_shape(config: TrainConfig, n: int, size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of what a step of scale n sees of a picture of this size; all of it at the coarsest."""
    height, width = size
    return (min(config.crop, height), min(config.crop, width)) if config.crop and n else size


@dataclass
class ScaleTrainer:
    """One scale in training: its networks, optimisers and data. All pictures are (N, 3, H, W) on one device.

    prevs: upsampled samples of the pyramid below, or None to draw one for every step from `below`.
    rec_prev: the upsampled reconstruction below; zeros at the coarsest.
    """

    n: int
    config: TrainConfig
    real: Tensor
    generator: Generator
    critic: Discriminator
    below: Pyramid
    prevs: Tensor | None
    rec_prev: Tensor
    sigma: float
    rng: torch.Generator
    dtype: torch.dtype
    learning_rate: float
    losses: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        config = self.config
        self.size = (self.real.shape[-2], self.real.shape[-1])
        self.crop = crop_shape(config, self.n, self.size)
        self.whole = self.crop == self.size
        self.adversary = adversary(config, self.rng)
        self.penalty = config.coarse_penalty if self.n < 2 else config.penalty
        self.inside = self.generator.pad(torch.ones(1, 1, *self.size, device=self.real.device))
        self.padded_prevs = None if self.prevs is None else self.generator.pad(self.prevs)
        rec_input = self.rec_prev if self.n else self.below.z_rec.expand(1, 3, -1, -1)
        self.padded_rec = self.generator.pad(rec_input)
        networks = (self.generator, self.critic)
        self.optimisers = [
            torch.optim.Adam(network.parameters(), self.learning_rate, config.betas, fused=True) for network in networks
        ]
        for network in networks:
            network.train()

    def _positions(self, count: int) -> list[tuple[int, int]]:
        """Top left corners of crops; drawn a little past the border and clamped, so that borders are seen often."""
        free = [side - crop for side, crop in zip(self.size, self.crop, strict=True)]
        draws = torch.rand(count, 2, generator=self.rng, device=self.real.device).tolist()
        clamp = lambda draw, room: max(0, min(room, math.floor(draw * (room + 17)) - 8)) if room else 0  # noqa: E731
        return [(clamp(y, free[0]), clamp(x, free[1])) for y, x in draws]

    def _cut(
        self, x: Tensor, positions: list[tuple[int, int]], margin: int = 0, rows: list[int] | None = None
    ) -> Tensor:
        """Crops of x (picture `rows[i]` for crop i, else the first), `margin` px larger on each side."""
        height, width = self.crop[0] + 2 * margin, self.crop[1] + 2 * margin
        chosen = rows or [0] * len(positions)
        return torch.cat(
            [
                x[row : row + 1, :, y : y + height, x0 : x0 + width]
                for row, (y, x0) in zip(chosen, positions, strict=True)
            ]
        )

    def _inner(self, padded: Tensor) -> Tensor:
        margin = self.generator.margin
        return padded[:, :, margin:-margin, margin:-margin]

    def draw(self) -> tuple[Tensor, Tensor]:
        """Inputs of new fakes: noise + padded picture below, and the picture below."""
        count = self.config.batch
        margin = self.generator.margin
        if self.n == 0:
            z = scale_noise(0, self.size, self.rng, count).expand(-1, 3, -1, -1)
            return self.generator.pad(z), torch.zeros_like(z)
        if self.padded_prevs is None:
            prevs = self.generator.pad(self._fresh(count))
            rows = list(range(count))
        else:
            prevs = self.padded_prevs
            rows = torch.randint(len(prevs), (count,), generator=self.rng, device=prevs.device).tolist()
        positions = [(0, 0)] * count if self.whole else self._positions(count)
        padded = self._cut(prevs, positions, margin, rows)
        inside = self._cut(self.inside, positions, margin)
        z = torch.randn(padded.shape, generator=self.rng, device=padded.device)
        return padded + self.sigma * z * inside, self._inner(padded)

    def _fresh(self, count: int) -> Tensor:
        noise = lambda n, size: scale_noise(n, size, self.rng, count)  # noqa: E731
        sizes = self.below.config.sizes[: self.n]
        return resize_picture(self.below.render(noise, sizes, self.dtype), self.size)

    def _reconstruction_inputs(self) -> tuple[Tensor, Tensor, Tensor]:
        """Padded input, picture below and target of the reconstruction."""
        if self.whole:
            return self.padded_rec, self.rec_prev, self.real
        positions = self._positions(max(1, self.config.crops // 2))
        margin = self.generator.margin
        return (
            self._cut(self.padded_rec, positions, margin),
            self._cut(self.rec_prev, positions),
            self._cut(self.real, positions),
        )

    def _generate(self, fakes: tuple[Tensor, Tensor], recs: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Fakes and reconstructions; in one pass, unless batch statistics would mix them."""
        (padded, prev), (rec_padded, rec_prev, _) = fakes, recs
        if self.config.norm == "batch":
            return self.generator(padded, prev), self.generator(rec_padded, rec_prev)
        both = self.generator(torch.cat([padded, rec_padded]), torch.cat([prev, rec_prev]))
        return both[: len(prev)], both[len(prev) :]

    def critic_step(self, real: Tensor, fake: Tensor, weight: float) -> None:
        """One update of the critic."""
        loss = self.adversary.critic(self.critic, real, fake.detach(), weight)
        self.optimisers[1].zero_grad()
        loss.backward()
        self.optimisers[1].step()
        self.losses["critic"] = loss.detach()

    def generator_step(self, real: Tensor, fake: Tensor, rec: Tensor, target: Tensor) -> None:
        """One update of the generator: adversarial + alpha x reconstruction (SinGAN, equation 2)."""
        self.critic.requires_grad_(False)
        adversarial = self.adversary.generator(self.critic, real, fake)
        reconstruction = F.mse_loss(rec, target)
        self.optimisers[0].zero_grad()
        (adversarial + self.config.reconstruction_weight * reconstruction).backward()
        self.optimisers[0].step()
        self.critic.requires_grad_(True)
        self.losses |= {"generator": adversarial.detach(), "reconstruction": reconstruction.detach()}

    def _set_learning_rate(self, i: int) -> None:
        share = i / self.config.iterations
        if self.config.decay == "step":
            factor = 0.1 if share >= 0.8 else 1.0
        else:
            factor = min(1.0, max(0.02, (1 - share) / 0.4))
        for optimiser in self.optimisers:
            optimiser.param_groups[0]["lr"] = self.learning_rate * factor

    def iterate(self, i: int) -> None:
        """Iteration i: the critic's steps, then the generator's.

        The first generator step reuses the graph of the last critic step's fake; every later one draws the fake anew
        from the same input, for the weights have moved.
        """
        config = self.config
        self._set_learning_rate(i)
        weight = 0.0 if i % config.penalty_every else self.penalty * config.penalty_every
        # No weight cache: weights move inside the block.
        number_format = torch.autocast(
            self.real.device.type, self.dtype, self.dtype != torch.float32, cache_enabled=False
        )
        with number_format, torch.backends.cudnn.flags(enabled=True, deterministic=True):
            for _ in range(config.critic_steps - 1):
                padded, prev = self.draw()
                with torch.no_grad():
                    fake = self.generator(padded, prev)
                self.critic_step(self._real(len(fake)), fake, weight)
            fakes, recs = self.draw(), self._reconstruction_inputs()
            fake, rec = self._generate(fakes, recs)
            real = self._real(len(fake))
            self.critic_step(real, fake, weight)
            self.generator_step(real, fake, rec, recs[2])
            for _ in range(config.generator_steps - 1):
                fake, rec = self._generate(fakes, recs)
                self.generator_step(real, fake, rec, recs[2])

    def _real(self, count: int) -> Tensor:
        return self.real if self.whole else self._cut(self.real, self._positions(count))

    def check(self) -> dict[str, float]:
        """The losses as numbers. Raises Diverged where one is not finite."""
        losses = {name: float(value) for name, value in self.losses.items()}
        if not all(math.isfinite(value) for value in losses.values()):
            raise Diverged
        return losses
