"""Devices, number formats and modes of networks, and memory."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from torch import nn

from darkroom.checks import echo

M_ARENA_MAX = -8  # parameter of glibc's mallopt
MAX_ALLOCATOR_ARENAS = 2


def pick_device(device: str | torch.device = "auto") -> torch.device:
    """Return the named device; for "auto" the accelerator if there is one, else the CPU. Raises ValueError."""
    best = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    if device == "auto":
        return best
    with suppress(Exception):  # torch raises many, by the kind of device, and says much that does not help
        chosen = torch.empty(0, device=device).device
        if chosen.type != "meta":  # which has shapes and no values
            return chosen
    here = " and ".join(dict.fromkeys(("cpu", best.type)))
    raise ValueError(f"device is {echo(str(device))}; allowed are auto and what this machine has: {here}")


def fast_format(device: torch.device) -> torch.dtype:
    """Return bfloat16 where the device multiplies it natively, in 0.62 of the time on 2 cores, else float32."""
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        native = capabilities.get("avx512_bf16", False) or capabilities.get("amx_bf16", False)
    else:
        native = getattr(torch.get_device_module(device), "is_bf16_supported", lambda **_: False)(
            including_emulation=False
        )
    return torch.bfloat16 if native else torch.float32


@contextmanager
def evaluation(network: nn.Module) -> Iterator[None]:
    """Put the network in evaluation mode for the block, and back as it was after it."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread in the block or function, for small networks, which hardly gain from two.

    Where another process has a core, two threads that wait for each other take up to ten times as long; and sums come
    out the same, whatever number of cores a machine has.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def memory_mb() -> int | None:
    """Return the resident memory of this process, MB; None where the system does not tell."""
    with suppress(OSError):
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) // 1000 for line in lines if line.startswith("VmRSS"))
    return None


def give_back() -> None:
    """Give the system back what the allocator holds of freed memory; some milliseconds. Only glibc's does so."""
    _allocator("malloc_trim", 0)


def bound_arenas() -> None:
    """Let threads share few of glibc's arenas, each of which keeps what it once held; call it before any starts."""
    _allocator("mallopt", M_ARENA_MAX, MAX_ALLOCATOR_ARENAS)


def _allocator(function: str, *arguments: int) -> None:
    """Call a function of glibc's allocator; elsewhere do nothing."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), function):
        getattr(library, function)(*arguments)


@contextmanager
def enough_memory_or(error: Exception) -> Iterator[None]:
    """Raise this error, which says what would fit, where there is not enough memory for the block."""
    try:
        yield
    except (MemoryError, RuntimeError) as raised:
        if not out_of_memory(raised):
            raise
        raise error from None


def out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that the device's or the machine's memory was not enough."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    words = ("can't allocate memory", "not enough memory")  # torch's allocator on a CPU, by the system
    return isinstance(error, RuntimeError) and any(said in str(error) for said in words)
