"""Pictures as files, each written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from darkroom.files import atomic


def save_png(image: Image.Image, path: Path) -> None:
    """One picture as PNG."""
    with atomic(path) as part:
        image.save(part, format="PNG")
