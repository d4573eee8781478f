"""Which endpoints there are."""

import torch

from darkroom.models import Models
from dcgan import FacePipeline
from singan import ScenePipeline
from ui.page import build_page


def test_without_a_face_model_its_endpoints_do_not_exist(tiny_folder):
    scenes = Models([str(tiny_folder)], [], ScenePipeline.from_pretrained)
    page = build_page(Models([], [], FacePipeline.from_pretrained), scenes, torch.device("cpu"))
    names = {function.api_name for function in page.fns.values() if function.api_visibility == "public"}
    assert {"sample_scene", "train_scene", "models", "health"} <= names
    assert not [name for name in names if "face" in name]
