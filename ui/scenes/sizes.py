"""Other sizes on the page: fitted to a device or to pixels, to all devices at once, larger, and as tiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import gradio as gr
from PIL import Image, ImageOps

from darkroom.uses import in_turn, options
from singan.prints import CONTINUED, CROPPED
from singan.uses import Retarget, SuperResolve, Tile
from singan.uses.retarget import MODES
from ui.controls import before_after
from ui.drawing import Result
from ui.links import Query, read_option
from ui.reports import passing_folder
from ui.scenes.panel import Panel, Pictures
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
# What a use's note says of a picture, and what a caption and a remark on several say of it.
REMARKS = (
    (
        CROPPED,
        "cropped",
        "the subject fills too much of the photograph for some shapes, where it was cropped around its middle",
    ),
    (CONTINUED, "continued", CONTINUED),
    (
        "detail is invented",
        "enlarged",
        "where the photograph lacks pixels, pictures are enlarged: their finest detail is invented",
    ),
)
MAX_REPEATED_SIDE = 700  # px, of one of the four tiles


class BeforeAfterPanel(Panel):
    """Draw a picture, and show it beside the photograph or what else there was before, with a slider between."""

    before: ClassVar[str]
    after: ClassVar[str]

    def lay_out_results(self) -> list[Any]:
        slider = self.lay_out_slider()
        self.pictures = Pictures(self.name, visible=False)
        return [*slider, *self.pictures.components]

    def lay_out_slider(self) -> list[Any]:
        self.slider = before_after(self.name, f"{self.before} | {self.after}")
        return [self.slider]

    def on_result(self, result: Result, uses: Sequence[Any], name: str) -> Updates:
        slider = beside(self.picture_before(uses[0], name), result.shown[0])
        return {self.slider: slider, **self.pictures.show(result, visible=len(result.shown) > 1)}

    def picture_before(self, use: Any, name: str) -> Image.Image:
        """Return what there was before; it is stretched to the result's size."""
        return self.drawing.models.get(name).original  # type: ignore[no-any-return]


def beside(before: Image.Image, file: str, cropped: bool = False) -> gr.ImageSlider:
    """Return a slider between a picture, stretched or cropped to the same size, and a file."""
    with Image.open(file) as picture:
        size = picture.size
    fit = ImageOps.fit if cropped else Image.Image.resize
    return gr.ImageSlider((fit(before, size, Image.Resampling.LANCZOS), file), visible=True)


class LargerPanel(BeforeAfterPanel):
    """Enlarge the photograph, beside the plainly enlarged one."""

    use, name, title, action = SuperResolve, "super-resolve", "Larger", "Super-resolve"
    before, after = "Plainly enlarged", "by its own patches"

    def lay_out_controls(self) -> None:
        self.controls.lay_out("factor")


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
        self.run_after(self._resized.then)

    def lay_out_controls(self) -> None:
        self._shape = gr.Radio([*DEVICES, CUSTOM], value=CUSTOM, label="Shape", elem_id="shape")
        with gr.Row():
            self.controls.lay_out("width", "height")
        self.lay_out_mode()
        with gr.Accordion("Advanced", open=False):
            self.controls.lay_out("start_scale", "count")
        self.controls.lay_out("enlarge", "seed")
        self._sides, enlarge = [self.controls["width"], self.controls["height"]], self.controls["enlarge"]
        events, inputs = [self._shape.input, enlarge.input], {self._shape, self.scene, enlarge}
        self._resized = gr.on(events, self._resize, inputs, self._sides, queue=False, **QUIET)
        for side in self._sides:
            side.input(lambda: CUSTOM, None, self._shape, queue=False, **QUIET)

    def _resize(self, values: Values) -> Any:
        if values[self._shape] == CUSTOM:
            return gr.skip()
        ratio, screen = DEVICES[values[self._shape]]
        large = values[self.controls["enlarge"]]
        size = screen if large else self.drawing.models.get(values[self.scene]).size_of(ratio)
        return dict(zip(self._sides, size, strict=True))


class DevicesPanel(FittedPanel):
    """Fit the scene to all DEVICES, each with the area of the trained picture or, enlarged, with its screen's pixels.

    Its mode has the key `layout` in links.
    """

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
        scene = self.drawing.models.get(name)
        with passing_folder() as folder:
            sized = zip(DEVICES, uses, strict=True)
            paths = [folder / f"{device.split()[0].lower()}_{use.size[0]}x{use.size[1]}.png" for device, use in sized]
            archive, note = folder / f"{name}_{uses[0].mode}.zip", summary([use.note(scene) for use in uses])
            yield from self.drawing.draw_pictures(in_turn(uses, scene), paths, archive, note)

    def on_result(self, result: Result, uses: Sequence[Retarget], name: str) -> Updates:
        scene = self.drawing.models.get(name)
        captions = [device + mark(use.note(scene)) for device, use in zip(DEVICES, uses, strict=True)]
        phone = super().on_result(result, uses, name) if result.files else {}
        return phone | self.pictures.show(result, captions)

    def _compare(self, values: Values, chosen: gr.SelectData) -> Updates:
        file, _ = values[self.pictures.gallery][chosen.index]
        original = self.drawing.models.get(values[self.scene]).original
        return {self.slider: beside(original, file), self.plain: gr.Radio(value="stretched", visible=True)}

    def link(self, use: Retarget, name: str) -> dict[str, Any]:
        keys = {"mode": self.name, "layout": use.mode, "seed": use.seed, "enlarge": use.enlarge}
        return {"tab": "scenes", "scene": name, **keys}

    def read(self, query: Query) -> Updates:
        known = options(Retarget)
        mode = query.choice("layout", known["mode"].first, MODES)
        others = {key: read_option(query, known[key]) for key in ("enlarge", "seed")}
        return self.controls.showing({"mode": mode, **others})


def summary(notes: Sequence[str | None]) -> str | None:
    """Return a remark on several pictures by the notes of their uses, if there is one."""
    return "; ".join(text for said, _, text in REMARKS if any(said in note for note in notes if note)) or None


def mark(note: str | None) -> str:
    """Return what a caption says for a note of a use."""
    return next((f" ({word})" for said, word, _ in REMARKS if note and said in note), "")


class TilePanel(Panel):
    """Draw tiles; the one that is looked at is shown repeated."""

    use, name, title, action = Tile, "tile", "Tiles", "Draw tiles"

    def lay_out_controls(self) -> None:
        self.controls.lay_out("count", "seed", "enlarge")

    def lay_out_results(self) -> list[Any]:
        self.repeated = gr.Image(
            label="Repeated 2 × 2", interactive=False, format="jpeg", visible=False, elem_id="tile-repeated",
            buttons=["fullscreen"],
        )  # fmt: skip
        results = super().lay_out_results()
        self.pictures.gallery.select(self._repeat, {self.pictures.gallery}, [self.repeated], **QUIET)
        return [self.repeated, *results]

    def on_result(self, result: Result, uses: Sequence[Tile], name: str) -> Updates:
        return {**self.pictures.show(result), self.repeated: repeated(result.shown[0])}

    def _repeat(self, values: Values, chosen: gr.SelectData) -> Updates:
        return {self.repeated: repeated(values[self.pictures.gallery][chosen.index][0])}


def repeated(file: str) -> gr.Image:
    """Return a tile beside, above and below itself."""
    with Image.open(file) as picture:
        tile = picture.convert("RGB")
    tile.thumbnail((MAX_REPEATED_SIDE, MAX_REPEATED_SIDE))
    four = Image.new("RGB", (2 * tile.width, 2 * tile.height))
    for column in (0, 1):
        for row in (0, 1):
            four.paste(tile, (column * tile.width, row * tile.height))
    return gr.Image(four, visible=True)
