"""Training on one picture, scale by scale, as a generator of progress records. Prints nothing, writes nothing."""

from __future__ import annotations

import copy
import math
import time
from collections import abc
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from darkroom.device import enough_memory_or, fast_format, pick_device
from darkroom.seeds import seeded
from singan.checkpoint import Checkpoint
from singan.config import TrainConfig
from singan.data import ScaleData, Task, fresh_samples, pooled_samples
from singan.image import Picture, image_pyramid, open_picture, pyramid_sizes, resize_picture, to_pil, to_tensor
from singan.model import Discriminator, Generator, Pyramid, initialise, scale_noise
from singan.photograph import Photograph
from singan.pipeline import ScenePipeline
from singan.scale import Diverged, ScaleTrainer, new_player
from singan.scene import BATCH_PIXELS
from singan.schedule import Stopwatch, step_work

GENERATOR_GAIN = 0.1  # of an unnormalised generator's last layer: it begins near the picture below
CRITIC_GAIN = 0.5  # of an unnormalised critic's last layer
ATTEMPTS = 2  # at a scale, each at half the learning rate of the one before
RECORD_SECONDS = 0.1
PREVIEW_SECONDS = 1.0
PREVIEW_PAUSE = 20  # times as long as a preview took, at least, to the next: they take 5 % at most
FLAT = 0.02  # of the picture's contrast: less is no picture
WORSE = 1.5  # times the error below: more is a scale that has lost its way
JUDGED = 5  # steps, from which on a scale is: after fewer it need not be a picture yet
PREDICTION_SECONDS, PREDICTION_STEPS = 0.3, (3, 24)  # of timed steps; at least and at most so many
POOL_PIXELS = 1_000_000  # of the pool's pictures together: large scales keep fewer
MIN_POOL = 4  # pictures, however large they are


class Stream(IntEnum):
    """What is drawn for scale n, each from a stream of its own. Other numbers would give other weights."""

    POOL = 1
    WEIGHTS = 2
    STEPS = 3
    PREVIEW = 4


class TrainingError(RuntimeError):
    """A scale failed twice, or the memory is too small; finished scales are in the last record's checkpoint."""


@dataclass(frozen=True)
class Preview:
    """What the current scale draws: a new sample, and the trained picture's reconstruction from z_rec."""

    sample: Image.Image
    reconstruction: Image.Image


@dataclass(frozen=True)
class Progress:
    """Where training stands. Scales count from 0, the coarsest; seconds are wall-clock since the call.

    preview comes about once a second, else None; checkpoint is None until a scale is finished; restarts says how
    often the current scale was begun anew because it gave NaN, a flat picture or a worse one than came in.
    """

    scale: int
    scales: int
    iteration: int
    iterations: int
    losses: dict[str, float]
    seconds: float
    seconds_left: float
    restarts: int
    preview: Preview | None
    checkpoint: Checkpoint | None

    @property
    def scene(self) -> ScenePipeline | None:
        """The pipeline of the finished scales."""
        return self.checkpoint.scene if self.checkpoint else None

    @property
    def finished(self) -> bool:
        """Whether the last scale is trained."""
        return self.scene is not None and self.scene.scales >= self.scales


def train(
    picture: Picture,
    config: TrainConfig | None = None,
    device: str | torch.device = "auto",
    resume: Checkpoint | None = None,
) -> abc.Generator[Progress, None, None]:
    """Train a SinGAN on one picture; every record holds the scene of the scales that are finished.

    config defaults to the preset `standard`. The same picture, config and kind of device give the same weights,
    whether or not training was interrupted. Closing the iterator stops it; nothing finished is lost. A scale that gives
    NaN, a flat picture or a worse one than came in is begun anew once at half the learning rate.

    Raises PictureError, ValueError (resume does not fit), and TrainingError with the number of a scale that failed
    twice, or with a size that fits where there is not enough memory.
    """
    config = config or TrainConfig()
    fits = f"for a max_size of {config.max_size}; {max(32, config.max_size // 2)} takes about a quarter of it"
    with enough_memory_or(TrainingError(f"there is not enough memory {fits}")):
        trainer = PyramidTrainer(picture, config, pick_device(device))
        if resume is not None:
            trainer.restore(resume)
        yield from trainer.records(resume)


def predict_seconds(picture: Picture, config: TrainConfig, device: str | torch.device = "auto") -> float:
    """Predict the seconds that training would take here, from about a second of steps of the coarsest scale."""
    pyramid = PyramidTrainer(picture, config, pick_device(device))
    trainer = pyramid.trainer(0)
    trainer.iterate(0)
    started, steps = time.perf_counter(), 0
    least, most = PREDICTION_STEPS
    while steps < least or (time.perf_counter() - started < PREDICTION_SECONDS and steps < most):
        steps += 1
        trainer.iterate(steps)
        trainer.check()
    step = (time.perf_counter() - started) / steps
    return step / step_work(config, pyramid.pyramid.config, 0) * sum(pyramid.stopwatch.work)


def _inherit(network: torch.nn.Module, weights: dict[str, Tensor] | None) -> None:
    """Start from the scale below's weights where the architectures agree (SinGAN, supplement 2)."""
    own = network.state_dict()
    if weights is not None and {k: v.shape for k, v in own.items()} == {k: v.shape for k, v in weights.items()}:
        network.load_state_dict(weights)


def _rmse(a: Tensor, b: Tensor) -> float:
    return float((a - b).square().mean().sqrt())


def _lost(reconstruction: Tensor, task: Task, steps: int) -> bool:
    """Return whether a reconstruction is NaN, or, after more than a few steps, flat or worse than what came in."""
    if steps < JUDGED:
        return not bool(reconstruction.isfinite().all())
    before, after = (_rmse(x, task.real) for x in (task.rec_prev, reconstruction))
    flat = float(reconstruction.std()) < FLAT * float(task.real.std())
    return not after <= WORSE * before + FLAT or flat


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


def belongs_to(scene: ScenePipeline, picture: Picture, config: TrainConfig) -> bool:
    """Return whether the scene, finished or not, is what training this picture with this configuration gives."""
    return scene.train_config.same_recipe(config) and same_picture(scene.pyramid, empty_pyramid(picture, config)[0])


def same_picture(a: Pyramid, b: Pyramid) -> bool:
    """Return whether two pyramids, of whatever scales, are of one picture at the same sizes."""
    return a.config == b.config and torch.equal(a.source.cpu(), b.source.cpu())


class PyramidTrainer:
    """The state that grows from scale to scale; `records` trains those that are not finished.

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
        pyramid = Pyramid(self.pyramid.config)
        for generator, sigma in zip(self.pyramid.generators, self.pyramid.sigmas.tolist(), strict=True):
            assert isinstance(generator, Generator)
            pyramid.append(copy.deepcopy(generator), sigma)
        pyramid.z_rec, pyramid.source = self.pyramid.z_rec.clone(), self.pyramid.source.clone()
        return Checkpoint(ScenePipeline(pyramid.to(self.device), self.config, self.photograph), tuple(self.critics))

    # -- the next scale -----------------------------------------------------------------------------------------------

    def advance(self, n: int) -> None:
        """Bring the pool of samples to the scale below n, through the frozen generator there, if there are both."""
        if not n or not self.config.pool:
            return
        sizes, rng = self.pyramid.config.sizes, seeded(self.config.seed, n, Stream.POOL, device=self.device)
        size, area = sizes[n - 1], math.prod(sizes[n])
        count = max(MIN_POOL, min(self.config.pool, POOL_PIXELS // area))
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
        return Task(n, real, rec_prev, rec_prev, self.config.noise_amplitude * _rmse(rec_prev, real))

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
        samples = None
        if n and self.pool is None:
            samples = fresh_samples(self.pyramid, generator, rng, self.dtype)
        elif n and self.pool is not None:
            samples = pooled_samples(generator.pad(resize_picture(self.pool, task.size)), rng)
        data = ScaleData(task, config, generator, samples, rng)
        how = config.learning_rate / 2**attempt, config.betas, config.game(n).clip
        return ScaleTrainer(config, data, new_player(generator, *how), new_player(critic, *how), self.dtype)

    # -- training -----------------------------------------------------------------------------------------------------

    def records(self, checkpoint: Checkpoint | None = None) -> abc.Iterator[Progress]:
        """Train the scales that are not finished. checkpoint: what the records hold until the next one is.

        Raises TrainingError with the number of a scale that failed twice.
        """
        for n in range(len(self.critics), self.scales):
            self.advance(n)
            for attempt in range(ATTEMPTS):
                try:
                    for record in self.run_scale(n, attempt, checkpoint):
                        checkpoint = record.checkpoint
                        yield record
                    break
                except Diverged:
                    self.stopwatch.measure_anew()
            else:
                done = f"{n} scales are finished"
                raise TrainingError(f"scale {n + 1} of {self.scales} gave no picture, twice; {done}")

    def run_scale(self, n: int, attempt: int, checkpoint: Checkpoint | None) -> abc.Iterator[Progress]:
        """Train scale n and take it over. Raises Diverged where it gives no picture, or a worse one than came in."""
        trainer, i, last = self.trainer(n, attempt), 0, False
        next_record = next_preview = 0.0
        while not last:
            trainer.iterate(i)
            i += 1
            now, last = time.perf_counter(), i >= trainer.iterations
            first = self.stopwatch.lap(n, i / trainer.iterations)
            if (first or now < next_record) and not last:
                continue
            next_record = now + RECORD_SECONDS
            losses, preview = trainer.check(), None
            if last or now >= next_preview:
                drawn = self.render(trainer.task, trainer.generator.network)
                preview = Preview(*(to_pil(picture)[0] for picture in drawn))
                after = time.perf_counter()
                next_preview = after + max(PREVIEW_SECONDS, PREVIEW_PAUSE * (after - now))
            if last:
                if _lost(drawn.reconstruction, trainer.task, trainer.iterations):
                    raise Diverged
                self.finish(trainer.task, trainer.generator.network, trainer.critic.network.state_dict(), drawn)
                checkpoint = self.checkpoint()
            clock = self.stopwatch.seconds, self.stopwatch.seconds_left
            yield Progress(n, self.scales, i, trainer.iterations, losses, *clock, attempt, preview, checkpoint)
