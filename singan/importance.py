"""What matters in a photograph: its subjects, which have to stay whole, and detail that nothing elsewhere resembles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from singan.saliency import SIDE, salient_objects

CELLS = 64  # along each side of the maps
COARSE = 48  # px, both sides of the photograph in which patches are compared
PATCH = 5  # px, a tenth of that
APART = 8  # px that patches have to lie apart to count as "elsewhere"
RARE = 0.3  # RMS difference in [0, 1] to the third nearest patch elsewhere, from which on a patch counts in full
MAYBE, SURE = 0.4, 0.7  # probabilities from which on a cell may belong to a subject, and nine cells certainly do
DISC = 6  # cells around a point that is asked for and where nothing is salient
TALL = 0.7  # of the photograph's height: what runs from border to border is no subject up to this

Map = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Importance:
    """What matters, on a grid of 64 x 64 cells, whatever the photograph's shape; each is only equal to itself.

    subject: (64, 64) bool, what has to stay whole. detail: (64, 64) in [0, 1], how little the rest resembles it.
    """

    subject: NDArray[np.bool_]
    detail: Map

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of the subjects' middle, in parts of the sides."""
        if not self.subject.any():
            return 0.5, 0.5
        rows, columns = np.nonzero(self.subject)
        return (columns.mean() + 0.5) / CELLS, (rows.mean() + 0.5) / CELLS


def importance(
    photograph: Image.Image, protect: Image.Image | None = None, focus: tuple[float, float] | None = None
) -> Importance:
    """Find what matters in a photograph.

    Args:
        protect: a mask of any size, L; what is white in it is the subject, and nothing else.
        focus: (x, y) in parts of the sides; the subject is what is salient there, or what lies around it.
    """
    small = photograph.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    found, rarity = (torch.from_numpy(it) for it in _measured(small.tobytes()))
    if protect is not None:
        marked = torch.from_numpy(np.array(protect.convert("L"), np.float32))[None] / 255
        return Importance(F.adaptive_max_pool2d(marked, CELLS)[0].numpy() > 0.5, rarity.numpy())
    cells = F.adaptive_max_pool2d(found, CELLS)[0]
    subject = _subjects(F.adaptive_avg_pool2d(found, CELLS)[0], cells)
    if focus is not None:
        subject = _around(focus, subject)
    return Importance(subject.numpy(), torch.maximum(rarity, cells).numpy())


def _around(focus: tuple[float, float], subjects: Tensor) -> Tensor:
    """The subject at a point, or a disc about it."""
    x, y = (min(CELLS - 1, int(CELLS * it)) for it in focus)
    there = torch.zeros_like(subjects)
    there[y, x] = True
    if subjects[y, x]:
        return _connected(there, subjects)
    rows, columns = (torch.arange(CELLS) - it for it in (y, x))
    return rows[:, None] ** 2 + columns**2 <= DISC**2


def _subjects(mean: Tensor, most: Tensor) -> Tensor:
    """Cells of the objects that are sure somewhere, less what runs from the left to the right: a ridge, a shore.

    mean, most: (64, 64), probabilities over each cell.
    """
    maybe = most > MAYBE
    sure = F.avg_pool2d(mean[None], 3, 1, 1)[0] > SURE
    across = _connected(_border(maybe, 0), maybe) & _connected(_border(maybe, -1), maybe)
    if across.any() and across.any(1).float().mean() > TALL:
        across = torch.zeros_like(maybe)  # as tall as this, it is what the photograph is of
    return _connected(sure & maybe, maybe) & ~across


def _border(mask: Tensor, column: int) -> Tensor:
    border = torch.zeros_like(mask)
    border[:, column] = mask[:, column]
    return border


def _connected(seeds: Tensor, mask: Tensor) -> Tensor:
    """What of a mask (64, 64) hangs together with the seeds in it."""
    now, allowed = seeds.float()[None, None], mask.float()[None, None]
    while True:
        grown = F.max_pool2d(now, 3, 1, 1) * allowed
        if torch.equal(grown, now):
            return now[0, 0] > 0
        now = grown


@lru_cache(maxsize=16)  # one photograph is fitted to many devices
def _measured(pixels: bytes) -> tuple[Map, Map]:
    """Salience (1, 320, 320) and rarity (64, 64) of a photograph reduced to 320 x 320 px."""
    small = Image.frombytes("RGB", (SIDE, SIDE), pixels)
    return salient_objects(small)[None], _rarity(small)


def _rarity(photograph: Image.Image) -> Map:
    """Distance of the patch around each cell to the third nearest elsewhere: texture repeats, structure does not."""
    planes = torch.from_numpy(np.array(photograph.resize((COARSE, COARSE), Image.Resampling.BOX))).permute(2, 0, 1)
    patches = F.unfold(F.pad(planes[None].float() / 255, [PATCH // 2] * 4, mode="reflect"), PATCH)[0].T
    y, x = (it.flatten() for it in torch.meshgrid(torch.arange(COARSE), torch.arange(COARSE), indexing="ij"))
    near = ((y[:, None] - y).abs() < APART) & ((x[:, None] - x).abs() < APART)
    distances = torch.cdist(patches, patches).masked_fill_(near, torch.inf)
    third = distances.topk(3, 1, largest=False).values[:, 2] / patches.shape[1] ** 0.5
    rarity = (third / RARE).clamp(max=1).reshape(1, 1, COARSE, COARSE)
    return F.interpolate(rarity, (CELLS, CELLS), mode="bilinear")[0, 0].numpy()
