"""The smallest game that GANs are studied by, played by the optimisers that train them here."""

from functools import partial
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from darkroom.checks import check_choice, check_range, check_whole
from dcgan.config import PRESETS
from dcgan.optim import Extragradient

Method = Literal["simultaneous", "alternating", "adam", "extragradient"]
START = (1.0, 0.0)
MAX_GAME_STEPS = 10_000

_MAKERS: dict[str, Any] = {
    "simultaneous": torch.optim.SGD,
    "alternating": torch.optim.SGD,
    "adam": partial(torch.optim.Adam, betas=PRESETS["radford"].betas),
    "extragradient": partial(Extragradient, base_optimizer=torch.optim.SGD),
}


def bilinear(method: Method, eta: float, steps: int = 60) -> Tensor:
    """Play min_x max_y x y from (1, 0): the places after 0, 1, ... steps of size eta, (steps + 1, 2) float64.

    The equilibrium is (0, 0), and each player's gradient is where the other stands (Gidel et al., ICLR 2019, section
    2.3), so plain steps turn around it. A step multiplies the distance from it

    "simultaneous": gradient descent and ascent at once: by sqrt(1 + eta^2);
    "alternating": y first, as discriminators are here, then x: by 1 in the long run, where eta < 2;
    "adam": in turns too, with the moments of Radford et al.: these do not hold it either;
    "extragradient": along the gradients one step ahead (Korpelevich, 1976): by sqrt(1 - eta^2 + eta^4).

    Raises ValueError for another method, eta outside 0 to 2 and steps outside 1 to 10000.
    """
    check_choice("method", method, get_args(Method))
    check_range("eta", eta, 0.0, 2.0)
    steps = check_whole("steps", steps, 1, MAX_GAME_STEPS)
    x, y = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in START)
    of_x, of_y = (_MAKERS[method]([player], lr=eta) for player in (x, y))
    path = torch.tensor([START] * (steps + 1), dtype=torch.float64)
    for i in range(1, steps + 1):
        if method == "extragradient":  # both look ahead, then both step
            _move(x, y, of_x.extrapolation, of_y.extrapolation)
        if method in ("simultaneous", "extragradient"):
            _move(x, y, of_x.step, of_y.step)
        else:
            _move(x, y, None, of_y.step)
            _move(x, y, of_x.step, None)
        path[i, 0], path[i, 1] = x.detach(), y.detach()
    return path


def _move(x: Tensor, y: Tensor, half_of_x: Any, half_of_y: Any) -> None:
    """Take these half-steps along the gradients at where both stand now; y goes up."""
    x.grad, y.grad = y.detach().clone(), -x.detach()
    for half_step in (half_of_x, half_of_y):
        if half_step is not None:
            half_step()
