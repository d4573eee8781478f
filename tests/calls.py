"""A call of every endpoint, small, and the files that they take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from benchmarks.wire import Stranger
from ui.share import File

FACE, OTHER = {"seed": 1, "moves": {"smiling": 1.5}}, {"seed": 2}
PICTURE, ARCHIVE = File("discs.png"), File("peaks.zip")
PEAKS = {"scene": "peaks"}
SMALL = {"width": 64, "height": 32}
# Endpoints, arguments, all up to the last that is given, and how many values and how many pictures they answer with.
CALLS: list[tuple[str, dict[str, Any], int, int]] = [
    ("sample_faces", {"count": 2}, 4, 2),
    ("edit_face", {"face": FACE}, 2, 1),
    ("morph_faces", {"faces": [FACE, OTHER], "frames": 4}, 4, 0),
    ("invert_face", {"picture": PICTURE}, 4, 1),
    ("add_faces", {"a": FACE, "b": OTHER, "c": {}}, 2, 1),
    ("map_faces", {"a": FACE, "b": OTHER, "c": {}}, 4, 16),  # of 81, as there are so many
    ("train_scene", {"picture": PICTURE, "preset": "fast", "seed": 5, "max_size": 48, "iterations": 10}, 5, 2),
    ("sample_scene", {**PEAKS, "count": 1, "start_scale": [0, 2]}, 3, 2),
    ("retarget_scene", {**PEAKS, **SMALL}, 3, 1),
    ("animate_scene", {**PEAKS, "start_scale": 1, "alpha": 0.1, "beta": 0.9, "frames": 4}, 4, 1),
    ("paint_scene", {**PEAKS, "drawing": PICTURE}, 3, 1),
    ("edit_scene", {**PEAKS, "picture": PICTURE}, 3, 1),
    ("harmonize_scene", {**PEAKS, "picture": PICTURE}, 3, 1),
    ("super_resolve_scene", {**PEAKS, "factor": 1.1}, 3, 1),
    ("tile_scene", PEAKS, 3, 1),
    ("retarget_picture", {"picture": PICTURE, **SMALL}, 3, 1),
    ("scene_file", PEAKS, 1, 0),
    ("add_scene", {"archive": ARCHIVE}, 1, 0),
    ("models", {}, 1, 0),
    ("health", {}, 1, 0),
]
NAMES = [name for name, *_ in CALLS]


def files_of_calls(app: str, picture: Path) -> Path:
    """The folder of the picture, with the scene beside it."""
    kind, (archive,) = Stranger(app).call("scene_file", ["peaks"])
    assert kind == "complete"
    (picture.parent / ARCHIVE).write_bytes(httpx.get(archive["url"]).content)
    return picture.parent
