"""Faces in photographs: found where they are, at any size and turn, and nowhere else."""

import numpy as np
import pytest
from PIL import Image

from darkroom.face_detector import detect_faces
from tests.conftest import CHECKPOINTS

SCENE = CHECKPOINTS / "peaks" / "photograph.jpg"


@pytest.fixture(scope="module")
def drawn(shipped_faces):
    return shipped_faces.generate(shipped_faces.latents(8, seed=115, truncation=0.6))


def pasted(face: Image.Image, side: int, place: tuple[int, int], angle: float = 0) -> Image.Image:
    photograph = Image.open(SCENE).convert("RGB").resize((1200, 800))
    photograph.paste(face.resize((side, side), Image.Resampling.BICUBIC).rotate(angle), place)
    return photograph


def test_finds_a_face_wherever_it_is(drawn):
    for number, (side, place, angle) in enumerate([(400, (700, 300), 0), (200, (20, 30), 15), (130, (600, 600), -15)]):
        (face,) = detect_faces(pasted(drawn[number], side, place, angle))
        left, top, right, bottom = face.box
        middle = place[0] + side / 2, place[1] + side / 2
        assert left < middle[0] < right and top < middle[1] < bottom
        assert 0.4 * side < right - left < 1.1 * side
        eyes, mouth = face.landmarks[:2], face.landmarks[3:]
        assert eyes[0, 0] < eyes[1, 0] and eyes[:, 1].max() < mouth[:, 1].min()
        turn = np.degrees(np.arctan2(*(eyes[1] - eyes[0])[::-1]))
        assert turn == pytest.approx(-angle, abs=8)  # pictures are turned the other way than the y axis points


def test_the_largest_face_comes_first(drawn):
    photograph = pasted(drawn[0], 150, (100, 100))
    photograph.paste(drawn[1].resize((300, 300)), (700, 300))
    large, small = detect_faces(photograph)
    assert large.box[0] > 600 and small.box[0] < 400 and large.area > small.area


def test_no_face_is_found_where_there_is_none():
    others = [Image.open(path) for path in sorted(CHECKPOINTS.glob("*/photograph.jpg"))]
    others += [Image.new("RGB", (300, 200)), Image.new("RGB", (9, 700), "white")]
    assert len(others) > 6 and not any(detect_faces(it) for it in others)
