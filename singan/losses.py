"""The two adversarial losses: the published one and the faster one. Critics map (N, 3, H, W) to score maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from singan.config import Loss

Critic = Callable[[Tensor], Tensor]


class Adversary(Protocol):
    """What the training loop asks of a loss. `real` may have a batch of 1 against any number of fakes."""

    def critic(self, critic: Critic, real: Tensor, fake: Tensor, weight: float) -> Tensor:
        """The critic's loss with its gradient penalty times `weight`; 0 leaves the penalty out."""

    def generator(self, critic: Critic, fake: Tensor) -> Tensor:
        """The generator's loss against the real pictures of the last critic step."""


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """Mean of (|gradient| - 1)^2 at random points between real and fake (Gulrajani et al., 2017, equation 3).

    As in SinGAN's code the norm is taken over the channels of each pixel, not over the whole picture.
    """
    share = torch.rand(len(fake), 1, 1, 1, generator=rng, device=fake.device)
    between = (share * real + (1 - share) * fake).requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (gradient.norm(2, dim=1) - 1).square().mean()


class WassersteinGP:
    """WGAN-GP (Gulrajani et al., 2017), SinGAN's loss."""

    def __init__(self, rng: torch.Generator, one_pass: bool) -> None:
        self.rng, self.one_pass = rng, one_pass

    def critic(self, critic: Critic, real: Tensor, fake: Tensor, weight: float) -> Tensor:
        if self.one_pass:
            of_real, of_fake = critic(torch.cat([real, fake])).tensor_split([len(real)])
        else:
            of_real, of_fake = critic(real), critic(fake)
        loss = of_fake.mean() - of_real.mean()
        return loss + weight * gradient_penalty(critic, real, fake, self.rng) if weight else loss

    def generator(self, critic: Critic, fake: Tensor) -> Tensor:
        return -critic(fake).mean()


class Relativistic:
    """Relativistic pairing loss with R1 and R2 (R3GAN, Huang et al., NeurIPS 2024, equations 2 and 7).

    A fake patch is paired with the real one at its place in the batch; the crops are drawn apart, so the pairs are
    random. The penalties are the squared gradients of each pixel.
    """

    def __init__(self) -> None:
        self.of_real: Tensor | None = None  # scores of the last critic step, before its update: a pass less

    def critic(self, critic: Critic, real: Tensor, fake: Tensor, weight: float) -> Tensor:
        both = torch.cat([real, fake]).detach().requires_grad_(weight > 0)
        scores = critic(both)
        of_real, of_fake = scores.tensor_split([len(real)])
        self.of_real = of_real.detach()
        loss = F.softplus(of_fake - of_real).mean()
        if weight:
            (gradient,) = torch.autograd.grad(scores.sum(), both, create_graph=True)
            squares = gradient.square().sum(1)
            loss = loss + weight / 2 * (squares[: len(real)].mean() + squares[len(real) :].mean())
        return loss

    def generator(self, critic: Critic, fake: Tensor) -> Tensor:
        assert self.of_real is not None
        return F.softplus(self.of_real - critic(fake)).mean()


def adversary(loss: Loss, rng: torch.Generator, one_pass: bool) -> Adversary:
    """The loss of this name; `rng` lies on the pictures' device.

    one_pass: whether a critic sees real and fake pictures together: faster, but batch statistics would mix them.
    """
    return WassersteinGP(rng, one_pass) if loss == "wgan-gp" else Relativistic()
