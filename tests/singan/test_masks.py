import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from singan.masks import SEAM, SIDE, Region
from tests.singan.test_patches import picture

EXAMPLES = Path(__file__).parents[2] / "examples"


def mask(width: int = 200, height: int = 150, box: tuple[int, int, int, int] = (80, 60, 110, 90)) -> Image.Image:
    made = Image.new("L", (width, height))
    made.paste(255, box)
    return made


def test_away_from_the_mask_all_stays_to_the_byte_and_in_it_all_is_new() -> None:
    old, new = picture(150, 200), picture(150, 200, seed=1)
    blended = Region(mask()).blended(new, old)
    far = np.ones((150, 200), bool)
    reach = 2 * SEAM * 200 // SIDE + 2
    far[60 - reach : 90 + reach, 80 - reach : 110 + reach] = False
    assert np.array_equal(blended[far], old[far])
    assert np.array_equal(blended[64:86, 84:106], new[64:86, 84:106])
    steps = np.abs(np.diff(blended[75].astype(int), axis=0)).max()
    assert steps <= max(np.abs(np.diff(it[75].astype(int), axis=0)).max() for it in (old, new)) + 30  # no hard seam


def test_a_mask_that_marks_nothing_or_all_is_refused() -> None:
    photograph = Image.fromarray(picture(150, 200))
    for box, message in (((0, 0, 0, 0), "the mask is empty"), ((0, 0, 200, 150), "the mask is full")):
        with pytest.raises(ValueError, match=message):
            Region.of(photograph, mask(box=box).convert("RGB"), photograph)


def test_a_mask_of_another_shape_is_refused_and_of_another_size_taken() -> None:
    photograph = Image.fromarray(picture(150, 200))
    with pytest.raises(ValueError, match="the mask is 200x200, the picture 200x150; both need the same shape"):
        Region.of(photograph, mask(height=200), photograph)
    small, large = (Region.of(photograph, it, photograph) for it in (mask(), mask().resize((800, 600))))
    assert np.abs(small.marked((200, 150)) - large.marked((200, 150))).mean() < 0.01


def test_what_differs_from_the_photograph_is_found() -> None:
    photograph = Image.fromarray(picture(150, 200))
    changed = photograph.copy()
    changed.paste((255, 0, 255), (80, 60, 110, 90))
    found = Region.of(changed, None, photograph).marked((200, 150)) > 0.5
    assert found[65:85, 85:105].all() and not found[:50].any() and not found[100:].any()


def test_a_lossy_or_smaller_file_of_the_photograph_does_not_differ_from_it() -> None:
    with Image.open(EXAMPLES / "peaks.jpg") as opened:
        photograph = opened.convert("RGB")
    for quality in (95, 75):
        file = io.BytesIO()
        photograph.resize((500, 375)).save(file, "JPEG", quality=quality)
        with pytest.raises(ValueError, match="the picture is the photograph as it was"):
            Region.of(Image.open(file), None, photograph)
