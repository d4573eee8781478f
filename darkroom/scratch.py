"""The process' own temporary folder: uploads, pictures to hand over, visitors' scenes. It goes with the process."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from darkroom.files import LOCK_FILE, fcntl, locked

PREFIX = "darkroom-"
STALE_SECONDS = 4 * 3600  # after which a folder without a lock counts as left


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make the folder in which all temporary files of Python and of Gradio lie, and remove it after the block.

    Folders that killed processes left are removed first.
    """
    parent = Path(tempfile.gettempdir())
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    with locked(folder):
        before, tempfile.tempdir = tempfile.tempdir, str(folder)
        os.environ.setdefault("GRADIO_TEMP_DIR", str(folder / "gradio"))
        try:
            yield folder
        finally:
            tempfile.tempdir = before
            for _ in range(2):  # a thread may have been in the middle of writing
                shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove folders like ours that no living process holds; none where that cannot be told."""
    if fcntl is None:
        return
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            if (folder / LOCK_FILE).exists():
                with locked(folder):
                    shutil.rmtree(folder, ignore_errors=True)
            elif folder.is_dir() and time.time() - folder.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        except (OSError, ValueError):  # another process holds it, or just removed it
            continue
