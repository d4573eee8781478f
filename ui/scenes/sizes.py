"""Panels for other sizes: fitted to a device or to pixels, and to all devices at once."""

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from darkroom.uses import options
from singan.prints import CONTINUED, CROPPED
from singan.uses import Retarget
from singan.uses.retarget import MODES
from ui.drawing import Result
from ui.links import Query, read_option
from ui.scenes.panel import BeforeAfterPanel, Pictures, beside
from ui.wiring import QUIET, Updates, Values

DEVICES = {  # width / height, and such a screen's own pixels
    "Phone 9:19.5": (9 / 19.5, (1170, 2532)),
    "Story 9:16": (9 / 16, (1080, 1920)),
    "Square 1:1": (1.0, (1080, 1080)),
    "Tablet 4:3": (4 / 3, (2048, 1536)),
    "Desktop 16:9": (16 / 9, (2560, 1440)),
    "Ultrawide 21:9": (21 / 9, (3440, 1440)),
    "Banner 3:1": (3.0, (1500, 500)),
}
CUSTOM = "Pixels"
REMARKS = {CROPPED: "cropped", CONTINUED: "continued", "detail is invented": "enlarged"}  # by a note, in captions


class FittedPanel(BeforeAfterPanel):
    """Show a picture of another size beside what plain stretching or cropping makes of the photograph."""

    before, after = "The photograph", "fitted"

    def lay_out_mode(self) -> None:
        words = ("Keep subjects whole", "Keep the layout", "Rearrange")
        choices, first = list(zip(words, MODES, strict=True)), options(Retarget)["mode"].first
        self.controls["mode"] = gr.Radio(choices, value=first, label="Mode", elem_id=f"{self.name}-mode")

    def lay_out_slider(self) -> list[Any]:
        choices = [("Plainly stretched", "stretched"), ("Cropped", "cropped")]
        elem_id = f"{self.name}-plain"
        self.plain = gr.Radio(choices, value="stretched", label="Beside", elem_id=elem_id, visible=False)
        slider = super().lay_out_slider()
        self.plain.input(self._compare_again, {self.plain, self.slider, self.scene}, [self.slider], **QUIET)
        return [self.plain, *slider]

    def on_result(self, result: Result, uses: Sequence[Retarget], name: str) -> Updates:
        return super().on_result(result, uses, name) | {self.plain: gr.Radio(value="stretched", visible=True)}

    def _compare_again(self, values: Values) -> Updates:
        if not values[self.slider] or not values[self.slider][1]:
            return {self.slider: gr.skip()}
        original = self.drawing.models.get(values[self.scene]).original
        return {self.slider: beside(original, values[self.slider][1], values[self.plain] == "cropped")}


class RetargetPanel(FittedPanel):
    """Fit the scene to a device's shape or to pixels."""

    use, name, title, action = Retarget, "retarget", "Other sizes", "Fit to size"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.runs = dict.fromkeys(MODES, self.run)
        self.run_after(self._resized.then, trigger_mode="multiple")  # while the last is drawn, too

    def lay_out_controls(self) -> None:
        self._shape = gr.Radio([*DEVICES, CUSTOM], value=CUSTOM, label="Shape", elem_id="shape")
        with gr.Row():
            self.controls.lay_out("width", "height")
        self.lay_out_mode()
        with gr.Accordion("Advanced", open=False):
            self.controls.lay_out("start_scale", "count")
        self.controls["mode"].change(
            lambda mode: gr.Number(value=None, interactive=False) if mode == "fit" else gr.Number(interactive=True),
            self.controls["mode"], self.controls["start_scale"], queue=False, **QUIET,
        )  # fmt: skip
        self.controls.lay_out("enlarge", "seed")
        self._sides, enlarge = [self.controls["width"], self.controls["height"]], self.controls["enlarge"]
        events, inputs = [self._shape.input, enlarge.input], {self._shape, self.scene, enlarge}
        self._resized = gr.on(events, self._resize, inputs, self._sides, queue=False, **QUIET)
        gr.on([side.input for side in self._sides], lambda: CUSTOM, None, self._shape, queue=False, **QUIET)

    def _resize(self, values: Values) -> Any:
        if values[self._shape] == CUSTOM:
            return gr.skip()
        ratio, screen = DEVICES[values[self._shape]]
        large = values[self.controls["enlarge"]]
        size = screen if large else self.drawing.models.get(values[self.scene]).size_of(ratio)
        return dict(zip(self._sides, size, strict=True))


class DevicesPanel(FittedPanel):
    """Fit the scene to all DEVICES, each with the area of the trained picture or, enlarged, with its screen's pixels;
    its mode has the key `layout` in links."""

    use, name, title, action = Retarget, "devices", "All my devices", "Fit to all my devices"

    def lay_out_controls(self) -> None:
        gr.Markdown("The photograph in the shape of every screen, at its pixels or with the trained picture's area.")
        self.lay_out_mode()
        self.controls.lay_out("enlarge", "seed")

    def lay_out_results(self) -> list[Any]:
        self.pictures = Pictures(self.name)
        gallery, slider = self.pictures.gallery, self.lay_out_slider()
        gallery.select(self._compare, {gallery, self.scene}, slider, **QUIET)
        return [*self.pictures.components, *slider]

    def uses(self, values: Values) -> list[Retarget]:
        scene = self.drawing.models.get(values[self.scene])
        asked = self.controls.plain(values)
        sizes = [screen if asked["enlarge"] else scene.size_of(ratio) for ratio, screen in DEVICES.values()]
        return [
            Retarget.served({"start_scale": None, "count": 1, "width": width, "height": height, **asked})
            for width, height in sizes
        ]

    def draw(self, uses: Sequence[Retarget], name: str) -> Iterator[Result]:
        sized = zip(DEVICES, uses, strict=True)
        stems = [f"{device.split()[0].lower()}_{use.size[0]}x{use.size[1]}" for device, use in sized]
        return self.drawing.draw_all(uses, self.drawing.models.get(name), name, [f"{name}_{uses[0].mode}", *stems])

    def on_result(self, result: Result, uses: Sequence[Retarget], name: str) -> Updates:
        scene, captions = self.drawing.models.get(name), list[str]()
        for device, use in zip(DEVICES, uses, strict=True):
            note = use.note(scene) or ""
            captions += [device + next((f" ({word})" for said, word in REMARKS.items() if said in note), "")]
        phone = super().on_result(result, uses, name) if result.files else {}
        return phone | self.pictures.show(result, captions)

    def _compare(self, values: Values, chosen: gr.SelectData) -> Updates:
        file, _ = values[self.pictures.gallery][chosen.index]
        original = self.drawing.models.get(values[self.scene]).original
        return {self.slider: beside(original, file), self.plain: gr.Radio(value="stretched", visible=True)}

    def link(self, use: Retarget, name: str) -> dict[str, Any]:
        asked = {"layout": use.mode, "seed": use.seed, "enlarge": use.enlarge}
        return {"tab": "scenes", "scene": name, "mode": self.name, **asked}

    def read(self, query: Query) -> Updates:
        known = options(Retarget)
        mode = query.choice("layout", known["mode"].first, MODES)
        others = {key: read_option(query, known[key]) for key in ("enlarge", "seed")}
        return self.controls.showing({"mode": mode, **others})
