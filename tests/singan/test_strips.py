"""Where a photograph's rows and columns go."""

from dataclasses import replace

import numpy as np
import pytest

from singan.importance import CELLS, Importance
from singan.strips import MOST, ROOM, Wishes, arrange

SHAPES = [(2532, 1170), (1440, 3440), (500, 1500), (800, 800)]  # (height, width)
PHOTOGRAPH = (600, 900)


def matters(rows: slice, columns: slice) -> Importance:
    subject = np.zeros((CELLS, CELLS), bool)
    subject[rows, columns] = True
    return Importance(subject, np.full((CELLS, CELLS), 0.2, np.float32))


MIDDLE = matters(slice(20, 40), slice(30, 50))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_subject_keeps_one_scale_and_is_never_cut(shape: tuple[int, int]) -> None:
    strips = arrange(MIDDLE, PHOTOGRAPH, shape)
    for axis, side, own, held in zip(
        (strips.rows, strips.columns), shape, PHOTOGRAPH, (slice(21, 41), slice(31, 51)), strict=True
    ):
        assert axis.sum() == pytest.approx(side) and (axis >= 0).all()
        assert axis[held] == pytest.approx(strips.scale * own / CELLS, rel=0.01)
        assert axis[1:-1].max() <= 1.01 * MOST * strips.scale * own / CELLS
    assert not strips.stretched
    for wishes in (Wishes(), Wishes(crop=1.0)):  # room is left about it
        assert (arrange(MIDDLE, PHOTOGRAPH, shape, wishes).columns[1:-1] > 0)[28 - ROOM : 52 + ROOM].all()


def test_in_its_own_shape_a_photograph_stays_as_it_is() -> None:
    strips = arrange(MIDDLE, PHOTOGRAPH, (300, 450))
    assert strips.scale == pytest.approx(0.5) and strips.cost < 0.01
    assert strips.rows[1:-1] == pytest.approx(300 / CELLS, rel=0.01) and strips.rows[[0, -1]].max() < 0.1


def test_without_a_subject_all_may_be_deformed() -> None:
    strips = arrange(matters(slice(0), slice(0)), PHOTOGRAPH, (900, 900))
    assert strips.rows.sum() == pytest.approx(900)
    assert strips.rows[1:-1].mean() / PHOTOGRAPH[0] > strips.columns[1:-1].mean() / PHOTOGRAPH[1]


def test_a_subject_that_the_border_cuts_is_stretched_there_alone() -> None:
    strips = arrange(matters(slice(0, CELLS), slice(20, 44)), PHOTOGRAPH, (2532, 1170))
    factors = strips.rows[1:-1] * CELLS / PHOTOGRAPH[0] / strips.scale
    assert strips.stretched and factors[12:-12] == pytest.approx(1, rel=0.01) and factors[[0, -1]].max() > 1.2


def test_wishes_are_heeded() -> None:
    def shares(wishes: Wishes) -> tuple[float, float, float]:
        """Of the photograph's columns that are left out; of the picture's rows that are margins; deformed strips."""
        strips = arrange(MIDDLE, PHOTOGRAPH, (2532, 1170), wishes)
        there = strips.rows[1:-1] > 0
        factors = strips.rows[1:-1][there] * CELLS / PHOTOGRAPH[0] / strips.scale
        cropped, margins = (strips.columns[1:-1] == 0).mean(), strips.rows[[0, -1]].sum() / 2532
        return float(cropped), float(margins), float(np.abs(np.log(factors)).mean())

    assert Wishes(1, 0, 0).plain_crop and not Wishes(1, 0).plain_crop and not Wishes().plain_crop
    usual = shares(Wishes())
    assert shares(Wishes(crop=0.9))[0] > usual[0] >= shares(Wishes(crop=0))[0] == 0
    assert shares(Wishes(extend=0.95))[1] > usual[1] >= shares(Wishes(extend=0))[1]
    assert shares(Wishes(deform=0))[2] < 0.02 < usual[2]


def test_slanting_lines_are_bent_less_and_others_count_for_nothing() -> None:
    def bent(lines: list[list[float]]) -> float:
        """Variance of the factors of the columns along the slanting line, over the square of their mean."""
        marked = replace(MIDDLE, lines=np.array(lines))
        axis = arrange(marked, PHOTOGRAPH, (600, 500)).columns
        there = axis[1 + CELLS // 8 : 1 - CELLS // 8]
        there = there[there > 0]
        return float(there.var() / there.mean() ** 2)

    straight = bent([[0.1, 0.5, 0.9, 0.5], [0.5, 0.1, 0.5, 0.9]])
    assert straight == bent([[0.5, 0.5, 0.5, 0.6]]) > 0.01
    assert bent([[0.125, 0.1, 0.875, 0.9]] * 3) < 0.8 * straight


def test_writing_that_the_border_cuts_is_not_stretched() -> None:
    page = matters(slice(0, CELLS), slice(20, 44))
    assert not arrange(replace(page, text=page.subject), PHOTOGRAPH, (2532, 1170)).stretched
