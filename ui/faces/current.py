"""What the page shows of faces, as values that travel with its requests: the server keeps nothing of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from ui.errors import failing_in
from ui.faces.handlers import FaceHandlers
from ui.faces.link import Opened
from ui.faces.steps import Steps
from ui.reports import Report
from ui.wiring import QUIET, Updates, Values, where

Handler = Callable[[Any, Values], Iterator[Updates]]


class Current:
    """gallery: the link keys that draw the faces to choose from; face: the recipe of the edited one; pins: those of A,
    B and C, or None; view: which of the tools is open; steps: the faces that were edited; favourites: the tokens of
    those in the strip. They begin with what an empty link shows."""

    def __init__(self, handlers: FaceHandlers, origin: gr.Textbox, model: gr.Dropdown) -> None:
        self.handlers, self.origin, self.model = handlers, origin, model
        blank = Opened(model="")
        self.gallery = gr.JSON({}, visible=False, label="gallery")
        self.face = gr.JSON(blank.face, visible=False, label="face")
        self.pins = gr.JSON(blank.pins, visible=False, label="pins")
        self.steps = gr.JSON(Steps().plain(), visible=False, label="steps")
        self.favourites = gr.JSON([], visible=False, label="favourites")
        self.view = gr.Textbox(blank.view, visible=False, label="view")

    def draw_linked(
        self, event: Any, view: str, ready: Callable[[Values], bool], draw: Any, inputs: set[Any], outputs: list[Any]
    ) -> Any:
        """Draws after an event where a link has this view open, and what it draws is there."""

        def drawn(values: Values) -> Iterator[Any]:
            yield from draw(values) if ready(values) else [gr.skip()]

        return where(event.success, self.view, f"(view) => view === '{view}'")(drawn, inputs, outputs, **QUIET)

    def choice(self, model: str) -> str | None:
        """The model's name for links and code, None where there is only one."""
        return model if len(self.handlers.models.names) > 1 else None


def announced(begun: str) -> Callable[[Handler], Handler]:
    """For a panel's handler: says in its `status` at once that work has begun, as the device may be busy, and at the
    end why it failed."""

    def decorated(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def stream(self: Any, values: Values) -> Iterator[Updates]:
            yield {self.status: Report(begun).html()}
            yield from failing_in(self.status, handler(self, values))

        return stream

    return decorated
