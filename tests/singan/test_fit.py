"""A photograph in another shape: what stays, and what is redrawn."""

import numpy as np
import pytest
from PIL import Image

from singan.deformation import Piece, cropped, pieces, places
from singan.fit import Fitting
from singan.importance import CELLS, Importance, importance
from singan.prints import FittedPrint
from singan.strips import Wishes, arrange
from tests.singan.test_importance import lawn, with_balls

BALL = with_balls((200, 100))


def last(fitted: FittedPrint, seed: int = 0) -> Image.Image:
    *_, step = fitted.steps(seed)
    assert step.picture and step.share == 1
    return step.picture


def fitted(photograph: Image.Image, size: tuple[int, int], *wishes: float) -> FittedPrint:
    return FittedPrint(photograph, importance(photograph), size, Wishes(*wishes))


def red(picture: Image.Image) -> np.ndarray:
    pixels = np.asarray(picture).astype(int)
    return pixels[..., 0] > pixels[..., 1] + 60


@pytest.mark.parametrize("size", [(120, 260), (300, 86)])
def test_a_ball_stays_a_ball_once_on_a_lawn(size: tuple[int, int]) -> None:
    picture = last(fitted(BALL, size))
    assert picture.size == size
    rows, columns = np.nonzero(red(picture))
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert width == pytest.approx(height, rel=0.06)
    assert red(picture).sum() == pytest.approx(np.pi / 4 * 0.93 * width * height, rel=0.12)  # full, less its highlight
    green = np.asarray(picture)[~red(picture)]
    assert np.abs(np.median(green, 0) - np.median(np.asarray(lawn()), (0, 1))).max() < 6
    assert np.asarray(picture)[:, -8:].std() > 5  # the lawn has its grain to the border


def test_what_stays_is_the_photograph_resampled_once() -> None:
    matter = importance(BALL)
    strips = arrange(matter, (200, 300), (180, 80))
    fitting = Fitting(BALL, matter, strips, (80, 180))
    *_, stage = fitting.stages(0)
    picture, kept = np.asarray(stage.picture).astype(int), fitting.kept == 1
    assert kept.mean() > 0.05
    assert np.array_equal(picture[kept], fitting.deformed[kept])
    y, x = (int(it) for it in np.argwhere(kept).mean(0))
    assert red(Image.fromarray(fitting.deformed))[y, x] or matter.subject.any()


def test_a_landscape_is_redrawn_only_where_it_is_much_deformed() -> None:
    photograph, nothing = lawn(), Importance(np.zeros((CELLS, CELLS), bool), np.ones((CELLS, CELLS), np.float32))
    for size, redrawn in (((180, 80), False), ((300, 90), True)):
        strips = arrange(nothing, photograph.size[::-1], size[::-1], Wishes(crop=0, extend=0))
        fitting = Fitting(photograph, nothing, strips, size)
        assert (fitting.kept.min() < 1) == (len(list(fitting.stages(0))) > 1) == redrawn


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    one, same, other = (list(fitted(BALL, (60, 130)).steps(seed)) for seed in (0, 0, 1))
    assert one[-1].picture.tobytes() == same[-1].picture.tobytes() != other[-1].picture.tobytes()
    assert one[0].picture.size == (60, 130) and one[0].share == 0  # a draft: the deformed photograph


def test_beyond_its_pixels_the_size_is_reached_and_said() -> None:
    large = fitted(BALL.resize((150, 100)), (150, 325))
    assert "detail is invented" in str(large.note()) and last(large).size == (150, 325)
    assert fitted(BALL, (100, 200)).note() is None


def test_a_subject_that_fills_the_photograph_is_cropped_and_that_is_said() -> None:
    everything = Importance(np.ones((CELLS, CELLS), bool), np.ones((CELLS, CELLS), np.float32))
    close = FittedPrint(BALL, everything, (60, 200), Wishes())
    assert "cropped" in str(close.note()) and last(close).size == (60, 200)
    assert last(close).tobytes() == BALL.crop((120, 0, 180, 200)).tobytes()
    assert str(close.note()).endswith("middle")
    large = FittedPrint(BALL, everything, (90, 300), Wishes())
    assert str(large.note()).endswith("; beyond 60 × 200 px, which the photograph fills, it is plainly enlarged")


def test_a_plain_crop_is_the_photograph_about_its_subject() -> None:
    rows, columns = np.nonzero(red(last(fitted(BALL, (100, 200), 1, 0, 0))))
    for along, middle in ((rows, 103), (columns, 50)):
        assert np.ptp(along) + 1 == pytest.approx(61, abs=2) and along.mean() == pytest.approx(middle, abs=4)


def test_a_crop_heeds_the_borders_whatever_rounding_does() -> None:
    photograph = Image.new("RGB", (33, 109), "red")
    assert cropped(photograph, (60, 200), (0.5, 0.9)).getcolors() == [(12000, (255, 0, 0))]


def test_pieces_divide_a_side_and_margins_mirror() -> None:
    sizes = np.r_[20.0, np.full(CELLS, 1.25), 0]
    first, second = pieces(sizes, 128, 100)
    assert first == Piece(0, 20, 0, 0.06 * 128, True) and second == Piece(20, 100, 0, 128)
    across = places([first, second], 100)
    assert (np.diff(across[:20]) < 0).all() and (np.diff(across[20:]) > 0).all()
