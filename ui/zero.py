"""Training on ZeroGPU, Spaces' shared accelerators: a function has one for a given time only, in a process of its own.

A training that lasts longer goes on in the next call from its last finished scale, to the same result. Drawing stays on
the CPU there: it is over before a turn on a GPU would begin. Elsewhere this module costs nothing: `spaces`, which takes
seconds to import, is only imported on ZeroGPU.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from singan import Progress, TrainConfig, TrainingError, train
from singan.checkpoint import Checkpoint
from singan.image import open_picture, pyramid_sizes

ON_ZERO_GPU = bool(os.environ.get("SPACES_ZERO_GPU"))
LONGEST_SECONDS = 120.0  # of a call; visitors without an account have that much a day
SETUP_SECONDS = 10.0  # to start the process and warm up
# Of one step of both networks. A guess to begin with, as no such GPU was at hand; every finished call replaces it.
_step_seconds = 0.03


def estimate(picture: str, config: TrainConfig, checkpoint: Checkpoint | None = None) -> float:
    """Seconds that the scales of a training which are not finished yet will take on ZeroGPU, at most."""
    scales = config.trained(pyramid_sizes(*open_picture(picture).size, config))
    return _steps(config, range(_done(checkpoint), scales)) * _step_seconds


def _done(checkpoint: Checkpoint | None) -> int:
    return checkpoint.scene.scales if checkpoint else 0


def _steps(config: TrainConfig, scales: range) -> float:
    """Steps of both networks at these scales, at most."""
    return sum(map(config.steps, scales)) * (config.critic_steps + config.generator_steps) / 2


def call_seconds(picture: str, config: TrainConfig, checkpoint: Checkpoint | None) -> float:
    """How long the next call asks for: all that is left if that fits, else as many scales as fit, at least one."""
    done = _done(checkpoint)
    one = SETUP_SECONDS + 1.5 * _steps(config, range(done, done + 1)) * _step_seconds
    return min(SETUP_SECONDS + 1.5 * estimate(picture, config, checkpoint), max(LONGEST_SECONDS, one))


def _on_gpu(function: Callable[..., Any]) -> Callable[..., Any]:
    if not ON_ZERO_GPU:
        return function
    import spaces

    return spaces.GPU(duration=call_seconds)(function)  # type: ignore[no-any-return]


@_on_gpu
def _call(picture: str, config: TrainConfig, checkpoint: Checkpoint | None) -> Iterator[Progress]:
    """One call's share of a training: it ends where the next scale would not be finished in time."""
    begun = time.monotonic()
    end = begun + call_seconds(picture, config, checkpoint)
    scale_begun = begun
    for record in train(picture, config, "auto", checkpoint):
        # The GPU's memory is gone when the call ends.
        yield replace(record, checkpoint=record.checkpoint and record.checkpoint.on_cpu())
        if record.iteration == record.iterations:
            now = time.monotonic()
            if now + 1.2 * (now - scale_begun) > end:
                return
            scale_begun = now


def train_in_calls(picture: Any, config: TrainConfig, checkpoint: Checkpoint | None) -> Generator[Progress, None, None]:
    """The records of a training, over as many calls as it needs. Raises TrainingError where a call is cut off."""
    global _step_seconds
    finished, before = False, 0.0
    while not finished:
        record = None
        try:
            for record in _call(picture, config, checkpoint):
                record = replace(record, seconds=before + record.seconds)
                yield record
        except gr.Error as error:  # what `spaces` raises where a quota is used up or a call is cut off
            raise TrainingError(str(error.message)) from None
        if record is None or record.checkpoint is None or record.checkpoint is checkpoint:
            raise TrainingError("the GPU's time ended before a scale was finished")
        steps = _steps(config, range(_done(checkpoint), record.checkpoint.scene.scales))
        _step_seconds = (record.seconds - before) / steps
        finished, before, checkpoint = record.finished, record.seconds, record.checkpoint
