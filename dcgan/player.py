"""A player of the game: a network and how it learns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from dcgan.config import TrainConfig
from dcgan.optim import Extragradient


class Player:
    """A network in training with its optimiser, in one process or several."""

    def __init__(self, network: nn.Module, learning_rate: float, config: TrainConfig, device: torch.device) -> None:
        self.network, self.config = network.to(device), config
        self.learning_rate = learning_rate
        # A captured graph reads the learning rate from where it lies on the device.
        captured = device.type == "cuda"
        lr = torch.tensor(learning_rate, device=device) if captured else learning_rate
        kw: dict[str, Any] = {"lr": lr, "capturable": captured}
        if config.optimizer == "adam":
            base: Any = torch.optim.Adam
            kw |= {"betas": config.betas, "fused": True}
        else:
            base = torch.optim.RMSprop
            kw |= {"alpha": config.rho, "foreach": True}
        parameters = network.parameters()
        self.optimizer = Extragradient(parameters, base, **kw) if config.extragradient else base(parameters, **kw)

    def set_learning_rate(self, factor: float) -> None:
        """To this times what it was at the start."""
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(self.learning_rate * factor)
            else:
                group["lr"] = self.learning_rate * factor

    def restore(self, moments: dict[Any, dict[str, Tensor]]) -> None:
        """Takes over the optimiser's state, by the parameters' numbers. Raises ValueError where it is not of them."""
        parameters = list(self.network.parameters())
        state: dict[int, dict[str, Tensor]] = {}
        for number, values in ((int(key), values) for key, values in moments.items()):
            like = parameters[number]
            if any(value.shape not in (like.shape, torch.Size()) for value in values.values()):
                raise ValueError(f"a moment of parameter {number} has another shape")
            # A fused optimiser needs moments that lie in memory as the parameter does.
            laid = {name: torch.empty_like(like).copy_(v) if v.shape == like.shape else v for name, v in values.items()}
            state[number] = laid
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})

    def advance(self, half_step: Callable[[], Any]) -> None:
        """Takes a half-step along the mean gradient of all processes."""
        parameters = list(self.network.parameters())
        if dist.is_initialized():
            gradients = [p.grad for p in parameters if p.grad is not None]
            mean = torch.cat([gradient.flatten() for gradient in gradients]) / dist.get_world_size()
            dist.all_reduce(mean)
            for gradient, part in zip(gradients, mean.split([g.numel() for g in gradients]), strict=True):
                gradient.copy_(part.view(gradient.shape))
        if self.config.clip_value is not None:
            nn.utils.clip_grad_value_(parameters, self.config.clip_value)
        half_step()
