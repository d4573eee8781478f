"""Measures the face model: speed of training, drawing, morphing and inversion, and with a yardstick its quality.

    python -m benchmarks.faces [--model checkpoints/faces] [--out DIR] [--opening] [--yardstick FILE --real faces64.zip]

Training speeds are medians over rounds in which all variants take turns. Writes results.json, an 8x8 sheet, each
named direction from -3 to +3 on four faces, a morph, and the faces of seeds that the page might open with. --yardstick
is a Python file with load, describe, frechet, detected, pairs and nearest.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.yardstick import load
from darkroom.animations import save_animation
from darkroom.device import pick_device
from dcgan import PRESETS, FacePipeline
from dcgan.export import contact_sheet, enlarged
from dcgan.trainer import Trainer
from dcgan.uses.sample import OPENING_BEST_OF, OPENING_VARIETY

ROUNDS, ITERATIONS = 5, 6
IMAGES = 512  # of noise, that training is timed on
TIMES = 7  # that drawing is timed
OPENING_SEEDS, OPENING_ROWS = 300, 10  # that are looked through for one to open the page with; that are shown
COPIED = 0.01  # share of real faces that have another one as near as what counts as copied
AMOUNTS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)  # of each direction


def training_speeds(device: torch.device) -> dict[str, float]:
    """Measure images a second of the presets in both number formats."""
    images = torch.randint(0, 256, (IMAGES, 3, 64, 64), dtype=torch.uint8)
    configs = {
        f"{name} {'fast format' if fast else 'float32'}": replace(PRESETS[name], bfloat16=fast)
        for name in ("standard", "radford")
        for fast in (True, False)
    }
    trainers = {name: Trainer(images, config, device) for name, config in configs.items()}
    speeds: dict[str, list[float]] = {name: [] for name in configs}
    for number in range(ROUNDS + 1):
        for name, trainer in trainers.items():
            started = time.perf_counter()
            for i in range(ITERATIONS):
                trainer.iterate(1 + i)
            float(trainer.losses["generator"])  # waits for the device
            if number:  # the first round also pays for what is set up once
                speeds[name].append(ITERATIONS * trainer.config.batch / (time.perf_counter() - started))
    return {name: statistics.median(values) for name, values in speeds.items()}


def _milliseconds(call: Callable[[], Any], times: int = TIMES) -> float:
    call()
    durations = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        durations.append(time.perf_counter() - started)
    return 1000 * statistics.median(durations)


def drawing_speeds(faces: FacePipeline) -> dict[str, float]:
    """Measure, in ms, what people wait for."""
    z, one = faces.latents(64), faces.latents(1)
    (picture,) = faces.generate(one)
    return {
        "one face, ms": _milliseconds(lambda: faces.generate(faces.move(one, {"pc1": 1.0}))),
        "64 faces, ms": _milliseconds(lambda: faces.generate(z)),
        "morph of 60 frames, ms": _milliseconds(lambda: faces.morph(z[:3], 60, loop=True)),
        "inversion, ms": _milliseconds(lambda: faces.invert(picture), times=1),
    }


def quality(faces: FacePipeline, yardstick: Path, real: Path, count: int) -> dict[str, float]:
    """The yardstick's figures at `count`."""
    tool = load(yardstick)
    rng = np.random.default_rng(0)
    references = tool.load(real, count)
    drawn = np.stack([np.asarray(image) for image in faces.generate(faces.latents(count, seed=1))])
    a, b = tool.describe(references), tool.describe(drawn)
    copied = tool.nearest(b, a) < np.quantile(tool.nearest(a, a, same=True), COPIED)
    return {
        "fvd": tool.frechet(a, b),
        "detected": tool.detected(drawn),
        "spread": tool.pairs(b, rng) / tool.pairs(a, rng),
        "copied": float(copied.mean()),
    }


def opening_seeds(faces: FacePipeline) -> list[int]:
    """List seeds for `dcgan.uses.sample.OPENING_SEED`: those whose worst face is most surely one, best first."""

    def worst_score(seed: int) -> float:
        return min(faces.detect(_opening_latents(faces, seed)))

    worst = {seed: worst_score(seed) for seed in range(OPENING_SEEDS)}
    return sorted(worst, key=worst.__getitem__, reverse=True)[:OPENING_ROWS]


def _opening_latents(faces: FacePipeline, seed: int) -> torch.Tensor:
    return faces.latents(16, seed, OPENING_VARIETY, OPENING_BEST_OF)


def opening(faces: FacePipeline, out: Path) -> None:
    """Write the sheet to choose the page's first faces by."""
    seeds = opening_seeds(faces)
    print("the seeds of opening.png, one a row:", *seeds)
    drawn = [image for seed in seeds for image in faces.generate(_opening_latents(faces, seed))]
    contact_sheet(drawn, 16).save(out / "opening.png")


def pictures(faces: FacePipeline, out: Path) -> None:
    """Write sheets to look at."""
    contact_sheet(faces.generate(faces.latents(64, seed=1)), 8).save(out / "sheet.png")
    four = faces.latents(4, seed=3)
    for name in faces.directions:
        steps = [faces.generate(faces.move(four, {name: amount})) for amount in AMOUNTS]
        contact_sheet([step[i] for i in range(4) for step in steps], len(AMOUNTS)).save(out / f"direction_{name}.png")
    save_animation(enlarged(faces.morph(four, 60, loop=True)), out / "morph.gif", 20)


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="checkpoints/faces")
    parser.add_argument("--out", type=Path, default=Path("out/faces"))
    parser.add_argument("--opening", action="store_true", help="only draw the faces to open the page with")
    parser.add_argument("--yardstick", type=Path)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    device = pick_device()
    faces = FacePipeline.from_pretrained(args.model).to(device)
    opening(faces, args.out)
    if args.opening:
        return
    results = training_speeds(device) | drawing_speeds(faces)
    pictures(faces, args.out)
    if args.yardstick:
        results |= quality(faces, args.yardstick, args.real, args.count)
    for name, value in results.items():
        print(f"{name:32} {value:10.4f}")
    (args.out / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
