"""Faces as arrays: preparing photographs, and reading prepared sets."""

import io
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
import torch
from PIL import Image, PngImagePlugin
from torch import Tensor

from darkroom.files import atomic, made_folder, why
from darkroom.pictures import Picture, is_picture, open_picture
from dcgan.config import SIZE
from dcgan.export import contact_sheet

# What the content decides is tried; what only has one of these names is missed where it cannot be read.
SUFFIXES = (
    ".apng", ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm",
    ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp",
)  # fmt: skip
WEBP_QUALITY = 92  # of the files in a prepared set
PREVIEW_SIDE = 5  # faces
MAX_MEMBER_BYTES = 200_000_000  # of a picture in a zip, which is read as a whole
SET_MARK = b"A set of faces, prepared by darkroom"  # comment of the zip
PREVIEW_MARK = "darkroom-preview"  # key of a text in the PNG
PREVIEW_MARK_BYTES = 1024  # at the beginning of the PNG, in which that text stands


class DataError(ValueError):
    """A set of pictures that cannot be used, and why."""


class _Ours(Exception):
    """A file that `write_set` made."""


@dataclass(frozen=True)
class Faces:
    """A training set in memory. images: (N, 3, 64, 64) uint8 RGB. names: the files' names without folders."""

    images: Tensor
    names: tuple[str, ...]


@dataclass(frozen=True)
class Prepared:
    """A file that was looked at: its square, or why there is none; an empty `error` says that it is no picture."""

    name: str
    index: int
    total: int
    image: Image.Image | None
    error: str = ""


def square(picture: Picture, size: int = SIZE) -> Image.Image:
    """Crop a picture to its central square, upright, in sRGB, `size` px a side (LANCZOS), RGB. Raises PictureError."""
    return _squared(open_picture(picture), size)


def _squared(image: Image.Image, size: int = SIZE) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.LANCZOS)


# -- finding pictures -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    """A file of a folder or zip: where it is, or why it cannot even be opened."""

    name: str
    where: Path | zipfile.ZipInfo | str


def _hidden(name: str) -> bool:
    """Return whether systems keep this beside the files: `.DS_Store`, `._photo.jpg`, `__MACOSX/`."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _files(source: Path) -> list[_File]:
    """List the files of a folder or zip in the order of their names, but hidden ones. Raises DataError."""
    if source.is_dir():
        return sorted(_below(source), key=lambda file: PurePosixPath(file.name))
    if not source.is_file():
        raise DataError(f"{source} is neither a folder nor a zip of pictures")
    with source.open("rb") as file:
        start = file.read(2)
    try:
        with zipfile.ZipFile(source) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir() and not _hidden(info.filename)]
    except Exception:  # BadZipFile, and others by what is damaged
        text = "is a damaged zip, or one that is cut off" if start == b"PK" else "is neither a folder nor a zip"
        raise DataError(f"{source} {text}; a folder or zip of pictures is needed") from None
    return sorted((_File(info.filename, info) for info in infos), key=lambda file: file.name)


def _below(source: Path) -> Iterator[_File]:
    """List the files below a folder. Links are followed; each folder is entered once, and none above the first."""
    errors: list[OSError] = []
    seen = {_identity(path) for path in source.resolve().parents}
    for place, folders, names in os.walk(source, onerror=errors.append, followlinks=True):
        folder = Path(place)
        if (identity := _identity(folder)) in seen:
            folders.clear()
            continue
        seen.add(identity)
        folders[:] = sorted(name for name in folders if not _hidden(name))
        for path in (folder / name for name in names if not _hidden(name)):
            if path.is_file():
                yield _File(path.relative_to(source).as_posix(), path)
            elif path.is_symlink():
                yield _File(path.relative_to(source).as_posix(), "it is a link to what does not exist")
    for error in errors:
        name = Path(error.filename).relative_to(source).as_posix()
        yield _File(name, f"it cannot be opened: {error.strerror}")


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


# -- preparing --------------------------------------------------------------------------------------------------------


def prepare(sources: Sequence[str | Path]) -> Iterator[Prepared]:
    """Crop all pictures in folders and zips to squares, one by one; what cannot be read comes with its error.

    Every file is looked at, whatever its name, but hidden ones and what `write_set` made. Raises DataError where a
    source is missing or a damaged zip, or none holds a picture.
    """
    places = [Path(source) for source in sources]
    for source in places:
        if not source.exists():
            raise DataError(f"{source} does not exist")
    found = [(source, _files(source)) for source in places]
    total = sum(len(files) for _, files in found)
    index, pictures = 0, 0
    for source, files in found:
        with nullcontext() if source.is_dir() else zipfile.ZipFile(source) as archive:
            for file in files:
                item = _prepared(file, archive, index, total)
                index += 1
                if item is not None:
                    pictures += bool(item.image or item.error)
                    yield item
    if not pictures:
        raise DataError(f"{', '.join(map(str, sources))}: no pictures in there")


def _prepared(file: _File, archive: zipfile.ZipFile | None, index: int, total: int) -> Prepared | None:
    """Look at a file; None where it is one of ours."""
    blank = Prepared(file.name, index, total, None)
    try:
        picture = _picture(file) if archive is None else _member(file, archive)
        if picture is None:
            return blank
        return replace(blank, image=_squared(open_picture(picture, "it", _check_size)))
    except _Ours:
        return None
    except OSError as error:
        return replace(blank, error=f"it cannot be read: {error.strerror or why(error)}")
    except ValueError as error:
        return replace(blank, error=str(error))


def _check_size(width: int, height: int) -> None:
    if min(width, height) < SIZE // 2:
        raise ValueError(f"{width}x{height} px is too small: {SIZE // 2} px a side are needed")


def _picture(file: _File) -> Path | None:
    """Return a file of a folder, if it is a picture, by its beginning alone. Raises _Ours, ValueError, OSError."""
    if not isinstance(file.where, Path):
        raise DataError(str(file.where))
    with file.where.open("rb") as content:
        if _is_ours(content):
            raise _Ours
        return file.where if _meant(file, content) else None


def _meant(file: _File, content: IO[bytes]) -> bool:
    """Return whether a file is a picture, or is called one."""
    return is_picture(content) or file.name.lower().endswith(SUFFIXES)


def _is_ours(file: IO[bytes]) -> bool:
    """Return whether a file in a folder is a preview or a set that `write_set` made."""
    start = file.read(PREVIEW_MARK_BYTES)
    if start.startswith(b"PK"):
        file.seek(-min(len(SET_MARK), len(start)), os.SEEK_END)
        return file.read() == SET_MARK
    return start.startswith(b"\x89PNG") and PREVIEW_MARK.encode() in start


def _member(file: _File, archive: zipfile.ZipFile) -> IO[bytes] | None:
    """Read a member of a zip, if it is a picture. Raises ValueError."""
    assert isinstance(file.where, zipfile.ZipInfo)
    if file.where.flag_bits & 1:
        raise DataError("it needs a password")
    try:
        with archive.open(file.where) as content:
            if not _meant(file, content):
                return None
        with archive.open(file.where) as content:  # anew, as its checksum is that of a reading from the start
            pixels = content.read(MAX_MEMBER_BYTES + 1)
    except NotImplementedError:
        method = file.where.compress_type
        named = zipfile.compressor_names.get(method, str(method))  # type: ignore[attr-defined]
        raise DataError(f"it is packed by a method that is not known here: {named}") from None
    except Exception as error:  # each method has exceptions of its own
        raise DataError(f"it is damaged in the zip ({type(error).__name__})") from None
    if len(pixels) > MAX_MEMBER_BYTES:
        raise DataError(f"it unpacks to more than {MAX_MEMBER_BYTES // 10**6} MB")
    return io.BytesIO(pixels)


# -- sets -------------------------------------------------------------------------------------------------------------


def preview_of(out: str | Path) -> Path:
    """Name the sheet of a prepared set: faces.preview.png beside faces.zip."""
    out = Path(out)
    return out.with_name(f"{out.stem}.preview.png")


def write_set(prepared: Iterator[Prepared], out: str | Path) -> int:
    """Write the squares as WebP into one zip and a sheet of 25 of them beside it (`preview_of`); return their number.

    Either both files are written or none. Raises DataError where not one can be used, and before anything is read
    where a file of that name was not made by this function.
    """
    out = Path(out)
    check_ours(out)
    with made_folder(out.parent), atomic(out) as part:
        names: dict[str, None] = {}
        with zipfile.ZipFile(part, "w") as archive:  # stored: WebP does not get smaller
            archive.comment = SET_MARK
            for item in prepared:
                if item.image is None:
                    continue
                # A zip's names are UTF-8, whatever a disk's are.
                name = os.fsencode(PurePosixPath(item.name).stem).decode("utf-8", errors="replace")
                while name in names:
                    name = f"{name}_{item.index:06}"
                names[name] = None
                content = io.BytesIO()
                item.image.save(content, format="WEBP", quality=WEBP_QUALITY, method=4)
                archive.writestr(f"{name}.webp", content.getvalue())
        if not names:
            raise DataError("not one of the pictures can be used")
        with atomic(preview_of(out)) as preview:
            _write_preview(part, [f"{name}.webp" for name in names], preview)
    return len(names)


def _write_preview(archive: Path, names: list[str], path: Path) -> None:
    """Write a sheet of 25 of a set's pictures, evenly among all."""
    shown = min(len(names), PREVIEW_SIDE**2)
    with zipfile.ZipFile(archive) as pictures:
        chosen = [pictures.read(names[i * len(names) // shown]) for i in range(shown)]
    text = PngImagePlugin.PngInfo()
    text.add_text(PREVIEW_MARK, "1")
    sheet = contact_sheet([Image.open(io.BytesIO(content)) for content in chosen], PREVIEW_SIDE)
    sheet.save(path, format="PNG", pnginfo=text)


def check_ours(out: str | Path) -> None:
    """Raise DataError where a set or its preview would replace a file that `write_set` has not made."""
    for path in (Path(out), preview_of(out)):
        if path.is_dir():
            raise DataError(f"{path} is a folder; choose another name")
        if path.exists():
            with path.open("rb") as file:
                if not _is_ours(file):
                    raise DataError(f"{path} is there already and is no set that prepare made; choose another name")


def load(source: str | Path) -> Faces:
    """Load a folder or zip of pictures (cropped and resized as needed), or an .npz of uint8 (N, H, W, 3).

    Files that are no pictures are left out. Raises DataError where there are none but those, or a picture cannot be
    read: `prepare` leaves such pictures out.
    """
    source = Path(source)
    if not source.exists():
        raise DataError(f"{source} does not exist")
    if source.suffix.lower() == ".npz":
        return _load_arrays(source)
    pixels, names = [], []
    for item in prepare([source]):
        if item.error:
            raise DataError(f"{item.name} in {source} cannot be read ({item.error}); prepare leaves such files out")
        if item.image is not None:
            pixels.append(np.asarray(item.image))
            names.append(PurePosixPath(item.name).name)
    return _faces(np.stack(pixels), names)


def _load_arrays(source: Path) -> Faces:
    try:
        with np.load(source, allow_pickle=False) as arrays:
            pixels = arrays[arrays.files[0]]
    except Exception:  # each part of it has exceptions of its own, and texts that advise to run what a file says
        raise DataError(f"{source} is no archive of arrays, or a damaged one: np.savez of uint8 is needed") from None
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] != 3 or not len(pixels):
        raise DataError(f"{source} holds {pixels.dtype} {pixels.shape}; uint8 (N, H, W, 3) is needed")
    if pixels.shape[1:3] != (SIZE, SIZE):
        pixels = np.stack([np.asarray(square(Image.fromarray(picture))) for picture in pixels])
    return _faces(pixels, [f"{i:06}" for i in range(len(pixels))])


def _faces(pixels: np.ndarray, names: Sequence[str]) -> Faces:
    return Faces(torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(), tuple(names))


def to_tensor(picture: Picture) -> Tensor:
    """Convert a picture's central square to (1, 3, 64, 64) float32 in [-1, 1]. Raises PictureError."""
    return torch.from_numpy(np.array(square(picture))).permute(2, 0, 1)[None].float() / 127.5 - 1


def to_pil(x: Tensor) -> list[Image.Image]:
    """Convert (N, 3, H, W) in [-1, 1] to RGB pictures."""
    pixels = ((x.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(picture) for picture in pixels]
