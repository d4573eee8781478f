"""Other sizes on the page: one in a device's shape or in pixels, or all devices' at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.uses import options
from singan.uses import Retarget
from ui.drawing import Result
from ui.links import Query, read_option
from ui.reports import passing_folder
from ui.scenes.panel import SCENE, Panel
from ui.wiring import QUIET, Updates, Values, ready

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
LAYOUTS = {"keep": "Keep the layout", "rearrange": "Rearrange"}


def _layout(name: str) -> gr.Radio:
    return gr.Radio([(text, mode) for mode, text in LAYOUTS.items()], value="keep", label="Mode", elem_id=name)


class RetargetPanel(Panel):
    """That of Retarget: in a device's shape or in pixels, beside plain stretching."""

    BUTTON = "Fit to size"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.draw_after(self._sized.then)

    def lay_out_controls(self) -> None:
        self._shape = shape = gr.Radio([*DEVICES, CUSTOM], value=CUSTOM, label="Shape", elem_id="shape")
        with gr.Row():
            self.controls.lay_out("width", "height")
        self.controls["mode"] = _layout("retarget-mode")
        with gr.Accordion("Advanced", open=False):
            self.controls.lay_out("start_scale", "count")
        self.controls.lay_out("enlarge", "seed")
        width, height = self.controls["width"], self.controls["height"]
        events, asked = [shape.input, self.controls["enlarge"].input], {shape, self.scene, self.controls["enlarge"]}
        self._sized = gr.on(events, self._shaped, asked, [width, height], queue=False, **QUIET)
        for side in (width, height):
            side.input(lambda: CUSTOM, None, shape, queue=False, **QUIET)

    def lay_out_results(self) -> list[Any]:
        self.compare = gr.ImageSlider(
            label="Plainly stretched | fitted", format="png", interactive=False, visible=False, elem_id="compare",
            buttons=["download", "fullscreen"],
        )  # fmt: skip
        return [self.compare, *super().lay_out_results()]

    def _shaped(self, values: Values) -> Any:
        if values[self._shape] == CUSTOM:
            return gr.skip()
        (ratio, screen), scene = DEVICES[values[self._shape]], self.drawing.models.get(values[self.scene])
        sides = scene.fitting(screen) if values[self.controls["enlarge"]] else scene.size_of(ratio)
        return dict(zip((self.controls["width"], self.controls["height"]), sides, strict=True))

    def shown(self, result: Result, uses: Sequence[Retarget], name: str) -> Updates:
        scene = self.drawing.models.get(name)
        with Image.open(result.files[0]) as fitted:
            size = fitted.size
        stretched = (scene.original if uses[0].enlarge else scene.source).resize(size, Image.Resampling.LANCZOS)
        return {
            self.compare: gr.ImageSlider((stretched, result.files[0]), visible=True),
            self.gallery: gr.Gallery(result.files, visible=len(result.files) > 1),
            self.file: ready(result.archive),
        }


class DevicesPanel(Panel):
    """Retarget in the shapes of all DEVICES, each with the area of the trained picture or, enlarged, with its screen's
    own pixels. `layout`, in links, is the mode."""

    NAME = "devices"
    BUTTON = "Fit to all my devices"

    def lay_out_controls(self) -> None:
        gr.Markdown("The picture in the shape of every screen: with the area of the trained one, or its own pixels.")
        self.controls["mode"] = _layout("devices-mode")
        self.controls.lay_out("enlarge", "seed")

    def uses(self, asked: Mapping[str, Any], name: str) -> list[Retarget]:
        scene, known = self.drawing.models.get(name), options(Retarget)
        given = {key: known[key].checked(asked[key], served=True) for key in ("mode", "enlarge", "seed")}
        large = given["enlarge"]
        sizes = [scene.fitting(screen) if large else scene.size_of(ratio) for ratio, screen in DEVICES.values()]
        return [Retarget(size, **given) for size in sizes]

    def drawn(self, uses: Sequence[Retarget], name: str) -> Iterator[Result]:
        pictures = chain.from_iterable(use.draw(self.drawing.models.get(name)) for use in uses)
        with passing_folder() as folder:
            sized = zip(DEVICES, uses, strict=True)
            paths = [folder / f"{device.split()[0].lower()}_{use.size[0]}x{use.size[1]}.png" for device, use in sized]
            yield from self.drawing.draw_pictures(pictures, paths, folder / f"{name}_{uses[0].mode}.zip")

    def shown(self, result: Result, uses: Sequence[Retarget], name: str) -> Updates:
        sized = zip(DEVICES, uses, strict=True)
        captions = [f"{device} · {use.size[0]} × {use.size[1]}" for device, use in sized]
        return {self.gallery: list(zip(result.files, captions, strict=True)), self.file: ready(result.archive)}

    def link(self, use: Retarget, name: str) -> dict[str, Any]:
        return {
            "tab": "scenes",
            SCENE: name,
            "mode": self.name,
            "layout": use.mode,
            "seed": use.seed,
            "enlarge": use.enlarge,
        }

    @property
    def keys(self) -> set[str]:
        return {"layout", "seed", "enlarge"}

    def values_in(self, query: Query) -> dict[str, Any]:
        known = options(Retarget)
        mode = query.choice("layout", known["mode"].first, known["mode"].choices)
        return {"mode": mode, **{key: read_option(query, known[key]) for key in ("enlarge", "seed")}}
