"""Which format a file has, by its content; what it is where it is no picture."""

from __future__ import annotations

import io
import math
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pillow_heif
from PIL import Image

from darkroom import netpbm, tiff
from darkroom.unreadable import Unreadable, damaged

# Pillow also knows formats that start other programs (EPS) or have no size of their own: these are enough.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "HEIF", "JPEG2000")
NAMES = "PNG, JPEG, WEBP, GIF, BMP, TIFF, PNM, AVIF, HEIC, JPEG 2000 or TGA"
HEAD = 1024  # bytes looked at
NETPBM = re.compile(rb"P[1-6f](?:\s|#.*\n)+\d+(?:\s|#.*\n)+\d+\s")
MOST_TO_ONE = 128  # pixels that a byte of a TGA stands for at most
MAX_FRAMES = 64  # of an MPO
# Bytes a pixel that a decoder takes at its peak, as measured with 100 megapixels.
BYTES = {"WEBP": 15.5, "AVIF": 9.0, "HEIF": 7.5}
PLAIN_BYTES = 24  # Netpbm as text: seconds rather than bytes, as Pillow reads it number by number in Python
MEMORY = 600_000_000  # bytes for one picture

Image.init()
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
# What Pillow warns of is damaged metadata, which no user can mend. For good: `catch_warnings` is not safe in threads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
_limit = threading.Lock()


def opened(file: IO[bytes]) -> Image.Image:
    """The header of the picture in a file: its first frame, or its largest page; nothing is decoded.

    Raises Unreadable where it is none, Damaged where its decoders refuse it.
    """
    file.seek(0)
    head = file.read(HEAD)
    problem = None
    for form in _candidates(head, file):
        try:
            file.seek(0)
            return _image(form, file)
        except Unreadable as error:
            problem = problem or error
        except Exception as error:  # each of Pillow's decoders has exceptions of its own
            problem = problem or damaged(error, f"is a damaged {form} file, or one of an unknown kind")
    raise problem or Unreadable(_no_picture(head))


def is_picture(file: IO[bytes]) -> bool:
    """Whether a file begins as a picture does; the rest of it may still be damaged. Reads its beginning only."""
    file.seek(0)
    return bool(_candidates(file.read(HEAD), file))


def limit(image: Image.Image) -> tuple[float, str]:
    """The pixels that fit into MEMORY where a decoder needs far more than the picture does, and what that is called."""
    if image.format in BYTES:
        return MEMORY / BYTES[image.format], image.format
    if image.format in ("JPEG", "MPO") and image.info.get("progressive"):
        samples = [down * across for _, down, across, _ in image.layer]  # type: ignore[attr-defined]
        # Every coefficient is held, 16 bits each.
        return MEMORY * max([1, *samples]) / (2 * sum(samples) or 1), "a progressive JPEG"
    if image.format == "PPM" and image.tile[0].codec_name == "ppm_plain":  # type: ignore[attr-defined]
        return MEMORY / PLAIN_BYTES, "a PNM written as text"
    return math.inf, ""


def _candidates(head: bytes, file: IO[bytes]) -> list[str]:
    if NETPBM.match(head):
        return ["PPM"]
    if _is_text(head):
        return []
    forms = [form for form in FORMATS if form != "PPM" and Image.OPEN[form][1](head[:16]) is True]  # type: ignore[misc]
    return forms or ["TGA"] * _is_tga(head, file)


def _image(form: str, file: IO[bytes]) -> Image.Image:
    if form == "TIFF":
        return tiff.opened(file)
    if form == "PPM":
        return netpbm.NetpbmImage(file)
    factory: Any = Image.OPEN[form][0]
    if form == "GIF":
        with _no_limit():
            return factory(file, "")
    image = factory(file, "")
    if image.format == "MPO":
        sizes = {frame: _frame_size(factory, file, frame) for frame in range(min(image.n_frames, MAX_FRAMES))}
        image.seek(max(sizes, key=lambda frame: sizes[frame]))
    return image


@contextmanager
def _no_limit() -> Iterator[None]:
    """Sizes are compared here; only the header of a GIF does so too, with the size of its frame."""
    with _limit:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _frame_size(factory: Any, file: IO[bytes], frame: int) -> int:
    """Pixels of one picture of an MPO, opened anew: a frame that cannot be read leaves the others unreadable."""
    try:
        file.seek(0)
        image = factory(file, "")
        image.seek(frame)
        return image.width * image.height
    except Exception:
        return 0


def _is_text(head: bytes) -> bool:
    return bool(head) and not re.search(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]", head)


def _is_tga(head: bytes, file: IO[bytes]) -> bool:
    """TGA has no magic number: every field of the header has to make sense, and so has the file's length."""
    if len(head) < 18:
        return False
    colour_map, kind, entries, entry_bits = head[1], head[2], int.from_bytes(head[5:7], "little"), head[7]
    width, height = int.from_bytes(head[12:14], "little"), int.from_bytes(head[14:16], "little")
    depth, flags = head[16], head[17]
    depths = {1: (8,), 2: (16, 24, 32), 3: (8, 16)}.get(kind & 7, ())
    if depth not in depths or kind & ~11 or flags & 0xC0 or flags & 15 > 8 or not width * height:
        return False
    if colour_map != (kind & 7 == 1) or (entry_bits not in (15, 16, 24, 32) if colour_map else entries or entry_bits):
        return False
    return width * height <= MOST_TO_ONE * file.seek(0, io.SEEK_END)


def _no_picture(head: bytes) -> str:
    start = head.lstrip().lower()
    if not head:
        return "is empty"
    if head.startswith((b"\0\5\x16\7", b"\0\5\x16\0")):
        return "is what macOS keeps about a file (._), not the picture itself"
    if head.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the picture itself; git lfs pull fetches it"
    if re.search(rb"<(!doctype )?html\b", start):
        return "is an HTML page, not a picture"
    return f"is not a picture in a known format ({NAMES})"
