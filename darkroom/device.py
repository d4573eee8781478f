"""Where networks run, and in which number format."""

from __future__ import annotations

import torch


def pick_device(device: str | torch.device = "auto") -> torch.device:
    """The accelerator if there is one, else the CPU, for "auto"; the named device otherwise. Raises ValueError."""
    if device != "auto":
        try:
            return torch.empty(0, device=device).device
        except (RuntimeError, AssertionError) as error:  # torch raises either, by the kind of device
            raise ValueError(
                f"device is {str(device)!r}; allowed are auto, cpu and what this machine has: {error}"
            ) from None
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def fast_format(device: torch.device) -> torch.dtype:
    """bfloat16 where the device multiplies it natively, else float32.

    Measured on 2 cores with AVX512-BF16: a training step of a scene takes 0.62 of float32's time, one of faces 0.62.
    """
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        native = capabilities.get("avx512_bf16", False) or capabilities.get("amx_bf16", False)
    else:
        native = getattr(torch.get_device_module(device), "is_bf16_supported", lambda **_: False)(
            including_emulation=False
        )
    return torch.bfloat16 if native else torch.float32
