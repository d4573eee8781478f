"""Trains scenes and measures them: seconds, peak memory, time to first preview, sampling speed, quality.

    python -m benchmarks.scenes PICTURE ... [--preset standard] [--max-size PX] [--seeds 0 1] [--out out/bench]

Each training runs in a process of its own, one at a time. Prints a table and writes results.json and a sheet of eight
samples for each. Quality needs --yardstick, a Python file with score(real, samples) on (1, 3, H, W) in [0, 1].
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import time
from pathlib import Path
from typing import Any

from PIL import Image
from tqdm import tqdm

from benchmarks.yardstick import load
from dcgan.export import contact_sheet

COLUMNS = ("seconds", "memory_mb", "preview_s", "sample_ms", "frame_ms", "swd", "coherence", "diversity", "sharpness")


def _quality(yardstick: Path, source: Image.Image, samples: list[Image.Image]) -> dict[str, float]:
    from singan.image import to_tensor

    real, *drawn = [(to_tensor(picture) + 1) / 2 for picture in (source, *samples)]
    result: dict[str, float] = load(yardstick).score(real, drawn)
    return result


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """One training and what its scene is worth; runs in a fresh process."""
    import torch

    import singan
    from singan.config import from_preset

    config = from_preset(job["preset"], seed=job["seed"], max_size=job["max_size"])
    preview = 0.0
    for record in singan.train(job["picture"], config):
        preview = preview or (record.seconds if record.preview else 0.0)
    scene = record.scene
    assert scene is not None
    result: dict[str, Any] = {"seconds": record.seconds, "preview_s": preview}
    result["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    samples = scene.sample(8, seed=1)
    for name, draw in (("sample_ms", lambda: scene.sample(24)), ("frame_ms", lambda: scene.animate(0, frames=24))):
        times = []
        for _ in range(3):
            started = time.perf_counter()
            draw()
            times.append((time.perf_counter() - started) / 24 * 1000)
        result[name] = statistics.median(times)
    out = Path(job["out"])
    contact_sheet([scene.source, scene.reconstruction(), *samples], 5).save(out / f"{job['name']}.png")
    scene.save_pretrained(out / job["name"])
    if job["yardstick"]:
        with torch.inference_mode():
            result |= _quality(Path(job["yardstick"]), scene.source, samples)
    return result


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", type=Path, default=sorted(Path("examples").glob("*.jpg")))
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--max-size", type=int)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--yardstick", type=Path)
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    results = {}
    print(" ".join(["scene".ljust(28), *(column.rjust(10) for column in COLUMNS)]))
    for picture in tqdm(args.pictures, disable=None):
        for seed in args.seeds:
            name = f"{picture.stem}_{args.preset}_{args.max_size or ''}_{seed}"
            job = dict(
                picture=str(picture), preset=args.preset, seed=seed, max_size=args.max_size, out=str(args.out),
                name=name, yardstick=str(args.yardstick) if args.yardstick else None,
            )  # fmt: skip
            with context.Pool(1, maxtasksperchild=1) as pool:
                results[name] = pool.apply(measure, (job,))
            print(_row(name, results[name]), flush=True)
    for what, average in (("mean", statistics.mean), ("median", statistics.median)):
        values = {column: average([r[column] for r in results.values() if column in r] or [0]) for column in COLUMNS}
        print(_row(what, values))
    (args.out / "results.json").write_text(json.dumps(results, indent=2))


def _row(name: str, result: dict[str, Any]) -> str:
    return " ".join([name.ljust(28), *(f"{result.get(column, 0):10.4g}" for column in COLUMNS)])


if __name__ == "__main__":
    main()
