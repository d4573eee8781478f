"""One picture in the shapes of all devices: what is said of each."""

import gradio as gr
import numpy as np
import pytest

from singan import ScenePipeline
from singan.importance import CELLS, Importance
from singan.uses import Retarget
from tests.ui.test_panel import OneScene
from ui.device import Device
from ui.drawing import Drawing
from ui.scenes.retarget import DEVICES, ENLARGED, TOO_LARGE, DevicesPanel, noted


@pytest.fixture
def full(tiny_scene):
    """A scene whose subject fills its photograph."""
    scene = ScenePipeline(tiny_scene.pyramid, tiny_scene.train_config)
    scene.importance = Importance(np.ones((CELLS, CELLS), bool), np.ones((CELLS, CELLS), np.float32))
    return scene


def test_captions_and_the_status_tell_what_was_cropped(full):
    with gr.Blocks():
        scene, origin = gr.Dropdown(["tiny"], value="tiny"), gr.Textbox("")
        panel = DevicesPanel(Retarget, Drawing(OneScene(full), Device()), scene, origin)
    uses = panel.uses({"mode": "fit", "enlarge": False, "seed": 0}, "tiny")
    for result in panel.drawn(uses, "tiny"):
        if result.files:
            shown = panel.seen(result, uses, "tiny")[panel.gallery]
    captions = dict(zip(DEVICES, (caption for _, caption in shown), strict=True))
    assert captions["Phone 9:19.5"].startswith("Phone 9:19.5 (cropped) · ")
    assert captions["Tablet 4:3"].startswith("Tablet 4:3 · ")  # the photograph's own shape
    assert TOO_LARGE in result.report.text and ENLARGED not in result.report.text


def test_notes_of_several_pictures_are_told_once(full):
    sizes = [(20, 60), (30, 90), (64, 48), (640, 480)]
    notes = [Retarget(size, "fit").note(full) for size in sizes]
    assert noted(notes) == f"{TOO_LARGE}; {ENLARGED}" and noted(notes[:3]) == TOO_LARGE
    assert noted(notes[2:3]) is None
