"""The real huggingface_hub client against a loopback Hub; HF_ENDPOINT is read at import, so a process each."""

import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests import forked
from tests.hub import Hub, client_environment


@pytest.fixture(params=["singan", "dcgan"])
def package(request) -> str:
    return request.param


@pytest.fixture
def folder(package, tiny_folder, tiny_faces_folder) -> Path:
    """A trained model, with what resuming its training needs."""
    return tiny_folder if package == "singan" else tiny_faces_folder


def call(package: str, hub_address: str, home: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return forked.run(package, [*map(str, arguments)], client_environment(hub_address, str(home)))


def filled(hub: Hub, folder: Path) -> None:
    hub.repos["user/tiny"] = {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_model_goes_to_the_hub_and_comes_back(hub, package, folder, tmp_path):
    pushed = call(package, hub.address, tmp_path / "home", "push", folder, "user/tiny")
    assert pushed.returncode == 0, pushed.stderr
    assert set(hub.repos["user/tiny"]) >= {"config.json", "model.safetensors", "README.md"}
    assert "training.safetensors" not in hub.repos["user/tiny"]
    for model in ("user/tiny", "user/tiny@main"):
        out = tmp_path / model.replace("/", "_")
        drawn = call(package, hub.address, tmp_path / "home", "sample", model, "--out", out, "--count", 1)
        assert drawn.returncode == 0, drawn.stderr
    local = call(package, hub.address, tmp_path / "home", "sample", folder, "--out", tmp_path / "local", "--count", 1)
    assert local.returncode == 0
    (file,) = (tmp_path / "local").iterdir()
    with Image.open(file) as here, Image.open(tmp_path / "user_tiny" / file.name) as there:
        assert here.tobytes() == there.tobytes()


def test_only_what_sampling_needs_is_downloaded(hub, package, folder, tmp_path):
    filled(hub, folder)
    assert "training.safetensors" in hub.repos["user/tiny"]
    assert (
        call(
            package, hub.address, tmp_path / "home", "sample", "user/tiny", "--out", tmp_path / "o", "--count", 1
        ).returncode
        == 0
    )
    assert not any("training" in request for request in hub.requests)


def test_a_dead_hub_is_one_line(package, folder, tmp_path):
    for arguments in (["push", folder, "user/tiny"], ["sample", "user/tiny", "--out", tmp_path / "out"]):
        result = call(package, "http://127.0.0.1:9", tmp_path / "home", *arguments)
        assert result.returncode == 2 and result.stderr.count("\n") == 1, result.stderr


def test_a_commit_in_the_cache_needs_no_hub(hub, package, folder, tmp_path):
    filled(hub, folder)
    model = f"user/tiny@{hub.commit('user/tiny')}"
    sample = ["sample", model, "--count", 1, "--out"]
    assert call(package, hub.address, tmp_path / "home", *sample, tmp_path / "first").returncode == 0
    (trees,) = (tmp_path / "home").glob("hub/*/trees")
    shutil.rmtree(trees)  # a Space that preloads a model has none
    hub.requests.clear()
    assert call(package, hub.address, tmp_path / "home", *sample, tmp_path / "second").returncode == 0
    assert hub.requests == []


def test_a_missing_repository_is_named(hub, package, tmp_path):
    result = call(package, hub.address, tmp_path / "home", "sample", "user/none", "--out", tmp_path / "out")
    assert result.returncode == 2 and "user/none is no folder here and cannot be had from the Hub" in result.stderr
    assert not (tmp_path / "out").exists()


def test_what_the_hub_lacks_is_said_in_words(hub, package, folder, tmp_path):
    filled(hub, folder)
    for model, words in (
        ("user/none", "there is no repository user/none that may be read here"),
        ("user/tiny@nope", "user/tiny has no revision nope"),
        ("user/ti ny", "is neither a folder nor a repository of the Hub"),
    ):
        result = call(package, hub.address, tmp_path / "home", "sample", model, "--out", tmp_path / "out")
        assert result.returncode == 2 and words in result.stderr, result.stderr
    result = call(package, "http://127.0.0.1:9", tmp_path / "home", "sample", "user/none", "--out", tmp_path / "out")
    assert result.returncode == 2 and result.stderr.endswith("from the Hub: the Hub cannot be reached\n")


def test_a_damaged_download_is_refused(hub, package, folder, tmp_path):
    filled(hub, folder)
    hub.repos["user/tiny"]["model.safetensors"] = hub.repos["user/tiny"]["model.safetensors"][:-99]
    result = call(package, hub.address, tmp_path / "home", "sample", "user/tiny", "--out", tmp_path / "out")
    assert result.returncode == 2 and "user/tiny is damaged" in result.stderr
