"""How long training takes: the iterations of a scale, their learning rate, and the seconds that are left."""

from __future__ import annotations

import math
import time

import torch
from torch import Tensor

from singan.config import ModelConfig, TrainConfig
from singan.data import crop_shape

WINDOWS = 12  # of a scale's iterations; in each the reconstruction losses are averaged
PATIENCE = 2  # windows in a row without progress: one may be bad luck
CONSTANT = 0.6  # of a scale's iterations, at the full learning rate; then it falls in a line
LAST_FACTOR = 0.02  # of the learning rate, at the end of that line
STEP_AT, STEP_FACTOR = 0.8, 0.1  # SinGAN's: where the learning rate falls in one step, and to what
STEP_OVERHEAD_PIXELS = 6000  # what a step costs before its first pixel, as 32-channel pixels; measured on 2 cores
CHANNELS = 32  # of the networks whose pixels are the unit of work
CHANNELS_EXPONENT = 1.5  # cost of a pixel by channels: between the maps' size (1) and the multiplications (2)


class Schedule:
    """The iterations of a scale: at most `config.steps(n)`, fewer where its reconstruction settles.

    The critic's loss never settles: it keeps learning.
    """

    def __init__(self, config: TrainConfig, n: int, device: torch.device) -> None:
        self.decay, self.settled = config.decay, config.settled
        self.iterations = config.steps(n)
        self.window_length = max(1, self.iterations // WINDOWS)
        self.window = torch.zeros((), device=device)  # sum of its losses; on the device, so that no step waits
        self.best_window, self.idle_windows = math.inf, 0

    def learning_rate(self, i: int) -> float:
        """Return that of iteration i, as a share of what it is at the start."""
        share = i / self.iterations
        if self.decay == "step":
            return STEP_FACTOR if share >= STEP_AT else 1.0
        return min(1.0, max(LAST_FACTOR, (1 - share) / (1 - CONSTANT)))

    def add(self, reconstruction_loss: Tensor) -> None:
        """Add a loss, (), to the window."""
        self.window.add_(reconstruction_loss)

    def end_iteration(self, i: int) -> None:
        """Shorten the scale where two windows in a row were not better than the best before."""
        if not self.settled or (i + 1) % self.window_length or i / self.iterations >= CONSTANT:
            return
        loss = float(self.window)
        self.window.zero_()
        if loss < (1 - self.settled) * self.best_window:
            self.best_window, self.idle_windows = loss, 0
            return
        self.idle_windows += 1
        if self.idle_windows == PATIENCE:
            self.iterations = min(self.iterations, math.ceil((i + 1) / CONSTANT))


def step_work(config: TrainConfig, model: ModelConfig, n: int) -> float:
    """Estimate the cost of an iteration at scale n, in pixels of a 32-channel network."""
    height, width = crop_shape(config, n, model.sizes[n])
    steps = (config.critic_steps + config.generator_steps) / 2
    pixels = config.batch * height * width * (model.channels[n] / CHANNELS) ** CHANNELS_EXPONENT
    return steps * (STEP_OVERHEAD_PIXELS + pixels)


class Stopwatch:
    """Measure the seconds since it was made, and predict those that are left, at the speed of late.

    work: of each scale, in any unit.
    """

    def __init__(self, work: list[float]) -> None:
        self.work, self.started = work, time.perf_counter()
        self._left = sum(work)
        self._since: tuple[float, float] | None = None  # a time, and the work that was left then

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started

    def measure_anew(self) -> None:
        """Forget the speed so far, where work is done a second time."""
        self._since = None

    def lap(self, n: int, share: float) -> bool:
        """Note that this share of scale n is done, and return whether it is the first lap.

        The speed is measured from there: the first also pays for what is set up once, and says nothing of the rest.
        """
        self._left = self.work[n] * (1 - share) + sum(self.work[n + 1 :])  # at the end exactly 0
        first = self._since is None
        if first:
            self._since = time.perf_counter(), self._left
        return first

    @property
    def seconds_left(self) -> float:
        """Predict those of the work after the last lap."""
        assert self._since is not None, "no lap yet"
        since, before = self._since
        return (time.perf_counter() - since) / max(before - self._left, 1) * self._left
