"""Find what matters in a photograph: its subjects, which have to stay whole, and detail that is unlike all else."""

from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from darkroom.face_detector import Face, detect_faces
from darkroom.uses import Size
from singan.lines import straight_lines
from singan.saliency import salient_objects
from singan.windows import at_most, shipped_windows, writing_logits

CELLS = 64  # along each side of the maps
COARSE = 48  # px, both sides of the photograph in which patches are compared
PATCH = 5  # px, a tenth of that
APART = 8  # px that patches have to lie apart to count as "elsewhere"
RARE = 0.3  # RMS difference in [0, 1] to the third nearest patch elsewhere, from which on a patch counts in full
MAYBE, SURE = 0.4, 0.7  # probabilities from which on a cell may belong to a subject, and nine cells certainly do
MAYBE_WRITTEN, SURELY_WRITTEN = 3.0, 7.0  # logits from which on a cell may hold writing, and one of a text does
DISC = 6  # cells around a point that is asked for and where nothing is salient
TALL = 0.7  # of the photograph's height: what runs from border to border is no subject up to this

Map = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Importance:
    """Map what matters to 64 x 64 cells, whatever the photograph's shape; each is only equal to itself."""

    subject: NDArray[np.bool_]  # what has to stay whole: salient objects, faces and writing
    detail: Map  # in [0, 1], how little the rest resembles it
    # Where writing is; of subjects that were not marked it is a part.
    text: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((CELLS, CELLS), np.bool_))
    # (N, 4), the ends (x, y, x, y) of long straight edges, in parts of the sides.
    lines: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    rare: Map = field(default_factory=lambda: np.zeros((CELLS, CELLS), np.float32))  # detail, but for what subjects add
    face: float = 0.0  # the side of the largest face over the photograph's shorter one
    focus: tuple[float, float] | None = None  # the (x, y) that was asked for

    @property
    def rarity(self) -> float:
        """Return how little elsewhere resembles the subjects, mean in [0, 1]; 0 without one."""
        return float(self.rare[self.subject].mean()) if self.subject.any() else 0.0

    @property
    def centre(self) -> tuple[float, float]:
        """Return the (x, y) that was asked for, else that of the subjects' middle, in parts of the sides."""
        if self.focus:
            return self.focus
        rows, columns = np.nonzero(self.subject if self.subject.any() else ~self.subject)
        return (columns.mean() + 0.5) / CELLS, (rows.mean() + 0.5) / CELLS

    def asked(self, protect: Image.Image | None = None, focus: tuple[float, float] | None = None) -> "Importance":
        """Return it with the subject that is asked for: the same object for the same, itself for none.

        protect: a mask of any size, L; what is white in it is the subject, and nothing else. focus: (x, y) in parts of
        the sides; the subject is what is salient there, or what lies around it.
        """
        if protect is None and focus is None:
            return self
        return _asked(self, None if protect is None else _cells(protect), focus)


def importance(photograph: Image.Image) -> Importance:
    """Find what matters in a photograph."""
    small = at_most(photograph).convert("RGB")
    found, rarity, text, faces, lines = _measured(small.tobytes(), small.size)
    face = max((it.area**0.5 for it in faces), default=0.0) / min(small.size)
    cells = F.adaptive_max_pool2d(found, CELLS)[0]
    subject = _subjects(F.adaptive_avg_pool2d(found, CELLS)[0], cells) | text | _held(faces, small.size)
    detail = torch.maximum(rarity, cells)
    return Importance(subject.numpy(), detail.numpy(), text.numpy(), lines, rarity.numpy(), face)


@lru_cache(maxsize=32)  # a picture and what is said of it ask alike
def _asked(own: Importance, protect: bytes | None, focus: tuple[float, float] | None) -> Importance:
    """Return an importance with other subjects. protect: of (64, 64) bool."""
    if protect is not None:
        marked = np.frombuffer(protect, np.bool_).reshape(CELLS, CELLS).copy()
        return replace(own, subject=marked, detail=own.rare, focus=focus)
    assert focus is not None
    return replace(own, subject=_around(focus, torch.from_numpy(own.subject)).numpy(), focus=focus)


def _cells(protect: Image.Image) -> bytes:
    """Return which cells a mask marks, (64, 64) bool."""
    marked = torch.from_numpy(np.array(protect.convert("L"), np.float32))[None] / 255
    return (F.adaptive_max_pool2d(marked, CELLS)[0] > 0.5).numpy().tobytes()


def _around(focus: tuple[float, float], subjects: Tensor) -> Tensor:
    """Find the subject at a point, or make a disc about it."""
    x, y = (min(CELLS - 1, int(CELLS * it)) for it in focus)
    away = (torch.arange(CELLS) - y)[:, None] ** 2 + (torch.arange(CELLS) - x) ** 2
    return _connected(away == 0, subjects) if subjects[y, x] else away <= DISC**2


def _subjects(mean: Tensor, most: Tensor) -> Tensor:
    """Find objects that are sure somewhere, less a ridge or a shore, from probabilities over each cell, (64, 64)."""
    maybe = most > MAYBE
    sure = F.avg_pool2d(mean[None], 3, 1, 1)[0] > SURE
    left, right = (_connected(maybe & (torch.arange(CELLS) == column), maybe) for column in (0, CELLS - 1))
    across = left & right
    if across.any(1).float().mean() > TALL:
        across = torch.zeros_like(maybe)  # as tall as this, it is what the photograph is of
    return _connected(sure & maybe, maybe) & ~across


def _connected(seeds: Tensor, mask: Tensor) -> Tensor:
    """Find what of a mask (64, 64) hangs together with the seeds in it."""
    before, now, allowed = None, seeds.float()[None], mask.float()
    while before is None or not torch.equal(before, now):
        before, now = now, F.max_pool2d(now, 3, 1, 1) * allowed
    return now[0] > 0


@lru_cache(maxsize=16)  # one photograph is fitted to many devices
def _measured(pixels: bytes, size: Size) -> tuple[Tensor, Tensor, Tensor, list[Face], NDArray[np.float64]]:
    """Measure salience (1, 320, 320), rarity and writing (64, 64), faces and lines of a reduced photograph."""
    small = Image.frombytes("RGB", size, pixels)
    logits = writing_logits(small, shipped_windows(), CELLS)
    text = _connected(logits > SURELY_WRITTEN, logits > MAYBE_WRITTEN)
    salient, rarity = torch.from_numpy(salient_objects(small))[None], torch.from_numpy(_rarity(small))
    return salient, rarity, text, detect_faces(small), straight_lines(small)


def _held(faces: list[Face], size: Size) -> Tensor:
    """Return the cells, (64, 64) bool, in which faces of a photograph of this size lie."""
    cells = torch.zeros(CELLS, CELLS, dtype=torch.bool)
    for face in faces:
        box = [max(0, round(CELLS * it / side)) for it, side in zip(face.box, 2 * size, strict=True)]
        cells[box[1] : box[3], box[0] : box[2]] = True
    return cells


@cache
def _near() -> Tensor:
    """Return, (48 x 48, 48 x 48), whether patches lie too near to each other to count as elsewhere."""
    places = torch.arange(COARSE)
    near = (places[:, None] - places).abs() < APART
    return (near[:, None, :, None] & near[:, None]).reshape(COARSE**2, COARSE**2)


def _rarity(photograph: Image.Image) -> Map:
    """Measure how far the patch around each cell is from the third nearest elsewhere: only texture repeats."""
    planes = torch.from_numpy(np.array(photograph.resize((COARSE, COARSE), Image.Resampling.BOX))).permute(2, 0, 1)
    patches = F.unfold(F.pad(planes[None].float() / 255, [PATCH // 2] * 4, mode="reflect"), PATCH)[0].T
    distances = torch.cdist(patches, patches).masked_fill_(_near(), torch.inf)
    third = distances.topk(3, 1, largest=False).values[:, 2] / patches.shape[1] ** 0.5
    rarity = (third / RARE).clamp(max=1).reshape(1, 1, COARSE, COARSE)
    return F.interpolate(rarity, (CELLS, CELLS), mode="bilinear")[0, 0].numpy()
