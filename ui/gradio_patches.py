"""Replace parts of Gradio, in five places: components that leave pictures alone, sessions, its table of uploads, files
of its cache, and what agents give and get (ui/agents.py). Checked on gradio 6.31.0; tests/ui/test_gradio_patches.py
fails where an upgrade takes away what they need. Import this before anything else makes a page."""

import asyncio
import io
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable
from functools import reduce, wraps
from inspect import signature
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
from gradio import processing_utils, routes, state_holder
from gradio.components.base import server
from PIL import Image

from darkroom.checks import check_range
from darkroom.pictures import open_cutout

MAX_DRAWING_LAYERS = 8
MAX_UPLOADS = 1000  # whose progress is told
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
    """Return all layers, of one size, in one; None where there are none. Raises ValueError."""
    pictures = (open_cutout(layer, "the drawing") for layer in layers[:MAX_DRAWING_LAYERS])
    first = next(pictures, None)
    return first and reduce(Image.alpha_composite, pictures, first)


def picture_file(**options: Any) -> gr.Image:
    """Return a place for a picture, whose value is the path of the file as it came."""
    return PictureFile(type="filepath", image_mode=None, **options)


# Sessions make no configuration of components, and keep nothing that these were sent: only deep links, which are
# closed, read it. Without it: 0.7 MB and 28 ms a session, of which each call of a script is one, 90 MB for a request of
# 4, and 20 ms of the event loop for each picture that is shown as it is drawn.
_begin_session = state_holder.SessionState.__init__
state_holder.SessionState.__init__ = lambda self, blocks: _begin_session(  # type: ignore[method-assign,assignment]
    self,
    SimpleNamespace(default_config=blocks.default_config, blocks={}),  # type: ignore[arg-type]
)
state_holder.SessionState.config_values = property(lambda _: {}, lambda *_: None)  # type: ignore[assignment]
state_holder.SessionState._update_value_in_config = lambda *_: None  # type: ignore[method-assign]
state_holder.SessionState._update_config = lambda *_: None  # type: ignore[method-assign]


class _Latest(defaultdict[str, Any]):
    """Keep the latest entries of a table. Without it: Gradio remembers every name that an upload was given."""

    def __setitem__(self, name: str, value: Any) -> None:
        while len(self) >= MAX_UPLOADS:
            del self[next(iter(self))]
        super().__setitem__(name, value)


routes.file_upload_statuses._statuses = _Latest()
routes.file_upload_statuses._signals = _Latest(asyncio.Event)


def _written_whole(save: Callable[..., str]) -> Callable[..., str]:
    """Return a `save_..._to_cache` that writes its file beside the cache's folders and moves it to its place, which its
    content names; a file that is there already stays. Without it: each save writes into that file anew, and whoever is
    being sent it then gets a broken picture."""
    arguments = signature(save)

    @wraps(save)
    def saved(*args: Any, **options: Any) -> str:
        call = arguments.bind(*args, **options)
        cache = Path(call.arguments["cache_dir"]).resolve()
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            call.arguments["cache_dir"] = folder
            written = Path(save(*call.args, **call.kwargs))
            path = cache / written.relative_to(folder)
            path.parent.mkdir(exist_ok=True)
            try:
                os.utime(path)  # the cache is cleared by age
            except FileNotFoundError:
                os.replace(written, path)
        return str(path)

    return saved


for _name in ("save_pil_to_cache", "save_bytes_to_cache", "save_base64_to_cache", "save_audio_to_cache"):
    setattr(processing_utils, _name, _written_whole(getattr(processing_utils, _name)))
