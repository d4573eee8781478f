"""Many photographs, each in the pixels of many screens; what there is already is not made again."""

import io
import socket
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numba
import torch
from PIL import Image, ImageFile

from darkroom.addresses import Folder
from darkroom.device import out_of_memory
from darkroom.files import why
from darkroom.pictures import FORMATS, is_picture, open_picture, save_picture
from darkroom.uses import Size, size_key
from darkroom.workers import Lost, Workers
from singan.checkpoint import save_checkpoint
from singan.config import PRESETS
from singan.image import check_size
from singan.record import SCENE, THUMBNAILS, Print, Record, find_record, keep_record
from singan.sheet import SHEET_FILE
from singan.train import train
from singan.uses import RetargetPicture

THUMBNAIL_PIXELS = 60_000


@dataclass(frozen=True)
class Batch:
    """Say what is made of each photograph, and the folder or address that holds a folder for each."""

    out: str
    sizes: tuple[Size, ...]
    preset: str | None = None  # of a scene to train on each as well

    def missing(self, record: Record) -> list[Size]:
        return [size for size in self.sizes if size not in {it.size for it in record.prints}]

    def complete(self, record: Record) -> bool:
        return not self.missing(record) and self.preset in (None, record.scene)


def make(batch: Batch, name: str, content: bytes) -> Record:
    """Make what is missing of a photograph, by its name and file; its record says what is wrong with it, if anything.

    Raises OSError where files cannot be written.
    """
    out = Folder(batch.out)
    if not out.exists(SHEET_FILE):
        place = "a folder that all machines share, or an address such as s3://BUCKET/FOLDER, is needed"
        raise OSError(f"{batch.out} is not there on {socket.gethostname()}; {place}")
    out.remove_parts(name)
    record = find_record(out, name, content)
    try:
        photograph = open_picture(io.BytesIO(content), "it", check_size)
        if record.size is None:
            record = replace(record, size=photograph.size)
            _write_small(out, f"{name}/{THUMBNAILS}/photograph.jpg", photograph)
        for size in batch.missing(record):
            record = replace(record, prints=(*record.prints, _printed(out, name, photograph, size)))
            keep_record(out, record)
        if not batch.complete(record):
            assert batch.preset is not None
            _write_scene(out, f"{name}/{SCENE}", photograph, batch.preset)
            record = replace(record, scene=batch.preset)
            keep_record(out, record)
    except OSError:
        raise
    except Exception as error:  # one of a thousand ends none of the others
        said = "there is not enough memory for it" if out_of_memory(error) else str(error) or type(error).__name__
        record = replace(record, problem=" ".join(said.split()))
    return record


def make_alone(batch: Batch, name: str, content: bytes) -> Record:
    """Make it as one of many processes: with one thread; and a photograph that lost its last part is refused."""
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    return make(batch, name, content)


def records(folder: Folder, names: Collection[str], batch: Batch, workers: Workers) -> Iterator[tuple[Record, bool]]:
    """Yield what there is in the end of each photograph, as it comes, and whether anything was made of it."""
    out, pending = Folder(batch.out), dict[Any, Record]()

    def finished() -> Iterator[tuple[Record, bool]]:
        for it in workers.first(list(pending)):
            record = pending.pop(it)
            try:
                record = workers.result(it)
            except Lost as error:
                record = replace(record, problem=str(error))
            yield record, True

    for name in names:
        try:
            content = folder.read(name)
        except OSError as error:
            yield Record(name, "", problem=why(error)), True
            continue
        record = find_record(out, name, content)
        if batch.complete(record):
            yield record, False
            continue
        while len(pending) >= workers.most():  # so that few contents are in the memory, and an end comes soon
            yield from finished()
        pending[workers.submit(batch, name, content)] = record
    while pending:
        yield from finished()


def photographs(folder: Folder, out: Folder) -> list[str]:
    """List what is a picture, or is called one, but for what lies in the results; by paths below the folder."""
    results = out.below(folder)
    names = [name for name in folder.names() if results is None or not name.startswith(results)]
    return [name for name in names if _meant(folder, name)]


def _meant(folder: Folder, name: str) -> bool:
    if Image.registered_extensions().get(PurePosixPath(name).suffix.lower()) in FORMATS:
        return True
    with suppress(OSError), folder.open(name) as file:
        return is_picture(file)
    return False


def _printed(out: Folder, name: str, photograph: Image.Image, size: Size) -> Print:
    """Make one picture as `retarget-picture` does, with a small one beside it."""
    started, use, content = time.perf_counter(), RetargetPicture(photograph, size), io.BytesIO()
    (picture,) = use.drawn(None)
    save_picture(picture, content, format="PNG")
    (path,) = use.paths("")
    _write_small(out, f"{name}/{THUMBNAILS}/{size_key(size)}.jpg", picture)
    out.write(f"{name}/{path.name}", content.getvalue())
    return Print(size, path.name, use.remarks(None), round(time.perf_counter() - started, 2))


def _write_small(out: Folder, name: str, picture: Image.Image) -> None:
    share, content = min(1.0, (THUMBNAIL_PIXELS / (picture.width * picture.height)) ** 0.5), io.BytesIO()
    small = picture.resize([max(1, round(share * side)) for side in picture.size], Image.Resampling.BOX)
    small.save(content, format="JPEG", quality=85)
    out.write(name, content.getvalue())


def _write_scene(out: Folder, below: str, photograph: Image.Image, preset: str) -> None:
    *_, last = train(photograph, PRESETS[preset])
    assert last.checkpoint
    with tempfile.TemporaryDirectory() as scratch:
        save_checkpoint(last.checkpoint, scratch)
        for path in Path(scratch).iterdir():
            out.write(f"{below}/{path.name}", path.read_bytes())
