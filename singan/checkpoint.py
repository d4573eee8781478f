"""Trainings to go on with, a model and the critics of its finished scales, and scenes as ZIPs of their folder."""

import copy
import math
import shutil
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from darkroom.checks import check_range
from darkroom.files import atomic, check_zip
from darkroom.model_files import MODEL_FILES, ModelError, layout_of, read_tensors, reading
from singan.config import LAYERS
from singan.model import Discriminator
from singan.pipeline import ScenePipeline

TRAINING_FILE = "training.safetensors"
# What the largest preset has, `paper` of a square picture of 1024 px; more would keep a device for minutes.
MAX_ZIP_CHANNELS, MAX_ZIP_PIXELS = 128, 2_600_000  # the latter of all scales
MAX_ZIP_BYTES = 80_000_000  # `paper` at 1024 px has 40 MB, a photograph at most 25
MAX_ZIP_ENTRIES = 100
BOUNDED_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # other methods unpack far more than they say


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


def save_zip(scene: ScenePipeline, path: str | Path) -> None:
    """Write a scene for `load_zip` or, unpacked, `from_pretrained`."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        scene.save_pretrained(folder)
        for file in sorted(Path(folder).iterdir()):
            archive.write(file, file.name)


def load_zip(path: str | Path, folder: str | Path) -> ScenePipeline:
    """Load the scene in a ZIP, and put its files into the folder. Raises ValueError where it is none, or too large."""
    path, folder = Path(path), Path(folder)
    try:
        check_zip(path, MAX_ZIP_BYTES, MAX_ZIP_ENTRIES)
        with zipfile.ZipFile(path) as content:
            sizes = {info.filename: info.file_size for info in content.infolist()}
            if sum(sizes.values()) > MAX_ZIP_BYTES:
                raise ValueError(f"{path.name} unpacks to more than {MAX_ZIP_BYTES // 10**6} MB")
            for name in [it for it in MODEL_FILES if it in sizes]:  # by their names alone
                if content.getinfo(name).compress_type not in BOUNDED_METHODS:
                    raise NotImplementedError(f"{name} is packed by a method that is not known here")
                with content.open(name) as packed, (folder / name).open("wb") as file:
                    shutil.copyfileobj(packed, file)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise ValueError(f"{path.name} is not a ZIP of a trained scene: {error}") from None
    try:
        scene = ScenePipeline.from_pretrained(folder)
    except ValueError as error:
        raise ValueError(str(error).replace(str(folder), path.name)) from None
    config = scene.pyramid.config
    check_range("channels", max(config.channels), 1, MAX_ZIP_CHANNELS)
    check_range("layers", config.layers, 2, LAYERS)
    check_range("number of pixels of all scales", sum(map(math.prod, config.sizes)), 1, MAX_ZIP_PIXELS)
    return scene
