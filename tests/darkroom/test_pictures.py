"""Pictures in: every format, depth and profile as it looks; bounds; one sentence for what is none."""

import io
import json
import os
import random
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile, ImageOps

from darkroom.pictures import (
    FULL_PIXELS,
    READ_AS,
    PictureError,
    is_picture,
    open_cutout,
    open_picture,
    remark,
    save_picture,
)
from tests.darkroom import profiles

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PIL.Image.DecompressionBombWarning")
ROOT = Path(__file__).parents[2]
# format, options of `save`, by how much the channels may differ from the original's on average, of 255
FORMATS = {
    "png": ("PNG", {}, 0),
    "apng": ("PNG", {"save_all": True, "append_images": [Image.new("RGB", (96, 64), "red")]}, 0),
    "jpeg": ("JPEG", {"quality": 95, "subsampling": 0}, 4),
    "mpo": ("MPO", {"quality": 95, "save_all": True, "append_images": [Image.new("RGB", (9, 9))]}, 12),
    "webp": ("WEBP", {"quality": 95}, 8),
    "gif": ("GIF", {}, 15),
    "bmp": ("BMP", {}, 0),
    "tiff": ("TIFF", {}, 0),
    "tiff jpeg": ("TIFF", {"compression": "jpeg", "quality": 95}, 8),
    "ppm": ("PPM", {}, 0),
    "avif": ("AVIF", {"quality": 95}, 8),
    "heif": ("HEIF", {"quality": 95, "chroma": 444}, 8),
    "jp2": ("JPEG2000", {}, 0),
}


def photograph(width: int = 96, height: int = 64) -> Image.Image:
    """Gradients with a little grain: no two rows are alike."""
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([x * 200 / width, y * 200 / height, (x + y) * 100 / (width + height)], axis=-1)
    return Image.fromarray((pixels + np.random.default_rng(0).integers(0, 30, pixels.shape)).astype(np.uint8))


def content(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format=format, **options)
    return file.getvalue()


def opened(data: bytes) -> np.ndarray:
    return np.asarray(open_picture(io.BytesIO(data))).astype(int)


def message(source, **options) -> str:
    """Return what PictureError says: one sentence without paths, objects or raw bytes."""
    with pytest.raises(PictureError) as raised:
        open_picture(io.BytesIO(source) if isinstance(source, bytes) else source, **options)
    text = str(raised.value)
    assert not re.search(r"[/<\n\x1b]|\b0x|b'", text), text
    return text


def orientation(number: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


def by_pillow(source) -> Image.Image:
    """A picture of 8 bits without a profile, upright and on white."""
    image = ImageOps.exif_transpose(source if isinstance(source, Image.Image) else Image.open(source))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    data = b"\x89PNG\r\n\x1a\n"
    for name, body in (*chunks, (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return data


def png_header(width: int, height: int, depth: int, kind: int) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_by_its_content(kind, tmp_path):
    format, options, tolerance = FORMATS[kind]
    image, path = photograph(), tmp_path / "picture.txt"
    path.write_bytes(content(image, format, **options))
    with path.open("rb") as file:
        assert is_picture(file)
        results = [open_picture(source) for source in (path, str(path), io.BytesIO(path.read_bytes()), file)]
    for result in results:
        assert result.mode == "RGB" and type(result) is Image.Image and set(result.info) <= {READ_AS}
        assert np.abs(np.asarray(result).astype(int) - np.asarray(image)).mean() <= tolerance
    for turn in (1, 6):
        if format in ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"):
            options = {**options, "exif": orientation(turn)}
        data = content(image, format, **options)
        assert open_picture(io.BytesIO(data)).tobytes() == by_pillow(io.BytesIO(data)).tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "RGBa", "La"])
def test_images_of_eight_bits_keep_their_bytes(mode):
    image = photograph()
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    steps = {"PA": ("RGB", "P", "PA"), "La": ("LA", "La")}.get(mode, (mode,) if "A" in mode.upper() else ("RGB", mode))
    for step in steps:
        image = image.convert(step)
    for turn in (1, 3, 6):
        image = image.copy()  # Pillow remembers what it read of an EXIF
        image.info["exif"] = orientation(turn).tobytes()
        expected = by_pillow(image.convert("LA") if mode == "La" else image)  # of which Pillow itself makes no RGBA
        result = open_picture(image)
        assert result.tobytes() == expected.tobytes() and result.size == expected.size
        assert image.info["exif"] and image.mode == mode and result is not image


def test_one_clear_colour_is_white():
    for mode in ("P", "L", "RGB", "1"):
        image = Image.new("RGB", (40, 40), "black").convert(mode)
        image.putpixel((3, 3), (255, 255, 255) if mode == "RGB" else 1 if mode == "P" else 255)
        data = content(image, "PNG", transparency=(0, 0, 0) if mode == "RGB" else 0)
        assert open_picture(io.BytesIO(data)).tobytes() == by_pillow(io.BytesIO(data)).tobytes()
        assert tuple(opened(data)[9, 9]) == (255, 255, 255)
    gray = Image.fromarray(np.tile(np.array([1000, 65535], dtype=np.uint16), (40, 20)))
    assert opened(content(gray, "PNG", transparency=1000)).min() == 255


def test_a_cutout_keeps_its_transparency():
    image = photograph()
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    assert open_cutout(io.BytesIO(content(image, "PNG"))).tobytes() == image.tobytes()
    assert open_cutout(photograph()).getextrema()[3] == (255, 255)


def test_largest_page_of_a_tiff():
    small, large = Image.new("RGB", (40, 50)), photograph()
    for pages in ([small, large], [large, small], [small, large, small]):
        data = content(pages[0], "TIFF", save_all=True, append_images=pages[1:])
        assert np.array_equal(opened(data), np.asarray(large))
    deep = Image.fromarray(np.asarray(large.convert("L")).astype(np.uint16) * 16)
    deep.encoderinfo = {}
    data = content(small.convert("L"), "TIFF", save_all=True, append_images=[deep], compression="tiff_lzw")
    assert np.abs(opened(data)[..., 0] - np.asarray(deep) / 4095 * 255).max() <= 1
    data = content(small, "TIFF", save_all=True, append_images=[*[Image.new("L", (1, 1))] * 1000, large])
    assert opened(data).shape == (50, 40, 3)  # a thousand pages are looked at


def test_more_than_eight_bits_by_the_range_that_is_there():
    for dtype, values, expected in (
        (np.uint16, [0, 400, 1023], [0, 100, 255]),  # ten bits
        (np.uint16, [0, 16384, 32767], [0, 64, 128]),
        (np.int16, [0, 16384, 32767], [0, 128, 255]),
        (np.int32, [-(10**9), 0, 10**9], [0, 128, 255]),
        (np.uint32, [0, 2**31, 2**32 - 1], [0, 128, 255]),
        (np.float32, [0.1, 0.5, 0.6], [26, 128, 153]),
        (np.float32, [-1.0, 0.0, 0.5], [0, 128, 191]),
        (np.float32, [0.0, 100.0, 200.0], [0, 100, 200]),
        (np.float32, [0.0, 500.0, 1000.0], [0, 128, 255]),
        (np.float32, [3e38, 0.0, -3e38], [255, 128, 0]),
        (np.float32, [5000.0, 5000.0, 5000.0], [0, 0, 0]),
    ):
        pixels, sources = np.tile(np.array(values, dtype=dtype), (40, 1)), []
        if dtype in (np.uint16, np.float32):  # which files hold, too
            image = Image.fromarray(pixels)
            sources = [image, io.BytesIO(content(image, "TIFF"))]
        for source in (pixels, *sources):
            found = np.asarray(open_picture(source))[0, :, 1].astype(int)
            assert np.abs(found - expected).max() <= 1, (dtype, values)


def test_values_that_are_no_numbers():
    for value in (np.nan, np.inf, -np.inf):
        values = np.full((40, 40), 0.5, dtype=np.float32)
        values[7, 7] = value
        for source in (values, Image.fromarray(values), content(Image.fromarray(values), "TIFF")):
            assert "NaN or infinite" in message(source)


def test_arrays():
    rgb = np.asarray(photograph())
    assert np.array_equal(open_picture(rgb[::-1, ::2]), rgb[::-1, ::2])
    assert np.array_equal(np.asarray(open_picture(rgb[..., 0]))[..., 1], rgb[..., 0])
    assert np.asarray(open_picture(np.dstack([rgb, np.zeros((64, 96), dtype=np.uint8)]))).min() == 255
    assert np.abs(np.asarray(open_picture(rgb / 255.0)).astype(int) - rgb).max() == 0
    assert np.asarray(open_picture(rgb[..., 0] > 90)).max() == 255
    for array, text in (
        (np.zeros((4, 5, 2), np.uint8), "the picture is an array (4, 5, 2); (H, W), (H, W, 3) or (H, W, 4) is needed"),
        (np.zeros(7, np.uint8), "an array (7,);"),
        (np.zeros((0, 5), np.uint8), "an array (0, 5);"),
        (np.zeros((5, 5), complex), "an array of complex128; whole numbers or floats are needed"),
        (np.array([["a"]]), "an array of "),
    ):
        assert text in message(array)


def test_profiles_become_srgb():
    for mode, profile, colour, expected in (
        ("RGB", profiles.ADOBE_RGB, (200, 100, 50), (230, 100, 42)),
        ("L", profiles.GRAY, 128, (146, 146, 146)),
        ("CMYK", profiles.CMYK, (255, 0, 0, 0), (0, 163, 223)),
    ):
        for format, options in (("TIFF", {}), ("JPEG", {"quality": 100})):
            data = content(Image.new(mode, (40, 40), colour), format, icc_profile=profile, **options)
            assert np.abs(opened(data)[5, 5] - expected).max() <= 4, mode
    image, srgb, lab = photograph(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    assert np.abs(opened(content(converted, "TIFF")) - np.asarray(image)).mean() <= 2


def test_profile_and_transparency():
    image = photograph()
    opaque = opened(content(image, "PNG", icc_profile=profiles.ADOBE_RGB))
    assert not np.array_equal(opaque, np.asarray(image))
    image.putalpha(255)
    image.paste((0, 0, 0, 0), (0, 0, 10, 10))
    result = opened(content(image, "PNG", icc_profile=profiles.ADOBE_RGB))
    assert result[:10, :10].min() == 255 and np.array_equal(result[10:], opaque[10:])


def test_profiles_that_change_nothing():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = photograph()
    for profile in (srgb, b"no profile", profiles.ADOBE_RGB[:200], profiles.CMYK, profiles.GRAY, b"\0" * 400):
        assert np.array_equal(opened(content(image, "PNG", icc_profile=profile)), np.asarray(image))


def test_broken_exif_never_costs_the_picture():
    head = b"Exif\0\0II*\0\x08\0\0\0"
    for exif in (
        head,
        head[:10],
        b"Exif\0\0XX\0\0\0\0\0\0",
        b"Exif\0\0II*\0\xff\xff\xff\x7f",
        head + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x63\0\0\0" + bytes(4),
        head + b"\x02\0" + b"\x0e\x01\x02\0\xff\xff\xff\xff\x08\0\0\0" + bytes(16),
        head + random.Random(0).randbytes(2000),
    ):
        for format in ("JPEG", "PNG", "WEBP", "HEIF"):
            data = content(photograph(), format, **({} if format == "PNG" else {"exif": exif}))
            if format == "PNG":  # Pillow's writer reads what it writes
                data = data[:33] + png((b"eXIf", exif[6:]))[8:-12] + data[33:]
            assert open_picture(io.BytesIO(data)).size in ((96, 64), (64, 96))


def test_pictures_that_lost_their_last_part_are_read():
    """Check that the pixels there are as they were, and that those missing are not made up."""
    assert ImageFile.LOAD_TRUNCATED_IMAGES
    for kind in ("png", "jpeg", "tiff"):
        format, options, _ = FORMATS[kind]
        data = content(photograph(333, 222), format, **options)
        whole, half = opened(data), opened(data[: len(data) * 3 // 4])
        assert half.shape == whole.shape and np.array_equal(half[:100], whole[:100]), kind
        assert not np.array_equal(half, whole)
    data = content(photograph(), "JPEG", exif=orientation(6), icc_profile=profiles.ADOBE_RGB)
    assert np.array_equal(opened(data[:-2]), opened(data))


def test_noise_behind_a_header():
    """No decoder raises anything of its own, whatever it is given."""
    generator = random.Random(0)
    for kind, (format, options, _) in FORMATS.items():
        data = content(photograph(), format, **options)
        for _ in range(25):
            broken = bytearray(data[: generator.choice((len(data), len(data) // 2, 40))])
            for _ in range(generator.choice((1, 3, 30))):
                broken[generator.randrange(len(broken) // generator.choice((1, 4, 20)))] = generator.randrange(256)
            try:
                assert opened(bytes(broken)).ndim == 3, kind
            except PictureError as error:
                assert "<" not in str(error) and "0x" not in str(error), str(error)


def test_sizes_are_compared_in_the_header():
    for side, text in (
        (12_000, "12000x12000 (144.0 megapixels); at most 100 megapixels are allowed"),
        (20_000, "has more than 200 megapixels; at most 100 megapixels are allowed"),
        (2**31 - 1, "at most 100 megapixels are allowed"),
    ):
        assert text in message(png(png_header(side, side, 8, 0), (b"IDAT", zlib.compress(b"\0"))))
    large = content(Image.new("L", (7000, 7000)), "WEBP", lossless=True, method=0)
    assert "at most 38 megapixels are allowed for WEBP" in message(large)
    for magic, white in ((b"P3", 255), (b"P5", 4095)):
        slow = magic + b"\n2001 2000\n%d\n" % white
        assert "at most 4 megapixels are allowed for a PNM as text or of other than 8 bits" in message(slow)


def test_the_check_comes_before_decoding(monkeypatch):
    def check(width: int, height: int) -> None:
        raise LookupError(f"{width}x{height}")

    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("decoded"))
    pages = content(Image.new("RGB", (40, 40)), "TIFF", save_all=True, append_images=[photograph()])
    for source in (io.BytesIO(content(photograph(), "PNG")), io.BytesIO(pages), photograph(), np.zeros((64, 96))):
        with pytest.raises(LookupError, match="96x64"):
            open_picture(source, check=check)


def test_large_pictures_are_reduced():
    """The reduced picture is that of the reduced original, whatever the mode."""
    gradient = Image.linear_gradient("L").resize((6000, 4200))
    colours = Image.merge("RGB", (gradient, gradient.transpose(Image.Transpose.ROTATE_180), gradient))
    palette, deep = colours.convert("P"), Image.fromarray(np.asarray(gradient).astype(np.uint16) * 257)
    colours.putalpha(gradient)
    for image, alike in ((palette, palette.convert("RGB")), (colours, colours), (deep, gradient)):
        found, expected = open_picture(image), by_pillow(alike.reduce(2))
        assert found.size == (3000, 2100) and image.size == (6000, 4200)  # the caller's image stays as it is
        assert np.abs(np.asarray(found).astype(int) - np.asarray(expected)).max() <= 2, image.mode


BUILD = {
    "cmyk": lambda path: Image.new("CMYK", (10_000, 10_000)).save(path, "JPEG", icc_profile=profiles.CMYK),
    "rgba": lambda path: Image.new("RGBA", (10_000, 10_000)).save(path, "PNG", compress_level=1),
    "float": lambda path: Image.new("F", (10_000, 10_000)).save(path, "TIFF"),
}
MEASURE = """
import json, resource, sys
from darkroom.pictures import open_picture
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
image = open_picture(sys.argv[1])
print(json.dumps([peak() - before, image.mode, *image.size]))
"""


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="maxrss has another unit")
@pytest.mark.parametrize("kind", BUILD)
def test_memory_of_a_hundred_megapixels(kind, tmp_path):
    path = tmp_path / "large"
    BUILD[kind](path)
    run = subprocess.run([sys.executable, "-c", MEASURE, path], cwd=ROOT, capture_output=True, text=True, check=True)
    peak, *result = json.loads(run.stdout)
    assert result == ["RGB", 5000, 5000] and 5000**2 == FULL_PIXELS and peak < 600, f"{peak:.0f} MB"


def test_what_is_no_picture():
    assert message(b"") == "the upload is empty"
    for data in (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
        b"P5 is the name of a format",
        b"BMW makes cars, " * 20,
        b"PK\3\4" + bytes(100),
        *(random.Random(seed).randbytes(2000) for seed in range(200)),
    ):
        assert message(data).startswith("the upload is not a picture in a known format (PNG, JPEG")
    assert not is_picture(io.BytesIO(b"some text")) and not is_picture(io.BytesIO(b""))


def test_paths_that_hold_no_picture(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "e\n\x1b[31mvil.png").write_bytes(b"no")
    assert message(tmp_path).endswith("is a folder; the path of one picture is needed")
    assert message(tmp_path / "a.png") == "a.png does not exist"
    assert message(tmp_path / "pipe.png") == "pipe.png is no regular file but a pipe or a device"
    assert message("") == "the picture is a folder; the path of one picture is needed"
    assert "is no name of a file" in message("a\0b.png") or "does not exist" in message("a\0b.png")
    assert "cannot be opened" in message("a" * 3000 + ".png")
    assert message(tmp_path / "e\n\x1b[31mvil.png").startswith("e??[31mvil.png is not a picture")
    (tmp_path / "a.png").write_bytes(b"")
    assert message(tmp_path / "a.png", name="picture 7") == "picture 7 is empty"


def test_sources_that_are_none(tmp_path):
    for source in (None, 7, b"bytes", 1.5, ["a"], {"path": "a.png"}):
        with pytest.raises(PictureError, match=f"the picture is {type(source).__name__}; a path, a binary file"):
            open_picture(source)
    assert message(io.StringIO("text")) == "the upload is open as text; a binary file is needed"
    with open(tmp_path / "a.png", "wb") as written:
        assert "not open for reading" in message(written)
    read, write = os.pipe()  # which cannot be read twice
    os.write(write, content(photograph(), "PNG")[:60_000])
    os.close(write)
    with open(read, "rb") as pipe:
        assert np.array_equal(open_picture(pipe), photograph())


def test_what_a_picture_is_read_without_is_said_and_stays_with_it():
    picture, more = photograph(), {"save_all": True, "append_images": [Image.new("RGB", (9, 9))]}
    half, full = picture.convert("RGBA"), picture.convert("RGBA")
    half.putpixel((0, 0), (0, 0, 0, 128))
    large = Image.new("L", (6000, 5000))
    for file, said in (
        (content(picture, "TIFF", **more), "of its pages the largest was"), (content(picture, "MPO", **more), None),
        (content(picture, "PNG"), None), (content(full, "PNG"), None),
        (content(half, "PNG"), "what was transparent is white"), (content(large, "PNG"), "it was reduced to 25"),
        (content(half, "WEBP", save_all=True, append_images=[full]), "of its frames the first was taken; what"),
    ):  # fmt: skip
        first = open_picture(io.BytesIO(file))
        assert (remark(first) or "").startswith(said or "") and bool(remark(first)) == bool(said), said
        assert remark(open_picture(first.resize((80, 60)))) == remark(first)


def test_prints_have_a_size_on_paper_and_are_marked_as_srgb(tmp_path):
    for name in ("a.png", "a.jpg"):
        save_picture(photograph(), tmp_path / name)
        with Image.open(tmp_path / name) as written:
            assert [round(it) for it in written.info["dpi"]] == [300, 300]
            assert name == "a.jpg" or written.info["srgb"] == 0
