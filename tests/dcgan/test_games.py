"""The bilinear game does what its mathematics says (Gidel et al., section 2.3), by the optimisers of training."""

import pytest

from dcgan.games import MAX_GAME_STEPS, START, bilinear


def distances(method, eta, steps=60):
    path = bilinear(method, eta, steps)
    assert path.shape == (steps + 1, 2) and tuple(path[0].tolist()) == START
    return path.norm(dim=1)


def test_each_step_multiplies_the_distance_by_the_known_factor():
    for eta in (0.05, 1.0):
        factors = {"simultaneous": (1 + eta**2) ** 0.5, "extragradient": (1 - eta**2 + eta**4) ** 0.5}
        for method, factor in factors.items():
            found = distances(method, eta)
            assert (found[1:] / found[:-1]).tolist() == pytest.approx([factor] * 60, rel=1e-9)


def test_in_turns_the_players_stay_on_an_ellipse():
    for eta in (0.05, 1.9):
        x, y = bilinear("alternating", eta, 2000).T
        assert (x**2 + y**2 + eta * x * y).tolist() == pytest.approx([1.0] * 2001, rel=1e-6)


def test_adam_spirals_out():
    first, second, last = (float(distances("adam", 0.1, 400)[i]) for i in (100, 200, 400))
    assert 1 < first < second < last


def test_what_cannot_be_played_is_named():
    for arguments, message in (
        (("newton", 0.3), "method is 'newton'; allowed are simultaneous, alternating, adam, extragradient"),
        (("adam", 2.1), "eta is 2.1; allowed are 0.0 to 2.0"),
        (("adam", float("nan")), "eta is nan"),
        (("adam", 0.3, 0), f"steps is 0; allowed are 1 to {MAX_GAME_STEPS}"),
    ):
        with pytest.raises(ValueError, match=message):
            bilinear(*arguments)
