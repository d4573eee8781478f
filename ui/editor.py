"""Where visitors draw: a canvas over a picture, with a brush in the colours that are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from PIL import Image

from ui.gradio_patches import Canvas

SIDE = 640  # px, longer side


def editor(label: str, name: str) -> Canvas:
    """A canvas; its value is what was painted, RGBA, or None."""
    return Canvas(
        label=label, type="pil", image_mode="RGBA", sources=(), transforms=(), layers=False, height=460,
        canvas_size=(SIDE, SIDE), brush=_brush(["#ff8800"]), elem_id=name, buttons=["fullscreen"],
    )  # fmt: skip


def shown(picture: Image.Image, colours: Sequence[str]) -> gr.ImageEditor:
    """An update: an empty canvas over a picture, with colours, #rrggbb, to choose from."""
    picture = picture.copy()
    picture.thumbnail((SIDE, SIDE))
    value: Any = {"background": picture, "layers": [], "composite": picture}
    return gr.ImageEditor(value, canvas_size=picture.size, brush=_brush(colours))


def _brush(colours: Sequence[str]) -> gr.Brush:
    return gr.Brush(default_size=24, colors=list(colours), color_mode="defaults")
