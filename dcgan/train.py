"""Training as a generator of progress records. Prints nothing, writes nothing itself.

Several processes of one `torch.distributed` group train one model together, each with its share of every batch.
"""

from __future__ import annotations

import copy
import hashlib
import math
import time
from collections import abc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from darkroom.checks import echo
from darkroom.device import enough_memory_or, pick_device
from darkroom.model_files import ModelError
from darkroom.seeds import seeded
from dcgan.checkpoint import Checkpoint
from dcgan.config import TrainConfig
from dcgan.data import to_pil
from dcgan.export import contact_sheet
from dcgan.model import refresh_statistics
from dcgan.pipeline import FacePipeline
from dcgan.quality import COLLAPSED, COUNT, sliced_wasserstein, spread
from dcgan.streams import Stream
from dcgan.trainer import Trainer

RECORD_SECONDS = 0.5
CONTROLS = 16  # latents of the sheet, 4x4


class TrainingError(RuntimeError):
    """Training gave NaN, or the memory is too small; the best model so far is in the last record's checkpoint."""


@dataclass(frozen=True)
class Snapshot:
    """How the averaged generator does.

    sheet: its faces of the 16 control latents, 4x4. quality: sliced Wasserstein distance to the training set, lower is
    better; None where the configuration leaves it out. spread: distance between the sheet's faces over that of real
    ones. collapsed: whether they are nearly equal.
    """

    sheet: Image.Image
    quality: float | None
    spread: float

    @property
    def collapsed(self) -> bool:
        return self.spread < COLLAPSED


@dataclass(frozen=True)
class Progress:
    """Where training stands after `iteration` of `iterations`; seconds are wall-clock since the call.

    losses: of both players, their mean logits, and the augmentation's probability. snapshot and checkpoint come
    together every `snapshot_every` iterations and at the end, else None. drawn: share of a snapshot's faces that are
    drawn, in records that come while it is made, else None. make_checkpoint: the state after this very iteration, to
    go on from, until the iterator is asked for the next record; it may raise TrainingError.
    """

    iteration: int
    iterations: int
    images: int
    losses: dict[str, float]
    images_per_second: float
    seconds: float
    seconds_left: float
    snapshot: Snapshot | None
    checkpoint: Checkpoint | None
    drawn: float | None
    make_checkpoint: Callable[[], Checkpoint]

    @property
    def finished(self) -> bool:
        """Whether this is the last record."""
        return self.iteration == self.iterations and self.checkpoint is not None


class _Examiner:
    """Draws the averaged generator's sheet and compares it with the training set; always from the same latents."""

    def __init__(self, trainer: Trainer) -> None:
        config, images = trainer.config, trainer.images
        latent_dim, seed = config.model.latent_dim, config.seed
        self.trainer = trainer
        controls = torch.randn(CONTROLS, latent_dim, generator=seeded(seed, Stream.CONTROLS))
        self.controls = config.control_scale * controls
        count = min(COUNT, len(images))
        chosen = torch.randperm(len(images), generator=seeded(seed, Stream.COMPARED))[:count]
        self.real = images[chosen.to(images.device)].float() / 127.5 - 1
        self.latents = torch.randn(count, latent_dim, generator=seeded(seed, Stream.SAMPLES))
        self.data = digest(images)
        self.real_spread = spread(self.real[: 4 * CONTROLS])

    @torch.no_grad()
    def draw(self, faces: FacePipeline, z: Tensor) -> Tensor:
        """Pictures (N, 3, 64, 64) of latents, in the number format of training."""
        with self.trainer.autocast():
            return faces.generator(z.to(self.trainer.device)).float()

    def snapshot(self, faces: FacePipeline, samples: Tensor | None) -> Snapshot:
        """With a quality figure where there are samples: faces of the examiner's latents."""
        drawn = self.draw(faces, self.controls)
        sheet = contact_sheet(to_pil(drawn.cpu()), 4)
        quality = None if samples is None else sliced_wasserstein(self.real, samples)
        return Snapshot(sheet, quality, spread(drawn) / self.real_spread)


def digest(images: Tensor) -> str:
    """16 hexadecimal digits by which a training set, uint8 (N, 3, 64, 64), is known again."""
    return hashlib.sha256(images.cpu().contiguous().numpy().data).hexdigest()[:16]


def _check_resume(checkpoint: Checkpoint, images: Tensor, config: TrainConfig) -> None:
    """Raises ValueError unless training these images with this configuration can go on from the checkpoint."""
    theirs = checkpoint.faces.train_config
    if theirs is None:
        raise ValueError("the checkpoint does not say its settings")
    for name, value in asdict(theirs).items():
        asked = getattr(config, name)
        if name not in ("iterations", "model") and value != asked:
            raise ValueError(f"{name} is {echo(asked)}; the checkpoint was trained with other settings: {echo(value)}")
    if theirs.model != config.model:
        raise ValueError("the checkpoint was trained with other settings: its networks are others")
    if checkpoint.data != digest(images):
        raise ValueError("the checkpoint was trained on other pictures")
    left = config.iterations - checkpoint.iteration
    if left < 0 or (left == 0 and checkpoint.examined):
        raise ValueError(f"iterations is {config.iterations}; the checkpoint already has {checkpoint.iteration}")


def _restore(trainer: Trainer, state: dict[str, Any]) -> None:
    """Raises ModelError where the state is not one of these networks."""
    try:
        trainer.restore(state)
    except KeyError as error:
        raise ModelError(f"the training to go on with is damaged: {error} is missing") from None
    except (RuntimeError, ValueError, IndexError, TypeError, AttributeError):  # torch's, of many lines
        raise ModelError("the training to go on with is damaged: its tensors are not those of its networks") from None


def _faces(trainer: Trainer) -> FacePipeline:
    """The averaged generator with statistics of its own, and the discriminator; apart from what training changes."""
    config = trainer.config
    generator, discriminator = copy.deepcopy(trainer.ema), copy.deepcopy(trainer.d.network)
    refresh_statistics(generator, config.model.latent_dim, trainer.dtype)
    return FacePipeline(config.model, generator, discriminator, train_config=config)


def train(
    images: Tensor,
    config: TrainConfig | None = None,
    device: str | torch.device = "auto",
    resume: Checkpoint | None = None,
) -> abc.Generator[Progress, None, None]:
    """Trains a DCGAN on images, uint8 (N, 3, 64, 64).

    config defaults to the preset `standard`. The same images, config and kind of device give the same weights, whether
    or not training was interrupted at a checkpoint. Closing the iterator stops it.

    A checkpoint may be gone on with for more or fewer iterations than it was made for, else its configuration must be
    this one. Raises ValueError where it is not or the batch does not fit, ModelError (one, too) where its state does
    not fit, and TrainingError where the samples are no numbers any more or there is not enough memory.
    """
    config = config or TrainConfig()
    fits = f"for a batch of {config.batch}; {max(2, config.batch // 2)} takes about half of it"
    with enough_memory_or(TrainingError(f"there is not enough memory {fits}")):
        yield from _records(images, config, pick_device(device), resume)


def _records(
    images: Tensor, config: TrainConfig, device: torch.device, resume: Checkpoint | None
) -> abc.Iterator[Progress]:
    trainer = Trainer(images, config, device)
    if resume is not None:
        _check_resume(resume, images, config)
        _restore(trainer, resume.state)
    yield from _Run(trainer, resume).records()


class _Run:
    """A training from record to record. done: iterations so far; best: the checkpoint of the best model, if any."""

    def __init__(self, trainer: Trainer, resume: Checkpoint | None) -> None:
        self.trainer, self.config = trainer, trainer.config
        self.examiner = _Examiner(trainer)
        self.best = resume
        self.first = self.done = resume.iteration if resume else 0
        self.started, self.pauses = time.perf_counter(), 0.0
        self.reported = -math.inf

    def records(self) -> abc.Iterator[Progress]:
        """Trains what is left; a snapshot that was begun is made first."""
        if self.best is not None and not self.best.examined:
            yield from self._examine()
        for i in range(self.first, self.config.iterations):
            self.trainer.iterate(i)
            self.done = i + 1
            if self.config.has_snapshot(self.done):
                yield from self._examine()
            elif self._time_to_report():
                yield self._record()

    def _time_to_report(self) -> bool:
        now = time.perf_counter()
        if now - self.reported < RECORD_SECONDS:
            return False
        self.reported = now
        return True

    def _examine(self) -> abc.Iterator[Progress]:
        """Records of a snapshot in the making, then that with it and its checkpoint: the state, and the best model that
        has not collapsed, or else the last one.
        """
        began = time.perf_counter()
        _check_finite(self.trainer, self.done)
        faces, latents = _faces(self.trainer), self.examiner.latents
        samples: list[Tensor] = []
        if self.config.has_quality(self.done):
            for z in latents.split(CONTROLS):
                if self._time_to_report():
                    yield self._record(drawn=len(samples) * CONTROLS / len(latents))
                samples.append(self.examiner.draw(faces, z))
        snapshot = self.examiner.snapshot(faces, torch.cat(samples) if samples else None)
        quality = math.inf if snapshot.collapsed or snapshot.quality is None else snapshot.quality
        if self.best is not None and quality > self.best.quality:
            faces, quality = self.best.faces, self.best.quality
        self.best = Checkpoint(self.done, self.examiner.data, self.trainer.state(), faces, quality)
        self.pauses += time.perf_counter() - began
        self.reported = time.perf_counter()
        yield self._record(snapshot, self.best)

    def _record(
        self, snapshot: Snapshot | None = None, checkpoint: Checkpoint | None = None, drawn: float | None = None
    ) -> Progress:
        config, iterations = self.config, self.done - self.first
        losses = {name: float(value) for name, value in self.trainer.losses.items()}
        if self.trainer.probability is not None:
            losses["augmentation"] = float(self.trainer.probability)
        seconds = time.perf_counter() - self.started
        return Progress(
            iteration=self.done,
            iterations=config.iterations,
            images=self.done * config.batch,
            losses=losses,
            images_per_second=iterations * config.batch / (seconds - self.pauses),
            seconds=seconds,
            seconds_left=seconds / max(1, iterations) * (config.iterations - self.done),
            snapshot=snapshot,
            checkpoint=checkpoint,
            drawn=drawn,
            make_checkpoint=partial(self._checkpoint, examined=drawn is None),
        )

    def _checkpoint(self, examined: bool) -> Checkpoint:
        """The state of this iteration with the best model so far: the current one where none is known to be good."""
        _check_finite(self.trainer, self.done)
        if self.best is None or math.isinf(self.best.quality):
            faces, quality = _faces(self.trainer), math.inf
        else:
            faces, quality = self.best.faces, self.best.quality
        return Checkpoint(self.done, self.examiner.data, self.trainer.state(), faces, quality, examined)


def _check_finite(trainer: Trainer, iteration: int) -> None:
    if not all(bool(weights.isfinite().all()) for weights in trainer.ema.parameters()):
        raise TrainingError(f"the generator's weights are no numbers any more at iteration {iteration}")
