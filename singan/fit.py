"""A photograph in another shape: its subjects stay as they are, and what was deformed around them is redrawn.

What matters (`singan.importance`) -> where it goes (`singan.strips`) -> what is redrawn (here): by patches of the
photograph at the subjects' scale, coarse to fine, as in `singan.enlarge`.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from singan.deformation import Piece, behind, deformed, pieces, places, reduced
from singan.enlarge import FAR, NEAR, SWEEPS, Stage, size_at, step_of
from singan.importance import CELLS, Importance
from singan.patches import (
    PATCH,
    Bytes,
    Mask,
    Matches,
    Size,
    as_tensor,
    improve,
    resized,
    size_of,
    smooth_vote,
    vote,
)
from singan.pieces import each, whole
from singan.strips import Strips

ENTRY = 48  # px, the shorter side of the photograph where the deformed one comes in
FACTOR = 1.6  # from scale to scale, about
ROUNDS = 3  # of the coarsest scale, where all patches are compared
HEIGHT, ACROSS = 0.5, 0.2  # weights of a patch's place: from side to side counts like this RMS difference
BACKGROUND = 256  # px, longer side of what margins begin with
FALLOFF, MAJORITY = 0.2, 3  # of votes: a mean of all that are made of several places is blurred, and finds blurred ones
MILD = 1.35  # a place's scale over the subjects', or the other way, up to which the photograph's own pixels stay
FEATHER = 0.012  # of the picture's shorter side, over which kept pixels become redrawn ones
BESIDE = 11  # cells: twice as far as a patch reaches at the coarsest scale, about
FEW = 0.1  # of the photograph's patches: with fewer free of subjects, all are used

Floats = NDArray[np.float32]


class Fitting:
    """One photograph in one shape: the deformed photograph, what of it stays, and the stages of redrawing the rest."""

    def __init__(self, photograph: Image.Image, importance: Importance, strips: Strips, size: tuple[int, int]) -> None:
        """size: (width, height), px, for which `strips` were found; their scale is at most 1."""
        self.size, self.strips, self.subject = size, strips, importance.subject
        self.rows = pieces(strips.rows.sizes, photograph.height, size[1])
        self.columns = pieces(strips.columns.sizes, photograph.width, size[0])
        own = [max(PATCH + 1, round(side * strips.scale)) for side in photograph.size]
        self.source: Bytes = np.array(photograph.resize(own, Image.Resampling.LANCZOS))
        self.kept = self._kept()
        self.deformed: Bytes = np.array(self._deformed(photograph))

    def _deformed(self, photograph: Image.Image) -> Image.Image:
        """The photograph deformed, and in the margins what is about it without its subjects."""
        result = deformed(photograph, self.rows, self.columns, photograph.size)
        if not any(it.margin for it in [*self.rows, *self.columns]):
            return result
        share = BACKGROUND / max(self.size)
        lines = reduced(self.rows, share), reduced(self.columns, share)
        margins = deformed(behind(photograph, self.subject, BACKGROUND), *lines, photograph.size)
        box = [[it for it in line if not it.margin] for line in (self.columns, self.rows)]
        inside = Image.new("L", self.size)
        inside.paste(255, (box[0][0].start, box[1][0].start, box[0][-1].stop, box[1][-1].stop))
        return Image.composite(result, margins.resize(self.size, Image.Resampling.BICUBIC), inside)

    def _kept(self) -> Floats:
        """(height, width) in [0, 1]: how much of the deformed photograph stays."""
        kept = np.zeros(self.size[::-1], np.uint8)
        for row in self.rows:
            for column in self.columns:
                if not (row.margin or column.margin or self._distorts(row, column)):
                    kept[row.start : row.stop, column.start : column.stop] = 255
        blurred = Image.fromarray(kept).filter(ImageFilter.BoxBlur(max(1, round(FEATHER * min(self.size)))))
        return (np.asarray(blurred, np.float32) / np.float32(127.5) - 1).clip(0, 1)

    def _distorts(self, row: Piece, column: Piece) -> bool:
        """Whether what lies where two pieces meet looks stretched."""
        return any(not 1 / MILD <= it.scale / self.strips.scale <= MILD for it in (row, column))

    def stages(self, seed: int) -> Iterator[Stage]:
        """The picture as it grows; the last is finished. The same seed gives the same."""
        if self.kept.min() == 1:
            yield Stage(Image.fromarray(self.deformed), 1.0)
            return
        factors = self._factors()
        sizes = [size_at(factor, self.size[::-1]) for factor in factors]
        reals = [resized(self.source, size_at(factor, size_of(self.source))) for factor in factors]
        work = [math.prod(size) for size in sizes]
        now, matches = self._begun(sizes[0], reals[0])
        for n in range(1, len(sizes)):
            done, total = sum(work[:n]), sum(work) + 1
            yield Stage(Image.fromarray(now), done / total)
            redrawn = self._redrawn(now, matches, sizes[n], reals[n - 1], reals[n], seed + n)
            now, matches = yield from each(redrawn, lambda share: Stage(None, (done + share * work[n]) / total))  # noqa: B023
        yield Stage(Image.fromarray(now), 1.0)

    def _factors(self) -> list[float]:
        """The photograph's reductions, coarsest first."""
        first = min(1.0, ENTRY / min(size_of(self.source)))
        count = max(1, math.ceil(-math.log(first) / math.log(FACTOR)))
        return [first ** (1 - n / count) for n in range(count + 1)]

    def _begun(self, size: Size, real: Bytes) -> tuple[Bytes, Matches]:
        """The coarsest scale: all patches are compared, with their places."""
        own, kept, barred = resized(self.deformed, size), self._kept_at(size), self._barred(size_of(real))
        seen = [places(line, side) for line, side in zip((self.rows, self.columns), size, strict=True)]
        # Only what lies at a subject, as its stretched part does, may be made of patches that hold any of it.
        near = np.array(Image.fromarray(self.subject).convert("L").filter(ImageFilter.MaxFilter(BESIDE))) > 0
        middles = [it[PATCH // 2 : len(it) - PATCH // 2] for it in seen]
        rows, columns = ((it * CELLS).astype(int).clip(0, CELLS - 1) for it in middles)
        bars = ~near[rows[:, None], columns[None]]
        now = own
        for _ in range(ROUNDS):
            matches = _nearest(now, real, seen, bars, barred)
            now = _joined(whole(vote(matches, real, FALLOFF, MAJORITY)), own, kept)
        return now, matches

    def _redrawn(
        self, now: Bytes, matches: Matches, size: Size, below: Bytes, real: Bytes, seed: int
    ) -> Generator[float, None, tuple[Bytes, Matches]]:
        """One scale above. now, matches, below: the picture, its patches and the photograph at the scale below."""
        own, kept = resized(self.deformed, size), self._kept_at(size)
        allowed = None if self.strips.stretched else ~self._barred(size_of(real))
        now, blurred = resized(now, size), resized(below, size_of(real))
        matches = matches.enlarged(size, size_of(real), step_of(size))
        sought = _holding(kept < 1, matches)
        rounds = 2 if matches.step == 1 else 1
        reach = max(real.shape) // 4 if max(size) < FAR else NEAR
        for n in range(rounds):
            keys = real if n else blurred
            search = improve(matches, now, keys, SWEEPS, reach, 2 * seed + n, sought=sought, allowed=allowed)
            matches = yield from each(search, lambda share: (n + 0.8 * share) / rounds)  # noqa: B023
            if size == self.kept.shape and n == rounds - 1:
                votes = smooth_vote(matches, real, FALLOFF, MAJORITY, kept == 1, self.deformed)
            else:
                votes = vote(matches, real, FALLOFF, MAJORITY)
            now = yield from each(votes, lambda share: (n + 0.8 + 0.2 * share) / rounds)  # noqa: B023
            now = _joined(now, own, kept)
        return now, matches

    def _kept_at(self, size: Size) -> Floats:
        if size == self.kept.shape:
            return self.kept
        return np.asarray(Image.fromarray(self.kept).resize(size[::-1], Image.Resampling.BOX))

    def _barred(self, size: Size) -> Mask:
        """(height, width) of the photograph: whether the patch from there on holds any of a subject."""
        held = _reaching(np.array(Image.fromarray(self.subject).resize(size[::-1])))
        return held if held.mean() < 1 - FEW else np.zeros(size, np.bool_)


def _joined(redrawn: Bytes, own: Bytes, kept: Floats) -> Bytes:
    """What was redrawn, and what is kept of the deformed photograph."""
    share = kept[..., None]
    return (redrawn * (1 - share) + own * share + np.float32(0.5)).astype(np.uint8)


def _reaching(mask: Mask) -> Mask:
    """(height, width): whether the patch from there on holds any of a mask."""
    for axis in (0, 1):
        for shift in (1, 2, 3):  # which add up to the rest of a patch
            ahead = np.zeros_like(mask)
            one, other = (mask[shift:], ahead[:-shift]) if axis == 0 else (mask[:, shift:], ahead[:, :-shift])
            other[:] = one
            mask = mask | ahead
    return mask


def _holding(changing: Mask, matches: Matches) -> Mask:
    """(rows, columns): the patches in which pixels lie that may change."""
    held = _reaching(changing)
    y, x = (
        np.minimum(np.arange(count) * matches.step, side - PATCH)
        for count, side in zip(matches.corners.shape[:2], changing.shape, strict=True)
    )
    return np.ascontiguousarray(held[y[:, None], x[None]])


def _nearest(picture: Bytes, real: Bytes, seen: list[NDArray[np.float64]], bars: Mask, barred: Mask) -> Matches:
    """Find the nearest of all patches, which also lie near the place that the picture's show.

    seen: the photograph's places of the picture's rows and columns, in parts of its sides. bars: (rows, columns),
    whether a patch of the picture may not be any that is barred, (height, width), in the photograph.
    """
    own = [(np.arange(side) + 0.5) / side for side in size_of(real)]
    query, keys = _placed(picture, seen), _placed(real, own)
    cost = torch.addmm(keys.square().sum(1)[None], query, keys.T, alpha=-2)
    height, width = (side - PATCH + 1 for side in size_of(real))
    forbidden = torch.from_numpy(barred[:height, :width].ravel())
    cost.masked_fill_(torch.from_numpy(bars.ravel())[:, None] & forbidden, torch.inf)
    nearest = cost.argmin(1)
    corners = torch.stack([nearest // width, nearest % width], 1).int().numpy()
    return Matches(corners.reshape(*bars.shape, 2), size_of(picture))


def _placed(picture: Bytes, lines: list[NDArray[np.float64]]) -> torch.Tensor:
    """The patches, one a row, values in [0, 1], then their places, weighted."""
    patches = F.unfold(as_tensor(picture) / 255, PATCH)[0].T
    unit = patches.shape[1] ** 0.5
    down, across = (
        torch.from_numpy(line[: len(line) - PATCH + 1]).float() * weight * unit
        for line, weight in zip(lines, (HEIGHT, ACROSS), strict=True)
    )
    places = [down.repeat_interleave(len(across)), across.repeat(len(down))]
    return torch.cat([patches, torch.stack(places, 1)], 1)
