"""What went wrong is said where the work was asked for, and stays there."""

import inspect

import gradio as gr
import pytest
import torch

from darkroom.models import Models
from dcgan import FacePipeline
from singan import ScenePipeline
from ui.failures import MAX_SENTENCE, failing_in, said_of
from ui.page import build_page


@pytest.fixture(scope="module")
def page(tiny_folder, tiny_faces_folder):
    faces = Models([str(tiny_faces_folder)], [], FacePipeline.from_pretrained)
    return build_page(faces, Models([str(tiny_folder)], [], ScenePipeline.from_pretrained), torch.device("cpu"))


def status_of(event):
    found = [it for it in event.outputs if (it.elem_id or "").endswith("-status")]
    return found[0] if found else None


def test_every_work_with_a_status_ends_there_with_why_it_failed(page):
    failed = set()
    for event in page.fns.values():
        status = status_of(event)
        if status is None or not inspect.isgeneratorfunction(event.fn):
            continue
        values = {it: "gone" if isinstance(it, gr.Dropdown) else it.value for it in event.inputs}  # no such model
        told = []
        try:
            told.extend(event.fn(values))
        except Exception as error:
            assert told and "Nothing came of it: " in told[-1][status], (event.fn, error)
            failed.add(status.elem_id)
    uses = {"sample", "retarget", "devices", "animate", "paint", "edit", "harmonize", "super-resolve", "tile"}
    assert failed >= {f"{use}-status" for use in uses | {"faces", "morph", "map"}}


def test_who_leaves_is_told_nothing():
    steps = failing_in(gr.HTML(), iter([{}, {}]))
    next(steps)
    steps.close()  # and it raises nothing


def test_a_sentence_is_short_whatever_is_in_it():
    assert len(said_of(ValueError("x" * 10_000), ours=False)[1]) < MAX_SENTENCE + 4
