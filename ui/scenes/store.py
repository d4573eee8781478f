"""Scenes by name: the shipped ones, and those that visitors train or bring, which live for a while."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from darkroom.checks import echo
from darkroom.models import Models
from singan import ScenePipeline, TrainConfig
from singan.archive import load_zip, save_zip
from singan.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from singan.train import empty_pyramid, same_picture
from ui.visitors import Visitor

LIFETIME_SECONDS = 2 * 3600  # of a visitor's scene after its last use
MAX_OWN = 50  # visitors' scenes at once; whoever has the most loses one first
MAX_LOADED = 10  # of them in memory
MAX_NAMES = 100  # that a browser may remember
PICTURE_FILE = "picture"  # what was trained on, as it came: to go on exactly


@dataclass
class _Own:
    folder: Path
    visitor: Visitor
    used: float  # by `time.monotonic`


SECRET = "-[0-9a-f]{32}$"  # what nobody can guess of a visitor's scene's name


def called(name: str) -> str:
    """What a scene is called where people read it: its name without the part that nobody can guess."""
    return re.sub(SECRET, "", name)


def calls(names: Sequence[str]) -> list[str]:
    """The same of several, numbered where they are called alike."""
    words = [called(name) for name in names]
    earlier = [words[:i].count(word) for i, word in enumerate(words)]
    return [f"{word} {n + 1}" if n else word for word, n in zip(words, earlier, strict=True)]


class SceneStore:
    """Names to pipelines. A visitor's scene has a name that cannot be guessed, so whoever has it may use it."""

    def __init__(self, shipped: Models[ScenePipeline], device: torch.device, kept: Path | None = None) -> None:
        """kept: a folder in which visitors' scenes outlive a restart; None: they end with the process."""
        self.device, self._kept = device, kept
        self.shipped = shipped
        self._own: dict[str, _Own] = {}
        self._loaded: dict[str, ScenePipeline | None] = {}  # those with finished scales; None: as their files
        self._busy: set[str] = set()
        self._lock = threading.RLock()
        self._root = tempfile.TemporaryDirectory(prefix="darkroom-")
        self._take_up()

    def names(self, session: str) -> list[str]:
        """The shipped scenes, then this visitor's, newest first."""
        with self._lock:
            self._sweep()
            own = self._of(session)
        return [*self.shipped.names, *reversed(own)]

    def get(self, name: str) -> ScenePipeline:
        """The scene on the store's device. Raises ValueError where there is none of this name."""
        with self._lock:
            self._sweep()
            if not isinstance(name, str):
                raise ValueError(f"a scene's name is {echo(name)}; a text is needed")
            if name in self._own:
                self._own[name].used = time.monotonic()
                if name not in self._loaded:
                    raise ValueError(f"scene {name!r} has no finished scale yet")
                return self._scene(name)
        if name not in self.shipped.names:
            known = ", ".join(self.shipped.names)
            raise ValueError(f"there is no scene {name!r} (any more); shipped are {known}")
        return self.shipped.get(name)

    # -- visitors' own -----------------------------------------------------------------------------------------------

    def _same(self, session: str, picture: Image.Image, config: TrainConfig) -> str | None:
        """The scene, shipped or this visitor's, finished or not, that training a picture gives; None where there is
        none."""
        pyramid = None
        for name in self.names(session):
            scene = self.get(name)
            if scene.train_config.same_recipe(config):
                pyramid = pyramid or empty_pyramid(picture, config)[0]
                if same_picture(scene.pyramid, pyramid):
                    return name
        return None

    def begin(
        self, visitor: Visitor, file: str, picture: Image.Image, config: TrainConfig
    ) -> tuple[str, Checkpoint | None]:
        """A name for a training of a picture, which came as `file`, and what there is of the same already.

        The name is busy until `end`: it is not removed, and no second training goes on with it.
        """
        known = self._same(visitor.session, picture, config)
        if known is not None:
            scene = self.get(known)
            if scene.finished_as(config):
                return known, Checkpoint(scene, ())
            if checkpoint := self._taken(known):
                return known, checkpoint
        return self._new(visitor, Path(file).stem, Path(file)), None

    def resume(self, name: str) -> tuple[str | Image.Image, TrainConfig, Checkpoint | None]:
        """Picture, configuration and finished scales of a training that was stopped; its name is busy until `end`.

        Raises ValueError where there is nothing to go on with.
        """
        scene = self.get(name)
        checkpoint = self._taken(name)
        if checkpoint is None:
            raise ValueError(f"scene {name!r} cannot be gone on with: it is finished, in training, or was uploaded")
        config = replace(scene.train_config, until=None) if scene.finished else scene.train_config
        return str(self._own[name].folder / PICTURE_FILE), config, checkpoint

    def _taken(self, name: str) -> Checkpoint | None:
        """What there is of a training that can be gone on with, its name busy from now on; None of any other.

        Asked and taken in one: of two trainings that begin at once, one goes on with it. Raises ModelError where its
        files are damaged; then the name is as free as before.
        """
        with self._lock:
            if not self.resumable(name):
                return None
            self._busy.add(name)
        try:
            return load_checkpoint(self._own[name].folder)
        except BaseException:
            with self._lock:
                self._busy.discard(name)
            raise

    def resumable(self, name: str) -> bool:
        """Whether `resume` has something to go on with."""
        with self._lock:
            if name in self._busy or name not in self._loaded or self._scene(name).complete:
                return False
            return (self._own[name].folder / PICTURE_FILE).exists()

    def keep(self, name: str, checkpoint: Checkpoint) -> None:
        """Takes over the finished scales of a training."""
        save_checkpoint(checkpoint, self._own[name].folder)
        with self._lock:
            self._own[name].used = time.monotonic()
            self._loaded[name] = checkpoint.scene.to(self.device)

    def end(self, name: str) -> None:
        """Ends a training; where no scale was finished, nothing stays of it."""
        with self._lock:
            self._busy.discard(name)
            if name in self._own and name not in self._loaded:
                self._remove(name)

    def adopt(self, visitor: Visitor, names: Any) -> list[str]:
        """Gives a visitor who comes back those of these scenes that still live; their names, as given."""
        with self._lock:
            self._sweep()
            listed = names[:MAX_NAMES] if isinstance(names, list) else []
            alive = [name for name in listed if isinstance(name, str) and name in self._loaded]
            for name in alive:
                self._own[name].visitor = visitor
        return alive

    # -- restarts ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Leaves visitors' finished scales for the next start to take up, and removes everything else."""
        with self._lock:
            if self._kept is not None and self._loaded:
                self._kept.mkdir(parents=True, exist_ok=True, mode=0o700)
                for name in self._loaded:
                    with suppress(OSError):  # a full disk: the others may still be kept
                        shutil.move(self._own[name].folder, self._kept / name)
                        os.utime(self._kept / name)
        self._root.cleanup()

    def _take_up(self) -> None:
        """Takes over what the last process left, unless it is too old or damaged: then it goes."""
        for left in [*self._kept.iterdir()] if self._kept is not None and self._kept.is_dir() else []:
            with suppress(OSError, ValueError):
                if time.time() - left.stat().st_mtime < LIFETIME_SECONDS:
                    folder = Path(shutil.move(left, Path(self._root.name) / left.name))
                    self._loaded[left.name] = ScenePipeline.from_pretrained(folder).to(self.device)
                    nobody = secrets.token_hex(8)  # until its visitor comes back
                    self._own[left.name] = _Own(folder, Visitor(nobody, nobody, nobody), time.monotonic())
            shutil.rmtree(left, ignore_errors=True)

    def add(self, visitor: Visitor, archive: str) -> str:
        """A visitor's scene from a ZIP of `singan.archive`; its name. Raises ValueError where it is none."""
        file = Path(archive)
        name = self._new(visitor, re.sub(r"-[0-9a-f]{8,32}$", "", file.stem))
        try:
            scene = load_zip(file, self._own[name].folder).to(self.device)
            with self._lock:
                self._loaded[name] = scene
            return name
        finally:
            self.end(name)

    def pack(self, name: str, folder: Path) -> str:
        """Writes the ZIP of a scene that `add` takes into a folder; its path. Raises ValueError."""
        path = folder / f"{name}.zip"
        save_zip(self.get(name), path)
        return str(path)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _scene(self, name: str) -> ScenePipeline:
        """A visitor's scene, in memory; those unused for longest make room."""
        scene = self._loaded[name] or ScenePipeline.from_pretrained(self._own[name].folder).to(self.device)
        self._loaded[name] = scene
        in_memory = sorted((it for it in self._loaded if self._loaded[it]), key=lambda it: self._own[it].used)
        for other in in_memory[:-MAX_LOADED]:
            self._loaded[other] = None
        return scene

    def _new(self, visitor: Visitor, stem: str, picture: Path | None = None) -> str:
        """A busy name with a folder, which goes again where the picture cannot be copied. Raises OSError."""
        stem = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:24] or "picture"
        name = f"{stem}-{secrets.token_hex(16)}"
        folder = Path(self._root.name) / name
        folder.mkdir()
        try:
            if picture is not None:
                shutil.copyfile(picture, folder / PICTURE_FILE)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        with self._lock:
            self._sweep()
            self._busy.add(name)
            self._own[name] = _Own(folder, visitor, time.monotonic())
        return name

    def _of(self, session: str) -> list[str]:
        return [name for name, it in self._own.items() if it.visitor.session == session and name in self._loaded]

    def _remove(self, name: str) -> None:
        shutil.rmtree(self._own.pop(name).folder, ignore_errors=True)
        self._loaded.pop(name, None)

    def _sweep(self) -> None:
        """Remove the scenes that were unused for too long, and those that are too many."""
        for name in self._idle():
            if time.monotonic() - self._own[name].used > LIFETIME_SECONDS:
                self._remove(name)
        while len(self._own) > MAX_OWN and (idle := self._idle()):
            self._remove(max(idle, key=self._eviction_key))

    def _eviction_key(self, name: str) -> tuple[int, int, float]:
        """Return how many scenes this one's address has, how many its visitor, and how long it is unused.

        The scene with the largest key goes first. A script is a new visitor whenever it likes, so addresses come
        before visitors; behind a proxy all visitors may have one address, so visitors count as well.
        """
        own, visitors = self._own[name], [it.visitor for it in self._own.values()]
        address = sum(it.address == own.visitor.address for it in visitors)
        return address, sum(it.session == own.visitor.session for it in visitors), -own.used

    def _idle(self) -> list[str]:
        return [name for name in self._own if name not in self._busy]
