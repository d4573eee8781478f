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
    without = Relativistic(seeded()).critic(critic, real, fake, 0.0)
    with_penalty = Relativistic(seeded()).critic(critic, real, fake, 0.5)
    assert (with_penalty - without).item() == pytest.approx(0.5 * 9, rel=1e-5)


def test_relativistic_loss_favours_the_right_side():
    real, fake = torch.ones(1, 3, 12, 12), -torch.ones(4, 3, 12, 12)

    def losses(critic):
        game = Relativistic(seeded())
        return game.critic(critic, real, fake, 0.0), game.generator(critic, fake)

    (critic, generator), (fooled_critic, fooling_generator) = losses(unit_slope), losses(lambda x: -unit_slope(x))
    assert critic < fooled_critic and generator > fooling_generator


def test_the_generator_meets_the_real_scores_of_the_last_critic_step():
    """They are kept, not computed anew: another critic's score of the fakes alone changes the loss."""
    real, fake = torch.full((1, 3, 12, 12), 0.5), pictures()[1]
    game = Relativistic(seeded())
    game.critic(unit_slope, real, fake, 0.0)
    expected = torch.nn.functional.softplus(torch.tensor(0.5 * 3**0.5 - 3.0))
    assert game.generator(lambda x: torch.full_like(x[:, :1], 3.0), fake).item() == pytest.approx(
        expected.item(), rel=1e-5
    )


@pytest.mark.parametrize("reals", [1, 4])
def test_every_fake_patch_meets_a_random_real_one(reals):
    of_real = torch.arange(reals * 100.0).reshape(reals, 1, 10, 10)
    of_fake = torch.zeros(4, 1, 10, 10)
    game = Relativistic(seeded())
    partners = game._partners(of_real, of_fake)
    assert partners.shape == of_fake.shape and set(partners.unique().tolist()) <= set(range(reals * 100))
    assert partners.mean().item() == pytest.approx(of_real.mean().item(), rel=0.1)
    assert not torch.equal(partners, game._partners(of_real, of_fake))


def test_presets_choose_their_loss():
    for preset, scale, kind in (
        ("paper", 0, WassersteinGP),
        ("standard", 0, WassersteinGP),
        ("standard", 3, Relativistic),
    ):
        assert isinstance(adversary(PRESETS[preset].game(scale).loss, seeded(), one_pass=True), kind)
