"""Importance in a photograph: found, marked, or pointed at."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from singan.importance import CELLS, importance


def lawn(width: int = 300, height: int = 200) -> Image.Image:
    """Grass: noise that repeats."""
    rng = np.random.default_rng(0)
    pixels = np.array((70, 120, 60)) + rng.normal(0, 12, (height, width, 1))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def with_balls(*centres: tuple[int, int], radius: int = 30) -> Image.Image:
    photograph = lawn()
    draw = ImageDraw.Draw(photograph)
    for x, y in centres:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(220, 60, 40))
        draw.ellipse((x - radius // 2, y - radius // 2, x, y), fill=(250, 240, 230))
    return photograph


def cell(photograph: Image.Image, x: int, y: int) -> tuple[int, int]:
    return y * CELLS // photograph.height, x * CELLS // photograph.width


def test_an_object_is_found_whole_and_its_surroundings_are_not() -> None:
    photograph = with_balls((200, 100))
    found = importance(photograph)
    assert all(found.subject[cell(photograph, x, y)] for x, y in ((200, 100), (178, 100), (222, 100), (200, 122)))
    assert found.subject.mean() < 0.12  # the ball takes 5 %
    assert not found.subject[:, : CELLS // 3].any()
    assert found.detail[cell(photograph, 200, 100)] > 3 * found.detail[:, : CELLS // 3].mean()
    x, y = found.centre
    assert (x, y) == (pytest.approx(2 / 3, abs=0.04), pytest.approx(1 / 2, abs=0.04))


def test_without_an_object_there_is_no_subject() -> None:
    found = importance(lawn())
    assert not found.subject.any() and found.centre == (0.5, 0.5)


def test_what_runs_from_border_to_border_is_no_subject() -> None:
    photograph = lawn()
    ImageDraw.Draw(photograph).polygon([(0, 90), (90, 60), (200, 95), (300, 70), (300, 130), (0, 130)], (60, 60, 110))
    assert not importance(photograph).subject.any()


def test_a_point_chooses_among_objects_or_makes_one() -> None:
    photograph = with_balls((70, 100), (230, 100))
    assert importance(photograph).subject[:, [15, 49]].any(0).all()
    left = importance(photograph).asked(focus=(0.23, 0.5)).subject
    assert left[:, 15].any() and not left[:, CELLS // 2 :].any()
    corner = importance(photograph).asked(focus=(1.0, 0.0)).subject
    assert corner[0, -1] and not corner[:, : CELLS // 2].any()


def test_a_mask_says_what_the_subject_is() -> None:
    mask = Image.new("L", (60, 40))
    mask.paste(255, (40, 20, 60, 40))
    subject = importance(with_balls((70, 100))).asked(protect=mask).subject
    assert subject[CELLS // 2 :, -CELLS // 3 :].all() and not subject[:, : CELLS // 2].any()


def test_writing_is_a_subject_and_texture_is_none() -> None:
    sign = lawn(600, 400)
    draw = ImageDraw.Draw(sign)
    draw.rectangle((140, 150, 470, 250), fill="white")
    for y in (160, 205):
        draw.text((160, y), "Bakery & Coffee", fill="black", font=ImageFont.load_default(34))
    found = importance(sign)
    there = found.text[cell(sign, 0, 160)[0] : cell(sign, 0, 235)[0], cell(sign, 170, 0)[1] : cell(sign, 400, 0)[1]]
    assert there.mean() > 0.7 and (found.subject >= found.text).all()
    assert not found.text[:, : CELLS // 8].any() and not importance(lawn()).text.any()


def test_long_straight_edges_are_lines_and_texture_has_none() -> None:
    poles = lawn()
    ImageDraw.Draw(poles).line([(30, 180), (250, 40)], fill="white", width=4)
    ends = importance(poles).lines
    slopes = (ends[:, 3] - ends[:, 1]) * 200 / ((ends[:, 2] - ends[:, 0]) * 300)
    assert 1 <= len(ends) <= 4 and slopes == pytest.approx(-140 / 220, abs=0.03)
    assert np.hypot(*((ends[:, 2:] - ends[:, :2]) * (300, 200)).T).max() > 240
    assert len(importance(lawn()).lines) == len(importance(with_balls((200, 100))).lines) == 0
