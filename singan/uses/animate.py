"""The picture in motion (SinGAN, supplement 4)."""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from darkroom.checks import check_range
from darkroom.seeds import seeded
from darkroom.uses import AnimationUse, Size, Step, as_steps, format_option, fps_option, option, seed_option
from singan.enlarge import Enlarger, sized
from singan.model import NoiseSource
from singan.motion import moving_prints
from singan.scene import Scene
from singan.uses.start import STRENGTHS, enlarge_option, print_suffix, start_scale_option

PRINTED_PIXELS = 1280 * 720  # of a frame, enlarged
FIRST_STEP = 0.05  # share of new noise in the second frame
STEPS_AT_ONCE = 8  # of a walk that is closed: .3 s at 1024 px
LEAST_PULL = 0.01  # alpha of a closed walk: without any pull it has no one place


@dataclass(frozen=True)
class Animate(AnimationUse[Scene]):
    """Set a trained scene in motion.

    alpha pulls the walk back to the picture, beta keeps its direction; a lower start scale moves larger things. With
    `loop` the walk is closed: it is the same process on noise that repeats after `frames` steps, and the animation
    begins after its smallest step, so that the step from the last frame to the first is not larger than any other;
    without, it begins with the trained picture.
    """

    start_scale: int = start_scale_option(
        1, "0 moves large things (strong), 1 medium, 2 subtle", command=tuple(STRENGTHS)
    )
    alpha: float = option(0.1, "pull back to the picture", label="Alpha: pull back to the picture", low=0, high=1)
    beta: float = option(
        0.9, "smoothness of the motion", label="Beta: smoothness", low=0, high=1, command=(0.80, 0.85, 0.90, 0.95)
    )
    frames: int = option(100, "number of frames", label="Frames", low=2, high=600, most=200, first=40)
    fps: float = fps_option(10)
    loop: bool = option(True, "whether the end joins the beginning, without a seam", label="Seamless loop")
    format: str = format_option("gif")
    seed: int = seed_option()
    enlarge: bool = enlarge_option()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("alpha", self.alpha, LEAST_PULL if self.loop else 0.0, 1.0)

    def steps(self, model: Scene) -> Iterator[Step]:
        model.check_start(self.start_scale)
        enlarger = Enlarger(model.shared_original, self.drawn_size(model)) if self.enlarge else None

        def steps() -> Iterator[Step]:
            frames = self._frames(model, (yield from self._walks(model)))
            yield from moving_prints(enlarger, frames, self.loop) if enlarger else as_steps(frames)

        return steps()

    def _walks(self, model: Scene) -> Generator[Step, None, dict[int, "Walk"]]:
        """Begin the walk of each scale; yield steps without a picture."""
        sizes, walks = model.shapes_for(), dict[int, Walk]()
        for n in range(self.start_scale, len(sizes)):
            rest = model.pyramid.reconstruction_noise(n, sizes[n])
            z_rec = torch.zeros(3, *sizes[n]) if rest is None else rest[0].cpu()
            walks[n] = Walk(z_rec, n, self.seed, self.alpha, self.beta, self.frames, self.loop)
            for _ in walks[n].closed():
                yield Step(0, None, 0.0)
        return walks

    def _frames(self, model: Scene, walks: dict[int, "Walk"]) -> Iterator[Image.Image]:
        def noise(indices: range) -> NoiseSource:
            return lambda n, _: torch.stack([walks[n].next() for _ in indices]).to(model.pyramid.device)

        return model.draw(self.frames, model.shapes_for(), noise, self.start_scale, model.remembered)

    def ordered(self, frames: list[Image.Image]) -> list[Image.Image]:
        """Turn a closed animation so that its smallest step is the one from the last frame to the first."""
        if not self.loop:
            return frames
        pixels = [np.asarray(frame, dtype=np.int16) for frame in frames]
        steps = [float(np.abs(pixels[i] - pixels[i - 1]).mean()) for i in range(len(pixels))]
        first = int(np.argmin(steps))
        return frames[first:] + frames[:first]

    def drawn_size(self, model: Scene) -> Size:
        size = model.drawn_size(self.enlarge)
        return sized(size, min(math.prod(size), PRINTED_PIXELS)) if self.enlarge else size

    def stem(self) -> str:
        beta = f"{self.beta:.2f}" if round(self.beta, 2) == self.beta else f"{self.beta:g}"
        strength = STRENGTHS.get(self.start_scale, "fine")
        return f"{strength}_start{self.start_scale}_beta{beta}{print_suffix(self.enlarge)}"


class Walk:
    """Draw the noise of one scale over time: a random walk around z_rec (SinGAN, supplement 4).

    step = beta (z_t - z_{t-1}) + (1 - beta) e;  z_{t+1} = alpha z_rec + (1 - alpha) (z_t + step)

    With u = z - z_rec and s_t = (u_t, u_{t-1}) that is s_{t+1} = M s_t + (gain e_t, 0), where M is 2x2. To close the
    walk, e repeats after T = `frames` steps, and it begins in the one state that T steps bring back to itself:
    s_0 = (I - M^T)^-1 r, where r is the state that T steps from zero reach.
    """

    def __init__(self, z_rec: Tensor, n: int, seed: int, alpha: float, beta: float, frames: int, loop: bool) -> None:
        """z_rec: (C, H, W), what scale n's noise moves around. loop: whether the walk is to be closed first."""
        self.z_rec, self.n, self.seed, self.frames, self.loop = z_rec, n, seed, frames, loop
        self.row = ((1 - alpha) * (1 + beta), -(1 - alpha) * beta)  # of M; its other row is (1, 0)
        self.gain = (1 - alpha) * (1 - beta)
        self.t = 0
        self.now = self.before = torch.zeros_like(z_rec)  # open, frame 0 is the trained picture

    def closed(self) -> Iterator[None]:
        """Find the state in which a closed walk begins, in short pieces of work."""
        if not self.loop:
            return
        for n in range(self.frames):
            self._advance()
            if n % STEPS_AT_ONCE == 0:
                yield
        matrix = np.linalg.matrix_power(np.array([self.row, (1.0, 0.0)]), self.frames)
        (a, b), (c, d) = np.linalg.inv(np.eye(2) - matrix).tolist()
        self.now, self.before = a * self.now + b * self.before, c * self.now + d * self.before

    def _advance(self) -> None:
        e = torch.randn(self.z_rec.shape, generator=seeded(self.seed, self.n, self.t))
        if self.t == 0 and not self.loop:
            self.now = FIRST_STEP * (e - self.z_rec)
        else:
            self.now, self.before = self.row[0] * self.now + self.row[1] * self.before + self.gain * e, self.now
        self.t = (self.t + 1) % self.frames if self.loop else self.t + 1

    def next(self) -> Tensor:
        """Return the noise of the next frame, (C, H, W)."""
        z = self.z_rec + self.now
        self._advance()
        return z
