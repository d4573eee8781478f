"""The picture in motion (SinGAN, supplement 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from PIL import Image

from darkroom.checks import check_range
from darkroom.uses import AnimationUse, Step, as_steps, format_option, fps_option, option, seed_option
from singan.model import NoiseSource
from singan.scene import Scene
from singan.uses.start import STRENGTHS, enlarge_option, print_suffix, start_scale_option
from singan.walk import Walk, begin_after_smallest_step

LEAST_PULL = 0.01  # alpha of a closed walk: without any pull it has no one place


@dataclass(frozen=True)
class Animate(AnimationUse[Scene]):
    """Set a trained scene in motion.

    alpha pulls the walk back to the picture, beta keeps its direction; a lower start scale moves larger things. With
    `loop` the walk is closed: it is the same process on noise that repeats after `frames` steps, and the animation
    begins after its smallest step, so that the step from the last frame to the first is not larger than any other;
    without, it begins with the trained picture. fps and format are those of its file.
    """

    start_scale: int = start_scale_option(
        1, "0 moves large things (strong), 1 medium, 2 subtle", command=tuple(STRENGTHS)
    )
    alpha: float = option(0.1, "pull back to the picture", label="Alpha: pull back to the picture", low=0, high=1)
    beta: float = option(
        0.9, "smoothness of the motion", label="Beta: smoothness", low=0, high=1, command=(0.80, 0.85, 0.90, 0.95)
    )
    frames: int = option(100, "number of frames", label="Frames", low=2, high=600, most=200)
    fps: float = fps_option(10)
    loop: bool = option(True, "whether the end joins the beginning, without a seam", label="Seamless loop")
    format: str = format_option("gif")
    seed: int = seed_option()
    enlarge: bool = enlarge_option(False)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("alpha", self.alpha, LEAST_PULL if self.loop else 0.0, 1.0)

    def steps(self, model: Scene) -> Iterator[Step]:
        model.check_start(self.start_scale)
        frames = self._frames(model)
        return model.moving_prints(frames, self.loop) if self.enlarge else as_steps(frames)

    def _frames(self, model: Scene) -> Iterator[Image.Image]:
        start, sizes, pyramid = self.start_scale, model.shapes_for(), model.pyramid
        rests = [pyramid.reconstruction_noise(n, sizes[n]) for n in range(start, len(sizes))]
        motion = self.alpha, self.beta, self.frames, self.loop
        walks = [
            Walk(torch.zeros(3, *sizes[n]) if rest is None else rest[0].cpu(), n, self.seed, *motion)
            for n, rest in enumerate(rests, start)
        ]

        def noise(indices: range) -> NoiseSource:
            return lambda n, _: torch.stack([walks[n - start].next() for _ in indices]).to(pyramid.device)

        yield from model.draw(self.frames, sizes, noise, start, model.remembered)

    def ordered(self, frames: list[Image.Image]) -> list[Image.Image]:
        return begin_after_smallest_step(frames) if self.loop else frames

    def stem(self) -> str:
        exact = f"{self.beta:.2f}" if round(self.beta, 2) == self.beta else f"{self.beta:g}"
        return (
            f"{STRENGTHS.get(self.start_scale, 'fine')}_start{self.start_scale}_beta{exact}{print_suffix(self.enlarge)}"
        )
