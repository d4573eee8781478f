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
from ui.wiring import QUIET, Updates, ready

DEVICES = {  # width / height
    "Phone 9:19.5": 9 / 19.5,
    "Story 9:16": 9 / 16,
    "Square 1:1": 1.0,
    "Tablet 4:3": 4 / 3,
    "Desktop 16:9": 16 / 9,
    "Ultrawide 21:9": 21 / 9,
    "Banner 3:1": 3.0,
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
        shape = gr.Radio([*DEVICES, CUSTOM], value=CUSTOM, label="Shape", elem_id="shape")
        with gr.Row():
            self.controls.lay_out("width", "height")
        self.controls["mode"] = _layout("retarget-mode")
        with gr.Accordion("Advanced", open=False):
            self.controls.lay_out("start_scale", "count")
        self.controls.lay_out("seed")
        width, height = self.controls["width"], self.controls["height"]
        self._sized = shape.input(self._shaped, [shape, self.scene], [width, height], queue=False, **QUIET)
        for side in (width, height):
            side.input(lambda: CUSTOM, None, shape, queue=False, **QUIET)

    def lay_out_results(self) -> list[Any]:
        self.compare = gr.ImageSlider(
            label="Plainly stretched | fitted", format="png", interactive=False, visible=False, elem_id="compare",
            buttons=["download", "fullscreen"],
        )  # fmt: skip
        return [self.compare, *super().lay_out_results()]

    def _shaped(self, shape: str, scene: str) -> Any:
        return gr.skip() if shape == CUSTOM else self.drawing.models.get(scene).size_of(DEVICES[shape])

    def shown(self, result: Result, uses: Sequence[Retarget], name: str) -> Updates:
        source = self.drawing.models.get(name).source
        stretched = source.resize(uses[0].size, Image.Resampling.LANCZOS)
        return {
            self.compare: gr.ImageSlider((stretched, result.files[0]), visible=True),
            self.gallery: gr.Gallery(result.files, visible=len(result.files) > 1),
            self.file: ready(result.archive),
        }


class DevicesPanel(Panel):
    """Retarget in the shapes of all DEVICES, each with the area of the trained picture. `layout`, in links, is the
    mode."""

    NAME = "devices"
    BUTTON = "Fit to all my devices"

    def lay_out_controls(self) -> None:
        gr.Markdown("The picture in the shape of every screen, each with the area of the trained one.")
        self.controls["mode"] = _layout("devices-mode")
        self.controls.lay_out("seed")

    def uses(self, asked: Mapping[str, Any], name: str) -> list[Retarget]:
        scene, known = self.drawing.models.get(name), options(Retarget)
        mode, seed = (known[key].checked(asked[key], served=True) for key in ("mode", "seed"))
        return [Retarget(scene.size_of(ratio), mode, seed=seed) for ratio in DEVICES.values()]

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
        return {"tab": "scenes", SCENE: name, "mode": self.name, "layout": use.mode, "seed": use.seed}

    @property
    def keys(self) -> set[str]:
        return {"layout", "seed"}

    def values_in(self, query: Query) -> dict[str, Any]:
        known = options(Retarget)
        mode = query.choice("layout", known["mode"].first, known["mode"].choices)
        return {"mode": mode, "seed": read_option(query, known["seed"])}
