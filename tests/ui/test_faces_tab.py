"""The layout of the Faces tab, without a browser."""

import gradio as gr
import pytest

from dcgan.recipe import Recipe, face_token
from tests.ui.test_links import OneModel
from ui.device import Device
from ui.faces.draw import MAX_FAVOURITES
from ui.faces.handlers import FaceHandlers
from ui.faces.tab import FacesTab
from ui.links import Query


@pytest.fixture
def tab(tiny_faces, shipped_faces):
    with gr.Blocks():
        return FacesTab(FaceHandlers(OneModel(imported=tiny_faces, shipped=shipped_faces), Device()), gr.Textbox())


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
