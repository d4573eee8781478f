"""Panels with a canvas: paint, edit and harmonize. A picture that is loaded counts instead of what is drawn on it."""

from typing import Any

import gradio as gr
from PIL import Image, ImageChops

from darkroom.pictures import open_cutout
from singan.uses import Edit, Harmonize, Paint
from singan.uses.paint import main_colours
from ui.gradio_patches import Canvas, picture_file
from ui.scenes.compose import marked, moved, painted, pasted, reduced, removed
from ui.scenes.panel import BeforeAfterPanel
from ui.wiring import CHOSEN_FILE, QUIET, Updates, Values

CANVAS_SIDE = 640  # px, longer side
BRUSH: dict[str, Any] = {"default_size": 24, "colors": ["#ff8800"], "color_mode": "defaults"}
BRUSH_COLOURS = 8  # the scene's main ones
MARKER_COLOUR = "#00ff66"  # a green that is seen on most things
MOVED_START_SCALE = 4  # of what was moved or copied: at 3 a tree becomes a bush
STAYS, SPREAD = "stays the photograph", "takes the colours nearby"
OVER, REMOVE, MOVE, COPY = "Paint over", "Remove", "Move", "Copy"


class BrushPanel(BeforeAfterPanel):
    """Do a use with a picture that is made on a canvas."""

    widths = (1, 1)
    after = "the result"

    def lay_out_canvas(self, label: str) -> None:
        self.canvas = Canvas(
            label=label, type="pil", image_mode="RGBA", sources=(), transforms=(), layers=False, height=460,
            canvas_size=(CANVAS_SIDE, CANVAS_SIDE), brush=gr.Brush(**BRUSH), elem_id=f"{self.name}-canvas",
            buttons=["fullscreen"],
        )  # fmt: skip
        self.inputs.add(self.canvas)

    def lay_over_photograph(self, opacity: float = 1.0) -> None:
        """Show the photograph under the canvas, this strongly, from when the tab is first looked at."""

        def prepare(name: str | None, prepared: str, event: gr.EventData) -> Updates:
            looked = getattr(event.target, "elem_id", None) != self.scene.elem_id
            if not name or prepared == name or not (prepared or looked):
                return {shown: gr.skip()}
            # Of the trained picture: those of a large photograph take many seconds, in which nothing else goes on.
            photograph, trained = self.photograph(name), self.drawing.models.get(name).source
            colours = ["#{:02x}{:02x}{:02x}".format(*colour) for colour in main_colours(trained, BRUSH_COLOURS)]
            faint = Image.blend(Image.new("RGB", photograph.size, "white"), photograph, opacity)
            return {self.canvas: on_canvas(faint, colours), shown: name}

        shown = gr.Textbox(visible=False)  # the scene on the canvas
        gr.on([self.tab.select, self.scene.change], prepare, [self.scene, shown], [self.canvas, shown], **QUIET)

    def lay_out_picture(self, label: str) -> None:
        """Lay out where a picture with its mask is loaded, and the other options."""
        with gr.Accordion(label, open=False), gr.Row():
            self.controls.lay_out("picture", "mask")
        self.controls.lay_out("enlarge")
        with gr.Accordion("Advanced", open=False):
            self.controls.lay_out("start_scale", "seed")

    def photograph(self, name: str) -> Image.Image:
        """Return a scene's, as what is composed on the page takes it. Raises ValueError."""
        return reduced(self.drawing.models.get(name).original)

    def uses(self, values: Values) -> list[Any]:
        asked = self.controls.plain(values)
        loaded = asked[self.use.GIVEN]
        return [self.use.served(asked if loaded else asked | self.composed(values))]

    def composed(self, values: Values) -> dict[str, Any]:
        """Return options, those that are pictures made of what is on the page. Raises ValueError."""
        raise NotImplementedError

    def picture_before(self, use: Any, name: str) -> Image.Image:
        return getattr(use, use.GIVEN)  # type: ignore[no-any-return]


def on_canvas(picture: Image.Image, colours: list[str]) -> gr.ImageEditor:
    """Return an update: an empty canvas over a picture, with colours, #rrggbb, to choose from."""
    picture = picture.copy()
    picture.thumbnail((CANVAS_SIDE, CANVAS_SIDE))
    value: Any = {"background": picture, "layers": [], "composite": picture}
    return gr.ImageEditor(value, canvas_size=picture.size, brush=gr.Brush(**BRUSH | {"colors": colours}))


class PaintPanel(BrushPanel):
    """Make a picture of a drawing, painted over the faint photograph."""

    use, name, title, action = Paint, "paint", "Paint", "Make it a picture"
    before = "Your drawing"

    def lay_out_controls(self) -> None:
        self.lay_out_canvas("Paint with the scene's colours; undo and eraser are beside the brush")
        self.lay_over_photograph(opacity=0.35)
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
    """Paint over, remove, move or copy what is marked in the photograph, and let it grow in."""

    use, name, title, action = Edit, "edit", "Edit", "Let it grow in"
    before = "As changed"

    def lay_out_controls(self) -> None:
        self.lay_out_canvas("Mark with the brush; undo and eraser are beside it")
        self.lay_over_photograph()
        self.doing = gr.Radio([OVER, REMOVE, MOVE, COPY], value=OVER, label="What is marked", elem_id="edit-doing")
        with gr.Row(visible=False) as offsets:
            self.right = gr.Slider(-100, 100, 25, step=1, label="To the right, % of the width", elem_id="edit-right")
            self.down = gr.Slider(-100, 100, 0, step=1, label="Down, % of the height", elem_id="edit-down")
        self.doing.change(lambda doing: gr.Row(visible=doing in (MOVE, COPY)), self.doing, offsets, **QUIET)
        self.lay_out_picture("Or load a changed picture")
        self.inputs |= {self.doing, self.right, self.down}

    def composed(self, values: Values) -> dict[str, Any]:
        layer, doing, picture = values[self.canvas], values[self.doing], self.photograph(values[self.scene])
        layer = layer and layer.resize(picture.size)
        if not (mask := marked(layer)):
            raise ValueError("nothing is marked yet: mark with the brush what is to change, or load a changed picture")
        if doing == OVER:
            return {"picture": painted(layer, picture), "mask": mask}
        if doing == REMOVE:
            return {"picture": removed(picture, mask), "mask": mask}
        right, down = values[self.right] / 100, values[self.down] / 100
        changed, there = moved(picture, mask, right, down, doing == COPY)
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
        return {self.canvas: on_canvas(on_white, [MARKER_COLOUR])}

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
