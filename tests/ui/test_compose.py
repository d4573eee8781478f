"""Masks and pictures that the page makes of what is drawn on it."""

import numpy as np
import pytest
from PIL import Image

from tests.singan.test_enlarge import pixels
from ui.scenes.compose import marked, moved, painted, pasted, removed, spread


@pytest.fixture
def photograph() -> Image.Image:
    """Sky over ground, with a white house."""
    picture = Image.new("RGB", (80, 60), (90, 130, 190))
    picture.paste((60, 90, 40), (0, 30, 80, 60))
    picture.paste((250, 250, 250), (10, 22, 20, 32))
    return picture


def layer(box: tuple[int, int, int, int], colour: str = "red", size: tuple[int, int] = (80, 60)) -> Image.Image:
    clear = Image.new("RGBA", size)
    clear.paste(Image.new("RGBA", (box[2] - box[0], box[3] - box[1]), colour), box)
    return clear


def test_what_is_not_painted_stays_the_photograph_or_takes_the_colours_nearby(photograph: Image.Image) -> None:
    drawing = painted(layer((40, 0, 80, 30)), photograph)
    assert drawing.getpixel((60, 10)) == (255, 0, 0) and drawing.getpixel((15, 25)) == (250, 250, 250)
    both = Image.alpha_composite(layer((0, 0, 20, 60)), layer((60, 0, 80, 60), "blue"))
    drawing = painted(both, None)
    assert drawing.getpixel((5, 30)) == (255, 0, 0) and drawing.getpixel((75, 30)) == (0, 0, 255)
    left, right = drawing.getpixel((25, 30)), drawing.getpixel((55, 30))
    assert left[0] > left[2] and right[2] > right[0]


def test_colours_spread_over_any_size() -> None:
    for width, height in ((1, 1), (7, 5), (64, 64), (1, 9)):
        clear = Image.new("RGBA", (width, height))
        clear.putpixel((width - 1, 0), (10, 200, 30, 255))
        assert np.abs(pixels(spread(clear)) - (10, 200, 30)).max() <= 3


def test_what_is_removed_takes_the_colours_around(photograph: Image.Image) -> None:
    assert marked(None) is None and marked(Image.new("RGBA", (80, 60))) is None
    left = removed(photograph, marked(layer((8, 20, 22, 34))))
    assert max(left.getpixel((15, 26))) < 200 and left.getpixel((60, 10)) == (90, 130, 190)


@pytest.mark.parametrize("copy", [False, True])
def test_a_part_is_moved_or_copied_and_all_that_changed_is_marked(photograph: Image.Image, copy: bool) -> None:
    mask = marked(layer((10, 22, 20, 32)))
    picture, changed = moved(photograph, mask, 0.5, 0.0, copy)
    assert picture.getpixel((55, 25)) == (250, 250, 250)
    assert (picture.getpixel((15, 27)) == (250, 250, 250)) == copy
    same = (np.asarray(picture) == np.asarray(photograph)).all(2)
    assert same[np.asarray(changed) == 0].all()
    assert changed.getbbox() == ((50, 22, 60, 32) if copy else (10, 22, 60, 32))
    with pytest.raises(ValueError, match="would be moved out of the picture"):
        moved(photograph, mask, -1.0, 0.0, copy)


def test_a_cutout_is_pasted_where_it_is_to_be(photograph: Image.Image) -> None:
    picture, mask = pasted(photograph, layer((0, 0, 20, 10), size=(20, 10)), 0.5, 0.5, 0.25)
    assert mask.getbbox() == (30, 25, 50, 35) and picture.getpixel((40, 30)) == (255, 0, 0)
    assert picture.getpixel((60, 30)) == photograph.getpixel((60, 30))
    half, _ = pasted(photograph, layer((0, 0, 20, 10), size=(20, 10)), 0.0, 0.0, 1.0)
    assert half.getpixel((0, 0)) == (255, 0, 0)
    with pytest.raises(ValueError, match="nothing of what is pasted"):
        pasted(photograph, Image.new("RGBA", (20, 10)), 0.5, 0.5, 0.3)
