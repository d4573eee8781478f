"""Panels that take what is marked or painted on a canvas: paint, edit and harmonize. A picture that is loaded counts
instead of what is drawn."""

from collections.abc import Iterator
from typing import Any

import gradio as gr
from PIL import Image, ImageChops

from darkroom.pictures import open_cutout
from singan.uses import Edit, Harmonize, Paint
from ui.gradio_patches import picture_file
from ui.scenes.canvas import CanvasPanel, on_canvas
from ui.scenes.compose import marked, moved, painted, pasted, removed
from ui.scenes.panel import BeforeAfterPanel, Run
from ui.wiring import CHOSEN_FILE, TO_RESULTS, Updates, Values

BRUSH_COLOURS = 8  # the photograph's main ones
MOVED_START_SCALE = 4  # of what was moved or copied: at 3 a tree becomes a bush
STAYS, SPREAD = "stays the photograph", "takes the colours nearby"
REMOVE, MOVE, COPY, OVER = "Remove", "Move", "Copy", "Paint over"
VERB = "verb"  # the key, among the values of components, of what a button says


class BrushPanel(CanvasPanel, BeforeAfterPanel):
    """Do a use with a picture that is made on a canvas."""

    widths = (1, 1)
    after = "the result"

    def lay_out_picture(self, label: str) -> None:
        """Lay out where a picture with its mask is loaded, and the other options."""
        with gr.Accordion(label, open=False), gr.Row():
            self.controls.lay_out("picture", "mask")
        with gr.Accordion("Advanced", open=False):
            self.controls.lay_out("enlarge", "start_scale", "seed")

    def uses(self, values: Values) -> list[Any]:
        asked = self.controls.plain(values)
        loaded = asked[self.use.GIVEN]
        return [self.use.served(asked if loaded else asked | self.composed(values))]

    def composed(self, values: Values) -> dict[str, Any]:
        """Return options, those that are pictures made of what is on the page. Raises ValueError."""
        raise NotImplementedError

    def picture_before(self, use: Any, name: str) -> Image.Image:
        return getattr(use, use.GIVEN)  # type: ignore[no-any-return]


class PaintPanel(BrushPanel):
    """Make a picture of a drawing, painted over the faint photograph."""

    use, name, title, action = Paint, "paint", "Paint", "Make it a picture"
    before = "Your drawing"

    def lay_out_controls(self) -> None:
        self.lay_out_canvas("Paint with the scene's colours; undo and eraser are beside the brush")
        self.lay_over_photograph(self.tab.select, (), BRUSH_COLOURS, opacity=0.35)
        self.rest = gr.Radio([STAYS, SPREAD], value=STAYS, label="What is not painted", elem_id="paint-rest")
        with gr.Accordion("Or load a drawing", open=False):
            self.controls.lay_out("drawing")
        words = {1: "loosely", 2: "closely", 3: "very closely"}
        strength = self.lay_out_strength("How closely to follow the drawing", words)
        self.controls.lay_out("enlarge")
        with gr.Accordion("Advanced", open=False):
            self.lay_out_start_scale(strength)
            self.controls.lay_out("quantize", "seed")
        self.inputs.add(self.rest)

    def composed(self, values: Values) -> dict[str, Any]:
        layer = values[self.canvas]
        if not marked(layer):
            raise ValueError("nothing is painted yet: choose a colour and paint, or load a picture")
        return {"drawing": painted(layer, self.photograph(values[self.scene]) if values[self.rest] == STAYS else None)}


class EditPanel(BrushPanel):
    """Remove, move, copy or paint over what is marked in the photograph: a button for each."""

    use, name, title, action = Edit, "edit", "Remove or move", REMOVE
    before, position = "The photograph", 4  # Nearly all that is seen at first is the result.
    picture_before = BeforeAfterPanel.picture_before

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        with self.buttons:
            for verb in (MOVE, COPY, OVER):
                button = gr.Button(verb, min_width=90, elem_id=f"{verb.split()[0].lower()}-marked")
                button.click(None, None, None, js=TO_RESULTS, api_visibility="private")
                self.run_after(button.click, self._run_of(verb))

    def lay_out_controls(self) -> None:
        gr.Markdown(
            "Mark something with the red brush. **Remove** it, or choose where it goes and **Move** or **Copy** it. "
            "To **Paint over**, choose another colour."
        )
        self.lay_out_canvas("Mark or paint; undo and eraser are beside the brush")
        self.lay_over_photograph(self.tab.select, palette=BRUSH_COLOURS)
        with gr.Row():
            self.right = gr.Slider(-100, 100, 25, step=1, label="To the right, %", elem_id="edit-right")
            self.down = gr.Slider(-100, 100, 0, step=1, label="Down, %", elem_id="edit-down")
        self.lay_out_picture("Or load a changed picture")
        self.inputs |= {self.right, self.down}

    def _run_of(self, verb: str) -> Run:
        def run(values: Values) -> Iterator[Updates]:
            return self.run({**values, VERB: verb})

        return run

    def composed(self, values: Values) -> dict[str, Any]:
        verb, picture = values.get(VERB, REMOVE), self.photograph(values[self.scene])
        if not (mask := self.marked(values)):
            raise ValueError("nothing is marked yet: mark with the brush what is to change, or load a changed picture")
        mask = mask.resize(picture.size)
        if verb == OVER:
            return {"picture": painted(values[self.canvas].resize(picture.size), picture), "mask": mask}
        if verb == REMOVE:
            return {"picture": removed(picture, mask), "mask": mask}
        right, down = values[self.right] / 100, values[self.down] / 100
        changed, there = moved(picture, mask, right, down, verb == COPY)
        # The start scale at which a part that was moved is still that part.
        scene, asked = self.drawing.models.get(values[self.scene]), self.controls.plain(values)
        last = scene.last_scale if asked["enlarge"] else scene.scales - 1
        start = asked["start_scale"] or max(1, min(MOVED_START_SCALE, last))
        return {"picture": changed, "mask": there, "start_scale": start}


class HarmonizePanel(BrushPanel):
    """Paste a cutout into the photograph: what is marked on its canvas, if anything is, and harmonize it."""

    use, name, title, action = Harmonize, "harmonize", "Harmonize", "Harmonize"
    before = "As pasted"

    def lay_out_controls(self) -> None:
        self.cutout = picture_file(
            label="What to paste", sources=["upload", "clipboard"], height=180, elem_id="harmonize-cutout"
        )
        with gr.Accordion("Cut it out", open=False):
            self.lay_out_canvas("If its background is not clear, mark with the brush what is to be pasted")
        with gr.Row():
            self.across = gr.Slider(0, 100, 50, step=1, label="Across, %", elem_id="harmonize-across")
            self.down = gr.Slider(0, 100, 60, step=1, label="Down, %", elem_id="harmonize-down")
            self.width = gr.Slider(2, 100, 30, step=1, label="Width, %", elem_id="harmonize-width")
        self.placed = gr.Image(
            label="As pasted", interactive=False, format="jpeg", height=300, visible=False, elem_id="harmonize-placed"
        )
        self.lay_out_picture("Or load a picture with something pasted")
        places: set[Any] = {self.cutout, self.across, self.down, self.width}
        self.inputs |= places
        self.cutout.change(self._show_cutout, {self.cutout}, [self.canvas], **CHOSEN_FILE)
        inputs = {*places, self.canvas, self.scene}
        gr.on([it.change for it in places], self._place, inputs, [self.placed], **CHOSEN_FILE)

    def _show_cutout(self, values: Values) -> Updates:
        if not values[self.cutout]:
            return {self.canvas: gr.ImageEditor(None)}
        cutout = open_cutout(values[self.cutout])
        on_white = Image.alpha_composite(Image.new("RGBA", cutout.size, "white"), cutout)
        return {self.canvas: on_canvas(on_white)}

    def _place(self, values: Values) -> Updates:
        if not values[self.cutout] or not values[self.scene]:
            return {self.placed: gr.Image(visible=False)}
        return {self.placed: gr.Image(self.composed(values)["picture"], visible=True)}

    def composed(self, values: Values) -> dict[str, Any]:
        if not values[self.cutout]:
            raise ValueError("there is nothing to paste yet: choose a picture of it, best with a clear background")
        cutout = open_cutout(values[self.cutout])
        if mask := marked(values[self.canvas]):
            kept = mask.resize(cutout.size, Image.Resampling.BILINEAR)
            cutout.putalpha(ImageChops.darker(cutout.getchannel("A"), kept))
        across, down, width = (values[it] / 100 for it in (self.across, self.down, self.width))
        picture, mask = pasted(self.photograph(values[self.scene]), cutout, across, down, width)
        return {"picture": picture, "mask": mask}
