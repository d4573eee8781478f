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
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from PIL import Image
from torch import Tensor

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
    better. spread: distance between the sheet's faces over that of real ones. collapsed: whether they are nearly equal.
    """

    sheet: Image.Image
    quality: float
    spread: float

    @property
    def collapsed(self) -> bool:
        return self.spread < COLLAPSED


@dataclass(frozen=True)
class Progress:
    """Where training stands after `iteration` of `iterations`; seconds are wall-clock since the call.

    losses: of both players, their mean logits, and the augmentation's probability. snapshot and checkpoint come
    together every `snapshot_every` iterations and at the end, else None. make_checkpoint: the state after this very
    iteration, to go on from, until the iterator is asked for the next record; it may raise TrainingError.
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
    make_checkpoint: Callable[[], Checkpoint]


class _Examiner:
    """Draws the averaged generator's sheet and compares it with the training set; always from the same latents."""

    def __init__(self, trainer: Trainer) -> None:
        config, images = trainer.config, trainer.images
        latent_dim, seed = config.model.latent_dim, config.seed
        controls = torch.randn(CONTROLS, latent_dim, generator=seeded(seed, Stream.CONTROLS))
        self.controls = config.control_scale * controls
        count = min(COUNT, len(images))
        chosen = torch.randperm(len(images), generator=seeded(seed, Stream.COMPARED))[:count]
        self.real = images[chosen.to(images.device)].float().cpu() / 127.5 - 1
        self.latents = torch.randn(count, latent_dim, generator=seeded(seed, Stream.SAMPLES))
        self.data = digest(images)
        self.real_spread = spread(self.real[: 4 * CONTROLS])

    def snapshot(self, faces: FacePipeline) -> Snapshot:
        drawn = faces.render(self.controls)
        sheet = contact_sheet(to_pil(drawn), 4)
        quality = sliced_wasserstein(self.real, faces.render(self.latents))
        return Snapshot(sheet, quality, spread(drawn) / self.real_spread)


def digest(images: Tensor) -> str:
    """16 hexadecimal digits by which a training set, uint8 (N, 3, 64, 64), is known again."""
    return hashlib.sha256(images.cpu().contiguous().numpy().data).hexdigest()[:16]


def _check_resume(checkpoint: Checkpoint, images: Tensor, config: TrainConfig) -> None:
    """Raises ValueError unless training these images with this configuration can go on from the checkpoint."""
    theirs = checkpoint.faces.train_config
    if theirs is None or replace(theirs, iterations=config.iterations) != config:
        raise ValueError("the checkpoint was trained with other settings")
    if checkpoint.data != digest(images):
        raise ValueError("the checkpoint was trained on other pictures")
    if checkpoint.iteration >= config.iterations:
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
) -> abc.Generator[Progress, None, None]:
    trainer = Trainer(images, config, device)
    examiner = _Examiner(trainer)
    first, best = 0, None
    if resume is not None:
        _check_resume(resume, images, config)
        _restore(trainer, resume.state)
        first, best = resume.iteration, resume
    started, pauses, reported = time.perf_counter(), 0.0, -math.inf
    for i in range(first, config.iterations):
        trainer.iterate(i)
        done, now = i + 1, time.perf_counter()
        examined = done % config.snapshot_every == 0 or done == config.iterations
        if now - reported < RECORD_SECONDS and not examined:
            continue
        reported = now
        losses = {name: float(value) for name, value in trainer.losses.items()}
        if trainer.probability is not None:
            losses["augmentation"] = float(trainer.probability)
        snapshot = checkpoint = None
        pace = (time.perf_counter() - started - pauses) / (done - first)
        if examined:
            snapshot, checkpoint = _examine(trainer, examiner, done, best)
            best = checkpoint
            pauses += time.perf_counter() - now
        seconds = time.perf_counter() - started
        yield Progress(
            iteration=done,
            iterations=config.iterations,
            images=done * config.batch,
            losses=losses,
            images_per_second=config.batch / pace,
            seconds=seconds,
            seconds_left=seconds / (done - first) * (config.iterations - done),
            snapshot=snapshot,
            checkpoint=checkpoint,
            make_checkpoint=partial(_checkpoint, trainer, examiner, done, best),
        )


def _examine(
    trainer: Trainer, examiner: _Examiner, iteration: int, best: Checkpoint | None
) -> tuple[Snapshot, Checkpoint]:
    """The sheet and the state of this iteration; the checkpoint's model is the best so far that has not collapsed."""
    _check_finite(trainer, iteration)
    faces = _faces(trainer)
    snapshot = examiner.snapshot(faces)
    quality = math.inf if snapshot.collapsed else snapshot.quality
    if best is not None and quality > best.quality:
        faces, quality = best.faces, best.quality
    return snapshot, Checkpoint(iteration, examiner.data, trainer.state(), faces, quality)


def _checkpoint(trainer: Trainer, examiner: _Examiner, iteration: int, best: Checkpoint | None) -> Checkpoint:
    """The state of this iteration with the best model so far: the current one where none has been examined yet."""
    _check_finite(trainer, iteration)
    faces, quality = (_faces(trainer), math.inf) if best is None else (best.faces, best.quality)
    return Checkpoint(iteration, examiner.data, trainer.state(), faces, quality)


def _check_finite(trainer: Trainer, iteration: int) -> None:
    if not all(bool(weights.isfinite().all()) for weights in trainer.ema.parameters()):
        raise TrainingError(f"the generator's weights are no numbers any more at iteration {iteration}")
