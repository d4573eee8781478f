"""Restores reduced photographs: bicubic, by the photograph's own patches, and by a scene's finest generator.

    python -m benchmarks.larger PHOTOGRAPH ... --yardstick FILE [--factor 2] [--scenes FOLDER ...]

Prints peak signal to noise ratio (dB), and the yardstick's share of the finest detail: `ranked(finest(picture))`, as
print_quality.py has it. Photographs are reduced by --factor; a scene's trained picture is enlarged twofold, also by its
finest generator, which is applied three times at 2^(1/3), as SinGAN does (section 5). The last rows are medians.
"""

import argparse
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.yardstick import load
from singan import ScenePipeline
from singan.config import Shape
from singan.image import resize_picture, to_pil, to_tensor
from singan.patches import Bytes, as_tensor, resized, shape_of
from singan.pieces import whole
from singan.super_resolution import super_resolved

PASSES = 3


def generated(scene: ScenePipeline, size: Shape) -> Bytes:
    """The trained picture through the finest generator, again and again a little larger."""
    image, own, last = to_tensor(scene.source), shape_of(np.asarray(scene.source)), scene.scales - 1
    for n in range(1, PASSES + 1):
        now = tuple(round(a * (b / a) ** (n / PASSES)) for a, b in zip(own, size, strict=True))
        with torch.inference_mode():
            image = scene.pyramid.step(last, None, resize_picture(image, now), torch.float32)
    return np.asarray(to_pil(image)[0])


class Scores:
    """Rows by method."""

    def __init__(self, yardstick: Any) -> None:
        self.yardstick, self.rows = yardstick, dict[str, list[tuple[float, float, float]]]()

    def fine(self, picture: Bytes) -> torch.Tensor:
        found: torch.Tensor = self.yardstick.ranked(self.yardstick.finest(as_tensor(picture) / 255))
        return found

    def take(self, name: str, method: str, real: Bytes, work: Callable[[], Bytes]) -> None:
        started = time.perf_counter()
        restored = work()
        seconds = time.perf_counter() - started
        error = float(((restored.astype(np.float64) - real) ** 2).mean()) / 255**2
        share = float((self.fine(restored) / self.fine(real).clamp(min=1e-6)).median())
        row = (-10 * math.log10(error), share, seconds)
        self.rows.setdefault(method, []).append(row)
        print(_row(f"{name} {method}", row), flush=True)

    def medians(self) -> None:
        for method, rows in self.rows.items():
            print(_row(f"median {method}", tuple(statistics.median(column) for column in zip(*rows, strict=True))))


def _row(name: str, row: tuple[float, ...]) -> str:
    psnr, fine, seconds = row
    return f"{name:28}  psnr {psnr:.2f}  fine {fine:.3f}  seconds {seconds:.2f}"


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", nargs="*", type=Path)
    parser.add_argument("--factor", type=int, default=2)
    parser.add_argument("--scenes", nargs="*", type=Path, default=[])
    parser.add_argument("--yardstick", type=Path, required=True)
    args = parser.parse_args()
    scores = Scores(load(args.yardstick))
    for file in args.photographs:
        with Image.open(file) as opened:
            even = 2 * args.factor  # the yardstick halves
            width, height = (side // even * even for side in opened.size)
            real = np.array(opened.convert("RGB").crop((0, 0, width, height)))
        small = resized(real, (height // args.factor, width // args.factor))
        scores.take(file.stem, "bicubic", real, lambda: resized(small, (height, width)))  # noqa: B023
        scores.take(file.stem, "patches", real, lambda: whole(super_resolved(small, (height, width))))  # noqa: B023
    for folder in args.scenes:
        scene = ScenePipeline.from_pretrained(folder)
        small = np.array(scene.source)
        size = (2 * small.shape[0], 2 * small.shape[1])
        real = resized(np.array(scene.original), size)
        scores.take(folder.name, "bicubic", real, lambda: resized(small, size))  # noqa: B023
        scores.take(folder.name, "patches", real, lambda: whole(super_resolved(small, size)))  # noqa: B023
        scores.take(folder.name, "generator", real, lambda: generated(scene, size))  # noqa: B023
    scores.medians()


if __name__ == "__main__":
    main()
