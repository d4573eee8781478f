"""Models by name, from folders and from the Hub: until the Hub has sent one, and where it fails, others stand in."""

from __future__ import annotations

import re
import textwrap
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from huggingface_hub import HfApi, constants, hf_hub_download
from tqdm import tqdm

from darkroom.hub import cached_folder, repo_and_revision, why_not_fetched
from darkroom.model_files import CONFIG_FILE, MODEL_FILES, WEIGHTS_FILE, ModelError

ANSWER_SECONDS = 20  # that the Hub has for telling what a repository holds
SILENCE_SECONDS = 60  # without a byte before `notes` calls the Hub silent
PREFIX = "darkroom-"  # of the repositories that deploy.py makes; no part of a model's name

constants.DOWNLOAD_CHUNK_SIZE = 1 << 16  # the client reports progress once a chunk; its own are of 10 MB

T = TypeVar("T")


def model_name(model: str | Path) -> str:
    """The last part of a folder or repository, without "darkroom-": links are the same wherever the app runs."""
    name = Path(model).resolve().name if Path(model).is_dir() else str(model).partition("@")[0].rpartition("/")[2]
    return name.removeprefix(PREFIX)


@dataclass
class _Asked:
    """A model that was asked for, and how far it is."""

    name: str
    model: str  # folder or USER/REPO[@REVISION]
    repo: str = ""  # of the Hub; "" of a folder
    revision: str | None = None
    waiting: bool = False  # for the Hub
    commit: str = ""  # of the copy in the cache
    damaged: bool = False  # the copy in the cache
    stand_in: str = ""  # what serves under its name in its place, if anything
    trouble: str = ""  # why it will not come
    done: int = 0  # bytes that have come
    total: int = 0  # bytes, once the Hub has told


def _asked(model: str) -> _Asked:
    """Raises ModelError where a model is neither a folder nor the name of a repository."""
    if Path(model).is_dir():
        return _Asked(model_name(model), model)
    return _Asked(model_name(model), model, *repo_and_revision(model), waiting=True)


class Models(Generic[T]):
    """Pipelines by name: from folders and the Hub's cache at once, from the Hub in one background thread.

    models: folders or repositories (USER/REPO[@REVISION]), those that are wanted; none: all that are shipped.
    shipped: folders of the same kind. The one of a model's name stands in for it; where there is none, the model is
        left out of `names` until it is here, and if nothing is left, all that are shipped serve.
    load: from_pretrained; called with a folder, or with USER/REPO@COMMIT of what lies in the cache.
    ready: what is done with a loaded pipeline before it serves.

    A full commit hash in the cache is served without a request. A copy of a branch is served too, but the Hub is asked
    for a newer one. Raises ValueError where a model is neither folder nor repository or two have one name, and what
    `load` raises where a shipped model cannot be loaded.
    """

    def __init__(
        self,
        models: Sequence[str],
        shipped: Sequence[str | Path],
        load: Callable[[str | Path], T],
        ready: Callable[[T], T] = lambda pipeline: pipeline,
    ) -> None:
        self._load: Callable[[str | Path], T] = lambda model: ready(load(model))
        self._shipped = {model_name(folder): folder for folder in shipped}
        self._models = [_asked(model) for model in models]
        names = [asked.name for asked in self._models]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two models are named {name!r}: {', '.join(models)}; names must differ")
        self._serving: dict[str, T] = {}  # written by one thread at a time, read by all: each access is atomic
        for asked in self._models:
            self._begin(asked)
        if not self._serving:
            self._serving |= {name: self._load(folder) for name, folder in self._shipped.items()}
        self._heard = time.monotonic()  # when the Hub last sent something
        if self.busy:
            threading.Thread(target=self._fetch_all, name="models", daemon=True).start()

    @property
    def names(self) -> list[str]:
        """The models that can be had now, in the order in which they were asked for."""
        return [asked.name for asked in self._models if asked.name in self._serving] or list(self._shipped)

    @property
    def busy(self) -> bool:
        """Whether the Hub is still to send something."""
        return any(asked.waiting for asked in self._models)

    def get(self, name: str) -> T:
        """The pipeline that serves under a name now. Raises ValueError where none does."""
        try:
            return self._serving[name]
        except KeyError:
            raise ValueError(f"there is no model {name!r}; there are {', '.join(self.names) or 'none'}") from None

    def notes(self) -> list[str]:
        """A line for each model that is not as it was asked for: why, and what serves in its place."""
        return [self._note(asked) for asked in self._models if asked.waiting or asked.trouble]

    def _note(self, asked: _Asked) -> str:
        state, hopeful = asked.trouble, not asked.trouble
        if hopeful and time.monotonic() - self._heard > SILENCE_SECONDS:
            state, hopeful = f"nothing has come from the Hub for {SILENCE_SECONDS} s", False
        elif hopeful and asked.total:
            state = f"{asked.done / 1e6:.1f} of {asked.total / 1e6:.1f} MB from the Hub"
        elif hopeful:
            state = "waiting for the Hub"
        others = any(other.name in self._serving for other in self._models)
        instead = asked.stand_in or ("the other models" if others else "the shipped models")
        return f"{asked.name}: {state}; {instead} {'until then' if hopeful else 'are used'}"

    def _begin(self, asked: _Asked) -> None:
        """Serves what is on this machine: the folder, the copy in the cache, or else the shipped weights."""
        try:
            if not asked.waiting:
                self._serving[asked.name] = self._load(asked.model)
            elif cached := cached_folder(asked.repo, asked.revision):
                asked.damaged = True  # until it is loaded
                self._serving[asked.name] = self._load(f"{asked.repo}@{cached.name}")
                asked.damaged, asked.commit, asked.stand_in = False, cached.name, "the cached weights"
                asked.waiting = asked.commit != asked.revision  # a branch may have moved
        except ValueError as error:
            asked.trouble = "" if asked.waiting else _why(error, asked)
        if asked.name not in self._serving and asked.name in self._shipped:
            self._serving[asked.name] = self._load(self._shipped[asked.name])
            asked.stand_in = "the shipped weights"

    def _fetch_all(self) -> None:
        for asked in self._models:
            if asked.waiting:
                try:
                    self._fetch(asked)
                except Exception as error:  # whatever it is: what stands in goes on serving
                    asked.trouble = _why(error, asked)
                asked.waiting = False

    def _fetch(self, asked: _Asked) -> None:
        """Brings a repository into the cache, and serves it."""
        about = HfApi().model_info(asked.repo, revision=asked.revision, files_metadata=True, timeout=ANSWER_SECONDS)
        self._heard = time.monotonic()
        if about.sha == asked.commit:
            return
        sizes = {file.rfilename: file.size or 0 for file in about.siblings or []}
        for file in (CONFIG_FILE, WEIGHTS_FILE):
            if file not in sizes:
                raise ValueError(f"{asked.repo} has no {file}")
        files = [file for file in MODEL_FILES if file in sizes]
        asked.total = sum(sizes[file] for file in files)
        counter = self._counter(asked)
        for file in files:  # each request has a time limit, which snapshot_download's first has not
            path = hf_hub_download(
                asked.repo, file, revision=asked.revision, force_download=asked.damaged, tqdm_class=counter
            )
        self._serving[asked.name] = self._load(f"{asked.repo}@{Path(path).parent.name}")

    def _counter(self, asked: _Asked) -> type[tqdm]:
        """A progress bar that shows nothing and counts for `asked`."""
        models = self

        class Counter(tqdm):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **{**options, "disable": True})

            def update(self, n: float | None = 1) -> None:
                asked.done += int(n or 0)
                models._heard = time.monotonic()

            def update_transfer(self, n: float | None = 1) -> None:
                models._heard = time.monotonic()  # compressed, on their way: they count when they are written

            def set_transfer_postfix_str(self, *_: Any, **__: Any) -> None:
                pass  # asked for where there is an update_transfer

        return Counter


def _why(error: Exception, asked: _Asked) -> str:
    """What went wrong, in a few words."""
    text = why_not_fetched(error, asked.repo, asked.revision)
    if isinstance(error, ModelError):
        text = re.sub("^.* is (?=damaged|no)", "", text)  # the note begins with the model's name
    return textwrap.shorten(text, 160, placeholder=" ...")
