"""Compares faces that are chosen among candidates with others: by a yardstick, and on sheets to count broken ones on.

    python -m benchmarks.choice MODEL [--yardstick FILE --real faces64.zip] [--out out/choice]

Eight faces of each seed are taken. The sheets hold the best 8 of 64 of twenty seeds and the first eight of each,
shuffled; key.json says which is which, and is to be looked at last. --yardstick is a Python file with load, describe,
frechet, detected, pairs and within.
"""

import argparse
import json
import random
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.yardstick import load
from dcgan import FacePipeline
from dcgan.export import contact_sheet, enlarged

EIGHT = 8  # faces of a seed
FIGURE_SEEDS, SHEET_SEEDS = range(5000, 5075), range(3000, 3020)
REAL = 1000  # faces that others are compared with
WAYS: dict[str, dict[str, Any]] = {
    "all": {}, "best 8 of 16": {"best_of": 2}, "best 8 of 32": {"best_of": 4}, "best 8 of 64": {"best_of": 8},
    "truncation .85": {"truncation": 0.85}, "truncation .7": {"truncation": 0.7},
}  # fmt: skip
SHEET_WAYS = ("all", "best 8 of 64")
SHEET_FACES, SHEET_COLUMNS = 40, 8


def figures(faces: FacePipeline, tool: ModuleType, real: NDArray[Any], way: Mapping[str, Any]) -> dict[str, float]:
    """Measure faces of all seeds; real: described by the yardstick."""
    z = torch.cat([faces.latents(EIGHT, seed, **way) for seed in FIGURE_SEEDS])
    images = np.stack([np.asarray(image) for image in faces.generate(z)])
    drawn, rng = tool.describe(images), np.random.default_rng(0)
    return {
        "fvd": tool.frechet(real, drawn), "detected": tool.detected(images), "precision": tool.within(real, drawn),
        "recall": tool.within(drawn, real), "spread": tool.pairs(drawn, rng) / tool.pairs(real, rng),
    }  # fmt: skip


def sheets(faces: FacePipeline, out: Path) -> None:
    """Write shuffled sheets, and their key: seed and way of each face, row by row, sheet by sheet."""
    drawn = [
        (seed, way, image)
        for seed in SHEET_SEEDS
        for way in SHEET_WAYS
        for image in faces.generate(faces.latents(EIGHT, seed, **WAYS[way]))
    ]
    random.shuffle(drawn)
    out.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(drawn), SHEET_FACES):
        images = [image for *_, image in drawn[first : first + SHEET_FACES]]
        contact_sheet(enlarged(images), SHEET_COLUMNS).save(out / f"{first:03}.png")
    (out / "key.json").write_text(json.dumps([[seed, way] for seed, way, _ in drawn]) + "\n", encoding="utf-8")


def main() -> None:
    """Draw, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--out", type=Path, default=Path("out/choice"))
    parser.add_argument("--yardstick", type=Path)
    parser.add_argument("--real", type=Path)
    args = parser.parse_args()
    faces = FacePipeline.from_pretrained(args.model)
    sheets(faces, args.out)
    if args.yardstick:
        tool = load(args.yardstick)
        real = tool.describe(tool.load(args.real, REAL))
        for name, way in WAYS.items():
            found = figures(faces, tool, real, way)
            print(f"{name:16}", *(f"{figure} {value:.3f}" for figure, value in found.items()))


if __name__ == "__main__":
    main()
