"""Training steps as CUDA graphs: small networks are otherwise bound by the launching of their kernels."""

from __future__ import annotations

from collections.abc import Callable

import torch

EAGER_RUNS = 3  # before a step is captured: they set up optimizers and let cuDNN choose its kernels


class CapturedStep:
    """A step without arguments that reads and writes the same tensors every time, and draws from `rng`.

    The first calls run it as it is, on a stream of their own; the next captures it; all later ones replay it.
    """

    def __init__(self, step: Callable[[], None], rng: torch.Generator) -> None:
        self.step, self.rng = step, rng
        self.stream = torch.cuda.Stream()
        self.eager = 0
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        if self.eager < EAGER_RUNS:
            self.eager += 1
            self.stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.stream):
                self.step()
            torch.cuda.current_stream().wait_stream(self.stream)
            return
        if self.graph is None:
            self.graph = torch.cuda.CUDAGraph()
            self.graph.register_generator_state(self.rng)
            # Other threads may draw meanwhile: only this one's calls are held to what can be captured.
            with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
                self.step()
        self.graph.replay()


def runner(step: Callable[[], None], rng: torch.Generator) -> Callable[[], None]:
    """Return the step itself, or on CUDA the step as a graph."""
    return CapturedStep(step, rng) if rng.device.type == "cuda" else step
