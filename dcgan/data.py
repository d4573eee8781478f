"""Faces as arrays: preparing photographs, and reading prepared sets."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from darkroom.files import atomic
from dcgan.config import SIZE
from dcgan.export import contact_sheet

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
QUALITY = 92  # of the WebP files in a prepared set
PREVIEW = 5  # faces a side
MAX_SOURCE_PIXELS = 100_000_000
UNREADABLE = (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError)


class DataError(ValueError):
    """A set of pictures that cannot be used, and why."""


@dataclass(frozen=True)
class Faces:
    """A training set in memory. images: (N, 3, 64, 64) uint8 RGB. names: the files' names without folders."""

    images: Tensor
    names: tuple[str, ...]


@dataclass(frozen=True)
class Prepared:
    """One photograph on its way: its square, or why there is none."""

    name: str
    index: int
    total: int
    image: Image.Image | None
    error: str = ""


def square(image: Image.Image, size: int = SIZE) -> Image.Image:
    """The central square of a picture, upright by its EXIF, `size` px a side (LANCZOS), RGB."""
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA", "P"):
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    return image.convert("RGB").crop(box).resize((size, size), Image.Resampling.LANCZOS)


def _files(source: Path) -> list[tuple[str, Path | zipfile.ZipInfo]]:
    """The pictures of a folder or zip by name, in the order of the names."""
    if source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        return [(path.relative_to(source).as_posix(), path) for path in paths]
    if not zipfile.is_zipfile(source):
        raise DataError(f"{source} is neither a folder nor a zip of pictures")
    with zipfile.ZipFile(source) as archive:
        infos = [info for info in archive.infolist() if info.filename.lower().endswith(SUFFIXES)]
    hidden = ("__MACOSX/", ".")
    infos = [info for info in infos if not info.filename.startswith(hidden)]
    return sorted(((info.filename, info) for info in infos), key=lambda pair: pair[0])


def _contents(source: Path, files: Sequence[tuple[str, Path | zipfile.ZipInfo]]) -> Iterator[tuple[str, bytes]]:
    if source.is_dir():
        for name, path in files:
            assert isinstance(path, Path)
            yield name, path.read_bytes()
        return
    with zipfile.ZipFile(source) as archive:
        for name, info in files:
            assert isinstance(info, zipfile.ZipInfo)
            yield name, archive.read(info)


def prepare(sources: Sequence[Path]) -> Iterator[Prepared]:
    """The squares of all photographs in folders and zips, one by one; what cannot be read comes with its error.

    Raises DataError where a source is missing, or none holds a picture.
    """
    for source in sources:
        if not source.exists():
            raise DataError(f"{source} does not exist")
    found = [(source, _files(source)) for source in sources]
    total = sum(len(files) for _, files in found)
    if not total:
        raise DataError(f"{', '.join(map(str, sources))}: no pictures ({', '.join(SUFFIXES)}) in there")
    index = 0
    for source, files in found:
        for name, content in _contents(source, files):
            try:
                yield Prepared(name, index, total, _square_of(content))
            except UNREADABLE as error:
                yield Prepared(name, index, total, None, " ".join(str(error).split()) or type(error).__name__)
            index += 1


def _square_of(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as image:
        if image.width * image.height > MAX_SOURCE_PIXELS:
            raise ValueError(f"{image.width}x{image.height} px are more than {MAX_SOURCE_PIXELS // 10**6} megapixels")
        if min(image.size) < SIZE // 2:
            raise ValueError(f"{image.width}x{image.height} px is too small: {SIZE // 2} px a side are needed")
        return square(image)


def write_set(prepared: Iterator[Prepared], out: Path) -> int:
    """Writes the squares as WebP into one zip, and a sheet of 25 of them as preview.png beside it; how many there are.

    Raises DataError where not one could be read.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    written: set[str] = set()
    shown: list[Image.Image] = []
    with atomic(out) as part:
        with zipfile.ZipFile(part, "w") as archive:  # stored: WebP does not get smaller
            for item in prepared:
                if item.image is None:
                    continue
                name = PurePosixPath(item.name).stem
                name = name if name not in written else f"{name}_{item.index:06}"
                content = io.BytesIO()
                item.image.save(content, format="WEBP", quality=QUALITY, method=4)
                archive.writestr(f"{name}.webp", content.getvalue())
                written.add(name)
                if item.index % max(1, item.total // PREVIEW**2) == 0 and len(shown) < PREVIEW**2:
                    shown.append(item.image)
        if not written:
            raise DataError("not one of the pictures could be read")
    with atomic(out.with_name("preview.png")) as part:
        contact_sheet(shown, PREVIEW).save(part, format="PNG")
    return len(written)


def load(source: Path) -> Faces:
    """A training set: a folder or zip of pictures (cropped and resized as needed), or an .npz of uint8 (N, H, W, 3).

    Raises DataError where there is none, or a picture cannot be read: `prepare` leaves such pictures out.
    """
    if not source.exists():
        raise DataError(f"{source} does not exist")
    if source.suffix == ".npz":
        return _load_arrays(source)
    pixels, names = [], []
    for item in prepare([source]):
        if item.image is None:
            raise DataError(f"{item.name} in {source} cannot be read ({item.error}); prepare leaves such files out")
        pixels.append(np.asarray(item.image))
        names.append(PurePosixPath(item.name).name)
    return _faces(np.stack(pixels), names)


def _load_arrays(source: Path) -> Faces:
    try:
        with np.load(source, allow_pickle=False) as arrays:
            pixels = arrays[arrays.files[0]]
    except (ValueError, OSError, IndexError, zipfile.BadZipFile) as error:
        raise DataError(f"{source} is no archive of arrays: {error}") from None
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] != 3 or not len(pixels):
        raise DataError(f"{source} holds {pixels.dtype} {pixels.shape}; uint8 (N, H, W, 3) is needed")
    if pixels.shape[1:3] != (SIZE, SIZE):
        pixels = np.stack([np.asarray(square(Image.fromarray(picture))) for picture in pixels])
    return _faces(pixels, [f"{i:06}" for i in range(len(pixels))])


def _faces(pixels: np.ndarray, names: Sequence[str]) -> Faces:
    return Faces(torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(), tuple(names))


def to_tensor(image: Image.Image) -> Tensor:
    """A picture's central square as (1, 3, 64, 64) float32 in [-1, 1]."""
    return torch.from_numpy(np.array(square(image))).permute(2, 0, 1)[None].float() / 127.5 - 1


def to_pil(x: Tensor) -> list[Image.Image]:
    """(N, 3, H, W) in [-1, 1] as RGB pictures."""
    pixels = ((x.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(picture) for picture in pixels]
