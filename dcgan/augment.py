"""Augmentation of what the discriminator sees, real and generated alike, differentiable throughout.

Colour, translation and cutout are those of DiffAugment (Zhao et al., NeurIPS 2020, arXiv 2006.10738). Applied to every
picture they may leak into the samples; applied with a probability that is steered by how sure the discriminator is of
real pictures (ADA, Karras et al., NeurIPS 2020, arXiv 2006.06676, section 3) they do not.
"""

import torch
from torch import Tensor

MAX_TRANSLATION = 1 / 8  # of a side
CUTOUT_SIDE = 1 / 2  # of a side
IMAGES_TO_CERTAINTY = 500_000  # the probability needs so many images from 0 to 1 (ADA, section 3.1)
MAX_PROBABILITY = 0.8  # ADA, section 2.2: above it augmentations leak


def _uniform(count: int, rng: torch.Generator) -> Tensor:
    return torch.rand(count, 1, 1, 1, generator=rng, device=rng.device)


def colour(x: Tensor, rng: torch.Generator) -> Tensor:
    """Give (N, 3, H, W) random brightness, saturation and contrast."""
    n = len(x)
    x = x + (_uniform(n, rng) - 0.5)
    grey = x.mean(1, keepdim=True)
    x = (x - grey) * (2 * _uniform(n, rng)) + grey
    mean = x.mean((1, 2, 3), keepdim=True)
    return (x - mean) * (_uniform(n, rng) + 0.5) + mean


def _positions(x: Tensor) -> tuple[Tensor, Tensor]:
    """Number rows and columns, (1, 1, H, 1) and (1, 1, 1, W)."""
    rows = torch.arange(x.shape[2], device=x.device)[None, None, :, None]
    return rows, torch.arange(x.shape[3], device=x.device)[None, None, None, :]


def translation(x: Tensor, rng: torch.Generator) -> Tensor:
    """Move (N, C, H, W) by up to an eighth of a side in each direction; zeros come in."""
    rows, columns = _positions(x)
    for axis, numbers, side in ((2, rows, x.shape[2]), (3, columns, x.shape[3])):
        reach = int(side * MAX_TRANSLATION)
        source = numbers + torch.floor(_uniform(len(x), rng) * (2 * reach + 1)).long() - reach
        inside = (source >= 0) & (source < side)
        x = torch.where(inside, x.gather(axis, source.clamp(0, side - 1).expand_as(x)), 0)
    return x


def cutout(x: Tensor, rng: torch.Generator) -> Tensor:
    """Set a square of half a side to zero in (N, C, H, W), anywhere, also partly outside."""
    hole = torch.ones((), dtype=torch.bool, device=x.device)
    for numbers, side in zip(_positions(x), x.shape[2:], strict=True):
        first = torch.floor(_uniform(len(x), rng) * (side + 1)) - side * CUTOUT_SIDE / 2
        hole = (numbers >= first) & (numbers < first + side * CUTOUT_SIDE) & hole
    return torch.where(hole, 0, x)


def augment(x: Tensor, probability: Tensor | None, rng: torch.Generator) -> Tensor:
    """Augment each picture of (N, 3, H, W) in [-1, 1] in each of the three ways with this probability.

    probability: () in [0, 1]; None leaves the pictures as they are.
    """
    if probability is None:
        return x
    for way in (colour, translation, cutout):
        chosen = _uniform(len(x), rng) < probability
        x = torch.where(chosen, way(x, rng), x)
    return x


@torch.no_grad()
def adapt(probability: Tensor, real: Tensor, fake: Tensor, target: float, images: int) -> None:
    """Move ADA's probability, in place: up while the discriminator is surer of real pictures than `target`, else down.

    real, fake: its logits. r_t = E[sign(D(x))] (ADA, equation 1); a relativistic or Wasserstein critic has no zero of
    its own, so signs are taken from the middle between the two means. images: seen since the last call.
    """
    r_t = (real - (real.mean() + fake.mean()) / 2).sign().mean()
    probability.add_((r_t - target).sign() * (images / IMAGES_TO_CERTAINTY)).clamp_(0, MAX_PROBABILITY)
