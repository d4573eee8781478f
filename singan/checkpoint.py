"""Trainings to go on with: a model and, beside it, the critics of its finished scales."""

import copy
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from darkroom.files import atomic
from darkroom.model_files import ModelError, layout_of, read_tensors, reading
from singan.model import Discriminator
from singan.pipeline import ScenePipeline

TRAINING_FILE = "training.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """Hold the finished scales and their critics' weights, finest last: enough to go on from."""

    scene: ScenePipeline
    critics: tuple[dict[str, Tensor], ...]

    def on_cpu(self) -> "Checkpoint":
        """Copy it, with the scene in the CPU's memory."""
        return Checkpoint(copy.deepcopy(self.scene).to("cpu"), self.critics)


def save_checkpoint(checkpoint: Checkpoint, folder: str | Path) -> None:
    """Write the model and, beside it, the critics; a kill in between leaves a folder that still resumes."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"{n}.{name}": value for n, critic in enumerate(checkpoint.critics) for name, value in critic.items()}
    with atomic(folder / TRAINING_FILE) as part:
        part.write_bytes(save(tensors))
    checkpoint.scene.save_pretrained(folder)


def load_checkpoint(folder: str | Path) -> Checkpoint:
    """Load a saved training. Raises ModelError where a file is missing, damaged or of another training."""
    folder = Path(folder)
    scene = ScenePipeline.from_pretrained(folder)
    if not (folder / TRAINING_FILE).exists():
        raise ModelError(f"{folder} holds no training to go on with: {TRAINING_FILE} is missing")
    with reading(folder / TRAINING_FILE, "training to go on with"):
        norm = scene.train_config.norm if scene.train_config.critic_norm else "none"
        with torch.device("meta"):
            layouts = [layout_of(Discriminator(width, norm)) for width in scene.pyramid.config.channels[: scene.scales]]
        wanted = {f"{n}.{name}": it for n, layout in enumerate(layouts) for name, it in layout.items()}
        # More may be in the file: a critic is written before its generator.
        tensors = read_tensors(folder / TRAINING_FILE, wanted, more=True)
    critics = ({name: tensors[f"{n}.{name}"] for name in layout} for n, layout in enumerate(layouts))
    return Checkpoint(scene, tuple(critics))
