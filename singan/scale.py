"""Training of one scale: the steps of its two players, their learning rate, and when they end."""

from __future__ import annotations

import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from darkroom import adversarial
from darkroom.adversarial import Network, NormLimit, Player
from darkroom.graph import runner
from singan.config import TrainConfig
from singan.data import ScaleData
from singan.model import Discriminator, Generator

WINDOWS = 12  # of a scale's iterations; in each the reconstruction losses are averaged
PATIENCE = 2  # windows in a row without progress: one may be bad luck
CONSTANT = 0.6  # of a scale's iterations, at the full learning rate; then it falls in a line
LAST_FACTOR = 0.02  # of the learning rate, at the end of that line
STEP_AT, STEP_FACTOR = 0.8, 0.1  # SinGAN's: where the learning rate falls in one step, and to what


class Diverged(Exception):
    """The scale gave NaN, a flat picture or a worse one than it was given."""


def new_player(network: Network, learning_rate: float, betas: tuple[float, float], clip: float) -> Player[Network]:
    """Make a player that Adam trains; clip: of `NormLimit`, 0 for none."""
    device = next(network.parameters()).device
    # On the device: a captured step reads what it is at the time.
    rate = torch.tensor(learning_rate, device=device)
    adam = torch.optim.Adam(network.parameters(), rate, betas, fused=True, capturable=device.type == "cuda")
    return Player(network, adam, learning_rate, NormLimit(clip, device) if clip else None)


class Schedule:
    """Count the iterations of a scale: at most `config.steps(n)`, fewer where its reconstruction settles.

    The critic's loss never settles: it keeps learning.
    """

    def __init__(self, config: TrainConfig, n: int, device: torch.device) -> None:
        self.decay, self.settled = config.decay, config.settled
        self.iterations = config.steps(n)
        self.window_length = max(1, self.iterations // WINDOWS)
        self.window = torch.zeros((), device=device)  # sum of its losses; on the device, so that no step waits
        self.best_window, self.idle_windows = math.inf, 0

    def learning_rate(self, i: int) -> float:
        """Return that of iteration i, as a share of that at the start."""
        share = i / self.iterations
        if self.decay == "step":
            return STEP_FACTOR if share >= STEP_AT else 1.0
        return min(1.0, max(LAST_FACTOR, (1 - share) / (1 - CONSTANT)))

    def end_iteration(self, i: int) -> None:
        """Shorten the scale where two windows in a row were not better than the best before."""
        if not self.settled or (i + 1) % self.window_length or i / self.iterations >= CONSTANT:
            return
        loss = float(self.window)
        self.window.zero_()
        if loss < (1 - self.settled) * self.best_window:
            self.best_window, self.idle_windows = loss, 0
            return
        self.idle_windows += 1
        if self.idle_windows == PATIENCE:
            self.iterations = min(self.iterations, math.ceil((i + 1) / CONSTANT))


class ScaleTrainer:
    """Train one scale: its players on its data, for as long as its schedule says."""

    def __init__(
        self, config: TrainConfig, data: ScaleData, generator: Player[Generator], critic: Player[Discriminator],
        dtype: torch.dtype,
    ) -> None:  # fmt: skip
        self.config, self.data, self.dtype = config, data, dtype
        self.task, self.generator, self.critic = data.task, generator, critic
        device, self.game = data.task.real.device, config.game(data.task.n)
        self.schedule = Schedule(config, data.task.n, device)
        # One pass is faster, but batch statistics would mix real and fake pictures.
        self.one_pass = self.game.loss == "relativistic" or not config.critic_norm
        # Of the last iteration, each () on the device.
        self.losses = {name: torch.zeros((), device=device) for name in ("critic", "generator", "reconstruction")}
        self.runners = {penalised: runner(partial(self._play, penalised), data.rng) for penalised in (False, True)}

    def iterate(self, i: int) -> None:
        """Run iteration i. Nothing in it waits for the device, but for a number at the end of every window."""
        for player in (self.generator, self.critic):
            player.set_learning_rate(self.schedule.learning_rate(i))
        self.runners[i % self.game.penalty_every == 0]()
        self.schedule.end_iteration(i)

    def _play(self, penalised: bool) -> None:
        """Take the critic's steps, then the generator's, the first of which reuses the graph of the last fake."""
        config, data = self.config, self.data
        weight = self.game.penalty * self.game.penalty_every if penalised else 0.0
        # No weight cache: weights move inside the block.
        number_format = torch.autocast(
            self.losses["critic"].device.type, self.dtype, self.dtype != torch.float32, cache_enabled=False
        )
        with number_format, torch.backends.cudnn.flags(enabled=True, deterministic=True):
            for _ in range(config.critic_steps - 1):
                with torch.no_grad():
                    fake = self.generator.network(*data.fakes())
                self.critic_step(data.reals(len(fake)), fake, weight)
            fakes, recs = data.fakes(), data.reconstruction()
            fake, rec = self._generate(fakes, recs)
            real_scores = self.critic_step(data.reals(len(fake)), fake.detach(), weight)
            self.generator_step(real_scores, fake, rec, recs[2])
            for _ in range(config.generator_steps - 1):  # from the same input, for the weights have moved
                fake, rec = self._generate(fakes, recs)
                self.generator_step(real_scores, fake, rec, recs[2])

    def critic_step(self, real: Tensor, fake: Tensor, weight: float) -> Tensor:
        """Update the critic, with `weight` times its penalty, and return its scores of the real pictures before."""
        loss_name, critic = self.game.loss, self.critic.network
        pictures = torch.cat([real, fake]).requires_grad_(loss_name == "relativistic" and weight > 0)
        parts = [pictures] if self.one_pass else pictures.tensor_split([len(real)])
        scores = torch.cat([critic(part) for part in parts])
        real_scores, fake_scores = scores.tensor_split([len(real)])
        loss = adversarial.critic_loss(loss_name, real_scores, fake_scores)
        if weight and loss_name == "wgan-gp":
            loss = loss + weight * adversarial.interpolated_penalty(
                critic, real, fake, adversarial.pixel_norms, self.data.rng
            )
        elif weight:
            # Of the same scores: a pass less.
            loss = loss + weight * adversarial.zero_centred_penalty(scores, pictures, len(real), axes=1)
        self.critic.descend(loss)
        self.losses["critic"].copy_(loss.detach())
        return real_scores.detach()

    def generator_step(self, real_scores: Tensor, fake: Tensor, rec: Tensor, target: Tensor) -> None:
        """Update the generator: adversarial + alpha x reconstruction (SinGAN, equation 2).

        real_scores: of the last critic step, without gradient; a pass less than to ask the critic again.
        """
        self.critic.network.requires_grad_(False)
        loss = adversarial.generator_loss(self.game.loss, real_scores, self.critic.network(fake))
        reconstruction = F.mse_loss(rec, target)
        self.generator.descend(loss + self.game.reconstruction_weight * reconstruction)
        self.critic.network.requires_grad_(True)
        self.losses["generator"].copy_(loss.detach())
        self.losses["reconstruction"].copy_(reconstruction.detach())
        self.schedule.window.add_(reconstruction.detach())

    def _generate(self, fakes: tuple[Tensor, Tensor], recs: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Draw fakes and reconstructions; in one pass, unless batch statistics would mix them."""
        (padded, prev), (rec_padded, rec_prev, _) = fakes, recs
        generator = self.generator.network
        if self.config.norm == "batch":
            return generator(padded, prev), generator(rec_padded, rec_prev)
        both = generator(torch.cat([padded, rec_padded]), torch.cat([prev, rec_prev]))
        return both[: len(prev)], both[len(prev) :]

    def check(self) -> dict[str, float]:
        """Return the losses as numbers. Raises Diverged where one is not finite."""
        losses = {name: float(value) for name, value in self.losses.items()}
        if not all(math.isfinite(value) for value in losses.values()):
            raise Diverged
        return losses
