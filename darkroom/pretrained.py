"""Pipelines whose model is a folder, or a repository of the Hugging Face Hub, with a card."""

from __future__ import annotations

import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from httpx2 import HTTPError, TransportError  # what huggingface_hub lets through
from huggingface_hub import HfApi, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import validate_repo_id
from torch import Tensor

from darkroom.model_files import (
    CONFIG_FILE,
    MODEL_FILES,
    PHOTOGRAPH_FILES,
    WEIGHTS_FILE,
    Kind,
    ModelError,
    check_kind,
    read_card,
    read_config,
    reading,
    write_model,
)

HUB_ERRORS = (HTTPError, HFValidationError, LocalEntryNotFoundError, OSError)


def repo_and_revision(model: str | Path) -> tuple[str, str | None]:
    """Split "user/repo@revision"; the revision of "user/repo" is None. Raises ModelError where it is no such name."""
    repo, _, revision = str(model).partition("@")
    if repo.count("/") == 1:
        with suppress(HFValidationError):
            validate_repo_id(repo)
            return repo, revision or None
    raise ModelError(f"{model} is neither a folder nor a repository of the Hub (USER/REPO or USER/REPO@REVISION)")


def model_folder(model: str | Path, revision: str | None = None) -> Path:
    """Return the folder itself, or one with the files of "user/repo[@revision]". Raises ModelError."""
    if Path(model).is_dir():
        return Path(model)
    repo, named = repo_and_revision(model)
    revision = revision or named
    if re.fullmatch("[0-9a-f]{40}", revision or "") and (cached := cached_folder(repo, revision)):
        return cached  # a commit never changes: no request is needed
    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=list(MODEL_FILES)))
    except HUB_ERRORS as error:
        why = why_not_fetched(error, repo, revision)
        raise ModelError(f"{model} is no folder here and cannot be had from the Hub: {why}") from None


def why_not_fetched(error: Exception, repo: str, revision: str | None) -> str:
    """Say in a few words why a download failed."""
    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, HfHubHTTPError):
        error = error.__cause__  # the client says "not in the cache" of whatever the Hub answers
    if isinstance(error, RevisionNotFoundError):
        return f"{repo} has no revision {revision}"
    if isinstance(error, RepositoryNotFoundError):
        return f"there is no repository {repo} that may be read here"
    if isinstance(error, (TransportError, OfflineModeIsEnabled, LocalEntryNotFoundError)):
        return "the Hub cannot be reached"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)  # a timeout may say nothing


def cached_folder(repo: str, revision: str | None) -> Path | None:
    """Find the folder of a revision in the Hub's cache, without a request; None where files are missing."""
    files = [try_to_load_from_cache(repo, file, revision=revision) for file in (CONFIG_FILE, WEIGHTS_FILE)]
    return Path(str(files[0])).parent if all(isinstance(file, str) for file in files) else None


class Pretrained(ABC):
    """A pipeline that can be loaded, saved and pushed; a subclass says what its files hold.

    name: where the model came from.
    """

    kind: ClassVar[Kind]
    name: str = "untitled"

    @abstractmethod
    def config_json(self) -> dict[str, Any]:
        """Return config.json's content: `model` rebuilds the networks, `train` says how they were trained."""

    @abstractmethod
    def tensors(self) -> Mapping[str, Tensor]:
        """Return the content of model.safetensors."""

    @abstractmethod
    def plain_card(self) -> str:
        """Return a model card without front matter, used until somebody writes a better one."""

    def photograph_file(self) -> tuple[str, bytes] | None:
        """Return the name and content of the photograph's file, of a model that has one."""
        return None

    @classmethod
    @abstractmethod
    def from_files(cls, config: Mapping[str, Any], weights: Path) -> Self:
        """Make a pipeline of a config.json of this kind and a model.safetensors, both of which may claim anything.

        Nothing is made before `read_tensors` has compared the file with the configuration's networks on the meta
        device. May raise whatever `reading` takes.
        """

    @cached_property
    def card(self) -> str:
        """Return the model card: the folder's, else a plain one."""
        return (
            f"---\nlibrary_name: {self.kind.library}\npipeline_tag: unconditional-image-generation\n"
            f"tags:\n- {self.kind.library}\n---\n\n{self.plain_card()}"
        )

    @classmethod
    def from_pretrained(cls, model: str | Path, revision: str | None = None) -> Self:
        """Load a model from a folder or the Hub ("user/repo" or "user/repo@revision"), onto the CPU.

        Raises ModelError where files are missing or damaged, or a tensor is missing, extra or of another shape.
        """
        folder = model_folder(model, revision)
        with reading(model, cls.kind.noun):
            config = read_config(folder)
            check_kind(model, config, cls.kind)
            pipeline = cls.from_files(config, folder / WEIGHTS_FILE)
        pipeline.name = folder.name if Path(model).is_dir() else str(model)
        pipeline.card = read_card(folder) or pipeline.card
        return pipeline

    def save_pretrained(self, folder: str | Path) -> None:
        """Write config.json, model.safetensors, a card (an existing one stays) and any photograph, each atomically."""
        write_model(folder, self.config_json(), self.tensors(), self.card, self.photograph_file())

    def push_to_hub(self, repo: str, private: bool = False) -> str:
        """Upload the model and its card to "user/repo", made if missing, and return the commit's address.

        Needs a token. Raises ModelError where the Hub cannot be reached or refuses.
        """
        api, message = HfApi(), f"Upload the {self.kind.noun}"
        try:
            api.create_repo(repo, private=private, exist_ok=True)
            with tempfile.TemporaryDirectory() as folder:
                self.save_pretrained(folder)
                other = list(PHOTOGRAPH_FILES)  # of another picture: what only the repository has of them is deleted
                uploaded = api.upload_folder(
                    repo_id=repo, folder_path=folder, commit_message=message, delete_patterns=other
                )
                return str(uploaded)
        except HUB_ERRORS as error:
            raise ModelError(f"{repo} cannot be pushed to: {_first_line(error)}") from None
