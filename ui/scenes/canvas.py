"""A canvas over a scene's photograph, or over a cutout, on which things are marked or painted."""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from PIL import Image

from singan.uses.paint import main_colours
from ui.gradio_patches import Canvas
from ui.scenes.compose import marked
from ui.scenes.panel import Panel
from ui.wiring import QUIET, Updates, Values

MAX_COMPOSED_SIDE = 1024  # px: finer detail is redrawn
CANVAS_SIDE = 640  # px, longer side
BRUSH_SIZE = 24  # px
MARKER = ("#ff0000", 0.5)  # a colour, and how much of it covers what is below
PALETTE_SIDE = 256  # px, of the photograph whose main colours are found: of a large one it takes many seconds


class CanvasPanel(Panel):
    """Do a use with what is marked or painted on a canvas."""

    def lay_out_canvas(self, label: str, height: int = 460) -> None:
        self.canvas = Canvas(
            label=label, type="pil", image_mode="RGBA", sources=(), transforms=(), layers=False, height=height,
            canvas_size=(CANVAS_SIDE, CANVAS_SIDE), brush=_brush([MARKER]), elem_id=f"{self.name}-canvas",
            buttons=["fullscreen"],
        )  # fmt: skip
        self.inputs.add(self.canvas)

    def lay_over_photograph(
        self, first_seen: Callable[..., Any], colours: Sequence[Any] = (MARKER,), palette: int = 0, opacity: float = 1.0
    ) -> None:
        """Show the photograph under the canvas from when it is first looked at.

        first_seen: the event of that. colours: of the brush, before this many main ones of the photograph, the palette.
        """

        def prepare(name: str | None, prepared: str, event: gr.EventData) -> Updates:
            first = getattr(event.target, "elem_id", None) != self.scene.elem_id
            if not name or prepared == name or not (prepared or first):
                return {shown: gr.skip()}
            photograph = self.photograph(name)
            faint = Image.blend(Image.new("RGB", photograph.size, "white"), photograph, opacity)
            photograph.thumbnail((PALETTE_SIDE, PALETTE_SIDE))
            own: Any = main_colours(photograph, palette) if palette else ()
            hexes = ["#{:02x}{:02x}{:02x}".format(*colour) for colour in own]
            return {self.canvas: on_canvas(faint, [*colours, *hexes]), shown: name}

        shown = self.canvas_scene = gr.Textbox(visible=False)  # whose photograph is under the canvas
        self.inputs.add(shown)
        gr.on([first_seen, self.scene.change], prepare, [self.scene, shown], [self.canvas, shown], **QUIET)

    def photograph(self, name: str) -> Image.Image:
        """Return a scene's, as what is composed on the page takes it. Raises ValueError."""
        picture: Image.Image = self.drawing.models.get(name).original
        picture.thumbnail((MAX_COMPOSED_SIDE, MAX_COMPOSED_SIDE), Image.Resampling.LANCZOS)
        return picture

    def marked(self, values: Values) -> Image.Image | None:
        """Return the mask of what is marked in the scene's photograph, if anything is."""
        return marked(values[self.canvas]) if values[self.canvas_scene] == values[self.scene] else None


def _brush(colours: Sequence[Any]) -> gr.Brush:
    return gr.Brush(default_size=BRUSH_SIZE, colors=list(colours), color_mode="defaults")


def on_canvas(picture: Image.Image, colours: Sequence[Any] = (MARKER,)) -> gr.ImageEditor:
    """Return an update: an empty canvas over a picture, with colours, #rrggbb, to choose from."""
    picture = picture.copy()
    picture.thumbnail((CANVAS_SIDE, CANVAS_SIDE))
    value: Any = {"background": picture, "layers": [], "composite": picture}
    return gr.ImageEditor(value, canvas_size=picture.size, brush=_brush(colours))
