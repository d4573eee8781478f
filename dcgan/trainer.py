"""One iteration of the game (Goodfellow et al., 2014, algorithm 1), on any device and in any number of processes."""

import copy
from enum import IntEnum
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from darkroom.adversarial import (
    Player,
    critic_loss,
    generator_loss,
    interpolated_penalty,
    picture_norms,
    runner,
    zero_centred_penalty,
)
from darkroom.device import fast_format
from darkroom.model_files import ModelError
from darkroom.seeds import seed_of, seeded
from dcgan.augment import adapt, augment
from dcgan.config import TrainConfig
from dcgan.model import initialise, new_discriminator, new_generator, refresh_statistics
from dcgan.optim import new_optimizer
from dcgan.pipeline import FacePipeline

EMA_WARMUP_ITERATIONS = 10  # the average begins with the generator itself
CONSTANT_SHARE = 0.5  # of the iterations, at the full learning rate; then it falls in a line
LAST_FACTOR = 0.02  # of the learning rate, at the end of that line


class Stream(IntEnum):
    """The second number of `darkroom.seeds.seeded`, after the configuration's seed; others would give other weights."""

    GENERATOR = 0  # initial weights
    DISCRIMINATOR = 1
    ORDER = 2  # of the pictures, by epoch
    STEPS = 3  # by iteration and process
    CONTROLS = 4  # latents of the sheet
    COMPARED = 5  # pictures of the set that samples are compared with
    SAMPLES = 6  # latents of these samples


class TrainingError(RuntimeError):
    """Training gave NaN, or the memory is too small; the best model so far is in the last record's checkpoint."""


def learning_rate(config: TrainConfig, iteration: int) -> float:
    """Compute the learning rate of an iteration, as a share of what it is at the start."""
    factor = 1 / (1 + config.decay * iteration)
    if config.cooldown:
        return factor * min(1.0, max(LAST_FACTOR, (config.iterations - iteration) / config.cooldown))
    if not config.linear_decay:
        return factor
    return factor * min(1.0, max(LAST_FACTOR, (1 - iteration / config.iterations) / (1 - CONSTANT_SHARE)))


class Trainer:
    """The networks in training. Every iteration is a function of the state before it and of its number alone.

    images: the training set, uint8 (N, 3, 64, 64); it moves to the device. losses: the last ones, each () on the
    device; iterations without a penalty leave the penalty as it was. g, d: the players; ema: the averaged generator.
    done: iterations so far.
    """

    def __init__(self, images: Tensor, config: TrainConfig, device: torch.device) -> None:
        self.config, self.device = config, device
        self.rank, self.world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
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
        self.g = self._player(generator, config.learning_rate)
        self.d = self._player(discriminator, config.discriminator_learning_rate)
        self.ema = copy.deepcopy(self.g.network).requires_grad_(False)
        self.probability: Tensor | None = None  # of augmentation
        if config.augmentation != "none":
            self.probability = torch.full((), float(config.augmentation == "differentiable"), device=device)
        self.rng, self.done = torch.Generator(device), 0
        self.losses: dict[str, Tensor] = {}
        self._epoch_order: tuple[int, Tensor] = (-1, torch.empty(0))
        # Where a captured step finds its pictures' numbers.
        rows = (config.discriminator_steps, config.batch // self.world)
        self._rows = torch.zeros(rows, dtype=torch.long, device=device)
        steps = {penalised: partial(self.step, penalised) for penalised in (False, True)}
        # Neither processes that wait for one another nor extragradient's copies of the weights are captured.
        captured = self.world == 1 and not config.extragradient
        self._steps = {key: runner(step, self.rng) if captured else step for key, step in steps.items()}

    def _player(self, network: nn.Module, learning_rate: float) -> Player[nn.Module]:
        network.to(self.device)
        clip = self.config.clip_value
        limit = None if clip is None else partial(nn.utils.clip_grad_value_, clip_value=clip)
        return Player(network, new_optimizer(network, learning_rate, self.config), learning_rate, limit)

    # -- the algorithm ------------------------------------------------------------------------------------------------

    def iterate(self, iteration: int) -> None:
        """Run iteration number `iteration`, from 0: the players' steps, then the generator's moving average."""
        config, self.done = self.config, iteration + 1
        for player in (self.d, self.g):
            player.set_learning_rate(learning_rate(config, iteration))
        self._rows.copy_(self.indices(iteration), non_blocking=True)
        self.rng.manual_seed(seed_of(config.seed, Stream.STEPS, iteration, self.rank))
        penalised = config.penalty > 0 and iteration % config.penalty_every == 0
        with torch.random.fork_rng():
            torch.manual_seed(self.rng.initial_seed())  # of dropout
            self._steps[penalised]()
        with torch.no_grad():
            share = min(0.5 ** (config.batch / config.ema_images), iteration / (iteration + EMA_WARMUP_ITERATIONS))
            torch._foreach_lerp_(list(self.ema.parameters()), list(self.g.network.parameters()), 1 - share)

    def step(self, penalised: bool) -> None:
        """Take the discriminator's steps, the last one together with the generator's."""
        for number, row in enumerate(self._rows, 1):
            real, last = self.real(row), number == len(self._rows)
            if not self.config.extragradient:  # in turns
                real_scores = self.discriminator_backward(real, penalised)
                self.d.step()
                if last:
                    self.generator_backward(real_scores)
                    self.g.step()
                continue
            for half_step in ("extrapolation", "step"):  # both look ahead, then both step
                real_scores = self.discriminator_backward(real, penalised)
                if last:
                    self.generator_backward(real_scores)
                    self.g.step(half_step)
                self.d.step(half_step)

    def discriminator_backward(self, real: Tensor, penalised: bool) -> Tensor:
        """Compute the discriminator's gradients; return its scores of the real pictures, without gradient."""
        config = self.config
        with torch.no_grad():
            fake = self.generated()
        if config.model.discriminator_norm == "batch":  # whose statistics are those of one kind of picture
            real_scores, fake_scores = self.scores(real), self.scores(fake)
        else:
            real_scores, fake_scores = self.scores(torch.cat([real, fake.to(real.dtype)])).chunk(2)
        loss = critic_loss(config.loss, real_scores, fake_scores, config.label_smoothing, config.label_noise, self.rng)
        self.d.optimizer.zero_grad()
        loss.backward()
        if penalised:  # lazily, in a pass of its own (StyleGAN2, Karras et al., 2020, section 3.1)
            penalty = self.penalty(real, fake.float())
            (config.penalty * config.penalty_every * penalty).backward()
            self._note(penalty=penalty)
        self._note(discriminator=loss, real=real_scores.mean(), fake=fake_scores.mean())
        if config.augmentation == "adaptive":
            assert self.probability is not None
            adapt(self.probability, real_scores, fake_scores, config.augmentation_target, len(real))
        return real_scores.detach()

    def penalty(self, real: Tensor, fake: Tensor) -> Tensor:
        """Compute the gradient penalty: WGAN-GP's, or R1 + R2."""
        if self.config.loss == "wgan-gp":
            return interpolated_penalty(self.scores, real, fake, picture_norms, self.rng)
        pictures = torch.cat([real, fake]).requires_grad_()
        return zero_centred_penalty(self.scores(pictures), pictures, len(real), axes=(1, 2, 3))

    def generator_backward(self, real_scores: Tensor) -> None:
        """Compute the generator's gradients against the discriminator as it is."""
        self.d.network.requires_grad_(False)
        loss = generator_loss(self.config.loss, real_scores, self.scores(self.generated()))
        self.g.optimizer.zero_grad()
        loss.backward()
        self.d.network.requires_grad_(True)
        self._note(generator=loss)

    def generated(self) -> Tensor:
        """Generate a batch from random latents."""
        shape = (self.config.batch // self.world, self.config.model.latent_dim)
        with self.autocast():
            return self.g.network(torch.randn(shape, generator=self.rng, device=self.device))

    def scores(self, pictures: Tensor) -> Tensor:
        """Compute the discriminator's logits (N,) of augmented pictures."""
        with self.autocast():
            return self.d.network(augment(pictures, self.probability, self.rng))

    def autocast(self) -> torch.autocast:
        """Choose the number format that networks run in."""
        # A graph must not find weights that were cast before it was captured.
        return torch.autocast(
            self.device.type, dtype=self.dtype, enabled=self.dtype != torch.float32, cache_enabled=False
        )

    @torch.no_grad()
    def _note(self, **losses: Tensor) -> None:
        """Keep values (), always in the same tensors: a captured step writes to those that it once wrote to."""
        for name, value in losses.items():
            if name not in self.losses:
                self.losses[name] = torch.zeros_like(value)
            self.losses[name].copy_(value)

    # -- the pictures -------------------------------------------------------------------------------------------------

    def indices(self, iteration: int) -> Tensor:
        """Choose the pictures that the discriminator's steps of an iteration see, (steps, batch of this process)."""
        config = self.config
        rows = []
        for step in range(config.discriminator_steps):
            epoch, number = divmod(iteration * config.discriminator_steps + step, len(self.images) // config.batch)
            if epoch != self._epoch_order[0]:  # drawing it takes longer than an iteration's rest
                self._epoch_order = epoch, self._order(epoch)
            rows.append(self._epoch_order[1][number * config.batch :][: config.batch][self.rank :: self.world])
        return torch.stack(rows)

    def _order(self, epoch: int) -> Tensor:
        if not self.config.shuffle:
            return torch.arange(len(self.images))
        return torch.randperm(len(self.images), generator=seeded(self.config.seed, Stream.ORDER, epoch))

    def real(self, indices: Tensor) -> Tensor:
        """Take pictures of the set, float32 in [-1, 1], half of them mirrored at random."""
        x = self.images[indices].float() / 127.5 - 1
        if self.config.mirror:
            mirrored = torch.rand(len(x), 1, 1, 1, generator=self.rng, device=self.device) < 0.5
            x = torch.where(mirrored, x.flip(3), x)
        return x.contiguous(memory_format=torch.channels_last)

    # -- the state ----------------------------------------------------------------------------------------------------

    def faces(self) -> FacePipeline:
        """Copy the averaged generator, with statistics of its own, and the discriminator. Raises TrainingError."""
        if not all(bool(weights.isfinite().all()) for weights in self.ema.parameters()):
            raise TrainingError(f"the generator's weights are no numbers any more at iteration {self.done}")
        generator, discriminator = copy.deepcopy(self.ema), copy.deepcopy(self.d.network)
        refresh_statistics(generator, self.config.model.latent_dim, self.dtype)
        return FacePipeline(self.config.model, generator, discriminator, train_config=self.config)

    def state(self) -> dict[str, Any]:
        """Copy all that the next iteration depends on to the CPU, as a dictionary of dictionaries of tensors."""
        return _copied(
            {
                "generator": self.g.network.state_dict(),
                "ema": self.ema.state_dict(),
                "discriminator": self.d.network.state_dict(),
                "generator_optimizer": self.g.optimizer.state_dict()["state"],
                "discriminator_optimizer": self.d.optimizer.state_dict()["state"],
                "probability": torch.zeros(()) if self.probability is None else self.probability,
            }
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Load what `state` returned. Raises ModelError where it is not of these networks."""
        try:
            self.g.network.load_state_dict(state["generator"])
            self.ema.load_state_dict(state["ema"])
            self.d.network.load_state_dict(state["discriminator"])
            self.g.restore(state["generator_optimizer"])
            self.d.restore(state["discriminator_optimizer"])
            if self.probability is not None:
                self.probability.copy_(state["probability"])
        except KeyError as error:
            raise ModelError(f"the training to go on with is damaged: {error} is missing") from None
        except (RuntimeError, ValueError, IndexError, TypeError, AttributeError):  # torch's, of many lines
            raise ModelError(
                "the training to go on with is damaged: its tensors are not those of its networks"
            ) from None


def _copied(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _copied(value) for key, value in tree.items()}
    return tree.detach().cpu().clone().contiguous()
