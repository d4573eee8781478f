"""One iteration of the game: the two players' half-steps, on whatever device and in however many processes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from darkroom.device import fast_format
from darkroom.graph import runner
from darkroom.seeds import seed_of, seeded
from dcgan.augment import adapt, augment
from dcgan.config import TrainConfig
from dcgan.losses import critic_loss, generator_loss, interpolated_penalty, zero_centred_penalty
from dcgan.model import initialise, new_discriminator, new_generator
from dcgan.optim import Extragradient
from dcgan.player import Player
from dcgan.streams import Stream

EMA_WARMUP = 10  # iterations: the average begins with the generator itself
CONSTANT = 0.5  # of the iterations, at the full learning rate; then it falls in a line
LAST_FACTOR = 0.02  # of the learning rate, at the end of that line


def world() -> tuple[int, int]:
    """This process' rank, and how many there are."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


def learning_rate(config: TrainConfig, iteration: int) -> float:
    """Of an iteration, as a share of what it is at the start."""
    factor = 1 / (1 + config.decay * iteration)
    if config.cooldown:
        return factor * min(1.0, max(LAST_FACTOR, (config.iterations - iteration) / config.cooldown))
    if not config.linear_decay:
        return factor
    return factor * min(1.0, max(LAST_FACTOR, (1 - iteration / config.iterations) / (1 - CONSTANT)))


class Trainer:
    """The networks in training. Every iteration is a function of the state before it and of its number alone.

    images: the training set, uint8 (N, 3, 64, 64); it moves to the device. losses: the last ones, each ()
    there; iterations without a penalty leave the penalty as it was.
    """

    def __init__(self, images: Tensor, config: TrainConfig, device: torch.device) -> None:
        self.config, self.device = config, device
        self.rank, self.world = world()
        if config.batch % self.world:
            raise ValueError(f"batch is {config.batch}; it must be a multiple of the {self.world} processes")
        if config.batch > len(images):
            raise ValueError(f"batch is {config.batch}; the set holds only {len(images)} pictures")
        self.images = images.to(device)
        self.dtype = fast_format(device) if config.bfloat16 else torch.float32
        with torch.random.fork_rng():
            # Where spectral normalisation's iteration begins.
            torch.manual_seed(seed_of(config.seed, Stream.DISCRIMINATOR))
            generator, discriminator = new_generator(config.model), new_discriminator(config.model)
        initialise(generator, seeded(config.seed, Stream.GENERATOR))
        initialise(discriminator, seeded(config.seed, Stream.DISCRIMINATOR))
        self.g = Player(generator, config.learning_rate, config, device)
        self.d = Player(discriminator, config.discriminator_learning_rate, config, device)
        self.ema = copy.deepcopy(self.g.network).requires_grad_(False)
        self.probability = torch.zeros((), device=device) if config.augmentation == "adaptive" else None
        if config.augmentation == "differentiable":
            self.probability = torch.ones((), device=device)
        self.rng = torch.Generator(device)
        self.losses: dict[str, Tensor] = {}
        self._orders: dict[int, Tensor] = {}
        # Where a captured play finds its pictures' numbers.
        rows = (config.discriminator_steps, config.batch // self.world)
        self._rows = torch.zeros(rows, dtype=torch.long, device=device)
        plays = {penalty: partial(self._play, penalty) for penalty in (False, True)}
        # Neither processes that wait for one another nor extragradient's copies of the weights are captured.
        captured = self.world == 1 and not config.extragradient
        self._runners = {penalty: runner(play, self.rng) if captured else play for penalty, play in plays.items()}

    # -- what an iteration sees --------------------------------------------------------------------------------------

    def _indices(self, iteration: int) -> Tensor:
        """Which pictures the discriminator's steps of an iteration see, (steps, batch of this process)."""
        config, count = self.config, len(self.images)
        an_epoch = count // config.batch
        rows = []
        for step in range(config.discriminator_steps):
            epoch, number = divmod(iteration * config.discriminator_steps + step, an_epoch)
            order = self._order(epoch, count)
            rows.append(order[number * config.batch : (number + 1) * config.batch][self.rank :: self.world])
        return torch.stack(rows)

    def _order(self, epoch: int, count: int) -> Tensor:
        """The order of an epoch; the last one is kept, since drawing it takes longer than an iteration's rest."""
        if not self.config.shuffle:
            return torch.arange(count)
        if epoch not in self._orders:
            self._orders = {epoch: torch.randperm(count, generator=seeded(self.config.seed, Stream.ORDER, epoch))}
        return self._orders[epoch]

    def _real(self, indices: Tensor) -> Tensor:
        """Pictures of the set, half of them mirrored, float32 in [-1, 1]."""
        x = self.images[indices].float() / 127.5 - 1
        if self.config.mirror:
            mirrored = torch.rand(len(x), 1, 1, 1, generator=self.rng, device=self.device) < 0.5
            x = torch.where(mirrored, x.flip(3), x)
        return x.contiguous(memory_format=torch.channels_last)

    def _z(self) -> Tensor:
        shape = (self.config.batch // self.world, self.config.model.latent_dim)
        return torch.randn(shape, generator=self.rng, device=self.device)

    def autocast(self) -> torch.autocast:
        """The number format that networks run in."""
        # A graph must not find weights that were cast before it was captured.
        return torch.autocast(
            self.device.type, dtype=self.dtype, enabled=self.dtype != torch.float32, cache_enabled=False
        )

    def _scores(self, pictures: Tensor) -> Tensor:
        """The discriminator's logits (N,) of augmented pictures."""
        with self.autocast():
            return self.d.network(augment(pictures, self.probability, self.rng))

    @torch.no_grad()
    def _note(self, **losses: Tensor) -> None:
        """Keeps values (), always in the same tensors: a captured play writes to those that it once wrote to."""
        for name, value in losses.items():
            if name not in self.losses:
                self.losses[name] = torch.zeros_like(value)
            self.losses[name].copy_(value)

    # -- the players' half-steps -------------------------------------------------------------------------------------

    def _discriminator_backward(self, real: Tensor, penalty: bool) -> Tensor:
        """Leaves the discriminator's gradients; its scores of the real pictures, without gradient."""
        config = self.config
        with torch.no_grad(), self.autocast():
            fake = self.g.network(self._z())
        if config.model.discriminator_norm == "batch":  # whose statistics are those of one kind of picture
            real_scores, fake_scores = self._scores(real), self._scores(fake)
        else:
            real_scores, fake_scores = self._scores(torch.cat([real, fake.to(real.dtype)])).chunk(2)
        loss = critic_loss(config.loss, real_scores, fake_scores, config.label_smoothing, config.label_noise, self.rng)
        self.d.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if penalty:
            self._penalty_backward(real, fake)
        self._note(discriminator=loss, real=real_scores.mean(), fake=fake_scores.mean())
        if config.augmentation == "adaptive":
            assert self.probability is not None
            adapt(self.probability, real_scores, fake_scores, config.augmentation_target, len(real))
        return real_scores.detach()

    def _penalty_backward(self, real: Tensor, fake: Tensor) -> None:
        config = self.config
        if config.loss == "wgan-gp":
            value = interpolated_penalty(self._scores, real, fake.float(), self.rng)
        else:
            pictures = torch.cat([real, fake.float()]).requires_grad_()
            value = 2 * zero_centred_penalty(self._scores(pictures), pictures)  # R1 + R2
        (config.penalty * config.penalty_every * value).backward()
        self._note(penalty=value)

    def _generator_backward(self, real_scores: Tensor) -> None:
        """Leaves the generator's gradients."""
        self.d.network.requires_grad_(False)
        with self.autocast():
            fake = self.g.network(self._z())
        loss = generator_loss(self.config.loss, real_scores, self._scores(fake))
        self.g.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.d.network.requires_grad_(True)
        self._note(generator=loss)

    def _play(self, penalty: bool) -> None:
        """The discriminator's steps, the last one together with the generator's."""
        d, g = self.d.optimizer, self.g.optimizer
        for step, row in enumerate(self._rows):
            both = step == len(self._rows) - 1
            real = self._real(row)
            if isinstance(d, Extragradient) and isinstance(g, Extragradient):  # both look ahead, then both step
                halves: list[tuple[Callable[[], Any], Callable[[], Any]]]
                halves = [(d.extrapolation, g.extrapolation), (d.step, g.step)]
                for d_half, g_half in halves:
                    real_scores = self._discriminator_backward(real, penalty)
                    if both:
                        self._generator_backward(real_scores)
                        self.g.advance(g_half)
                    self.d.advance(d_half)
            else:
                real_scores = self._discriminator_backward(real, penalty)
                self.d.advance(d.step)
                if both:
                    self._generator_backward(real_scores)
                    self.g.advance(g.step)

    # -- an iteration ------------------------------------------------------------------------------------------------

    def iterate(self, iteration: int) -> None:
        """Plays iteration number `iteration`, from 0."""
        config = self.config
        for player in (self.d, self.g):
            player.set_learning_rate(learning_rate(config, iteration))
        self._rows.copy_(self._indices(iteration), non_blocking=True)
        self.rng.manual_seed(seed_of(config.seed, Stream.STEPS, iteration, self.rank))
        penalty = config.penalty > 0 and iteration % config.penalty_every == 0
        with torch.random.fork_rng():
            torch.manual_seed(self.rng.initial_seed())  # of dropout
            self._runners[penalty]()
        with torch.no_grad():
            weight = 1 - min(0.5 ** (config.batch / config.ema_images), iteration / (iteration + EMA_WARMUP))
            torch._foreach_lerp_(list(self.ema.parameters()), list(self.g.network.parameters()), weight)

    # -- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All that the next iteration depends on; the tensors are copies on the CPU."""
        return copied(
            {
                "generator": self.g.network.state_dict(),
                "ema": self.ema.state_dict(),
                "discriminator": self.d.network.state_dict(),
                "generator_optimizer": self.g.optimizer.state_dict()["state"],
                "discriminator_optimizer": self.d.optimizer.state_dict()["state"],
                "probability": self.probability if self.probability is not None else torch.zeros(()),
            }
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Inverse of `state`."""
        self.g.network.load_state_dict(state["generator"])
        self.ema.load_state_dict(state["ema"])
        self.d.network.load_state_dict(state["discriminator"])
        for player, name in ((self.g, "generator"), (self.d, "discriminator")):
            player.restore(state[f"{name}_optimizer"])
        if self.probability is not None:
            self.probability.copy_(state["probability"])


def copied(tree: Any) -> Any:
    """A nested dictionary of tensors, its tensors copied to the CPU."""
    if isinstance(tree, dict):
        return {key: copied(value) for key, value in tree.items()}
    return tree.detach().cpu().clone().contiguous()
