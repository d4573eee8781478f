"""Captured steps, with a stand-in for CUDA: it records nothing, but keeps count of what is asked of it."""

from contextlib import contextmanager, nullcontext

import pytest
import torch

from darkroom.adversarial import EAGER_RUNS, CapturedStep, runner


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
