"""Pictures in: the one way in which both packages and the page open a picture, whatever it comes from."""

from __future__ import annotations

import io
import math
import re
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from os import PathLike, fsdecode, fspath
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import ExifTags, Image, ImageChops

from darkroom import damage, formats
from darkroom.tones import eight_bits, in_srgb, levels
from darkroom.unreadable import CUT_OFF, TOO_LARGE, Damaged, Unreadable, damaged

MAX_PIXELS = 100_000_000  # of a file
FULL_PIXELS = 25_000_000  # beyond, a picture is reduced before anything else is done to it
STRIP_PIXELS = 2**20  # converted at a time while reducing
MAX_MENDED = 100_000_000  # bytes of a damaged file that is looked into
LOST = 0.005  # share of the pixels that a file may lack
SEEN = 16  # of 255
NAME = 100  # characters of a name in a message
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/|data:", re.IGNORECASE)
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_LARGE = threading.Lock()

Picture = str | PathLike[str] | IO[bytes] | Image.Image | np.ndarray
Check = Callable[[int, int], None]


class PictureError(ValueError):
    """The picture cannot be used; the message is one sentence that names it, says why and what is allowed."""


@dataclass(frozen=True)
class _Decoded:
    """Pixels as 8 bits (L, LA, RGB, RGBA, CMYK or LAB) of at most FULL_PIXELS, and what is still to be done to them."""

    image: Image.Image
    profile: bytes | None = None
    orientation: int = 1  # as in EXIF


Finish = Callable[[_Decoded], Image.Image]


def open_cutout(source: Picture, name: str | None = None) -> Image.Image:
    """The same as RGBA: with its transparency."""
    return _open(source, name, None, lambda decoded: _turned(decoded).convert("RGBA"))


def open_picture(source: Picture, name: str | None = None, check: Check | None = None) -> Image.Image:
    """Any picture as a new upright sRGB image of mode RGB and at most 25 megapixels; the largest of its pages.

    source: a path, a binary file, a PIL image, or an array (H, W[, 3 or 4]) of whole numbers or floats. name: what
    messages call it; by default a path's last part. check: gets (width, height) of the header, px, turned or not,
    before anything is decoded, and may raise.

    Transparency is composited on white, a profile converted, metadata that cannot be read ignored; the first frame
    of an animation taken. More than 8 bits become 8 by the range that is there. Raises PictureError.
    """
    return _open(source, name, check, _finished)


def _open(source: Picture, name: str | None, check: Check | None, finish: Finish) -> Image.Image:
    name = _printable(name or _name(source))
    try:
        if isinstance(source, np.ndarray):
            return finish(_of_array(source, check))
        if isinstance(source, Image.Image):
            return finish(_of_image(source, check))
        if isinstance(source, str | PathLike):
            with _regular_file(source) as file:
                return _of_file(file, check, finish)
        return _of_file(_binary_file(source), check, finish)
    except Unreadable as error:
        raise PictureError(f"{name} {error}") from None
    except MemoryError:
        raise PictureError(f"{name} {TOO_LARGE}") from None


def _name(source: Picture) -> str:
    if isinstance(source, str | PathLike):
        path = fsdecode(source)
        if path.startswith("data:"):
            return "the picture"
        return Path(path.partition("?")[0] if ADDRESS.match(path) else path).name or "the picture"
    return "the upload" if hasattr(source, "read") else "the picture"


def _printable(name: str) -> str:
    """In one line and of a length that fits into a sentence; a file may have any name."""
    name = "".join(character if character.isprintable() else "?" for character in name)
    return name if len(name) <= NAME else f"{name[:NAME]}..."


@contextmanager
def _regular_file(source: str | PathLike[str]) -> Iterator[IO[bytes]]:
    """The file at a path, open. Raises Unreadable where it is none; a pipe is not opened, as that would wait."""
    path = fspath(source)
    if isinstance(path, str) and ADDRESS.match(path):
        raise Unreadable("is an address; download the picture first")
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            raise Unreadable("is a folder; the path of one picture is needed")
        if not stat.S_ISREG(mode):
            raise Unreadable("is no regular file but a pipe or a device")
        file = open(path, "rb")
    except (FileNotFoundError, NotADirectoryError):
        raise Unreadable("does not exist") from None
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror or type(error).__name__}") from None
    except Unreadable:
        raise
    except (TypeError, ValueError):  # bytes; a character that no name may have
        raise Unreadable("is no name of a file") from None
    with file:
        yield file


def _binary_file(source: IO[bytes]) -> IO[bytes]:
    """The file itself, or its content where it cannot be read twice. Raises Unreadable where it is no binary file."""
    if not hasattr(source, "read"):
        raise Unreadable(f"is {type(source).__name__}; a path, a binary file, an image or an array is needed")
    try:
        if not isinstance(source.read(0), bytes):
            raise Unreadable("is open as text; a binary file is needed")
        try:
            source.seek(0)
        except (AttributeError, OSError):
            return io.BytesIO(source.read())
    except Unreadable:
        raise
    except (OSError, ValueError):
        raise Unreadable("cannot be read: the file is closed, or not open for reading") from None
    return source


def _of_file(file: IO[bytes], check: Check | None, finish: Finish) -> Image.Image:
    try:
        return finish(_attempt(file, check))
    except Damaged as error:
        problem = Damaged(str(error))  # without the frames of the attempt, which hold what it decoded
    if file.seek(0, io.SEEK_END) > MAX_MENDED:
        raise problem
    file.seek(0)
    content = file.read()
    mended = _mended(content, check, finish)
    if mended is not None:
        return mended
    raise Damaged(CUT_OFF) if damage.ends_early(content) else problem


def _attempt(file: IO[bytes], check: Check | None) -> _Decoded:
    """Raises Damaged from all that decoders raise, and what `check` raises as it is."""
    image = formats.opened(file)
    _check_size(image, check)
    try:
        factor = _drafted(image)
        with _alone(image):
            image.load()
            return _reduced(image, factor)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # each of Pillow's decoders has exceptions of its own
        raise damaged(error) from None


def _alone(image: Image.Image) -> AbstractContextManager[Any]:
    """Lets large pictures be decoded one after another: several visitors' at once would need their memory together."""
    return _LARGE if image.width * image.height > FULL_PIXELS else nullcontext()


def _mended(content: bytes, check: Check | None, finish: Finish) -> Image.Image | None:
    """The picture where the damage is in the metadata, or all but the file's last bytes are there; else None."""
    bare = damage.without_metadata(content)
    if bare != content:
        with suppress(Damaged):
            return finish(_attempt(io.BytesIO(bare), check))
    if damage.lacks_scans(content):
        return None
    found: list[Image.Image] = []
    for candidate in damage.lengthened(content):
        with suppress(Damaged):
            found.append(finish(_attempt(io.BytesIO(candidate), check)))
        if len(found) == 2 and found[0].size == found[1].size:
            lost = _share_that_differs(found[0], found[1], exactly=content.startswith(damage.JPEG))
            return found[0] if lost <= LOST else None
    return None


def _share_that_differs(one: Image.Image, other: Image.Image, exactly: bool) -> float:
    """Of the pixels: at all, or enough to be seen."""
    difference = np.asarray(ImageChops.difference(one, other))
    return float((difference > (0 if exactly else SEEN)).any(axis=-1).mean())


def _of_image(image: Image.Image, check: Check | None) -> _Decoded:
    _check_size(image, check)
    try:
        image.seek(0)
        with _alone(image):
            image.load()
            return _reduced(image, _factor(image.width, image.height))
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        raise damaged(error) from None


def _of_array(pixels: np.ndarray, check: Check | None) -> _Decoded:
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4)) or not pixels.size:
        raise Unreadable(f"is an array {pixels.shape}; (H, W), (H, W, 3) or (H, W, 4) is needed")
    if pixels.dtype.kind not in "buif":
        raise Unreadable(f"is an array of {pixels.dtype.name}; whole numbers or floats are needed")
    height, width = pixels.shape[:2]
    _check_pixels(width, height, MAX_PIXELS)
    if check is not None:
        check(width, height)
    pixels = pixels * np.uint8(255) if pixels.dtype == bool else pixels
    rows = _rows(width, 1)
    black, white = levels(pixels[top : top + rows] for top in range(0, height, rows))

    def strip(top: int, bottom: int) -> Image.Image:
        return Image.fromarray(eight_bits(pixels[top:bottom], black, white))

    return _Decoded(_assembled(width, height, _factor(width, height), strip))


def _check_size(image: Image.Image, check: Check | None) -> None:
    _check_pixels(*image.size, MAX_PIXELS)
    _check_pixels(*image.size, *formats.limit(image))
    if check is not None:
        check(*image.size)


def _check_pixels(width: int, height: int, most: float, kind: str = "") -> None:
    if width * height > most:
        size = f"{width}x{height} ({width * height / 1e6:.1f} megapixels)"
        raise Unreadable(f"is {size}; at most {most // 10**6:.0f} megapixels are allowed{kind and f' for {kind}'}")
    if not width * height:
        raise Unreadable(f"is {width}x{height}; both sides must be at least 1 px")


def _factor(width: int, height: int) -> int:
    """By how much both sides are divided, so that at most FULL_PIXELS stay."""
    factor = max(1, math.floor(math.sqrt(width * height / FULL_PIXELS)))
    while math.ceil(width / factor) * math.ceil(height / factor) > FULL_PIXELS:
        factor += 1
    return factor


def _drafted(image: Image.Image) -> int:
    """Has the decoder reduce the picture where it can, which saves time and memory; the factor that is left."""
    factor = _factor(*image.size)
    power = 2 ** math.ceil(math.log2(factor))
    if power > 1 and image.format in ("JPEG", "MPO"):
        image.draft(None, (image.width // min(power, 8), image.height // min(power, 8)))  # type: ignore[attr-defined]
        factor = _factor(*image.size)
    elif power > 1 and image.format == "JPEG2000":
        image.reduce = int(math.log2(power))  # type: ignore[assignment,method-assign]
        factor = 1
    return factor


def _reduced(image: Image.Image, factor: int) -> _Decoded:
    """A decoded image, which the caller gives up, in 8 bits, both sides divided by `factor`."""
    profile, orientation = image.info.get("icc_profile"), _orientation(image)
    if image.mode.startswith(("I", "F")):
        strip = _gray_strips(image)
    elif factor > 1:

        def strip(top: int, bottom: int) -> Image.Image:
            return _plain(_strip(image, top, bottom))
    else:
        return _Decoded(_plain(image), profile, orientation)
    return _Decoded(_assembled(image.width, image.height, factor, strip), profile, orientation)


def _rows(width: int, factor: int) -> int:
    return max(1, STRIP_PIXELS // (width * factor)) * factor


def _strip(image: Image.Image, top: int, bottom: int) -> Image.Image:
    """Rows of an image. Not by `crop`, which compares with Image.MAX_IMAGE_PIXELS."""
    size, box = (image.width, bottom - top), (0, top, image.width, bottom)
    return image.resize(size, Image.Resampling.NEAREST, box)


def _assembled(width: int, height: int, factor: int, strip: Callable[[int, int], Image.Image]) -> Image.Image:
    """The reduced picture from its strips: conversions of the whole would need several times its memory."""
    rows, whole = _rows(width, factor), None
    for top in range(0, height, rows):
        part = strip(top, min(top + rows, height)).reduce(factor)
        if whole is None:
            whole = Image.new(part.mode, (math.ceil(width / factor), math.ceil(height / factor)), None)
        whole.paste(part, (0, top // factor))
    assert whole is not None
    return whole


def _gray_strips(image: Image.Image) -> Callable[[int, int], Image.Image]:
    """What gives the strips of a gray image of 16 or 32 bits or floats as mode L, or LA where one value is clear."""
    signed, clear = getattr(image, "page", None), image.info.get("transparency")

    def values(top: int, bottom: int) -> np.ndarray:
        strip = np.asarray(_strip(image, top, bottom))
        if strip.dtype != np.int32 or signed is None:
            return strip
        if not signed.signed:
            return strip.view(np.uint32)
        return strip.astype(np.int16) if signed.bits == 16 else strip

    rows = _rows(image.width, 1)
    black, white = levels(values(top, min(top + rows, image.height)) for top in range(0, image.height, rows))

    def strip(top: int, bottom: int) -> Image.Image:
        part = values(top, bottom)
        gray = Image.fromarray(eight_bits(part, black, white))
        if isinstance(clear, int):
            gray.putalpha(Image.fromarray(np.where(part == clear, 0, 255).astype(np.uint8)))
        return gray

    return strip


def _plain(image: Image.Image) -> Image.Image:
    """An 8-bit image of any mode as L, LA, RGB, RGBA, CMYK or LAB."""
    if image.mode in ("La", "RGBa"):
        return image.convert(image.mode.upper())
    if image.mode in ("LA", "RGBA", "CMYK", "LAB"):
        return image
    if image.has_transparency_data:
        clear = image.info.get("transparency")
        if isinstance(clear, tuple) and max(clear) > 255:  # of 16 bits; the pixels already are of 8
            image = image.copy()
            image.info["transparency"] = tuple(value >> 8 for value in clear)
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _orientation(image: Image.Image) -> int:
    try:
        number = image.getexif().get(ExifTags.Base.Orientation)
        return number if number in TURNS else 1
    except Exception:  # whatever is wrong with it, it is no part of the picture
        return 1


def _finished(decoded: _Decoded) -> Image.Image:
    image = _turned(decoded)
    if image.mode == "RGB":
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _turned(decoded: _Decoded) -> Image.Image:
    image = in_srgb(decoded.image, decoded.profile)
    turn = TURNS.get(decoded.orientation)
    if turn is not None:
        image = image.transpose(turn)
    elif image is decoded.image:  # which may be the caller's, or hold a file
        image = image.copy()
    image.info.clear()  # a profile or an orientation in it would be applied once more where it is saved
    return image
