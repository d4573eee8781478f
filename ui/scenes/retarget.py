"""Other sizes on the page: one in a device's shape or in pixels, or all devices' at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from darkroom.uses import in_turn, options
from singan.prints import CROPPED
from singan.uses import Retarget
from ui.drawing import Result
from ui.links import Query, read_option
from ui.reports import passing_folder
from ui.scenes.comparison import Comparison
from ui.scenes.panel import SCENE, Panel, captioned
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
ENLARGED = "where the photograph lacks pixels, pictures are enlarged: their finest detail is invented"
TOO_LARGE = "the subject fills too much of the photograph for some shapes, where it was cropped around its middle"
CROPPED_MARK, ENLARGED_MARK = " (cropped)", " (enlarged)"  # in captions
LAYOUTS = {"fit": "Keep subjects whole", "keep": "Keep the layout", "rearrange": "Rearrange"}


def _layout(name: str) -> gr.Radio:
    return gr.Radio(
        [(text, mode) for mode, text in LAYOUTS.items()],
        value=options(Retarget)["mode"].first,
        label="Mode",
        elem_id=name,
    )


class RetargetPanel(Panel):
    """That of Retarget: in a device's shape or in pixels, beside plain stretching."""

    BUTTON = "Fit to size"
    GALLERY = False

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
        self.comparison = Comparison(self.name, self.drawing.models, self.scene)
        return [*self.comparison.components, *super().lay_out_results()]

    def _shaped(self, values: Values) -> Any:
        if values[self._shape] == CUSTOM:
            return gr.skip()
        (ratio, screen), scene = DEVICES[values[self._shape]], self.drawing.models.get(values[self.scene])
        sides = screen if values[self.controls["enlarge"]] else scene.size_of(ratio)
        return dict(zip((self.controls["width"], self.controls["height"]), sides, strict=True))

    def seen(self, result: Result, uses: Sequence[Retarget], name: str) -> Updates:
        several = uses[0].count > 1
        return {
            **self.comparison.shows(result.shown[0], name, "stretched"),
            self.gallery: gr.Gallery(captioned(result) if several else None, visible=several),
            **self.downloads.gives(result),
        }


def noted(notes: Sequence[str | None]) -> str | None:
    """What to say of several pictures by the notes of their uses."""
    marks = {_mark(note) for note in notes}
    said = [text for mark, text in ((CROPPED_MARK, TOO_LARGE), (ENLARGED_MARK, ENLARGED)) if mark in marks]
    return "; ".join(said) or None


def _mark(note: str | None) -> str:
    """What a caption says for a note of a use."""
    if note is None:
        return ""
    return CROPPED_MARK if CROPPED in note else ENLARGED_MARK


class DevicesPanel(Panel):
    """Retarget in the shapes of all DEVICES, each with the area of the trained picture or, enlarged, with its screen's
    own pixels. `layout`, in links, is the mode."""

    NAME = "devices"
    BUTTON = "Fit to all my devices"

    def lay_out_controls(self) -> None:
        gr.Markdown("The photograph in the shape of every screen, at its pixels or with the trained picture's area.")
        self.controls["mode"] = _layout("devices-mode")
        self.controls.lay_out("enlarge", "seed")

    def uses(self, asked: Mapping[str, Any], name: str) -> list[Retarget]:
        scene, known = self.drawing.models.get(name), options(Retarget)
        given = {key: known[key].checked(asked[key], served=True) for key in ("mode", "enlarge", "seed")}
        large = given["enlarge"]
        sizes = [screen if large else scene.size_of(ratio) for ratio, screen in DEVICES.values()]
        return [Retarget(size, **given) for size in sizes]

    def drawn(self, uses: Sequence[Retarget], name: str) -> Iterator[Result]:
        scene = self.drawing.models.get(name)
        with passing_folder() as folder:
            sized = zip(DEVICES, uses, strict=True)
            paths = [folder / f"{device.split()[0].lower()}_{use.size[0]}x{use.size[1]}.png" for device, use in sized]
            archive = folder / f"{name}_{uses[0].mode}.zip"
            note = noted([use.note(scene) for use in uses])
            yield from self.drawing.draw_pictures(in_turn(uses, scene), paths, archive, note)

    def lay_out_results(self) -> list[Any]:
        results = super().lay_out_results()
        self.comparison = Comparison(self.name, self.drawing.models, self.scene)
        self.gallery.select(self._beside, {self.gallery, self.scene}, self.comparison.components, **QUIET)
        return [*results, *self.comparison.components]

    def _beside(self, values: Values, chosen: gr.SelectData) -> Updates:
        file, _ = values[self.gallery][chosen.index]
        return self.comparison.shows(file, values[self.scene], "stretched")

    def seen(self, result: Result, uses: Sequence[Retarget], name: str) -> Updates:
        scene = self.drawing.models.get(name)
        named = zip(DEVICES, uses, strict=True)
        captions = [f"{device}{_mark(use.note(scene))}" for device, use in named]
        return {self.gallery: captioned(result, captions), **self.downloads.gives(result)}

    def shown(self, result: Result, uses: Sequence[Retarget], name: str) -> Updates:
        phone = self.comparison.shows(result.shown[0], name, "stretched")
        return super().shown(result, uses, name) | phone

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
