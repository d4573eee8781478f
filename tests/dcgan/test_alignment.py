"""A face cut out of a photograph as the training set's are."""

import numpy as np
import pytest
from PIL import Image

from darkroom.face_detector import detect_faces
from dcgan.alignment import EYES_AND_MOUTH, NOSE, aligned_face


@pytest.fixture(scope="module")
def face(shipped_faces):
    return shipped_faces.generate(shipped_faces.latents(1, seed=115, truncation=0.6))[0]


@pytest.mark.parametrize(
    ("side", "place", "angle"), [(300, (400, 100), 0), (200, (100, 60), 20), (256, (-60, 90), -20)]
)
def test_a_face_comes_out_upright_and_in_its_place(face, side, place, angle):
    photograph = Image.new("RGB", (800, 500), (90, 120, 90))
    photograph.paste(face.resize((side, side), Image.Resampling.BICUBIC).rotate(angle, fillcolor=(90, 120, 90)), place)
    found = aligned_face(photograph, 128)
    assert found.size == (128, 128) and found.mode == "RGB"
    (again,) = detect_faces(found)
    seen = np.delete(again.landmarks, NOSE, axis=0) @ (1, 1j) / 128
    assert abs(seen - EYES_AND_MOUTH).max() < 0.06


def test_a_picture_without_a_face_has_none():
    assert aligned_face(Image.new("RGB", (200, 300), "gray")) is None
