"""Small ICC profiles, made by hand: LittleCMS makes none but sRGB through Pillow."""

import itertools
import struct

WHITE = (0.9642, 1.0, 0.8249)  # D50


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def _profile(kind: bytes, space: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    text = b"made for a test\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    tags = {b"desc": description, b"wtpt": _xyz(WHITE), **tags}
    start = 128 + 4 + 12 * len(tags)
    table, blob = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(blob), len(data))
        blob += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(blob), b"lcms", 0x02400000, kind, space, pcs)
    head += bytes(12) + b"acsp" + bytes(28) + b"".join(map(_fixed, WHITE))
    return head + bytes(128 - len(head)) + table + blob


def _rgb(gamma: float, *columns: tuple[float, float, float]) -> bytes:
    tags = {f"{name}XYZ".encode(): _xyz(column) for name, column in zip("rgb", columns, strict=True)}
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags | {f"{name}TRC".encode(): _gamma(gamma) for name in "rgb"})


def _cmyk() -> bytes:
    """A table of the sixteen full inks as Lab; black is not quite black."""
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + b"".join(map(_fixed, (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    table += bytes(range(256)) * 4
    for cyan, magenta, yellow, black in itertools.product((0, 1), repeat=4):
        light = 255 * (1 - 0.4 * cyan) * (1 - 0.45 * magenta) * (1 - 0.1 * yellow) * (1 - 0.85 * black)
        green_red = 128 + (-35 * cyan + 70 * magenta - 5 * yellow) * (1 - black)
        blue_yellow = 128 + (-45 * cyan - 5 * magenta + 85 * yellow) * (1 - black)
        table += bytes(min(255, round(value)) for value in (light, green_red, blue_yellow))
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table + bytes(range(256)) * 3})


ADOBE_RGB = _rgb(2.2, (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
GRAY = _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _gamma(1.8)})
CMYK = _cmyk()
