"""A model's folder or repository of the Hub: config.json, model.safetensors and a card, read with bounds."""

import json
import re
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from httpx2 import HTTPError, TransportError  # what huggingface_hub lets through
from huggingface_hub import HfApi, errors, snapshot_download, try_to_load_from_cache
from huggingface_hub.utils import validate_repo_id
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from darkroom.checks import echo
from darkroom.files import atomic
from darkroom.shipped import local_folder

CONFIG_FILE, WEIGHTS_FILE, CARD_FILE = "config.json", "model.safetensors", "README.md"
PHOTOGRAPH_FILES = ("photograph.png", "photograph.jpg")  # of a scene, which has one of them or none
MODEL_FILES = (CONFIG_FILE, WEIGHTS_FILE, CARD_FILE, *PHOTOGRAPH_FILES)
MAX_CONFIG_BYTES = 100_000
MAX_CARD_BYTES = 1_000_000
MAX_HEADER_BYTES = 2_000_000  # of a safetensors file: names and shapes, before its values
MAX_NUMBER_DIGITS = 30  # of a number in JSON
FLOATS = {"F16", "BF16", "F32"}  # what any float tensor may be stored as
STORED_AS = {torch.int64: {"I64"}, torch.uint8: {"U8"}, torch.float32: FLOATS, torch.bfloat16: FLOATS}
HUB_ERRORS = (HTTPError, errors.HFValidationError, errors.LocalEntryNotFoundError, OSError)
Layout = Mapping[str, tuple[tuple[int, ...], torch.dtype]]  # shapes and number formats of tensors by their names


@dataclass(frozen=True)
class Kind:
    """A kind of model, with the library that reads it."""

    noun: str
    library: str
    key: str  # of config.json's `model`: only the networks of this kind have it

    def __str__(self) -> str:
        return f"a {self.noun} of {self.library}"


SCENE_KIND, FACE_KIND = Kind("scene", "singan", "sizes"), Kind("face model", "dcgan", "latent_dim")
KINDS = (SCENE_KIND, FACE_KIND)


class ModelError(ValueError):
    """A model's files are missing, damaged or of another kind."""


def _number(digits: str) -> int:
    if len(digits) > MAX_NUMBER_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits")
    return int(digits)


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def read_json(content: bytes | str, most: int) -> Any:
    """Parse JSON of at most `most` bytes, with finite numbers.

    Raises ValueError with a few words on what is wrong, also for numbers so long or values so deeply nested that
    reading them would take minutes or the whole stack.
    """
    if len(content) > most:
        raise ValueError(f"{len(content) / 1e6:.1f} MB of JSON; at most {most / 1e6:.1f} MB are allowed")
    try:
        return json.loads(content, parse_int=_number, parse_constant=_constant)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("text that is not UTF-8") from None


def layout_of(network: nn.Module, prefix: str = "") -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """Return the layout of a network's file; the network may be on the meta device, where it takes no memory."""
    return {f"{prefix}{name}": (tuple(value.shape), value.dtype) for name, value in network.state_dict().items()}


def header_of(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Read shapes and number formats of a safetensors file by the tensors' names. Raises ValueError, OSError."""
    with path.open("rb") as file:
        start = file.read(8)
    if len(start) < 8 or int.from_bytes(start, "little") > MAX_HEADER_BYTES:
        raise ValueError(f"{path.name} is no safetensors file, or one with far too many tensors")
    with safe_open(path, "pt") as tensors:
        parts = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118, it is no dictionary
        return {name: (tuple(part.get_shape()), part.get_dtype()) for name, part in parts.items()}


def read_tensors(path: Path, wanted: Layout, more: bool = False) -> dict[str, Tensor]:
    """Read the wanted tensors of a file, floats as float32.

    None is read before the header says that they are there as wanted. more: whether it may hold others. Raises
    ValueError, also where a value is not finite.
    """
    found = header_of(path)
    if missing := sorted(set(wanted) - set(found)):
        raise ValueError(f"{len(missing)} tensors are missing, such as {echo(missing[0])}")
    if not more and (extra := sorted(set(found) - set(wanted))):
        raise ValueError(f"{len(extra)} tensors do not belong there, such as {echo(extra[0])}")
    for name, (shape, dtype) in wanted.items():
        theirs, stored = found[name]
        if theirs != shape:
            raise ValueError(f"{name} has shape {theirs}; the configuration needs {shape}")
        if stored not in STORED_AS.get(dtype, set()):
            raise ValueError(f"{name} is stored as {stored}; {dtype} is needed")
    tensors = {}
    with safe_open(path, "pt") as file:
        for name in wanted:
            value = file.get_tensor(name)
            tensors[name] = value.float() if value.is_floating_point() else value
            if value.is_floating_point() and not bool(value.isfinite().all()):
                raise ValueError(f"{name} holds values that are not finite")
    return tensors


def read_config(folder: Path) -> dict[str, Any]:
    """Read config.json. Raises ValueError, OSError."""
    path = folder / CONFIG_FILE
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise ValueError(f"{CONFIG_FILE} is larger than {MAX_CONFIG_BYTES // 1000} kB")
    config = read_json(path.read_bytes(), MAX_CONFIG_BYTES)
    if not isinstance(config, dict):
        raise ValueError(f"{CONFIG_FILE} is {echo(config)}; an object is needed")
    return config


def kind_in(folder: Path) -> Kind | None:
    """Return the kind of model in a folder; None where there is none, or it cannot be told."""
    try:
        return kind_of(read_config(folder))
    except (OSError, ValueError, KeyError):
        return None


def kind_of(config: Mapping[str, Any]) -> Kind | None:
    """Return the kind of model that a config.json describes, if it is known. Raises ValueError, KeyError."""
    model = config["model"]
    if not isinstance(model, dict):
        raise ValueError(f"model is {echo(model)}; an object is needed")
    return next((kind for kind in KINDS if kind.key in model), None)


@contextmanager
def reading(model: str | Path, what: str) -> Iterator[None]:
    """Turn whatever reading a model's folder raises into a ModelError that names the model and what is wrong."""
    try:
        yield
    except FileNotFoundError as error:
        missing = Path(error.filename or WEIGHTS_FILE).name
        raise ModelError(f"{model} is no trained {what}: {missing} is missing") from None
    except ModelError:
        raise
    except KeyError as error:
        raise ModelError(f"{model} is damaged: {error} is missing") from None
    except (SafetensorError, OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise ModelError(f"{model} is damaged: {' '.join(str(error).split())}") from None


def repo_and_revision(model: str | Path) -> tuple[str, str | None]:
    """Split "user/repo@revision"; the revision of "user/repo" is None. Raises ModelError where it is no such name."""
    repo, _, revision = str(model).partition("@")
    if repo.count("/") == 1:
        with suppress(errors.HFValidationError):
            validate_repo_id(repo)
            return repo, revision or None
    raise ModelError(f"{model} is neither a folder nor a repository of the Hub (USER/REPO or USER/REPO@REVISION)")


def model_folder(model: str | Path, revision: str | None = None) -> Path:
    """Return the folder itself, a shipped one, or one with the files of "user/repo[@revision]". Raises ModelError."""
    if folder := local_folder(model):
        return folder
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
    if isinstance(error, errors.LocalEntryNotFoundError) and isinstance(error.__cause__, errors.HfHubHTTPError):
        error = error.__cause__  # the client says "not in the cache" of whatever the Hub answers
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{repo} has no revision {revision}"
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"there is no repository {repo} that may be read here"
    if isinstance(error, (TransportError, errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError)):
        return "the Hub cannot be reached"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)  # a timeout may say nothing


def cached_folder(repo: str, revision: str | None) -> Path | None:
    """Find the folder of a revision in the Hub's cache, without a request; None where files are missing."""
    files = [try_to_load_from_cache(repo, file, revision=revision) for file in (CONFIG_FILE, WEIGHTS_FILE)]
    return Path(str(files[0])).parent if all(isinstance(file, str) for file in files) else None


class Pretrained(ABC):
    """A pipeline that can be loaded, saved and pushed; a subclass says what its files hold."""

    kind: ClassVar[Kind]
    name: str = "untitled"  # where the model came from

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
        """Make a pipeline of files that may claim anything: `read_tensors` comes first. Raises what `reading` takes."""

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
            if (kind := kind_of(config)) != cls.kind:
                raise ModelError(f"{model} is {kind or 'something else'}; {cls.kind} is needed")
            pipeline = cls.from_files(config, folder / WEIGHTS_FILE)
        pipeline.name = folder.name if local_folder(model) else str(model)
        with suppress(OSError), (folder / CARD_FILE).open("rb") as file:  # it never keeps a model from loading
            pipeline.card = file.read(MAX_CARD_BYTES).decode("utf-8", errors="replace") or pipeline.card
        return pipeline

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the files, each atomically, once all have found room; a card there stays.

        The configuration comes first: it tells whether the weights beside it are its own, so that a kill in between
        leaves a folder that is refused, not one that draws something else.
        """
        folder = Path(folder)
        photograph = self.photograph_file()
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as parts:  # which it leaves in reverse order
            if not (folder / CARD_FILE).exists():
                parts.enter_context(atomic(folder / CARD_FILE)).write_text(self.card, encoding="utf-8")
            if photograph is not None:
                name, content = photograph
                if not (folder / name).exists() or (folder / name).read_bytes() != content:  # megabytes at every scale
                    parts.enter_context(atomic(folder / name)).write_bytes(content)
            weights = save({name: value.cpu().contiguous() for name, value in self.tensors().items()})
            parts.enter_context(atomic(folder / WEIGHTS_FILE)).write_bytes(weights)
            text = json.dumps(self.config_json(), indent=2) + "\n"
            parts.enter_context(atomic(folder / CONFIG_FILE)).write_text(text, encoding="utf-8")
        for name in PHOTOGRAPH_FILES:
            if photograph is None or name != photograph[0]:
                (folder / name).unlink(missing_ok=True)  # another picture's

    def push_to_hub(self, repo: str, private: bool = False) -> str:
        """Upload to "user/repo", made if missing; return the commit's address. Needs a token. Raises ModelError."""
        api = HfApi()
        try:
            api.create_repo(repo, private=private, exist_ok=True)
            with tempfile.TemporaryDirectory() as folder:
                self.save_pretrained(folder)
                commit = api.upload_folder(
                    repo_id=repo, folder_path=folder, commit_message=f"Upload the {self.kind.noun}",
                    delete_patterns=list(PHOTOGRAPH_FILES),  # that only the repository has: of another picture
                )  # fmt: skip
                return str(commit)
        except HUB_ERRORS as error:
            raise ModelError(f"{repo} cannot be pushed to: {_first_line(error)}") from None
