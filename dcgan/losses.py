"""The games: what the discriminator and the generator minimise, as functions of logits (N,)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def _targets(like: Tensor, value: float, noise: float, rng: torch.Generator) -> Tensor:
    """Targets of binary cross-entropy, at most `noise` below `value`."""
    if not noise:
        return torch.full_like(like, value)
    return value - noise * torch.rand(like.shape, generator=rng, device=like.device)


def discriminator_loss(
    loss: str, real: Tensor, fake: Tensor, smoothing: float, noise: float, rng: torch.Generator
) -> Tensor:
    """What the discriminator minimises, from its logits of real and generated pictures.

    "minimax", "non-saturating": Goodfellow et al. (2014), with smoothed and noisy targets on request.
    "wgan-gp": Gulrajani et al. (2017), equation 3 without its penalty.
    "hinge": Lim and Ye (2017), as with spectral normalisation (Miyato et al., 2018, equation 16).
    "relativistic": Jolicoeur-Martineau's pairing as in R3GAN (Huang et al., 2024, equation 2).
    """
    if loss == "relativistic":
        return F.softplus(fake - real).mean()
    if loss == "wgan-gp":
        return fake.mean() - real.mean()
    if loss == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    cross_entropy = F.binary_cross_entropy_with_logits
    return cross_entropy(real, _targets(real, 1 - smoothing, noise, rng)) + cross_entropy(
        fake, _targets(fake, 0.0, noise, rng)
    )


def generator_loss(loss: str, real: Tensor, fake: Tensor) -> Tensor:
    """What the generator minimises; `real` are the discriminator's logits of as many real pictures, without gradient.

    "minimax": log(1 - D(G(z))), Goodfellow et al. (2014), equation 1. "non-saturating": -log D(G(z)), section 3 there.
    """
    match loss:
        case "relativistic":
            return F.softplus(real - fake).mean()
        case "wgan-gp" | "hinge":
            return -fake.mean()
        case "minimax":
            return -F.softplus(fake).mean()
        case _:
            return F.softplus(-fake).mean()


def zero_centred_penalty(discriminator: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    """Half of the mean squared gradient norm at `pictures` (N, 3, H, W): R1 at real ones, R2 at generated ones.

    Mescheder et al. (ICML 2018), equation 9.
    """
    return 0.5 * _gradients(discriminator, pictures).square().sum((1, 2, 3)).mean()


def interpolated_penalty(
    discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, rng: torch.Generator
) -> Tensor:
    """WGAN-GP's penalty: the squared distance of the gradient's norm from 1 between real and generated pictures."""
    share = torch.rand(len(real), 1, 1, 1, generator=rng, device=real.device)
    norms = _gradients(discriminator, share * real + (1 - share) * fake).square().sum((1, 2, 3)).sqrt()
    return (norms - 1).square().mean()


def _gradients(discriminator: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    pictures = pictures.detach().requires_grad_()
    (gradients,) = torch.autograd.grad(discriminator(pictures).sum(), pictures, create_graph=True)
    return gradients.float()
