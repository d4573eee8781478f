"""Trains scenes and measures them: seconds, steps, peak memory, time to first preview, sampling speed, quality.

    python -m benchmarks.scenes PICTURE ... [--preset standard] [--max-size PX] [--seeds 0 1] [--jobs 1]
        [--set NAME=VALUE ...] [--yardstick FILE] [--out out/bench]

Each training runs in a process of its own, one at a time; more with --jobs, each on one thread: faster for quality
figures, but the times are then of trainings side by side. --set changes a setting of the preset, such as settled=0 or
fine.penalty=0.0015. Prints a table and writes results.json and a sheet of eight samples for each. Quality needs
--yardstick, a Python file with score(real, samples) on (1, 3, H, W) in [0, 1].
"""

import argparse
import json
import multiprocessing
import resource
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image
from tqdm import tqdm

from benchmarks.yardstick import load
from dcgan.export import contact_sheet
from singan.config import TrainConfig

QUALITY_SIDE = 250  # px
SAMPLES = 8  # of each scene, shown and judged
TIMED, REPEATS = 24, 3  # pictures drawn in a row, and how often that is timed
COLUMNS = (
    "seconds", "steps", "memory_mb", "preview_s", "sample_ms", "frame_ms", "swd", "coherence", "diversity", "sharpness",
)  # fmt: skip


def _quality(yardstick: Path, source: Image.Image, samples: list[Image.Image]) -> dict[str, float]:
    """At 250 px at most, as a yardstick's cost may grow with the square of the pixels."""
    from singan.image import to_tensor

    share = min(1.0, QUALITY_SIDE / max(source.size))
    size = round(source.width * share), round(source.height * share)
    reduced = [picture.resize(size, Image.Resampling.BICUBIC) for picture in (source, *samples)]
    real, *drawn = [(to_tensor(picture) + 1) / 2 for picture in reduced]
    result: dict[str, float] = load(yardstick).score(real, drawn)
    return result


def changed(config: TrainConfig, settings: list[str]) -> TrainConfig:
    """The configuration with settings such as "settled=0" or "fine.penalty=0.0015"; values as in JSON."""
    for setting in settings:
        name, _, value = setting.partition("=")
        owner, _, field = name.rpartition(".")
        new = {field: json.loads(value)}
        config = replace(config, **({owner: replace(getattr(config, owner), **new)} if owner else new))
    return config


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """One training and what its scene is worth; runs in a fresh process."""
    import torch

    import singan
    from singan.config import from_preset

    if job["threads"]:
        torch.set_num_threads(job["threads"])
    config = changed(from_preset(job["preset"], seed=job["seed"], max_size=job["max_size"]), job["settings"])
    preview, steps = 0.0, 0
    for record in singan.train(job["picture"], config):
        steps += record.iteration if record.iteration == record.iterations else 0
        preview = preview or (record.seconds if record.preview else 0.0)
    scene = record.scene
    assert scene is not None
    result: dict[str, Any] = {"seconds": record.seconds, "steps": steps, "preview_s": preview}
    on_gpu = torch.cuda.is_available()
    peak = torch.cuda.max_memory_allocated() / 1024 if on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result["memory_mb"] = peak / 1024
    samples = scene.sample(SAMPLES, seed=1)
    for name, draw in (
        ("sample_ms", lambda: scene.sample(TIMED)),
        ("frame_ms", lambda: scene.animate(0, frames=TIMED)),
    ):
        times = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            draw()
            times.append((time.perf_counter() - started) / TIMED * 1000)
        result[name] = statistics.median(times)
    out = Path(job["out"])
    contact_sheet([scene.source, scene.reconstruction(), *samples], 5).save(out / f"{job['name']}.png")
    scene.save_pretrained(out / job["name"])
    if job["yardstick"]:
        with torch.inference_mode():
            result |= _quality(Path(job["yardstick"]), scene.source, samples)
    return result


def named(job: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """`measure` with the job's name."""
    return job["name"], measure(job)


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", type=Path, default=sorted(Path("examples").glob("*.jpg")))
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--max-size", type=int)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--yardstick", type=Path)
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    results, jobs = {}, []
    print(" ".join(["scene".ljust(28), *(column.rjust(10) for column in COLUMNS)]))
    for seed in args.seeds:
        for picture in args.pictures:
            name = f"{picture.stem}_{args.preset}_{args.max_size or ''}_{seed}"
            job = dict(
                picture=str(picture), preset=args.preset, seed=seed, max_size=args.max_size, out=str(args.out),
                name=name, yardstick=str(args.yardstick) if args.yardstick else None, settings=args.set,
                threads=1 if args.jobs > 1 else None,
            )  # fmt: skip
            jobs.append(job)
    with context.Pool(args.jobs, maxtasksperchild=1) as pool:
        for name, result in tqdm(pool.imap_unordered(named, jobs, chunksize=1), total=len(jobs), disable=None):
            results[name] = result
            print(_row(name, result), flush=True)
            (args.out / "results.json").write_text(json.dumps(results, indent=2), encoding="utf-8")
    for what, average in (("mean", statistics.mean), ("median", statistics.median)):
        values = {column: average([r[column] for r in results.values() if column in r] or [0]) for column in COLUMNS}
        print(_row(what, values))


def _row(name: str, result: dict[str, Any]) -> str:
    return " ".join([name.ljust(28), *(f"{result.get(column, 0):10.4g}" for column in COLUMNS)])


if __name__ == "__main__":
    main()
