"""Records of what has been made of a photograph, kept beside it."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from darkroom.addresses import Folder
from darkroom.uses import Size

RECORD_FILE = "record.json"  # in the folder of a photograph's results
SCENE, THUMBNAILS = "scene", "small"  # folders in it


@dataclass(frozen=True)
class Print:
    """Describe a picture: its file's name, the note on it, and the seconds that it took."""

    size: Size
    file: str
    note: str | None
    seconds: float


@dataclass(frozen=True)
class Record:
    """Say what there is of a photograph, which its path below FOLDER names."""

    photograph: str
    digest: str  # SHA-256 of its file
    size: Size | None = None  # (width, height), px, as it was read
    prints: tuple[Print, ...] = ()
    scene: str | None = None  # the preset of the scene that was trained on it
    problem: str | None = None  # that it had in this run; it is tried again in the next


def find_record(out: Folder, name: str, content: bytes) -> Record:
    """Return what there is of a photograph of this name and file; nothing is of one whose file was another."""
    blank, there = Record(name, hashlib.sha256(content).hexdigest()), set(out.names(name))
    if f"{name}/{RECORD_FILE}" not in there:
        return blank
    try:
        said: dict[str, Any] = json.loads(out.read(f"{name}/{RECORD_FILE}"))
        prints = [Print(**it | {"size": tuple(it["size"])}) for it in said["prints"]]
        kept = tuple(it for it in prints if f"{name}/{it.file}" in there)
        record = Record(**said | {"photograph": name, "size": tuple(said["size"]), "prints": kept})
    except (ValueError, TypeError, KeyError):  # somebody has changed it
        return blank
    return replace(record, problem=None) if record.digest == blank.digest else blank


def keep_record(out: Folder, record: Record) -> None:
    """Write the record; what it names is there already."""
    out.write(f"{record.photograph}/{RECORD_FILE}", json.dumps(asdict(record), indent=1).encode())
