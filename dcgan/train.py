"""Training as a generator of progress records. Prints nothing, writes nothing itself.

Several processes of one `torch.distributed` group train one model together, each with its share of every batch.
"""

import math
import time
from collections import abc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from darkroom.device import enough_memory_or, pick_device
from dcgan.checkpoint import Checkpoint, digest
from dcgan.config import TrainConfig
from dcgan.quality import CONTROL_LATENTS, Examiner, Snapshot
from dcgan.trainer import Trainer, TrainingError

RECORD_SECONDS = 0.5


@dataclass(frozen=True)
class Progress:
    """State of training after `iteration` of `iterations`; seconds are wall-clock since the call.

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
        """Return whether this is the last record."""
        return self.iteration == self.iterations and self.checkpoint is not None


def train(
    images: Tensor,
    config: TrainConfig | None = None,
    device: str | torch.device = "auto",
    resume: Checkpoint | None = None,
) -> abc.Generator[Progress, None, None]:
    """Train a DCGAN on images, uint8 (N, 3, 64, 64).

    config defaults to the preset `standard`. The same images, config and kind of device give the same weights, whether
    or not training was interrupted at a checkpoint. Closing the iterator stops it.

    A checkpoint may be gone on with for more or fewer iterations than it was made for, else its configuration must be
    this one. Raises ValueError where it is not or the batch does not fit, ModelError (one, too) where its state does
    not fit, and TrainingError where the samples are no numbers any more or there is not enough memory.
    """
    config = config or TrainConfig()
    fits = f"for a batch of {config.batch}; {max(2, config.batch // 2)} takes about half of it"
    with enough_memory_or(TrainingError(f"there is not enough memory {fits}")):
        trainer = Trainer(images, config, pick_device(device))
        if resume is not None:
            resume.check_continues(images, config)
            trainer.restore(resume.state)
        yield from _Run(trainer, resume).records()


class _Run:
    """A training from record to record. done: iterations so far; best: the checkpoint of the best model, if any."""

    def __init__(self, trainer: Trainer, resume: Checkpoint | None) -> None:
        self.trainer, self.config = trainer, trainer.config
        self.examiner, self.data = Examiner(trainer), digest(trainer.images)
        self.best = resume
        self.first = self.done = resume.iteration if resume else 0
        self.started, self.pauses = time.perf_counter(), 0.0
        self.reported = -math.inf

    def records(self) -> abc.Iterator[Progress]:
        """Train what is left; a snapshot that was begun is made first."""
        if self.best is not None and not self.best.examined:
            yield from self.examine()
        for i in range(self.first, self.config.iterations):
            self.trainer.iterate(i)
            self.done = i + 1
            if self.config.has_snapshot(self.done):
                yield from self.examine()
            elif self.is_due():
                yield self.record()

    def is_due(self) -> bool:
        """Return whether the last record was long ago."""
        now = time.perf_counter()
        if now - self.reported < RECORD_SECONDS:
            return False
        self.reported = now
        return True

    def examine(self) -> abc.Iterator[Progress]:
        """Make a snapshot, with records meanwhile; the last one holds it and its checkpoint.

        The checkpoint's model is the best that has not collapsed, or else the present one.
        """
        began = time.perf_counter()
        faces, samples = self.trainer.faces(), list[Tensor]()
        if self.config.has_quality(self.done):
            drawing = self.examiner.samples(faces)
            while len(samples) * CONTROL_LATENTS < len(self.examiner.latents):
                if self.is_due():
                    yield self.record(drawn=len(samples) * CONTROL_LATENTS / len(self.examiner.latents))
                samples.append(next(drawing))
        snapshot = self.examiner.snapshot(faces, torch.cat(samples) if samples else None)
        quality = math.inf if snapshot.collapsed or snapshot.quality is None else snapshot.quality
        if self.best is not None and quality > self.best.quality:
            faces, quality = self.best.faces, self.best.quality
        self.best = Checkpoint(self.done, self.data, self.trainer.state(), faces, quality)
        self.pauses += time.perf_counter() - began
        self.reported = time.perf_counter()
        yield self.record(snapshot, self.best)

    def record(
        self, snapshot: Snapshot | None = None, checkpoint: Checkpoint | None = None, drawn: float | None = None
    ) -> Progress:
        """Say where training stands."""
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
            make_checkpoint=partial(self.checkpoint, examined=drawn is None),
        )

    def checkpoint(self, examined: bool) -> Checkpoint:
        """Copy the state with the best model so far, or the present one where none is known to be good."""
        faces, quality = self.trainer.faces(), math.inf
        if self.best is not None and math.isfinite(self.best.quality):
            faces, quality = self.best.faces, self.best.quality
        return Checkpoint(self.done, self.data, self.trainer.state(), faces, quality, examined)
