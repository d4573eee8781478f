import pytest
import torch

from singan.uses.animate import Walk


@pytest.mark.parametrize(("alpha", "beta", "frames"), [(0.1, 0.9, 10), (0.02, 0.8, 25), (0.01, 1.0, 4)])
def test_a_closed_walk_repeats(alpha, beta, frames):
    """Going on after the last frame leads to the first again: the recursion closes, it is not cut."""
    walk = Walk(torch.zeros(3, 8, 8), 1, 4, alpha, beta, frames, loop=True)
    first, second = ([walk.next() for _ in range(frames)] for _ in range(2))
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(first, second, strict=True))
    assert beta == 1 or (first[0] - first[frames // 2]).abs().mean() > 0.01


def test_an_open_walk_is_the_published_recursion():
    z_rec = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(0))
    walk = Walk(z_rec, 0, 1, 0.3, 0.8, 4, loop=False)
    z = [walk.next() for _ in range(4)]
    assert torch.equal(z[0], z_rec)
    assert torch.allclose(z[1], 0.95 * z_rec + 0.05 * walk.noise(0), atol=1e-6)
    for t in (1, 2):
        step = 0.8 * (z[t] - z[t - 1]) + 0.2 * walk.noise(t)
        assert torch.allclose(z[t + 1], 0.3 * z_rec + 0.7 * (z[t] + step), atol=1e-5)


def test_a_closed_walk_stays_around_its_middle():
    z_rec = torch.full((1, 4, 4), 5.0)
    walk = Walk(z_rec, 0, 0, 0.1, 0.9, 50, loop=True)
    z = torch.stack([walk.next() for _ in range(50)])
    assert (z.mean(0) - z_rec).abs().max() < 1


def test_scales_and_seeds_move_apart():
    walks = [Walk(torch.zeros(1, 4, 4), n, seed, 0.1, 0.9, 5, loop=False) for seed, n in ((0, 0), (0, 1), (1, 0))]
    ends = [[walk.next() for _ in range(3)][-1] for walk in walks]
    assert not torch.equal(ends[0], ends[1]) and not torch.equal(ends[0], ends[2])
