"""Learning named directions: unit vectors of z along which one attribute changes and the others stay.

Each begins as the least-squares gradient of its attribute's log-odds over z (InterFaceGAN, Shen et al., CVPR 2020, in
its linear form) and is then refined through generator and classifier. A second classifier, which no direction has seen,
decides which directions are good enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from darkroom.seeds import seeded
from dcgan.attributes import NAMES, Judge, train_classifier
from dcgan.pipeline import FacePipeline
from dcgan.streams import Stream

MOVE = 2.0  # standard deviations, at which a direction is learnt and judged
NEEDED = 0.3  # mean change of its attribute's probability
SIDE_EFFECT = 0.5  # of that, which another shipped attribute must stay below
JUDGED = 500  # latents
REGRESSED = 6_000  # latents
STEPS, BATCH, LEARNING_RATE = 100, 48, 0.1
WANTED_SIDE_EFFECT = 0.42  # refinement pushes the others below this
SIDE_WEIGHT = 1.0
SMALLEST_CHANGE = 0.05  # of its attribute, that others' changes are measured against in refinement


@dataclass(frozen=True)
class Fit:
    """Where learning stands; at the end directions by name, a table of what each one changes, and who judged it."""

    what: str
    step: int
    steps: int
    directions: dict[str, Tensor] | None = None
    report: str | None = None
    judge: Judge | None = None


def fit_directions(faces: FacePipeline, images: Tensor, labels: Tensor, seed: int = 0) -> Iterator[Fit]:
    """Learns the directions of a model from pictures, uint8 (N, 3, 64, 64), with labels (N, 10), NaN where unknown."""
    known = labels[:, 0].isfinite()
    judges = []
    for number, width in enumerate((32, 24)):
        for trained in train_classifier(images[known], labels[known], seed + number, width):
            yield Fit(f"classifier {number + 1} of 2", *trained[:2])
        judges.append(Judge.of(trained[2], images[:: max(1, len(images) // 2000)]))
    start = _regressed(faces, judges[0], seed)
    refined = []
    for k, name in enumerate(NAMES):
        for refinement in _refined(faces, judges[0], start[k], k, seed):
            yield Fit(name, refinement[0], STEPS)
        refined.append(refinement[1])
    directions = torch.stack(refined)
    yield _chosen(directions, effects(faces, judges[1], directions, seed), judges[1])


def _regressed(faces: FacePipeline, judge: Judge, seed: int) -> Tensor:
    """Unit gradients of the attributes' log-odds over z by least squares, (11, latent_dim)."""
    z = torch.randn(REGRESSED, faces.config.latent_dim, generator=seeded(seed, Stream.REGRESSION))
    with torch.no_grad():
        odds = torch.cat([torch.logit(judge(faces.render(part)), eps=1e-4) for part in z.split(500)])
    slopes = torch.linalg.lstsq(z, odds - odds.mean(0)).solution.T
    return F.normalize(slopes, dim=1)


def _refined(faces: FacePipeline, judge: Judge, start: Tensor, k: int, seed: int) -> Iterator[tuple[int, Tensor]]:
    """Turns direction k so that attribute k changes most while the others' mean changes stay small."""
    rng = seeded(seed, Stream.REFINEMENT, k)
    raw = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([raw], lr=LEARNING_RATE / start.numel() ** 0.5)
    others = [j for j in range(len(NAMES)) if j != k]
    for step in range(STEPS):
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
        yield step + 1, F.normalize(raw.detach(), dim=0)


def effects(faces: FacePipeline, judge: Judge, directions: Tensor, seed: int) -> Tensor:
    """Mean change of every attribute's probability for +2 standard deviations along each direction, (K, 11)."""
    z = faces.latents(JUDGED, seed + 1)
    with torch.no_grad():
        before = judge(faces.render(z))
        return torch.stack([(judge(faces.render(z + MOVE * direction)) - before).mean(0) for direction in directions])


def _chosen(directions: Tensor, changes: Tensor, judge: Judge) -> Fit:
    """Leaves out what moves its own attribute too little, then, one by one, what disturbs or is disturbed most."""
    shipped = [k for k in range(len(NAMES)) if changes[k, k] >= NEEDED]
    while clashes := [
        (k, j) for k in shipped for j in shipped if j != k and changes[k, j].abs() >= SIDE_EFFECT * changes[k, k]
    ]:
        involved = [k for pair in clashes for k in pair]
        shipped.remove(max(shipped, key=lambda k: (involved.count(k), -float(changes[k, k]))))
    return Fit("chosen", 1, 1, {NAMES[k]: directions[k] for k in shipped}, _table(changes, shipped), judge)


def _table(changes: Tensor, shipped: list[int]) -> str:
    """The changes as a Markdown table; shipped directions are in bold."""
    lines = [f"| +2 along | {' | '.join(NAMES)} |", "|---" * (len(NAMES) + 1) + "|"]
    for k, name in enumerate(NAMES):
        label = f"**{name}**" if k in shipped else name
        lines.append(f"| {label} | {' | '.join(f'{value:+.2f}' for value in changes[k].tolist())} |")
    return "\n".join(lines)
