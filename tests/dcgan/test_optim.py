"""Extragradient with Adam; test_games.py has it with plain steps."""

import pytest
import torch

from dcgan.optim import Extragradient


def test_extra_adam_updates_its_moments_at_both_half_steps():
    """Algorithm 4 of Gidel et al. (ICLR 2019), written out; with another learning rate and a new object midway."""
    (b1, b2), eps = (0.5, 0.9), 1e-8
    w = torch.nn.Parameter(torch.tensor([2.0], dtype=torch.float64))

    def new() -> Extragradient:
        return Extragradient([w], torch.optim.Adam, lr=0.1, betas=(b1, b2), eps=eps)

    optimizer = new()
    m = v = 0.0
    x, number = 2.0, 0

    def update(at: float, lr: float) -> float:
        nonlocal m, v, number
        number += 1
        gradient = 2 * at  # of w^2
        m, v = b1 * m + (1 - b1) * gradient, b2 * v + (1 - b2) * gradient**2
        return lr * (m / (1 - b1**number)) / ((v / (1 - b2**number)) ** 0.5 + eps)

    for lr in (0.1, 0.1, 0.03, 0.03):
        state, optimizer = optimizer.state_dict(), new()
        optimizer.load_state_dict(state)
        torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _, lr=lr: lr / 0.1)
        for half in (optimizer.extrapolation, optimizer.step):
            optimizer.zero_grad()
            w.square().sum().backward()
            half()
        ahead = x - update(x, lr)
        x = x - update(ahead, lr)
        assert float(w.detach()) == pytest.approx(x, rel=1e-12)


def test_repeated_extrapolation_is_the_implicit_method():
    w = torch.nn.Parameter(torch.tensor([2.0], dtype=torch.float64))
    optimizer = Extragradient([w], torch.optim.SGD, lr=0.3)
    for half in [optimizer.extrapolation] * 60 + [optimizer.step]:
        optimizer.zero_grad()
        w.square().sum().backward()
        half()
    assert float(w.detach()) == pytest.approx(2 / (1 + 2 * 0.3), rel=1e-12)
    with pytest.raises(RuntimeError, match="without extrapolation"):
        optimizer.step()
