"""Harmonization on the page: a cutout is placed on the photograph, or a picture with something pasted is loaded."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image, ImageChops

from darkroom.pictures import open_cutout
from ui.editor import shown
from ui.gradio_patches import picture_file
from ui.scenes.canvas import CanvasPanel
from ui.scenes.compose import marked, pasted
from ui.wiring import CHOSEN_FILE, QUIET, Updates, Values

GREEN = "#00ff66"  # of marks: seen on most things


class HarmonizePanel(CanvasPanel):
    """That of Harmonize; its canvas lies over the cutout: what is marked there, if anything is, is pasted alone."""

    BUTTON = "Harmonize"
    CANVAS = "If its background is not clear, mark with the brush what is to be pasted"
    BEFORE = "As pasted"

    def lay_out_controls(self) -> None:
        self.cutout = picture_file(
            label="What to paste", sources=["upload", "clipboard"], height=180, elem_id="harmonize-cutout"
        )
        with gr.Accordion("Cut it out", open=False):
            self.lay_out_canvas()
        with gr.Row():
            self.across = gr.Slider(0, 100, 50, step=1, label="Across, %", elem_id="harmonize-across")
            self.down = gr.Slider(0, 100, 60, step=1, label="Down, %", elem_id="harmonize-down")
            self.width = gr.Slider(2, 100, 30, step=1, label="Width, %", elem_id="harmonize-width")
        self.placed = gr.Image(
            label="As pasted", interactive=False, format="jpeg", height=300, visible=False, elem_id="harmonize-placed"
        )
        with gr.Accordion("Or load a picture with something pasted", open=False), gr.Row():
            self.controls.lay_out("picture", "mask")
        self.controls.lay_out("enlarge")
        with gr.Accordion("Advanced", open=False):
            self.controls.lay_out("start_scale", "seed")

    def opens_with(self, tab: gr.Tab) -> None:
        self.cutout.change(self._on_canvas, {self.cutout}, [self.canvas], **CHOSEN_FILE)
        places: list[Any] = [self.cutout, self.across, self.down, self.width]
        gr.on(
            [it.change for it in places], self._place, {*places, self.canvas, self.scene}, [self.placed],
            trigger_mode="always_last", **QUIET,
        )  # fmt: skip

    @property
    def inputs(self) -> set[Any]:
        return {*super().inputs, self.cutout, self.across, self.down, self.width}

    def _on_canvas(self, values: Values) -> Updates:
        if not values[self.cutout]:
            return {self.canvas: gr.ImageEditor(None)}
        cutout = open_cutout(values[self.cutout])
        return {self.canvas: shown(Image.alpha_composite(Image.new("RGBA", cutout.size, "white"), cutout), [GREEN])}

    def _place(self, values: Values) -> Updates:
        if not values[self.cutout] or not values[self.scene]:
            return {self.placed: gr.Image(visible=False)}
        return {self.placed: gr.Image(self.composed(values)["picture"], visible=True)}

    def composed(self, values: Values) -> dict[str, Any]:
        if not values[self.cutout]:
            raise ValueError("there is nothing to paste yet: choose a picture of it, best with a clear background")
        cutout, layer = open_cutout(values[self.cutout]), values[self.canvas]
        if layer is not None and (mask := marked(layer)).getbbox():
            kept = mask.resize(cutout.size, Image.Resampling.BILINEAR)
            cutout.putalpha(ImageChops.darker(cutout.getchannel("A"), kept))
        across, down, width = (values[it] / 100 for it in (self.across, self.down, self.width))
        picture, mask = pasted(self.photograph(values), cutout, across, down, width)
        return {"picture": picture, "mask": mask}
