"""A trained scene as one file, to keep and to bring: a ZIP of its model folder."""

import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path

from darkroom.checks import check_range
from darkroom.files import check_zip
from darkroom.model_files import MODEL_FILES
from singan.config import LAYERS
from singan.pipeline import ScenePipeline

MAX_CHANNELS = 128  # the published method's most; more would keep a device for minutes
MAX_BYTES = 80_000_000  # `paper` at 1024 px has 40 MB, a photograph at most 25
MAX_ENTRIES = 100
BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # other methods unpack far more than they say


def save_zip(scene: ScenePipeline, path: str | Path) -> None:
    """Write a scene for `load_zip` or, unpacked, `from_pretrained`."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        scene.save_pretrained(folder)
        for file in sorted(Path(folder).iterdir()):
            archive.write(file, file.name)


def load_zip(path: str | Path, folder: str | Path) -> ScenePipeline:
    """Load the scene in a ZIP, and put its files into the folder. Raises ValueError where it is none, or too large."""
    path, folder = Path(path), Path(folder)
    try:
        check_zip(path, MAX_BYTES, MAX_ENTRIES)
        with zipfile.ZipFile(path) as content:
            sizes = {info.filename: info.file_size for info in content.infolist()}
            if sum(sizes.values()) > MAX_BYTES:
                raise ValueError(f"{path.name} unpacks to more than {MAX_BYTES // 10**6} MB")
            for name in [it for it in MODEL_FILES if it in sizes]:  # by their names alone
                if content.getinfo(name).compress_type not in BOUNDED:
                    raise NotImplementedError(f"{name} is packed by a method that is not known here")
                with content.open(name) as packed, (folder / name).open("wb") as file:
                    shutil.copyfileobj(packed, file)
        scene = ScenePipeline.from_pretrained(folder)
    except ValueError as error:
        raise ValueError(str(error).replace(str(folder), path.name)) from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise ValueError(f"{path.name} is not a ZIP of a trained scene: {error}") from None
    check_range("channels", max(scene.pyramid.config.channels), 1, MAX_CHANNELS)
    check_range("layers", scene.pyramid.config.layers, 2, LAYERS)
    return scene
