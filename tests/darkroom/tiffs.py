"""TIFF files with whatever directories a test needs."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

SHORT, LONG = 3, 4


@dataclass
class Page:
    """A page of uint8 pixels (H, W[, 3]); `tags` (tag: (type, count, value)) come on top, or instead."""

    pixels: np.ndarray
    tags: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    children: list[Page] = field(default_factory=list)


def tiff(*pages: Page, loop: bool = False) -> bytes:
    """A little-endian file. loop: the last page points to the first."""
    content = bytearray(b"II*\0\0\0\0\0")
    pointer = first = 4
    for page in pages:
        offset = _page(content, page)
        struct.pack_into("<I", content, pointer, offset)
        pointer = len(content) - 4
        first = offset if first == 4 else first
    if loop:
        struct.pack_into("<I", content, pointer, first)
    return bytes(content)


def _page(content: bytearray, page: Page) -> int:
    """Appends a page after its children; where its directory starts. Its last four bytes point to the next one."""
    children = [_page(content, child) for child in page.children]
    bands = page.pixels.shape[2] if page.pixels.ndim == 3 else 1
    height, width = page.pixels.shape[:2]
    at = len(content)
    content += page.pixels.tobytes() + bytes(page.pixels.size % 2)
    bits, subs = len(content), len(content) + 2 * bands
    content += struct.pack(f"<{bands}H", *[8] * bands) + struct.pack(f"<{len(children)}I", *children)
    tags = {
        256: (LONG, 1, width),
        257: (LONG, 1, height),
        258: (SHORT, bands, bits if bands > 2 else 8),
        259: (SHORT, 1, 1),
        262: (SHORT, 1, 2 if bands == 3 else 1),
        273: (LONG, 1, at),
        277: (SHORT, 1, bands),
        278: (LONG, 1, height),
        279: (LONG, 1, page.pixels.size),
    }
    if children:
        tags[330] = (LONG, len(children), subs if len(children) > 1 else children[0])
    tags |= page.tags
    start = len(content)
    content += struct.pack("<H", len(tags))
    for tag in sorted(tags):
        content += struct.pack("<HHII", tag, *tags[tag])
    content += bytes(4)
    return start
