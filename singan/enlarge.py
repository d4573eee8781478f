"""The enlarger: prints at a photograph's own resolution, made of its patches.

Coarse to fine as in GPNN (Granot et al., CVPR 2022): at every scale the picture's patches are looked up in the
photograph, blurred as the picture is, and replaced by the sharp ones. What comes in at the coarsest scale is a picture
that something else has laid out, or noise: then noise that falls from round to round (as in Qiu et al., CVPR 2026,
arXiv 2606.04299) lays one out.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from PIL import Image

from darkroom.uses import Step
from singan.masks import Region
from singan.patches import (
    PATCH,
    Bytes,
    Matches,
    Place,
    Size,
    compiled,
    improve,
    match_all,
    resized,
    size_of,
    smooth_vote,
    vote,
)
from singan.pieces import each, whole

ENTRY = 18  # px, the shorter side of the photograph where a picture comes in
FACTOR = 1.4  # from scale to scale, about
EXACT = 3000  # px, up to which all patches are compared, and their places count
ROUNDS = 8  # at a scale where all patches are compared
NOISE_ROUNDS, LAID_ROUNDS = 10, 4  # out of noise: at the coarsest scale, and at the others where all are compared
NOISE = 0.5  # of the first round, in parts of white
ABOUT = (0.2, 0.0)  # of pictures that come in: what is above stays rather above
ANYWHERE = (0.0, 0.0)  # of tiles, which have no top, and of what was moved
FALLOFF = 0.5  # of votes: an even mean of all patches is blurred
SWEEPS = 2  # of a search that begins with what the scale below found
COMING_SWEEPS = 12  # where a picture comes in
FAR, NEAR = 300, 4  # px: a search reaches a quarter of the photograph up to this longer side, and so far above it
DRAFT = 30_000  # px, about, of a draft
AT_ONCE = 8  # prints of which drafts are drawn before the first is finished
SPARSE = 400_000  # px, from which on every second patch is looked up, down and across, once; below all, twice


@dataclass(frozen=True)
class Stage:
    """Where a print stands. picture: at a scale that is finished, else None. share: of the work; 1 with the print."""

    picture: Image.Image | None
    share: float


@dataclass(frozen=True)
class Layout:
    """What a print is laid out by.

    picture: what is redrawn, of any size: it is stretched; None: one is laid out of noise. entry: px, the shorter side
    of the photograph up to which the picture comes in: what is finer is new. place: how much a patch has to keep its
    height in the picture, and its place across, as `match_all` has it. alike: whether all of the photograph is used
    about as often. wrapped: whether the print's borders meet; its sides are even then. region: where it may differ
    from the photograph, whose shape it has then.
    """

    picture: Image.Image | None = None
    entry: int = ENTRY
    place: Place = ABOUT
    alike: bool = True
    wrapped: bool = False
    region: Region | None = None


class Enlarger:
    """Makes prints of one photograph."""

    def __init__(self, photograph: Image.Image) -> None:
        compiled()  # here, as the stages may be drawn where others wait for their turn
        self.photograph: Bytes = np.array(photograph.convert("RGB"))
        self._reduced: tuple[list[float], list[Bytes]] = [], []  # the last that was needed: prints come in sets

    def stages(self, width: int, height: int, layout: Layout, seed: int = 0) -> Iterator[Stage]:
        """The print as it grows, in pieces of work of a fraction of a second; the last has as much of the size, in px,
        as the photograph fills. The same seed gives the same.
        """
        sizes, reals = self.pyramid(width, height)
        if layout.region:
            sizes = [size_of(real) for real in reals]
        elif layout.wrapped:
            sizes = [(height // 2 * 2, width // 2 * 2) for height, width in sizes]
        drawn = None if layout.picture is None else np.array(layout.picture.convert("RGB"))
        scales = [
            _Scale(real, layout, drawn, size, finest=real is reals[-1]) for real, size in zip(reals, sizes, strict=True)
        ]
        work = [math.prod(size) for size in sizes]
        total = sum(work) + 1  # the print itself is the last of it
        now, matches = yield from each(scales[0].begun(seed), lambda _: Stage(None, 0.0))
        for n in range(1, len(sizes)):
            done = sum(work[:n])
            yield Stage(Image.fromarray(now), done / total)
            pieces = scales[n].redrawn(now, reals[n - 1], matches, seed + n)
            now, matches = yield from each(pieces, lambda share: Stage(None, (done + share * work[n]) / total))  # noqa: B023
        if layout.region:
            now = layout.region.blended(now, reals[-1])
        yield Stage(Image.fromarray(now), 1.0)

    def print(self, width: int, height: int, layout: Layout, seed: int = 0) -> Image.Image:
        """The last of `stages`."""
        *_, last = self.stages(width, height, layout, seed)
        assert last.picture is not None
        return last.picture

    def pyramid(self, width: int, height: int) -> tuple[list[Size], list[Bytes]]:
        """The (height, width) of a print at every scale, coarsest first, and the photograph there."""
        width, height = filled((width, height), size_of(self.photograph))
        scales = self._scales(width, height)
        return [size_at(scale / scales[-1], (height, width)) for scale in scales], self._reals(scales)

    def _scales(self, width: int, height: int) -> list[float]:
        """The photograph's reductions, coarsest first. At the last it lies between the print's area and what fits into
        the print: at the one, what is wide has no room in a narrow print, at the other nothing is near."""
        rows, columns = self.photograph.shape[:2]
        area, inside = math.sqrt(width * height / (rows * columns)), min(height / rows, width / columns)
        last = min(1.0, math.sqrt(area * inside))
        first = min(last, ENTRY / min(rows, columns))
        count = max(1, math.ceil(math.log(last / first) / math.log(FACTOR)))
        return [last * (first / last) ** (1 - n / count) for n in range(count + 1)]

    def _reals(self, scales: list[float]) -> list[Bytes]:
        """The photograph at every scale, each made of the next: from the finest each would take ten times as long."""
        if scales != self._reduced[0]:
            own = size_of(self.photograph)
            reals = [resized(self.photograph, size_at(scales[-1], own))]
            for scale in reversed(scales[:-1]):
                reals.append(resized(reals[-1], size_at(scale, own)))
            self._reduced = scales, reals[::-1]
        return self._reduced[1]


def developed(prints: Iterable[tuple[Image.Image | None, Iterator[Stage]]]) -> Iterator[Step]:
    """The steps of prints: first drafts of a few, then these prints, one after another.

    prints: of each a draft, None where an early stage is to be one, and its stages.
    """
    numbered = enumerate(prints)
    while some := list(islice(numbered, AT_ONCE)):
        for number, (draft, stages) in some:
            if draft is not None:
                yield Step(number, draft, 0.0)
                continue
            for stage in stages:
                yield Step(number, stage.picture, stage.share)
                if stage.picture and stage.picture.width * stage.picture.height >= DRAFT:
                    break
        for number, (_, stages) in some:
            for stage in stages:
                yield Step(number, stage.picture, stage.share)


def filled(size: tuple[int, int], photograph: tuple[int, int]) -> tuple[int, int]:
    """The size, at most this and of the same shape, that a photograph of the other size has the pixels for."""
    if math.prod(size) <= math.prod(photograph) + sum(size) / 2 + 1:  # what rounding both sides adds is no lack
        return size
    share = math.sqrt(math.prod(photograph) / math.prod(size))
    return round(size[0] * share), round(size[1] * share)


def step_of(size: Size) -> int:
    """From one patch that is looked up to the next, px."""
    return 2 if math.prod(size) >= SPARSE else 1


def size_at(scale: float, size: Size) -> Size:
    """A size at another scale, with room for a few patches."""
    height, width = (max(PATCH + 1, round(side * scale)) for side in size)
    return height, width


Drawn = Generator[float, None, tuple[Bytes, Matches]]  # returns a scale's picture; yields the share that is done


class _Scale:
    """One scale of a print: the photograph there, what comes in at its own size, and the print's size."""

    def __init__(self, real: Bytes, layout: Layout, drawn: Bytes | None, size: Size, finest: bool) -> None:
        """finest: whether it is the print, which steps between patches are smoothed away in."""
        self.real, self.layout, self.drawn, self.size, self.finest = real, layout, drawn, size, finest
        self.free = layout.region.free(size) if layout.region else None

    def begun(self, seed: int) -> Drawn:
        """The coarsest one."""
        drawn = self._coming_in()
        return self._laid_out(np.random.default_rng(seed)) if drawn is None else self._matched(drawn, self.real)

    def redrawn(self, now: Bytes, below: Bytes, matches: Matches, seed: int) -> Drawn:
        """One above. now, matches: of the scale below; below: the photograph there."""
        drawn = self._coming_in() if min(size_of(self.real)) <= self.layout.entry else None
        blurred = resized(below, size_of(self.real)) if drawn is None else self.real
        now = resized(now, self.size) if drawn is None else drawn
        if math.prod(self.size) <= EXACT:
            return self._matched(now, blurred)
        begun = matches.enlarged(self.size, size_of(self.real), step_of(self.size))
        return self._improved(now, blurred, begun, seed) if drawn is None else self._taken(drawn, begun, seed)

    def _coming_in(self) -> Bytes | None:
        return None if self.drawn is None else resized(self.drawn, self.size)

    def _laid_out(self, rng: np.random.Generator) -> Drawn:
        """Out of noise of the photograph's colours."""
        mean, spread = self.real.mean((0, 1)), self.real.std((0, 1))
        now = (mean + rng.normal(0, 1, (*self.size, 3)) * spread).clip(0, 255).astype(np.uint8)
        for left in reversed(range(NOISE_ROUNDS)):
            noisy = now + rng.normal(0, 255 * NOISE * left / NOISE_ROUNDS, now.shape)
            matches = self._nearest(noisy.clip(0, 255).astype(np.uint8), self.real)
            now = whole(self._voted(matches))
            yield 1 - left / NOISE_ROUNDS
        return now, matches

    def _matched(self, now: Bytes, blurred: Bytes) -> Drawn:
        """All patches are compared: the first time in the photograph as blurred as the picture."""
        rounds = ROUNDS if self.layout.picture else LAID_ROUNDS
        for n in range(rounds):
            matches = self._nearest(now, self.real if n else blurred)
            now = whole(self._voted(matches))
            yield (n + 1) / rounds
        return now, matches

    def _improved(self, now: Bytes, blurred: Bytes, matches: Matches, seed: int) -> Drawn:
        """A search begins with these matches."""
        rounds = 2 if matches.step == 1 else 1
        reach = max(self.real.shape) // 4 if max(self.size) < FAR else NEAR
        for n in range(rounds):
            search = improve(matches, now, self.real if n else blurred, SWEEPS, reach, 2 * seed + n)
            matches = yield from each(search, lambda share: (n + 0.8 * share) / rounds)  # noqa: B023
            now = yield from each(self._voted(matches), lambda share: (n + 0.8 + 0.2 * share) / rounds)  # noqa: B023
        return now, matches

    def _taken(self, drawn: Bytes, matches: Matches, seed: int) -> Drawn:
        """The picture comes in where the scale below has lost what it shows: that has to be found again."""
        reach = max(self.real.shape)
        search = improve(matches, drawn, self.real, COMING_SWEEPS, reach, seed)
        matches = yield from each(search, lambda share: 0.9 * share)
        now = yield from each(self._voted(matches), lambda share: 0.9 + 0.1 * share)
        return now, matches

    def _nearest(self, now: Bytes, keys: Bytes) -> Matches:
        return match_all(now, keys, self.layout.place, self.layout.alike, self.layout.wrapped)

    def _voted(self, matches: Matches) -> Generator[float, None, Bytes]:
        """The picture that matches give, where it is free to change."""
        if self.finest:
            kept = None if self.free is None else ~self.free[..., 0]
            return (yield from smooth_vote(matches, self.real, FALLOFF, kept=kept, picture=self.real))
        now = yield from vote(matches, self.real, FALLOFF)
        return now if self.free is None else np.where(self.free, now, self.real)
