"""The state of a training that grows from scale to scale, and what a scale begins with."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from darkroom.device import fast_format
from darkroom.seeds import seeded
from singan.checkpoint import Checkpoint
from singan.config import TrainConfig
from singan.data import ScaleData, Task, fresh_samples, pooled_samples
from singan.image import Picture, image_pyramid, open_picture, pyramid_sizes, resize_picture, to_tensor
from singan.model import Discriminator, Generator, Pyramid, initialise, scale_noise
from singan.photograph import Photograph
from singan.pipeline import ScenePipeline
from singan.scale import ScaleTrainer, new_player
from singan.scene import BATCH_PIXELS, Scene
from singan.schedule import Stopwatch, step_work

GENERATOR_GAIN = 0.1  # of an unnormalised generator's last layer: it begins near the picture below
CRITIC_GAIN = 0.5  # of an unnormalised critic's last layer
POOL_PIXELS = 1_000_000  # of the pool's pictures together: large scales keep fewer
MIN_POOL = 4  # pictures, however large they are


class Stream(IntEnum):
    """What is drawn for scale n, each from a stream of its own. Other numbers would give other weights."""

    POOL = 1
    WEIGHTS = 2
    STEPS = 3
    PREVIEW = 4


def _inherit(network: torch.nn.Module, weights: dict[str, Tensor]) -> None:
    """Start from the scale below's weights where the architectures agree (SinGAN, supplement 2)."""
    if {k: v.shape for k, v in network.state_dict().items()} == {k: v.shape for k, v in weights.items()}:
        network.load_state_dict(weights)


def rmse(a: Tensor, b: Tensor) -> float:
    """Compute the root of the mean squared difference."""
    return float((a - b).square().mean().sqrt())


class Rendered(NamedTuple):
    """What a scale draws, (1, 3, H, W) each: a sample, always from the same noise, and the reconstruction."""

    sample: Tensor
    reconstruction: Tensor


def empty_pyramid(picture: Picture, config: TrainConfig) -> tuple[Pyramid, list[Tensor]]:
    """Make the pyramid before its first scale, with source and z_rec, and the picture at every scale, on the CPU.

    Resized on the CPU wherever training runs, so that a picture is known again on another device.
    """
    image = open_picture(picture)
    sizes = pyramid_sizes(*image.size, config)
    reals = image_pyramid(to_tensor(image), sizes)
    pyramid = Pyramid(config.model_config(sizes))
    pyramid.source.copy_(((reals[-1][0] + 1) * 127.5).round().to(torch.uint8))
    pyramid.z_rec.copy_(torch.randn(pyramid.z_rec.shape, generator=seeded(config.seed)))
    return pyramid, reals


def belongs_to(scene: Scene, picture: Picture, config: TrainConfig) -> bool:
    """Return whether the scene, finished or not, is what training this picture with this configuration gives."""
    return scene.train_config.same_recipe(config) and same_picture(scene.pyramid, empty_pyramid(picture, config)[0])


def same_picture(a: Pyramid, b: Pyramid) -> bool:
    """Return whether two pyramids, of whatever scales, are of one picture at the same sizes."""
    return a.config == b.config and torch.equal(a.source.cpu(), b.source.cpu())


class PyramidTrainer:
    """The state that grows from scale to scale.

    critics: weights of the finished scales' critics. pool: samples (N, 3, H, W) of the finest finished scale that fakes
    begin with. rendered: what that scale draws. Both are None before there is one.
    """

    def __init__(self, picture: Picture, config: TrainConfig, device: torch.device) -> None:
        self.config, self.device = config, device
        self.dtype = fast_format(device) if config.bfloat16 else torch.float32
        self._picture = open_picture(picture)
        pyramid, reals = empty_pyramid(self._picture, config)
        self.pyramid, self.reals = pyramid.to(device), [real.to(device) for real in reals]
        self.critics: list[dict[str, Tensor]] = []
        self.pool: Tensor | None = None
        self.rendered: Rendered | None = None
        model = self.pyramid.config
        self.scales = config.trained(model.sizes)
        self.stopwatch = Stopwatch([config.steps(n) * step_work(config, model, n) for n in range(self.scales)])

    @cached_property
    def photograph(self) -> Photograph:
        """The picture at its own size, as the scene keeps it."""
        return Photograph.of(self._picture)

    # -- the finished scales ------------------------------------------------------------------------------------------

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take over finished scales. Raises ValueError where they are of another picture or configuration."""
        theirs = checkpoint.scene.pyramid
        if not checkpoint.scene.train_config.same_recipe(self.config) or not same_picture(theirs, self.pyramid):
            raise ValueError("the checkpoint is of another picture or of other settings")
        for n, (generator, sigma) in enumerate(zip(theirs.generators, theirs.sigmas.tolist(), strict=True)):
            assert isinstance(generator, Generator)
            self.advance(n)
            self.adopt(copy.deepcopy(generator).to(self.device), sigma, checkpoint.critics[n])

    def adopt(self, generator: Generator, sigma: float, critic: dict[str, Tensor]) -> None:
        """Take over the next scale from elsewhere, trained or not."""
        task = replace(self.task(len(self.critics)), sigma=sigma)
        self.finish(task, generator, critic, self.render(task, generator))

    def finish(self, task: Task, generator: Generator, critic: dict[str, Tensor], drawn: Rendered) -> None:
        """Take over the next scale, and what it draws for the one above."""
        self.pyramid.append(generator, task.sigma)
        self.rendered = drawn
        self.critics.append({name: value.detach().cpu().contiguous().clone() for name, value in critic.items()})

    def checkpoint(self) -> Checkpoint:
        """Copy the finished scales, apart from what training goes on to change."""
        scene = ScenePipeline(copy.deepcopy(self.pyramid), self.config, self.photograph)
        return Checkpoint(scene, tuple(self.critics))

    # -- the next scale -----------------------------------------------------------------------------------------------

    def advance(self, n: int) -> None:
        """Bring the pool of samples to the scale below n, through the frozen generator there, if there are both."""
        if not n or not self.config.pool:
            return
        sizes, rng = self.pyramid.config.sizes, seeded(self.config.seed, n, Stream.POOL, device=self.device)
        size, count = sizes[n - 1], max(MIN_POOL, min(self.config.pool, POOL_PIXELS // math.prod(sizes[n])))
        below = torch.zeros(count, 3, *size, device=self.device) if self.pool is None else self.pool[:count]
        z, prevs = scale_noise(n - 1, size, rng, count), resize_picture(below, size)
        batch = max(1, BATCH_PIXELS // math.prod(size))
        batches = zip(z.split(batch), prevs.split(batch), strict=True)
        self.pool = torch.cat([self.pyramid.step(n - 1, some, prev, self.dtype) for some, prev in batches])

    def task(self, n: int) -> Task:
        """Return what scale n learns, where those below are finished."""
        real = self.reals[n]
        if n == 0:
            return Task(n, real, torch.zeros_like(real), self.pyramid.z_rec.expand(1, 3, -1, -1), sigma=1.0)
        assert self.rendered is not None
        rec_prev = resize_picture(self.rendered.reconstruction, self.pyramid.config.sizes[n])
        return Task(n, real, rec_prev, rec_prev, self.config.noise_amplitude * rmse(rec_prev, real))

    def render(self, task: Task, generator: Generator) -> Rendered:
        """Draw the scale with this generator."""
        n, size = task.n, self.pyramid.config.sizes[task.n]
        noise = scale_noise(n, size, seeded(self.config.seed, n, Stream.PREVIEW)).to(self.device)
        prev = task.rec_prev if self.rendered is None else resize_picture(self.rendered.sample, size)
        sample = generator.render(task.sigma * noise + prev, prev, self.dtype)
        reconstruction = generator.render(task.rec_input, task.rec_prev, self.dtype)
        return Rendered(self.pyramid.toned(sample), self.pyramid.toned(reconstruction))

    def networks(self, n: int, attempt: int) -> tuple[Generator, Discriminator]:
        """Make scale n's networks; those of a second attempt begin elsewhere."""
        config, model = self.config, self.pyramid.config
        rng = seeded(config.seed, n, Stream.WEIGHTS, attempt)
        generator = self.pyramid.new_generator(n).requires_grad_(True)
        critic = Discriminator(model.channels[n], config.norm if config.critic_norm else "none")
        initialise(generator.body, GENERATOR_GAIN, rng)
        initialise(critic.body, CRITIC_GAIN, rng)
        generator.to(self.device)
        critic.to(self.device)
        if n:
            _inherit(generator, self.pyramid.generators[n - 1].state_dict())
            # A critic that has played at many scales drives the large ones to a fine mesh.
            if config.inherits_critic(model.sizes[n]):
                _inherit(critic, self.critics[-1])
        return generator, critic

    def trainer(self, n: int, attempt: int = 0) -> ScaleTrainer:
        """Make scale n ready to train; a second attempt has other draws and half the learning rate."""
        config, task = self.config, self.task(n)
        generator, critic = self.networks(n, attempt)
        rng = seeded(config.seed, n, Stream.STEPS, attempt, device=self.device)
        samples = fresh_samples(self.pyramid, generator, rng, self.dtype) if n else None
        if self.pool is not None:
            samples = pooled_samples(generator.pad(resize_picture(self.pool, task.size)), rng)
        data = ScaleData(task, config, generator, samples, rng)
        how = config.learning_rate / 2**attempt, config.betas, config.game(n).clip
        return ScaleTrainer(config, data, new_player(generator, *how), new_player(critic, *how), self.dtype)
