"""A picture beside what plain stretching or cropping makes of the photograph, with a slider between."""

from __future__ import annotations

import gradio as gr
from PIL import Image, ImageOps

from singan import ScenePipeline
from ui.controls import before_after
from ui.drawing import Models
from ui.wiring import QUIET, Updates, Values

PLAIN = {"stretched": "Plainly stretched", "cropped": "Cropped"}


class Comparison:
    """The slider, and the choice of what it compares with."""

    def __init__(self, name: str, models: Models, scene: gr.Dropdown) -> None:
        self.models, self.scene = models, scene
        choices = [(text, plain) for plain, text in PLAIN.items()]
        self.plain = gr.Radio(choices, value="stretched", label="Beside", elem_id=f"{name}-plain", visible=False)
        self.slider = before_after(name, "The photograph | fitted")
        self.components = [self.plain, self.slider]
        self.plain.input(self._again, {self.plain, self.slider, scene}, [self.slider], **QUIET)

    def shows(self, file: str, name: str, plain: str) -> Updates:
        """A picture of a scene."""
        with Image.open(file) as picture:
            size = picture.size
        beside = plainly(self.models.get(name), size, plain)
        return {self.plain: gr.Radio(visible=True), self.slider: gr.ImageSlider((beside, file), visible=True)}

    def hidden(self) -> Updates:
        return {self.plain: gr.Radio(visible=False), self.slider: gr.ImageSlider(None, visible=False)}

    def _again(self, values: Values) -> Updates:
        both = values[self.slider]
        if not both or not both[1]:
            return {self.slider: gr.skip()}
        return {self.slider: self.shows(both[1], values[self.scene], values[self.plain])[self.slider]}


def plainly(scene: ScenePipeline, size: tuple[int, int], plain: str) -> Image.Image:
    """The scene's photograph at this size, by one of PLAIN."""
    if plain == "cropped":
        return ImageOps.fit(scene.original, size, Image.Resampling.LANCZOS)
    return scene.original.resize(size, Image.Resampling.LANCZOS)
