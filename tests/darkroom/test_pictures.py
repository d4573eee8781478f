import io
import json
import os
import random
import re
import struct
import subprocess
import sys
import time
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageFile, ImageOps, PngImagePlugin

from darkroom import pictures
from darkroom.pictures import FULL_PIXELS, PictureError, open_picture
from tests.darkroom import profiles
from tests.darkroom.tiffs import Page, tiff

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # of damaged metadata, by Pillow
ROOT = Path(__file__).parents[2]
SCENES = sorted((ROOT / "checkpoints").glob("**/*.png")) + sorted((ROOT / "examples").glob("**/*.jpg"))
# format, options of `save`, by how much the channels may differ from the original's on average, of 255
FORMATS = {
    "png": ("PNG", {}, 0),
    "apng": ("PNG", {"save_all": True, "append_images": [Image.new("RGB", (96, 64), "red")]}, 0),
    "jpeg": ("JPEG", {"quality": 95, "subsampling": 0}, 4),
    "progressive": ("JPEG", {"quality": 95, "subsampling": 0, "progressive": True}, 4),
    "mpo": (
        "MPO",
        {"quality": 95, "subsampling": 0, "save_all": True, "append_images": [Image.new("RGB", (9, 9))]},
        12,
    ),
    "webp": ("WEBP", {"quality": 95}, 8),
    "webp lossless": ("WEBP", {"lossless": True}, 0),
    "gif": ("GIF", {}, 15),
    "bmp": ("BMP", {}, 0),
    "tiff": ("TIFF", {}, 0),
    "tiff big": ("TIFF", {"big_tiff": True}, 0),
    "tiff lzw": ("TIFF", {"compression": "tiff_lzw"}, 0),
    "tiff jpeg": ("TIFF", {"compression": "jpeg", "quality": 95}, 8),
    "ppm": ("PPM", {}, 0),
    "avif": ("AVIF", {"quality": 95}, 8),
    "heif": ("HEIF", {"quality": 95, "chroma": 444}, 8),
    "jp2": ("JPEG2000", {}, 0),
    "j2k": ("JPEG2000", {"no_jp2": True}, 0),
    "tga": ("TGA", {}, 0),
    "tga rle": ("TGA", {"compression": "tga_rle"}, 0),
}


def photograph(width: int = 96, height: int = 64, seed: int = 0) -> Image.Image:
    """Gradients with a little grain: no two rows are alike."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([x * 200 / width, y * 200 / height, (x + y) * 100 / (width + height)], axis=-1)
    return Image.fromarray((pixels + rng.integers(0, 30, pixels.shape)).astype(np.uint8))


def content(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format=format, **options)
    return file.getvalue()


def opened(data: bytes, **options) -> np.ndarray:
    return np.asarray(open_picture(io.BytesIO(data), **options)).astype(int)


def message(source, **options) -> str:
    """What PictureError says: one sentence without paths, objects or raw bytes."""
    with pytest.raises(PictureError) as raised:
        open_picture(io.BytesIO(source) if isinstance(source, bytes) else source, **options)
    text = str(raised.value)
    assert not re.search(r"[/<\n\x1b]|\b0x|b'", text), text
    return text


def orientation(number: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


def before(source) -> Image.Image:
    """What `singan.image.open_picture` did to pictures of 8 bits until it was given to `darkroom.pictures`."""
    image = Image.open(source)
    image.seek(0)
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


# Formats and modes


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_by_its_content(kind, tmp_path):
    format, options, tolerance = FORMATS[kind]
    image = photograph()
    path = tmp_path / "picture.txt"
    path.write_bytes(content(image, format, **options))
    with path.open("rb") as file:
        results = [open_picture(source) for source in (path, str(path), io.BytesIO(path.read_bytes()), file)]
    for result in results:
        assert result.mode == "RGB" and type(result) is Image.Image and not result.info
        assert np.abs(np.asarray(result).astype(int) - np.asarray(image)).mean() <= tolerance
    path.unlink()  # nothing holds it


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.name)
def test_shipped_pictures_keep_their_bytes(path):
    assert open_picture(path).tobytes() == before(path).tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "RGBa", "La"])
@pytest.mark.parametrize("turn", [1, 3, 6])
def test_images_of_eight_bits_keep_their_bytes(mode, turn):
    image = photograph()
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    image = image.convert("RGBA").convert("LA").convert("La") if mode == "La" else _converted(image, mode)
    image.info["exif"] = orientation(turn).tobytes()
    if mode == "La":  # of which Pillow itself makes no RGBA
        expected = before_image(image.convert("LA"))
    else:
        expected = before_image(image)
    result = open_picture(image)
    assert result.tobytes() == expected.tobytes() and result.size == expected.size
    assert image.info["exif"] and image.mode == mode


def _converted(image: Image.Image, mode: str) -> Image.Image:
    if mode == "PA":
        return image.convert("P").convert("PA")
    if mode in ("LA", "RGBA", "RGBa"):
        return image.convert(mode)
    return image.convert("RGB").convert(mode)


def before_image(image: Image.Image) -> Image.Image:
    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("turn", [1, 6])
def test_files_of_eight_bits_keep_their_bytes(kind, turn):
    format, options, _ = FORMATS[kind]
    if format in ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"):
        options = {**options, "exif": orientation(turn)}
    data = content(photograph(), format, **options)
    assert open_picture(io.BytesIO(data)).tobytes() == before(io.BytesIO(data)).tobytes()


@pytest.mark.parametrize("mode", ["P", "L", "RGB", "1"])
def test_one_clear_colour_is_white(mode):
    image = Image.new("RGB", (40, 40), "black").convert(mode)
    image.paste(image.getpixel((0, 0)), (0, 0, 40, 40))
    image.putpixel((3, 3), (255, 255, 255) if mode == "RGB" else 1 if mode == "P" else 255)
    clear = (0, 0, 0) if mode == "RGB" else 0
    data = content(image, "PNG", transparency=clear)
    assert open_picture(io.BytesIO(data)).tobytes() == before(io.BytesIO(data)).tobytes()
    assert tuple(opened(data)[9, 9]) == (255, 255, 255)


def test_lab():
    image, srgb, lab = photograph(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    for source in (converted, io.BytesIO(content(converted, "TIFF"))):
        assert np.abs(np.asarray(open_picture(source)).astype(int) - np.asarray(image)).mean() <= 2


@pytest.mark.parametrize("turn", range(1, 9))
def test_upright(turn):
    image = photograph()
    turned = ImageOps.exif_transpose(_with_exif(image, {5: 5, 6: 8, 7: 7, 8: 6}.get(turn, turn)))
    for format in ("PNG", "TIFF", "WEBP"):
        options = {"lossless": True} if format == "WEBP" else {}
        data = content(turned, format, exif=orientation(turn), **options)
        assert np.array_equal(opened(data), np.asarray(image)), format


def _with_exif(image: Image.Image, turn: int) -> Image.Image:
    image = image.copy()
    image.info["exif"] = orientation(turn).tobytes()
    return image


# Ranges


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("format", ["PNG", "TIFF", "PPM", "array", "image"])
def test_gray_by_the_bits_that_are_there(bits, format):
    values = np.linspace(0, 2**bits - 1, 1600).reshape(40, 40).round().astype(np.uint16)
    image = Image.fromarray(values)
    source = {"array": values, "image": image}.get(format) if format in ("array", "image") else None
    source = io.BytesIO(content(image, format)) if source is None else source
    result = np.asarray(open_picture(source)).astype(int)
    assert np.abs(result[..., 1] - values / (2**bits - 1) * 255).max() <= 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0.0, 0.5, 1.0]), [0, 128, 255]),
        (np.array([0.1, 0.5, 0.6]), [26, 128, 153]),
        (np.array([-1.0, 0.0, 0.5]), [0, 128, 191]),
        (np.array([0.0, 100.0, 200.0]), [0, 100, 200]),
        (np.array([0.0, 0.51, 1.02]), [0, 128, 255]),
        (np.array([-7.0, 0.0, 7.0]), [0, 128, 255]),
        (np.array([0.0, 500.0, 1000.0]), [0, 128, 255]),
        (np.array([1e38, 0.0, -1e38]), [255, 128, 0]),
        (np.array([5000.0, 5000.0, 5000.0]), [0, 0, 0]),
    ],
)
@pytest.mark.parametrize("form", ["array", "double", "TIFF", "image"])
def test_floats_by_their_range(values, expected, form):
    values = np.tile(values.astype(np.float64 if form == "double" else np.float32), (40, 1))
    image = Image.fromarray(values.astype(np.float32))
    source = io.BytesIO(content(image, "TIFF")) if form == "TIFF" else image if form == "image" else values
    assert np.abs(np.asarray(open_picture(source))[0, :, 0].astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    ("type", "bits", "values", "expected"),
    [
        (np.int16, 16, [-1000, 0, 1000], [0, 128, 255]),
        (np.int16, 16, [0, 16384, 32767], [0, 128, 255]),
        (np.uint16, 16, [0, 16384, 32767], [0, 64, 128]),
        (np.int32, 32, [-(10**9), 0, 10**9], [0, 128, 255]),
        (np.uint32, 32, [0, 2**31, 2**32 - 1], [0, 128, 255]),
        (np.uint32, 32, [0, 2048, 4095], [0, 128, 255]),
    ],
)
def test_whole_numbers_of_any_type(type, bits, values, expected):
    pixels = np.tile(np.array(values, dtype=type), (40, 14))
    signed = 2 if np.issubdtype(type, np.signedinteger) else 1
    page = Page(pixels.view(np.uint8), {256: (4, 1, 42), 258: (3, 1, bits), 339: (3, 1, signed)})
    for source in (pixels, io.BytesIO(tiff(page))):
        assert np.abs(np.asarray(open_picture(source))[0, :3, 0].astype(int) - expected).max() <= 1


@pytest.mark.parametrize("white", [1, 100, 1000, 4095, 65535])
@pytest.mark.parametrize("magic", [b"P2", b"P3", b"P5", b"P6"])
def test_netpbm_of_any_depth(magic, white):
    bands = 3 if magic in (b"P3", b"P6") else 1
    values = np.linspace(0, white, 1200 * bands).round().astype(int).reshape(30, 40, bands)
    text = b" ".join(b"%d" % value for value in values.ravel())
    body = text if magic in (b"P2", b"P3") else values.astype(">u2" if white > 255 else "u1").tobytes()
    result = opened(magic + b"\n# a comment 7 7\n40 30\n%d\n" % white + body)
    assert np.abs(result - values / white * 255).max() <= 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(value):
    values = np.full((40, 40), 0.5, dtype=np.float32)
    values[7, 7] = value
    for source in (values, Image.fromarray(values), content(Image.fromarray(values), "TIFF")):
        assert "NaN or infinite" in message(source)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_sixteen_bits_in_colour(mode):
    """Pillow reduces them itself."""
    bands = len(mode)
    values = np.random.default_rng(0).integers(0, 65536, (40, 40, bands)).astype(np.uint16)
    if bands != 3:
        values[..., -1] = 65535
    header = struct.pack(">IIBBBBB", 40, 40, 16, {"RGB": 2, "RGBA": 6, "LA": 4}[mode], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    png = _png((b"IHDR", header), (b"IDAT", zlib.compress(rows)))
    assert np.abs(opened(png) - (values[..., :3] if bands > 2 else values[..., :1]) / 257).max() <= 1


def test_one_clear_value_of_sixteen_bits():
    gray = Image.fromarray(np.tile(np.array([1000, 65535], dtype=np.uint16), (40, 20)))
    assert opened(content(gray, "PNG", transparency=1000)).min() == 255
    header = struct.pack(">IIBBBBB", 40, 40, 16, 2, 0, 0, 0)
    rows = (b"\0" + struct.pack(">3H", 0x8000, 0x4000, 0x2000) * 40) * 40
    clear = (b"tRNS", struct.pack(">3H", 0x8000, 0x4000, 0x2000))
    assert opened(_png((b"IHDR", header), clear, (b"IDAT", zlib.compress(rows)))).min() == 255


def _png(*chunks: tuple[bytes, bytes], broken: bytes = b"") -> bytes:
    """A PNG of these chunks; that of the name `broken` has a wrong checksum."""
    data = b"\x89PNG\r\n\x1a\n"
    for name, body in (*chunks, (b"IEND", b"")):
        data += (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body) ^ (name == broken))
        )
    return data


def test_arrays():
    rgb = np.asarray(photograph())
    assert np.array_equal(open_picture(rgb), rgb)
    assert np.array_equal(open_picture(rgb[::-1, ::2]), rgb[::-1, ::2])
    assert np.array_equal(np.asarray(open_picture(rgb[..., 0]))[..., 1], rgb[..., 0])
    clear = np.dstack([rgb, np.zeros(rgb.shape[:2], dtype=np.uint8)])
    assert np.asarray(open_picture(clear)).min() == 255
    assert np.abs(np.asarray(open_picture(rgb / 255.0)).astype(int) - rgb).max() == 0
    assert np.asarray(open_picture(rgb[..., 0] > 90)).max() == 255


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.zeros((4, 5, 2), np.uint8), r"the picture is an array (4, 5, 2); (H, W), (H, W, 3) or (H, W, 4) is needed"),
        (np.zeros(7, np.uint8), "an array (7,);"),
        (np.zeros((0, 5), np.uint8), "an array (0, 5);"),
        (np.zeros((5, 5), complex), "an array of complex128; whole numbers or floats are needed"),
        (np.array([["a"]]), "an array of "),
    ],
)
def test_arrays_that_are_no_pictures(array, text):
    assert text in message(array)


# Colours


@pytest.mark.parametrize(
    ("mode", "profile", "colour", "expected"),
    [
        ("RGB", profiles.ADOBE_RGB, (200, 100, 50), (230, 100, 42)),
        ("RGB", profiles.DISPLAY_P3, (200, 100, 50), (216, 93, 24)),
        ("L", profiles.GRAY, 128, (146, 146, 146)),
        ("CMYK", profiles.CMYK, (255, 0, 0, 0), (0, 163, 223)),
    ],
)
@pytest.mark.parametrize("format", ["TIFF", "JPEG"])
def test_profiles_become_srgb(mode, profile, colour, expected, format):
    image = Image.new(mode, (40, 40), colour)
    for source in (content(image, format, icc_profile=profile, **({"quality": 100} if format == "JPEG" else {})),):
        assert np.abs(opened(source)[5, 5] - expected).max() <= 4


def test_profile_and_transparency():
    image = photograph()
    opaque = opened(content(image, "PNG", icc_profile=profiles.ADOBE_RGB))
    image.putalpha(255)
    image.paste((0, 0, 0, 0), (0, 0, 10, 10))
    result = opened(content(image, "PNG", icc_profile=profiles.ADOBE_RGB))
    assert result[:10, :10].min() == 255 and np.array_equal(result[10:], opaque[10:])
    assert not np.array_equal(opaque, np.asarray(photograph()))
    palette = photograph().quantize(16)
    data = content(palette, "PNG", icc_profile=profiles.ADOBE_RGB)
    assert not np.array_equal(opened(data), np.asarray(palette.convert("RGB")))


def test_profiles_that_change_nothing():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = photograph()
    for profile in (srgb, b"no profile", profiles.ADOBE_RGB[:200], profiles.CMYK, profiles.GRAY, b"\0" * 400):
        assert np.array_equal(opened(content(image, "PNG", icc_profile=profile)), np.asarray(image))
    gray = image.convert("L")
    assert np.array_equal(opened(content(gray, "PNG", icc_profile=srgb))[..., 0], np.asarray(gray))
    cmyk = image.convert("CMYK")
    assert np.array_equal(opened(content(cmyk, "TIFF", icc_profile=srgb)), np.asarray(cmyk.convert("RGB")))


# Metadata


def _broken_exif() -> dict[str, bytes]:
    head = b"Exif\0\0II*\0\x08\0\0\0"
    tag = b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"
    return {
        "empty": b"Exif\0\0",
        "no TIFF": b"Exif\0\0XX\0\0\0\0\0\0",
        "short": head[:10],
        "no directory": head,
        "directory beyond": b"Exif\0\0II*\0\xff\xff\xff\x7f",
        "orientation is text": head + b"\x01\0" + b"\x12\x01\x02\0\x02\0\0\x006\0\0\0" + bytes(4),
        "orientation of 99": head + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x63\0\0\0" + bytes(4),
        "orientation is a list": head + b"\x01\0" + b"\x12\x01\x03\0\x02\0\0\0\x06\0\x06\0" + bytes(4),
        "orientation is a ratio of nothing": head + b"\x01\0" + b"\x12\x01\x05\0\x01\0\0\0\x1a\0\0\0" + bytes(12),
        "huge count": head + b"\x02\0" + b"\x0e\x01\x02\0\xff\xff\xff\xff\x08\0\0\0" + tag + bytes(4),
        "offset beyond": head + b"\x02\0" + b"\x0e\x01\x02\0\x40\0\0\0\xff\xff\xff\x7f" + tag + bytes(4),
        "too many tags": head + b"\xff\xff" + tag,
        "negative ratio": head
        + b"\x02\0"
        + tag
        + b"\x1a\x01\x0a\0\x01\0\0\0\x26\0\0\0"
        + bytes(4)
        + b"\xff" * 4
        + bytes(4),
        "exif directory beyond": head + b"\x02\0" + tag + b"\x69\x87\x04\0\x01\0\0\0\xff\xff\xff\x7f" + bytes(4),
        "exif directory is text": head + b"\x02\0" + tag + b"\x69\x87\x02\0\x04\0\0\0abc\0" + bytes(4),
        "big": b"Exif\0\0II\x2b\0\x08\0\0\0" + b"\xff" * 24,
        "unknown type": head + b"\x01\0" + b"\x12\x01\x63\0\x01\0\0\0\x06\0\0\0" + bytes(4),
        "noise": b"Exif\0\0II*\0\x08\0\0\0" + random.Random(0).randbytes(2000),
    }


BROKEN_EXIF = _broken_exif()


@pytest.mark.parametrize("action", ["error", "ignore"])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "HEIF"])
@pytest.mark.parametrize("kind", BROKEN_EXIF)
def test_broken_exif_never_costs_the_picture(kind, format, action):
    exif = BROKEN_EXIF[kind]
    data = content(photograph(), format, **({} if format == "PNG" else {"exif": exif}))
    if format == "PNG":  # Pillow's writer reads what it writes
        chunk = _png((b"eXIf", exif[6:]))[8:-12]
        data = data[:33] + chunk + data[33:]
    with warnings.catch_warnings():
        warnings.simplefilter(action)
        assert open_picture(io.BytesIO(data)).size in ((96, 64), (64, 96))


@pytest.mark.parametrize("header", [b"XX*\0", b"II\x2b\0", b"\0\0\0\0"])
def test_broken_exif_of_an_avif(header):
    """Pillow refuses the file."""
    exif = Image.Exif()
    exif[0x010E] = "a description"
    data = content(photograph(), "AVIF", exif=exif)
    assert data.count(b"II*\0") + data.count(b"MM\0*") == 1
    broken = data.replace(b"II*\0", header).replace(b"MM\0*", header)
    with pytest.raises(ValueError):
        Image.open(io.BytesIO(broken))
    assert open_picture(io.BytesIO(broken)).size == (96, 64)


@pytest.mark.parametrize(
    ("marker", "body"),
    [
        (0xE0, b"JFIF\0"),
        (0xE1, b"Exif\0\0"),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<tiff:Orientation"),
        (0xE2, b"ICC_PROFILE\0"),
        (0xE2, b"ICC_PROFILE\0\1\1nothing"),
        (0xE2, b"MPF\0"),
        (0xE2, b"MPF\0II*\0\x08\0\0\0" + b"\1\0" + b"\1\xb0\4\0\1\0\0\0\xff\xff\xff\xff" + bytes(4)),
        (0xED, b"Photoshop 3.0\x008BIM\3\xed"),
        (0xEE, b"Adobe"),
        (0xFE, b""),
    ],
)
def test_broken_segments_of_a_jpeg(marker, body):
    data = content(photograph(), "JPEG", quality=95, subsampling=0, exif=orientation(3))
    segment = bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body
    expected = opened(data)
    assert np.array_equal(
        opened(data[:20] + segment + data[20:]), expected
    )  # after JFIF, before EXIF: that still counts


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (b"tEXt", b"broken"),
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 2**23)),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + b"no zlib"),
        (b"iCCP", b"x\0\0" + zlib.compress(bytes(2**21))),
        (b"iCCP", b"x\0\0no zlib"),
        (b"eXIf", b"broken"),
        (b"pHYs", b""),
        (b"gAMA", b""),
        (b"cHRM", b"1"),
        (b"sRGB", b""),
        (b"prIv", b"?"),
        (b"pr1v", b"?"),
    ],
)
@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("end", [False, True])
def test_broken_chunks_of_a_png(name, body, broken, end):
    image = photograph()
    header = struct.pack(">IIBBBBB", 96, 64, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in np.asarray(image)))
    chunks = [(b"IHDR", header), (b"IDAT", pixels)]
    chunks.insert(2 if end else 1, (name, body))
    assert np.array_equal(opened(_png(*chunks, broken=name if broken else b"")), np.asarray(image))


@pytest.mark.parametrize(
    "tag",
    [
        {269: (2, 100, 2**31 - 1)},  # the document's name lies beyond the file
        {270: (2, 2**32 - 1, 8)},  # a huge description
        {282: (5, 1, 2**31), 296: (3, 1, 3)},  # the resolution
        {282: (2, 3, 0x414141), 283: (2, 3, 0x414141), 296: (3, 1, 3)},
        {306: (2, 20, 2**31)},
        {700: (1, 2**30, 8)},  # XMP
        {34665: (4, 1, 2**31 - 1)},  # EXIF
        {34665: (2, 4, 7)},
        {34675: (7, 1000, 2**31 - 1)},  # the profile
        {34675: (2, 4, 0x41414141)},
        {34853: (4, 1, 2**31 - 1)},
        {274: (2, 2, 0x36)},
        {274: (3, 1, 99)},
        {274: (5, 1, 2**31)},
        {330: (4, 1, 2**31 - 1)},
        {330: (4, 2**30, 8)},
        {254: (4, 2**31, 8)},
        {65000: (99, 2**31, 8)},
    ],
    ids=str,
)
def test_broken_tags_of_a_tiff(tag):
    image = np.asarray(photograph())
    assert np.array_equal(opened(tiff(Page(image, tag))), image)


def test_orientation_beside_broken_tags():
    image = photograph()
    data = tiff(Page(np.asarray(image), {270: (2, 2**31, 8), 274: (3, 1, 3), 34665: (4, 1, 2**31)}))
    assert np.array_equal(opened(data), np.asarray(image)[::-1, ::-1])


def test_broken_chunks_of_a_webp():
    image = photograph()
    data = content(image, "WEBP", lossless=True, exif=orientation(3), xmp=b"<x>")
    assert np.array_equal(opened(data), np.asarray(image)[::-1, ::-1])
    exif = data.index(b"EXIF", 30)
    broken = data[: exif + 4] + struct.pack("<I", 2**30) + data[exif + 8 :]
    assert np.array_equal(opened(broken), np.asarray(image))


# Pages and frames


def test_first_frame_of_an_animation():
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    for format, options in (("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("AVIF", {"quality": 100})):
        data = content(frames[0], format, save_all=True, append_images=frames[1:], **options)
        assert np.abs(opened(data)[5, 5] - (255, 0, 0)).max() <= 3


def test_largest_page():
    small, large = np.full((40, 50), 9, np.uint8), np.asarray(photograph())
    for data in (
        tiff(Page(small), Page(large)),
        tiff(Page(small), Page(large), Page(small)),
        tiff(Page(small), Page(large), loop=True),
        tiff(Page(small, children=[Page(small), Page(large)])),
        tiff(Page(small, children=[Page(large)])),
        tiff(Page(large), Page(large // 2)),
        tiff(Page(large), Page(large // 2, {254: (4, 1, 4)})),
    ):
        assert np.array_equal(opened(data), large)


def test_largest_page_in_its_own_orientation_and_depth(tmp_path):
    small, large = (
        Image.new("L", (40, 50)),
        Image.fromarray(np.asarray(photograph().convert("L")).astype(np.uint16) * 16),
    )
    for compression in ("raw", "tiff_lzw"):
        path = tmp_path / "pages.tif"
        large.encoderinfo = {}
        small.save(path, save_all=True, append_images=[large], compression=compression)
        for source in (path, io.BytesIO(path.read_bytes())):
            result = np.asarray(open_picture(source))[..., 0].astype(int)
            assert np.abs(result - np.asarray(large) / 4095 * 255).max() <= 1


def test_largest_picture_of_an_mpo():
    small, large = Image.new("RGB", (40, 40), "red"), photograph()
    data = content(small, "MPO", save_all=True, append_images=[large, small], quality=95)
    assert open_picture(io.BytesIO(data)).size == large.size
    cut = data[: len(data) - len(data) // 4]
    assert open_picture(io.BytesIO(cut)).size in (small.size, large.size)


def test_a_raw_file_beside_its_thumbnail():
    """A DNG: the first page is a thumbnail, the picture an undeveloped one that Pillow cannot read."""
    raw = Page(np.zeros((400, 600), np.uint8), {262: (3, 1, 32803), 259: (3, 1, 7)})
    text = message(tiff(Page(np.zeros((40, 50), np.uint8), {254: (4, 1, 1)}, [raw])))
    assert "600x400 px" in text and "not read here; save it as PNG or JPEG" in text
    preview = np.asarray(photograph(400, 300))
    assert np.array_equal(opened(tiff(Page(np.zeros((40, 50), np.uint8), children=[raw, Page(preview)]))), preview)


@pytest.mark.parametrize("kind", ["long", "loop", "children", "tags", "no page", "deep"])
def test_odd_tiffs_answer_at_once(kind):
    pixels = np.full((40, 40), 7, np.uint8)
    if kind == "long":
        page = tiff(Page(pixels))
        start = struct.unpack_from("<I", page, 4)[0]
        directory = page[start:]
        data = bytearray(page[:start])
        for i in range(100_000):
            following = start + (i + 1) * len(directory) if i < 99_999 else 0
            data += directory[:-4] + struct.pack("<I", following)
        data = bytes(data)
    elif kind == "loop":
        data = tiff(*[Page(pixels)] * 3, loop=True)
    elif kind == "children":
        data = tiff(Page(pixels, {330: (4, 60, 8)}))
    elif kind == "tags":
        data = tiff(Page(pixels, {tag: (7, 2**20, 0) for tag in range(400, 1300)})) + bytes(2**21)
    elif kind == "no page":
        data = b"II*\0\x08\0\0\0" + bytes(100)
    else:
        page = Page(pixels)
        for _ in range(200):
            page = Page(pixels, children=[page])
        data = tiff(page)
    started = time.perf_counter()
    if kind == "no page":
        assert "picture" in message(data)
    else:
        assert opened(data)[0, 0, 0] == 7
    assert time.perf_counter() - started < 3  # 0.1 s on an idle core


# Files that lack their end


@pytest.mark.parametrize("lacking", [1, 2])
@pytest.mark.parametrize(
    "kind", [kind for kind in FORMATS if kind not in ("tiff jpeg", "tiff lzw", "j2k", "jp2", "avif")]
)
@pytest.mark.parametrize("size", [(96, 64), (333, 222)])
def test_files_that_lack_their_last_bytes(kind, lacking, size):
    format, options, _ = FORMATS[kind]
    image = photograph(*size)
    data = content(image, format, **options)
    whole, result = opened(data), opened(data[:-lacking])
    assert result.shape == whole.shape
    assert (np.abs(result - whole).max(axis=-1) > 16).mean() <= 0.005


def test_png_without_its_end():
    data = content(photograph(), "PNG")
    for lacking in (4, 8, 12, 13, 16):
        assert np.array_equal(opened(data[:-lacking]), np.asarray(photograph()))


def test_a_jpeg_that_lacks_its_end_is_upright():
    image = photograph(333, 222)
    data = content(image, "JPEG", exif=orientation(6), icc_profile=profiles.ADOBE_RGB)
    assert np.array_equal(opened(data[:-2]), opened(data))


@pytest.mark.parametrize("part", [0.2, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("size", [(96, 64), (700, 500)])
def test_files_that_are_cut_off(kind, part, size):
    format, options, _ = FORMATS[kind]
    if kind in ("mpo", "apng"):
        options = {key: value for key, value in options.items() if key not in ("append_images", "save_all")}
    data = content(photograph(*size), format, **options)
    text = message(data[: int(len(data) * part)])
    assert "the upload is" in text and ("cut off: the file ends early" in text or "damaged" in text)
    assert "cut off" in text or kind == "tiff jpeg", text


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("shade", [128, 0, 255])
def test_cut_jpegs_of_one_colour(shade, progressive):
    """Gray is what the decoder puts where nothing is."""
    image = photograph(700, 500)
    image.paste((shade,) * 3, (0, 250, 700, 500))
    data = content(image, "JPEG", progressive=progressive)
    assert "cut off" in message(data[: len(data) // 2])
    assert np.array_equal(opened(data[:-2]), opened(data))


def test_every_cut_of_a_jpeg():
    """Whatever is used differs hardly from the whole picture; only progressive ones may lack some sharpness."""
    for progressive in (False, True):
        data = content(photograph(160, 120), "JPEG", progressive=progressive)
        whole = opened(data)
        for length in range(100, len(data), 37):
            try:
                result = opened(data[:length])
            except PictureError:
                continue
            assert (np.abs(result - whole).max(axis=-1) > 16).mean() <= 0.01


def test_cutting_touches_no_global():
    data = content(photograph(), "JPEG")
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    opened(data[:-2])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


# Sizes


def _header_only(width: int, height: int) -> bytes:
    return _png((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0")))


@pytest.mark.parametrize("limit", [1, 1000, None, 10**10])
@pytest.mark.parametrize("action", ["error", "default"])
def test_sizes_are_compared_in_the_header(limit, action, monkeypatch):
    frames = [Image.new("RGBA", (96, 64), (9, 9, 9, i)) for i in (0, 255)]
    readable = [content(photograph(), format, **options) for format, options, _ in FORMATS.values()]
    readable.append(content(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=2))
    readable.append(content(Image.fromarray(np.arange(6144, dtype=np.uint16).reshape(64, 96)), "TIFF"))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        assert "20000x20000 (400.0 megapixels); at most 100 megapixels are allowed" in message(
            _header_only(20000, 20000)
        )
        assert "at most 100 megapixels" in message(_header_only(2**31 - 1, 2**31 - 1))
        for data in readable:
            assert opened(data).shape == (64, 96, 3)
        assert limit == Image.MAX_IMAGE_PIXELS
    assert not caught


def test_the_check_comes_before_decoding(monkeypatch):
    class Refused(Exception):
        pass

    def check(width: int, height: int) -> None:
        raise Refused(f"{width}x{height}")

    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("decoded"))
    pages = tiff(Page(np.zeros((40, 40), np.uint8)), Page(np.asarray(photograph())))
    for source in (io.BytesIO(content(photograph(), "PNG")), io.BytesIO(pages), photograph(), np.zeros((64, 96))):
        with pytest.raises(Refused, match="96x64"):
            open_picture(source, check=check)
    calls = []
    message(_header_only(20000, 20000), check=lambda *size: calls.append(size))
    assert not calls


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "1", "CMYK", "I;16", "I", "F"])
def test_large_pictures_are_reduced(mode, monkeypatch):
    """The reduced picture is that of the reduced original, whatever the mode; the limit is made small for it."""
    monkeypatch.setattr(pictures, "FULL_PIXELS", 24 * 16)
    monkeypatch.setattr(pictures, "STRIP_PIXELS", 96 * 7)
    gray = np.asarray(photograph().convert("L"))
    if mode in ("I;16", "I", "F"):
        image = Image.fromarray(
            {"I;16": gray.astype(np.uint16) * 257, "I": gray.astype(np.int32)}.get(mode, gray / np.float32(255))
        )
        expected = photograph().convert("L").reduce(4).convert("RGB")
    else:
        image = photograph()
        if mode in ("RGBA", "LA"):
            image.putalpha(image.getchannel(0))
        image = image.convert(mode)
        full = {"P": "RGB", "1": "L"}.get(mode, mode)
        expected = before_image(image.convert(full).reduce(4))
    for source in (image, io.BytesIO(content(image, "TIFF" if mode != "P" else "PNG"))):
        result = open_picture(source)
        assert result.size == (24, 16)
        assert np.abs(np.asarray(result).astype(int) - np.asarray(expected)).max() <= 2


@pytest.mark.parametrize("size", [(97, 65), (96, 64), (70, 50), (32, 180)])
@pytest.mark.parametrize("kind", ["jpeg", "progressive", "mpo", "jp2", "png", "webp", "tiff", "heif"])
def test_reduced_no_more_than_needed(kind, size, monkeypatch):
    monkeypatch.setattr(pictures, "FULL_PIXELS", 50 * 35)
    format, options, _ = FORMATS[kind]
    width, height = open_picture(io.BytesIO(content(photograph(*size), format, **options))).size
    assert FULL_PIXELS and width * height <= 50 * 35
    assert abs(width - size[0] / 2) <= 1 and abs(height - size[1] / 2) <= 1


BUILD = {
    "jpeg": lambda path: Image.new("RGB", (10_000, 10_000), (9, 99, 199)).save(path, "JPEG"),
    "cmyk": lambda path: Image.new("CMYK", (10_000, 10_000), (9, 99, 199, 0)).save(
        path, "JPEG", icc_profile=profiles.CMYK
    ),
    "rgb": lambda path: _large_png(path, 8, 2, 3),
    "rgba": lambda path: _large_png(path, 8, 6, 4),
    "gray16": lambda path: _large_png(path, 16, 0, 2),
    "float": lambda path: _large_tiff(path, 3),
    "int": lambda path: _large_tiff(path, 2),
}
MEASURE = """
import json, resource, sys
from darkroom.pictures import open_picture
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
image = open_picture(sys.argv[1])
print(json.dumps([peak() - before, image.mode, *image.size]))
"""


def _large_png(path: Path, depth: int, kind: int, bytes_: int) -> None:
    squeeze = zlib.compressobj(1)
    row = b"\0" + bytes(range(100)) * 100 * bytes_
    pixels = b"".join(squeeze.compress(row) for _ in range(10_000)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", 10_000, 10_000, depth, kind, 0, 0, 0)
    path.write_bytes(_png((b"IHDR", header), (b"IDAT", pixels)))


def _large_tiff(path: Path, form: int) -> None:
    """100 megapixels of 32 bits that take no room on the disk."""
    tags = {256: (4, 1, 10_000), 257: (4, 1, 10_000), 258: (3, 1, 32), 273: (4, 1, 4096), 278: (4, 1, 10_000)}
    tags |= {279: (4, 1, 4 * 10**8), 339: (3, 1, form)}
    path.write_bytes(tiff(Page(np.zeros((1, 1), np.uint8), tags)))
    os.truncate(path, 4096 + 4 * 10**8)


@pytest.mark.skipif(sys.platform != "linux", reason="maxrss has another unit")
@pytest.mark.parametrize("kind", BUILD)
def test_memory_of_a_hundred_megapixels(kind, tmp_path):
    path = tmp_path / "large"
    BUILD[kind](path)
    run = subprocess.run([sys.executable, "-c", MEASURE, path], cwd=ROOT, capture_output=True, text=True, check=True)
    peak, *result = json.loads(run.stdout)
    assert result == ["RGB", 5000, 5000] and peak < 600, f"{peak:.0f} MB"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            content(Image.new("L", (7000, 7000)), "WEBP", lossless=True, method=0),
            "at most 38 megapixels are allowed for WEBP",
        ),
        (
            b"P3\n5001 5000\n255\n",
            "5001x5000 (25.0 megapixels); at most 25 megapixels are allowed for a PNM written as text",
        ),
    ],
    ids=["WEBP", "PNM"],
)
def test_decoders_that_need_more_memory(data, text):
    assert text in message(data)


def test_many_at_a_time():
    good = content(photograph(), "JPEG")
    cut, half = good[:-2], good[: len(good) // 2]
    animation = content(photograph(), "GIF")
    expected = open_picture(io.BytesIO(good)).tobytes()

    def work(number: int) -> bool:
        open_picture(io.BytesIO(animation))
        with pytest.raises(PictureError):
            open_picture(io.BytesIO(half))
        return open_picture(io.BytesIO((good, cut)[number % 2])).tobytes() == expected

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(64)))


def test_no_memory(monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(pictures, "_plain", full)
    assert "the upload is too large for the memory here" in message(content(photograph(), "PNG"))


# What is no picture


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "is empty"),
        (b"some text, no picture", "is not a picture in a known format (PNG, JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n", "is not a picture"),
        (b"P5 is the name of a format", "is not a picture"),
        (b"BMW makes cars, " * 20, "is not a picture"),
        (b"GIF89a is a format, " * 20, "is not a picture"),
        (b"Python and P6 and PF", "is not a picture"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "is an HTML page"),
        (b"\n  <html lang='en'>", "is an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "is a Git LFS pointer"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(200), "is what macOS keeps about a file"),
        (b"PK\3\4" + bytes(100), "is not a picture"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(100), "is not a picture"),
        (bytes(5000), "is not a picture"),
        (b"\xff" * 5000, "is not a picture"),
    ],
)
def test_what_is_no_picture(data, text):
    assert message(data).startswith(f"the upload {text}")


def test_noise_is_no_tga():
    generator = random.Random(0)
    for _ in range(3000):
        assert "not a picture" in message(generator.randbytes(generator.choice((20, 200, 2000))))


def test_noise_behind_a_header():
    """No decoder raises anything of its own, whatever it is given."""
    generator = random.Random(0)
    for kind, (format, options, _) in FORMATS.items():
        data = content(photograph(), format, **options)
        for _ in range(25):
            broken = bytearray(data)
            for _ in range(generator.choice((1, 3, 30))):
                broken[generator.randrange(len(broken) // generator.choice((1, 4, 20)))] = generator.randrange(256)
            try:
                assert opened(bytes(broken)).ndim == 3, kind
            except PictureError as error:
                assert "<" not in str(error) and "0x" not in str(error), str(error)


# Sources


def test_paths_that_hold_no_picture(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "e\n\x1b[31mvil.png").write_bytes(b"no")
    assert message(tmp_path).endswith("is a folder; the path of one picture is needed")
    assert message(tmp_path / "a.png") == "a.png does not exist"
    assert message(tmp_path / "link.png") == "link.png does not exist"
    assert message(tmp_path / "pipe.png") == "pipe.png is no regular file but a pipe or a device"
    assert message("/dev/zero") == "zero is no regular file but a pipe or a device"
    assert message("https://host.org/a/cat.jpg?key=secret") == "cat.jpg is an address; download the picture first"
    assert message("data:image/png;base64,AAAA") == "the picture is an address; download the picture first"
    assert message(tmp_path / "what?.png") == "what?.png does not exist"
    assert message("") == "the picture is a folder; the path of one picture is needed"
    assert message("a\0b.png").endswith("is no name of a file")
    assert "cannot be opened" in message("a" * 3000 + ".png")
    assert message(tmp_path / "e\n\x1b[31mvil.png").startswith("e??[31mvil.png is not a picture")
    (tmp_path / "a.png").write_bytes(b"")
    assert message(tmp_path / "a.png") == "a.png is empty"
    assert message(tmp_path / "a.png", name="picture 7") == "picture 7 is empty"


@pytest.mark.parametrize("source", [None, 7, b"bytes", 1.5, ["a"], {"path": "a.png"}])
def test_sources_that_are_none(source):
    with pytest.raises(PictureError, match=f"the picture is {type(source).__name__}; a path, a binary file"):
        open_picture(source)


def test_files_that_are_none(tmp_path):
    assert message(io.StringIO("text")) == "the upload is open as text; a binary file is needed"
    file = io.BytesIO(content(photograph(), "PNG"))
    file.close()
    assert "closed" in message(file)
    with open(tmp_path / "a.png", "wb") as written:
        assert "not open for reading" in message(written)


def test_a_stream_that_cannot_go_back():
    data = content(photograph(), "PNG")
    read, write = os.pipe()
    os.write(write, data[:60_000])
    os.close(write)
    with open(read, "rb") as pipe:
        assert np.array_equal(open_picture(pipe), photograph())


def test_the_callers_image_stays_as_it_is():
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    file = io.BytesIO(content(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    image = Image.open(file)
    assert np.asarray(open_picture(image))[0, 0].tolist() == [255, 0, 0]
    assert not file.closed
    plain = photograph()
    assert open_picture(plain) is not plain and np.array_equal(plain, photograph())


def test_heif_is_registered_once():
    assert Image.OPEN["HEIF"][0] is pillow_heif.HeifImageFile and isinstance(PngImagePlugin.MAX_TEXT_CHUNK, int)
