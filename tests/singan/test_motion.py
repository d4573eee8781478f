import numpy as np
import pytest
import torch
from PIL import Image

from darkroom.seeds import seeded
from singan import ScenePipeline
from singan.enlarge import Enlarger
from singan.motion import moving_prints
from singan.uses.animate import Walk
from tests.singan.test_enlarge import photograph, pixels

assert photograph  # a fixture


def printed(photograph: Image.Image, frames: list[Image.Image], loop: bool) -> list[Image.Image]:
    steps = moving_prints(Enlarger(photograph, (160, 120)), frames, loop)
    return [step.picture for step in steps if step.picture is not None]


def drawn(photograph: Image.Image, shift: float) -> Image.Image:
    """A small picture of the photograph, moved along by so many px."""
    moved = photograph.transform(
        photograph.size, Image.Transform.AFFINE, (1, 0, shift, 0, 1, 0), Image.Resampling.BICUBIC
    )
    return moved.resize((80, 60), Image.Resampling.LANCZOS)


def test_what_stands_still_stays_still(photograph: Image.Image) -> None:
    prints = printed(photograph, [drawn(photograph, 0)] * 4, loop=False)
    assert [it.size for it in prints] == [(160, 120)] * 4
    steps = [np.abs(pixels(a) - pixels(b)).mean() for a, b in zip(prints, prints[1:], strict=False)]
    assert max(steps) < 0.5 and steps[-1] < 0.1  # matches settle


def test_what_moves_moves(photograph: Image.Image) -> None:
    frames = [drawn(photograph, shift) for shift in (0, 4, 8, 12)]
    prints = printed(photograph, frames, loop=False)
    for frame, print_ in zip(frames, prints, strict=True):
        small = np.asarray(print_.resize(frame.size, Image.Resampling.LANCZOS)).astype(float)
        others = [np.abs(small - pixels(other)).mean() for other in frames]
        assert np.argmin(others) == frames.index(frame)


def test_a_loop_has_no_seam(photograph: Image.Image) -> None:
    frames = [drawn(photograph, 6 * np.sin(2 * np.pi * t / 16)) for t in range(16)]
    prints = printed(photograph, frames, loop=True)
    steps = [np.abs(pixels(prints[t]) - pixels(prints[t - 1])).mean() for t in range(16)]
    assert steps[0] <= 1.2 * max(steps[1:])


@pytest.mark.parametrize("loop", [True, False])
def test_a_scene_prints_its_animation(tiny_scene: ScenePipeline, loop: bool) -> None:
    frames, again = (tiny_scene.animate(1, frames=3, loop=loop, enlarge=True) for _ in range(2))
    assert [it.tobytes() for it in frames] == [it.tobytes() for it in again]
    assert {it.size for it in frames} == {tiny_scene.print_size}


@pytest.mark.parametrize(("alpha", "beta", "frames"), [(0.1, 0.9, 10), (0.02, 0.8, 25), (0.01, 1.0, 4)])
def test_a_closed_walk_repeats(alpha, beta, frames):
    """Going on after the last frame leads to the first again: the recursion closes, it is not cut."""
    walk = Walk(torch.zeros(3, 8, 8), 1, 4, alpha, beta, frames, loop=True)
    list(walk.closed())
    first, second = ([walk.next() for _ in range(frames)] for _ in range(2))
    assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(first, second, strict=True))
    assert beta == 1 or (first[0] - first[frames // 2]).abs().mean() > 0.01


def test_an_open_walk_is_the_published_recursion():
    z_rec = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(0))
    walk = Walk(z_rec, 0, 1, 0.3, 0.8, 4, loop=False)
    z = [walk.next() for _ in range(4)]
    noise = lambda t: torch.randn(z_rec.shape, generator=seeded(1, 0, t))  # noqa: E731
    assert torch.equal(z[0], z_rec)
    assert torch.allclose(z[1], 0.95 * z_rec + 0.05 * noise(0), atol=1e-6)
    for t in (1, 2):
        step = 0.8 * (z[t] - z[t - 1]) + 0.2 * noise(t)
        assert torch.allclose(z[t + 1], 0.3 * z_rec + 0.7 * (z[t] + step), atol=1e-5)
