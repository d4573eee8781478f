"""Check that the documentation's examples do as they say: commands and Python run, client examples against the app."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client
from PIL import Image

import dcgan.__main__
import singan.__main__

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ADDRESS = "http://127.0.0.1:7860"
CLIENT_FILES = ("picture", "archive", "morph", "animation")
COMMANDS = re.findall(r"^python -m (.+)$", (DOCS / "command-line.md").read_text(), re.MULTILINE)
# The same work, less of it; what is published or imported is tested elsewhere.
SMALLER = {
    "train faces.zip": "--iterations 1 --batch 4",
    "train peaks.jpg": "--iterations 2 --max-size 48",
    "sample runs": "--count 1",
    "sample checkpoints": "--count 2",
    "retarget runs": "--size 64x96",
    "retarget-picture": "--size 90x50",
    "animate": "--frames 4",
    "super-resolve": "--factor 1.5",
}
ELSEWHERE = ("push", "import")


def code(page: str, language: str, with_text: str) -> str:
    text = (DOCS / page).read_text()
    (found,) = [it for it in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL) if with_text in it]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory, shipped_faces, tiny_folder, picture) -> Path:
    """Where the commands are called: photographs, a drawing, a changed picture with its mask, a trained scene."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "photographs").mkdir()
    for i, face in enumerate(shipped_faces.generate(shipped_faces.latents(8, 1))):
        face.save(folder / "photographs" / f"{i}.png")
    for name in ("peaks.jpg", "drawing.png", "changed.png"):
        picture.save(folder / name)
    Image.fromarray(np.pad(np.full((10, 10), 255, np.uint8), ((20, 18), (20, 34)))).save(folder / "mask.png")
    for name in ("checkpoints", "examples"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(tiny_folder, folder / "tiny")
    return folder


@pytest.mark.parametrize("command", [it for it in COMMANDS if it.split()[1] not in ELSEWHERE])
def test_the_commands_run(folder, monkeypatch, command):
    monkeypatch.chdir(folder)
    package, *arguments = shlex.split(command)
    # A trained scene stands in for the one that a command before would have trained.
    arguments = ["tiny" if it == "runs/peaks" and i == 1 else it for i, it in enumerate(arguments)]
    smaller = [more for begin, more in SMALLER.items() if command.partition(" ")[2].startswith(begin)]
    if not Path("faces.zip").exists():
        dcgan.__main__.main(shlex.split("prepare photographs --out faces.zip"))
    if arguments[0] == "prepare":
        arguments[-1] = "again.zip"
    main = {"dcgan": dcgan.__main__.main, "singan": singan.__main__.main}[package]
    assert main([*arguments, *shlex.split(" ".join(smaller))]) == 0
    out = Path(arguments[arguments.index("--out") + 1])
    assert out.is_file() or any(out.iterdir())


@pytest.mark.soak
def test_the_python_example(folder, monkeypatch):
    """Cut a training short after its first records."""
    monkeypatch.chdir(folder)
    if not Path("faces.zip").exists():
        dcgan.__main__.main(shlex.split("prepare photographs --out faces.zip"))
    text = (DOCS / "python.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    example = example.replace("discriminator_steps=5)", "discriminator_steps=1, batch=4, iterations=1)")
    example = example.replace('singan.PRESETS["fast"]', 'replace(singan.PRESETS["fast"], max_size=48, iterations=2)')
    for large, small in (("(1170, 2532)", "(117, 253)"), ("frames=60", "frames=4"), ("enlarge=True", "enlarge=False")):
        example = example.replace(large, small)
    exec(example, {})
    assert all(Path(name).stat().st_size for name in re.findall(r'save\("(\S+)"\)', example))


def test_the_client_example(app, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    example = code("api.md", "python", "job.cancel").replace(ADDRESS, app)
    assert '"fast"' in example
    values: dict = {}
    exec(example.replace('"fast"', '"fast", 0, 48, 5'), values)  # the same, smaller
    assert all(Path(values[name]).stat().st_size for name in CLIENT_FILES)
    assert len(values["pictures"]) == 2 and values["scene"].startswith("sunset-")
    assert "scale 1 of" in capsys.readouterr().out


def test_an_endpoint_in_three_languages(app, folder, monkeypatch):
    """The JavaScript is compared with the endpoint's arguments alone: there is no Node here."""
    monkeypatch.chdir(folder)
    known = Client(app, verbose=False).view_api(return_format="dict", print_info=False)["named_endpoints"]
    python, shell, javascript = (
        code("api.md", it, "/edit_scene").replace(ADDRESS, app) for it in ("python", "sh", "js")
    )
    values: dict = {}
    exec(python, values)
    result = subprocess.run(["bash", "-c", shell], capture_output=True, text=True)
    assert "event: complete" in result.stdout and "edit_seed7" in result.stdout, result.stdout + result.stderr
    (line,) = [line for line in result.stdout.splitlines() if "edit_seed7" in line][-1:]
    by_curl = httpx.get(json.loads(line.removeprefix("data: "))[1][0]["image"]["url"]).content
    assert by_curl == Path(values["pictures"][0]["image"]).read_bytes()  # so picture and mask are where they belong
    names = re.findall(r"^  (\w+):", javascript, re.MULTILINE)
    parameters = [parameter["parameter_name"] for parameter in known["/edit_scene"]["parameters"]]
    assert names == [name for name in parameters if name in names] and len(names) == 5
    assert set(re.findall(r"`(/\w+)`", (DOCS / "api.md").read_text())) >= set(known)


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_links_and_pictures_are_there(page):
    for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / link).exists(), link
