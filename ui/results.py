"""Keep results that somebody shares, for a while: each in a folder of its own, with what its page says of them."""

import hashlib
import json
import os
import re
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from darkroom.animations import FORMATS, first_frame, is_video
from darkroom.checks import echo
from darkroom.pictures import open_picture
from ui.visitors import DISK_IS_FULL, LIMITS, RESULT_NAME, SECRET_LETTERS, Limits, disk_is_full, letters

TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".mp4": "video/mp4"}
ANIMATIONS = tuple(f".{it}" for it in FORMATS)
PAGE_FILE, CARD_FILE = "result.json", "card.jpg"
CARD_SIZE = (1200, 630)  # px, of the picture beside a link; sites cut others
CARD_GAP = 24  # px, between pictures on it
CARD_RATIO = 3.0  # width / height of all of them together, at most
CARD_GROUND = "#161311"
WIDEST = 9  # width / height of one; wider ones are squeezed
SMALL_SIDE = 1200  # px, of a copy for small screens
JPEG_QUALITY = 85


@dataclass(frozen=True)
class ResultFile:
    """Name files of a result: the one to download, one for the eye, which may be smaller; and what is said of it."""

    file: str
    shown: str
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class KeptPicture(ResultFile):
    """Name files in a result's folder. small: one for small screens, an animation's first frame.

    width, height: of what is shown, px; small_width: of `small`, which results of earlier versions do not say.
    """

    small: str
    width: int
    height: int
    small_width: int = SMALL_SIDE

    @property
    def moves(self) -> bool:
        return Path(self.shown).suffix in ANIMATIONS


@dataclass(frozen=True)
class KeptResult:
    """Hold what a page says of a result. until: how long it is kept, in words."""

    id: str
    title: str
    pictures: list[KeptPicture]
    until: str

    @property
    def files(self) -> set[str]:
        """Return the names of all files that are served."""
        return {CARD_FILE} | {name for it in self.pictures for name in (it.file, it.shown, it.small)}


class ResultStore:
    """Keep results on the disk, in a folder that outlives a restart, or in a temporary one.

    What was kept too long, or is too much, goes: of whichever address has shared the most since the start, the oldest
    first. Which address shared what is known in memory alone: after a restart each earlier result counts for itself.
    """

    def __init__(self, folder: Path | None = None, limits: Limits = LIMITS) -> None:
        self._lasts, self.limits = folder is not None, limits
        self._temporary = tempfile.TemporaryDirectory(prefix="darkroom-")  # removed at the end
        self._root = folder or Path(self._temporary.name)
        self._addresses: dict[str, str] = {}  # by results' names, since the start
        self._lock = threading.Lock()

    def keep(self, title: str, files: Sequence[ResultFile], address: str) -> KeptResult:
        """Keep a result whole; one that is kept already begins its time anew. Raises ValueError and OSError."""
        if not files:
            raise ValueError("there is no result to share yet; wait until all is drawn")
        count, size = self.limits.result_files, self.limits.result_bytes
        if len(files) > count or sum(os.path.getsize(it.file) for it in files) > size:
            raise ValueError(f"this result has more than {count} files or {size / 1e6:.0f} MB and cannot be shared")
        name = _id(title, files)
        with self._lock:
            self._root.mkdir(parents=True, exist_ok=True)
            if disk_is_full(self.limits, self._root):
                raise ValueError(DISK_IS_FULL)
            if (self._root / name).is_dir():
                os.utime(self._root / name)
            else:
                with tempfile.TemporaryDirectory(prefix=".", dir=self._root) as part:
                    folder = Path(part) / name
                    folder.mkdir()
                    _write(folder, title, files)
                    os.replace(folder, self._root / name)
            self._addresses[name] = address
            self._sweep()
        kept = self.find(name)
        assert kept
        return kept

    def find(self, name: str) -> KeptResult | None:
        """Return the result of this name; None where there is none, or not any more."""
        if not re.fullmatch(RESULT_NAME, name):
            return None
        folder = self._root / name
        try:
            until = folder.stat().st_mtime + self.limits.result_seconds
            said = json.loads((folder / PAGE_FILE).read_text(encoding="utf-8"))
            title, pictures = said["title"], [KeptPicture(**it) for it in said["pictures"]]
        except (OSError, ValueError, KeyError, TypeError):  # The last two: another version of the app wrote it.
            return None
        if until < time.time():
            return None
        day = datetime.fromtimestamp(until)
        words = f"{day.day} {day:%B}{'' if self._lasts else ', or until the app starts again'}"
        return KeptResult(name, title, pictures, words)

    def path(self, name: str, file: str) -> Path:
        return self._root / name / file

    def _sweep(self) -> None:
        """Remove what is too old, unfinished results too; of too many, the oldest of the address that has the most."""
        for it in self._root.iterdir():
            if time.time() - it.stat().st_mtime > self.limits.result_seconds:
                shutil.rmtree(it, ignore_errors=True)
        left = sorted(self._root.iterdir(), key=lambda it: it.stat().st_mtime)
        sizes = {it: sum(file.stat().st_size for file in it.rglob("*")) for it in left}
        owners = {it: self._addresses.get(it.name, it.name) for it in left}
        counts = Counter(owners.values())
        while len(sizes) > self.limits.results or sum(sizes.values()) > self.limits.results_bytes:
            gone = max(sizes, key=lambda it: counts[owners[it]])  # the oldest of them
            shutil.rmtree(gone, ignore_errors=True)
            counts[owners[gone]] -= 1
            del sizes[gone]


def _id(title: str, files: Sequence[ResultFile]) -> str:
    """Return the name of a result, the same for the same one: who can compute it has its pictures."""
    said = hashlib.sha256(json.dumps([title, *(it.caption for it in files)]).encode())
    for it in files:
        with open(it.file, "rb") as file:
            said.update(hashlib.file_digest(file, "sha256").digest())
    return letters(said.digest()[:SECRET_LETTERS])


def _write(folder: Path, title: str, files: Sequence[ResultFile]) -> None:
    """Copy a result's files into a folder, with smaller ones and a page. Raises ValueError and OSError."""
    pictures, kept = list[Image.Image](), list[KeptPicture]()
    for it in files:
        picture = first_frame(it.shown) if is_video(it.shown) else open_picture(it.shown)
        width, height = picture.size
        picture.thumbnail((SMALL_SIDE, SMALL_SIDE), Image.Resampling.LANCZOS)
        pictures.append(picture)
        file, shown = (_copied(path, folder) for path in (it.file, it.shown))
        small = shown
        if picture.size != (width, height) or Path(shown).suffix in ANIMATIONS:
            small = f"{Path(file).stem}_small.jpg"
            picture.save(folder / small, quality=JPEG_QUALITY)
        of_small: Any = {"small": small, "small_width": picture.width}
        kept.append(KeptPicture(file, shown, it.caption, **of_small, width=width, height=height))
    card(pictures).save(folder / CARD_FILE, quality=JPEG_QUALITY)
    said = {"title": title, "pictures": [asdict(it) for it in kept]}
    (folder / PAGE_FILE).write_text(json.dumps(said), encoding="utf-8")


def _copied(path: str, folder: Path) -> str:
    """Copy a file into a folder; return its name there. Raises ValueError where it has none of TYPES."""
    name = re.sub(r"[^\w.-]+", "_", Path(path).name, flags=re.ASCII)
    if Path(name).suffix not in TYPES:
        raise ValueError(f"{echo(name)} cannot be shared; allowed are {', '.join(TYPES)}")
    shutil.copyfile(path, folder / name)
    return name


def card(pictures: Sequence[Image.Image]) -> Image.Image:
    """Return pictures beside each other, as many as can be seen, as a picture of CARD_SIZE."""
    height = CARD_SIZE[1]
    ratios = [min(max(picture.width / picture.height, 1 / WIDEST), WIDEST) for picture in pictures]
    row = [picture.resize((round(ratio * height), height)) for picture, ratio in zip(pictures, ratios, strict=True)]
    places = [0, *accumulate(picture.width + CARD_GAP for picture in row)]
    count = max(1, sum(place <= CARD_RATIO * height for place in places[1:]))
    whole = Image.new("RGB", (places[count] - CARD_GAP, height), CARD_GROUND)
    for picture, x in zip(row[:count], places, strict=False):
        whole.paste(picture, (x, 0))
    return ImageOps.pad(whole, CARD_SIZE, Image.Resampling.LANCZOS, CARD_GROUND)
