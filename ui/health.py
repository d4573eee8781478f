"""What /health answers."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

from darkroom.memory import memory_mb
from ui.device import Device
from ui.events import Page
from ui.scenes.line import Line

PACKAGES = ("gradio", "torch", "pillow", "huggingface-hub", "numpy")
VERSIONS = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}


def health_of(page: Page, device: str, trainings: Line, turns: Device, notes: list[str]) -> dict[str, Any]:
    """Plain values; queues: how many wait, for Gradio to begin with them and for the device."""
    return {
        "status": "ok",
        "device": device,
        "trainings": trainings.running,
        "queues": {"trainings": trainings.waiting, "events": page.queued, "device": turns.waiting},
        "memory_mb": memory_mb(),
        "versions": VERSIONS,
        "notes": notes,
    }
