"""Errors are said in a sentence, where the work was asked for, and stays there."""

import errno
import inspect
import logging

import gradio as gr
import pytest
import torch

from benchmarks.servers import free_port
from benchmarks.wire import API, Stranger
from darkroom.models import Models
from dcgan import FacePipeline
from singan import ScenePipeline
from ui.errors import MAX_SENTENCE_CHARACTERS, described, failing_in, without_paths
from ui.events import Page
from ui.page import build_page


@pytest.fixture(scope="module")
def page(tiny_folder, tiny_faces_folder):
    faces = Models([str(tiny_faces_folder)], [], FacePipeline.from_pretrained)
    return build_page(faces, Models([str(tiny_folder)], [], ScenePipeline.from_pretrained), torch.device("cpu"))


def test_every_work_with_a_status_ends_there_with_why_it_failed(page):
    failed = set()
    for event in page.fns.values():
        status = next((it for it in event.outputs if (it.elem_id or "").endswith("-status")), None)
        if status is None or not inspect.isgeneratorfunction(event.fn):
            continue
        values = {it: "gone" if isinstance(it, gr.Dropdown) else it.value for it in event.inputs}  # no such model
        told = []
        try:
            told.extend(event.fn(values))
        except Exception as error:
            assert told and "Nothing came of it: " in told[-1][status], (event.fn, error)
            failed.add(status.elem_id)
    uses = {"sample", "devices", "animate", "paint", "edit", "harmonize", "super-resolve", "tile"}
    assert failed >= {f"{use}-status" for use in uses | {"faces", "morph", "map"}}
    steps = failing_in(gr.HTML(), iter([{}, {}]))
    next(steps)
    steps.close()  # who leaves is told nothing, and this raises nothing


def test_a_sentence_is_short_whatever_is_in_it_and_names_no_folder():
    assert len(described(ValueError("x" * 10_000), own=False)[1]) < MAX_SENTENCE_CHARACTERS + 4
    text = "'/tmp/darkroom-x/scenes/a-1/training.safetensors' is damaged: see /work/main/ui/store.py, 1/2"
    assert without_paths(text) == "'training.safetensors' is damaged: see store.py, 1/2"


ERRORS = {
    "refused": (ValueError("size is 5, see /tmp/a/b.png"), "size is 5, see b.png"),
    "no memory": (MemoryError(), "there is not enough memory for this here"),
    "full disk": (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
    "unknown": (RuntimeError("what a visitor sent"), "this failed here (RuntimeError); it was noted"),
    "own": (gr.Error("<b>said</b>"), "<b>said</b>"),
}


@pytest.fixture(scope="module")
def failing_app():
    """The address of a page whose events fail, each as it is asked to."""

    def answer(name: str) -> str:
        if name in ERRORS:
            raise ERRORS[name][0]
        return name

    def stream(name: str):
        yield "begun"
        raise ERRORS[name][0]

    async def watch(name: str):
        yield "begun"
        raise ERRORS[name][0]

    with Page(analytics_enabled=False) as page:
        name, said = gr.Textbox(), gr.Textbox()
        for handler in (answer, stream, watch):
            gr.Button().click(handler, name, said, api_name=handler.__name__)
        gr.Button().click(answer, name, said, api_visibility="private", queue=False)
        gr.Button().click(answer, name, said, api_visibility="private")
        gr.Button().click(stream, name, said, api_visibility="private", trigger_mode="always_last")
    page.css, page.theme_hash = "", ""
    page.launch(prevent_thread_lock=True, server_port=free_port(), quiet=True)
    yield str(page.local_url).rstrip("/")
    page.close()


def test_every_error_of_a_handler_is_one_sentence_and_one_line_of_the_log(failing_app, caplog):
    caplog.set_level(logging.INFO, logger="darkroom")
    stranger = Stranger(failing_app)
    for name, (_, sentence) in ERRORS.items():
        for handler in ("answer", "stream", "watch"):
            *begun, (kind, answer) = list(stranger.stream(handler, [name]))
            assert kind == "error" and answer["error"].startswith(sentence), (name, answer)
            assert len(begun) == (handler != "answer")
            assert f"event={handler} session=" in caplog.records[-1].getMessage()
            assert "visitor" not in caplog.text and "Traceback" not in caplog.text
    assert stranger.call("answer", ["a"]) == ("complete", ["a"])
    assert caplog.records[-1].getMessage().endswith("outcome=ok")


def test_what_is_refused_and_what_failed_differ_by_their_status(failing_app):
    stranger = Stranger(failing_app)
    (direct,) = stranger.direct
    body = {"fn_index": direct, "session_hash": "a"}
    status = {it: stranger.http.post(f"{API}/run/predict", json=body | {"data": [it]}).status_code for it in ERRORS}
    assert status == {"refused": 422, "own": 422, "no memory": 500, "full disk": 500, "unknown": 500}


def test_the_pages_own_errors_are_escaped_and_drop_no_event_that_waits(failing_app):
    stranger = Stranger(failing_app)
    *_, plain, waiting = (it["id"] for it in stranger.config()["dependencies"])
    answer = stranger.event(plain, ["own"])
    assert not answer["success"] and answer["output"]["error"] == "&lt;b&gt;said&lt;/b&gt;"
    assert stranger.join(waiting, ["own"]).status_code == 200
    messages = list(stranger.messages())
    (warning,) = [it for it in messages if it["msg"] == "log"]
    assert warning["level"] == "warning" and warning["log"] == "&lt;b&gt;said&lt;/b&gt;"
    assert [it["success"] for it in messages if it["msg"] == "process_completed"] == [True]
