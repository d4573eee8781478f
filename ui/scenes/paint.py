"""Paint to image on the page: painted over the faint photograph, or a drawing that is loaded."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ui.scenes.canvas import PhotographPanel
from ui.scenes.compose import painted
from ui.wiring import Values

STAYS, SPREAD = "stays the photograph", "takes the colours nearby"


class PaintPanel(PhotographPanel):
    """That of Paint."""

    BUTTON = "Make it a picture"
    CANVAS = "Paint with the scene's colours; undo and eraser are beside the brush"
    GUIDE = 0.35
    BEFORE = "Your drawing"
    GIVEN = "drawing"
    WORDS = {1: "loosely", 2: "closely", 3: "very closely"}

    def lay_out_controls(self) -> None:
        self.lay_out_canvas()
        self.rest = gr.Radio([STAYS, SPREAD], value=STAYS, label="What is not painted", elem_id="paint-rest")
        with gr.Accordion("Or load a drawing", open=False):
            self.controls.lay_out("drawing")
        words = self.lay_out_strength("How closely to follow the drawing")
        self.controls.lay_out("enlarge")
        with gr.Accordion("Advanced", open=False):
            self.lay_out_start_scale(words)
            self.controls.lay_out("quantize", "seed")

    @property
    def inputs(self) -> set[Any]:
        return {*super().inputs, self.rest}

    def composed(self, values: Values) -> dict[str, Any]:
        under = self.photograph(values) if values[self.rest] == STAYS else None
        return {"drawing": painted(values[self.canvas], under)}
