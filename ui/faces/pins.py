"""The faces that are kept, A, B and C, and their sum."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from ui.faces.current import Current, announced
from ui.html import figures
from ui.reports import Report
from ui.wiring import FACES, QUIET, Updates, Values

NAMES = "ABC"  # of the kept faces
MINUS = "\u2212"


class PinBoard:
    """changed: the events after which the kept faces are others; combined: after which there is a new face, A - B + C;
    outputs: what `kept` and `empty` update."""

    def __init__(self, now: Current, portrait: gr.Image) -> None:
        self._now, self._portrait = now, portrait
        self._pictures: list[gr.Image] = []
        self._clears: list[gr.Button] = []
        self.changed: list[Any] = []
        gr.Markdown("## Kept faces\nKeep two for a morph, three for a map or a sum.", elem_classes="heading")
        with gr.Row(elem_classes="pins"):
            for i in range(len(NAMES)):
                with gr.Column(min_width=80):
                    self._pin(i)
        self.outputs = [now.pins, *self._pictures, *self._clears]
        button = gr.Button(f"A {MINUS} B + C", elem_id="combine", size="sm")
        self.status = gr.HTML(elem_id="combine-status")
        self.equation = gr.HTML(elem_id="equation")
        outputs = [self.status, self.equation, now.face]
        self.combined = button.click(self._combine, {now.pins, now.model}, outputs, **FACES, **QUIET)

    def kept(self, values: Values) -> Iterator[Updates]:
        """Pictures and buttons of the recipes in `pins`."""
        for paths in self._now.handlers.portraits(values[self._now.pins], values[self._now.model]):
            buttons = [gr.Button(interactive=path is not None) for path in paths]
            yield dict(zip(self._pictures, paths, strict=True)) | dict(zip(self._clears, buttons, strict=True))

    def empty(self) -> Updates:
        """No recipes, no pictures."""
        buttons = dict.fromkeys(self._clears, gr.Button(interactive=False))
        return {self._now.pins: [None] * len(NAMES), **dict.fromkeys(self._pictures), **buttons}

    def _pin(self, i: int) -> None:
        name, now = NAMES[i], self._now
        picture = gr.Image(
            label=name, type="filepath", format="png", interactive=False, height=110, buttons=[],
            elem_id=f"pin-{name.lower()}", alt_text=f"The face kept as {name}",
        )  # fmt: skip
        keep = gr.Button(f"Keep as {name}", elem_id=f"keep-{name.lower()}", size="sm", min_width=80)
        clear = gr.Button(f"Clear {name}", elem_id=f"clear-{name.lower()}", size="sm", interactive=False, min_width=80)
        self._pictures.append(picture)
        self._clears.append(clear)
        outputs = [now.pins, picture, clear]
        for button, keeps in ((keep, True), (clear, False)):
            inputs: set[Any] = {now.pins, now.face, self._portrait}
            self.changed.append(button.click(partial(self._put, i, keeps), inputs, outputs, queue=False, **QUIET))

    def _put(self, i: int, keeps: bool, values: Values) -> Updates:
        """The edited face, or none, in place i."""
        pins = values[self._now.pins]
        return {
            self._now.pins: [*pins[:i], values[self._now.face] if keeps else None, *pins[i + 1 :]],
            self._pictures[i]: values[self._portrait] if keeps else None,
            self._clears[i]: gr.Button(interactive=keeps),
        }

    @announced("Adding up")
    def _combine(self, values: Values) -> Iterator[Updates]:
        pictures, face = self._now.handlers.combine(values[self._now.pins], values[self._now.model])
        captioned = list(zip(pictures, [*NAMES, f"A {MINUS} B + C"], strict=True))
        yield {
            self.status: Report("The sum became the edited face; Undo brings back the one before.").html(),
            self.equation: figures(captioned, [MINUS, "+", "="]),
            self._now.face: face,
        }
