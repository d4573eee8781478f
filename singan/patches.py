"""Search for the patches of a photograph that are nearest to a picture's, and vote a picture out of them.

Pictures are uint8 (height, width, 3) here: a patch is compared twice as fast as in float32. All of it gives the same
for any number of threads.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

import numba
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from singan.config import Shape
from singan.gradients import LEVEL, REACH, Bytes, Gradients, Mask, smooth
from singan.image import resize
from singan.pieces import ALONE, each, parallel, whole

PATCH = 7  # px a side
ENTROPY = 0.001  # of the transport, in the units of its cost
SINKHORN = 50  # iterations: with 10, patch distributions are a tenth further apart
TINY = 1e-30  # no share is divided by less
NOTHING = -69.0  # an exponent: e to it, even 3,000 times, changes no float32 above 1e-19
BAND = 100_000  # patches that are searched for at once: a piece of work
TOLERANCE = 1_000  # by so much a match that neighbours agree on may be farther, a sum of squares
ALL_VALUES = (3 * PATCH**2) ** 0.5  # the weight of a place that counts like all values of a patch
VOTES = 4  # pixels that are voted for in the time of a search


@dataclass(frozen=True)
class Matches:
    """Match the patches of a picture, on a grid, with those of a photograph that they resemble."""

    corners: NDArray[np.int32]  # (rows, columns, 2), (y, x) of the upper left pixel in the photograph
    shape: Shape  # of the picture
    step: int = 1  # px from one patch of the picture to the next; the last of a row or column ends with the picture
    wrapped: bool = False  # whether its borders meet and patches reach across; its sides are multiples of the step then

    @classmethod
    def centred(cls, shape: Shape, photograph: Shape, step: int) -> "Matches":
        """Match each patch with the one about the same place in a smaller photograph."""
        places = [
            np.rint((grid(side, step) + PATCH / 2) * own / side - PATCH / 2).clip(0, own - PATCH)
            for side, own in zip(shape, photograph, strict=True)
        ]
        return cls(np.stack(np.meshgrid(*places, indexing="ij"), 2).astype(np.int32), shape, step)

    def enlarged(self, shape: Shape, photograph: Shape, step: int) -> "Matches":
        """Return matches for a picture and a photograph of these larger shapes: where a search there begins."""
        factors = [new / old for new, old in zip(shape, self.shape, strict=True)]
        own, nearest = [], []
        for axis, factor in enumerate(factors):
            place = grid(shape[axis], step, self.wrapped)
            near = np.rint(place / factor / self.step).astype(int).clip(0, self.corners.shape[axis] - 1)
            own.append(place - grid(self.shape[axis], self.step, self.wrapped)[near] * factor)
            nearest.append(near)
        corners = self.corners[np.ix_(*nearest)] * factors + np.stack(np.meshgrid(*own, indexing="ij"), 2)
        last = [side - PATCH for side in photograph]
        return Matches(np.rint(corners).clip(0, last).astype(np.int32), shape, step, self.wrapped)


def grid(length: int, step: int, wrapped: bool = False) -> NDArray[np.int64]:
    if wrapped:
        return np.arange(0, length, step)
    return np.minimum(np.arange(-(-(length - PATCH) // step) + 1) * step, length - PATCH)


def _unrolled(picture: Bytes, step: int, wrapped: bool) -> Bytes:
    """Repeat, below and on the right of a picture whose borders meet, what its patches reach across."""
    more = (0, PATCH - step)
    return np.pad(picture, (more, more, (0, 0)), mode="wrap") if wrapped else picture


def shape_of(picture: Bytes) -> Shape:
    return picture.shape[0], picture.shape[1]


def as_tensor(picture: Bytes) -> Tensor:
    """Return a picture as (1, 3, height, width), uint8."""
    return torch.from_numpy(picture).permute(2, 0, 1)[None]


def resized(picture: Bytes, shape: Shape) -> Bytes:
    """Resize a picture, bicubic with anti-aliasing; in bytes, ten times as fast as in float32."""
    if picture.shape[:2] == shape:
        return picture
    return resize(as_tensor(picture), shape)[0].permute(1, 2, 0).contiguous().numpy()


def compiled() -> None:
    """Compile the search and the voting, once on a machine: seconds that are better spent before somebody waits."""
    nothing = np.zeros((PATCH, PATCH, 3), np.uint8)
    matches = Matches(np.zeros((1, 1, 2), np.int32), (PATCH, PATCH))
    whole(improve(matches, nothing, nothing, 1, 1, 0))
    whole(vote(matches, nothing, 0.0))
    whole(smooth_vote(matches, nothing, 0.0))


Place = tuple[float, float]


def placed(picture: Bytes, places: Sequence[Tensor]) -> Tensor:
    """Return the patches, one a row, values in [0, 1]; then how far down and across each lies.

    places: what stands for that, of each row and of each column.
    """
    patches = F.unfold(as_tensor(picture) / 255, PATCH)[0].T
    down, across = (it[: side - PATCH + 1] for it, side in zip(places, shape_of(picture), strict=True))
    return torch.cat([patches, down.repeat_interleave(len(across))[:, None], across.repeat(len(down))[:, None]], 1)


def differences(query: Tensor, keys: Tensor) -> Tensor:
    """Compute the squared differences of rows, (queries, keys), less what is the same for all keys of a query."""
    return torch.addmm(keys.square().sum(1)[None], query, keys.T, alpha=-2)


def match_all(
    picture: Bytes, photograph: Bytes, place: Place = (0.0, 0.0), alike: bool = True, wrapped: bool = False
) -> Matches:
    """Find the nearest of all patches, for small pictures: quadratic in pixels; alike: all used about as often.

    For that each patch of the picture has the one that entropic optimal transport (Cuturi, NIPS 2013) gives most of it
    to; patches of the photograph that none would choose so come in, as in Galerne, Leclaire and Rabin (SIIMS 2018). The
    cost is the mean squared difference of values in [0, 1]. place: weights of a patch's height and of its place across:
    from one side to the other counts like this difference in every value. wrapped: as Matches has it.
    """
    query, keys = (
        placed(it, [torch.linspace(0, w * ALL_VALUES, n - PATCH + 1) for w, n in zip(place, shape_of(it), strict=True)])
        for it in (_unrolled(picture, 1, wrapped), photograph)
    )
    cost = differences(query, keys).add_(query.square().sum(1)[:, None])
    if not alike:
        return matches_of(cost.argmin(1), picture, photograph, wrapped)
    kernel = cost.clamp_(min=0).div_(-3 * PATCH**2 * ENTROPY)
    kernel -= kernel.amax(1, keepdim=True)
    top = kernel.amax(0)
    kernel -= _exp(kernel - top).sum(0).log_().add_(top)  # logsumexp
    _exp(kernel)
    used = torch.ones(len(keys))
    for _ in range(SINKHORN):
        shares = (1 / len(query)) / (kernel @ used).clamp_(min=TINY)
        used = (1 / len(keys)) / (shares @ kernel).clamp_(min=TINY)
    return matches_of((kernel * used).argmax(1), picture, photograph, wrapped)


def _exp(exponents: Tensor) -> Tensor:
    """Exponentiate in place, where one number of each column is 0 or nearly. What is nothing beside it becomes 0: as
    float32 it would be too small to be written as usual, which takes a processor a hundred times as long."""
    return F.threshold(exponents, NOTHING, -torch.inf, inplace=True).exp_()


def matches_of(nearest: Tensor, picture: Bytes, photograph: Bytes, wrapped: bool = False) -> Matches:
    """Make the matches of all patches of a picture from the numbers of the photograph's patches."""
    across, rows = photograph.shape[1] - PATCH + 1, len(picture) if wrapped else len(picture) - PATCH + 1
    corners = torch.stack([nearest // across, nearest % across], 1).int().numpy()
    return Matches(corners.reshape(rows, -1, 2), shape_of(picture), 1, wrapped)


def improve(
    matches: Matches, picture: Bytes, photograph: Bytes, sweeps: int, radius: int, seed: int, worth: float = 1.0,
    sought: Mask | None = None, allowed: Mask | None = None,
) -> Generator[float, None, Matches]:  # fmt: skip
    """Return better matches than those given: PatchMatch (Barnes et al., SIGGRAPH 2009).

    Propagation and a random search within `radius` px that halves. Neighbours hand on what they had before a sweep, so
    that rows may run at once; what two of them hand on is taken even where it is a little farther, as pixels that
    several places vote for are blurred. Yields the share that is done, a few times a second.

    Args:
        worth: only what is nearer than this times the match that is given replaces it, where it is not 1 also of those.
        sought: (rows, columns), the patches that are looked up; the others keep their matches.
        allowed: (height, width), upper left pixels of the photograph's patches that may be taken.
    """
    corners, (rows, columns) = matches.corners.copy(), matches.corners.shape[:2]
    distances = np.empty((rows, columns), np.int32)
    around = _unrolled(picture, matches.step, matches.wrapped)
    flat = [it.reshape(len(it), -1) for it in (around, photograph)]  # a patch's rows lie in one piece each
    masks = (
        np.ones((rows, columns), np.bool_) if sought is None else sought,
        np.ones(shape_of(photograph), np.bool_) if allowed is None else allowed,
    )
    for sweep in range(sweeps):
        before = corners.copy()
        for first, last in _bands(rows, columns):
            with ALONE:
                _sweep(*flat, before, corners, distances, *masks, matches.step, radius, worth, seed, sweep, first, last)
            yield (sweep + last / rows) / sweeps
    return replace(matches, corners=corners)


def _bands(rows: int, columns: int) -> list[tuple[int, int]]:
    """Divide rows into pieces of work, (from, to), that others need not wait for."""
    height = max(1, BAND // columns)
    return [(first, min(first + height, rows)) for first in range(0, rows, height)]


@numba.njit(inline="always")
def _distance(a, b, ay, ax, by, bx, limit):  # type: ignore[no-untyped-def]
    """Sum the squared differences of two patches; anything not below the limit where it is not below."""
    total = np.int32(0)
    for i in range(PATCH):
        for j in range(3 * PATCH):
            d = np.int32(a[ay + i, ax * 3 + j]) - np.int32(b[by + i, bx * 3 + j])
            total += d * d
        if total >= limit:
            return total
    return total


@numba.njit(inline="always")
def _shifted(state):  # type: ignore[no-untyped-def]
    """Return the next number of a xorshift generator."""
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    state ^= state << np.uint64(17)
    return state


@numba.njit(inline="always")
def _nearer(a, b, allowed, ay, ax, y, x, slack, match):  # type: ignore[no-untyped-def]
    """Return a match (y, x, distance), or the patch at y, x where that is allowed and nearer, or farther by slack."""
    if 0 <= y <= b.shape[0] - PATCH and 0 <= x <= b.shape[1] // 3 - PATCH and allowed[y, x]:
        if y != match[0] or x != match[1]:
            d = _distance(a, b, ay, ax, y, x, match[2] + slack)
            if d < match[2] + slack:
                return y, x, np.int64(d)
    return match


@parallel()
def _sweep(a, b, before, corners, distances, sought, allowed, step, radius, worth, seed, sweep, first, last):  # type: ignore[no-untyped-def]
    """Improve rows first to last - 1; the first sweep also measures the distances that others have to be below."""
    rows, columns = distances.shape
    bottom, right = a.shape[0] - PATCH, a.shape[1] // 3 - PATCH
    jump = 1 if sweep % 2 else 3  # patches
    tolerance = TOLERANCE if worth == 1 else 0
    for y in numba.prange(first, last):
        state = np.uint64(seed * 7919 + sweep * 104729 + y * 15485863 + 1)
        ay = min(y * step, bottom)
        for x in range(columns):
            if not sought[y, x]:
                continue
            ax = min(x * step, right)
            by, bx = np.int64(corners[y, x, 0]), np.int64(corners[y, x, 1])
            if sweep == 0:
                distances[y, x] = np.int32(worth * _distance(a, b, ay, ax, by, bx, 2**31 - 1))
            match = by, bx, np.int64(distances[y, x])
            for side in range(4):
                ny = y + (-jump if side == 0 else jump if side == 1 else 0)
                nx = x + (-jump if side == 2 else jump if side == 3 else 0)
                if 0 <= ny < rows and 0 <= nx < columns:
                    cy = before[ny, nx, 0] - min(ny * step, bottom) + ay
                    cx = before[ny, nx, 1] - min(nx * step, right) + ax
                    match = _nearer(a, b, allowed, ay, ax, cy, cx, 0, match)
            reach = radius
            while reach >= 1:
                state = _shifted(state)
                cy = match[0] + np.int64(state % np.uint64(2 * reach + 1)) - reach
                state = _shifted(state)
                cx = match[1] + np.int64(state % np.uint64(2 * reach + 1)) - reach
                match = _nearer(a, b, allowed, ay, ax, cy, cx, 0, match)
                reach //= 2
            if 0 < y < rows - 1 and 0 < x < columns - 1:
                cy, cx = _agreed(before, y, x, step)
                match = _nearer(a, b, allowed, ay, ax, cy, cx, tolerance, match)
            corners[y, x, 0], corners[y, x, 1], distances[y, x] = match


@numba.njit(inline="always")
def _agreed(corners, y, x, step):  # type: ignore[no-untyped-def]
    """Return the match, inside of the field, that two of the four neighbours hand on; its own where no two agree."""
    up = corners[y - 1, x, 0] + step, corners[y - 1, x, 1]
    down = corners[y + 1, x, 0] - step, corners[y + 1, x, 1]
    left = corners[y, x - 1, 0], corners[y, x - 1, 1] + step
    right = corners[y, x + 1, 0], corners[y, x + 1, 1] - step
    if up == down or up == left or up == right:
        return up
    if down == left or down == right:
        return down
    if left == right:
        return left
    return corners[y, x, 0], corners[y, x, 1]


def vote(
    matches: Matches, photograph: Bytes, falloff: float, majority: int = 1, gradients: Gradients | None = None
) -> Generator[float, None, Bytes]:
    """Return the picture that the matched patches give: each pixel a mean of the photograph's for which the patches
    over it vote, weighted by exp(-falloff r^2), r px from a patch's centre.

    majority: power of all votes for one pixel of the photograph together; above 1 those that agree have more than
    their share, so that what is made of several places is less blurred. gradients: (2, H, W, 3), to write their means
    to; not where borders meet. Yields the share that is done, a few times a second.
    """
    around, inside = _across(matches, 0)
    r = np.arange(PATCH) - PATCH // 2
    window = np.exp(-falloff * (r[:, None] ** 2 + r[None] ** 2)).astype(np.float32)
    height, width = around.shape
    picture = np.empty((height, width, 3), np.uint8)
    for first, last in _bands(height, width // VOTES):
        with ALONE:
            _vote(photograph, around.corners, picture, gradients, around.step, window, majority, first, last)
        yield last / height
    return np.ascontiguousarray(picture[inside])


def smooth_vote(
    matches: Matches, photograph: Bytes, falloff: float, majority: int = 1,
    kept: Mask | None = None, picture: Bytes | None = None,
) -> Generator[float, None, Bytes]:  # fmt: skip
    """Vote without steps between patches; kept, picture: as `singan.gradients.smooth` has them; not if wrapped."""
    around, inside = _across(matches, REACH)
    gradients = np.empty((2, *around.shape, 3), np.int16)
    colours = yield from each(vote(around, photograph, falloff, majority, gradients), lambda share: 0.5 * share)
    result = yield from each(smooth(colours, gradients, kept, picture), lambda share: 0.5 + 0.5 * share)
    return np.ascontiguousarray(result[inside])


def _across(matches: Matches, reach: int) -> tuple[Matches, tuple[slice, slice]]:
    """Continue a wrapped picture, so that up to `reach` px beyond it pixels have all votes, and say where it lies."""
    (height, width), step = matches.shape, matches.step
    if not matches.wrapped:
        return matches, (slice(height), slice(width))
    before, after = -(-(reach + PATCH - 1) // step), -(-reach // step)
    corners = np.pad(matches.corners, ((before, after), (before, after), (0, 0)), mode="wrap")
    rows, columns = ((n - 1) * step + PATCH for n in corners.shape[:2])
    first = before * step
    return Matches(corners, (rows, columns), step), (slice(first, first + height), slice(first, first + width))


@parallel(fastmath=True)
def _vote(photograph, corners, picture, gradients, step, window, majority, first, last):  # type: ignore[no-untyped-def]
    """Vote for rows first to last - 1 of the picture and, where they are not None, of its gradients."""
    rows, columns = corners.shape[:2]
    height, width = picture.shape[:2]
    bottom, right = photograph.shape[0] - 1, photograph.shape[1] - 1
    for y in numba.prange(first, last):
        last_row = rows - 1 if y > height - PATCH else min(rows - 1, y // step)
        places, votes = np.empty((PATCH**2, 2), np.int32), np.empty(PATCH**2, np.float32)
        sums = np.empty(9, np.float32)
        for x in range(width):
            last_column = columns - 1 if x > width - PATCH else min(columns - 1, x // step)
            count = 0
            for i in range(max(0, (y - PATCH + step) // step), last_row + 1):
                dy = y - min(i * step, height - PATCH)
                if dy < 0 or dy >= PATCH:
                    continue
                for j in range(max(0, (x - PATCH + step) // step), last_column + 1):
                    dx = x - min(j * step, width - PATCH)
                    if dx < 0 or dx >= PATCH:
                        continue
                    py, px = corners[i, j, 0] + dy, corners[i, j, 1] + dx
                    n = count - 1  # the last is the most probable
                    while n >= 0 and (places[n, 0] != py or places[n, 1] != px):
                        n -= 1
                    if n < 0:
                        n, count = count, count + 1
                        places[n, 0], places[n, 1], votes[n] = py, px, np.float32(0)
                    votes[n] += window[dy, dx]
            total = np.float32(0)
            sums[:] = 0
            for n in range(count):
                py, px = places[n, 0], places[n, 1]
                weight = votes[n]
                for _ in range(majority - 1):
                    weight *= votes[n]
                total += weight
                for c in range(3):
                    here = np.int32(photograph[py, px, c])
                    sums[c] += weight * here
                    if gradients is not None:
                        sums[3 + c] += weight * (photograph[py, min(px + 1, right), c] - here)
                        sums[6 + c] += weight * (photograph[min(py + 1, bottom), px, c] - here)
            for c in range(3):
                picture[y, x, c] = np.uint8(sums[c] / total + np.float32(0.5))
                if gradients is not None:
                    gradients[0, y, x, c] = np.int16(round(LEVEL * sums[3 + c] / total))
                    gradients[1, y, x, c] = np.int16(round(LEVEL * sums[6 + c] / total))
