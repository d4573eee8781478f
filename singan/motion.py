"""Animations enlarged: every frame is printed from where the last one's patches were, so that what stands still does.

The first frame is looked up from the coarsest scale on. Then a patch keeps its match until one is clearly nearer; where
the scale below has found others, a search begins with those.
"""

import math
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace

import numpy as np
from PIL import Image

from darkroom.uses import Size, Step
from singan.enlarge import EXACT, FALLOFF, SWEEPS, Enlarger, reach_of, step_of
from singan.patches import Bytes, Matches, improve, match_all, resized, shape_of, smooth_vote, vote
from singan.pieces import each, whole

WORTH = 0.6  # a match is left for one of less than this times its squared difference
FIRST_ROUNDS = 3  # of searches at a scale of the first frame, in which matches settle
LEAD = 8  # frames of a closed animation that are printed before its first, and that its last fade into


class MovingPrint:
    """Print the frames of one animation in their order."""

    def __init__(self, enlarger: Enlarger, drawn: Size) -> None:
        """drawn: (width, height) of the frames that come in."""
        self.shapes, self.reals = enlarger.pyramid
        # At their own size the frames come in; what is coarser only says where the first search begins.
        self.entry = min(sum(min(it) < min(drawn) for it in self.shapes), len(self.shapes) - 1)
        pairs = zip(self.reals[self.entry :], self.reals[self.entry + 1 :], strict=False)
        self.keys = [self.reals[self.entry], *(resized(below, shape_of(real)) for below, real in pairs)]
        self.matches: dict[int, Matches] = {}

    def frame(self, picture: Image.Image) -> Generator[float, None, Image.Image]:
        """Return the next frame's print; yields the share of it that is done."""
        drawn, last = np.array(picture.convert("RGB")), dict(self.matches)
        now, count = drawn, len(self.shapes) - self.entry
        for n in range(self.entry, len(self.shapes)):
            now, begun = resized(now, self.shapes[n]), self._begin(n, last, drawn)
            keys, reach = self.keys[n - self.entry], reach_of(self.shapes[n], self.reals[n])
            rounds, worth = (1, WORTH) if n in last else (FIRST_ROUNDS, 1.0)
            for i in range(rounds):
                search = improve(begun, now, keys, SWEEPS, reach, n + 1000 * i, worth)
                begun = yield from each(search, lambda share: (n - self.entry + share) / count)  # noqa: B023
            self.matches[n] = begun
            voted = (smooth_vote if n == len(self.shapes) - 1 else vote)(begun, self.reals[n], FALLOFF)
            now = yield from each(voted, lambda share: (n - self.entry + 1) / count)  # noqa: B023
        return Image.fromarray(now)

    def _begin(self, n: int, last: dict[int, Matches], drawn: Bytes) -> Matches:
        if n == self.entry:
            return last[n] if n in last else self._first(drawn)
        larger = self.shapes[n], shape_of(self.reals[n]), step_of(self.shapes[n])
        moved = self.matches[n - 1].enlarged(*larger)
        if n not in last:
            return moved
        still = (moved.corners == last[n - 1].enlarged(*larger).corners).all(2, keepdims=True)
        return replace(moved, corners=np.where(still, last[n].corners, moved.corners))

    def _first(self, drawn: Bytes) -> Matches:
        matches = match_all(resized(drawn, self.shapes[0]), self.reals[0])
        for n, (shape, real) in enumerate(zip(self.shapes[1 : self.entry + 1], self.reals[1:], strict=False), 1):
            now = resized(drawn, shape)
            if math.prod(shape) <= EXACT:
                matches = match_all(now, real)
            else:
                begun = matches.enlarged(shape, shape_of(real), 1)
                matches = whole(improve(begun, now, real, SWEEPS, max(real.shape) // 4, n))
        return matches


def moving_prints(enlarger: Enlarger, frames: Iterable[Image.Image], loop: bool) -> Iterator[Step]:
    """Yield the steps of printing frames; loop: whether the last one is followed by the first."""
    drawn = list[Image.Image]()
    for picture in frames:
        drawn.append(picture)
        yield Step(0, None, 0.0)
    printer, lead = MovingPrint(enlarger, drawn[0].size), list[Image.Image]()
    for picture in drawn[-min(LEAD, len(drawn) - 1) :] if loop else []:  # the same frames lead to the first
        lead.append((yield from each(printer.frame(picture), lambda share: Step(0, None, 0.0))))
    for number, picture in enumerate(drawn):
        printed = yield from each(printer.frame(picture), lambda share: Step(number, None, 0.99 * share))  # noqa: B023
        if (late := number - len(drawn) + len(lead)) >= 0:
            printed = Image.blend(printed, lead[late], (late + 1) / (len(lead) + 1))
        yield Step(number, printed)
