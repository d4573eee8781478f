"""Training of one scale: its data, and the steps of its two players."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils import get_total_norm

from singan.config import TrainConfig
from singan.graph import runner
from singan.image import resize_picture
from singan.losses import adversary
from singan.model import Discriminator, Generator, Pyramid, scale_noise

WINDOWS = 12  # of a scale's iterations; in each the losses are averaged
PATIENCE = 2  # windows in a row without progress: one may be bad luck
CONSTANT = 0.6  # of a scale's iterations, at the full learning rate; then it falls in a line
RECENT = 0.05  # share of a step in the running norm of the gradients
BEYOND = 8  # px past the border that corners of crops are drawn


class Diverged(Exception):
    """The scale gave NaN, a flat picture or a worse one than it was given."""


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
    losses: dict[str, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        config, device = self.config, self.real.device
        self.size = (self.real.shape[-2], self.real.shape[-1])
        self.crop = crop_shape(config, self.n, self.size)
        self.whole = self.crop == self.size
        self.room = torch.tensor([s - c for s, c in zip(self.size, self.crop, strict=True)], device=device)
        self.game = config.game(self.n)
        self.adversary = adversary(self.game.loss, self.rng, one_pass=not config.critic_norm)
        self.iterations = config.steps(self.n)
        self.inside = self.generator.pad(torch.ones(1, 1, *self.size, device=device))
        self.padded_prevs = None if self.prevs is None else self.generator.pad(self.prevs)
        rec_input = self.rec_prev if self.n else self.below.z_rec.expand(1, 3, -1, -1)
        self.padded_rec = self.generator.pad(rec_input)
        self.losses = {name: torch.zeros((), device=device) for name in ("critic", "generator", "reconstruction")}
        self.window_length = max(1, self.iterations // WINDOWS)
        self.window, self.best_window, self.idle_windows = torch.zeros((), device=device), math.inf, 0
        networks = (self.generator, self.critic)
        # One number for both optimisers, on the device: a captured step reads what it is at the time.
        self.rate = torch.tensor(self.learning_rate, device=device)
        self.optimisers = [
            torch.optim.Adam(
                network.parameters(), self.rate, config.betas, fused=True, capturable=device.type == "cuda"
            )
            for network in networks
        ]
        self.norms = {network: torch.zeros((), device=device) for network in networks}
        self.runners = {penalised: runner(partial(self._play, penalised), self.rng) for penalised in (False, True)}
        for network in networks:
            network.train()

    def _corners(self, count: int) -> Tensor:
        """Top left corners (count, 2) of crops; drawn a little past the border and clamped: borders are seen often."""
        if self.whole:
            return torch.zeros(count, 2, dtype=torch.long, device=self.real.device)
        draws = torch.rand(count, 2, generator=self.rng, device=self.real.device)
        return (draws * (self.room + 2 * BEYOND + 1)).long().sub(BEYOND).clamp(min=0).minimum(self.room)

    def _cut(self, x: Tensor, corners: Tensor, margin: int = 0, rows: Tensor | None = None) -> Tensor:
        """Crops of x (picture `rows[i]` for crop i, else the first), `margin` px larger on each side."""
        y, x0 = (
            corners[:, i, None] + torch.arange(side + 2 * margin, device=x.device) for i, side in enumerate(self.crop)
        )
        rows = torch.zeros_like(corners[:, 0]) if rows is None else rows
        # Indexed on the device: slices would need their numbers on the host, and the loop would wait for them.
        return x.permute(0, 2, 3, 1)[rows[:, None, None], y[:, :, None], x0[:, None, :]].permute(0, 3, 1, 2)

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
            rows = torch.arange(count, device=prevs.device)
        else:
            prevs = self.padded_prevs
            rows = torch.randint(len(prevs), (count,), generator=self.rng, device=prevs.device)
        corners = self._corners(count)
        padded = self._cut(prevs, corners, margin, rows)
        inside = self._cut(self.inside, corners, margin)
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
        corners = self._corners(max(1, self.config.crops // 2))
        padded = self._cut(self.padded_rec, corners, self.generator.margin)
        return padded, self._inner(padded), self._cut(self.real, corners)

    def _generate(self, fakes: tuple[Tensor, Tensor], recs: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Fakes and reconstructions; in one pass, unless batch statistics would mix them."""
        (padded, prev), (rec_padded, rec_prev, _) = fakes, recs
        if self.config.norm == "batch":
            return self.generator(padded, prev), self.generator(rec_padded, rec_prev)
        both = self.generator(torch.cat([padded, rec_padded]), torch.cat([prev, rec_prev]))
        return both[: len(prev)], both[len(prev) :]

    def _clip(self, network: Generator | Discriminator) -> None:
        """Shortens a gradient that is far longer than those of late.

        Where the critic finds nothing to tell apart for a while, Adam divides by next to nothing: the first real
        gradient would throw the networks far away.
        """
        if not self.game.clip:
            return
        running = self.norms[network]
        gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        norm = get_total_norm(gradients)
        limit = torch.where(running > 0, self.game.clip * running, norm)
        share = (limit / norm.clamp(min=1e-12)).clamp(max=1)
        for gradient in gradients:  # torch's own clipping would wait for the device
            gradient.mul_(share)
        running.copy_(torch.where(running > 0, running.lerp(norm.minimum(limit), RECENT), norm))

    def critic_step(self, real: Tensor, fake: Tensor, weight: float) -> None:
        """One update of the critic."""
        loss = self.adversary.critic(self.critic, real, fake.detach(), weight)
        self.optimisers[1].zero_grad()
        loss.backward()
        self._clip(self.critic)
        self.optimisers[1].step()
        self.losses["critic"].copy_(loss.detach())

    def generator_step(self, fake: Tensor, rec: Tensor, target: Tensor) -> None:
        """One update of the generator: adversarial + alpha x reconstruction (SinGAN, equation 2)."""
        self.critic.requires_grad_(False)
        adversarial = self.adversary.generator(self.critic, fake)
        reconstruction = F.mse_loss(rec, target)
        self.optimisers[0].zero_grad()
        (adversarial + self.game.reconstruction_weight * reconstruction).backward()
        self._clip(self.generator)
        self.optimisers[0].step()
        self.critic.requires_grad_(True)
        self.losses["generator"].copy_(adversarial.detach())
        self.losses["reconstruction"].copy_(reconstruction.detach())
        self.window.add_(reconstruction.detach())

    def iterate(self, i: int) -> None:
        """Iteration i. Nothing in it waits for the device, but for a number at the end of every window."""
        share = i / self.iterations
        if self.config.decay == "step":
            factor = 0.1 if share >= 0.8 else 1.0
        else:
            factor = min(1.0, max(0.02, (1 - share) / (1 - CONSTANT)))
        self.rate.fill_(self.learning_rate * factor)
        self.runners[i % self.game.penalty_every == 0]()
        if self.config.settled and (i + 1) % self.window_length == 0 and share < CONSTANT:
            self._end_window(i + 1)

    def _end_window(self, done: int) -> None:
        """Shortens the scale where its reconstruction has settled. The critic's loss never does: it keeps learning."""
        loss = float(self.window)
        self.window.zero_()
        if loss < (1 - self.config.settled) * self.best_window:
            self.best_window, self.idle_windows = loss, 0
            return
        self.idle_windows += 1
        if self.idle_windows == PATIENCE:
            self.iterations = min(self.iterations, math.ceil(done / CONSTANT))

    def _play(self, penalised: bool) -> None:
        """The critic's steps, then the generator's.

        The first generator step reuses the graph of the last critic step's fake; every later one draws the fake anew
        from the same input, for the weights have moved.
        """
        config = self.config
        weight = self.game.penalty * self.game.penalty_every if penalised else 0.0
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
            self.critic_step(self._real(len(fake)), fake, weight)
            self.generator_step(fake, rec, recs[2])
            for _ in range(config.generator_steps - 1):
                fake, rec = self._generate(fakes, recs)
                self.generator_step(fake, rec, recs[2])

    def _real(self, count: int) -> Tensor:
        return self.real if self.whole else self._cut(self.real, self._corners(count))

    def check(self) -> dict[str, float]:
        """The losses as numbers. Raises Diverged where one is not finite."""
        losses = {name: float(value) for name, value in self.losses.items()}
        if not all(math.isfinite(value) for value in losses.values()):
            raise Diverged
        return losses
