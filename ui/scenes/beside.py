"""A use that draws one picture, shown beside what was there before, with a slider between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from PIL import Image

from ui.controls import before_after
from ui.drawing import Result
from ui.scenes.panel import Panel
from ui.wiring import Updates


class BesidePanel(Panel):
    """That of a use of the photograph: beside it, plainly enlarged."""

    GALLERY = False
    BEFORE = "Plainly enlarged"
    AFTER = "by its own patches"

    def lay_out_results(self) -> list[Any]:
        self.slider = before_after(self.name, f"{self.BEFORE} | {self.AFTER}")
        return [self.slider, *super().lay_out_results()]

    def before(self, use: Any, name: str) -> Image.Image:
        """What was there before; it is stretched to the result's size."""
        return self.drawing.models.get(name).original

    def seen(self, result: Result, uses: Sequence[Any], name: str) -> Updates:
        with Image.open(result.shown[0]) as picture:
            size = picture.size
        before = self.before(uses[0], name).resize(size, Image.Resampling.LANCZOS)
        return {
            self.slider: gr.ImageSlider((before, result.shown[0]), visible=True),
            self.gallery: gr.Gallery(visible=False),
            **self.downloads.gives(result),
        }
