"""The quickstart notebook, run as Jupyter runs it."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "examples" / "quickstart.ipynb"


def pictures(cell: nbformat.NotebookNode) -> set[str]:
    """The kinds of pictures among a code cell's outputs."""
    return {kind for output in cell.outputs for kind in output.get("data", {}) if kind.startswith("image/")}


def test_it_is_stored_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) == 10 and not any(cell.outputs or cell.execution_count for cell in code)


@pytest.fixture
def jupyter(tmp_path, monkeypatch):
    """Runs a notebook from a folder, away from the user's settings, and leaves no files behind."""
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path))

    def run(notebook: nbformat.NotebookNode, folder: Path) -> None:
        # Raises CellExecutionError, which shows the cell and its traceback, where one fails.
        NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()

    return run


def test_every_cell_runs_and_pictures_come_out(jupyter):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    jupyter(notebook, NOTEBOOK.parent)
    shown = {cell.id: pictures(cell) for cell in notebook.cells if cell.cell_type == "code"}
    gifs = {"faces-morph", "scene-animate"}
    still = {"faces-draw", "faces-move", "faces-arithmetic", "scene-sample", "scene-retarget", "scene-train"}
    assert {cell for cell, kinds in shown.items() if "image/gif" in kinds} == gifs
    assert {cell for cell, kinds in shown.items() if "image/png" in kinds} == still


def test_it_finds_its_files_from_the_root_too(jupyter):
    """Every other cell finds them by what the first makes: ROOT."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any("Path()" in cell.source or '".."' in cell.source for cell in code[1:])
    notebook.cells = code[:2]
    jupyter(notebook, ROOT)
    assert [cell.id for cell in code[:2]] == ["setup", "faces-draw"] and "image/png" in pictures(code[1])
