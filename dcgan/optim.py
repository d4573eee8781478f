"""The players' optimisers; Extragradient: steps for games (Gidel et al., ICLR 2019, arXiv 1802.10551)."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from dcgan.config import TrainConfig


def new_optimizer(network: nn.Module, learning_rate: float, config: TrainConfig) -> torch.optim.Optimizer:
    """Make the optimiser of a network on its device; on CUDA it can be captured, and its learning rate is a tensor."""
    device = next(network.parameters()).device
    captured = device.type == "cuda"
    options: dict[str, Any] = {
        "lr": torch.tensor(learning_rate, device=device) if captured else learning_rate, "capturable": captured
    }  # fmt: skip
    base: Any
    if config.optimizer == "adam":
        base, options = torch.optim.Adam, options | {"betas": config.betas, "fused": True}
    else:
        base, options = torch.optim.RMSprop, options | {"alpha": config.rho, "foreach": True}
    parameters = network.parameters()
    return Extragradient(parameters, base, **options) if config.extragradient else base(parameters, **options)  # type: ignore[no-any-return]


class Extragradient(torch.optim.Optimizer):
    """Look one step ahead, then step from where one stood (Gidel et al., section 3.2).

    `extrapolation()` moves the parameters one step of the base optimiser ahead; `step()` goes from where they were
    before, along the gradients found ahead. All players extrapolate before any of them steps. Repeated extrapolations
    all start from the same parameters and approach the implicit step. With Adam this is Extra-Adam (algorithm 4): its
    moments are updated at both half-steps.

        for half_step in (optimizer.extrapolation, optimizer.step):
            optimizer.zero_grad(); loss().backward(); half_step()

    params, base_optimizer, **kw: `base_optimizer(params, **kw)` is the optimiser whose steps are taken.
    """

    def __init__(
        self, params: Iterable[Any], base_optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam, **kw: Any
    ) -> None:
        self.base = base_optimizer(params, **kw)
        super().__init__(self.base.param_groups, self.base.defaults)
        self.state = self.base.state
        self._before: list[Tensor] = []

    def _parameters(self) -> list[Tensor]:
        return [parameter for group in self.param_groups for parameter in group["params"]]

    @torch.no_grad()
    def extrapolation(self) -> None:
        """Take the first half-step, along the gradients at the present parameters."""
        if not self._before:
            self._before = [parameter.clone() for parameter in self._parameters()]
        else:
            self._return()
        self.base.step()

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take the second half-step. Raises RuntimeError without an extrapolation before it."""
        if not self._before:
            raise RuntimeError("step() without extrapolation() before it")
        self._return()
        self._before = []
        self.base.step()

    def _return(self) -> None:
        torch._foreach_copy_(self._parameters(), self._before)

    def state_dict(self) -> dict[str, Any]:
        """Return the base optimiser's state; between half-steps it is not the whole."""
        return self.base.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.base.load_state_dict(state_dict)
        self.param_groups, self.state = self.base.param_groups, self.base.state
        self._before = []
