"""Losses and penalties are the papers'; a player's gradients are bounded."""

import math
from unittest.mock import MagicMock

import pytest
import torch
from torch import nn
from torch.nn.utils import get_total_norm

from darkroom.adversarial import (
    EAGER_RUNS,
    CapturedStep,
    NormLimit,
    Player,
    critic_loss,
    generator_loss,
    interpolated_penalty,
    picture_norms,
    pixel_norms,
    runner,
    zero_centred_penalty,
)
from darkroom.seeds import seeded

REAL, FAKE = torch.tensor([1.0, 2.0]), torch.tensor([-1.0, 0.5])


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def test_losses_are_the_papers():
    cross_entropy = (softplus(-1) + softplus(-2)) / 2 + (softplus(-1) + softplus(0.5)) / 2
    for loss, critics, generators in (
        ("minimax", cross_entropy, -(softplus(-1) + softplus(0.5)) / 2),
        ("non-saturating", cross_entropy, (softplus(1) + softplus(-0.5)) / 2),
        ("wgan-gp", -0.25 - 1.5, 0.25),
        ("hinge", (0 + 0) / 2 + (0 + 1.5) / 2, 0.25),
        ("relativistic", (softplus(-2) + softplus(-1.5)) / 2, (softplus(2) + softplus(1.5)) / 2),
    ):
        assert float(critic_loss(loss, REAL, FAKE)) == pytest.approx(critics), loss
        assert float(generator_loss(loss, REAL, FAKE)) == pytest.approx(generators), loss


def test_smoothing_and_noise_move_the_targets():
    # Binary cross-entropy with target t and logit x is softplus(x) - t x: a target lower by s costs s x.
    plain = float(critic_loss("non-saturating", REAL, FAKE))
    assert float(critic_loss("non-saturating", REAL, FAKE, smoothing=0.1)) == pytest.approx(plain + 0.1 * 1.5)
    noisy = float(critic_loss("non-saturating", REAL, FAKE, noise=0.05, rng=seeded(0)))
    assert 0 < abs(noisy - plain) < 0.05 * 2 * 1.5


def test_a_fake_patch_meets_the_real_one_at_its_place():
    """Fakes that score 1 more than the real picture at every place differ by 1 in every pair, and in no other pairing;
    one real picture meets all fakes."""
    ramp = torch.arange(100.0).reshape(1, 1, 10, 10)
    for reals in (1, 4):
        real, fake = ramp.expand(reals, -1, -1, -1), ramp.expand(4, -1, -1, -1) + 1
        assert critic_loss("relativistic", real, fake).item() == pytest.approx(math.log(1 + math.e), rel=1e-5)
        assert generator_loss("relativistic", real, fake).item() == pytest.approx(math.log(1 + 1 / math.e), rel=1e-5)


def pixelwise(x, slope=1.0):
    """Score maps of a critic whose gradient has this norm over the channels of every pixel."""
    return slope * x.sum(1, keepdim=True) / 3**0.5


def test_penalties_of_pixels():
    real, fake = torch.rand(1, 3, 12, 12, generator=seeded(0)), torch.rand(4, 3, 12, 12, generator=seeded(1))
    for slope in (1, 3):
        found = interpolated_penalty(lambda x, s=slope: pixelwise(x, s), real, fake, pixel_norms, seeded(0)).item()
        assert found == pytest.approx((slope - 1) ** 2, rel=1e-5, abs=1e-10)
    both = torch.cat([real, fake]).requires_grad_()
    assert zero_centred_penalty(pixelwise(both, 3), both, 1, axes=1).item() == pytest.approx(9, rel=1e-5)
    slopes = torch.tensor([3.0, 1, 1, 1, 1]).reshape(-1, 1, 1, 1)  # the one real picture counts as all fakes together
    assert zero_centred_penalty(pixelwise(both, slopes), both, 1, axes=1).item() == pytest.approx(5, rel=1e-5)


def test_penalties_of_pictures_reach_the_weights():
    w = torch.randn(3, 4, 4, requires_grad=True)
    real, fake = torch.randn(5, 3, 4, 4), torch.randn(5, 3, 4, 4)
    critic = lambda x: (x * w).sum((1, 2, 3))  # noqa: E731
    both, length = torch.cat([real, fake]).requires_grad_(), w.detach().norm()
    penalty = zero_centred_penalty(critic(both), both, 5, axes=(1, 2, 3))
    assert penalty.item() == pytest.approx(float(length) ** 2, rel=1e-5)  # R1 + R2, half of it each
    penalty.backward()
    assert torch.allclose(w.grad, 2 * w.detach(), rtol=1e-5)
    w.grad = None
    penalty = interpolated_penalty(critic, real, fake, picture_norms, seeded(0))
    assert penalty.item() == pytest.approx((float(length) - 1) ** 2, rel=1e-4)
    penalty.backward()
    assert torch.allclose(w.grad, 2 * (length - 1) * w.detach() / length, rtol=1e-4)


@pytest.mark.parametrize("limited", [True, False])
def test_a_gradient_far_longer_than_those_of_late_is_shortened(limited):
    network = nn.Linear(8, 8)
    limit = NormLimit(2.0, torch.device("cpu")) if limited else None
    player = Player(network, torch.optim.SGD(network.parameters(), 0.0), 0.0, limit)

    def stepped(length: float) -> float:
        """Norm of the gradient that a loss of this slope leaves."""
        direction = [torch.randn_like(parameter) for parameter in network.parameters()]
        slope = length / get_total_norm(direction)
        player.descend(sum((p * d).sum() * slope for p, d in zip(network.parameters(), direction, strict=True)))
        return float(get_total_norm([parameter.grad for parameter in network.parameters()]))

    assert [stepped(length) for length in (1.0, 1.0, 1.0)] == pytest.approx([1.0] * 3)
    assert stepped(100.0) == pytest.approx(2.0 if limited else 100.0)
    assert stepped(0.5) == pytest.approx(0.5)


def test_a_learning_rate_is_a_share_of_that_at_the_start():
    for rate in (0.1, torch.tensor(0.1)):  # a captured step reads the same tensor every time
        network = nn.Linear(2, 2)
        player = Player(network, torch.optim.SGD(network.parameters(), rate), 0.1)
        player.set_learning_rate(0.5)
        (group,) = player.optimizer.param_groups
        assert float(group["lr"]) == pytest.approx(0.05) and (group["lr"] is rate) == isinstance(rate, torch.Tensor)


def test_a_step_runs_as_it_is_then_is_captured_once_and_replayed(monkeypatch):
    cuda, rng, graphs = MagicMock(), torch.Generator(), []
    monkeypatch.setattr(torch, "cuda", cuda)
    step = CapturedStep(lambda: graphs.append(cuda.CUDAGraph.call_count), rng)
    for _ in range(EAGER_RUNS):
        step()
    assert graphs == [0] * EAGER_RUNS
    for _ in range(5):
        step()
    graph = cuda.CUDAGraph.return_value
    assert graphs == [0] * EAGER_RUNS + [1], "a capture runs the step's Python once"
    assert graph.replay.call_count == 5, "the capturing call's work is done by its replay"
    graph.register_generator_state.assert_called_once_with(rng)
    cuda.graph.assert_called_once_with(graph, capture_error_mode="thread_local")
    assert runner(print, rng) is print, "without CUDA the step itself runs"
