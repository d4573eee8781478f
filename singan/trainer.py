"""The state of a training that grows from scale to scale."""

import copy
import math
import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

from darkroom.device import fast_format
from darkroom.seeds import seeded
from singan.checkpoint import Checkpoint
from singan.config import ModelConfig, TrainConfig
from singan.image import Picture, open_picture, pyramid_sizes, resize_picture, to_tensor
from singan.model import Discriminator, Generator, Pyramid, initialise, scale_noise
from singan.photograph import Photograph, PhotographFile
from singan.pipeline import ScenePipeline
from singan.scale import ScaleData, ScaleTrainer, Task, crop_shape, new_player
from singan.scene import BATCH_PIXELS, Scene

GENERATOR_GAIN = 0.1  # of an unnormalised generator's last layer: it begins near the picture below
CRITIC_GAIN = 0.5  # of an unnormalised critic's last layer
POOL_PIXELS = 1_000_000  # of the pool's pictures together: large scales keep fewer
MIN_POOL = 4  # pictures, however large they are

# Of streams of scale n's draws: other numbers would give other weights.
POOL, WEIGHTS, STEPS, PREVIEW = 1, 2, 3, 4

STEP_OVERHEAD_PIXELS = 6000  # what a step costs before its first pixel, as 32-channel pixels; measured on 2 cores
CHANNELS = 32  # of the networks whose pixels are the unit of work
CHANNELS_EXPONENT = 1.5  # cost of a pixel by channels: between the maps' size (1) and the multiplications (2)


Shown = TypeVar("Shown")


def rmse(a: Tensor, b: Tensor) -> float:
    return float((a - b).square().mean().sqrt())


class Rendered(NamedTuple, Generic[Shown]):
    """Hold pictures of a scale: images, or tensors (1, 3, H, W)."""

    sample: Shown  # always from the same noise
    reconstruction: Shown  # of the trained picture, from z_rec


def empty_pyramid(picture: Picture, config: TrainConfig) -> tuple[Pyramid, list[Tensor]]:
    """Make the pyramid before its first scale, with source and z_rec, and the picture at every scale."""
    image = open_picture(picture)
    sizes = pyramid_sizes(*image.size, config)
    top = resize_picture(to_tensor(image), sizes[-1])  # on the CPU: it is known again on another device
    reals = [resize_picture(top, size) for size in sizes]  # each from the finest, as in the official code
    pyramid = Pyramid(config.model_config(sizes))
    pyramid.source.copy_(((top[0] + 1) * 127.5).round().to(torch.uint8))
    pyramid.z_rec.copy_(torch.randn(pyramid.z_rec.shape, generator=seeded(config.seed)))
    return pyramid, reals


def untrained(path: Path, config: TrainConfig) -> ScenePipeline:
    """Make a scene of a picture's file, to print, fit and edit, before its training. Raises PictureError."""
    picture = open_picture(path)
    return ScenePipeline(empty_pyramid(picture, config)[0], config, PhotographFile(path, picture))


def belongs_to(scene: Scene, picture: Picture, config: TrainConfig) -> bool:
    """Return whether the scene, finished or not, is what training this picture with this configuration gives."""
    return scene.train_config.same_recipe(config) and same_picture(scene.pyramid, empty_pyramid(picture, config)[0])


def same_picture(a: Pyramid, b: Pyramid) -> bool:
    """Return whether two pyramids, of whatever scales, are of one picture at the same sizes."""
    return a.config == b.config and torch.equal(a.source.cpu(), b.source.cpu())


def step_work(config: TrainConfig, model: ModelConfig, n: int) -> float:
    """Estimate the cost of an iteration at scale n, in pixels of a 32-channel network."""
    height, width = crop_shape(config, n, model.sizes[n])
    steps = (config.critic_steps + config.generator_steps) / 2
    pixels = config.batch * height * width * (model.channels[n] / CHANNELS) ** CHANNELS_EXPONENT
    return steps * (STEP_OVERHEAD_PIXELS + pixels)


class Stopwatch:
    """Measure the seconds since it was made, and predict those that are left, at the speed of late."""

    def __init__(self, work: list[float]) -> None:
        """work: of each scale, in any unit."""
        self.work, self.started, self.left = work, time.perf_counter(), sum(work)
        # The time and the work that was left at the first lap; None where work is done anew.
        self.since: tuple[float, float] | None = None

    def lap(self, n: int, share: float) -> bool:
        """Note that this share of scale n is done, and return whether it is the first lap, which pays for the setup."""
        self.left = self.work[n] * (1 - share) + sum(self.work[n + 1 :])  # at the end exactly 0
        first = self.since is None
        self.since = self.since or (time.perf_counter(), self.left)
        return first

    def read(self) -> tuple[float, float]:
        """Return the seconds until now, and predict those of the work after the last lap."""
        assert self.since is not None, "no lap yet"
        now, (since, before) = time.perf_counter(), self.since
        return now - self.started, (now - since) / max(before - self.left, 1) * self.left


class PyramidTrainer:
    """Train a pyramid; its state grows from scale to scale."""

    def __init__(self, picture: Picture, config: TrainConfig, device: torch.device) -> None:
        self.config, self.device = config, device
        self.dtype = fast_format(device) if config.bfloat16 else torch.float32
        self._picture = open_picture(picture)
        pyramid, reals = empty_pyramid(self._picture, config)
        self.pyramid, self.reals = pyramid.to(device), [real.to(device) for real in reals]
        self.critics: list[dict[str, Tensor]] = []  # weights of the finished scales'
        self.pool: Tensor | None = None  # samples (N, 3, H, W) of the finest finished scale that fakes begin with
        self.rendered: Rendered[Tensor] | None = None  # that scale's pictures
        model = self.pyramid.config
        self.scales = config.trained(model.sizes)
        self.stopwatch = Stopwatch([config.steps(n) * step_work(config, model, n) for n in range(self.scales)])

    @cached_property
    def photograph(self) -> Photograph:
        return Photograph.of(self._picture)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take over finished scales. Raises ValueError where they are of another picture or configuration."""
        theirs = checkpoint.scene.pyramid
        if not (checkpoint.scene.train_config.same_recipe(self.config) and same_picture(theirs, self.pyramid)):
            raise ValueError("the checkpoint is of another picture or of other settings")
        for n, (generator, sigma) in enumerate(zip(theirs.generators, theirs.sigmas.tolist(), strict=True)):
            assert isinstance(generator, Generator)
            self.advance(n)
            self.adopt(copy.deepcopy(generator).to(self.device), sigma, checkpoint.critics[n])

    def adopt(self, generator: Generator, sigma: float, critic: dict[str, Tensor]) -> None:
        """Take over the next scale from elsewhere, trained or not."""
        task = replace(self.task(len(self.critics)), sigma=sigma)
        self.finish(task, generator, critic, self.render(task, generator))

    def finish(self, task: Task, generator: Generator, critic: dict[str, Tensor], drawn: Rendered[Tensor]) -> None:
        """Take over the next trained scale and its pictures, for the one above."""
        self.pyramid.append(generator, task.sigma)
        self.rendered = drawn
        self.critics.append({name: value.detach().cpu().contiguous().clone() for name, value in critic.items()})

    def checkpoint(self) -> Checkpoint:
        """Copy the finished scales, apart from what training goes on to change."""
        scene = ScenePipeline(copy.deepcopy(self.pyramid), self.config, self.photograph)
        return Checkpoint(scene, tuple(self.critics))

    def advance(self, n: int) -> None:
        """Bring the pool of samples to the scale below n, through the frozen generator there, if there are both."""
        if not n or not self.config.pool:
            return
        sizes, rng = self.pyramid.config.sizes, seeded(self.config.seed, n, POOL, device=self.device)
        size, count = sizes[n - 1], max(MIN_POOL, min(self.config.pool, POOL_PIXELS // math.prod(sizes[n])))
        if self.pool is None:
            below = torch.zeros(count, 3, *size, device=self.device)
        else:
            below = resize_picture(self.pool[:count], size)
        batch, inputs = max(1, BATCH_PIXELS // math.prod(size)), (scale_noise(n - 1, size, rng, count), below)
        batches = zip(*(it.split(batch) for it in inputs), strict=True)
        self.pool = torch.cat([self.pyramid.step(n - 1, z, prev, self.dtype) for z, prev in batches])

    def task(self, n: int) -> Task:
        real = self.reals[n]
        if n == 0:
            return Task(n, real, torch.zeros_like(real), self.pyramid.z_rec.expand(1, 3, -1, -1), sigma=1.0)
        assert self.rendered is not None
        rec_prev = resize_picture(self.rendered.reconstruction, self.pyramid.config.sizes[n])
        return Task(n, real, rec_prev, rec_prev, self.config.noise_amplitude * rmse(rec_prev, real))

    def render(self, task: Task, generator: Generator) -> Rendered[Tensor]:
        n, size = task.n, self.pyramid.config.sizes[task.n]
        noise = scale_noise(n, size, seeded(self.config.seed, n, PREVIEW)).to(self.device)
        prev = task.rec_prev if self.rendered is None else resize_picture(self.rendered.sample, size)
        inputs = (task.sigma * noise + prev, prev), (task.rec_input, task.rec_prev)
        return Rendered(*(self.pyramid.toned(generator.render(*it, self.dtype)) for it in inputs))

    def networks(self, n: int, attempt: int) -> tuple[Generator, Discriminator]:
        """Make scale n's networks, from the weights below where the architectures agree (SinGAN, supplement 2)."""
        config, model = self.config, self.pyramid.config
        rng = seeded(config.seed, n, WEIGHTS, attempt)
        generator = self.pyramid.new_generator(n).requires_grad_(True)
        critic = Discriminator(model.channels[n], config.norm if config.critic_norm else "none")
        initialise(generator.body, GENERATOR_GAIN, rng)
        initialise(critic.body, CRITIC_GAIN, rng)
        if n and model.channels[n] == model.channels[n - 1]:
            if model.norms[n] == model.norms[n - 1]:
                generator.load_state_dict(self.pyramid.generators[n - 1].state_dict())
            # A critic that has played at many scales drives the large ones to a fine mesh.
            if config.fresh_above is None or max(model.sizes[n]) <= config.fresh_above:
                critic.load_state_dict(self.critics[-1])
        return generator.to(self.device), critic.to(self.device)

    def trainer(self, n: int, attempt: int = 0) -> ScaleTrainer:
        """Make scale n ready to train; a second attempt has other draws and half the learning rate."""
        config, task = self.config, self.task(n)
        generator, critic = self.networks(n, attempt)
        rng = seeded(config.seed, n, STEPS, attempt, device=self.device)
        data = ScaleData(task, config, generator, self.pyramid, self.pool, rng, self.dtype)
        how = config.learning_rate / 2**attempt, config.betas, config.game(n).clip
        return ScaleTrainer(config, data, new_player(generator, *how), new_player(critic, *how), self.dtype)
