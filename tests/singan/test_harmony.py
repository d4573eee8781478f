import numpy as np
import pytest
from PIL import Image

from singan.masks import Region
from singan.uses.harmonize import recoloured, retextured
from tests.singan.test_enlarge import pixels
from tests.singan.test_patches import picture


def grey(height: int, width: int) -> Image.Image:
    """A photograph without colours."""
    return Image.fromarray(picture(height, width)).convert("L").convert("RGB")


@pytest.mark.parametrize("box", [(60, 40, 140, 110), (100, 70, 101, 71), (0, 0, 199, 149)])
def test_what_is_pasted_into_a_grey_photograph_becomes_grey_and_keeps_its_light_and_dark(
    box: tuple[int, int, int, int],
) -> None:
    photograph, mask = grey(150, 200), Image.new("L", (200, 150))
    mask.paste(255, box)
    pasted = photograph.copy()
    pasted.paste((200, 30, 30), box)
    pasted.paste((60, 60, 230), (box[0], box[1], (box[0] + box[2]) // 2, box[3]))
    result = recoloured(pasted, Region(mask), photograph)
    colours = pixels(result)
    assert np.abs(colours[..., 0] - colours[..., 2]).max() < 70  # a part of the differences stays
    outside = np.asarray(mask) == 0
    assert np.array_equal(np.asarray(result)[outside], np.asarray(photograph)[outside])
    if box[2] - box[0] == 80:
        own, new = (pixels(it.convert("L"))[box[1] : box[3], box[0] : box[2]] for it in (pasted, result))
        assert np.corrcoef(own.ravel(), new.ravel())[0, 1] > 0.95


def test_the_detail_is_the_prints_and_the_rest_the_pictures() -> None:
    photograph, mask = grey(150, 200), Image.new("L", (200, 150))
    mask.paste(255, (60, 40, 140, 110))
    plain, printed = Image.new("RGB", (200, 150), (90, 120, 150)), grey(150, 200).rotate(180)
    result = retextured(printed, plain, Region(mask), photograph, kept=30)
    inside = (slice(50, 100), slice(70, 130))
    assert np.abs(pixels(result)[inside].mean((0, 1)) - (90, 120, 150)).max() < 6
    fine, due = (pixels(it)[inside] for it in (result, printed))
    assert np.corrcoef(np.diff(fine, axis=1).ravel(), np.diff(due, axis=1).ravel())[0, 1] > 0.8
    assert np.array_equal(pixels(result)[:30], pixels(photograph)[:30])
