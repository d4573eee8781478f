"""Training of one scale: its data, the steps of its two players, their learning rate, and when they end."""

import math
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from darkroom import adversarial
from darkroom.adversarial import Network, NormLimit, Player, runner
from darkroom.device import one_thread
from singan.config import Shape, TrainConfig
from singan.image import resize_picture
from singan.model import Discriminator, Generator, Pyramid, scale_noise

WINDOWS = 12  # of a scale's iterations; in each the reconstruction losses are averaged
PATIENCE = 2  # windows in a row without progress: one may be bad luck
CONSTANT = 0.6  # of a scale's iterations, at the full learning rate; then it falls in a line
LAST_FACTOR = 0.02  # of the learning rate, at the end of that line
STEP_AT, STEP_FACTOR = 0.8, 0.1  # SinGAN's: where the learning rate falls in one step, and to what
BEYOND = 8  # px past the border that corners of crops are drawn


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
            return self.room.expand(count, 2)
        draws = torch.rand(count, 2, generator=self.rng, device=self.room.device)
        return (draws * (self.room + 2 * BEYOND + 1)).long().sub(BEYOND).clamp(min=0).minimum(self.room)

    def cut(self, x: Tensor, corners: Tensor, margin: int = 0, rows: Tensor | None = None) -> Tensor:
        """Cut crops out of x (picture `rows[i]` for crop i, else the first), `margin` px larger on each side."""
        sides = [torch.arange(side + 2 * margin, device=x.device) for side in self.shape]
        y, x0 = corners[:, :1] + sides[0], corners[:, 1:] + sides[1]
        rows = torch.zeros_like(corners[:, 0]) if rows is None else rows
        # Indexed on the device: slices would need their numbers on the host, and the loop would wait for them.
        return x.permute(0, 2, 3, 1)[rows[:, None, None], y[:, :, None], x0[:, None, :]].permute(0, 3, 1, 2)


class ScaleData:
    """Draw the data of a scale's steps, on samples of the scales below: a pool's, (N, 3, h, w), or new ones."""

    def __init__(
        self, task: Task, config: TrainConfig, generator: Generator, below: Pyramid, pool: Tensor | None,
        rng: torch.Generator, dtype: torch.dtype,
    ) -> None:  # fmt: skip
        self.task, self.below, self.rng, self.dtype = task, below, rng, dtype
        self.pad, self.margin = generator.pad, generator.margin
        self.pool = None if pool is None else self.pad(resize_picture(pool, task.size))
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
        if self.task.n == 0:
            z = scale_noise(0, self.task.size, self.rng, self.batch).expand(-1, 3, -1, -1)
            return self.pad(z), torch.zeros_like(z)
        prevs, rows = self._samples()
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

    def _samples(self) -> tuple[Tensor, Tensor]:
        """Take padded pictures below, (N, 3, H + 2 margin, W + 2 margin), and the number of that of each crop."""
        count, sizes, n = self.batch, self.below.config.sizes, self.task.n
        if self.pool is not None:
            return self.pool, torch.randint(len(self.pool), (count,), generator=self.rng, device=self.pool.device)
        pictures = self.below.render(lambda n, size: scale_noise(n, size, self.rng, count), sizes[:n], self.dtype)
        return self.pad(resize_picture(pictures, sizes[n])), torch.arange(count, device=pictures.device)

    def _within(self, padded: Tensor) -> Tensor:
        return padded[:, :, self.margin : -self.margin, self.margin : -self.margin]


class Diverged(Exception):
    """Report a scale that gave NaN, a flat picture or a worse one than it was given."""


def new_player(network: Network, learning_rate: float, betas: tuple[float, float], clip: float) -> Player[Network]:
    """Make a player that Adam trains; clip: of `NormLimit`, 0 for none."""
    device = next(network.parameters()).device
    # On the device: a captured step reads what it is at the time.
    rate = torch.tensor(learning_rate, device=device)
    adam = torch.optim.Adam(network.parameters(), rate, betas, fused=True, capturable=device.type == "cuda")
    return Player(network, adam, learning_rate, NormLimit(clip, device) if clip else None)


class Schedule:
    """Count the iterations of a scale: at most `config.steps(n)`, fewer where its reconstruction settles.

    The reconstruction is what is watched: the critic's loss never settles, as the critic goes on learning.
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
        line = min(1.0, max(LAST_FACTOR, (1 - share) / (1 - CONSTANT)))
        return line if self.decay == "linear" else STEP_FACTOR if share >= STEP_AT else 1.0

    def end_iteration(self, i: int) -> None:
        """Shorten the scale where two windows in a row were not better than the best before."""
        if not self.settled or (i + 1) % self.window_length or i / self.iterations >= CONSTANT:
            return
        loss = float(self.window)
        self.window.zero_()
        better = loss < (1 - self.settled) * self.best_window
        self.best_window, self.idle_windows = (loss, 0) if better else (self.best_window, self.idle_windows + 1)
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

    @one_thread()
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
        device, mixed = self.task.real.device.type, self.dtype != torch.float32
        number_format = torch.autocast(device, self.dtype, mixed, cache_enabled=False)  # weights move inside the block
        with number_format, torch.backends.cudnn.flags(enabled=True, deterministic=True):
            for _ in range(config.critic_steps - 1):
                with torch.no_grad():
                    fake = self.generator.network(*data.fakes())
                self.critic_step(data.reals(len(fake)), fake, weight)
            fakes, recs = data.fakes(), data.reconstruction()
            fake, rec = self._generate(fakes, recs)
            real_scores = self.critic_step(data.reals(len(fake)), fake.detach(), weight)
            for step in range(config.generator_steps):
                if step:  # from the same input, for the weights have moved
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
            norms, rng = adversarial.pixel_norms, self.data.rng
            loss = loss + weight * adversarial.interpolated_penalty(critic, real, fake, norms, rng)
        elif weight:  # of the same scores: a pass less
            loss = loss + weight * adversarial.zero_centred_penalty(scores, pictures, len(real), axes=1)
        self.critic.descend(loss)
        self.losses["critic"].copy_(loss.detach())
        return real_scores.detach()

    def generator_step(self, real_scores: Tensor, fake: Tensor, rec: Tensor, target: Tensor) -> None:
        """Update the generator: adversarial + alpha x reconstruction (SinGAN, equation 2).

        real_scores: the critic's, of its last step, without gradient.
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
