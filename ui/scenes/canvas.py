"""Panels of uses that are given a picture, which is made on the page or loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr
from PIL import Image

from singan.uses.paint import main_colours
from ui.editor import editor, shown
from ui.scenes.beside import BesidePanel
from ui.scenes.compose import reduced
from ui.wiring import QUIET, Updates, Values

COLOURS = 8  # of the brush: the scene's main ones


class CanvasPanel(BesidePanel):
    """With a canvas on which something is painted or marked; a picture that is loaded counts instead."""

    CANVAS = "Mark with the brush; undo and eraser are beside it"
    WIDTHS = (1, 1)
    GIVEN = "picture"  # the option that is composed where nothing is loaded
    AFTER = "the result"

    def lay_out_canvas(self) -> None:
        self.canvas = editor(self.CANVAS, f"{self.name}-canvas")

    @property
    def inputs(self) -> set[Any]:
        return {*super().inputs, self.canvas}

    def photograph(self, values: Values) -> Image.Image:
        """The scene's, as what is composed on the page takes it. Raises ValueError."""
        return reduced(self.drawing.models.get(values[self.scene]).original)

    def complete(self, values: Values) -> bool:
        return bool(values[self.controls[self.GIVEN]])

    def asked(self, values: Values) -> Mapping[str, Any]:
        asked = dict(super().asked(values))
        return asked if asked[self.GIVEN] else asked | self.composed(values)

    def composed(self, values: Values) -> dict[str, Any]:
        """The options that are pictures, made of what is on the page. Raises ValueError."""
        raise NotImplementedError

    def before(self, use: Any, name: str) -> Image.Image:
        return getattr(use, self.GIVEN)  # type: ignore[no-any-return]


class PhotographPanel(CanvasPanel):
    """Whose canvas lies over the scene's photograph, from when its tab is first looked at."""

    GUIDE = 1.0  # how much of the photograph is seen

    def lay_out_canvas(self) -> None:
        super().lay_out_canvas()
        self.prepared = gr.Textbox(visible=False)  # the scene on the canvas

    def opens_with(self, tab: gr.Tab) -> None:
        asked: set[Any] = {self.scene, self.prepared}
        changed = [self.canvas, self.prepared]
        tab.select(self._prepare, asked, changed, **QUIET)
        self.scene.change(self._prepare_again, asked, changed, **QUIET)

    def _prepare_again(self, values: Values) -> Updates:
        return self._prepare(values) if values[self.prepared] else {self.prepared: gr.skip()}

    def _prepare(self, values: Values) -> Updates:
        name = values[self.scene]
        if not name or values[self.prepared] == name:
            return {self.prepared: gr.skip()}
        photograph = self.photograph(values)
        guide = Image.blend(Image.new("RGB", photograph.size, "white"), photograph, self.GUIDE)
        colours = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in main_colours(photograph, COLOURS)]
        return {self.canvas: shown(guide, colours), self.prepared: name}
