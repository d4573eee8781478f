"""Generators of PyTorch's DCGAN tutorial, as `torch.save` or safetensors wrote them, become models of this package."""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from darkroom.checks import echo
from darkroom.files import why
from darkroom.model_files import ModelError, header_of
from dcgan.config import ModelConfig
from dcgan.model import new_generator
from dcgan.pipeline import FacePipeline

NEEDED = "the generator's state_dict(), as torch.save writes it, is needed"
AGAIN = "copy or download it again"
START_BYTES = 512  # by which a file is known
MAX_PICKLE_BYTES = 10_000_000  # of names and shapes; the values lie beside them
LEGACY_PICKLES = 5  # before PyTorch 1.6: a magic number, a version, the machine, what was saved, the storages' names
UPSAMPLINGS = (0, 3, 6, 9, 12)  # places of the transposed convolutions; each but the last goes with a normalisation
COUNTER = "num_batches_tracked"
SIZES = {n: f"{2 ** (n + 1)}x{2 ** (n + 1)}" for n in range(2, 10)}  # by the number of transposed convolutions
# What a file of plain tensors names. torch's own reader allows more, some of which takes whatever memory a file claims.
PLAIN = re.compile(
    r"collections\.OrderedDict|_codecs\.encode|torch\.(\w+Storage|Size|Tensor|device|b?float\w*|u?int\w*|bool|half|long)"
    r"|torch\.storage\.(Typed|Untyped)Storage|torch\._utils\._rebuild_(tensor(_v[23])?|parameter(_with_state)?)"
    r"|torch\.nn\.parameter\.Parameter"
)
# How other files begin, and what to say of them.
FOREIGN: dict[bytes, str] = {
    b"version https://git-lfs": "is a Git LFS pointer, not the file itself; run `git lfs pull` first",
    b"\x93NUMPY": f"holds a numpy array; {NEEDED}",
    b"\x89HDF": f"holds weights of Keras (HDF5); {NEEDED}",
    b"\x1f\x8b": "is packed with gzip; unpack it first",
    b"7z\xbc\xaf": "is packed with 7-Zip; unpack it first",
    b"Rar!": "is packed with RAR; unpack it first",
}


def import_tutorial(file: str | Path) -> FacePipeline:
    """A model from a state dict in the layout of PyTorch's DCGAN tutorial.

    It may lie anywhere in what was saved, beside other networks, and its names may have prefixes: `module.`,
    `_orig_mod.`, `netG.`. Only tensors are read, nothing is run. The discriminator is not taken over: the tutorial's
    ends in a sigmoid, and checkpoints rarely hold it. Raises ModelError with what the file is and what is needed.
    """
    path = Path(file)
    try:
        tensors = _tensors(path)
        weights = _generator(tensors)
        config = _config(weights)
        _check_values(weights, path.stat().st_size)
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror or why(error)}") from None
    except ValueError as error:
        raise ModelError(f"{file} {error}") from None
    generator = new_generator(config)
    counters = {name: value for name, value in generator.state_dict().items() if name.endswith(COUNTER)}
    own = {f"main.{name}": value.detach().float().clone() for name, value in weights.items()}
    generator.load_state_dict({**counters, **own}, strict=True)
    return FacePipeline(config, generator)


# -- what a file is ---------------------------------------------------------------------------------------------------


def _tensors(path: Path) -> dict[str, Tensor]:
    """All tensors in a file by their dotted names, on the CPU. Raises ValueError, OSError."""
    if not path.exists():
        raise ValueError("does not exist")
    if path.is_dir():
        raise ValueError(f"is a folder; {NEEDED}")
    with path.open("rb") as file:
        start = file.read(START_BYTES)
    if not start:
        raise ValueError(f"is empty; {AGAIN}")
    for beginning, what in FOREIGN.items():
        if start.startswith(beginning):
            raise ValueError(what)
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise ValueError("is a web page, not the file; download the file itself")
    if start[8:9] == b"{":
        return _safetensors(path)
    if start.startswith(b"PK"):
        return _saved(path, _zip_globals(path), mmap=True)
    if start.startswith(b"\x80"):
        return _saved(path, _legacy_globals(path), mmap=False)
    raise ValueError(f"is no file of torch.save or safetensors; {NEEDED}")


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        header_of(path)  # bounded
        return load_file(path)
    except (SafetensorError, ValueError, RuntimeError):
        raise ValueError(f"is a damaged safetensors file; {AGAIN}") from None


def _saved(path: Path, found: set[str], mmap: bool) -> dict[str, Tensor]:
    """What torch.save wrote, with the classes and functions that it names."""
    _check_plain(found)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except OSError:
        raise
    except Exception:  # torch.load has many, by what is damaged, and none of its texts helps
        raise ValueError(f"is damaged or cut off; {AGAIN}") from None
    return dict(_flat(content))


def _flat(content: Any) -> Iterator[tuple[str, Tensor]]:
    """The tensors in dictionaries of dictionaries, by dotted names; every dictionary once, though it hold itself."""
    seen, waiting = set(), [("", content)]
    for prefix, node in waiting:
        if not isinstance(node, Mapping) or id(node) in seen:
            continue
        seen.add(id(node))
        yield from ((f"{prefix}{name}", value) for name, value in node.items() if isinstance(value, Tensor))
        waiting += [(f"{prefix}{name}.", value) for name, value in node.items()]


def _zip_globals(path: Path) -> set[str]:
    """The classes and functions that a ZIP of torch.save names. Raises ValueError where it is no such ZIP."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            names = [info.filename for info in infos]
            if any(name.endswith(".npy") for name in names):
                raise ValueError(f"holds numpy arrays; {NEEDED}")
            if any(name.endswith("/constants.pkl") for name in names):
                raise ValueError(f"holds a TorchScript program; {NEEDED}")
            pickled = next((info for info in infos if info.filename.endswith("data.pkl")), None)
            if pickled is None:
                raise ValueError(f"is a ZIP that torch.save did not write; {NEEDED}")
            if any(info.compress_type != zipfile.ZIP_STORED for info in infos):  # torch.save packs nothing
                raise ValueError(f"was packed anew by another program; {NEEDED}")
            if pickled.file_size > MAX_PICKLE_BYTES:
                raise ValueError(f"holds far more than tensors; {NEEDED}")
            with archive.open(pickled) as file:
                return set(_globals(file))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError):
        raise ValueError(f"is damaged or cut off; {AGAIN}") from None


def _legacy_globals(path: Path) -> set[str]:
    """The same of a file of PyTorch before 1.6, which is pickles in a row, and then values."""
    found: set[str] = set()
    with path.open("rb") as file:
        for number in range(LEGACY_PICKLES):
            names = set(_globals(file))
            found |= names
            if number == 0 and names:
                _check_plain(names)
                raise ValueError(f"is a pickle that torch.save did not write; {NEEDED}")
    return found


def _globals(file: IO[bytes]) -> Iterator[str]:
    """The classes and functions that a pickle names; it is read and not run. Raises ValueError where it is damaged."""
    texts: list[str] = []
    try:
        for opcode, argument, _ in pickletools.genops(file):
            if opcode.name == "GLOBAL":
                yield str(argument).replace(" ", ".")
            elif opcode.name == "STACK_GLOBAL":
                yield ".".join(texts[-2:])
            elif isinstance(argument, str):
                texts = [*texts[-1:], argument]
    except Exception:  # of whatever it holds instead
        raise ValueError(f"is damaged or cut off, or no file of torch.save; {AGAIN}") from None


def _check_plain(found: set[str]) -> None:
    """Raises ValueError where a file names more than tensors, in words of what it most probably is."""
    others = sorted(name for name in found if not PLAIN.fullmatch(name))
    if not others:
        return
    first = others[0]
    if any(name.startswith("numpy") for name in others):
        raise ValueError("holds numpy arrays or numbers; save the generator's state_dict() alone, with torch.save")
    if any(re.search("sparse|quant|_rebuild_q", name) for name in others):
        raise ValueError("holds sparse or quantised tensors; dense ones of floating-point numbers are needed")
    modules = [name for name in others if name.startswith("torch.nn.modules")]
    if modules:
        own = next(
            (name for name in others if not name.startswith(("torch.", "builtins.", "__builtin__."))), modules[0]
        )
        raise ValueError(f"holds a whole module ({_short(own)}), whose code would have to run; save its state_dict()")
    raise ValueError(f"holds more than tensors ({_short(first)}); save the generator's state_dict() alone")


def _short(name: str) -> str:
    return echo(name.removeprefix("__main__.").rpartition(".")[2]).strip("'")


# -- which of its tensors are the generator ---------------------------------------------------------------------------


def _generator(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a generator, by place and kind: 0.weight, 1.weight, ... Raises ValueError where there is none."""
    networks: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if match := re.fullmatch(r"(.*\.)?(\d+\.\w+)", name):
            networks.setdefault(match[1] or "", {})[match[2]] = value
    drawing = [network for network in networks.values() if _draws(network)]
    if drawing:
        whole = [network for network in drawing if _fits(network)]
        return {name: value for name, value in (whole or drawing)[0].items() if not name.endswith(COUNTER)}
    if any(_weight(network, 0).ndim == 4 for network in networks.values()):
        raise ValueError("holds a discriminator and no generator; the generator is needed")
    names = f", such as {echo(next(iter(tensors)))}" if tensors else ""
    raise ValueError(
        "holds no generator in the layout of PyTorch's DCGAN tutorial: main.0.weight (latent, channels, 4, 4), ... are "
        f"needed; it holds {len(tensors)} tensors{names}"
    )


def _weight(network: Mapping[str, Tensor], place: int) -> Tensor:
    return network.get(f"{place}.weight", torch.empty(0))


def _places(network: Mapping[str, Tensor]) -> list[int]:
    """Where a network has filters."""
    return sorted(int(name.split(".")[0]) for name, v in network.items() if name.endswith(".weight") and v.ndim == 4)


def _draws(network: Mapping[str, Tensor]) -> bool:
    """Whether a network ends in pictures: its last filters (in, out, k, k) have 4 outputs at most, its first do not.

    A discriminator's first filters are (out, in, k, k) with 3 inputs.
    """
    places = _places(network)
    return len(places) > 1 and _weight(network, places[0]).shape[1] > 4 >= _weight(network, places[-1]).shape[1]


def _fits(network: Mapping[str, Tensor]) -> bool:
    try:
        _config(network)
    except ValueError:
        return False
    return True


# -- whether it is one of 64x64 ---------------------------------------------------------------------------------------


def _config(network: Mapping[str, Tensor]) -> ModelConfig:
    """The configuration whose generator these tensors are. Raises ValueError with what is there and what is needed."""
    places = _places(network)
    missing = sorted(set(UPSAMPLINGS) - set(places))
    if places[-1] != UPSAMPLINGS[-1] or len(missing) > 1:
        size = SIZES.get(len(places), "unknown")
        raise ValueError(f"has {len(places)} transposed convolutions, for {size} px; 5, for 64x64 px, are needed")
    if missing:
        raise ValueError(f"lacks main.{missing[0]}.weight, which the tutorial's generator has")
    channels = _weight(network, places[-1]).shape[1]
    if channels != 3:
        raise ValueError(f"draws pictures of {channels} channel{'s' * (channels > 1)}; 3 (RGB) are needed")
    if biases := [f"main.{place}.bias" for place in places if f"{place}.bias" in network]:
        raise ValueError(f"has biases in its convolutions ({biases[0]}); the tutorial's have none (bias=False)")
    try:
        config = ModelConfig(latent_dim=_weight(network, 0).shape[0], width=_weight(network, places[-1]).shape[0])
    except ValueError as error:
        raise ValueError(f"holds a generator of a size that is not supported: {error}") from None
    _check_shapes(network, config)
    return config


def _check_shapes(network: Mapping[str, Tensor], config: ModelConfig) -> None:
    """Raises ValueError unless these are the tensors of the configuration's generator, all and no others."""
    with torch.device("meta"):
        state = new_generator(config).state_dict()
    wanted = {n.removeprefix("main."): tuple(value.shape) for n, value in state.items() if not n.endswith(COUNTER)}
    found = {name: tuple(value.shape) for name, value in network.items() if not name.endswith(COUNTER)}
    for name, shape in wanted.items():
        if name not in found:
            raise ValueError(f"lacks main.{name}, which the tutorial's generator has")
        if found[name] != shape:
            raise ValueError(f"has main.{name} of shape {found[name]}; the tutorial's of this width has {shape}")
    if extra := sorted(set(found) - set(wanted)):
        raise ValueError(f"has main.{extra[0]} besides, which the tutorial's generator does not have")


def _check_values(weights: Mapping[str, Tensor], file_size: int) -> None:
    """Raises ValueError unless the weights are finite numbers that really lie in the file."""
    if sum(value.numel() * value.element_size() for value in weights.values()) > file_size:
        raise ValueError(f"claims more weights than its {file_size} bytes can hold; {AGAIN}")
    for name, value in weights.items():
        if not value.is_floating_point() or value.layout != torch.strided or value.is_quantized:
            kind = str(value.dtype).removeprefix("torch.")
            raise ValueError(f"holds {kind} in main.{name}; floating-point numbers are needed")
        if not bool(value.float().isfinite().all()):
            raise ValueError(f"has values in main.{name} that are not finite; a checkpoint from before is needed")
