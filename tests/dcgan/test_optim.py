"""The bilinear game min_t max_f t f (Gidel et al., section 2.3): who spirals in, who spirals out, and how fast."""

import copy

import pytest
import torch

from dcgan.optim import Extragradient

ETA = 0.3
START = (1.0, -0.5)


class Game:
    """Two players, each with an optimiser of its own."""

    def __init__(self, make):
        self.t, self.f = (torch.nn.Parameter(torch.tensor(value, dtype=torch.float64)) for value in START)
        self.optimizers = [make([self.t]), make([self.f])]

    def gradients(self):
        product = self.t * self.f
        self.t.grad, self.f.grad = torch.autograd.grad(product, [self.t, self.f])
        self.f.grad = -self.f.grad  # it maximises

    def move(self, how="step"):
        self.gradients()
        for optimizer in self.optimizers:
            getattr(optimizer, how)()

    @property
    def distance(self) -> float:
        return float(self.t.detach() ** 2 + self.f.detach() ** 2)


def extra_sgd(params):
    return Extragradient(params, torch.optim.SGD, lr=ETA)


def test_repeated_extrapolation_is_the_implicit_method():
    game = Game(extra_sgd)
    for _ in range(10):
        before = game.distance
        for _ in range(60):  # a fixed-point iteration that contracts by ETA
            game.move("extrapolation")
        game.move("step")
        assert game.distance / before == pytest.approx(1 / (1 + ETA**2), rel=1e-12)


def test_adaptive_bases_work_too():
    for base, kw in ((torch.optim.Adam, {"betas": (0.0, 0.9)}), (torch.optim.RMSprop, {"alpha": 0.9})):
        game = Game(lambda params, base=base, kw=kw: Extragradient(params, base, lr=0.01, **kw))
        start = game.distance
        for _ in range(600):
            game.move("extrapolation")
            game.move("step")
        assert game.distance < 0.1 * start


def test_extra_adam_updates_its_moments_at_both_half_steps():
    """Algorithm 4 of the paper, written out."""
    lr, (b1, b2), eps = 0.1, (0.5, 0.9), 1e-8
    w = torch.nn.Parameter(torch.tensor([2.0], dtype=torch.float64))
    optimizer = Extragradient([w], torch.optim.Adam, lr=lr, betas=(b1, b2), eps=eps)
    m = v = 0.0
    x, number = 2.0, 0

    def update(at: float) -> float:
        nonlocal m, v, number
        number += 1
        gradient = 2 * at  # of w^2
        m, v = b1 * m + (1 - b1) * gradient, b2 * v + (1 - b2) * gradient**2
        return lr * (m / (1 - b1**number)) / ((v / (1 - b2**number)) ** 0.5 + eps)

    for _ in range(4):
        for half in (optimizer.extrapolation, optimizer.step):
            optimizer.zero_grad()
            w.square().sum().backward()
            half()
        ahead = x - update(x)
        x = x - update(ahead)
        assert float(w.detach()) == pytest.approx(x, rel=1e-12)


def test_a_step_needs_an_extrapolation():
    with pytest.raises(RuntimeError, match="without extrapolation"):
        Extragradient([torch.nn.Parameter(torch.ones(1))], torch.optim.SGD, lr=0.1).step()


def test_state_and_learning_rate_pass_through():
    def run(game, count):
        for _ in range(count):
            game.move("extrapolation")
            game.move("step")

    make = lambda params: Extragradient(params, torch.optim.Adam, lr=0.05)  # noqa: E731
    whole, first = Game(make), Game(make)
    run(whole, 6)
    run(first, 3)
    second = Game(make)
    second.t.data, second.f.data = first.t.data.clone(), first.f.data.clone()
    for new, old in zip(second.optimizers, first.optimizers, strict=True):
        new.load_state_dict(copy.deepcopy(old.state_dict()))
    run(second, 3)
    assert second.distance == whole.distance
    scheduler = torch.optim.lr_scheduler.StepLR(second.optimizers[0], 1, gamma=0.1)
    second.move("extrapolation")
    second.move("step")
    scheduler.step()
    assert second.optimizers[0].base.param_groups[0]["lr"] == pytest.approx(0.005)
