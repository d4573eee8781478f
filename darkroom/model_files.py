"""A model's folder: config.json, model.safetensors and a card. Read with bounds, as it may come from a stranger."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from darkroom.checks import echo
from darkroom.files import atomic

CONFIG_FILE, WEIGHTS_FILE, CARD_FILE = "config.json", "model.safetensors", "README.md"
PHOTOGRAPH_FILES = ("photograph.png", "photograph.jpg")  # of a scene, which has one of them or none
MODEL_FILES = (CONFIG_FILE, WEIGHTS_FILE, CARD_FILE, *PHOTOGRAPH_FILES)
MAX_CONFIG_BYTES = 100_000
MAX_CARD_BYTES = 1_000_000
MAX_HEADER_BYTES = 2_000_000  # of a safetensors file: names and shapes, before its values
MAX_NUMBER_DIGITS = 30  # of a number in JSON
FLOATS = {"F16", "BF16", "F32"}  # what any float tensor may be stored as
STORED_AS = {torch.int64: {"I64"}, torch.uint8: {"U8"}, torch.float32: FLOATS, torch.bfloat16: FLOATS}

Layout = Mapping[str, tuple[tuple[int, ...], torch.dtype]]  # shapes and number formats of tensors by their names


@dataclass(frozen=True)
class Kind:
    """A kind of model."""

    noun: str
    library: str  # the package that reads it
    key: str  # of config.json's `model`: only the networks of this kind have it

    def __str__(self) -> str:
        return f"a {self.noun} of {self.library}"


SCENE_KIND, FACE_KIND = Kind("scene", "singan", "sizes"), Kind("face model", "dcgan", "latent_dim")
KINDS = (SCENE_KIND, FACE_KIND)


class ModelError(ValueError):
    """A model's files are missing, damaged or of another kind."""


# -- JSON --------------------------------------------------------------------------------------------------------------


def _number(digits: str) -> int:
    if len(digits) > MAX_NUMBER_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits")
    return int(digits)


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def read_json(content: bytes | str, most: int) -> Any:
    """Parse JSON of at most `most` bytes. Raises ValueError with a few words on what is wrong.

    Numbers are finite and of at most 30 digits; what is nested too deeply for the parser is refused.
    """
    if len(content) > most:
        raise ValueError(f"{len(content) / 1e6:.1f} MB of JSON; at most {most / 1e6:.1f} MB are allowed")
    try:
        return json.loads(content, parse_int=_number, parse_constant=_constant)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("text that is not UTF-8") from None


# -- tensors -----------------------------------------------------------------------------------------------------------


def layout_of(network: nn.Module, prefix: str = "") -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """Return the layout of a network's file; the network may be on the meta device, where it takes no memory."""
    return {f"{prefix}{name}": (tuple(value.shape), value.dtype) for name, value in network.state_dict().items()}


def header_of(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Read shapes and number formats of a safetensors file by the tensors' names. Raises ValueError, OSError."""
    with path.open("rb") as file:
        start = file.read(8)
    if len(start) < 8 or struct.unpack("<Q", start)[0] > MAX_HEADER_BYTES:
        raise ValueError(f"{path.name} is no safetensors file, or one with far too many tensors")
    with safe_open(path, "pt") as tensors:
        parts = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118, it is no dictionary
        return {name: (tuple(part.get_shape()), part.get_dtype()) for name, part in parts.items()}


def read_tensors(path: Path, wanted: Layout, more: bool = False) -> dict[str, Tensor]:
    """Read the wanted tensors of a file, floats as float32.

    None is read before the file's header says that these are there in shape and number format, and no others. more:
    whether it may hold others, too. Raises ValueError, also where a value is not finite.
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


# -- the folder --------------------------------------------------------------------------------------------------------


def read_config(folder: Path) -> dict[str, Any]:
    """Read config.json. Raises ValueError, OSError."""
    path = folder / CONFIG_FILE
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise ValueError(f"{CONFIG_FILE} is larger than {MAX_CONFIG_BYTES // 1000} kB")
    config = read_json(path.read_bytes(), MAX_CONFIG_BYTES)
    if not isinstance(config, dict):
        raise ValueError(f"{CONFIG_FILE} is {echo(config)}; an object is needed")
    return config


def check_kind(name: str | Path, config: Mapping[str, Any], kind: Kind) -> None:
    """Raise ModelError unless a config.json is of this kind, ValueError or KeyError where it has no networks."""
    model = config["model"]
    if not isinstance(model, dict):
        raise ValueError(f"model is {echo(model)}; an object is needed")
    if kind.key not in model:
        theirs = next((str(other) for other in KINDS if other.key in model), "something else")
        raise ModelError(f"{name} is {theirs}; {kind} is needed")


def kind_in(folder: Path) -> Kind | None:
    """Return the kind of model in a folder; None where there is none, or it cannot be told."""
    try:
        model = read_config(folder)["model"]
        return next((kind for kind in KINDS if kind.key in model), None)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def read_card(folder: Path) -> str | None:
    """Read the model card, whatever its encoding; None where there is none. It never keeps a model from loading."""
    try:
        with (folder / CARD_FILE).open("rb") as file:
            return file.read(MAX_CARD_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return None


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


def write_model(
    folder: str | Path,
    config: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    card: str,
    photograph: tuple[str, bytes] | None = None,
) -> None:
    """Write the files, each atomically and none before all have found room; a card that is there stays.

    photograph: its file's name, one of PHOTOGRAPH_FILES, and content. A photograph by another name is removed.
    The configuration takes its place first: a reader that comes in between has weights of what it says, or of the one
    before.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as parts:  # which it leaves in reverse order
        if not (folder / CARD_FILE).exists():
            parts.enter_context(atomic(folder / CARD_FILE)).write_text(card, encoding="utf-8")
        if photograph is not None:
            name, content = photograph
            if not (folder / name).exists() or (folder / name).read_bytes() != content:  # megabytes at every scale
                parts.enter_context(atomic(folder / name)).write_bytes(content)
        weights = save({name: value.cpu().contiguous() for name, value in tensors.items()})
        parts.enter_context(atomic(folder / WEIGHTS_FILE)).write_bytes(weights)
        text = json.dumps(config, indent=2) + "\n"
        parts.enter_context(atomic(folder / CONFIG_FILE)).write_text(text, encoding="utf-8")
    for name in PHOTOGRAPH_FILES:
        if photograph is None or name != photograph[0]:
            (folder / name).unlink(missing_ok=True)  # another picture's
