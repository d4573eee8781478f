"""Find the face of a photograph: show where it is, to correct, and search the model's nearest face."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import gradio as gr

from dcgan.alignment import FRAME_RANGES, Frame
from ui.errors import failing_in
from ui.faces.handlers import LOOKING
from ui.faces.state import Current
from ui.html import figures
from ui.reports import Report
from ui.wiring import CHOSEN_FILE, FACES, QUIET, Updates, Values

SLIDERS = {"x": ("Across", 3), "y": ("Down", 3), "size": ("Size", 3), "turn": ("Turn, degrees", 0)}  # label, decimals
ASK = (
    "No face was found in this photograph. Put the frame around one, or look for the nearest all the same; "
    "until then the face that you edit stays."
)


class PhotographPanel:
    """Lay out a photograph with its frame, and the nearest face. found: the events after which that is the edited one,
    where there is one."""

    def __init__(self, now: Current, upload: gr.UploadButton) -> None:
        self._now, self._upload = now, upload
        self._status = gr.HTML(elem_id="photo-status", visible=False)
        with gr.Column(visible=False, elem_id="photo") as self._panel:
            with gr.Row(equal_height=False):
                self._outlined = gr.HTML(elem_id="photo-frame")
                self._pictures = gr.HTML(elem_id="photo-pictures")
            with gr.Row(elem_classes="sliders"):
                self._sliders = {
                    name: gr.Slider(*FRAME_RANGES[name], step=10**-decimals, label=label, elem_id=f"photo-{name}")
                    for name, (label, decimals) in SLIDERS.items()
                }
            look = gr.Button("Look for the nearest face in the frame", size="sm", elem_id="photo-look")
        sliders = self._sliders.values()
        inputs: set[Any] = {upload, now.model, *sliders}
        results = [self._status, self._pictures, now.face]
        outputs = [*results, self._panel, self._outlined, *sliders]
        self.found = [
            upload.upload(self._open, {upload, now.model}, outputs, **FACES, **CHOSEN_FILE),
            look.click(self._look, inputs, results, **FACES, **QUIET),
        ]
        moved = [event for slider in sliders for event in (slider.input, slider.release)]
        gr.on(moved, self._outline, inputs, self._outlined, trigger_mode="always_last", **FACES, **QUIET)

    def _open(self, values: Values) -> Iterator[Updates]:
        reading = Report("Reading the photograph", 0).html()
        yield {self._status: gr.HTML(reading, visible=True), self._panel: gr.Column(visible=False)}
        yield from failing_in(self._status, self._opened(values))

    def _opened(self, values: Values) -> Iterator[Updates]:
        """Show where the face is, and search; where there is none, ask."""
        photograph = values[self._upload]
        found = self._now.handlers.frame(photograph)
        frame = Frame(**{name: round(value, SLIDERS[name][1]) for name, value in asdict(found or Frame()).items()})
        yield {
            self._status: (Report(LOOKING, 0) if found else Report(ASK)).html(),
            self._pictures: "",
            self._panel: gr.Column(visible=True),
            self._outlined: self._frame_html(photograph, frame),
            **{self._sliders[name]: value for name, value in asdict(frame).items()},
        }
        if found:
            yield from self._searched(values, frame)

    def _look(self, values: Values) -> Iterator[Updates]:
        yield from failing_in(self._status, self._searched(values, self._frame(values)))

    def _searched(self, values: Values, frame: Frame) -> Iterator[Updates]:
        for step in self._now.handlers.find(values[self._upload], values[self._now.model], frame):
            both = figures([(step.wanted, "In the frame"), (step.found, "The face found")], ["\u2192"])
            updates: Updates = {self._status: step.report.html(), self._pictures: both}
            yield updates | ({self._now.face: step.face} if step.face else {})

    def _frame(self, values: Values) -> Frame:
        return Frame(**{name: values[slider] for name, slider in self._sliders.items()})

    def _outline(self, values: Values) -> str:
        return self._frame_html(values[self._upload], self._frame(values))

    def _frame_html(self, photograph: str, frame: Frame) -> str:
        return figures([(self._now.handlers.outlined(photograph, frame), "Your photograph")], [])
