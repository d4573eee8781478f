"""How long a scale trains, and at what learning rate."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from singan.config import TrainConfig

WINDOWS = 12  # of a scale's iterations; in each the reconstruction losses are averaged
PATIENCE = 2  # windows in a row without progress: one may be bad luck
CONSTANT = 0.6  # of a scale's iterations, at the full learning rate; then it falls in a line
LAST_FACTOR = 0.02  # of the learning rate, at the end of that line
STEP_AT, STEP_FACTOR = 0.8, 0.1  # SinGAN's: where the learning rate falls in one step, and to what


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
        """Of iteration i, as a share of what it is at the start."""
        share = i / self.iterations
        if self.decay == "step":
            return STEP_FACTOR if share >= STEP_AT else 1.0
        return min(1.0, max(LAST_FACTOR, (1 - share) / (1 - CONSTANT)))

    def add(self, reconstruction_loss: Tensor) -> None:
        """Takes note of a loss ()."""
        self.window.add_(reconstruction_loss)

    def end_iteration(self, i: int) -> None:
        """Shortens the scale where two windows in a row were not better than the best before."""
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
