"""Editing on the page: what is marked with the brush is painted over, removed, moved or copied."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ui.scenes.canvas import PhotographPanel
from ui.scenes.compose import marked, moved, painted, removed
from ui.wiring import Values

HELD = 4  # start scale of what was moved or copied: at 3 a tree becomes a bush
OVER, REMOVE, MOVE, COPY = "Paint over", "Remove", "Move", "Copy"


class EditPanel(PhotographPanel):
    """That of Edit."""

    BUTTON = "Let it grow in"
    BEFORE = "As changed"

    def lay_out_controls(self) -> None:
        self.lay_out_canvas()
        self.doing = gr.Radio([OVER, REMOVE, MOVE, COPY], value=OVER, label="What is marked", elem_id="edit-doing")
        with gr.Row(visible=False) as self.offsets:
            self.right = gr.Slider(-100, 100, 25, step=1, label="To the right, % of the width", elem_id="edit-right")
            self.down = gr.Slider(-100, 100, 0, step=1, label="Down, % of the height", elem_id="edit-down")
        self.doing.change(
            lambda doing: gr.Row(visible=doing in (MOVE, COPY)), self.doing, self.offsets, queue=False,
            api_visibility="private",
        )  # fmt: skip
        with gr.Accordion("Or load a changed picture", open=False), gr.Row():
            self.controls.lay_out("picture", "mask")
        self.controls.lay_out("enlarge")
        with gr.Accordion("Advanced", open=False):
            self.controls.lay_out("start_scale", "seed")

    @property
    def inputs(self) -> set[Any]:
        return {*super().inputs, self.doing, self.right, self.down}

    def composed(self, values: Values) -> dict[str, Any]:
        layer, doing, picture = values[self.canvas], values[self.doing], self.photograph(values)
        if layer is None or not marked(layer).getbbox():
            raise ValueError("nothing is marked yet: mark with the brush what is to change, or load a changed picture")
        layer = layer.resize(picture.size)
        mask = marked(layer)
        if doing == OVER:
            return {"picture": painted(layer, picture), "mask": mask}
        if doing == REMOVE:
            return {"picture": removed(picture, mask), "mask": mask}
        right, down = values[self.right] / 100, values[self.down] / 100
        changed, there = moved(picture, mask, right, down, doing == COPY)
        return {"picture": changed, "mask": there, "start_scale": self._held(values)}

    def _held(self, values: Values) -> int:
        """The start scale at which a part that was moved is still that part."""
        scene, start = self.drawing.models.get(values[self.scene]), values[self.controls["start_scale"]]
        last = scene.last_scale if values[self.controls["enlarge"]] else scene.scales - 1
        return int(start or max(1, min(HELD, last)))
