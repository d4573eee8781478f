"""What the Faces tab lays out, without a browser."""

import gradio as gr

from tests.ui.test_links import OneModel
from ui.faces.handlers import FaceHandlers
from ui.faces.tab import FacesTab
from ui.links import Query


def test_a_model_without_named_directions_has_the_others_open(tiny_faces, shipped_faces):
    models = OneModel(imported=tiny_faces, shipped=shipped_faces)
    with gr.Blocks():
        tab = FacesTab(FaceHandlers(models, None), gr.Textbox())

    def opened(model: str) -> bool:
        updates = tab.read(Query({"model": model}), True)
        (drawer,) = [update for it, update in updates.items() if it.elem_id == "principal"]
        return drawer["open"]

    assert opened("imported") and not opened("shipped")
