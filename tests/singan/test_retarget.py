"""Other sizes of any picture, without a scene."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import singan
from singan import PictureError, ScenePipeline
from singan.__main__ import main
from singan.uses import RetargetPicture


def difference(a: Image.Image, b: Image.Image) -> float:
    """Mean, in grey levels."""
    return float(np.abs(np.asarray(a).astype(int) - np.asarray(b)).mean())


def test_a_picture_alone_gives_what_its_scene_prints(shipped: ScenePipeline) -> None:
    photograph = shipped.original
    size = (220, 120)
    first, second = (shipped.retarget(size, seed=seed, enlarge=True)[0] for seed in (0, 1))
    alone = singan.retarget_picture(photograph, size)
    assert alone.size == size
    # Two seeds of the scene differ as much; stretching differs more.
    assert difference(alone, first) < 1.25 * difference(first, second) < difference(first, photograph.resize(size))


def test_seeds_rearrange_differently(picture: Image.Image) -> None:
    new, other = (singan.retarget_picture(picture, (48, 24), "rearrange", seed) for seed in (0, 1))
    assert difference(new, other) > 5


def test_what_the_picture_does_not_fill_is_said(picture: Image.Image) -> None:
    assert "beyond 91 × 34 px" in str(RetargetPicture(picture, (128, 48)).note())
    assert "plainly" not in str(RetargetPicture(picture, (128, 48)).note())
    assert "beyond 166 × 296 px it is plainly enlarged" in str(RetargetPicture(picture, (324, 576)).note())
    assert RetargetPicture(picture, (91, 34)).note() is None


@pytest.mark.parametrize(
    ("size", "mode", "message"),
    [((5000, 50), "keep", "width is 5000; allowed are 16 to 4096"), ((50, 50), "crop", "mode is 'crop'; allowed are")],
)
def test_bad_values_are_named(picture: Image.Image, size: tuple[int, int], mode: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        singan.retarget_picture(picture, size, mode)


def test_a_narrow_picture_is_refused() -> None:
    with pytest.raises(PictureError, match="400x40; the longer side may be at most 8 times"):
        singan.retarget_picture(Image.new("RGB", (400, 40)), (100, 100))


def test_the_command_takes_the_picture(picture_file: Path, tmp_path: Path) -> None:
    for size in ((128, 48), (324, 576)):  # the second is beyond four times the picture
        folder, name = tmp_path / f"{size[0]}", f"{size[0]}x{size[1]}"
        assert main(["retarget-picture", str(picture_file), "--out", str(folder), "--size", name]) == 0
        (file,) = folder.iterdir()
        assert file.name == f"{name}_keep_seed0_0000.png" and Image.open(file).size == size
