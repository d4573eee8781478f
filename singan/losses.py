"""What a scale's two players minimise, as functions of score maps (N, 1, h, w), and the penalties of critics.

One map of a real picture may stand against any number of fakes' maps. Critics map (N, 3, H, W) to score maps.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from singan.config import Loss


def critic_loss(loss: Loss, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """What the critic minimises, without its penalty.

    "wgan-gp": SinGAN's loss (Gulrajani et al., 2017, equation 3).
    "relativistic": the pairing loss of R3GAN (Huang et al., NeurIPS 2024, equation 2). A fake patch is paired with the
    real one at its place in the batch; the crops are drawn apart, so the pairs are random.
    """
    if loss == "wgan-gp":
        return fake_scores.mean() - real_scores.mean()
    return F.softplus(fake_scores - real_scores).mean()


def generator_loss(loss: Loss, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """What the generator minimises against the same equations' critic; `real_scores` are without gradient."""
    if loss == "wgan-gp":
        return -fake_scores.mean()
    return F.softplus(real_scores - fake_scores).mean()


def interpolated_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, rng: torch.Generator
) -> Tensor:
    """WGAN-GP's: mean of (|gradient| - 1)^2 at random points between real and fake (Gulrajani et al., equation 3).

    As in SinGAN's code the norm is taken over the channels of each pixel, not over the whole picture. rng lies on the
    pictures' device.
    """
    share = torch.rand(len(fake), 1, 1, 1, generator=rng, device=fake.device)
    between = (share * real + (1 - share) * fake).requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (gradient.norm(2, dim=1) - 1).square().mean()


def zero_centred_penalty(scores: Tensor, pictures: Tensor, reals: int) -> Tensor:
    """R1 + R2 (R3GAN, equation 7): half of the mean squared gradient of each pixel, at real and at generated pictures.

    scores: the critic's, of `pictures`, the first `reals` of which are real; they are of the loss, too: a pass less.
    """
    (gradient,) = torch.autograd.grad(scores.sum(), pictures, create_graph=True)
    squares = gradient.square().sum(1)
    return 0.5 * (squares[:reals].mean() + squares[reals:].mean())
