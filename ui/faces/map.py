"""All faces between A, B and C at a glance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from ui.faces.current import Current, announced
from ui.faces.handlers import MAP_SIDE, Face
from ui.reports import Report
from ui.wiring import PICTURES, QUIET, Updates, Values


class MapPanel:
    """drawn: the event after which there is a map; chosen: after which a face of the map is the edited one."""

    def __init__(self, now: Current) -> None:
        self._now = now
        gr.Markdown(
            "Keep three faces and see all between them: A top left, B top right, C bottom left. Click one to edit it."
        )
        button = gr.Button("Draw the map", variant="primary", elem_id="map-draw")
        self.status = gr.HTML(elem_id="map-status")
        self.gallery = gr.Gallery(
            show_label=False, label="Map", format="png", columns=MAP_SIDE, object_fit="contain", height="auto",
            allow_preview=False, buttons=[], elem_id="map", elem_classes="tiles",
        )  # fmt: skip
        self.corners = gr.JSON(visible=False, label="corners")  # of the map that is shown: pins may change after it
        self._inputs: set[Any] = {now.pins, now.model}
        self._outputs = [self.status, self.gallery, self.corners]
        self.drawn = button.click(self._draw, self._inputs, self._outputs, **PICTURES, **QUIET)
        chosen = [self.corners, now.model]
        self.chosen = self.gallery.select(self._choose, chosen, now.face, queue=False, **QUIET)

    def _choose(self, corners: Any, model: str, event: gr.SelectData) -> Face:
        return self._now.handlers.face_on_map(corners, event.index, model)

    def open_after(self, event: Any) -> Any:
        """Draws the map where a link wants it."""
        now = self._now
        return now.draw_linked(event, "map", lambda v: all(v[now.pins]), self._draw, self._inputs, self._outputs)

    @announced("Drawing the map")
    def _draw(self, values: Values) -> Iterator[Updates]:
        pins = values[self._now.pins]
        faces = self._now.handlers.draw_map(pins, values[self._now.model])
        yield {self.status: Report(f"{len(faces)} faces").html(), self.gallery: faces, self.corners: pins}
