import pytest
import torch

from darkroom.seeds import seeded
from dcgan.augment import MAX_PROBABILITY, adapt, augment, colour, cutout, translation


@pytest.fixture
def x():
    return torch.rand(16, 3, 64, 64, generator=seeded(0)) * 2 - 1


def test_without_probability_nothing_changes(x):
    assert augment(x, None, seeded(1)) is x
    assert torch.equal(augment(x, torch.zeros(()), seeded(1)), x)


def test_every_picture_is_augmented_by_itself(x):
    half = augment(x, torch.tensor(0.2), seeded(1))
    kept = [torch.equal(a, b) for a, b in zip(half, x, strict=True)]
    assert 0 < sum(kept) < len(x)
    assert torch.equal(half, augment(x, torch.tensor(0.2), seeded(1)))
    assert not any(torch.equal(a, b) for a, b in zip(augment(x, torch.ones(()), seeded(1)), x, strict=True))


def test_translation_moves_by_up_to_an_eighth_and_fills_with_zeros(x):
    moved = translation(x, seeded(2))
    shifts = set()
    for old, new in zip(x, moved, strict=True):
        found = [(dy, dx) for dy in range(-8, 9) for dx in range(-8, 9) if torch.equal(new, shifted(old, dy, dx))]
        assert len(found) == 1
        shifts.add(found[0])
    assert len(shifts) > 8


def shifted(x, dy, dx):
    out = torch.zeros_like(x)
    out[:, max(0, -dy) : 64 - max(0, dy), max(0, -dx) : 64 - max(0, dx)] = x[
        :, max(0, dy) : 64 + min(0, dy), max(0, dx) : 64 + min(0, dx)
    ]
    return out


def test_cutout_removes_a_square_of_half_a_side(x):
    cut = cutout(x, seeded(3))
    areas = (cut == 0).all(1).sum((1, 2))
    assert areas.max() <= 32 * 32 and areas.min() >= 16 * 16
    assert torch.equal(cut[cut != 0], x[cut != 0])


def test_colour_keeps_the_layout(x):
    changed = colour(x, seeded(4))
    for old, new in zip(x.mean(1), changed.mean(1), strict=True):  # the mean over channels changes linearly
        assert torch.corrcoef(torch.stack([old.flatten(), new.flatten()]))[0, 1] > 0.999


def test_gradients_pass_twice(x):
    """The gradient penalty differentiates through the augmentation a second time."""
    x = x[:4].requires_grad_()
    y = augment(x, torch.ones(()), seeded(5)).square().sum()
    (gradient,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(gradient.square().sum(), x)
    assert second.isfinite().all() and second.abs().sum() > 0


def test_probability_follows_the_discriminators_certainty():
    probability = torch.zeros(())
    sure, fake = torch.full((64,), 3.0), torch.full((64,), -3.0)
    for _ in range(10):
        adapt(probability, sure, fake, 0.6, 500)
    assert float(probability) == pytest.approx(10 * 500 / 500_000)
    undecided = torch.tensor([3.0, -3.0] * 32)
    for _ in range(4):
        adapt(probability, undecided, undecided, 0.6, 500)
    assert float(probability) == pytest.approx(6 * 500 / 500_000)
    for _ in range(100):
        adapt(probability, sure, fake, 0.6, 50_000)
    assert float(probability) == pytest.approx(MAX_PROBABILITY)
