import math

import pytest
import torch
import torch.nn.functional as F

from darkroom.seeds import seeded
from dcgan.config import ModelConfig
from dcgan.latent import (
    PRINCIPAL_DIRECTIONS,
    arithmetic,
    draw_latents,
    morph_path,
    near,
    plane,
    principal_directions,
    slerp,
    snapped,
    truncated,
)
from dcgan.model import initialise, new_generator


def test_a_latent_depends_on_seed_and_index_alone():
    z = draw_latents([0, 1, 2, 3], 16, 7)
    assert torch.equal(draw_latents([3, 1], 16, 7), z[[3, 1]])
    assert not torch.equal(draw_latents([0], 16, 8), z[:1])


def test_truncation_keeps_the_norm_and_that_share_of_the_angle():
    z, anchor = draw_latents(list(range(20)), 64, 0), F.normalize(draw_latents([0], 64, 1)[0], dim=0)
    for truncation in (0.0, 0.3, 1.0):
        moved = truncated(z, anchor, truncation)
        assert torch.allclose(moved.norm(dim=1), z.norm(dim=1), rtol=1e-5)
        before, after = (torch.arccos((F.normalize(it, dim=1) @ anchor).clamp(-1, 1)) for it in (z, moved))
        assert torch.allclose(after, truncation * before, atol=1e-3)


def test_slerp_keeps_the_pace_and_the_length():
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0])
    t = torch.linspace(0, 1, 5)
    path = slerp(a, b, t)
    assert torch.allclose(path.norm(dim=1), 2 + 2 * t)
    angles = torch.atan2(path[:, 1], path[:, 0])
    assert torch.allclose(angles, t * math.pi / 2, atol=1e-6)
    assert torch.allclose(path[[0, -1]], torch.stack([a, b]), atol=1e-6)
    same = slerp(a, a, t)
    assert torch.allclose(same, a.expand(5, -1)) and slerp(a, -a, t).isfinite().all()


def test_an_open_path_ends_at_its_last_face_a_closed_one_goes_on_evenly():
    z = torch.randn(3, 16, generator=seeded(0))
    z = z / z.norm(dim=1, keepdim=True) * 4
    path = morph_path(z, 31, loop=False)
    assert path.shape == (31, 16)
    assert torch.allclose(path[[0, 15, 30]], z, atol=1e-5)
    closed = morph_path(z, 30, loop=True)
    assert torch.allclose(closed[[0, 10, 20]], z, atol=1e-5)
    last_step, first_step = (closed[0] - closed[-1]).norm(), (closed[-1] - closed[-2]).norm()
    assert float(last_step) == pytest.approx(float(first_step), rel=1e-3)
    for count, frames in ((1, 10), (2, 1), (2, 1001)):
        with pytest.raises(ValueError, match="allowed are 2 to"):
            morph_path(z[:count], frames, loop=False)


def test_arithmetic_keeps_the_usual_length():
    a, b, c = torch.randn(3, 5, 64, generator=seeded(1)).unbind()
    result = arithmetic(a, b, c)
    lengths = (a.norm(dim=1) + b.norm(dim=1) + c.norm(dim=1)) / 3
    assert torch.allclose(result.norm(dim=1), lengths)
    assert torch.allclose(result / result.norm(dim=1, keepdim=True), F.normalize(a - b + c, dim=1))
    assert torch.allclose(arithmetic(a, a, a), a, atol=1e-5)


def test_principal_directions_are_those_of_the_largest_effect():
    generator = new_generator(ModelConfig(latent_dim=16, width=4))
    initialise(generator, seeded(0))
    with torch.no_grad():
        generator.main[0].weight[3] *= 5  # z's fourth entry does most
    directions = principal_directions(generator)
    assert directions.shape == (PRINCIPAL_DIRECTIONS, 16)
    assert torch.allclose(directions @ directions.T, torch.eye(PRINCIPAL_DIRECTIONS), atol=1e-5)
    assert float(directions[0, 3]) > 0.95  # and its sign is fixed
    effect = (directions @ generator.first_layer).norm(dim=1)
    assert (effect[1:] <= effect[:-1] + 1e-5).all()
    few = new_generator(ModelConfig(latent_dim=3, width=4))
    assert principal_directions(few).shape == (3, 3)


def test_a_near_latent_is_turned_by_the_angle():
    z = torch.randn(4, 64, generator=seeded(2)) * torch.tensor([[0.3], [1.0], [1.0], [2.0]])
    for angle in (0.0, 0.3, math.radians(40), math.pi / 2):
        turned = near(z, 5, angle)
        assert torch.allclose(turned.norm(dim=1), z.norm(dim=1), rtol=1e-5)
        cosines = F.cosine_similarity(turned, z)
        assert torch.allclose(cosines, torch.full((4,), math.cos(angle)), atol=1e-5)
    assert torch.equal(near(z, 5, 0.7), near(z, 5, 0.7))
    assert torch.allclose(near(z[:2], 5, 0.7), near(z, 5, 0.7)[:2])  # each depends on its place alone
    assert not torch.allclose(near(z, 5, 0.7), near(z, 6, 0.7))
    drawn = draw_latents([0], 64, 5)  # of the very seed
    assert float(F.cosine_similarity(near(drawn, 5, 0.7), drawn)) == pytest.approx(math.cos(0.7), abs=1e-4)
    with pytest.raises(ValueError, match="the latent is 0"):
        near(torch.zeros(1, 64), 0, 0.7)


def test_a_plane_has_its_latents_in_the_corners():
    a, b, c = (length * torch.randn(1, 64, generator=seeded(i)) for i, length in enumerate((1.0, 0.5, 2.0)))
    grid = plane(a, b, c, 9)
    assert grid.shape == (81, 64) and torch.allclose(grid[[0, 8, 72]], torch.cat([a, b, c]), atol=1e-5)
    assert float(F.cosine_similarity(grid[80:], b + c - a)) == pytest.approx(1, abs=1e-5)
    lengths, mean = grid.norm(dim=1).reshape(9, 9), (a.norm() + b.norm() + c.norm()) / 3
    assert float(lengths[8, 8]) == pytest.approx(float(mean), rel=1e-5)
    assert torch.allclose(lengths[0], torch.lerp(a.norm(), b.norm(), torch.linspace(0, 1, 9)), rtol=1e-5)
    assert torch.allclose(plane(a, b, c, 2), grid[[0, 8, 72, 80]], atol=1e-5)
    for side in (1, 33):
        with pytest.raises(ValueError, match=f"side is {side}; allowed are 2 to 32"):
            plane(a, b, c, side)


def test_the_grid_of_short_links_is_not_seen(shipped_faces):
    z = shipped_faces.latents(64, 5)
    short = snapped(z)
    assert (short - z).abs().max() <= 1 / 64 and torch.equal(snapped(short), short)
    assert (shipped_faces.render(short) - shipped_faces.render(z)).abs().mean() * 127.5 < 1
