"""Learns a face model's named directions: unit vectors of z along which one attribute changes and the others stay.

    python -m benchmarks.directions MODEL faces.zip list_attr_celeba.txt [--seed 0]

Each begins as the least-squares gradient of its attribute's log-odds over z (InterFaceGAN, Shen et al., CVPR 2020, in
its linear form) and is then refined through generator and classifier. A second classifier, which no direction has seen,
decides which directions are good enough. They are written into the model's folder, and that classifier beside them
(judge.safetensors); a table of what each direction changes is printed.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import trange

from benchmarks.attributes import NAMES, Judge, read_attributes, train_classifier
from darkroom import commands
from darkroom.checks import check_range
from darkroom.device import pick_device
from darkroom.files import locked
from darkroom.seeds import MAX_SEED, seeded
from dcgan.data import load
from dcgan.latent import with_norm_of
from dcgan.pipeline import FacePipeline

MOVE = 2.0  # standard deviations, at which a direction is learnt and judged
MIN_CHANGE = 0.3  # mean change of its own attribute's probability that a shipped direction makes
MAX_SIDE_EFFECT = 0.5  # share of that change, which another shipped attribute stays below
JUDGED_LATENTS = 500
REGRESSION_LATENTS = 6_000
REGRESSION_STREAM, REFINEMENT_STREAM = 8, 9  # of random numbers, after those of dcgan.trainer.Stream
STEPS, BATCH, LEARNING_RATE = 100, 48, 0.1
WANTED_SIDE_EFFECT = 0.42  # refinement pushes the others below this share
SIDE_WEIGHT = 1.0
SMALLEST_CHANGE = 0.05  # of its attribute, that others' changes are measured against in refinement


@dataclass(frozen=True)
class Directions:
    """Learnt directions by name, a table of what each attribute's direction changes, and the judge of them."""

    vectors: dict[str, Tensor]
    table: str
    judge: Judge


def fit_directions(faces: FacePipeline, images: Tensor, labels: Tensor, seed: int = 0) -> Directions:
    """Learn a model's directions from pictures, uint8 (N, 3, 64, 64), with labels (N, 10), NaN where unknown."""
    known = labels[:, 0].isfinite()
    some = images[:: max(1, len(images) // 2000)]
    classifiers = [train_classifier(images[known], labels[known], seed + n, width) for n, width in enumerate((32, 24))]
    teacher, judge = (Judge.of(classifier, some) for classifier in classifiers)
    starts = _regressed(faces, teacher, seed)
    directions = torch.stack([_refined(faces, teacher, start, k, seed) for k, start in enumerate(starts)])
    changes = effects(faces, judge, directions, seed)
    chosen = choose(changes)
    return Directions({NAMES[k]: directions[k] for k in chosen}, table_of(changes, chosen), judge)


def _regressed(faces: FacePipeline, judge: Judge, seed: int) -> Tensor:
    """Find the unit gradients of the attributes' log-odds over z by least squares, (11, latent_dim)."""
    z = torch.randn(REGRESSION_LATENTS, faces.config.latent_dim, generator=seeded(seed, REGRESSION_STREAM))
    with torch.no_grad():
        odds = torch.cat([torch.logit(judge(faces.render(part)), eps=1e-4) for part in z.split(500)])
    slopes = torch.linalg.lstsq(z, odds - odds.mean(0)).solution.T
    return F.normalize(slopes, dim=1)


def _refined(faces: FacePipeline, judge: Judge, start: Tensor, k: int, seed: int) -> Tensor:
    """Turn direction k so that attribute k changes most while the others' mean changes stay small."""
    rng = seeded(seed, REFINEMENT_STREAM, k)
    raw = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([raw], lr=LEARNING_RATE / start.numel() ** 0.5)
    others = [j for j in range(len(NAMES)) if j != k]
    for _ in trange(STEPS, desc=NAMES[k]):
        z = torch.randn(BATCH, start.numel(), generator=rng)
        direction = F.normalize(raw, dim=0)
        with torch.no_grad():
            before = judge(faces.render(z))
        after = judge(faces.generator((z + MOVE * direction).to(faces.device)).cpu())
        change = (after - before).mean(0)
        excess = F.relu(change[others].abs() - WANTED_SIDE_EFFECT * change[k].detach().clamp_min(SMALLEST_CHANGE))
        loss = -change[k] + SIDE_WEIGHT * excess.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return F.normalize(raw.detach(), dim=0)


def effects(faces: FacePipeline, judge: Judge, directions: Tensor, seed: int) -> Tensor:
    """Measure every attribute's mean change of probability, (K, 11), for +2 standard deviations of each direction."""
    z = faces.latents(JUDGED_LATENTS, seed + 1)
    with torch.no_grad():
        before = judge(faces.render(z))
        moved = (with_norm_of(z, z + MOVE * direction) for direction in directions)  # as `FacePipeline.move` does it
        return torch.stack([(judge(faces.render(it)) - before).mean(0) for it in moved])


def choose(changes: Tensor) -> list[int]:
    """Choose the directions to ship by their effects (11, 11): those that do their own work and little else.

    What moves its own attribute too little is left out, then, one by one, what disturbs or is disturbed most.
    """
    chosen = [k for k in range(len(NAMES)) if changes[k, k] >= MIN_CHANGE]
    while clashes := [
        (k, j) for k in chosen for j in chosen if j != k and changes[k, j].abs() >= MAX_SIDE_EFFECT * changes[k, k]
    ]:
        involved = [k for pair in clashes for k in pair]
        chosen.remove(max(chosen, key=lambda k: (involved.count(k), -float(changes[k, k]))))
    return chosen


def table_of(changes: Tensor, chosen: Sequence[int]) -> str:
    """Write the effects as a Markdown table, the chosen directions in bold."""
    lines = [f"| +2 along | {' | '.join(NAMES)} |", "|---" * (len(NAMES) + 1) + "|"]
    for k, name in enumerate(NAMES):
        label = f"**{name}**" if k in chosen else name
        lines.append(f"| {label} | {' | '.join(f'{value:+.2f}' for value in changes[k].tolist())} |")
    return "\n".join(lines)


def learn(args: argparse.Namespace) -> int:
    """Learn the directions and write them into the model's folder."""
    if not args.model.is_dir():
        raise ValueError(f"{args.model} is no folder; the directions are written into one")
    check_range("seed", args.seed, 0, MAX_SEED - 1)
    with locked(args.model):
        faces = FacePipeline.from_pretrained(args.model).to(pick_device())
        data = load(args.data)
        labels = read_attributes(args.attributes, data.names)
        found = fit_directions(faces, data.images, labels, args.seed)
        print(found.table)
        faces.with_attributes(found.vectors).to("cpu").save_pretrained(args.model)
        found.judge.save(args.model)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse and learn; return the exit code, 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="folder of the model; the directions are written into it")
    parser.add_argument("data", type=Path, help="the pictures")
    parser.add_argument("attributes", type=Path, help="table as CelebA's, also with commas")
    parser.add_argument("--seed", type=int, default=0, help="of every random draw")
    args = parser.parse_args(arguments)
    return commands.run("directions", lambda: learn(args))


if __name__ == "__main__":
    sys.exit(main())
