"""Models by name, from folders and from the Hub: until the Hub has sent one, and where it fails, others stand in."""

import re
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from huggingface_hub import HfApi, hf_hub_download
from tqdm import tqdm

from darkroom import model_files
from darkroom.shipped import local_folder

PREFIX = "darkroom-"  # of the repositories that deploy.py makes; no part of a model's name
T = TypeVar("T")


def model_name(model: str | Path) -> str:
    """Return a model's last part without "darkroom-": links are the same wherever the app runs."""
    folder = local_folder(model)
    name = folder.resolve().name if folder else str(model).partition("@")[0].rpartition("/")[2]
    return name.removeprefix(PREFIX)


@dataclass
class _Wanted:
    """A model that is wanted, and how far it is."""

    model: str  # folder or USER/REPO[@REVISION]
    repo: str = ""  # of the Hub; "" of a folder
    revision: str | None = None
    waiting: bool = False  # for the Hub
    commit: str = ""  # of the copy in the cache
    stand_in: str = ""  # what serves under its name in its place, if anything
    trouble: str = ""  # why it will not come
    done: int = 0  # bytes that have come
    total: int = 0  # bytes, once the Hub has told

    def __post_init__(self) -> None:
        """Read the model's name. Raises ModelError where it is neither a folder nor the name of a repository."""
        self.name = model_name(self.model)
        if not local_folder(self.model):
            self.repo, self.revision = model_files.repo_and_revision(self.model)
            self.waiting = True


class Models(Generic[T]):
    """Pipelines by name: from folders and the Hub's cache at once, from the Hub in one background thread.

    Args:
        models: wanted folders or repositories (USER/REPO[@REVISION]); none: all that are shipped.
        shipped: folders of the same kind. The one of a model's name stands in for it; where there is none, the model is
            left out of `names` until it is here, and if nothing is left, all that are shipped serve.
        load: from_pretrained; called with a folder, or with USER/REPO@COMMIT of a copy in the cache.
        ready: called with a loaded pipeline before it serves.
        answer_seconds: time in which the Hub is to list a repository.
        silence_seconds: time without a byte after which `notes` calls the Hub silent.

    Raises ValueError where a model is neither folder nor repository or two have one name, and what `load` raises.
    """

    def __init__(
        self, models: Sequence[str], shipped: Sequence[str | Path], load: Callable[[str | Path], T],
        ready: Callable[[T], T] = lambda pipeline: pipeline, answer_seconds: float = 20, silence_seconds: float = 60,
    ) -> None:  # fmt: skip
        self._answer_seconds, self._silence_seconds = answer_seconds, silence_seconds
        self._load = lambda model: ready(load(model))
        self._shipped = {model_name(folder): folder for folder in shipped}
        self._models = [_Wanted(model) for model in models]
        for name, count in Counter(wanted.name for wanted in self._models).items():
            if count > 1:
                raise ValueError(f"two models are named {name!r}: {', '.join(models)}; names must differ")
        self._serving: dict[str, T] = {}  # written by one thread at a time, read by all: each access is atomic
        for wanted in self._models:
            self._begin(wanted)
        if not self._serving:
            self._serving |= {name: self._load(folder) for name, folder in self._shipped.items()}
        self._heard = time.monotonic()  # when the Hub last sent something
        if self.busy:
            threading.Thread(target=self._fetch_all, name="models", daemon=True).start()

    @property
    def names(self) -> list[str]:
        """Return the names of the models that can be had now, in the order in which they are wanted."""
        return [wanted.name for wanted in self._models if wanted.name in self._serving] or list(self._shipped)

    @property
    def busy(self) -> bool:
        """Tell whether the Hub is still to send something."""
        return any(wanted.waiting for wanted in self._models)

    def get(self, name: str) -> T:
        """Return the pipeline that serves under a name now. Raises ValueError where none does."""
        if name not in self._serving:
            raise ValueError(f"there is no model {name!r}; there are {', '.join(self.names) or 'none'}")
        return self._serving[name]

    def notes(self) -> list[str]:
        """Return a line for each model that is not as it is wanted: why, and what serves in its place."""
        return [self._note(wanted) for wanted in self._models if wanted.waiting or wanted.trouble]

    def _note(self, wanted: _Wanted) -> str:
        others = any(other.name in self._serving for other in self._models)
        instead, lost = wanted.stand_in or f"the {'other' if others else 'shipped'} models", wanted.trouble
        if not lost and time.monotonic() - self._heard > self._silence_seconds:
            lost = f"nothing has come from the Hub for {self._silence_seconds:g} s"
        if lost:
            return f"{wanted.name}: {lost}; {instead} are used"
        come = f"{wanted.done / 1e6:.1f} of {wanted.total / 1e6:.1f} MB from the Hub"
        return f"{wanted.name}: {come if wanted.total else 'waiting for the Hub'}; {instead} until then"

    def _begin(self, wanted: _Wanted) -> None:
        """Serve what is on this machine: the folder, the copy in the cache, or else the shipped weights."""
        try:
            if not wanted.waiting:
                self._serving[wanted.name] = self._load(wanted.model)
            elif cached := model_files.cached_folder(wanted.repo, wanted.revision):
                self._serving[wanted.name] = self._load(f"{wanted.repo}@{cached.name}")
                wanted.commit, wanted.stand_in = cached.name, "the cached weights"
                wanted.waiting = wanted.commit != wanted.revision  # a branch may have moved
        except ValueError as error:
            wanted.trouble = "" if wanted.waiting else _why(error, wanted)
        if wanted.name not in self._serving and wanted.name in self._shipped:
            self._serving[wanted.name] = self._load(self._shipped[wanted.name])
            wanted.stand_in = "the shipped weights"

    def _fetch_all(self) -> None:
        for wanted in (wanted for wanted in self._models if wanted.waiting):
            try:
                self._fetch(wanted)
            except Exception as error:  # whatever it is: what stands in goes on serving
                wanted.trouble = _why(error, wanted)
            wanted.waiting = False

    def _fetch(self, wanted: _Wanted) -> None:
        """Bring a repository into the cache and serve it."""
        timeout = self._answer_seconds
        about = HfApi().model_info(wanted.repo, revision=wanted.revision, files_metadata=True, timeout=timeout)
        self._heard = time.monotonic()
        if about.sha == wanted.commit:
            return
        sizes = {file.rfilename: file.size or 0 for file in about.siblings or []}
        for file in (model_files.CONFIG_FILE, model_files.WEIGHTS_FILE):
            if file not in sizes:
                raise ValueError(f"{wanted.repo} has no {file}")
        files = [file for file in model_files.MODEL_FILES if file in sizes]
        wanted.total = sum(sizes[file] for file in files)
        # A copy that is here and could not be loaded is damaged.
        anew = not wanted.commit and model_files.cached_folder(wanted.repo, wanted.revision) is not None
        counter = self._counter(wanted)
        for file in files:  # each request has a time limit, which snapshot_download's first has not
            path = hf_hub_download(wanted.repo, file, revision=wanted.revision, force_download=anew, tqdm_class=counter)
        self._serving[wanted.name] = self._load(f"{wanted.repo}@{Path(path).parent.name}")

    def _counter(self, wanted: _Wanted) -> type[tqdm]:
        """Make a progress bar that shows nothing and counts for `wanted`."""
        models = self

        class Counting(tqdm):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **{**options, "disable": True})

            def update(self, n: float | None = 1) -> None:
                wanted.done += int(n or 0)
                models._heard = time.monotonic()

        return Counting


def _why(error: Exception, wanted: _Wanted) -> str:
    """Say in a few words why a model will not come."""
    text = model_files.why_not_fetched(error, wanted.repo, wanted.revision)
    if isinstance(error, model_files.ModelError):
        text = re.sub("^.* is (?=damaged|no)", "", text)  # the note begins with the model's name
    return textwrap.shorten(text, 160, placeholder=" ...")
