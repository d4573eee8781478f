"""What of Gradio itself is changed, and why; checked on gradio 6.31.0. Import this before anything else of Gradio.

Each says what happens without it. What requests and events pass through, without changing Gradio, is in gate.py,
events.py and arguments.py.
"""

from __future__ import annotations

import inspect
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PIL import Image

from darkroom.checks import check_range
from darkroom.pictures import open_cutout

MAX_LAYERS = 8  # of a drawing
MAX_DRAWINGS = 40  # on their way between two requests, of which each has a bound in ui.gate

_getfile = inspect.getfile


def _no_file_for_stubs(of: Any) -> str:
    """At every import Gradio writes type stubs of its 50 components anew; its own way round that, for components
    without a source file, is taken for all. Without it: the import takes 3.7 s instead of 2.2."""
    if sys._getframe(1).f_code.co_name == "create_or_modify_pyi":
        raise OSError
    return _getfile(of)


inspect.getfile = _no_file_for_stubs  # type: ignore[assignment]
try:
    import gradio as gr
    from gradio.components.base import server

    class PictureFile(gr.Image):
        """An upload as a path to the file as it came. Without it: Gradio decodes it first, whatever it holds;
        darkroom.pictures looks at it before."""

        is_template = True

        def preprocess(self, payload: Any) -> Any:
            return payload.path if payload else None

    class Canvas(gr.ImageEditor):
        """An image editor whose value is what was painted, all layers in one, RGBA, or None. Without it: Gradio decodes
        whatever is sent, keeps any number of drawings, and makes as many layers as a request says."""

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
            check_range("index of a layer", _layer_index(data.data["index"]), 0, MAX_LAYERS - 1)
            while len(self.blob_storage) >= MAX_DRAWINGS:
                self.blob_storage.pop(next(iter(self.blob_storage)))
            return gr.ImageEditor.accept_blobs(self, data)

finally:
    inspect.getfile = _getfile

from gradio import processing_utils, state_holder  # noqa: E402


def _layer_index(text: Any) -> int:
    return int(text) if str(text).isdecimal() else 0


def _painted(layers: list[Any]) -> Image.Image | None:
    """All layers in one; those of another size than the first are left out. Raises PictureError."""
    whole: Image.Image | None = None
    for layer in layers[:MAX_LAYERS]:
        picture = open_cutout(layer, "the drawing")
        if whole is None:
            whole = picture
        elif picture.size == whole.size:
            whole = Image.alpha_composite(whole, picture)
    return whole


_begin_session = state_holder.SessionState.__init__


def _light_session(self: Any, blocks: gr.Blocks) -> None:
    """A session without a copy of every component's configuration: only deep links, which are closed, read it. Without
    it: 0.7 MB and 28 ms a session, and each call of a script is one."""
    without_components = SimpleNamespace(default_config=blocks.default_config, blocks={})
    _begin_session(self, without_components)  # type: ignore[arg-type]


state_holder.SessionState.__init__ = _light_session  # type: ignore[method-assign]
# Nor are arguments kept in it. Without it: 90 MB for a request of 4.
state_holder.SessionState._update_config = lambda *_: None  # type: ignore[method-assign]
state_holder.SessionState._update_value_in_config = lambda *_: None  # type: ignore[method-assign]


def _written_whole(save: Callable[..., str]) -> Callable[..., str]:
    """Return a `save_..._to_cache` that writes its file beside the cache's folders and moves it to its place, which its
    content names; a file that is there already stays. Without it: each save writes into that file anew, and whoever is
    being sent it then gets a broken picture."""
    signature = inspect.signature(save)

    @wraps(save)
    def saved(*args: Any, **options: Any) -> str:
        call = signature.bind(*args, **options)
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


def lighten(page: gr.Blocks, spare: gr.components.Component) -> None:
    """Spares the page what hidden progress costs: at every message the browser copies each component that ever waited
    for one, a group of tabs with all its content. Now it is the `spare` one alone. Without it: a slider answers 100 ms
    later."""
    for function in page.fns.values():
        if function.show_progress == "hidden":
            function.show_progress_on = [spare]


# In the page's HTML. Without it: Gradio looks through all events once for every component, through a proxy of each that
# tells of its changes; events never change, and where they are of no class that it knows it makes none. The page is
# there .3 s later.
LIGHTER = """<script>
(() => {
  const unchanging = Object.create(Object.prototype);
  for (const event of window.gradio_config?.dependencies ?? []) Object.setPrototypeOf(event, unchanging);
})();
</script>"""


def picture_file(**options: Any) -> gr.Image:
    """A place for a picture, whose value is the path of the file as it came."""
    return PictureFile(type="filepath", image_mode=None, **options)


def json_of(label: str, schema: dict[str, Any], value: Any = None) -> gr.JSON:
    """JSON of this schema. Without it: Gradio's own says nothing, in a way that agents' clients refuse."""
    component = gr.JSON(None if value is None else json.dumps(value), label=label)  # of a number it would warn
    component.api_info = lambda: schema  # type: ignore[method-assign]
    return component


def describe(component: Any, about: str, example: Any) -> None:
    """What Gradio's page on endpoints says of an argument. Without it: what arguments mean is told to agents alone, and
    the examples are "Hello!!", {"foo": "bar"} and pictures' addresses, which are not fetched here."""
    info = {**component.api_info(), "additional_description": about[:1].upper() + about[1:]}
    component.api_info = lambda: info
    component.example_payload = lambda: example
