"""Faces are told from other pictures by what a model's own faces look like."""

import pytest
import torch

from dcgan.data import to_tensor
from dcgan.facelike import LEARNT_FACES, FaceSense, histograms, pieces
from tests.conftest import CHECKPOINTS


@pytest.fixture(scope="module")
def sense(shipped_faces):
    return FaceSense(shipped_faces.render(shipped_faces.latents(LEARNT_FACES)))


def test_faces_score_above_landscapes(sense, shipped_faces):
    unseen = sense.scores(shipped_faces.render(shipped_faces.latents(40, 77)))
    scenes = torch.cat([to_tensor(path) for path in sorted(CHECKPOINTS.glob("*/photograph.jpg"))])
    assert unseen.quantile(0.05) > sense.scores(scenes).max()


def test_a_face_scores_alike_in_any_light(sense, shipped_faces):
    (face,) = shipped_faces.generate(shipped_faces.latents(1, 78))
    x = to_tensor(face)
    scores = sense.scores(torch.cat([x, 0.6 * x - 0.3, 0.7 * x + 0.2]))
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
