"""A store of scenes that ships a tiny one."""

from dataclasses import replace

import pytest
import torch

from darkroom.models import Models
from singan import ScenePipeline
from ui.scenes.store import SceneStore


@pytest.fixture
def store(tiny_scene, tmp_path):
    """Ships `tiny`, as if it had been trained with seed 9."""
    ScenePipeline(tiny_scene.pyramid, replace(tiny_scene.train_config, seed=9)).save_pretrained(tmp_path / "tiny")
    return SceneStore(Models([str(tmp_path / "tiny")], [], ScenePipeline.from_pretrained), torch.device("cpu"))
