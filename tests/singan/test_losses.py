import math

import pytest
import torch

from singan.config import PRESETS
from singan.losses import Relativistic, WassersteinGP, adversary, gradient_penalty


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def unit_slope(x):
    """A critic whose gradient has norm 1 over the channels of every pixel."""
    return x.sum(1, keepdim=True) / 3**0.5


def pictures():
    rng = seeded()
    return torch.rand(1, 3, 12, 12, generator=rng), torch.rand(4, 3, 12, 12, generator=rng)


def test_gradient_penalty_of_a_unit_slope_critic_is_zero():
    assert gradient_penalty(unit_slope, *pictures(), seeded()).item() == pytest.approx(0, abs=1e-10)


def test_gradient_penalty_of_slope_three_is_four():
    assert gradient_penalty(lambda x: 3 * unit_slope(x), *pictures(), seeded()).item() == pytest.approx(4, rel=1e-5)


@pytest.mark.parametrize(("one_pass", "batches"), [(True, [5]), (False, [1, 4])])
def test_real_and_fake_are_seen_together_or_apart(one_pass, batches):
    seen = []
    loss = WassersteinGP(seeded(), one_pass)
    loss.critic(lambda x: seen.append(len(x)) or unit_slope(x), *pictures(), 0.0)
    assert seen == batches


@pytest.mark.parametrize("one_pass", [True, False])
def test_wasserstein_losses(one_pass):
    real, fake = pictures()
    loss = WassersteinGP(seeded(), one_pass)
    difference = (unit_slope(fake).mean() - unit_slope(real).mean()).item()
    assert loss.critic(unit_slope, real, fake, 0.1).item() == pytest.approx(difference, abs=1e-6)
    assert loss.generator(unit_slope, fake).item() == pytest.approx(-unit_slope(fake).mean().item(), abs=1e-6)


def test_relativistic_penalty_is_r1_plus_r2():
    """With slope s the squared gradient of each pixel is s^2, so weight / 2 * 2 s^2 is added."""
    real, fake = pictures()
    critic = lambda x: 3 * unit_slope(x)  # noqa: E731
    without = Relativistic().critic(critic, real, fake, 0.0)
    with_penalty = Relativistic().critic(critic, real, fake, 0.5)
    assert (with_penalty - without).item() == pytest.approx(0.5 * 9, rel=1e-5)


def test_relativistic_loss_favours_the_right_side():
    real, fake = torch.ones(1, 3, 12, 12), -torch.ones(4, 3, 12, 12)

    def losses(critic):
        game = Relativistic()
        return game.critic(critic, real, fake, 0.0), game.generator(critic, fake)

    (critic, generator), (fooled_critic, fooling_generator) = losses(unit_slope), losses(lambda x: -unit_slope(x))
    assert critic < fooled_critic and generator > fooling_generator


def test_the_generator_meets_the_real_scores_of_the_last_critic_step():
    """They are kept, not computed anew: another critic's score of the fakes alone changes the loss."""
    real, fake = torch.full((1, 3, 12, 12), 0.5), pictures()[1]
    game = Relativistic()
    game.critic(unit_slope, real, fake, 0.0)
    expected = torch.nn.functional.softplus(torch.tensor(0.5 * 3**0.5 - 3.0))
    assert game.generator(lambda x: torch.full_like(x[:, :1], 3.0), fake).item() == pytest.approx(
        expected.item(), rel=1e-5
    )


@pytest.mark.parametrize("reals", [1, 4])
def test_a_fake_patch_meets_the_real_one_at_its_place(reals):
    """Fakes that score 1 more than the real picture at every place differ by 1 in every pair, and in no other pairing;
    one real picture meets all fakes."""
    ramp = torch.arange(100.0).reshape(1, 1, 10, 10).expand(-1, 3, -1, -1)
    game, first_channel = Relativistic(), lambda x: x[:, :1]
    loss = game.critic(first_channel, ramp.expand(reals, -1, -1, -1), ramp.expand(4, -1, -1, -1) + 1, 0.0)
    assert loss.item() == pytest.approx(math.log(1 + math.e), rel=1e-5)
    loss = game.generator(first_channel, ramp.expand(4, -1, -1, -1) + 1)
    assert loss.item() == pytest.approx(math.log(1 + 1 / math.e), rel=1e-5)


def test_presets_choose_their_loss():
    for preset, scale, kind in (
        ("paper", 0, WassersteinGP),
        ("standard", 0, WassersteinGP),
        ("standard", 3, Relativistic),
    ):
        assert isinstance(adversary(PRESETS[preset].game(scale).loss, seeded(), one_pass=True), kind)
