"""The wheel of `pip install .`, unpacked, and used in an empty folder with no checkout near."""

import os
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

from benchmarks.servers import running_app

ROOT = Path(__file__).parents[1]
USED = """
from importlib.metadata import distribution
from pathlib import Path

import app
from darkroom.shipped import EXAMPLES
from singan import ScenePipeline

ours = distribution("darkroom")
commands = {it.name: it.load() for it in ours.entry_points}
assert commands.pop("dcgan")(["sample", "checkpoints/faces", "--out", "faces", "--count", "1"]) == 0
assert commands.pop("singan")(["sample", "checkpoints/peaks", "--out", "peaks", "--count", "1"]) == 0
assert commands == {"darkroom": app.main}
assert len(app.shipped_scenes()) == 6 and len(list(EXAMPLES.glob("*.jpg"))) == 3
assert ScenePipeline.from_pretrained("checkpoints/autumn").name == "autumn"
print(*ours.requires, sep="\\n")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The wheel of what is under version control, unpacked."""
    folder = tmp_path_factory.mktemp("install")
    for name in tracked():
        (folder / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / "checkout" / name)
    build = ["wheel", "-q", "--no-deps", "--no-index", "--no-build-isolation", "-w", folder, folder / "checkout"]
    subprocess.run([sys.executable, "-m", "pip", *build], check=True)
    (wheel,) = folder.glob("*.whl")
    assert wheel.stat().st_size < 60e6
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    shutil.rmtree(folder / "checkout")
    return folder / "installed"


def tracked(*below: str) -> list[str]:
    """List the files under version control, or about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *below]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return [name for name in listed if name and (ROOT / name).is_file()]


def test_it_holds_every_file_of_the_packages(installed):
    wanted = tracked("app.py", "darkroom", "dcgan", "singan", "ui")
    assert "ui/static/darkroom.css" in wanted
    assert not [name for name in wanted if not (installed / name).is_file()]
    shipped = installed / "darkroom" / "shipped_files" / "checkpoints"
    models = tracked("checkpoints/*/model.safetensors", "checkpoints/*/config.json", "checkpoints/*/photograph.jpg")
    assert not [name for name in models if not (shipped.parent / name).is_file()]


def test_its_commands_work_in_an_empty_folder(installed, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(installed), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", USED]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in tmp_path.rglob("*.png")) == ["seed0_0000.png", "seed0_00000.png"]
    required = {line.replace("; extra", ";extra") for line in result.stdout.splitlines()}
    extras = {name: (ROOT / f"requirements-{name}.txt").read_text().split() for name in ("dev", "ray")}
    assert set((ROOT / "requirements.txt").read_text().split()) <= required
    assert {f'{line};extra == "{name}"' for name, lines in extras.items() for line in lines} <= required


@pytest.mark.soak
def test_its_app_serves_the_page(installed, tmp_path):
    places = {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(installed)}
    with running_app(tmp_path / "log.txt", installed, **places) as address:
        page = urllib.request.urlopen(address).read().decode()
        names = urllib.request.urlopen(f"{address}/look/darkroom.css").read()
    assert "Darkroom" in page and names
