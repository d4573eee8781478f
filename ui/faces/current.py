"""What the page shows of faces, as values that travel with its requests: the server keeps nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import gradio as gr

from ui.faces.handlers import FaceHandlers
from ui.faces.link import Opened
from ui.reports import Report
from ui.wiring import Updates


@dataclass(frozen=True)
class Current:
    """gallery: the link keys that draw the faces to choose from; face: the recipe of the edited one; pins: those of A,
    B and C, or None; view: which of the tools is open."""

    handlers: FaceHandlers
    origin: gr.Textbox
    model: gr.Dropdown
    gallery: gr.JSON
    face: gr.JSON
    pins: gr.JSON
    view: gr.Textbox

    @classmethod
    def at_first(cls, handlers: FaceHandlers, origin: gr.Textbox, model: gr.Dropdown) -> Current:
        """With components that hold what an empty link shows."""
        blank = Opened(model="")
        box = partial(gr.JSON, visible=False)
        gallery, face = box({}, label="gallery"), box(blank.face, label="face")
        view = gr.Textbox(blank.view, visible=False, label="view")
        return cls(handlers, origin, model, gallery, face, box(blank.pins, label="pins"), view)

    def choice(self, model: str) -> str | None:
        """The model's name for links and code, None where there is only one."""
        return model if len(self.handlers.models.names) > 1 else None


def announced(status: gr.HTML, begun: str, updates: Iterator[Updates]) -> Iterator[Updates]:
    """Says at once that work has begun, as the device may be busy, and at the end why it failed."""
    yield {status: Report(begun).html()}
    try:
        yield from updates
    except ValueError as error:
        yield {status: Report(f"Nothing came of it: {error}").html()}
        raise
