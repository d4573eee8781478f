"""The pictures that the network is trained and tried on, from folders and archives."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from singan.image import open_picture

Scenes = dict[str, list[Image.Image]]
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif"}
SERIES = ("celeba_", "lfw_", "")  # how the names in a joint zip begin; elsewhere there is but one series
HELD_OUT = 5  # one face in so many of each series is for tests


def read_scenes(sources: Sequence[str | Path]) -> Scenes:
    """RGB pictures by scene, the real one first; in a folder all pictures below it."""
    places = map(Path, sources)
    found = [file for source in places for file in (source.rglob("*") if source.is_dir() else [source])]
    files = sorted(found, key=lambda file: (not file.stem.endswith("_Real"), file))
    scenes: Scenes = {}
    for file in files:
        if file.suffix.lower() in SUFFIXES:
            scenes.setdefault(file.stem.split("_")[0], []).append(open_picture(file))
    return scenes


def read_faces(archive: str | Path, held_out: bool) -> list[Image.Image]:
    """A zip's pictures in the order of their names: the last fifth of each series, or all but these."""
    with zipfile.ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if Path(name).suffix in SUFFIXES)
        chosen: list[str] = []
        for prefix in SERIES:
            series = [name for name in names if name.startswith(prefix)]
            names = [name for name in names if not name.startswith(prefix)]
            cut = len(series) * (HELD_OUT - 1) // HELD_OUT
            chosen += series[cut:] if held_out else series[:cut]
        return [Image.open(io.BytesIO(file.read(name))).convert("RGB") for name in chosen]
