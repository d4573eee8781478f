"""Scenes by name: the shipped ones, and those that visitors train, which live for a while."""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from singan import ScenePipeline, TrainConfig
from singan.train import Checkpoint, belongs_to, load_checkpoint, save_checkpoint

LIFETIME_SECONDS = 2 * 3600  # of a visitor's scene after its last use
MAX_TRAINED = 50  # visitors' scenes at once; the one unused for longest goes first


@dataclass
class _Trained:
    folder: Path
    session: str
    used: float


class SceneStore:
    """Names to pipelines. A visitor's scene has a name that cannot be guessed, so whoever has it may use it."""

    def __init__(self, shipped: Sequence[str], device: torch.device) -> None:
        self.device = device
        self._shipped = {Path(model.partition("@")[0]).name: model for model in shipped}
        self._trained: dict[str, _Trained] = {}
        self._loaded: dict[str, ScenePipeline] = {}
        self._busy: set[str] = set()
        self._lock = threading.RLock()
        self._root = tempfile.TemporaryDirectory(prefix="darkroom-")

    def names(self, session: str) -> list[str]:
        """The shipped scenes, then this visitor's, newest first."""
        with self._lock:
            self._sweep()
            own = self._own(session)
        return [*self._shipped, *reversed(own)]

    def get(self, name: str) -> ScenePipeline:
        """The scene on the store's device. Raises ValueError where there is none of this name."""
        with self._lock:
            self._sweep()
            if name in self._trained:
                self._trained[name].used = time.monotonic()
            elif name not in self._shipped:
                known = ", ".join(self._shipped)
                raise ValueError(f"there is no scene {name!r} (any more); shipped are {known}")
            if name not in self._loaded:
                if name in self._trained:
                    raise ValueError(f"scene {name!r} has no finished scale yet")
                self._loaded[name] = ScenePipeline.from_pretrained(self._shipped[name]).to(self.device)
            return self._loaded[name]

    def begin(self, session: str, picture: str, config: TrainConfig) -> tuple[str, Checkpoint | None]:
        """A name for a training that starts, and what this visitor has already trained of the same, if anything.

        The name is busy until `end`: it is not removed, and no second training goes on with it.
        """
        for name in self._own(session):
            scene = self._loaded.get(name)
            if scene is None or scene.train_config != config or not belongs_to(scene, picture, config):
                continue
            with self._lock:  # asked and taken in one: of two trainings that begin at once, one goes on with it
                if name in self._busy or name not in self._trained:
                    continue
                checkpoint = load_checkpoint(self._trained[name].folder)
                self._busy.add(name)
            return name, checkpoint
        stem = re.sub(r"[^a-z0-9]+", "-", Path(picture).stem.lower()).strip("-")[:24] or "picture"
        name = f"{stem}-{secrets.token_hex(4)}"
        with self._lock:
            self._sweep()
            self._busy.add(name)
            self._trained[name] = _Trained(Path(self._root.name) / name, session, time.monotonic())
        return name, None

    def keep(self, name: str, checkpoint: Checkpoint) -> None:
        """Takes over the finished scales of a training."""
        save_checkpoint(checkpoint, self._trained[name].folder)
        with self._lock:
            self._trained[name].used = time.monotonic()
            self._loaded[name] = checkpoint.scene

    def end(self, name: str) -> None:
        """Ends a training; where no scale was finished, nothing stays of it."""
        with self._lock:
            self._busy.discard(name)
            if name not in self._loaded:
                self._trained.pop(name, None)

    def _own(self, session: str) -> list[str]:
        with self._lock:
            return [name for name, it in self._trained.items() if it.session == session and name in self._loaded]

    def _sweep(self) -> None:
        idle = [name for name in self._trained if name not in self._busy]
        idle.sort(key=lambda name: self._trained[name].used)
        surplus = max(0, len(self._trained) - MAX_TRAINED)
        for i, name in enumerate(idle):
            if i < surplus or time.monotonic() - self._trained[name].used > LIFETIME_SECONDS:
                shutil.rmtree(self._trained.pop(name).folder, ignore_errors=True)
                self._loaded.pop(name, None)
