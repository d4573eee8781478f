"""Latent controls: pure functions of z (N, latent_dim) float32, whose entries are N(0, 1)."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from darkroom.checks import check_range
from darkroom.seeds import seeded
from dcgan.config import LATENT_GRID
from dcgan.model import Generator, ThesisGenerator

PRINCIPAL_DIRECTIONS = 10  # principal directions that a model has, or fewer if its latent is shorter


def draw_latents(indices: list[int], latent_dim: int, seed: int) -> Tensor:
    """Draw latent i of a seed for each index, (N, latent_dim); each depends on (seed, i) alone."""
    return torch.stack([torch.randn(latent_dim, generator=seeded(seed, index)) for index in indices])


def with_norm_of(z: Tensor, moved: Tensor) -> Tensor:
    """Scale moved latents (N, latent_dim) to the norms of z; where z is zero, they stay."""
    norms = z.norm(dim=-1, keepdim=True)
    return torch.where(norms > 0, F.normalize(moved, dim=-1) * norms, moved)


def truncated(z: Tensor, anchor: Tensor, truncation: float) -> Tensor:
    """Move z (N, latent_dim) towards the unit vector `anchor` (latent_dim,) until the share `truncation` of the angle
    is left, 0 to 1.

    Norms are kept: scaled latents, as in the truncation trick of BigGAN (Brock et al., ICLR 2019), leave the norms on
    which a generator was trained.
    """
    return torch.cat([slerp(row.norm() * anchor, row, torch.tensor([truncation])) for row in z])


def principal_directions(generator: Generator | ThesisGenerator) -> Tensor:
    """Find unit directions in which the first layer's normalised activations change most, (10 or fewer, latent_dim).

    Eigenvectors of A^T A (SeFa, Shen and Zhou, CVPR 2021, equation 4), where A is the first layer with the gain of the
    batch normalisation behind it. z itself has no principal directions: its distribution is a sphere's.
    """
    a = generator.first_layer.detach().cpu().double()  # (latent_dim, activations)
    norm = generator.main[1] if isinstance(generator, Generator) else None
    if isinstance(norm, nn.BatchNorm2d):
        assert norm.running_var is not None
        gain = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach().cpu().double()
        a = a * gain.repeat_interleave(a.shape[1] // len(gain))
    _, vectors = torch.linalg.eigh(a @ a.T)
    directions = vectors.T.flip(0)[:PRINCIPAL_DIRECTIONS]
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    return (directions * largest.sign()).float()  # an eigenvector's sign is nobody's: fix it


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Go from a to b, (latent_dim,) each, to every share in t (N,): along the great circle, the length linearly.

    Shoemake (SIGGRAPH 1985). Straight lines pass through short latents, which are rare and give grey faces.
    """
    lengths = torch.lerp(a.norm(), b.norm(), t)[:, None]
    u, v = F.normalize(a, dim=0), F.normalize(b, dim=0)
    angle = torch.arccos((u @ v).clamp(-1, 1))
    if angle < 1e-4 or angle > math.pi - 1e-4:  # no circle, or every circle
        return torch.lerp(a[None], b[None], t[:, None])
    shares = torch.sin(torch.stack([1 - t, t]) * angle) / torch.sin(angle)
    return lengths * (shares[0][:, None] * u + shares[1][:, None] * v)


def morph_path(z: Tensor, frames: int, loop: bool) -> Tensor:
    """Lay `frames` latents through all of z (N >= 2, latent_dim) at even pace; with `loop` back to the first.

    An open path begins at the first and ends at the last latent; in a closed one the frame after the last would be the
    first. Raises ValueError for other numbers than 2 or more latents and 2 to 1000 frames.
    """
    check_range("faces to morph", len(z), 2, 100)
    check_range("frames", frames, 2, 1000)
    keys = torch.cat([z, z[:1]]) if loop else z
    stops = len(keys) - 1
    times = torch.arange(frames) * (stops / frames) if loop else torch.linspace(0, stops, frames)
    parts = times.floor().clamp(max=stops - 1).long()
    return torch.cat(
        [slerp(keys[part], keys[part + 1], (t - part)[None]) for part, t in zip(parts, times, strict=True)]
    )


def arithmetic(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Compute a - b + c (Radford et al., section 6.3.2), (N, latent_dim), at the mean length of the three."""
    result = a - b + c
    length = (a.norm(dim=1, keepdim=True) + b.norm(dim=1, keepdim=True) + c.norm(dim=1, keepdim=True)) / 3
    return F.normalize(result, dim=1) * length


def near(z: Tensor, seed: int, angle: float) -> Tensor:
    """Turn z (N, latent_dim) by `angle` in radians towards a random direction at right angles to it, length kept.

    The same seed turns the same latent in the same way. Raises ValueError where a latent is 0, which has no direction.
    """
    if not bool(z.norm(dim=1).all()):
        raise ValueError("the latent is 0, the average face: nothing lies in a direction from it")
    length, unit = z.norm(dim=1, keepdim=True), F.normalize(z, dim=1)
    random = torch.stack([torch.randn(z.shape[1], generator=seeded(seed, i, 0)) for i in range(len(z))])
    across = F.normalize(random - (random * unit).sum(1, keepdim=True) * unit, dim=1)
    return length * (math.cos(angle) * unit + math.sin(angle) * across)


def snapped(z: Tensor) -> Tensor:
    """Put z (N, latent_dim) on the grid that short links hold exactly, each entry at most 1/64 away."""
    return (z * LATENT_GRID).round() / LATENT_GRID


def plane(a: Tensor, b: Tensor, c: Tensor, side: int) -> Tensor:
    """Map the plane through three latents (1, latent_dim) each, row by row: (side^2, latent_dim).

    a is at the top left, b top right, c bottom left and b + c - a bottom right. Every latent is brought to the length
    between those of the corners, the last one's being the mean: shorter ones are rare and give grey faces. Raises
    ValueError for other sides than 2 to 32.
    """
    check_range("side", side, 2, 32)
    steps = torch.linspace(0, 1, side)
    down, right = (grid.reshape(-1, 1) for grid in torch.meshgrid(steps, steps, indexing="ij"))
    lengths = [latent.norm() for latent in (a, b, c)]
    corners = [*lengths, sum(lengths) / 3]
    shares = [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right]
    length = sum(share * corner for share, corner in zip(shares, corners, strict=True))
    return length * F.normalize(a + right * (b - a) + down * (c - a), dim=1)
