"""The real huggingface_hub client against a loopback Hub; HF_ENDPOINT is read at import, so a process each."""

import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests import forked
from tests.hub import client_environment

DEAD = "http://127.0.0.1:9"


@pytest.fixture(params=["singan", "dcgan"])
def package(request) -> str:
    return request.param


@pytest.fixture
def folder(package, tiny_folder, tiny_faces_folder) -> Path:
    """A trained model, with what resuming its training needs."""
    return tiny_folder if package == "singan" else tiny_faces_folder


def call(package: str, hub_address: str, home: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return forked.run(package, [*map(str, arguments)], client_environment(hub_address, str(home)))


def picture_in(folder: Path) -> bytes:
    (file,) = folder.iterdir()
    with Image.open(file) as picture:
        return picture.tobytes()


def test_a_model_goes_to_the_hub_and_comes_back(hub, package, folder, tmp_path):
    """Only what sampling needs is sent and fetched, and one that was fetched needs no Hub."""
    home = tmp_path / "home"
    pushed = call(package, hub.address, home, "push", folder, "user/tiny")
    assert pushed.returncode == 0, pushed.stderr
    assert set(hub.repos["user/tiny"]) >= {"config.json", "model.safetensors", "README.md"}
    assert "training.safetensors" not in hub.repos["user/tiny"]
    hub.fill("user/tiny", folder)
    assert "training.safetensors" in hub.repos["user/tiny"]
    model = f"user/tiny@{hub.commit('user/tiny')}"
    for name, source in (("first", model), ("again", model), ("local", folder)):
        hub.requests.clear()
        drawn = call(package, hub.address, home, "sample", source, "--out", tmp_path / name, "--count", 1)
        assert drawn.returncode == 0, drawn.stderr
        assert not any("training" in request for request in hub.requests)
        assert bool(hub.requests) == (name == "first")
        for trees in home.glob("hub/*/trees"):
            shutil.rmtree(trees)  # a Space that preloads a model has none
    assert picture_in(tmp_path / "first") == picture_in(tmp_path / "again") == picture_in(tmp_path / "local")


def test_a_missing_repository_is_named(hub, tmp_path):
    result = call("singan", hub.address, tmp_path / "home", "sample", "user/none", "--out", tmp_path / "out")
    assert result.returncode == 2 and "user/none is no folder here and cannot be had from the Hub" in result.stderr
    assert "there is no repository user/none that may be read here" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.soak
def test_what_the_hub_lacks_is_said_in_words(hub, package, folder, tmp_path):
    hub.fill("user/tiny", folder)
    sample = ["--out", tmp_path / "out"]
    for model, words in (
        ("user/tiny@nope", "user/tiny has no revision nope"),
        ("user/ti ny", "is neither a folder nor a repository of the Hub"),
    ):
        result = call(package, hub.address, tmp_path / "home", "sample", model, *sample)
        assert result.returncode == 2 and words in result.stderr, result.stderr
    for arguments in (["push", folder, "user/tiny"], ["sample", "user/none", *sample]):
        result = call(package, DEAD, tmp_path / "home", *arguments)
        assert result.returncode == 2 and result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.endswith("from the Hub: the Hub cannot be reached\n")
    hub.repos["user/tiny"]["model.safetensors"] = hub.repos["user/tiny"]["model.safetensors"][:-99]
    result = call(package, hub.address, tmp_path / "home", "sample", "user/tiny", *sample)
    assert result.returncode == 2 and "user/tiny is damaged" in result.stderr
