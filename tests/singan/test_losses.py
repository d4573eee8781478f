import math

import pytest
import torch

from singan.config import PRESETS
from singan.losses import critic_loss, generator_loss, interpolated_penalty, zero_centred_penalty


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def unit_slope(x):
    """A critic whose gradient has norm 1 over the channels of every pixel."""
    return x.sum(1, keepdim=True) / 3**0.5


def pictures():
    rng = seeded()
    return torch.rand(1, 3, 12, 12, generator=rng), torch.rand(4, 3, 12, 12, generator=rng)


def scores():
    """Of one real picture and of four fakes."""
    real, fake = pictures()
    return unit_slope(real), unit_slope(fake)


def test_interpolated_penalty_of_a_unit_slope_critic_is_zero():
    assert interpolated_penalty(unit_slope, *pictures(), seeded()).item() == pytest.approx(0, abs=1e-10)


def test_interpolated_penalty_of_slope_three_is_four():
    assert interpolated_penalty(lambda x: 3 * unit_slope(x), *pictures(), seeded()).item() == pytest.approx(4, rel=1e-5)


def test_zero_centred_penalty_is_half_of_r1_plus_r2():
    """With slope s the squared gradient of each pixel is s^2, at the one real picture as at all fakes together."""
    real, fake = pictures()
    both = torch.cat([real, fake]).requires_grad_()
    assert zero_centred_penalty(3 * unit_slope(both), both, 1).item() == pytest.approx(9, rel=1e-5)
    slopes = torch.tensor([3.0, 1, 1, 1, 1]).reshape(-1, 1, 1, 1)
    assert zero_centred_penalty(slopes * unit_slope(both), both, 1).item() == pytest.approx((9 + 1) / 2, rel=1e-5)


def test_a_penalty_reaches_the_weights():
    weight = torch.tensor(3.0, requires_grad=True)
    both = torch.cat(pictures()).requires_grad_()
    zero_centred_penalty(weight * unit_slope(both), both, 1).backward()
    assert weight.grad.item() == pytest.approx(6, rel=1e-5)
    weight.grad = None
    interpolated_penalty(lambda x: weight * unit_slope(x), *pictures(), seeded()).backward()
    assert weight.grad.item() == pytest.approx(2 * (3 - 1), rel=1e-5)


def test_wasserstein_losses():
    real, fake = scores()
    difference = (fake.mean() - real.mean()).item()
    assert critic_loss("wgan-gp", real, fake).item() == pytest.approx(difference, abs=1e-6)
    assert generator_loss("wgan-gp", real, fake).item() == pytest.approx(-fake.mean().item(), abs=1e-6)


@pytest.mark.parametrize("loss", ["wgan-gp", "relativistic"])
def test_losses_favour_the_right_side(loss):
    real, fake = torch.ones(1, 1, 12, 12), -torch.ones(4, 1, 12, 12)
    assert critic_loss(loss, real, fake) < critic_loss(loss, -real, -fake)
    assert generator_loss(loss, real, fake) > generator_loss(loss, -real, -fake)


@pytest.mark.parametrize("reals", [1, 4])
def test_a_fake_patch_meets_the_real_one_at_its_place(reals):
    """Fakes that score 1 more than the real picture at every place differ by 1 in every pair, and in no other pairing;
    one real picture meets all fakes."""
    ramp = torch.arange(100.0).reshape(1, 1, 10, 10)
    real, fake = ramp.expand(reals, -1, -1, -1), ramp.expand(4, -1, -1, -1) + 1
    assert critic_loss("relativistic", real, fake).item() == pytest.approx(math.log(1 + math.e), rel=1e-5)
    assert generator_loss("relativistic", real, fake).item() == pytest.approx(math.log(1 + 1 / math.e), rel=1e-5)


def test_presets_choose_their_loss():
    for preset, scale, loss in (("paper", 0, "wgan-gp"), ("standard", 0, "wgan-gp"), ("standard", 3, "relativistic")):
        assert PRESETS[preset].game(scale).loss == loss
