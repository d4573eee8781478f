"""The Faces tab without a browser: its layout, the steps of its face, and no tab without a model."""

import gradio as gr
import pytest
import torch

from darkroom.models import Models
from dcgan import FacePipeline
from dcgan.recipe import Recipe, face_token
from singan import ScenePipeline
from tests.ui.test_links import OneModel
from ui.device import Device
from ui.faces.draw import MAX_FAVOURITES
from ui.faces.handlers import FaceHandlers
from ui.faces.state import MAX_STEPS, Steps
from ui.faces.tab import FacesTab
from ui.links import Query
from ui.page import build_page
from ui.results import ResultStore


@pytest.fixture
def tab(tiny_faces, shipped_faces):
    with gr.Blocks():
        handlers = FaceHandlers(OneModel(imported=tiny_faces, shipped=shipped_faces), Device())
        return FacesTab(handlers, gr.Textbox(), ResultStore())


def test_a_model_without_named_directions_has_the_others_open(tab):
    def opened(model: str) -> bool:
        updates = tab.read(Query({"model": model}))
        (drawer,) = [update for it, update in updates.items() if it.elem_id == "principal"]
        return drawer["open"]

    assert opened("imported") and not opened("shipped")


def test_favourites_are_those_of_the_chosen_model_whatever_the_browser_keeps(tab, tiny_faces):
    panel, now = tab.favourites, tab.now
    own, first = panel.own, {"model": tiny_faces.fingerprint, "face": face_token(Recipe(0, 1))}
    values = {now.model: "imported", now.face: Recipe(0, 2).to_dict()}
    theirs = {"model": "of another", "face": "1.2.1"}
    odd = [None, 1, {}, {"model": 1, "face": 2}, {"model": tiny_faces.fingerprint, "face": "wit"}]

    def faces(change, kept):
        *_, updates = change(values | {own: kept})
        return updates[now.favourites], updates[own]

    for kept in (None, {}, "x", []):
        assert faces(panel.show, kept) == ([], [])
    assert faces(panel.show, [*odd, theirs, first])[0] == ["0.1.1"]
    shown, kept = faces(panel.add, [theirs, first])
    assert shown == ["0.1.1", "0.2.1"] and theirs in kept and len(kept) == 3
    assert faces(panel.remove, kept) == (["0.1.1"], [theirs, first])
    with pytest.raises(ValueError, match="the edited face is no favourite"):
        faces(panel.remove, [first])
    with pytest.raises(ValueError, match=f"{MAX_FAVOURITES} favourites are the most"):
        faces(panel.add, [first] * MAX_FAVOURITES)


def test_steps_go_back_and_forth_and_the_oldest_are_forgotten():
    a, b, c = (Recipe(0, index).to_dict() for index in range(3))
    steps = Steps().taken(a).taken(b).taken(b).taken(c)
    assert steps == Steps([a, b, c], 2) and steps.moved(1) == steps
    back = steps.moved(-1)
    assert back == Steps([a, b, c], 1) and back.moved(1) == steps and back.moved(-2).at == 0
    assert back.taken(b) == back and back.taken(a) == Steps([a, b, a], 2)
    for index in range(MAX_STEPS + 5):
        steps = steps.taken(Recipe(0, index).to_dict())
    assert steps.faces == [Recipe(0, index + 5).to_dict() for index in range(MAX_STEPS)] and steps.at == MAX_STEPS - 1


def test_without_a_face_model_its_endpoints_do_not_exist(tiny_folder):
    scenes = Models([str(tiny_folder)], [], ScenePipeline.from_pretrained)
    page = build_page(Models([], [], FacePipeline.from_pretrained), scenes, torch.device("cpu"))
    names = {function.api_name for function in page.fns.values() if function.api_visibility == "public"}
    assert {"sample_scene", "train_scene", "models", "health"} <= names
    assert not [name for name in names if "face" in name]
