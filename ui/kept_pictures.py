"""Keep pictures that visitors gave to a use, by name, so that a link can show what came of them.

They lie in Gradio's cache, which is cleared of what was not used for long; their names cannot be guessed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import gradio as gr
from gradio.processing_utils import save_pil_to_cache
from PIL import Image

from darkroom.checks import echo
from darkroom.pictures import open_picture


def keep(picture: Image.Image, component: gr.Component) -> str:
    """Keep a picture among a component's files, and return its name; the same one has the same name."""
    file = save_pil_to_cache(picture, component.GRADIO_CACHE, format="png")
    component.temp_files.add(file)
    return Path(file).parent.name


def kept_by(component: gr.Component) -> Callable[[str], Image.Image]:
    """Return a function from the name of a picture that was kept to the picture, which raises ValueError."""

    def kept(name: str) -> Image.Image:
        file = Path(component.GRADIO_CACHE) / name / "image.png"
        if not re.fullmatch("[0-9a-f]{64}", name) or not file.exists():
            raise ValueError(f"there is no picture {echo(name)} (any more)")
        os.utime(file)  # It was used.
        return open_picture(file)

    return kept
