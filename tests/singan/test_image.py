import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from singan.config import PRESETS
from singan.image import PictureError, open_picture, pyramid_sizes, resize, to_pil, to_tensor


def test_sizes_that_are_refused():
    for refused, message in (
        (lambda: open_picture(Image.new("1", (31, 100))), "31x100; both sides must be at least 32"),
        (lambda: open_picture(Image.new("1", (40, 321))), "40x321; the longer side may be at most 8 times"),
        (
            lambda: pyramid_sizes(800, 100, replace(PRESETS["fast"], max_size=64)),
            "max_size 64 reduces .* to 64x8; both",
        ),
    ):
        with pytest.raises(PictureError, match=message):
            refused()


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
    for size in ((1000, 668), (3999, 2671)):  # larger pictures are reduced
        assert pyramid_sizes(*size, PRESETS["paper"])[-1] == (167, 250)
    five = pyramid_sizes(250, 250, replace(PRESETS["standard"], scales=5))
    assert [height for height, _ in five] == [19, 37, 69, 132, 250]  # factor (19 / 250)^(1/4) = 0.525


def test_every_allowed_size_has_a_rising_pyramid():
    sides = ((32, 32), (32, 256), (2000, 250), (64, 40), (33, 190), (1024, 128), (5000, 5000))
    for preset, size, max_size in itertools.product(PRESETS.values(), sides, (None, 1024)):
        config = replace(preset, max_size=max_size or preset.max_size)
        sizes = pyramid_sizes(*size, config)
        areas = [height * width for height, width in sizes]
        assert len(sizes) >= 2 and areas == sorted(areas) and areas[0] < areas[-1] and min(map(min, sizes)) >= 11
        assert max(sizes[-1]) == min(config.max_size, max(size))


def test_resize_is_antialiased():
    """Stripes of one pixel become gray when halved; without the filter they would become one of the two colours."""
    stripes = torch.tensor([-1.0, 1.0]).repeat(16).expand(1, 3, 32, 32)
    assert resize(stripes, (16, 16))[..., 4:-4].abs().max() < 0.1
