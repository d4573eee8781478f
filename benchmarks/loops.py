"""Measure the seam of closed animations: the step from the last frame to the first, beside the other steps.

    python -m benchmarks.loops SCENE ... [--frames 40] [--seeds 0 1 2]

A step is the root mean square difference of two frames, in levels of 255. For each start scale, over all scenes and
seeds: the mean of the steps, and the seam over the median and over the largest of its animation's other steps; at most
1 is no seam. Beside it, the same of animations that are not closed.
"""

import argparse
from itertools import product

import numpy as np
from PIL import Image

from singan import ScenePipeline
from singan.uses import Animate
from singan.uses.start import STRENGTHS


def steps(frames: list[Image.Image]) -> np.ndarray:
    """Return the steps between frames in turn, and behind them the seam: (N,)."""
    pixels = [np.asarray(frame, dtype=np.float32) for frame in frames]
    return np.array([np.sqrt(np.square(b - a).mean()) for a, b in zip(pixels, [*pixels[1:], pixels[0]], strict=True)])


def row(scenes: list[ScenePipeline], start: int, loop: bool, frames: int, seeds: list[int]) -> str:
    """Return a line of the table."""
    uses = [Animate(start_scale=start, frames=frames, loop=loop, seed=seed) for seed in seeds]
    found = [steps(use.drawn(scene)) for scene, use in product(scenes, uses)]
    others, seams = np.stack([it[:-1] for it in found]), np.array([it[-1] for it in found])
    to_median, to_largest = seams / np.median(others, 1), seams / others.max(1)
    kind = "closed" if loop else "open"
    return (
        f"| {STRENGTHS[start]}, {kind} | {others.mean():.2f} | {to_median.mean():.2f} | {to_median.max():.2f} "
        f"| {to_largest.max():.2f} |"
    )


def main() -> None:
    """Parse, draw, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="+")
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    scenes = [ScenePipeline.from_pretrained(name) for name in args.scenes]
    print("| motion | step | seam over the median step, mean | most | over the largest step, most |")
    print("|---|---|---|---|---|")
    for start, loop in product(STRENGTHS, (True, False)):
        print(row(scenes, start, loop, args.frames, args.seeds), flush=True)


if __name__ == "__main__":
    main()
