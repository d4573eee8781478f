"""Replace parts of Gradio, in four places: two components that leave pictures alone, sessions, and what agents give and
get (ui/agents.py). Checked on gradio 6.31.0; tests/ui/test_gradio_patches.py fails where an
upgrade takes away what they need. Import this before anything else makes a page."""

import io
from typing import Any

import gradio as gr
from gradio import state_holder
from gradio.components.base import server
from PIL import Image

from darkroom.checks import check_range
from darkroom.pictures import open_cutout

MAX_DRAWING_LAYERS = 8
MAX_DRAWINGS = 40  # on their way between two requests, of which each has a bound in ui.gate


class PictureFile(gr.Image):
    """Take an upload as the path of the file as it came. Without it: Gradio decodes whatever it holds, before
    darkroom.pictures has looked at it."""

    is_template = True

    def preprocess(self, payload: Any) -> Any:
        return payload.path if payload else None


class Canvas(gr.ImageEditor):
    """Take what was painted, all layers in one, RGBA, or None. Without it: Gradio decodes whatever is sent, keeps any
    number of drawings, and makes as many layers as a request says."""

    is_template = True

    def preprocess(self, payload: Any) -> Any:
        if payload is None:
            return None
        if payload.id is None:
            return _painted([layer.path for layer in payload.layers])
        blobs = self.blob_storage.pop(payload.id, None)
        return _painted([io.BytesIO(blob) for blob in blobs.layers if blob] if blobs else [])

    @server
    def accept_blobs(self, data: Any) -> Any:
        index = data.data["index"]
        check_range("index of a layer", int(index) if str(index).isdecimal() else 0, 0, MAX_DRAWING_LAYERS - 1)
        while len(self.blob_storage) >= MAX_DRAWINGS:
            self.blob_storage.pop(next(iter(self.blob_storage)))
        return gr.ImageEditor.accept_blobs(self, data)


def _painted(layers: list[Any]) -> Image.Image | None:
    """Return all layers in one; those of another size than the first are left out. Raises PictureError."""
    whole: Image.Image | None = None
    for layer in layers[:MAX_DRAWING_LAYERS]:
        picture = open_cutout(layer, "the drawing")
        if whole is None:
            whole = picture
        elif picture.size == whole.size:
            whole = Image.alpha_composite(whole, picture)
    return whole


def picture_file(**options: Any) -> gr.Image:
    """Return a place for a picture, whose value is the path of the file as it came."""
    return PictureFile(type="filepath", image_mode=None, **options)


# Sessions keep no configuration of components, nor what these were sent: only deep links, which are closed, read it.
# Without it: 0.7 MB a session, of which each call of a script is one, and 90 MB for a request of 4.
state_holder.SessionState.config_values = property(lambda _: {}, lambda *_: None)  # type: ignore[assignment]
state_holder.SessionState._update_value_in_config = lambda *_: None  # type: ignore[method-assign]
