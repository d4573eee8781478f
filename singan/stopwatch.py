"""How long training takes: the work of its scales, and the time that it took so far."""

from __future__ import annotations

import time

from singan.config import ModelConfig, TrainConfig
from singan.crops import crop_shape

STEP_OVERHEAD_PIXELS = 6000  # what a step costs before its first pixel, as 32-channel pixels; measured on 2 cores
CHANNELS = 32  # of the networks whose pixels are the unit of work
CHANNELS_EXPONENT = 1.5  # cost of a pixel by channels: between the maps' size (1) and the multiplications (2)


def step_work(config: TrainConfig, model: ModelConfig, n: int) -> float:
    """Cost of an iteration at scale n, in pixels of a 32-channel network."""
    height, width = crop_shape(config, n, model.sizes[n])
    steps = (config.critic_steps + config.generator_steps) / 2
    pixels = config.batch * height * width * (model.channels[n] / CHANNELS) ** CHANNELS_EXPONENT
    return steps * (STEP_OVERHEAD_PIXELS + pixels)


class Stopwatch:
    """Seconds since it was made, and those that are left of some work, at the speed of late.

    work: of each scale, in any unit.
    """

    def __init__(self, work: list[float]) -> None:
        self.work = work
        self.started = time.perf_counter()
        self._left = sum(work)
        self._since: tuple[float, float] | None = None  # a time, and the work that was left then

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started

    def measure_anew(self) -> None:
        """Forgets the speed so far, where work is done a second time."""
        self._since = None

    def lap(self, n: int, share: float) -> bool:
        """Takes note that this share of scale n is done. Whether it is the first: the speed is measured from there.

        It also pays for what is set up once, and says nothing of the time left.
        """
        self._left = self.work[n] * (1 - share) + sum(self.work[n + 1 :])  # at the end exactly 0
        first = self._since is None
        if first:
            self._since = time.perf_counter(), self._left
        return first

    @property
    def seconds_left(self) -> float:
        """For the work after the last lap."""
        assert self._since is not None, "no lap yet"
        since, before = self._since
        return (time.perf_counter() - since) / max(before - self._left, 1) * self._left
