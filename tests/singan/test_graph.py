"""Captured steps, with a stand-in for CUDA: it records nothing, but keeps count of what is asked of it."""

from contextlib import contextmanager, nullcontext
from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from singan import PRESETS
from singan.graph import EAGER_RUNS, CapturedStep, runner
from singan.train import Training


class Stream:
    def wait_stream(self, other):
        assert isinstance(other, Stream)


class Graph:
    made: list["Graph"] = []

    def __init__(self):
        self.generators, self.replays, self.captured = [], 0, False
        Graph.made.append(self)

    def register_generator_state(self, rng):
        assert not self.captured, "a generator is registered before the capture"
        self.generators.append(rng)

    def replay(self):
        assert self.captured
        self.replays += 1


@contextmanager
def capture(graph, capture_error_mode):
    assert graph.generators and capture_error_mode == "thread_local"
    yield
    graph.captured = True


@pytest.fixture
def cuda(monkeypatch):
    Graph.made = []
    for name, value in (
        ("Stream", Stream),
        ("current_stream", Stream),
        ("stream", lambda stream: nullcontext()),
        ("CUDAGraph", Graph),
        ("graph", capture),
    ):
        monkeypatch.setattr(torch.cuda, name, value)


def test_a_step_runs_as_it_is_then_is_captured_once_and_replayed(cuda):
    calls: list[int] = []
    rng = torch.Generator()
    step = CapturedStep(lambda: calls.append(len(Graph.made)), rng)
    for _ in range(EAGER_RUNS):
        step()
    assert calls == [0] * EAGER_RUNS and not Graph.made
    for _ in range(5):
        step()
    (graph,) = Graph.made
    assert len(calls) == EAGER_RUNS + 1, "a capture runs the step's Python once"
    assert graph.replays == 5 and graph.generators == [rng], "the capturing call's work is done by its replay"


def test_without_cuda_the_step_itself_runs():
    def step() -> None: ...

    assert runner(step, torch.Generator()) is step


class NoWaiting(TorchDispatchMode):
    """Refuses what would make the host wait for the device, and so could not be captured either."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        assert function.name().split(".")[0] not in {
            "aten::_local_scalar_dense",
            "aten::nonzero",
            "aten::masked_select",
            "aten::equal",
        }, f"{function} needs a number on the host"
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize(("preset", "n"), [("standard", 0), ("standard", 1), ("fine", 1), ("paper", 1)])
def test_a_step_never_waits_for_the_device(preset, n, picture):
    config = replace(PRESETS["paper" if preset == "paper" else "standard"], channels=4, max_channels=4, scales=3)
    config = replace(config, coarse_scales=0) if preset == "fine" else config
    training = Training(picture, config, torch.device("cpu"))
    first = training.scale(0, 0)
    training.adopt(first.generator, 1.0, first.critic.state_dict())
    training.advance(1)
    scale = training.scale(n, 0) if n else first
    scale.generator.requires_grad_(True)
    for i in range(2 * scale.game.penalty_every + 2):
        with NoWaiting() if i else nullcontext():  # the first step sets up the optimisers
            scale.iterate(i)
