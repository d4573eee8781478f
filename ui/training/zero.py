"""Training on ZeroGPU, Spaces' shared accelerators: a function has one for a given time only, in a process of its own.

A training that lasts longer goes on in the next call from its last finished scale, to the same result. Drawing stays on
the CPU there: it is over before a turn on a GPU would begin. `spaces`, which takes seconds, is only imported there.
"""

import os
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import gradio as gr

from singan import Progress, TrainConfig, TrainingError, train
from singan.checkpoint import Checkpoint
from singan.image import open_picture, pyramid_sizes

ON_ZERO_GPU = bool(os.environ.get("SPACES_ZERO_GPU"))


@dataclass
class Budget:
    """Bound what calls take."""

    longest_seconds: float = 120.0  # Visitors without an account have that much a day.
    setup_seconds: float = 10.0  # to start the process and warm up
    step_seconds: float = 0.03  # of one step of both networks, a guess until the first call has ended

    def estimate(self, size: tuple[int, int], config: TrainConfig, done: int = 0) -> float:
        """Return how long the scales of a training beyond the first `done` will take, at most."""
        return _steps(config, done, config.trained(pyramid_sizes(*size, config))) * self.step_seconds

    def call_seconds(self, picture: str, config: TrainConfig, checkpoint: Checkpoint | None) -> float:
        """Return how long the next call asks for: all that is left if that fits, else at least one scale."""
        done = _done(checkpoint)
        rest = self.setup_seconds + 1.5 * self.estimate(open_picture(picture).size, config, done)
        one = self.setup_seconds + 1.5 * _steps(config, done, done + 1) * self.step_seconds
        return min(rest, max(self.longest_seconds, one))


BUDGET = Budget()  # of this process: what one training measures, the next expects


def _done(checkpoint: Checkpoint | None) -> int:
    return checkpoint.scene.scales if checkpoint else 0


def _steps(config: TrainConfig, first: int, end: int) -> float:
    """Return how many steps of both networks the scales from `first` to before `end` take, at most."""
    return sum(map(config.steps, range(first, end))) * (config.critic_steps + config.generator_steps) / 2


def _call(budget: Budget, picture: str, config: TrainConfig, checkpoint: Checkpoint | None) -> Iterator[Progress]:
    """Yield one call's share of a training: it ends where the next scale would not be finished in time.

    Records are pickled on their way out of its process: only that of a finished scale takes the scene along.
    """
    begun = scale_begun = time.monotonic()
    end = begun + budget.call_seconds(picture, config, checkpoint)
    for record in train(picture, config, "auto", checkpoint):
        ended = record.iteration == record.iterations
        yield replace(record, checkpoint=record.checkpoint.on_cpu() if ended and record.checkpoint else None)
        if ended:
            now = time.monotonic()
            if now + 1.2 * (now - scale_begun) > end:
                return
            scale_begun = now


if ON_ZERO_GPU:
    import spaces

    _call = spaces.GPU(duration=Budget.call_seconds)(_call)


def train_in_calls(
    picture: str, config: TrainConfig, checkpoint: Checkpoint | None, budget: Budget = BUDGET
) -> Generator[Progress, None, None]:
    """Yield the records of a training, over as many calls as it needs; each holds the scene of the finished scales.

    Raises TrainingError where a call is cut off.
    """
    record, before = None, 0.0
    while record is None or not record.finished:
        first = _done(checkpoint)
        try:
            for record in _call(budget, picture, config, checkpoint):
                checkpoint = record.checkpoint or checkpoint
                record = replace(record, seconds=before + record.seconds, checkpoint=checkpoint)
                yield record
        except gr.Error as error:  # what `spaces` raises where a quota is used up or a call is cut off
            raise TrainingError(str(error.message)) from None
        if record is None or _done(checkpoint) == first:
            raise TrainingError("the GPU's time ended before a scale was finished")
        budget.step_seconds = (record.seconds - before) / _steps(config, first, _done(checkpoint))
        before = record.seconds
