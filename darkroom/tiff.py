"""The pages of a TIFF file; each is shown to Pillow as if the file held it alone, without the tags that are no pixels.

Pillow opens the first page, which may be a thumbnail, and gives up at the first tag that it cannot read, be it a
description; the page with the most pixels may also lie in a sub-directory (330), where it does not look at all.
"""

from __future__ import annotations

import io
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from PIL import ExifTags, Image, TiffImagePlugin

from darkroom.unreadable import Damaged

MAX_PAGES = 1000
MAX_TAGS = 1000  # of a page; beyond, it is no directory
MAX_TAG_BYTES = 2**24
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
WHOLE = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}  # types of whole numbers
KIND, WIDTH, HEIGHT, BITS, COMPRESSION, COLOURS = 254, 256, 257, 258, 259, 262
ORIENTATION, SUB_DIRECTORIES, SAMPLE_FORMAT, PROFILE = 274, 330, 339, 34675
MASK = 4  # of KIND
SIGNED = 2  # of SAMPLE_FORMAT
# All that Pillow needs for the pixels: layout, palette, tiles, extra samples, JPEG tables, subsampling.
PIXELS = {WIDTH, HEIGHT, BITS, COMPRESSION, COLOURS, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324}
PIXELS |= {325, 332, 338, SAMPLE_FORMAT, 347, 529, 530, 531, 532, PROFILE}


@dataclass(frozen=True)
class Page:
    """A directory of the file. header, directory: bytes of a file that holds this page alone. size: px."""

    offset: int
    header: bytes
    directory: bytes
    size: tuple[int, int]
    bits: int
    compression: int
    colours: int
    orientation: int
    signed: bool
    whole: bool  # no tag of the pixels leads beyond the end of the file

    @property
    def pixels(self) -> int:
        return self.size[0] * self.size[1]

    def __str__(self) -> str:
        width, height = self.size
        return f"{width}x{height} px, {self.bits} bits, compression {self.compression}, colours {self.colours}"


class OnePage:
    """A TIFF file, read as if it held this page alone. What is not read through it (libtiff) is the file itself."""

    def __init__(self, file: IO[bytes], page: Page) -> None:
        self._file = file
        self._patches = ((0, page.header), (page.offset, page.directory))

    def read(self, size: int = -1) -> bytes:
        start = self._file.tell()
        content = self._file.read(size)
        for at, patch in self._patches:
            low, high = max(start, at), min(start + len(content), at + len(patch))
            if low < high:
                content = content[: low - start] + patch[low - at : high - at] + content[high - start :]
        return content

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class PageImage(TiffImagePlugin.TiffImageFile):
    """One page, neither turned nor compared with Image.MAX_IMAGE_PIXELS: both are done for all formats in one place."""

    def __init__(self, file: IO[bytes], page: Page) -> None:
        self.page = page
        file.seek(0)
        super().__init__(OnePage(file, page))  # type: ignore[arg-type]

    def load_prepare(self) -> None:
        if self._im is None:
            self.im = Image.new(self.mode, self.size, None).im
        super().load_prepare()

    def load_end(self) -> None:
        pass

    def getexif(self) -> Image.Exif:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = self.page.orientation
        return exif


class _Reader:
    """Numbers of a file in its byte order; classic and BigTIFF."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.length = file.seek(0, io.SEEK_END)
        start = self.bytes_at(0, 8)
        self.order = "<" if start[:2] == b"II" else ">"
        self.big = start[2:4] in (b"\x2b\0", b"\0\x2b")
        self.count, self.entry, self.pointer = ("Q", "HHQ8s", "Q") if self.big else ("H", "HHI4s", "I")
        self.start = self.bytes_at(0, 8) if self.big else start[:4]

    def bytes_at(self, offset: int, size: int) -> bytes:
        if offset + size > self.length:
            raise EOFError("the file ends early")
        self.file.seek(offset)
        return self.file.read(size)

    def number_at(self, offset: int, form: str) -> int:
        return self.unpack(form, self.bytes_at(offset, struct.calcsize("=" + form)))[0]

    def unpack(self, form: str, content: bytes) -> tuple[Any, ...]:
        return struct.unpack(self.order + form, content)

    def pack(self, form: str, *values: int) -> bytes:
        return struct.pack(self.order + form, *values)


class _Directory:
    """A page's tags as they lie in the file. Raises EOFError, and ValueError where there are none or too many."""

    def __init__(self, reader: _Reader, offset: int) -> None:
        self.reader, self.offset = reader, offset
        count = reader.number_at(offset, reader.count)
        if not 0 < count <= MAX_TAGS:
            raise ValueError(f"{count} tags")
        head, size = struct.calcsize("=" + reader.count), struct.calcsize("=" + reader.entry)
        content = reader.bytes_at(offset, head + count * size)
        self.head, self.tags = content[:head], [content[i : i + size] for i in range(head, len(content), size)]
        at = offset + len(content)
        # The pointer to the next page is the last thing of many a file: one that lacks its end has lost nothing else.
        self.next = reader.number_at(at, reader.pointer) if at + struct.calcsize(reader.pointer) <= reader.length else 0

    def whole(self, wanted: int, most: int = 64) -> tuple[int, ...]:
        """The whole numbers of a tag; none where it is missing or unreadable."""
        for tag, kind, count, value in (self.reader.unpack(self.reader.entry, entry) for entry in self.tags):
            if tag != wanted or kind not in WHOLE:
                continue
            count, size = min(count, most), SIZES[kind]
            try:
                if count * size > len(value):
                    value = self.reader.bytes_at(self.reader.unpack(self.reader.pointer, value)[0], count * size)
            except EOFError:
                return ()
            return self.reader.unpack(f"{count}{WHOLE[kind]}", value[: count * size])
        return ()

    def bare(self) -> tuple[bytes, bool]:
        """A last page's directory with type 0, which readers skip, for tags that are no pixels; whether it is whole."""
        kept, whole = b"", True
        for entry in self.tags:
            tag, kind, count, value = self.reader.unpack(self.reader.entry, entry)
            size = count * SIZES.get(kind, 0)
            far = size > len(value) and self.reader.unpack(self.reader.pointer, value)[0] + size > self.reader.length
            if tag not in PIXELS or size > MAX_TAG_BYTES or (far and tag == PROFILE):
                entry = entry[:2] + bytes(2) + entry[4:]
            else:
                whole = whole and not far
            kept += entry
        return self.head + kept + bytes(struct.calcsize(self.reader.pointer)), whole

    def page(self) -> Page | None:
        """None where it is a mask, or has no size."""
        first = {tag: (self.whole(tag) or (0,))[0] for tag in (KIND, WIDTH, HEIGHT, COMPRESSION, COLOURS)}
        if first[KIND] & MASK or first[WIDTH] <= 0 or first[HEIGHT] <= 0:
            return None
        directory, whole = self.bare()
        return Page(
            self.offset,
            self.reader.start + self.reader.pack(self.reader.pointer, self.offset),
            directory,
            (first[WIDTH], first[HEIGHT]),
            max(self.whole(BITS) or (1,)),
            first[COMPRESSION],
            first[COLOURS],
            (self.whole(ORIENTATION) or (1,))[0],
            SIGNED in self.whole(SAMPLE_FORMAT),
            whole,
        )


def pages(file: IO[bytes]) -> Iterator[Page]:
    """The first thousand pages and sub-pages in the order of their directories, each directory once."""
    reader = _Reader(file)
    waiting = deque([reader.number_at(len(reader.start), reader.pointer)])
    seen: set[int] = set()
    while waiting and len(seen) < MAX_PAGES:
        offset = waiting.popleft()
        if not offset or offset in seen:
            continue
        seen.add(offset)
        try:
            directory = _Directory(reader, offset)
        except (EOFError, ValueError) as error:
            if len(seen) == 1 and isinstance(error, EOFError):
                raise
            continue
        waiting.extend((directory.next, *directory.whole(SUB_DIRECTORIES)))
        page = directory.page()
        if page is not None:
            yield page


def opened(file: IO[bytes]) -> PageImage:
    """The page with the most pixels; a smaller one instead where Pillow cannot read it, but never a mere thumbnail.

    Raises Damaged, saying what was found, and what a damaged file makes Pillow raise.
    """
    found = sorted(pages(file), key=lambda page: page.pixels, reverse=True)
    for page in found:
        if 4 * page.pixels < found[0].pixels:
            break
        try:
            return PageImage(file, page)
        except (SyntaxError, ValueError, KeyError, OSError):
            continue
    if not found:
        raise Damaged("is a TIFF without a picture in it")
    if not found[0].whole:
        raise EOFError("the file ends early")
    raise Damaged(f"is a TIFF whose picture ({found[0]}) is of a kind that is not read here; save it as PNG or JPEG")
