"""Steps between patches in the smooth areas of prints, over those of the photograph at the prints' scale: 1 is right.

    python -m benchmarks.seams PHOTOGRAPH ... [--sizes 1170x2532 2560x1080] [--set NAME=VALUE ...] [--out out/seams]

Prints keep the photograph's layout (mode keep). A step is by how much the mean of a strip of `ALONG` by `ACROSS` px
differs from that of the next, `GAP` px away, beyond what both differ from the strips on their other sides. Smooth is
where all four vary less than the photograph's do in the smoothest `SMOOTH` of it. A print's figure is the `HIGH`
quantile of its steps there over that of the photograph's.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from benchmarks.prints import changed
from darkroom.uses import finished
from singan import enlarge, patches
from singan.image import to_tensor
from singan.uses.retarget import KEPT

ALONG, ACROSS = 32, 8  # px of a strip along a border between patches, and across
GAP = 4  # px, over which votes spread a border
SMOOTH = 0.2  # of all places
HIGH = 0.99  # quantile: borders are few


def steps(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Of places in a picture (1, 3, H, W) in [0, 255]: the step, mean of the channels, and how much the strips vary."""
    starts = (0, ACROSS, 2 * ACROSS + GAP, 3 * ACROSS + GAP)
    found, varied = [], []
    for x in (picture, picture.transpose(2, 3)):
        mean, square = (F.avg_pool2d(it, (ALONG, ACROSS), (ALONG // 4, 1)) for it in (x, x.square()))
        deviation = (square - mean.square()).clamp(min=0).mean(1).sqrt()
        width = mean.shape[-1] - starts[-1]
        a, b, c, d = (mean[..., start : start + width] for start in starts)
        beyond = c - b - (1 + GAP / ACROSS) * ((b - a) + (d - c)) / 2
        found.append(beyond.abs().mean(1).flatten())
        varied.append(torch.stack([deviation[..., start : start + width] for start in starts]).amax(0).flatten())
    return torch.cat(found), torch.cat(varied)


def seams(photograph: Image.Image, printed: Image.Image) -> float:
    """The figure above of one print and the photograph at its scale."""
    (own, own_varied), (new, new_varied) = (steps((to_tensor(it) + 1) * 127.5) for it in (photograph, printed))
    limit = float(np.quantile(own_varied.numpy(), SMOOTH))
    return float(np.quantile(new[new_varied <= limit], HIGH) / np.quantile(own[own_varied <= limit], HIGH))


def main() -> None:
    """Parses, prints, measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", nargs="+", type=Path)
    parser.add_argument("--sizes", nargs="+", default=["1170x2532", "2560x1080"])
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--out", type=Path, default=Path("out/seams"))
    args = parser.parse_args()
    changed(args.set)
    args.out.mkdir(parents=True, exist_ok=True)
    patches.compiled()
    for file in args.photographs:
        with Image.open(file) as opened:
            photograph = opened.convert("RGB")
        row = file.stem.ljust(16)
        for size in args.sizes:
            width, height = map(int, size.split("x"))
            printer = enlarge.Enlarger(photograph, (width, height))
            printed = next(finished(printer.stages(enlarge.Layout(photograph, place=KEPT))))
            printed.save(args.out / f"{file.stem}_{size}.png")
            reduced = Image.fromarray(printer.pyramid[1][-1])
            row += f"  {size} {seams(reduced, printed):.2f}"
        print(row, flush=True)


if __name__ == "__main__":
    main()
