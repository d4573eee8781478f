import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from singan.config import PRESETS
from singan.image import PictureError, image_pyramid, open_picture, pyramid_sizes, resize, to_pil, to_tensor


def saved(image: Image.Image, format: str, **options) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, format=format, **options)
    file.seek(0)
    return file


def test_rgb_comes_back_unchanged(picture):
    assert np.array_equal(open_picture(saved(picture, "PNG")), picture)


def test_transparency_is_composited_on_white():
    image = Image.new("RGBA", (40, 40), (200, 0, 0, 0))
    image.putpixel((0, 0), (200, 0, 0, 255))
    opened = open_picture(saved(image, "PNG"))
    assert opened.getpixel((0, 0)) == (200, 0, 0) and opened.getpixel((5, 5)) == (255, 255, 255)


def test_palette_with_transparency_is_composited_on_white():
    image = Image.new("P", (40, 40), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    image.putpixel((3, 3), 0)
    opened = open_picture(saved(image, "PNG", transparency=0))
    assert opened.getpixel((3, 3)) == (255, 255, 255) and opened.getpixel((9, 9)) == (10, 200, 30)


def test_grayscale_is_rgb():
    assert open_picture(saved(Image.new("L", (40, 40), 77), "PNG")).getpixel((1, 1)) == (77, 77, 77)


def test_sixteen_bits_are_scaled_not_clipped():
    values = np.linspace(0, 65535, 40 * 40).reshape(40, 40).astype(np.uint16)
    opened = np.asarray(open_picture(saved(Image.fromarray(values), "PNG")))
    assert np.abs(opened[..., 0] - values / 257).max() <= 1


def test_float_tiff():
    values = np.linspace(0, 1, 1600, dtype=np.float32).reshape(40, 40)
    opened = np.asarray(open_picture(saved(Image.fromarray(values), "TIFF")))
    assert np.abs(opened[..., 0] - values * 255).max() <= 1


def test_cmyk():
    opened = open_picture(saved(Image.new("RGB", (40, 40), (250, 10, 10)).convert("CMYK"), "TIFF"))
    assert opened.mode == "RGB" and opened.getpixel((0, 0)) == (250, 10, 10)


def test_exif_rotation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    assert open_picture(saved(Image.new("RGB", (60, 40)), "JPEG", exif=exif)).size == (40, 60)


def test_first_frame_of_an_animation():
    frames = [Image.new("RGB", (40, 40), color) for color in ("red", "blue")]
    file = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert open_picture(file).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the upload is empty"),
        (b"some text, no picture", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "not a picture"),
    ],
)
def test_other_files_are_refused(content, message):
    with pytest.raises(PictureError, match=message):
        open_picture(io.BytesIO(content))


def test_damaged_picture_is_refused(picture):
    data = saved(picture, "WEBP").getvalue()
    with pytest.raises(PictureError, match="the upload is (a damaged picture|not a picture)"):
        open_picture(io.BytesIO(data[: len(data) // 2]))


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((31, 100), "31x100; both sides must be at least 32"),
        ((40, 321), "40x321; the longer side may be at most 8 times"),
        ((10_000, 10_001), r"10000x10001 \(100.0 megapixels\); at most 100"),
    ],
)
def test_sizes_that_are_refused(size, message):
    with pytest.raises(PictureError, match=message):
        open_picture(saved(Image.new("1", size), "PNG"))


def test_a_large_picture_is_reduced():
    assert open_picture(saved(Image.new("L", (6000, 4200)), "PNG")).size == (3000, 2100)


def test_size_is_checked_before_decoding():
    """A header that promises 20000x20000 px is refused though not one pixel follows."""
    png = saved(Image.new("L", (40, 40)), "PNG").getvalue()
    header = png[:16] + (20000).to_bytes(4, "big") * 2 + png[24:29]
    import zlib

    chunk = png[12:16] + header[16:29]
    bomb = header + zlib.crc32(chunk).to_bytes(4, "big") + png[33:]
    with pytest.raises(PictureError, match="at most 100 megapixels"):
        open_picture(io.BytesIO(bomb))


def test_tensors_and_pictures_are_inverse(picture):
    x = to_tensor(picture)
    assert x.shape == (1, 3, 48, 64) and x.dtype == torch.float32 and -1 <= x.min() and x.max() <= 1
    assert np.array_equal(to_pil(x)[0], picture)


def test_paper_pyramid_by_hand():
    """250x167: 9 levels with factor (25 / 167)^(1/8) = 0.78866, sizes rounded up."""
    sizes = pyramid_sizes(250, 167, PRESETS["paper"])
    factor = (25 / 167) ** (1 / 8)
    assert round(factor, 4) == 0.7887
    assert sizes == ((25, 38), (32, 48), (41, 61), (51, 77), (65, 97), (82, 123), (104, 156), (132, 198), (167, 250))


@pytest.mark.parametrize("size", [(1000, 668), (3999, 2671), (1000, 665)])
def test_larger_pictures_have_the_same_pyramid(size):
    sizes = pyramid_sizes(*size, PRESETS["paper"])
    assert sizes[0] == (25, 38) and sizes[-1] == (167, 250) and len(sizes) == 9


def test_number_of_scales_sets_the_factor():
    sizes = pyramid_sizes(250, 250, replace(PRESETS["standard"], scales=5))
    assert [height for height, _ in sizes] == [19, 37, 69, 132, 250]  # factor (19 / 250)^(1/4) = 0.525


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("size", [(32, 32), (32, 256), (2000, 250), (64, 40), (33, 190), (1024, 128), (5000, 5000)])
def test_every_allowed_size_has_a_rising_pyramid(preset, size):
    for config in (PRESETS[preset], replace(PRESETS[preset], max_size=1024)):
        sizes = pyramid_sizes(*size, config)
        areas = [height * width for height, width in sizes]
        assert len(sizes) >= 2 and areas == sorted(areas) and areas[0] < areas[-1] and min(map(min, sizes)) >= 11
        assert max(sizes[-1]) == min(config.max_size, max(size))


def test_a_picture_that_would_become_too_narrow_is_refused():
    with pytest.raises(PictureError, match="max_size 64 reduces the picture to 64x8; both sides must keep 16 px"):
        pyramid_sizes(800, 100, replace(PRESETS["fast"], max_size=64))


def test_pyramid_stays_in_range(picture):
    sizes = pyramid_sizes(64, 48, PRESETS["standard"])
    reals = image_pyramid(to_tensor(picture), sizes)
    assert [real.shape[-2:] for real in reals] == [torch.Size(size) for size in sizes]
    assert all(real.abs().max() <= 1 for real in reals) and torch.equal(reals[-1], to_tensor(picture))


def test_resize_is_antialiased():
    """Stripes of one pixel become gray when halved; without the filter they would become one of the two colours."""
    stripes = torch.tensor([-1.0, 1.0]).repeat(16).expand(1, 3, 32, 32)
    assert resize(stripes, (16, 16))[..., 4:-4].abs().max() < 0.1
