"""The search for a photograph's face."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from ui.errors import failing_in
from ui.faces.current import Current
from ui.html import figures
from ui.reports import Report
from ui.wiring import CHOSEN_FILE, FACES, Updates, Values


class PhotographPanel:
    """What the search shows; found: the event that ends it with the face."""

    def __init__(self, now: Current, button: gr.UploadButton) -> None:
        self._now, self._button = now, button
        self.status = gr.HTML(elem_id="photo-status", visible=False)
        self.pictures = gr.HTML(elem_id="photo-pictures", visible=False)
        outputs = [self.status, self.pictures, now.face]
        self.found = button.upload(self._find, {button, now.model}, outputs, **FACES, **CHOSEN_FILE)

    def _find(self, values: Values) -> Iterator[Any]:
        reading = gr.HTML(Report("Reading the photograph", 0).html(), visible=True)
        yield {self.status: reading, self.pictures: gr.HTML(visible=False)}
        yield from failing_in(self.status, self._found(values))

    def _found(self, values: Values) -> Iterator[Updates]:
        for step in self._now.handlers.find(values[self._button], values[self._now.model]):
            both = figures([(step.wanted, "Your photograph"), (step.found, "The face found")], ["\u2192"])
            updates: Updates = {self.status: step.report.html(), self.pictures: gr.HTML(both, visible=True)}
            yield updates | ({self._now.face: step.face} if step.face else {})
