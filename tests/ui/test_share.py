"""The code beside each result: it names every argument, and it runs."""

import ast
import inspect

import gradio as gr

from ui.device import Device
from ui.scenes.endpoints import train_scene
from ui.share import Call, File, LinkAndCode, file_name, python_code
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
        panel = TrainingPanel(trainings, gr.Dropdown(), [gr.Button()], gr.Textbox(), gr.BrowserState(), gr.Tabs())
    asked = (panel.picture, panel.preset, panel.seed, panel.size, panel.iterations)
    (one,) = panel.snippet_calls(dict(zip(asked, (None, "layout", 3, 128, 0), strict=True)))
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
    assert "handle_file" not in python_code(CALLS, ORIGIN) and python_code([], ORIGIN) == ""
    assert file_name("/tmp/gradio/abc/cat.png") == File("cat.png") and file_name(None) == File("picture.jpg")


def test_a_panel_says_the_link_and_the_code():
    with gr.Blocks():
        origin = gr.Textbox()
        shown = LinkAndCode("test", origin)
    said = shown.says({"tab": "faces", "seed": 3}, CALLS, {origin: ORIGIN})
    assert said[shown.link] == f"{ORIGIN}/?tab=faces&seed=3" and said[shown.code] == python_code(CALLS, ORIGIN)
