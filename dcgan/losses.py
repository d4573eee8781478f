"""The games: what the discriminator and the generator minimise, as functions of scores (N,), and penalties.

Scores are the discriminator's logits; where a loss is not of probabilities, papers call it a critic.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from dcgan.config import Loss


def _targets(like: Tensor, value: float, noise: float, rng: torch.Generator) -> Tensor:
    """Targets of binary cross-entropy, at most `noise` below `value`."""
    if not noise:
        return torch.full_like(like, value)
    return value - noise * torch.rand(like.shape, generator=rng, device=like.device)


def critic_loss(
    loss: Loss, real_scores: Tensor, fake_scores: Tensor, smoothing: float, noise: float, rng: torch.Generator
) -> Tensor:
    """What the discriminator minimises, without its penalty.

    "minimax", "non-saturating": Goodfellow et al. (2014), with smoothed and noisy targets on request.
    "wgan-gp": Gulrajani et al. (2017), equation 3 without its penalty.
    "hinge": Lim and Ye (2017), as with spectral normalisation (Miyato et al., 2018, equation 16).
    "relativistic": Jolicoeur-Martineau's pairing as in R3GAN (Huang et al., 2024, equation 2).
    """
    if loss == "relativistic":
        return F.softplus(fake_scores - real_scores).mean()
    if loss == "wgan-gp":
        return fake_scores.mean() - real_scores.mean()
    if loss == "hinge":
        return F.relu(1 - real_scores).mean() + F.relu(1 + fake_scores).mean()
    cross_entropy = F.binary_cross_entropy_with_logits
    of_real = cross_entropy(real_scores, _targets(real_scores, 1 - smoothing, noise, rng))
    return of_real + cross_entropy(fake_scores, _targets(fake_scores, 0.0, noise, rng))


def generator_loss(loss: Loss, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """What the generator minimises; `real_scores` are of as many real pictures, without gradient.

    "minimax": log(1 - D(G(z))), Goodfellow et al. (2014), equation 1. "non-saturating": -log D(G(z)), section 3 there.
    """
    match loss:
        case "relativistic":
            return F.softplus(real_scores - fake_scores).mean()
        case "wgan-gp" | "hinge":
            return -fake_scores.mean()
        case "minimax":
            return -F.softplus(fake_scores).mean()
        case _:
            return F.softplus(-fake_scores).mean()


def zero_centred_penalty(scores: Tensor, pictures: Tensor) -> Tensor:
    """Half of the mean squared gradient norm at `pictures` (N, 3, H, W): R1 at real ones, R2 at generated ones.

    Mescheder et al. (ICML 2018), equation 9. scores: the discriminator's, of these pictures.
    """
    return 0.5 * _gradients(scores, pictures).square().sum((1, 2, 3)).mean()


def interpolated_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, rng: torch.Generator
) -> Tensor:
    """WGAN-GP's: mean of (|gradient| - 1)^2 at random points between real and fake (Gulrajani et al., equation 3)."""
    share = torch.rand(len(real), 1, 1, 1, generator=rng, device=real.device)
    between = (share * real + (1 - share) * fake).detach().requires_grad_()
    norms = _gradients(critic(between), between).square().sum((1, 2, 3)).sqrt()
    return (norms - 1).square().mean()


def _gradients(scores: Tensor, pictures: Tensor) -> Tensor:
    (gradients,) = torch.autograd.grad(scores.sum(), pictures, create_graph=True)
    return gradients.float()
