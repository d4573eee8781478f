"""Check that the documentation's examples run as they are written, in a folder that holds what a fresh clone does.

Clients' examples run against the app, pushes against a stand-in for the Hub.
"""

import json
import re
import shlex
import subprocess
from pathlib import Path

import httpx
import nbformat
import pytest
from gradio_client import Client
from nbclient import NotebookClient
from playwright.sync_api import expect

import dcgan.__main__
import singan.__main__
from tests import forked
from tests.browser import new_page
from tests.hub import client_environment

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
NOTEBOOK = ROOT / "examples" / "quickstart.ipynb"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
ADDRESS = "http://127.0.0.1:7860"
MAINS = {"dcgan": dcgan.__main__.main, "singan": singan.__main__.main}
LONG = (
    " train ", "train(", "invert(", "train_scene", "enlarge=True", "--enlarge", "--size 1170x2532", "--size 2560",
    "super-resolve", "animate ", " batch ",
)  # fmt: skip


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of code of a page, in order; language: "" of those that say none."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def cases(found: list[str]) -> list:
    """What takes long runs in soaks alone."""
    return [pytest.param(it, marks=[pytest.mark.soak] if any(word in it for word in LONG) else []) for it in found]


SHELL = [block for page in PAGES for block in blocks(page, "sh")]
COMMANDS = [line for block in SHELL if "curl" not in block for line in block.splitlines() if line]
(CURL,) = (block for block in SHELL if "curl" in block)
PYTHON = blocks(DOCS / "python.md", "python")
CLIENTS = blocks(DOCS / "api.md", "python")
(JAVASCRIPT,) = blocks(DOCS / "api.md", "js")
(LINKS,) = (block.split() for block in blocks(DOCS / "api.md", "") if "?tab=" in block)


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """Where examples run."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("checkpoints", "examples"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def test_every_block_is_run_here():
    """But for a tree of folders."""
    (tree,) = blocks(DOCS / "architecture.md", "")
    run = [*SHELL, *PYTHON, *CLIENTS, JAVASCRIPT, tree]
    every = [block for page in PAGES for block in re.findall(r"^```\w*\n(.*?)^```$", page.read_text(), re.M | re.S)]
    assert sorted([*run, "\n".join(LINKS) + "\n"]) == sorted(every)


@pytest.mark.parametrize("command", cases(COMMANDS))
def test_the_commands_run(clone, hub, monkeypatch, command):
    monkeypatch.chdir(clone)
    prepared = [it for it in COMMANDS if " prepare " in it and f" train {it.split()[-1]} " in command]
    for line in (*prepared, command):
        program, *arguments = shlex.split(line, comments=True)
        if program == "make":  # which is what runs the tests
            subprocess.run(["make", "-n", *arguments], cwd=ROOT, check=True, capture_output=True)
            continue
        assert program == "python"
        module, *arguments = arguments if arguments[0] != "-m" else arguments[1:]
        if "USER/" in line:
            environment = client_environment(hub.address, str(clone))
            done = forked.run(module.removesuffix(".py"), arguments, environment)
            assert done.returncode == 0, done.stderr
            continue
        assert MAINS[module](arguments) == 0
        out = Path(arguments[arguments.index("--out") + 1])
        assert out.is_file() or any(out.iterdir())


@pytest.mark.parametrize("example", cases(PYTHON))
def test_the_python_runs(clone, monkeypatch, example):
    monkeypatch.chdir(clone)
    exec(example, {})
    assert all(Path(name).stat().st_size for name in re.findall(r'save\("(\S+)"\)', example))


@pytest.mark.parametrize("example", cases(CLIENTS))
def test_clients_run(app, monkeypatch, capsys, example):
    monkeypatch.chdir(ROOT)
    values: dict = {}
    exec(example.replace(ADDRESS, app), values)
    files = [values[name] for name in ("picture", "archive", "morph", "animation") if name in values]
    assert files and all(Path(file).stat().st_size for file in files)
    if "/train_scene" in example:
        assert values["scene"].startswith("sunset-") and len(values["pictures"]) == 2
        assert "scale 1 of" in capsys.readouterr().out


def test_an_endpoint_in_three_languages(app, monkeypatch):
    """The JavaScript is compared with the endpoint's arguments alone: there is no Node here."""
    monkeypatch.chdir(ROOT)
    known = Client(app, verbose=False).view_api(return_format="dict", print_info=False)["named_endpoints"]
    (python,) = (it for it in CLIENTS if "/edit_scene" in it)
    values: dict = {}
    exec(python.replace(ADDRESS, app), values)
    result = subprocess.run(["bash", "-c", CURL.replace(ADDRESS, app)], capture_output=True, text=True)
    assert "event: complete" in result.stdout and "edit_seed7" in result.stdout, result.stdout + result.stderr
    (line,) = [line for line in result.stdout.splitlines() if "edit_seed7" in line][-1:]
    by_curl = httpx.get(json.loads(line.removeprefix("data: "))[1][0]["image"]["url"]).content
    assert by_curl == Path(values["pictures"][0]["image"]).read_bytes()  # so picture and mask are where they belong
    names = re.findall(r"^  (\w+):", JAVASCRIPT, re.MULTILINE)
    parameters = [parameter["parameter_name"] for parameter in known["/edit_scene"]["parameters"]]
    assert names == [name for name in parameters if name in names] and len(names) == 5
    assert set(re.findall(r"`(/\w+)`", (DOCS / "api.md").read_text())) >= set(known)


@pytest.mark.soak
def test_links_are_understood(app, browser):
    for link in LINKS:
        with new_page(browser, app + link) as page:
            expect(page).to_have_url(re.compile(re.escape(link[2:])))
            expect(page.locator("#notice p")).to_have_count(0)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_are_there(page):
    for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / link).exists(), link


def pictures_of(cell: nbformat.NotebookNode) -> set[str]:
    """The kinds of pictures among a code cell's outputs."""
    return {kind for output in cell.outputs for kind in output.get("data", {}) if kind.startswith("image/")}


def test_the_notebook_is_stored_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) == 10 and not any(cell.outputs or cell.execution_count for cell in code)


@pytest.mark.soak
def test_every_cell_runs_and_pictures_come_out(tmp_path, monkeypatch):
    """Away from the user's settings; a cell that fails raises CellExecutionError, which shows it and its traceback."""
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    notebook, place = nbformat.read(NOTEBOOK, as_version=4), {"metadata": {"path": NOTEBOOK.parent}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=place).execute()
    shown = {cell.id: pictures_of(cell) for cell in notebook.cells if cell.cell_type == "code"}
    gifs = {"faces-morph", "scene-animate"}
    still = {"faces-draw", "faces-move", "faces-arithmetic", "scene-sample", "scene-retarget", "scene-train"}
    assert {cell for cell, kinds in shown.items() if "image/gif" in kinds} == gifs
    assert {cell for cell, kinds in shown.items() if "image/png" in kinds} == still
