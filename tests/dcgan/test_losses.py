import math

import pytest
import torch

from darkroom.seeds import seeded
from dcgan.losses import critic_loss, generator_loss, interpolated_penalty, zero_centred_penalty

REAL, FAKE = torch.tensor([1.0, 2.0]), torch.tensor([-1.0, 0.5])


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def d_loss(name, smoothing=0.0, noise=0.0):
    return float(critic_loss(name, REAL, FAKE, smoothing, noise, seeded(0)))


def test_discriminators_losses_are_the_papers():
    cross_entropy = (softplus(-1) + softplus(-2)) / 2 + (softplus(-1) + softplus(0.5)) / 2
    assert d_loss("minimax") == pytest.approx(cross_entropy)
    assert d_loss("non-saturating") == pytest.approx(cross_entropy)
    assert d_loss("wgan-gp") == pytest.approx(-0.25 - 1.5)
    assert d_loss("hinge") == pytest.approx((0 + 0) / 2 + (0 + 1.5) / 2)
    assert d_loss("relativistic") == pytest.approx((softplus(-2) + softplus(-1.5)) / 2)


def test_generators_losses_are_the_papers():
    assert float(generator_loss("minimax", REAL, FAKE)) == pytest.approx(-(softplus(-1) + softplus(0.5)) / 2)
    assert float(generator_loss("non-saturating", REAL, FAKE)) == pytest.approx((softplus(1) + softplus(-0.5)) / 2)
    assert float(generator_loss("wgan-gp", REAL, FAKE)) == pytest.approx(0.25)
    assert float(generator_loss("hinge", REAL, FAKE)) == pytest.approx(0.25)
    assert float(generator_loss("relativistic", REAL, FAKE)) == pytest.approx((softplus(2) + softplus(1.5)) / 2)


@pytest.mark.parametrize("name", ["minimax", "non-saturating", "wgan-gp", "hinge", "relativistic"])
def test_better_fakes_cost_the_generator_less_and_the_discriminator_more(name):
    better = FAKE + 0.3
    assert generator_loss(name, REAL, better) < generator_loss(name, REAL, FAKE)
    rng = seeded(0)
    assert critic_loss(name, REAL, better, 0, 0, rng) > critic_loss(name, REAL, FAKE, 0, 0, rng)


def test_smoothing_and_noise_move_the_targets():
    # Binary cross-entropy with target t and logit x is softplus(x) - t x: a target lower by s costs s x.
    assert d_loss("non-saturating", smoothing=0.1) == pytest.approx(d_loss("non-saturating") + 0.1 * 1.5)
    noisy = [d_loss("non-saturating", noise=0.05), d_loss("non-saturating")]
    assert abs(noisy[0] - noisy[1]) < 0.05 * 2 * 1.5 and noisy[0] != noisy[1]


def test_penalties_of_a_linear_critic_are_known():
    w = torch.randn(3, 4, 4)
    x, y = torch.randn(5, 3, 4, 4), torch.randn(5, 3, 4, 4)
    critic = lambda x: (x * w).sum((1, 2, 3))  # noqa: E731
    x.requires_grad_()
    assert float(zero_centred_penalty(critic(x), x)) == pytest.approx(0.5 * float(w.square().sum()), rel=1e-5)
    expected = (float(w.norm()) - 1) ** 2
    assert float(interpolated_penalty(critic, x, y, seeded(0))) == pytest.approx(expected, rel=1e-4)


def test_a_penalty_reaches_the_weights():
    w = torch.randn(3, 4, 4, requires_grad=True)
    x, y = torch.randn(5, 3, 4, 4, requires_grad=True), torch.randn(5, 3, 4, 4)
    critic = lambda x: (x * w).sum((1, 2, 3))  # noqa: E731
    zero_centred_penalty(critic(x), x).backward()
    assert torch.allclose(w.grad, w.detach(), rtol=1e-5)
    w.grad = None
    interpolated_penalty(critic, x, y, seeded(0)).backward()
    length = w.detach().norm()
    assert torch.allclose(w.grad, 2 * (length - 1) * w.detach() / length, rtol=1e-4)
