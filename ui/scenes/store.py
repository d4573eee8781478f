"""Scenes by name: the shipped ones, and those that visitors bring or train, which live for a while."""

import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import torch
from PIL import Image

from darkroom.model_files import CONFIG_FILE
from darkroom.models import Models
from singan import ScenePipeline, TrainConfig
from singan.checkpoint import Checkpoint, load_checkpoint, load_zip, save_checkpoint, save_zip
from singan.config import from_preset
from singan.trainer import empty_pyramid, same_picture, untrained
from ui.visitors import LIMITS, SECRET_LETTERS, Limits, Visitor, display_name, letters

PICTURE_FILE = "picture"  # The upload as it came lies in a scene's folder: resuming needs it exactly.
OWNER_FILE = "owner"  # whose a scene is, beside it while the app is restarted
UNTRAINED = from_preset("layout")  # what a photograph is trained with


def display_names(names: Sequence[str]) -> list[str]:
    """Return names as people read them, numbered where several would read alike."""
    words = [display_name(name) for name in names]
    earlier = [words[:i].count(word) for i, word in enumerate(words)]
    return [f"{word} {n + 1}" if n else word for word, n in zip(words, earlier, strict=True)]


@dataclass(frozen=True)
class TrainingInput:
    """Begin a training with this. picture: its file; checkpoint: what there is already."""

    scene: str
    picture: str
    config: TrainConfig
    checkpoint: Checkpoint | None


@dataclass
class _VisitorsScene:
    """Know a scene's folder and visitor. scales: of its networks, 0 of a photograph; None: nothing to use yet. busy: in
    training, so neither removed nor resumed. used: when last, by `time.monotonic`."""

    folder: Path
    visitor: Visitor
    scales: int | None = None
    busy: bool = False
    used: float = field(default_factory=time.monotonic)


class SceneStore:
    """Keep pipelines by name. A visitor's scene has one that cannot be guessed, so whoever has it may use it."""

    def __init__(
        self, shipped: Models[ScenePipeline], device: torch.device, kept: Path | None = None, limits: Limits = LIMITS
    ) -> None:
        """kept: a folder in which visitors' scenes outlive a restart; None: they end with the process."""
        self.shipped, self.device, self.limits, self._kept = shipped, device, limits, kept
        self._own: dict[str, _VisitorsScene] = {}  # oldest first
        self._lock = threading.RLock()
        self._root = tempfile.TemporaryDirectory(prefix="darkroom-")
        self._load = lru_cache(limits.loaded_scenes)(lambda folder, scales: self._read(folder))
        self._take_up()

    def names(self, owner: str) -> list[str]:
        """Return this owner's scenes, newest first, then the shipped ones."""
        with self._lock:
            self._sweep()
            own = [name for name, it in self._own.items() if it.visitor.scene_owner == owner and it.scales is not None]
        return [*reversed(own), *self.shipped.names]

    def scenes(self, owner: str) -> dict[str, ScenePipeline]:
        """Return the scenes of `names`; none expires in between."""
        with self._lock:
            return {name: self.get(name) for name in self.names(owner)}

    def get(self, name: str) -> ScenePipeline:
        """Return a scene on the store's device. Raises ValueError where there is none of this name."""
        with self._lock:
            if own := self._own.get(name):
                own.used = time.monotonic()
                if own.scales is None:
                    raise ValueError(f"scene {name!r} has no finished scale yet")
                return self._load(own.folder, own.scales)
        if name not in self.shipped.names:
            known = ", ".join(self.shipped.names)
            raise ValueError(f"there is no scene {name!r} (any more); shipped are {known}")
        return self.shipped.get(name)

    def begin(self, visitor: Visitor, file: str, picture: Image.Image, config: TrainConfig) -> TrainingInput:
        """Take a name, busy until `end`, for a training of a file's picture, or that of what there is of the same."""
        pyramid = None
        for name, scene in self.scenes(visitor.scene_owner).items():
            if not scene.train_config.same_recipe(config):
                continue
            pyramid = pyramid or empty_pyramid(picture, config)[0]
            if same_picture(scene.pyramid, pyramid):
                if scene.finished_as(config):
                    return TrainingInput(name, file, config, Checkpoint(scene, ()))
                with self._lock:  # Of two trainings that begin at once, one goes on with it.
                    if self.resumable(name):
                        return replace(self.resume(name), config=config)
        return TrainingInput(self._new(visitor, file), file, config, None)

    def resume(self, name: str) -> TrainingInput:
        """Take up a training that was stopped; its name is busy until `end`. Raises ValueError, and nothing changes."""
        with self._lock:
            scene = self.get(name)
            if not self.resumable(name):
                raise ValueError(f"scene {name!r} cannot be gone on with: it is finished, in training, or was uploaded")
            own = self._own[name]
            checkpoint = load_checkpoint(own.folder) if own.scales else None
            own.busy = True
        config = replace(scene.train_config, until=None) if scene.finished else scene.train_config
        return TrainingInput(name, str(own.folder / PICTURE_FILE), config, checkpoint)

    def resumable(self, name: str) -> bool:
        """Return whether `resume` has something to go on with."""
        with self._lock:
            own = self._own.get(name)
            if own is None or own.busy or own.scales is None or not (own.folder / PICTURE_FILE).exists():
                return False
            return not self._load(own.folder, own.scales).complete

    def keep(self, name: str, checkpoint: Checkpoint) -> None:
        """Take over the finished scales of a training."""
        own = self._own[name]
        save_checkpoint(checkpoint, own.folder)
        own.used, own.scales = time.monotonic(), checkpoint.scene.scales

    def end(self, name: str) -> None:
        """End a training; where no scale was finished, nothing stays of it."""
        with self._lock:
            if own := self._own.get(name):
                own.busy = False
                if own.scales is None:
                    self._remove(name)

    def add(self, visitor: Visitor, file: str) -> str:
        """Take a photograph, or a scene from a ZIP of `singan.checkpoint`; return its name. Raises ValueError."""
        archive = Path(file).suffix.lower() == ".zip"
        name = self._new(visitor, file, copied=not archive)
        own = self._own[name]
        try:
            own.scales = load_zip(file, own.folder).scales if archive else self._load(own.folder, 0).scales
            return name
        finally:
            self.end(name)

    def pack(self, name: str, folder: Path) -> str:
        """Write the ZIP of a scene that `add` takes into a folder; return its path. Raises ValueError."""
        path = folder / f"{display_name(name)}.zip"
        save_zip(self.get(name), path)
        return str(path)

    def close(self) -> None:
        """Leave visitors' finished scales for the next start, and remove everything else."""
        for name, own in self._own.items() if self._kept else ():
            with suppress(OSError):  # A full disk: the others may still be kept.
                if self._kept and own.scales is not None:
                    self._kept.mkdir(parents=True, exist_ok=True, mode=0o700)
                    (own.folder / OWNER_FILE).write_text(own.visitor.scene_owner, errors="replace")
                    shutil.move(own.folder, self._kept / name)
                    os.utime(self._kept / name)
        self._root.cleanup()

    def _take_up(self) -> None:
        """Take over what the last process left, and remove what is too old or damaged."""
        for left in [*self._kept.iterdir()] if self._kept and self._kept.is_dir() else []:
            with suppress(OSError, ValueError):
                if time.time() - left.stat().st_mtime < self.limits.scene_seconds:
                    folder = Path(shutil.move(left, Path(self._root.name) / left.name))
                    owner = (folder / OWNER_FILE).read_text()
                    visitor = Visitor(owner, owner, owner)
                    self._own[left.name] = _VisitorsScene(folder, visitor, self._read(folder).scales)
            shutil.rmtree(left, ignore_errors=True)

    def _read(self, folder: Path) -> ScenePipeline:
        trained = (folder / CONFIG_FILE).exists()
        scene = ScenePipeline.from_pretrained(folder) if trained else untrained(folder / PICTURE_FILE, UNTRAINED)
        return scene.to(self.device)

    def _new(self, visitor: Visitor, file: str, copied: bool = True) -> str:
        """Return a busy name, made of a file's, with a folder; copied: that begins with the file. Raises OSError."""
        stem = re.sub(r"-[0-9a-f]{8,32}$", "", Path(file).stem)
        stem = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:24] or "picture"
        name = f"{stem}-{letters(secrets.token_bytes(SECRET_LETTERS))}"
        folder = Path(self._root.name) / name
        folder.mkdir()
        with self._lock:
            self._sweep()
            self._own[name] = _VisitorsScene(folder, visitor, busy=True)
        if copied:
            try:
                shutil.copyfile(file, folder / PICTURE_FILE)
            except OSError:
                self.end(name)
                raise
        return name

    def _remove(self, name: str) -> None:
        shutil.rmtree(self._own.pop(name).folder, ignore_errors=True)

    def _sweep(self) -> None:
        """Remove the scenes that were unused for too long, and those that are too many."""
        for name in [name for name, it in self._own.items() if not it.busy]:
            if time.monotonic() - self._own[name].used > self.limits.scene_seconds:
                self._remove(name)
        while len(self._own) > self.limits.scenes and (idle := [name for name, it in self._own.items() if not it.busy]):
            self._remove(max(idle, key=self._eviction_key))

    def _eviction_key(self, name: str) -> tuple[int, int, float]:
        """Return how many scenes this one's address has, then its owner, who is a new one at each call of a script, and
        how long it is unused. The scene with the largest key goes first."""
        own, visitors = self._own[name], [it.visitor for it in self._own.values()]
        address = sum(it.address == own.visitor.address for it in visitors)
        return address, sum(it.scene_owner == own.visitor.scene_owner for it in visitors), -own.used
