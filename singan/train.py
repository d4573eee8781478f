"""Training on one picture, scale by scale, as a generator of progress records. Prints nothing, writes nothing itself.

`save_checkpoint` and `load_checkpoint` keep what resuming needs beside the model: the critics of the finished scales.
"""

from __future__ import annotations

import copy
import itertools
import time
from collections import abc
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import save
from torch import Tensor

from darkroom.device import enough_memory_or, fast_format, pick_device
from darkroom.files import atomic
from darkroom.model_files import Layout, ModelError, layout_of, read_tensors, reading
from darkroom.seeds import seeded
from singan.config import ModelConfig, TrainConfig
from singan.image import Picture, image_pyramid, open_picture, pyramid_sizes, resize_picture, to_pil, to_tensor
from singan.model import Discriminator, Generator, Pyramid, initialise, scale_noise
from singan.pipeline import BATCH_PIXELS, ScenePipeline
from singan.scale import Diverged, ScaleTrainer, crop_shape

GENERATOR_GAIN = 0.1  # of an unnormalised generator's last layer: it begins near the picture below
CRITIC_GAIN = 0.5  # of an unnormalised critic's last layer
TRAINING_FILE = "training.safetensors"
RECORD_SECONDS = 0.1
PREVIEW_SECONDS = 1.0
FLAT = 0.02  # of the picture's contrast: less is no picture
WORSE = 1.5  # times the error below: more is a scale that has lost its way
POOL_PIXELS = 1_000_000  # of the pool's pictures together: large scales keep fewer
STEP_OVERHEAD_PIXELS = 6000  # what a step costs before its first pixel, as 32-channel pixels; measured on 2 cores


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
class Checkpoint:
    """The finished scales and their critics' weights, finest last: enough to go on from."""

    scene: ScenePipeline
    critics: tuple[dict[str, Tensor], ...]


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
        return self.scene is not None and self.scene.scales == self.scales


def _work(config: TrainConfig, model: ModelConfig, n: int) -> float:
    """Cost of an iteration at scale n, in pixels of a 32-channel network."""
    height, width = crop_shape(config, n, model.sizes[n])
    steps = (config.critic_steps + config.generator_steps) / 2
    return steps * (STEP_OVERHEAD_PIXELS + config.batch * height * width * (model.channels[n] / 32) ** 1.5)


def _inherit(network: torch.nn.Module, weights: dict[str, Tensor] | None) -> None:
    """Starts from the scale below's weights where the architectures agree (SinGAN, supplement 2)."""
    own = network.state_dict()
    if weights is not None and {k: v.shape for k, v in own.items()} == {k: v.shape for k, v in weights.items()}:
        network.load_state_dict(weights)


def _lost(picture: Tensor, scale: ScaleTrainer) -> bool:
    """Whether a finished scale's reconstruction is NaN, flat, or further from the picture than what came in."""
    before, after = (float((x - scale.real).square().mean().sqrt()) for x in (scale.rec_prev, picture))
    flat = float(picture.std()) < FLAT * float(scale.real.std())
    return not after <= WORSE * before + FLAT or flat


def empty_pyramid(picture: Picture, config: TrainConfig) -> tuple[Pyramid, list[Tensor]]:
    """The pyramid before its first scale, with source and z_rec, and the picture at every scale; on the CPU.

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
    """Whether the scene, finished or not, is what training this picture with this configuration gives."""
    return scene.train_config == config and same_picture(scene.pyramid, empty_pyramid(picture, config)[0])


def same_picture(a: Pyramid, b: Pyramid) -> bool:
    """Whether two pyramids, of whatever scales, are of one picture at the same sizes."""
    return a.config == b.config and torch.equal(a.source.cpu(), b.source.cpu())


class Training:
    """The state that grows from scale to scale."""

    def __init__(self, picture: Picture, config: TrainConfig, device: torch.device) -> None:
        self.config, self.device = config, device
        self.dtype = fast_format(device) if config.bfloat16 else torch.float32
        pyramid, reals = empty_pyramid(picture, config)
        self.pyramid, self.reals = pyramid.to(device), [real.to(device) for real in reals]
        self.critics: list[dict[str, Tensor]] = []
        self.pool: Tensor | None = None
        self.reconstruction: Tensor | None = None
        self.preview: Tensor | None = None
        self.started = time.perf_counter()
        model = self.pyramid.config
        self.work = [config.steps(n) * _work(config, model, n) for n in range(len(reals))]
        self.measured_from: tuple[float, float] | None = None

    def restore(self, checkpoint: Checkpoint) -> None:
        """Takes over finished scales. Raises ValueError where they are of another picture or configuration."""
        theirs = checkpoint.scene.pyramid
        if checkpoint.scene.train_config != self.config or not same_picture(theirs, self.pyramid):
            raise ValueError("the checkpoint is of another picture or of other settings")
        for n, (generator, sigma) in enumerate(zip(theirs.generators, theirs.sigmas.tolist(), strict=True)):
            assert isinstance(generator, Generator)
            self.advance(n)
            self.adopt(copy.deepcopy(generator).to(self.device), sigma, checkpoint.critics[n])

    def _upsampled(self, picture: Tensor | None, n: int) -> Tensor:
        return (
            torch.zeros_like(self.reals[n])
            if picture is None
            else resize_picture(picture, self.pyramid.config.sizes[n])
        )

    def adopt(self, generator: Generator, sigma: float, critic: dict[str, Tensor]) -> None:
        """Takes over the next scale from elsewhere, trained or not."""
        n = len(self.critics)
        draws = self._draws(n, generator, sigma, self._upsampled(self.reconstruction, n))
        self._finish(generator, sigma, critic, draws)

    def advance(self, n: int) -> None:
        """Brings the pool of samples from scale n - 2 to n - 1, through the frozen generator there."""
        if n == 0 or not self.config.pool:
            return
        size = self.pyramid.config.sizes[n - 1]
        height, width = self.pyramid.config.sizes[n]
        count = max(4, min(self.config.pool, POOL_PIXELS // (height * width)))
        rng = seeded(self.config.seed, n, Stream.POOL, device=self.device)
        below = torch.zeros(count, 3, *size, device=self.device) if self.pool is None else self.pool[:count]
        prevs = resize_picture(below, size)
        z = scale_noise(n - 1, size, rng, count)
        batch = max(1, BATCH_PIXELS // (size[0] * size[1]))
        batches = zip(z.split(batch), prevs.split(batch), strict=True)
        self.pool = torch.cat([self.pyramid.step(n - 1, some, prev, self.dtype) for some, prev in batches])

    def scale(self, n: int, attempt: int) -> ScaleTrainer:
        """Scale n ready to train; a second attempt has other draws and half the learning rate."""
        config, size = self.config, self.pyramid.config.sizes[n]
        rng = seeded(config.seed, n, Stream.WEIGHTS, attempt)
        generator = self.pyramid.new_generator(n).requires_grad_(True)
        critic = Discriminator(self.pyramid.config.channels[n], config.norm if config.critic_norm else "none")
        initialise(generator.body, GENERATOR_GAIN, rng)
        initialise(critic.body, CRITIC_GAIN, rng)
        generator.to(self.device)
        critic.to(self.device)
        if n:
            _inherit(generator, self.pyramid.generators[n - 1].state_dict())
            # A critic that has played at many scales drives the large ones to a fine mesh.
            if config.inherits_critic(size):
                _inherit(critic, self.critics[-1])
        rec_prev = self._upsampled(self.reconstruction, n)
        error = float((rec_prev - self.reals[n]).square().mean().sqrt())
        return ScaleTrainer(
            n=n,
            config=config,
            real=self.reals[n],
            generator=generator,
            critic=critic,
            below=self.pyramid,
            prevs=None if self.pool is None else resize_picture(self.pool, size),
            rec_prev=rec_prev,
            sigma=config.noise_amplitude * error if n else 1.0,
            rng=seeded(config.seed, n, Stream.STEPS, attempt, device=self.device),
            dtype=self.dtype,
            learning_rate=config.learning_rate / 2**attempt,
        )

    def _draws(self, n: int, generator: Generator, sigma: float, rec_prev: Tensor) -> tuple[Tensor, Tensor]:
        """A sample and the reconstruction of scale n with this generator, always from the same noise."""
        prev = self._upsampled(self.preview, n)
        sample = generator.draw(sigma * self._preview_noise(n) + prev, prev, self.dtype)
        rec_input = rec_prev if n else sigma * self.pyramid.z_rec + rec_prev
        return sample, generator.draw(rec_input, rec_prev, self.dtype)

    def _finish(
        self, generator: Generator, sigma: float, critic: dict[str, Tensor], draws: tuple[Tensor, Tensor]
    ) -> None:
        """Takes over the next scale, and what it draws for the one above."""
        self.pyramid.append(generator, sigma)
        self.preview, self.reconstruction = draws
        self.critics.append({name: value.detach().cpu().contiguous().clone() for name, value in critic.items()})

    def _preview_noise(self, n: int) -> Tensor:
        rng = seeded(self.config.seed, n, Stream.PREVIEW)
        return scale_noise(n, self.pyramid.config.sizes[n], rng).to(self.device)

    def checkpoint(self) -> Checkpoint:
        """The finished scales, apart from what training goes on to change."""
        pyramid = Pyramid(self.pyramid.config)
        for generator, sigma in zip(self.pyramid.generators, self.pyramid.sigmas.tolist(), strict=True):
            assert isinstance(generator, Generator)
            pyramid.append(copy.deepcopy(generator), sigma)
        pyramid.z_rec, pyramid.source = self.pyramid.z_rec.clone(), self.pyramid.source.clone()
        return Checkpoint(ScenePipeline(pyramid.to(self.device), self.config), tuple(self.critics))

    def _seconds_left(self, done: float) -> float:
        """For the rest of `work`, at the speed since `measured_from`."""
        assert self.measured_from is not None
        since, before = self.measured_from
        return (time.perf_counter() - since) / max(done - before, 1) * (sum(self.work) - done)

    def run_scale(self, n: int, attempt: int, before: Checkpoint | None) -> abc.Iterator[Progress]:
        """Trains scale n and takes it over. Raises Diverged where it gives no picture, or a worse one than came in."""
        scale = self.scale(n, attempt)
        if attempt:
            self.measured_from = None
        next_record = next_preview = 0.0
        for i in itertools.count():
            scale.iterate(i)
            now, last = time.perf_counter(), i + 1 >= scale.iterations
            done = sum(self.work[:n]) + self.work[n] * ((i + 1) / scale.iterations)
            first = self.measured_from is None
            if first:  # it also pays for what is set up once, and says nothing of the time left
                self.measured_from = now, done
            if (first or now < next_record) and not last:
                continue
            next_record = now + RECORD_SECONDS
            losses, preview, checkpoint = scale.check(), None, before
            if last or now >= next_preview:
                draws = self._draws(n, scale.generator, scale.sigma, scale.rec_prev)
                preview = Preview(*(to_pil(picture)[0] for picture in draws))
                after = time.perf_counter()
                next_preview = after + max(PREVIEW_SECONDS, 20 * (after - now))  # previews take 5 % at most
                if last:
                    if _lost(draws[1], scale):
                        raise Diverged
                    self._finish(scale.generator, scale.sigma, scale.critic.state_dict(), draws)
                    checkpoint = self.checkpoint()
            seconds, left = time.perf_counter() - self.started, self._seconds_left(done)
            numbers = n, len(self.reals), i + 1, scale.iterations
            yield Progress(*numbers, losses, seconds, left, attempt, preview, checkpoint)
            if last:
                return


def train(
    picture: Picture,
    config: TrainConfig | None = None,
    device: str | torch.device = "auto",
    resume: Checkpoint | None = None,
) -> abc.Generator[Progress, None, None]:
    """Trains a SinGAN on one picture; every record holds the scene of the scales that are finished.

    config defaults to the preset `standard`. The same picture, config and kind of device give the same weights,
    whether or not training was interrupted. Closing the iterator stops it; nothing finished is lost. A scale that gives
    NaN, a flat picture or a worse one than came in is begun anew once at half the learning rate.

    Raises PictureError, ValueError (resume does not fit), and TrainingError with the number of a scale that failed
    twice, or with a size that fits where there is not enough memory.
    """
    config = config or TrainConfig()
    fits = f"for a max_size of {config.max_size}; {max(32, config.max_size // 2)} takes about a quarter of it"
    with enough_memory_or(TrainingError(f"there is not enough memory {fits}")):
        training = Training(picture, config, pick_device(device))
        if resume is not None:
            training.restore(resume)
        yield from _trained(training, resume)


def _trained(training: Training, last: Checkpoint | None) -> abc.Generator[Progress, None, None]:
    """The records of the scales that are not finished."""
    for n in range(len(training.critics), len(training.reals)):
        training.advance(n)
        for attempt in range(2):
            try:
                for record in training.run_scale(n, attempt, last):
                    last = record.checkpoint
                    yield record
                break
            except Diverged:
                if attempt:
                    message = f"scale {n + 1} of {len(training.reals)} gave no picture, twice; {n} scales are finished"
                    raise TrainingError(message) from None


def predict_seconds(picture: Picture, config: TrainConfig, device: str | torch.device = "auto") -> float:
    """Seconds that training would take here, from a few timed steps of the coarsest scale (about a second)."""
    training = Training(picture, config, pick_device(device))
    scale = training.scale(0, 0)
    scale.iterate(0)
    started = time.perf_counter()
    steps = 0
    while steps < 3 or (time.perf_counter() - started < 0.3 and steps < 24):
        steps += 1
        scale.iterate(steps)
        scale.check()
    step = (time.perf_counter() - started) / steps
    return step / _work(config, training.pyramid.config, 0) * sum(training.work)


def save_checkpoint(checkpoint: Checkpoint, folder: str | Path) -> None:
    """Writes the model and, beside it, the critics; a kill in between leaves a folder that still resumes."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"{n}.{name}": value for n, critic in enumerate(checkpoint.critics) for name, value in critic.items()}
    with atomic(folder / TRAINING_FILE) as part:
        part.write_bytes(save(tensors))
    checkpoint.scene.save_pretrained(folder)


def load_checkpoint(folder: str | Path) -> Checkpoint:
    """What `save_checkpoint` wrote. Raises ModelError where a file is missing, damaged or of another training."""
    folder = Path(folder)
    scene = ScenePipeline.from_pretrained(folder)
    if not (folder / TRAINING_FILE).exists():
        raise ModelError(f"{folder} holds no training to go on with: {TRAINING_FILE} is missing")
    with reading(folder / TRAINING_FILE, "training to go on with"):
        wanted = _critics_layout(scene)
        tensors = read_tensors(folder / TRAINING_FILE, wanted, more=True)
    critics: list[dict[str, Tensor]] = [{} for _ in range(scene.scales)]
    for name in wanted:
        n, _, rest = name.partition(".")
        critics[int(n)][rest] = tensors[name]
    return Checkpoint(scene, tuple(critics))


def _critics_layout(scene: ScenePipeline) -> Layout:
    """The critics of the finished scales. More may be in the file: one may have been written before its generator."""
    config, model = scene.train_config, scene.pyramid.config
    layout: dict[str, tuple[tuple[int, ...], torch.dtype]] = {}
    with torch.device("meta"):
        for n in range(scene.scales):
            norm = config.norm if config.critic_norm else "none"
            layout |= layout_of(Discriminator(model.channels[n], norm), f"{n}.")
    return layout
