"""The motion of an animation: a random walk of each scale's noise around z_rec (SinGAN, supplement 4)."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from darkroom.seeds import seeded

FIRST_STEP = 0.05  # share of new noise in the second frame


class Walk:
    """The noise of one scale over time.

    step = beta (z_t - z_{t-1}) + (1 - beta) e;  z_{t+1} = alpha z_rec + (1 - alpha) (z_t + step)

    With u = z - z_rec and s_t = (u_t, u_{t-1}) that is s_{t+1} = M s_t + (gain e_t, 0), where M is 2x2. To close the
    walk, e repeats after T = `frames` steps, and it begins in the one state that T steps bring back to itself:
    s_0 = (I - M^T)^-1 r, where r is the state that T steps from zero reach.
    """

    def __init__(self, z_rec: Tensor, n: int, seed: int, alpha: float, beta: float, frames: int, loop: bool) -> None:
        """z_rec: (C, H, W), what scale n's noise moves around. loop: whether to close the walk."""
        self.z_rec, self.n, self.seed, self.frames, self.loop = z_rec, n, seed, frames, loop
        self.row = ((1 - alpha) * (1 + beta), -(1 - alpha) * beta)  # of M; its other row is (1, 0)
        self.gain = (1 - alpha) * (1 - beta)
        self.t = 0
        self.now = self.before = torch.zeros_like(z_rec)  # open, frame 0 is the trained picture
        if loop:
            self._close()

    def noise(self, t: int) -> Tensor:
        """Draw e of step t, (C, H, W)."""
        return torch.randn(self.z_rec.shape, generator=seeded(self.seed, self.n, t))

    def _advance(self) -> None:
        e = self.noise(self.t)
        if self.t == 0 and not self.loop:
            self.now = FIRST_STEP * (e - self.z_rec)
        else:
            self.now, self.before = self.row[0] * self.now + self.row[1] * self.before + self.gain * e, self.now
        self.t = (self.t + 1) % self.frames if self.loop else self.t + 1

    def _close(self) -> None:
        for _ in range(self.frames):
            self._advance()
        matrix = np.linalg.matrix_power(np.array([self.row, (1.0, 0.0)]), self.frames)
        (a, b), (c, d) = np.linalg.inv(np.eye(2) - matrix).tolist()
        self.now, self.before = a * self.now + b * self.before, c * self.now + d * self.before

    def next(self) -> Tensor:
        """Return the noise of the next frame, (C, H, W)."""
        z = self.z_rec + self.now
        self._advance()
        return z


def begin_after_smallest_step(frames: list[Image.Image]) -> list[Image.Image]:
    """Turn a closed animation so that its smallest step is the one from the last frame to the first."""
    pixels = [np.asarray(frame, dtype=np.int16) for frame in frames]
    steps = [float(np.abs(pixels[i] - pixels[i - 1]).mean()) for i in range(len(pixels))]
    first = int(np.argmin(steps))
    return frames[first:] + frames[:first]
