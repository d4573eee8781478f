"""Prints photographs and measures them: quality by a yardstick, seconds a print, memory.

    python -m benchmarks.prints PHOTOGRAPH ... [--side 250] [--by patches network keep] [--shape WIDTH HEIGHT]
        [--preset layout] [--count 8] [--seeds 0] [--set NAME=VALUE ...] [--yardstick FILE] [--out out/prints]

Photographs are reduced to --side px, where one is given. What prints are made of: `patches` lays them out alone,
`network` trains the preset and draws samples, `keep` stretches the photograph to the shape. --set changes a number of
singan.enlarge or singan.patches, such as ROUNDS=4, or, as train.min_size=16, one of the preset. Writes a sheet of each
photograph's first prints, and prints a table; the last row is the mean. Quality needs --yardstick, a Python file with
score(real, samples) on (1, 3, H, W) in [0, 1].
"""

import argparse
import json
import resource
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import singan
from benchmarks.yardstick import load
from darkroom.uses import finished
from dcgan.export import contact_sheet
from singan import enlarge, patches
from singan.config import from_preset
from singan.image import to_tensor
from singan.uses.start import PLACES

SHOWN = 4  # prints in a sheet
SHEET_SIDE = 400  # px, of a print in it


def changed(settings: list[str]) -> dict[str, float]:
    """Take over settings such as ROUNDS=4; those of the training are given back."""
    training = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        value = json.loads(text)
        if name.startswith("train."):
            training[name.removeprefix("train.")] = value
            continue
        module = enlarge if hasattr(enlarge, name) else patches
        assert hasattr(module, name), f"{name} is no setting"
        setattr(module, name, value)
    return training


def drawn(args: argparse.Namespace, by: str, photograph: Image.Image, seed: int) -> Iterator[Image.Image]:
    """The prints of one photograph."""
    size = args.shape or photograph.size
    printer = enlarge.Enlarger(photograph, size)
    if by == "network":
        for record in singan.train(photograph, replace(from_preset(args.preset, seed=seed), **args.training)):  # noqa: B007
            pass
        assert record.scene is not None
        for picture in record.scene.sample(args.count, seed=seed):
            yield next(finished(printer.stages(enlarge.Layout(picture))))
    elif by == "keep":
        yield next(finished(printer.stages(enlarge.Layout(photograph.resize(size)))))
    else:
        for number in range(args.count):
            layout = enlarge.Layout(place=PLACES[args.strength])
            yield next(finished(printer.stages(layout, 1000 * seed + number)))


def measure(args: argparse.Namespace, by: str, file: Path, seed: int) -> dict[str, float]:
    """Measure one photograph's prints."""
    with Image.open(file) as opened:
        photograph = opened.convert("RGB")
    if args.side:
        photograph.thumbnail((args.side, args.side), Image.Resampling.LANCZOS)
    prints, seconds, started = [], [], time.perf_counter()
    for picture in drawn(args, by, photograph, seed):
        prints.append(picture)
        seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
    small = [it.copy() for it in (photograph, *prints[:SHOWN])]
    for picture in small:
        picture.thumbnail((SHEET_SIDE, SHEET_SIDE))
    if not args.shape:
        contact_sheet(small, len(small)).save(args.out / f"{file.stem}_{by}_{seed}.png")
    prints[0].save(args.out / f"{file.stem}_{by}_{seed}_1.jpg", quality=92)
    result = {"seconds": statistics.median(seconds[1:] or seconds)}
    if args.yardstick:
        # A print smaller than the photograph is made of the photograph at its own density; halving needs even sides.
        reduced = Image.fromarray(enlarge.Enlarger(photograph, prints[0].size).pyramid[1][-1])
        reduced = reduced.crop((0, 0, reduced.width // 2 * 2, reduced.height // 2 * 2))
        real, *samples = [(to_tensor(picture) + 1) / 2 for picture in (reduced, *prints)]
        with torch.inference_mode():
            result |= load(args.yardstick).score(real, samples)
    return result


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", nargs="+", type=Path)
    parser.add_argument("--side", type=int)
    parser.add_argument("--by", nargs="+", choices=("patches", "network", "keep"), default=["patches"])
    parser.add_argument("--shape", nargs=2, type=int)
    parser.add_argument("--strength", type=int, choices=range(len(PLACES)), default=0)
    parser.add_argument("--preset", default="layout")
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--yardstick", type=Path)
    parser.add_argument("--out", type=Path, default=Path("out/prints"))
    args = parser.parse_args()
    args.training = changed(args.set)
    args.out.mkdir(parents=True, exist_ok=True)
    patches.compiled()
    for by in args.by:
        rows = []
        for seed in args.seeds:
            for file in args.photographs:
                rows.append(measure(args, by, file, seed))
                print(_row(f"{by} {file.stem} {seed}", rows[-1]), flush=True)
        print(_row(f"{by} mean", {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}))
    print(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _row(name: str, result: dict[str, float]) -> str:
    return "  ".join([name.ljust(24), *(f"{column} {value:.4g}" for column, value in result.items())])


if __name__ == "__main__":
    main()
