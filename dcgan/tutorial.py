"""Import of generators of PyTorch's DCGAN tutorial, as `torch.save` or safetensors wrote them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from darkroom.checks import echo
from darkroom.files import why
from darkroom.model_files import ModelError
from dcgan.config import ModelConfig
from dcgan.model import new_generator
from dcgan.pipeline import FacePipeline

NEEDED = "the generator's state_dict(), as torch.save or safetensors writes it, is needed"
LAYOUT = "the generator of PyTorch's DCGAN tutorial for 64x64 px"
COUNTER = "num_batches_tracked"
START_BYTES = 9  # a safetensors file begins with the length of its JSON


def import_tutorial(file: str | Path) -> FacePipeline:
    """Make a model of a state dict in the layout of PyTorch's DCGAN tutorial.

    It may lie anywhere in what was saved, beside other networks, and its names may have prefixes: `module.`,
    `_orig_mod.`, `netG.`. Only tensors are read, nothing is run. The discriminator is not taken over: the tutorial's
    ends in a sigmoid, and checkpoints rarely hold it. Raises ModelError.
    """
    try:
        config, weights = _generator(_tensors(Path(file)))
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror or why(error)}") from None
    except ValueError as error:
        raise ModelError(f"{file} {error}") from None
    generator = new_generator(config)
    counters = {name: value for name, value in generator.state_dict().items() if name.endswith(COUNTER)}
    generator.load_state_dict(counters | weights)
    return FacePipeline(config, generator)


def _tensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors in a file by their dotted names. Raises ValueError, OSError."""
    if not path.exists():
        raise ValueError("does not exist")
    with path.open("rb") as file:
        start = file.read(START_BYTES)
    try:
        if start.endswith(b"{"):
            return load_file(path)
        return dict(_flat(torch.load(path, map_location="cpu", weights_only=True)))
    except Exception:  # torch and safetensors raise many, by what is damaged or more than tensors
        raise ValueError(f"is no file of tensors alone, or a damaged one; {NEEDED}") from None


def _flat(tree: Any, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """List the tensors in dictionaries of dictionaries by dotted names."""
    for name, value in tree.items() if isinstance(tree, Mapping) else ():
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        else:
            yield from _flat(value, f"{prefix}{name}.")


def _generator(tensors: Mapping[str, Tensor]) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Find a generator among the tensors: its configuration and its state, float32. Raises ValueError."""
    networks: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        match = re.fullmatch(r"(.*\.)?(\d+\.\w+)", name)
        if match and not name.endswith(COUNTER):
            networks.setdefault(match[1] or "", {})[f"main.{match[2]}"] = value
    errors = []
    for network in networks.values():
        first, last = (network.get(f"main.{place}.weight", torch.empty(0)) for place in (0, 12))
        if first.ndim == last.ndim == 4:
            try:
                config = ModelConfig(latent_dim=first.shape[0], width=last.shape[0])
                return config, _checked(network, config)
            except ValueError as error:
                errors.append(f"is not {LAYOUT}: {error}")
    names = f", such as {echo(next(iter(tensors)))}" if tensors else ""
    raise ValueError(errors[0] if errors else f"holds {len(tensors)} tensors{names}, and not {LAYOUT}; {NEEDED}")


def _checked(network: Mapping[str, Tensor], config: ModelConfig) -> dict[str, Tensor]:
    """Return the network in float32. Raises ValueError unless it is the configuration's generator, all of it."""
    with torch.device("meta"):
        state = new_generator(config).state_dict()
    wanted = {name: tuple(value.shape) for name, value in state.items() if not name.endswith(COUNTER)}
    for name in [*wanted, *network]:
        found = tuple(network[name].shape) if name in network else "missing"
        if found != wanted.get(name):
            raise ValueError(f"{name} is {found}; {wanted.get(name, 'no such tensor')} is needed")
        value = network[name]
        if not value.is_floating_point() or not bool(value.to_dense().isfinite().all()):
            raise ValueError(f"{name} holds values that are no finite floating-point numbers")
    return {name: value.detach().to_dense().float() for name, value in network.items()}
