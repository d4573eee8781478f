"""Fits photographs to other shapes by every method, and measures whether their subjects stay whole.

    python -m benchmarks.fit PHOTOGRAPH ... [--subjects subjects.json] [--yardsticks DIR] [--side 900]
        [--by stretch crop seams keep fit] [--shapes phone wide narrow low] [--out out/fit]

Photographs are reduced to --side px, where one is given, and the result's longer side is theirs; `narrow` and `low` are
half their width and half their height. Prints a table for each shape, writes a sheet of it (each photograph, then every
method), and keeps each result and what was measured of it in --out: what is there is not done again. Measuring needs
--yardsticks, the folder of fit_quality.py, scene_quality.py and print_quality.py, and for the first three columns
--subjects, the boxes of each photograph's subjects by its name:

whole, likeness, size    of subjects, as fit_quality.py has them; means over all subjects
completeness, coherence  as scene_quality.py has them, of `PROBES` random patches at half and a quarter of the
                         photograph's density; new: coherence of what `fit` has redrawn
sharpness, fine          as print_quality.py has them, beside the photograph at the result's density
seconds                  of CPU time a picture
"""

import argparse
import json
import math
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import seam_carving
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from benchmarks.yardstick import load
from dcgan.export import contact_sheet
from singan import patches
from singan.deformation import cropped
from singan.enlarge import Enlarger, Layout
from singan.fit import Fitting
from singan.image import to_tensor
from singan.importance import importance
from singan.prints import BROKEN, FittedPrint, prints
from singan.strips import Wishes
from singan.uses.retarget import KEPT

SHAPES = ("phone", "wide", "narrow", "low")
METHODS = ("stretch", "crop", "seams", "keep", "fit")
COLUMNS = (
    "whole", "likeness", "size", "completeness", "coherence", "new", "sharpness", "fine", "seconds",
)  # fmt: skip
DENSITIES = (0.5, 0.25)  # of the photograph, at which patches are compared
PROBES = 300
SHEET_SIDE = 320  # px, of a picture in a sheet


def size_in(shape: str, photograph: Image.Image) -> tuple[int, int]:
    """The result's (width, height)."""
    width, height = photograph.size
    longer = max(photograph.size)
    return {
        "phone": (round(longer * 9 / 19.5), longer),
        "wide": (longer, round(longer * 9 / 21)),
        "narrow": (width // 2, height),
        "low": (width, height // 2),
    }[shape]


def fitted(by: str, photograph: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Fit a photograph to a (width, height) by one method."""
    if by == "stretch":
        return photograph.resize(size, Image.Resampling.LANCZOS)
    if by == "crop":
        return cropped(photograph, size, importance(photograph).centre)
    if by == "seams":
        unit = _unit(photograph, size)
        reduced = photograph.resize([round(side * unit) for side in photograph.size], Image.Resampling.LANCZOS)
        return Image.fromarray(seam_carving.resize(np.array(reduced), size, "forward"))
    if by == "keep":
        *_, step = prints(photograph, [Layout(photograph, place=KEPT)], size, 0)
    else:
        *_, step = FittedPrint(photograph, importance(photograph), size, Wishes()).steps(0)
    assert step.picture is not None
    return step.picture


def traced(by: str, photograph: Image.Image, size: tuple[int, int]) -> tuple[float, np.ndarray | None]:
    """The scale of a result, px for one of the photograph, and what was redrawn, (height, width) in [0, 1]; None:
    unknown."""
    scale = max(side / own for side, own in zip(size, photograph.size, strict=True))
    if by == "crop":
        return scale, None
    if by == "keep":
        return Enlarger(photograph, size).pyramid[1][-1].shape[1] / photograph.width, None
    if by != "fit":
        return _unit(photograph, size), None
    found = importance(photograph)
    fitting = FittedPrint(photograph, found, size, Wishes())
    if fitting.strips.cost > BROKEN:
        return scale, None
    enlarged = max(1.0, fitting.strips.scale)
    own = round(size[0] / enlarged), round(size[1] / enlarged)
    kept = Fitting(photograph, found, replace(fitting.strips, scale=fitting.strips.scale / enlarged), own).kept
    return fitting.strips.scale, 1 - np.asarray(Image.fromarray(kept).resize(size, Image.Resampling.BILINEAR))


def _unit(photograph: Image.Image, size: tuple[int, int]) -> float:
    """The scale at which photograph and result have one area."""
    return math.sqrt(math.prod(size) / math.prod(photograph.size))


def nearest(picture: Tensor, photograph: Tensor, patch: int, where: Tensor | None = None) -> float:
    """Mean RMS distance of random patches of a picture (1, 3, H, W) to their nearest ones in a photograph.

    where: (H, W), 1 where the patches' middles may lie.
    """
    height, width = (side - patch + 1 for side in picture.shape[-2:])
    middle = slice(patch // 2, -(patch // 2))
    free = torch.ones(height * width) if where is None else where[middle, middle].flatten().float()
    if not free.any():
        return math.nan
    chosen = free.nonzero()[:, 0]
    chosen = chosen[torch.randint(len(chosen), (PROBES,), generator=torch.Generator().manual_seed(0))]
    query = torch.stack([picture[0, :, y : y + patch, x : x + patch].flatten() for y, x in _places(chosen, width)])
    best = torch.full((PROBES,), torch.inf)
    rows = max(1, 100_000 // photograph.shape[-1])  # at once, for the memory
    for top in range(0, photograph.shape[-2] - patch + 1, rows):
        keys = F.unfold(photograph[:, :, top : top + rows + patch - 1], patch)[0]
        cost = query.square().sum(1)[:, None] - 2 * query @ keys + keys.square().sum(0)
        best = torch.minimum(best, cost.min(1).values)
    return float((best.clamp(min=0) / query.shape[1]).sqrt().mean())


def _places(numbers: Tensor, width: int) -> list[tuple[int, int]]:
    return [divmod(number, width) for number in numbers.tolist()]


def _planes(picture: Image.Image, scale: float = 1.0) -> Tensor:
    """(1, 3, H, W) in [0, 1], of even sides, as `fine` halves them."""
    width, height = (max(16, round(side * scale)) // 2 * 2 for side in picture.size)
    return (to_tensor(picture.resize((width, height), Image.Resampling.LANCZOS)) + 1) / 2


def quality(
    picture: Image.Image,
    photograph: Image.Image,
    scale: float,
    redrawn: np.ndarray | None,
    patch: int,
    prints: ModuleType,
) -> dict:
    """The columns that need no subjects. patch: px. prints: print_quality.py."""
    rows = []
    for density in DENSITIES:
        real, result, new = _planes(photograph, density), _planes(picture, density / scale), math.nan
        if redrawn is not None:
            side = (result.shape[-1], result.shape[-2])
            reduced = Image.fromarray(redrawn.astype(np.float32)).resize(side, Image.Resampling.BOX)
            new = nearest(result, real, patch, torch.from_numpy(np.array(reduced)) > 0.5)
        rows.append((nearest(real, result, patch), nearest(result, real, patch), new))
    found = dict(zip(("completeness", "coherence", "new"), map(float, np.mean(rows, 0)), strict=True))
    real, result = _planes(photograph, min(1.0, scale)), _planes(picture)
    fine = prints.ranked(prints.finest(result)) / prints.ranked(prints.finest(real)).clamp(min=1e-6)
    return found | {"sharpness": prints.gradient(result) / prints.gradient(real), "fine": float(fine.median())}


def measure(args: argparse.Namespace, file: Path, shape: str, by: str) -> dict:
    """One result and its figures, from --out where they are."""
    kept = args.out / f"{file.stem}_{shape}_{by}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    photograph = opened(args, file)
    size = size_in(shape, photograph)
    started = time.process_time()
    picture = fitted(by, photograph, size)
    row = {"seconds": time.process_time() - started}
    picture.save(kept.with_suffix(".png"))
    if args.yardsticks:
        fit, scene, prints = (load(args.yardsticks / f"{name}_quality.py") for name in ("fit", "scene", "print"))
        with torch.inference_mode():
            row |= quality(picture, photograph, *traced(by, photograph, size), scene.PATCH, prints)
        row["subjects"] = fit.score(photograph, picture, args.subjects.get(file.stem, []))
    kept.write_text(json.dumps(row))
    return row


def opened(args: argparse.Namespace, file: Path) -> Image.Image:
    """The photograph, reduced."""
    with Image.open(file) as image:
        photograph = image.convert("RGB")
    if args.side:
        photograph.thumbnail((args.side, args.side), Image.Resampling.LANCZOS)
    return photograph


def row(name: str, rows: list[dict]) -> str:
    """One line of a table: means, of subjects over all subjects."""
    subjects = [it for row in rows for it in row.get("subjects", [])]
    values = [[it[column] for it in subjects] for column in COLUMNS[:3]]
    values += [[it.get(column, math.nan) for it in rows] for column in COLUMNS[3:]]
    means = [np.nanmean(it) if it and not np.isnan(it).all() else math.nan for it in values]
    shown = ["" if math.isnan(it) else f"{it:.4f}" if 3 <= n < 6 else f"{it:.2f}" for n, it in enumerate(means)]
    return f"| {' | '.join([name, *shown])} |"


def sheet(args: argparse.Namespace, shape: str) -> None:
    """Each photograph, then every method, a row each."""
    tiles = []
    for file in args.photographs:
        results = [Image.open(args.out / f"{file.stem}_{shape}_{by}.png") for by in args.by]
        for picture in [opened(args, file), *results]:
            picture.thumbnail((SHEET_SIDE, SHEET_SIDE), Image.Resampling.LANCZOS)
            tile = Image.new("RGB", (SHEET_SIDE, SHEET_SIDE), "white")
            tile.paste(picture, ((SHEET_SIDE - picture.width) // 2, (SHEET_SIDE - picture.height) // 2))
            tiles.append(tile)
    contact_sheet(tiles, len(args.by) + 1).save(args.out / f"{shape}.jpg", quality=92)


def main() -> None:
    """Parses, fits, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", nargs="+", type=Path)
    parser.add_argument("--subjects", type=lambda file: json.loads(Path(file).read_text()), default={})
    parser.add_argument("--yardsticks", type=Path)
    parser.add_argument("--side", type=int)
    parser.add_argument("--by", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=SHAPES)
    parser.add_argument("--out", type=Path, default=Path("out/fit"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    patches.compiled()
    for shape in args.shapes:
        rows = {by: [measure(args, file, shape, by) for file in args.photographs] for by in args.by}
        print(f"\n| {' | '.join([shape, *COLUMNS])} |\n|{'---|' * (len(COLUMNS) + 1)}")
        print("\n".join(row(by, it) for by, it in rows.items()), flush=True)
        sheet(args, shape)


if __name__ == "__main__":
    main()
