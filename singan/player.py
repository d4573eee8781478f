"""A player of a scale's game: a network and how it learns."""

from __future__ import annotations

from typing import Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

RECENT = 0.05  # share of a step in the running norm of the gradients

Network = TypeVar("Network", bound=nn.Module)


class Player(Generic[Network]):
    """A network in training with its optimiser, and the norm of its gradients of late.

    clip: a gradient is shortened to this times its recent norm; 0 leaves it as it is.
    """

    def __init__(self, network: Network, learning_rate: float, betas: tuple[float, float], clip: float) -> None:
        self.network, self.learning_rate, self.clip = network, learning_rate, clip
        network.train()
        device = next(network.parameters()).device
        # On the device: a captured step reads what it is at the time.
        self.rate = torch.tensor(learning_rate, device=device)
        self.optimizer = torch.optim.Adam(
            network.parameters(), self.rate, betas, fused=True, capturable=device.type == "cuda"
        )
        self.norm = torch.zeros((), device=device)

    def set_learning_rate(self, factor: float) -> None:
        """To this times what it was at the start."""
        self.rate.fill_(self.learning_rate * factor)

    def descend(self, loss: Tensor) -> None:
        """One step of the optimiser."""
        self.optimizer.zero_grad()
        loss.backward()
        if self.clip:
            self.shorten_gradient()
        self.optimizer.step()

    def shorten_gradient(self) -> None:
        """Shortens a gradient that is far longer than those of late.

        Where the critic finds nothing to tell apart for a while, Adam divides by next to nothing: the first real
        gradient would throw the networks far away.
        """
        gradients = [parameter.grad for parameter in self.network.parameters() if parameter.grad is not None]
        norm = get_total_norm(gradients)
        limit = torch.where(self.norm > 0, self.clip * self.norm, norm)
        share = (limit / norm.clamp(min=1e-12)).clamp(max=1)
        for gradient in gradients:  # torch's own clipping would wait for the device
            gradient.mul_(share)
        self.norm.copy_(torch.where(self.norm > 0, self.norm.lerp(norm.minimum(limit), RECENT), norm))
