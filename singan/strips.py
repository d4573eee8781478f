"""Where a photograph's parts go in a picture of another shape: deforming, cropping and extending as one choice.

The photograph's rows and columns are strips. In the picture all strips of a subject have one common scale; the others
are squeezed or stretched (axis-aligned deformation: Panozzo, Weber and Sorkine, Eurographics 2012), outer ones that
hold no subject may be left out, and margins may be added. For a common scale the best of all this is found along each
axis by itself; the scale at which both axes together cost least is taken.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from singan.config import Shape
from singan.importance import CELLS, Importance

SCALES = [2 ** (n / 4) for n in range(-10, 6)]  # common scales that are tried, over that of equal areas
CUTS = np.linspace(0, 1, 6)  # parts of what lies outside of the subjects that a crop may take
GROWTH = np.linspace(0, 1, 4)  # parts of what an axis has to grow by that margins may take
ROOM = 1  # strips around a subject that keep its scale
BREATH = 4  # strips beside those that are not cropped, as nothing should touch the picture's border
NEAR, NEARER = 4.0, 4.0  # strips: how far from a subject strips are stiffer, and by how much beside it
SOFT = 0.15  # of a subject that the photograph's border cuts: the part there that may be stretched
LEAST, MOST = 0.4, 3.5  # what strips are squeezed and stretched to, over the common scale
MOST_SOFT = 2.0  # what a subject's soft part is stretched to
ROUNDING = 1.005  # by so much the sides of a picture, whole numbers of px, may seem too short
VISIBLE = 0.02  # of the picture's side: a margin that is no wider is not seen
PLAIN = 0.15  # stiffness of a strip without detail, beside 1 of one that is full of it

SHRINK, CROP, DEFORM, EXTEND, BEND = 2.0, 0.5, 0.6, 1.5, 2.0  # weights of the costs
HANGING = 1000.0  # so many times less of a margin lies below a subject that is cut there: it would hang in the air
CROSSED = 6.0  # cost of a margin all along whose border a subject is cut, over that of one without any
SCRIBBLED = 20.0  # cost, over that, of a margin of a photograph that is writing all over: it would be made of letters

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Strips:
    rows: Floats  # (66,) px of a margin, 64 strips and a margin; they add up to the picture's side
    columns: Floats  # likewise
    scale: float  # of the subjects, px of the picture for one of the photograph
    cost: float  # of all choices
    stretched: bool  # whether a subject is, where the photograph's border cuts it
    continued: bool  # whether it is stretched or a margin lies there


@dataclass(frozen=True)
class Wishes:
    """Say how gladly each is done, in [0, 1]: 0 hardly ever, 1 at no cost, None as by default."""

    crop: float | None = None
    extend: float | None = None
    deform: float | None = None

    @property
    def plain_crop(self) -> bool:
        """Return whether nothing but cropping is wished for, so that subjects may be cut, too."""
        return self.crop == 1 and self.extend == 0 and self.deform == 0


@lru_cache(maxsize=64)  # a picture and what is said of it ask alike
def arrange(importance: Importance, photograph: Shape, picture: Shape, wishes: Wishes = Wishes()) -> Strips:
    """Find where the strips of a photograph of (height, width) px go in a picture of another."""
    unit = math.sqrt(math.prod(picture) / math.prod(photograph))
    profiles = [_Profile(importance, axis, wishes) for axis in (0, 1)]

    def tried(scale: float) -> Strips:
        natural = [scale * unit * own / CELLS for own in photograph]
        (rows, row_cost), (columns, column_cost) = map(_Profile.arranged, profiles, natural, picture)
        axes = list(zip(profiles, (rows, columns), natural, strict=True))
        stretched = any((sizes[1:-1][it.held & ~it.rigid] > 1.05 * px).any() for it, sizes, px in axes)
        continued = stretched or any(it.margin_at_subject(sizes) for it, sizes, _ in axes)
        cost = row_cost + column_cost + SHRINK * max(0.0, -math.log(scale)) ** 2
        return Strips(rows, columns, scale * unit, cost, stretched, continued)

    # The subjects have to fit in.
    most = min(
        side / (unit * own * max(1, int(it.held.sum())) / CELLS)
        for it, own, side in zip(profiles, photograph, picture, strict=True)
    )
    scales = [scale for scale in SCALES if scale < ROUNDING * most] or [most]
    return min(map(tried, scales), key=lambda it: it.cost)


class _Profile:
    """One axis of the photograph."""

    def __init__(self, importance: Importance, axis: int, wishes: Wishes) -> None:
        """axis: 0 of rows, 1 of columns."""
        maps = importance.subject, importance.detail, importance.text
        subject, detail, text = (it if axis == 0 else it.T for it in maps)
        inside = subject.any(1)
        self.borders = float(subject[0].mean()), float(subject[-1].mean())  # shares of the end strips that are subject
        self.held = np.convolve(inside, np.ones(2 * ROOM + 1), "same") > 0  # (64,), strips of subjects
        self.rigid, soft = self.held.copy(), int(SOFT * inside.sum())  # (64,), of these those that are not soft
        for cut, part in zip(self.borders, (slice(soft), slice(CELLS - soft, None)), strict=True):
            self.rigid[part] &= not cut or text[part].any()  # stretched letters are none
        busy = np.sqrt((np.where(subject, 0, detail) ** 2).mean(1))
        places = np.arange(CELLS)
        away = np.abs(places[:, None] - places[self.held]).astype(float).min(1, initial=np.inf)
        self.stiffness = (PLAIN + busy) * (1 + NEARER * np.exp(-away / NEAR))  # (64,)
        worth = 0.25 + busy + subject.mean(1)
        self.worth = worth / worth.sum()  # (64,), the share that is lost with a strip
        self.hanging = HANGING if axis == 0 else 1.0  # how much more the last strip counts where a margin is shared
        self.lines, self.slants = _lines(importance.lines, axis)
        self.written, self.wishes = float(text.mean()), wishes  # the share of the photograph that is writing

    def arranged(self, natural: float, side: int) -> tuple[Floats, float]:
        """Find the best of all crops and margins, and its cost. natural: px of a strip at the common scale."""
        powers = [1.0, 0.0] if self.slants.any() else [1.0]  # of stiffness: evenly deformed, lines stay straight
        grid = np.meshgrid(*self._cuts(), GROWTH, powers, indexing="ij")
        before, after, growth, power = (it.ravel() for it in grid)
        places = np.arange(CELLS)
        there = (places >= before[:, None]) & (places < CELLS - after[:, None])
        low = np.where(self.held, 1.0, LEAST) * there
        high = np.where(self.rigid, 1.0, np.where(self.held, MOST_SOFT, MOST)) * there
        due = side / natural
        margin = np.maximum(growth * np.maximum(0, due - there.sum(1)), due - high.sum(1))
        factors = _levelled(low, high, self.stiffness ** -power[:, None], due - margin)
        borders = np.where(np.stack([before, after], 1), 0, self.borders)  # what share of both ends is subject
        shares = 1 / (0.01 + borders * (1, self.hanging))  # of a margin, at both ends: where a subject is cut, little
        shares /= shares.sum(1, keepdims=True)
        costs = self._costs(factors, there, margin / due, (shares * borders).sum(1))
        costs[low.sum(1) > ROUNDING * due] = np.inf
        n = int(costs.argmin())
        ends = shares[n] * margin[n]
        sizes = np.r_[ends[0], factors[n], ends[1]]
        return sizes * side / sizes.sum(), float(costs[n])

    def margin_at_subject(self, sizes: Floats) -> bool:
        """Return whether a margin that anybody sees lies where the photograph's border cuts a subject."""
        margins, beside = sizes[[0, -1]], sizes[[1, -2]]  # px; 0 beside one: that border was cropped
        return bool(((margins > VISIBLE * sizes.sum()) & (beside > 0) & (np.array(self.borders) > 0)).any())

    def _cuts(self) -> list[NDArray[np.int64]]:
        """Return the numbers of strips that may be left out before the first subject, and after the last."""
        ends = [CELLS // 2 - BREATH] * 2
        if self.held.any():
            ends = [max(0, int(it.argmax()) - BREATH) for it in (self.held, self.held[::-1])]
        return [np.unique(np.rint(CUTS * end).astype(int)) for end in ends]

    def _costs(self, factors: Floats, there: NDArray[np.bool_], margin: Floats, crossed: Floats) -> Floats:
        """Compute (K,) for (K, 64) factors over the common scale of the strips that are there.

        margin: (K,) share of the picture's side. crossed: (K,) share of the margins' borders that cut a subject.
        """
        lost = (self.worth * ~there).sum(1)
        share = np.maximum(factors, there) / factors.sum(1, keepdims=True)
        deformed = (self.stiffness * share * np.log(np.where(there, factors, 1)) ** 2).sum(1)
        invented = margin * (1 + (CROSSED - 1) * crossed + SCRIBBLED * self.written)
        it = self.wishes
        return (
            _weighted(CROP, it.crop) * lost
            + _weighted(DEFORM, it.deform) * deformed
            + _weighted(EXTEND, it.extend) * invented
            + _weighted(BEND, it.deform) * self._bent(factors)
        )

    def _bent(self, factors: Floats) -> Floats:
        """Compute (K,): variance of the factors along slanting lines, over the square of their mean."""
        there = (factors > 0) @ self.lines.T + 1e-6
        mean, square = factors @ self.lines.T / there, factors**2 @ self.lines.T / there
        return np.asarray((square / (mean**2 + 1e-6) - 1).clip(0, 1) @ self.slants)


def _lines(ends: Floats, axis: int) -> tuple[Floats, Floats]:
    """Find how straight lines, ends (x, y, x, y), (N, 4), lie along an axis.

    Returns the share of each in each strip, (N, 64), and how much of all lines each is and how slanting, (N,): those
    along the axes stay straight.
    """
    first, last = ends[:, 1 - axis :: 2].T
    low, high = np.minimum(first, last)[:, None] * CELLS, np.maximum(first, last)[:, None] * CELLS
    places = np.arange(CELLS)
    shares = (np.minimum(high, places + 1) - np.maximum(low, places)).clip(0) / (high - low).clip(1e-6)
    across, down = np.abs(ends[:, 2:] - ends[:, :2]).T
    length = np.hypot(across, down).clip(1e-6)
    return shares, 2 * across * down / length / max(1.0, float(length.sum()))


def _weighted(usual: float, wish: float | None) -> float:
    """Weight a cost by a wish: 0.5 leaves it as it is."""
    return usual if wish is None else usual * (1 / max(wish, 1e-3) - 1)


def _levelled(low: Floats, high: Floats, ease: Floats, due: Floats) -> Floats:
    """Find (K, 64) factors between bounds, exp(level x ease) with a level a row, that add up to what is due."""
    a, b = np.full((len(low), 1), -10.0), np.full((len(low), 1), 10.0)
    for _ in range(26):
        level = (a + b) / 2
        less = np.exp((level * ease).clip(-9, 9)).clip(low, high).sum(1, keepdims=True) < due[:, None]
        a, b = np.where(less, level, a), np.where(less, b, level)
    return np.exp((b * ease).clip(-9, 9)).clip(low, high)
