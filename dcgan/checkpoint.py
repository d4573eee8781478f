"""Files of a training that can be gone on with."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from darkroom.checks import check_range, check_whole, echo
from darkroom.files import atomic
from darkroom.model_files import MAX_CONFIG_BYTES, ModelError, header_of, read_json, reading
from dcgan.config import MAX_ITERATIONS, TrainConfig
from dcgan.pipeline import FacePipeline

TRAINING_FILE = "training.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """Enough to go on after `iteration` iterations.

    faces: the best model so far, of this `quality`. data: digest of the training set. examined: whether the snapshot
    that may be due after this iteration is made.
    """

    iteration: int
    data: str
    state: dict[str, Any]
    faces: FacePipeline
    quality: float
    examined: bool = True

    def holds(self, config: TrainConfig) -> bool:
        """Return whether nothing is left to do of training with this configuration."""
        return self.examined and self.iteration == config.iterations and self.faces.train_config == config

    def check_continues(self, images: Tensor, config: TrainConfig) -> None:
        """Raise ValueError unless training these images with this configuration can go on from here."""
        theirs = self.faces.train_config
        if theirs is None:
            raise ValueError("the checkpoint does not say its settings")
        for name, value in asdict(theirs).items():
            asked = getattr(config, name)
            if name not in ("iterations", "model") and value != asked:
                other = "the checkpoint was trained with other settings"
                raise ValueError(f"{name} is {echo(asked)}; {other}: {echo(value)}")
        if theirs.model != config.model:
            raise ValueError("the checkpoint was trained with other settings: its networks are others")
        if self.data != digest(images):
            raise ValueError("the checkpoint was trained on other pictures")
        left = config.iterations - self.iteration
        if left < 0 or (left == 0 and self.examined):
            raise ValueError(f"iterations is {config.iterations}; the checkpoint already has {self.iteration}")


def digest(images: Tensor) -> str:
    """Compute 16 hexadecimal digits by which a training set, uint8 (N, 3, 64, 64), is known again."""
    return hashlib.sha256(images.cpu().contiguous().numpy().data).hexdigest()[:16]


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Tensor]:
    flat: dict[str, Tensor] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        flat |= _flat(value, f"{name}/") if isinstance(value, dict) else {name: value}
    return flat


def save_checkpoint(checkpoint: Checkpoint, folder: str | Path) -> None:
    """Write the model and, beside it, the state of training, each atomically.

    The state is larger: it is written first, so that a disk that is full shows before anything is replaced. It takes
    its place last: an older state with a newer model, which is the best so far, goes on to the same end.
    """
    folder = Path(folder)
    config = checkpoint.faces.train_config
    assert config is not None
    meta = {
        "iteration": checkpoint.iteration,
        "data": checkpoint.data,
        "quality": checkpoint.quality if math.isfinite(checkpoint.quality) else None,
        "examined": checkpoint.examined,
        "train": asdict(config),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with atomic(folder / TRAINING_FILE) as part:
        part.write_bytes(save(_flat(checkpoint.state), metadata={"training": json.dumps(meta)}))
        checkpoint.faces.save_pretrained(folder)


def load_checkpoint(folder: str | Path) -> Checkpoint:
    """Read what `save_checkpoint` wrote. Raises ModelError where a file is missing or damaged."""
    path = Path(folder) / TRAINING_FILE
    if not path.exists():
        raise ModelError(f"{folder} holds no training to go on with: {TRAINING_FILE} is missing")
    faces = FacePipeline.from_pretrained(folder)
    with reading(path, "training to go on with"):
        header_of(path)  # of a bounded size
        state: dict[str, Any] = {}
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {})["training"]
            for name in file.keys():  # noqa: SIM118, it is no dictionary
                *parents, last = name.split("/")
                node = state
                for parent in parents:
                    node = node.setdefault(parent, {})
                if not isinstance(node, dict):
                    raise ValueError(f"{name} stands where a tensor is")
                node[last] = file.get_tensor(name)
        meta = read_json(text.replace('"quality": Infinity', '"quality": null'), MAX_CONFIG_BYTES)
        faces.train_config = TrainConfig.from_dict(meta["train"])
        quality = math.inf if meta["quality"] is None else meta["quality"]
        check_range("quality", quality, 0, math.inf)
        iteration = check_whole("iteration", meta["iteration"], 1, MAX_ITERATIONS)
        return Checkpoint(iteration, meta["data"], state, faces, quality, bool(meta.get("examined", True)))
