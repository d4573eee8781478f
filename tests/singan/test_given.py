"""Uses that are given a picture, and tiles: what comes of them."""

import numpy as np
import pytest
from PIL import Image

from singan import ScenePipeline
from singan.masks import Region
from singan.photograph import Photograph
from singan.uses import Edit, Harmonize, Paint
from singan.uses.harmonize import recoloured, retextured
from singan.uses.paint import main_colours, quantized
from tests.singan.test_enlarge import pixels
from tests.singan.test_patches import picture


def drawing(*colours: str) -> Image.Image:
    """Stripes from left to right."""
    made = Image.new("RGB", (60 * len(colours), 120))
    for i, colour in enumerate(colours):
        made.paste(colour, (60 * i, 0, 60 * (i + 1), 120))
    return made


@pytest.fixture(scope="module")
def scene(shipped: ScenePipeline) -> ScenePipeline:
    """`peaks` with a smaller photograph."""
    return ScenePipeline(shipped.pyramid, shipped.train_config, Photograph.of(shipped.original.resize((800, 600))))


@pytest.fixture(scope="module")
def smaller(shipped: ScenePipeline) -> ScenePipeline:
    return ScenePipeline(shipped.pyramid, shipped.train_config, Photograph.of(shipped.original.resize((400, 300))))


@pytest.fixture(scope="module")
def changed(scene: ScenePipeline) -> Image.Image:
    """The photograph, smaller still, with a red box in its sky."""
    made = scene.original.resize((400, 300))
    made.paste((180, 40, 40), (250, 40, 310, 90))
    return made


@pytest.mark.parametrize("enlarge", [False, True])
def test_the_same_seed_gives_the_same_at_the_size_that_is_due(tiny_scene: ScenePipeline, enlarge: bool) -> None:
    given_picture = tiny_scene.original.copy()
    given_picture.paste("red", (5, 5, 20, 20))
    size = tiny_scene.original_size if enlarge else tiny_scene.size
    for use in ("paint", "edit", "harmonize", "tile"):
        given = () if use == "tile" else (given_picture,)
        one, again = (getattr(tiny_scene, use)(*given, seed=3, enlarge=enlarge)[0] for _ in range(2))
        assert one.tobytes() == again.tobytes()
        assert all(abs(side - due) <= 1 for side, due in zip(one.size, size, strict=True))


@pytest.mark.parametrize("enlarge", [False, True])
def test_a_painting_has_its_colours_where_they_were_painted(smaller: ScenePipeline, enlarge: bool) -> None:
    sky, rock = "#5a82be", "#827d7d"
    for left, right in ((sky, rock), (rock, sky)):
        (painted,) = smaller.paint(drawing(left, right), enlarge=enlarge)
        painted.thumbnail((250, 250))
        blue = pixels(painted)[..., 2] - pixels(painted)[..., 0]
        half = blue.shape[1] // 2
        more, less = (blue[:, :half], blue[:, half:]) if left == sky else (blue[:, half:], blue[:, :half])
        assert more.mean() > less.mean() + 10


def test_main_colours_are_those_of_the_picture() -> None:
    colours = main_colours(drawing("#ff0000", "#ff0000", "#0000ff"), 2)
    assert colours.tolist() == [[255, 0, 0], [0, 0, 255]]
    plain = quantized(drawing("#dd2211", "#2200aa"), drawing("#ff0000", "#0000ff"))
    assert {color for _, color in plain.getcolors() or []} == {(255, 0, 0), (0, 0, 255)}


@pytest.mark.parametrize("use", ["edit", "harmonize"])
@pytest.mark.parametrize("enlarge", [False, True])
def test_away_from_the_change_the_photograph_stays(
    scene: ScenePipeline, changed: Image.Image, use: str, enlarge: bool
) -> None:
    (result,) = getattr(scene, use)(changed, enlarge=enlarge)
    was = scene.original if enlarge else scene.source
    assert result.size == was.size
    same = (np.asarray(result) == np.asarray(was)).all(2)
    height, width = same.shape
    assert same[: height // 12].all() and same[height // 2 :].all() and same[:, : width // 2].all()
    inside = same[height * 40 // 300 : height * 90 // 300, width * 250 // 400 : width * 310 // 400]
    assert inside.mean() < 0.5


def test_a_part_that_was_copied_is_still_that_part_at_a_fine_start_scale(scene: ScenePipeline) -> None:
    photograph, box = scene.original, (60, 230, 160, 330)
    copied = photograph.copy()
    copied.paste(photograph.crop((520, 180, 620, 280)), box[:2])
    (edited,) = scene.edit(copied, start_scale=5, enlarge=True)
    own, due, was = (pixels(it.crop(box))[15:-15, 15:-15].ravel() for it in (edited, copied, photograph))
    assert np.corrcoef(own, due)[0, 1] > 0.5 > np.corrcoef(own, was)[0, 1] + 0.2


def test_a_large_change_comes_in_at_a_coarser_scale_than_a_small_one(smaller: ScenePipeline) -> None:
    """At the finer one it keeps the outline of its mask; at the coarser one a small change is lost."""
    for side, start in ((40, 3), (160, 2)):
        changed = smaller.original
        changed.paste((130, 125, 125), (100, 100, 100 + side, 100 + side))
        (edited,), (same,) = (smaller.edit(changed, start_scale=it, enlarge=True) for it in (None, start))
        assert edited.tobytes() == same.tobytes()


@pytest.mark.parametrize("use", [Paint, Edit, Harmonize])
def test_a_picture_of_another_shape_is_stretched_and_that_is_said(tiny_scene: ScenePipeline, use: type) -> None:
    assert use(tiny_scene.original.resize((640, 480))).note(tiny_scene) is None
    assert "of 300 × 100 px was stretched" in use(Image.new("RGB", (300, 100))).note(tiny_scene)


@pytest.mark.parametrize("use", [Edit, Harmonize])
def test_a_picture_without_a_change_is_refused_before_anything_is_drawn(tiny_scene: ScenePipeline, use: type) -> None:
    with pytest.raises(ValueError, match="the picture is the photograph as it was"):
        use(tiny_scene.original).steps(tiny_scene)
    with pytest.raises(ValueError, match="start_scale is 0; allowed are 1 to 19"):
        use(tiny_scene.original, start_scale=0)
    changed = tiny_scene.original.copy()
    changed.paste("red", (5, 5, 20, 20))
    with pytest.raises(ValueError, match="start_scale is 1[12]; allowed are 0 to 2"):
        use(changed, start_scale=12, enlarge=True).steps(tiny_scene)


@pytest.mark.parametrize("enlarge", [False, True])
def test_a_tile_has_no_seam(smaller: ScenePipeline, enlarge: bool) -> None:
    for tile in smaller.tile(1, seed=5, enlarge=enlarge):
        own = pixels(tile)
        for axis in (0, 1):
            steps = np.abs(own - np.roll(own, 1, axis)).mean((1 - axis, 2))
            assert steps[0] <= steps[1:].max()
            assert steps[0] < 1.5 * np.median(steps)


def grey(height: int, width: int) -> Image.Image:
    """A photograph without colours."""
    return Image.fromarray(picture(height, width)).convert("L").convert("RGB")


def test_what_is_pasted_into_a_grey_photograph_becomes_grey_and_keeps_its_light_and_dark() -> None:
    photograph = grey(150, 200)
    for box in ((60, 40, 140, 110), (100, 70, 101, 71), (0, 0, 199, 149)):
        mask, pasted = Image.new("L", (200, 150)), photograph.copy()
        mask.paste(255, box)
        pasted.paste((200, 30, 30), box)
        pasted.paste((60, 60, 230), (box[0], box[1], (box[0] + box[2]) // 2, box[3]))
        result = recoloured(pasted, Region(mask), photograph)
        colours, outside = pixels(result), np.asarray(mask) == 0
        assert np.abs(colours[..., 0] - colours[..., 2]).max() < 70  # a part of the differences stays
        assert np.array_equal(np.asarray(result)[outside], np.asarray(photograph)[outside])
        if box[2] - box[0] == 80:
            own, new = (pixels(it.crop(box).convert("L")).ravel() for it in (pasted, result))
            assert np.corrcoef(own, new)[0, 1] > 0.95


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
