"""Model folders from the Hugging Face Hub, and to it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

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

from darkroom.model_files import CONFIG_FILE, MODEL_FILES, PHOTOGRAPH_FILES, WEIGHTS_FILE, ModelError

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


def push_model(repo: str, write: Callable[[Path], None], message: str, private: bool = False) -> str:
    """Upload what `write` writes into a folder to "user/repo", made if missing, and return the commit's address.

    Needs a token. Raises ModelError where the Hub cannot be reached or refuses.
    """
    api = HfApi()
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder))
            other = list(PHOTOGRAPH_FILES)  # what the repository has of them and the folder has not: another picture's
            uploaded = api.upload_folder(
                repo_id=repo, folder_path=folder, commit_message=message, delete_patterns=other
            )
            return str(uploaded)
    except HUB_ERRORS as error:
        raise ModelError(f"{repo} cannot be pushed to: {_first_line(error)}") from None
