"""The code beside each result: it names every argument, and it is what the languages accept."""

import ast
import inspect
import json
import shlex

import gradio as gr

from ui.device import Device
from ui.scenes.endpoints import train_scene
from ui.share import Call, File, Share, codes, curl_code, file_name, javascript_code, python_code
from ui.training.panel import TrainingPanel
from ui.training.queue import TrainingQueue

ORIGIN = "http://127.0.0.1:7860"
FACE = {"seed": 1, "index": 2, "truncation": 0.8, "moves": {"smiling": 1.5}}
CALLS = [Call("/edit_face", {"face": FACE, "model": None}), Call("/models", {})]
UPLOAD = Call("/train_scene", {"picture": File("my 'best' picture.jpg"), "seed": 0, "fast": True})


def test_the_training_s_call_has_every_argument_of_its_endpoint_in_order(store):
    """Other calls have those of their use, from which their endpoints are made."""
    trainings = TrainingQueue(store, Device())
    with gr.Blocks():
        panel = TrainingPanel(
            trainings, gr.Dropdown(), gr.Button(), gr.Textbox(), gr.BrowserState(), gr.Tabs()
        )  # fmt: skip
    asked = (panel.picture, panel.preset, panel.seed, panel.size, panel.iterations)
    (one,) = panel._calls(dict(zip(asked, (None, "layout", 3, 128, 0), strict=True)))
    arguments = {"picture": "picture.jpg", "preset": "layout", "seed": 3, "max_size": 128, "iterations": None}
    assert one == Call("/train_scene", arguments)
    taken = [name for name in inspect.signature(train_scene(trainings)).parameters if name != "request"]
    assert list(one.arguments) == taken


def test_python_code_runs():
    code = python_code([*CALLS, UPLOAD], ORIGIN)
    compile(code, "shared", "exec")
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    given = [{word.arg: word.value for word in node.keywords} for node in calls if node.keywords]
    assert ast.literal_eval(given[0]["face"]) == FACE and ast.literal_eval(given[0]["model"]) is None
    assert [ast.literal_eval(words["api_name"]) for words in given] == ["/edit_face", "/models", "/train_scene"]
    assert "import Client, handle_file" in code and f'Client("{ORIGIN}")' in code
    assert "handle_file" not in python_code(CALLS, ORIGIN)


def test_curl_sends_the_arguments_as_json():
    code = curl_code(CALLS, ORIGIN)
    words = shlex.split(code.replace("$(", " ").replace(")", " ").replace("\\\n", " "))
    bodies = [json.loads(words[i + 1]) for i, word in enumerate(words) if word == "-d"]
    assert bodies == [{"data": [FACE, None]}, {"data": []}]
    assert f"{ORIGIN}/gradio_api/call/edit_face" in words and f"{ORIGIN}/gradio_api/call/edit_face/$EVENT" in words


def test_curl_uploads_files_first():
    first, rest = curl_code([UPLOAD], ORIGIN).split("\n", 1)
    assert first.startswith("FILE=$(curl") and f"{ORIGIN}/gradio_api/upload" in first
    assert shlex.quote("my 'best' picture.jpg") in first and '''"path": "'"$FILE"'"''' in rest


def test_javascript_code_holds_json():
    code = javascript_code([CALLS[0], UPLOAD], ORIGIN)
    assert f"face: {json.dumps(FACE)}," in code and "model: null," in code and "fast: true," in code
    assert "handle_file(\"my 'best' picture.jpg\")" in code and "import { Client, handle_file }" in code
    assert "const result1" in code and "const result2" in code
    assert "const result =" in javascript_code(CALLS[:1], ORIGIN)


def test_files_are_called_as_the_user_calls_them():
    assert file_name("/tmp/gradio/abc/cat.png") == File("cat.png")
    assert file_name(None) == File("picture.jpg")


def test_a_panel_says_the_link_and_the_code_only_where_it_is_open():
    with gr.Blocks():
        origin = gr.Textbox()
        share = Share("test", origin)
    opened = next(component for component in share.inputs if component is not origin)
    written = []

    def calls():
        written.append(True)
        return CALLS

    said = share.says({"tab": "faces", "seed": 3}, calls, {origin: f"{ORIGIN}/", opened: False})
    assert said[share.link] == f"{ORIGIN}/?tab=faces&seed=3" and said[share.copy].interactive
    assert not written and not set(said) & set(share.codes)
    said = share.says({"tab": "faces"}, calls, {origin: f"{ORIGIN}/", opened: True}, button=False)
    assert [said[code] for code in share.codes] == list(codes(CALLS, ORIGIN)) and share.copy not in said
    assert codes(CALLS, f"{ORIGIN}/") == tuple(
        write(CALLS, ORIGIN) for write in (python_code, curl_code, javascript_code)
    )


def test_a_drawer_without_a_result_is_empty():
    with gr.Blocks():
        share = Share("test", origin := gr.Textbox())
    assert set(share._written([], "").values()) == {""} and origin in share.inputs
