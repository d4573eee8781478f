"""What can be left out of, or put behind, a damaged file so that its picture can still be had."""

from __future__ import annotations

import io
import random
import re
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

JPEG, PNG, RIFF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF"
END_OF_JPEG = b"\xff\xd9"
LACKING = 64  # bytes at most that a file of any other format may lack
FILLINGS = (b"\0", b"\x55", b"\xaa")  # some decoders refuse one or the other
NOISE = 2**20  # bytes
SCAN, PROGRESSIVE, COMMENT = 0xDA, 0xC2, 0xFE
MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # in a scan: neither a stuffed byte nor a restart
PROFILE_BYTES = 2**20  # of a PNG; more is refused by Pillow
PNG_KEPT = (b"tRNS", b"eXIf", b"iCCP")


def without_metadata(content: bytes) -> bytes:
    """The file without metadata that may have made it unreadable; of what is readable, orientation and profile stay."""
    if content.startswith(JPEG):
        return _bare_jpeg(content)
    if content.startswith(PNG):
        return _bare_png(content)
    if content.startswith(RIFF):
        return _bare_webp(content)
    if content[4:8] == b"ftyp":  # HEIF and AVIF: entries of the table of contents under another name
        return re.sub(rb"(infe.{8})(?:Exif|mime)", rb"\1skip", content, flags=re.DOTALL)
    return content


def lengthened(content: bytes) -> list[bytes]:
    """The file with other ends than its own; where two of them give one picture, hardly anything of it was missing."""
    if content.startswith(JPEG):
        noise = random.Random(0).randbytes(NOISE).replace(b"\xff", b"\x7f")
        return [content.rstrip(b"\xff") + rest + END_OF_JPEG for rest in (b"", noise)]
    return [content + filling * LACKING for filling in FILLINGS]


def lacks_scans(content: bytes) -> bool:
    """Whether it is a progressive JPEG that ends before every coefficient has its last bit."""
    exact: dict[int, set[int]] = {}
    progressive = False
    for marker, start, end in _segments(content):
        body = content[start + 4 : end]
        if marker == PROGRESSIVE and len(body) >= 6:
            progressive = True
            exact = {body[i]: set() for i in range(6, len(body) - 2, 3)}
        if marker == SCAN and progressive and body and len(body) >= 4 + 2 * body[0]:
            first, last, bits = body[-3:]
            for component in body[1 : 1 + 2 * body[0] : 2]:
                exact.setdefault(component, set()).update(range(first, last + 1) if not bits & 15 else ())
    return any(len(coefficients) < 64 for coefficients in exact.values())


def ends_early(content: bytes) -> bool:
    """Whether what a file says of its own length leads beyond its end: WebP, HEIF, AVIF and JPEG 2000 do."""
    if content.startswith(RIFF):
        return len(content) < 8 + int.from_bytes(content[4:8], "little")
    if content.startswith(b"\xff\x4f\xff\x51"):
        return not content.endswith(b"\xff\xd9")
    if content[4:8] not in (b"ftyp", b"jP  "):
        return False
    at = 0
    while at + 16 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        size = int.from_bytes(content[at + 8 : at + 16], "big") if size == 1 else size
        if size < 8:  # 0: to the end of the file
            return False
        at += size
    return at != len(content)


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of a JPEG's segments; what follows a scan's header is nobody's."""
    at = 2
    while match := MARKER.search(content, at):
        start, marker = match.start(), content[match.start() + 1]
        end = start + 2 + int.from_bytes(content[start + 2 : start + 4], "big")
        if marker == 0xD9 or end > len(content) or end < start + 4:
            return
        yield marker, start, end
        at = end


def _bare_jpeg(content: bytes) -> bytes:
    kept, at = [content[:2]], 2
    for marker, start, end in _segments(content):
        if marker == SCAN:
            break
        if (marker & 0xF0 != 0xE0 and marker != COMMENT) or _sound(marker, content[start + 4 : end]):
            kept.append(content[start:end])
        at = end
    return b"".join(kept) + content[at:]


def _sound(marker: int, body: bytes) -> bool:
    """Whether an application's segment is one that the picture needs, and whole."""
    if marker == 0xE1 and body.startswith(b"Exif\0\0"):
        return _readable(body)
    headers = {0xE0: (b"JFIF\0", 14), 0xE2: (b"ICC_PROFILE\0", 15), 0xEE: (b"Adobe", 12)}
    return marker in headers and body.startswith(headers[marker][0]) and len(body) >= headers[marker][1]


def _readable(exif: bytes) -> bool:
    try:
        tags = Image.Exif()
        tags.load(exif)
        return bool(dict(tags))
    except Exception:  # whatever it is, Pillow meets it again when it opens the file
        return False


def _bare_png(content: bytes) -> bytes:
    kept, at = [PNG], len(PNG)
    while at + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        chunk = content[at : at + 12 + length]
        if not kind[:1].islower() or (kind in PNG_KEPT and _sound_chunk(kind, chunk)):
            kept.append(chunk)
        at += len(chunk)
    return b"".join(kept)


def _sound_chunk(kind: bytes, chunk: bytes) -> bool:
    if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
        return False
    if kind != b"iCCP":
        return True
    try:
        inflate = zlib.decompressobj()
        inflate.decompress(chunk[8:-4].partition(b"\0")[2][1:], PROFILE_BYTES)
        return not inflate.unconsumed_tail
    except zlib.error:
        return False


def _bare_webp(content: bytes) -> bytes:
    """Without EXIF, XMP, and whatever else follows the picture."""
    chunks, file = [], io.BytesIO(content[12:])
    while len(head := file.read(8)) == 8:
        kind, size = struct.unpack("<4sI", head)
        body = file.read(size + size % 2)
        if kind == b"VP8X":  # its flags for EXIF and XMP
            body = bytes([body[0] & ~0x0C]) + body[1:] if body else body
        if kind in (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ICCP", b"ANIM", b"ANMF"):
            chunks.append(head + body)
    inner = b"WEBP" + b"".join(chunks)
    return RIFF + struct.pack("<I", len(inner)) + inner
