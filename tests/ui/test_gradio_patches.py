"""Replaced parts of Gradio: an upgrade that takes away what they need fails here."""

import asyncio
import base64
import inspect
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio as gr
import gradio.mcp
import numpy as np
import pytest
from gradio import processing_utils, routes, state_holder
from PIL import Image

from ui.gradio_patches import Canvas, picture_file

BYTES = bytes(range(256)) * 8000
FOUR_CHANNELS = np.frombuffer(BYTES, np.uint8).reshape(640, 800, 4)
SAVED = {
    "save_audio_to_cache": {"data": np.zeros(500_000, np.int16), "sample_rate": 8000, "format": "wav"},
    "save_base64_to_cache": {"base64_encoding": "data:image/png;base64," + base64.b64encode(BYTES).decode()},
    "save_bytes_to_cache": {"data": BYTES, "file_name": "a.bin"},
    "save_file_to_cache": {},
    "save_img_array_to_cache": {"arr": FOUR_CHANNELS, "format": "bmp"},
    "save_pil_to_cache": {"img": Image.fromarray(FOUR_CHANNELS), "format": "bmp"},
}
READERS, ROUNDS = 4, 12


def savers() -> list[str]:
    """List all functions of Gradio's that write into its cache by content."""
    return [name for name in dir(processing_utils) if re.fullmatch("save_(?!url).+_to_cache", name)]


@pytest.mark.parametrize("name", savers())
def test_a_file_of_the_cache_is_whole_whoever_writes_it_again(name, tmp_path):
    (tmp_path / "a.bin").write_bytes(BYTES)
    values = SAVED[name] or {"file_path": tmp_path / "a.bin"}
    cache, begin = tmp_path / "cache", threading.Barrier(READERS)

    def read(number: int) -> set[bytes]:
        found = set()
        for i in range(ROUNDS):
            begin.wait(20)
            path = Path(getattr(processing_utils, name)(cache_dir=str(cache / str(i // 2)), **values))
            found |= {path.read_bytes() for _ in range(2)}
        return found

    with ThreadPoolExecutor(READERS) as readers:
        found = set().union(*readers.map(read, range(READERS)))
    assert len(found) == 1, sorted(map(len, found))
    assert len([path for path in cache.rglob("*") if path.is_file()]) == ROUNDS / 2  # nothing is left beside them


def test_sessions_keep_no_configuration_and_nothing_that_was_sent():
    with gr.Blocks() as blocks:
        component = gr.JSON()
    session = state_holder.SessionState(blocks)
    assert component._id in session and session[component._id] is component
    session._update_value_in_config(component._id, {"large": "value"})
    session._update_config(component._id)
    session[component._id] = component
    assert not dict(session.config_values)


def test_of_uploads_the_latest_are_known():
    uploads = routes.file_upload_statuses
    for number in range(3000):
        uploads.track(f"upload {number}")
    assert len(uploads._statuses) == len(uploads._signals) == 1000 and not uploads.is_done("upload 2999")
    assert asyncio.run(uploads.is_tracked("upload 2999"))


def test_a_picture_is_a_path_whatever_it_holds(tmp_path):
    picture = picture_file(label="picture")
    assert picture.get_block_name() == "image" and picture.preprocess(None) is None
    assert picture.preprocess(picture.data_model(path="/no/picture")) == "/no/picture"
    assert list(inspect.signature(gr.Image.preprocess).parameters) == ["self", "payload"]


def test_a_canvas_keeps_a_bounded_number_of_drawings_and_layers():
    canvas = Canvas(type="pil")
    assert canvas.get_block_name() == "imageeditor" and canvas.accept_blobs._is_server_fn

    def part(name, index):
        data = {"type": "layer", "index": index, "id": name}
        return gr.components.image_editor.AcceptBlobs.model_construct(data=dict(data), files=[("layer", b"x")])

    for number in range(100):
        canvas.accept_blobs(part(str(number), "0"))
    assert len(canvas.blob_storage) <= 41 and "99" in canvas.blob_storage
    with pytest.raises(ValueError, match="index of a layer"):
        canvas.accept_blobs(part("a", "1000000"))


def test_gradio_has_what_else_this_app_reads():
    server = gradio.mcp.GradioMCPServer
    known = {
        server.convert_strings_to_filedata: ["self", "value", "filedata_positions"],
        server.postprocess_output_data: ["self", "data", "root_url"],
        server._execute_tool_without_progress: ["self", "job"],
    }
    for method, names in known.items():
        assert list(inspect.signature(method).parameters) == names
    assert "gradio.mcp.GradioMCPServer(blocks)" in inspect.getsource(routes)  # which ui.agents replaces
    with gr.Blocks() as blocks:
        gr.Button().click(lambda: None)
    (function,) = blocks.fns.values()
    for name in ("fn", "name", "api_name", "api_visibility", "queue", "trigger_mode", "inputs"):
        assert hasattr(function, name)
    assert blocks._queue.event_ids_to_events == {} and blocks._queue.event_queue_per_concurrency_id == {}
    assert list(inspect.signature(gr.Blocks.call_function).parameters)[1:5] == [
        "block_fn", "processed_input", "iterator", "requests"
    ]  # fmt: skip
