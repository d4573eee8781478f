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


@pytest.mark.soak
def test_every_cell_runs_and_pictures_come_out(tmp_path, monkeypatch):
    """Away from the user's settings; a cell that fails raises CellExecutionError, which shows it and its traceback."""
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    notebook, place = nbformat.read(NOTEBOOK, as_version=4), {"metadata": {"path": NOTEBOOK.parent}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=place).execute()
    shown = {cell.id: pictures(cell) for cell in notebook.cells if cell.cell_type == "code"}
    gifs = {"faces-morph", "scene-animate"}
    still = {"faces-draw", "faces-move", "faces-arithmetic", "scene-sample", "scene-retarget", "scene-train"}
    assert {cell for cell, kinds in shown.items() if "image/gif" in kinds} == gifs
    assert {cell for cell, kinds in shown.items() if "image/png" in kinds} == still
