"""Training on ZeroGPU, with a stand-in for Spaces' own package that forks, pickles and kills as it does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ui.training import zero

ROOT = Path(__file__).parents[1]


def run(case: str, picture: Path, folder: Path) -> dict:
    paths = os.pathsep.join([str(ROOT / "tests" / "zerogpu"), str(ROOT)])
    # One thread: OpenMP's do not survive a fork.
    environment = {**os.environ, "SPACES_ZERO_GPU": "1", "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, ROOT / "tests" / "zerogpu" / "case.py", picture, folder, case]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.soak
def test_a_training_over_several_calls_gives_the_same_weights(picture_file, tmp_path):
    weights = {}
    for case, calls in (("whole", 1), ("pieces", 3)):
        told = run(case, picture_file, tmp_path / case)
        assert told["scales"] == 3 and told["ordered"] and "error" not in told
        assert len(told["calls"]) == calls
        weights[case] = (tmp_path / case / "model.safetensors").read_bytes()
    assert weights["whole"] == weights["pieces"]


@pytest.mark.soak
def test_a_used_up_quota_is_told_and_finished_scales_stay(picture_file, tmp_path):
    told = run("quota", picture_file, tmp_path / "scene")
    assert "exceeded your GPU quota" in told["error"] and told["scales"] == 1


@pytest.mark.soak
def test_the_page_trains_and_draws_there_and_a_scene_is_written_once_a_scale(picture_file, tiny_folder, tmp_path):
    told = run("handlers", picture_file, tiny_folder)
    assert told["finished"] and "Trained in" in told["report"]
    assert "on this device (ZeroGPU)" in told["expected"] and "paper" in told["presets"]
    assert told["written"] == list(range(1, told["scales"] + 1))
    assert sum(told["sent"]) == told["scales"] < len(told["sent"])


def test_elsewhere_nothing_is_imported():
    assert not zero.ON_ZERO_GPU and "spaces" not in sys.modules
