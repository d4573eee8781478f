"""Faces are told from other pictures by what a model's own faces look like."""

import pytest
import torch
from PIL import Image

from dcgan.data import to_tensor
from dcgan.facelike import histograms, pieces
from tests.conftest import CHECKPOINTS

SCENES = ("autumn", "brushes", "dandelions", "peaks", "stream", "sunset")


def test_faces_are_faces_and_landscapes_are_none(shipped_faces, picture, page_of_text):
    unseen = shipped_faces.generate(shipped_faces.latents(40, 77))
    assert sum(map(shipped_faces.shows_face, unseen)) >= 38
    for name in SCENES:
        assert not shipped_faces.shows_face(Image.open(CHECKPOINTS / name / "photograph.jpg"))
    for other in (picture, page_of_text, Image.new("RGB", (90, 90), "peachpuff"), unseen[0].rotate(90)):
        assert not shipped_faces.shows_face(other)


def test_a_face_scores_alike_in_any_light(shipped_faces):
    (face,) = shipped_faces.generate(shipped_faces.latents(1, 78))
    x = to_tensor(face)
    scores = shipped_faces.face_sense.scores(torch.cat([x, 0.6 * x - 0.3, 0.7 * x + 0.2]))
    assert float(scores.max() - scores.min()) < 0.2


def test_histograms_know_the_direction_of_an_edge():
    ramp = torch.linspace(-1, 1, 64)
    across = ramp.expand(1, 3, 64, 64)
    both = histograms(torch.cat([across, across.transpose(2, 3), torch.zeros_like(across)])).unflatten(1, (9, 64))
    bins = both.sum(2).argmax(1)
    assert bins[0] != bins[1] and float(both[2].abs().max()) == 0
    assert torch.allclose(histograms(across + 0.1), histograms(across), atol=1e-4)


@pytest.mark.parametrize("count", [8, 33])
def test_pieces_are_other_pictures_of_the_same_size(count):
    x = torch.rand(count, 3, 64, 64, generator=torch.manual_seed(0)) * 2 - 1
    assert pieces(x).shape == x.shape and torch.equal(pieces(x), pieces(x))
