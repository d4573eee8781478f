"""Training as a generator of progress records. Prints nothing, writes nothing itself.

`save_checkpoint` and `load_checkpoint` keep what resuming needs beside the model. Several processes of one
`torch.distributed` group train one model together, each with its share of every batch.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import time
from collections import abc
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from darkroom.device import pick_device
from darkroom.files import atomic
from darkroom.model_files import ModelError
from darkroom.seeds import seeded
from dcgan.config import TrainConfig
from dcgan.data import to_pil
from dcgan.export import contact_sheet
from dcgan.model import refresh_statistics
from dcgan.pipeline import FacePipeline
from dcgan.quality import COLLAPSED, COUNT, sliced_wasserstein, spread
from dcgan.trainer import Trainer

TRAINING_FILE = "training.safetensors"
RECORD_SECONDS = 0.5
CONTROLS = 16  # latents of the sheet, 4x4


class TrainingError(RuntimeError):
    """Training gave NaN; the best model so far is in the last record's checkpoint."""


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
class Checkpoint:
    """Enough to go on after `iteration` iterations. faces: the best model so far, of this `quality`.

    data: digest of the training set.
    """

    iteration: int
    data: str
    state: dict[str, Any]
    faces: FacePipeline
    quality: float


@dataclass(frozen=True)
class Progress:
    """Where training stands after `iteration` of `iterations`; seconds are wall-clock since the call.

    losses: of both players, their mean logits, and the augmentation's probability. snapshot and checkpoint come
    together every `snapshot_every` iterations and at the end, else None.
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


class _Examiner:
    """Draws the averaged generator's sheet and compares it with the training set; always from the same latents."""

    def __init__(self, trainer: Trainer) -> None:
        config, images = trainer.config, trainer.images
        latent_dim = config.model.latent_dim
        self.controls = config.control_scale * torch.randn(CONTROLS, latent_dim, generator=seeded(config.seed, 4))
        count = min(COUNT, len(images))
        chosen = torch.randperm(len(images), generator=seeded(config.seed, 5))[:count]
        self.real = images[chosen.to(images.device)].float().cpu() / 127.5 - 1
        self.latents = torch.randn(count, latent_dim, generator=seeded(config.seed, 6))
        self.data = digest(images)
        self.real_spread = spread(self.real[: 4 * CONTROLS])

    def snapshot(self, faces: FacePipeline) -> Snapshot:
        drawn = faces.draw(self.controls)
        sheet = contact_sheet(to_pil(drawn), 4)
        quality = sliced_wasserstein(self.real, faces.draw(self.latents))
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
    this one. Raises ValueError where it is not or the batch does not fit, and TrainingError where the samples are no
    numbers any more.
    """
    config = config or TrainConfig()
    trainer = Trainer(images, config, pick_device(device))
    examiner = _Examiner(trainer)
    first, best = 0, None
    if resume is not None:
        _check_resume(resume, images, config)
        trainer.restore(resume.state)
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
            snapshot, checkpoint = _examined(trainer, examiner, done, best)
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
        )


def _examined(
    trainer: Trainer, examiner: _Examiner, iteration: int, best: Checkpoint | None
) -> tuple[Snapshot, Checkpoint]:
    """The sheet and the state of this iteration; the checkpoint's model is the best so far that has not collapsed."""
    if not all(bool(weights.isfinite().all()) for weights in trainer.ema.parameters()):
        raise TrainingError(f"the generator's weights are no numbers any more at iteration {iteration}")
    faces = _faces(trainer)
    snapshot = examiner.snapshot(faces)
    quality = math.inf if snapshot.collapsed else snapshot.quality
    if best is not None and quality > best.quality:
        faces, quality = best.faces, best.quality
    return snapshot, Checkpoint(iteration, examiner.data, trainer.state(), faces, quality)


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Tensor]:
    flat: dict[str, Tensor] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        flat |= _flat(value, f"{name}/") if isinstance(value, dict) else {name: value}
    return flat


def save_checkpoint(checkpoint: Checkpoint, folder: str | Path) -> None:
    """Writes the model and, beside it, the state of training, each atomically."""
    folder = Path(folder)
    checkpoint.faces.save_pretrained(folder)
    config = checkpoint.faces.train_config
    assert config is not None
    meta = {
        "iteration": checkpoint.iteration,
        "data": checkpoint.data,
        "quality": checkpoint.quality,
        "train": asdict(config),
    }
    with atomic(folder / TRAINING_FILE) as part:
        part.write_bytes(save(_flat(checkpoint.state), metadata={"training": json.dumps(meta)}))


def load_checkpoint(folder: str | Path) -> Checkpoint:
    """What `save_checkpoint` wrote. Raises ModelError where it is missing or damaged."""
    path = Path(folder) / TRAINING_FILE
    try:
        with safe_open(path, "pt") as file:
            meta = json.loads(file.metadata()["training"])
            state: dict[str, Any] = {}
            for name in file.keys():  # noqa: SIM118, it is no dictionary
                *parents, last = name.split("/")
                node = state
                for parent in parents:
                    node = node.setdefault(parent, {})
                node[last] = file.get_tensor(name)
        faces = FacePipeline.from_pretrained(folder)
        faces.train_config = TrainConfig.from_dict(meta["train"])
        return Checkpoint(meta["iteration"], meta["data"], state, faces, meta["quality"])
    except FileNotFoundError:
        raise ModelError(f"{folder} holds no training to go on with: {TRAINING_FILE} is missing") from None
    except (SafetensorError, KeyError, TypeError, OSError, RuntimeError) as error:
        raise ModelError(f"{path} is damaged: {' '.join(str(error).split())}") from None
