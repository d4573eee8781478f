"""The enlarger: prints at a photograph's own resolution, made of its patches.

Coarse to fine as in GPNN (Granot et al., CVPR 2022): at every scale the picture's patches are looked up in the
photograph, blurred as the picture is, and replaced by the sharp ones. At the coarsest scale comes in a picture, or one
is laid out by noise that falls from round to round (as in Qiu et al., CVPR 2026, arXiv 2606.04299).
"""

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

import numpy as np
from PIL import Image

from darkroom.uses import Size, Step
from singan import patches
from singan.config import Shape
from singan.masks import Region
from singan.patches import PATCH, Bytes, Mask, Matches, Place, improve, resized, shape_of
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
class Layout:
    picture: Image.Image | None = None  # is redrawn, stretched; None: one is laid out of noise
    entry: int = ENTRY  # px, the photograph's shorter side up to which the picture comes in: what is finer is new
    place: Place = ABOUT  # how much a patch keeps its height and its place across, as `match_all` has it
    alike: bool = True  # whether all of the photograph is used about as often
    wrapped: bool = False  # whether the print's borders meet; its sides are even then
    region: Region | None = None  # where it may differ from the photograph, whose shape it has then


class Enlarger:
    """Make prints of one photograph, as much of a (width, height), px, as it has the pixels for."""

    def __init__(self, photograph: Image.Image, size: Size) -> None:
        patches.compiled()  # here, as the stages may be drawn where others wait for their turn
        self.photograph: Bytes = np.array(photograph.convert("RGB"))
        self.size = filled(size, photograph.size)

    def stages(self, layout: Layout, seed: int = 0) -> Iterator[Step]:
        """Yield the steps of a print, each a fraction of a second; finished scales are shown. A seed gives the same."""
        shapes, reals = self.pyramid
        if layout.region:
            shapes = [shape_of(real) for real in reals]
        elif layout.wrapped:
            shapes = [(height // 2 * 2, width // 2 * 2) for height, width in shapes]
        drawn = None if layout.picture is None else np.array(layout.picture.convert("RGB"))
        scales = [
            _Scale(layout, real, shape, drawn if n == 0 or min(shape_of(real)) <= layout.entry else None)
            for n, (real, shape) in enumerate(zip(reals, shapes, strict=True))
        ]
        scales[-1].finest = True
        redrawn = lambda n, now, matches: scales[n].redrawn(now, reals[n - 1], matches, seed + n)  # noqa: E731
        now = yield from coarse_to_fine(shapes, scales[0].begun(seed), redrawn)
        if layout.region:
            now = layout.region.blended(now, reals[-1])
        yield Step(0, Image.fromarray(now))

    @cached_property
    def pyramid(self) -> tuple[list[Shape], list[Bytes]]:
        """Return the (height, width) of a print at every scale, coarsest first, and the photograph there."""
        (rows, columns), (width, height) = shape_of(self.photograph), self.size
        # At the last scale the photograph lies between the print's area and what fits into the print: at the one, what
        # is wide has no room in a narrow print, at the other nothing is near.
        area, inside = math.sqrt(width * height / (rows * columns)), min(height / rows, width / columns)
        scales = reductions(min(1.0, math.sqrt(area * inside)), ENTRY / min(rows, columns), FACTOR)
        real, reals = self.photograph, list[Bytes]()
        for scale in reversed(scales):  # each from the next: from the finest it would take ten times as long
            real = resized(real, shape_at(scale, (rows, columns)))
            reals.insert(0, real)
        return [shape_at(scale / scales[-1], (height, width)) for scale in scales], reals


def developed(prints: Iterable[tuple[Image.Image | None, Iterator[Step]]]) -> Iterator[Step]:
    """Number the steps of (draft, steps), None for an early step: first drafts of a few, then these prints in turn."""
    numbered = enumerate(prints)
    while some := list(islice(numbered, AT_ONCE)):
        for number, (draft, steps) in some:
            if draft is not None:
                yield Step(number, draft, 0.0)
                continue
            for step in steps:
                yield replace(step, number=number)
                if step.picture and math.prod(step.picture.size) >= DRAFT:
                    break
        for number, (_, steps) in some:
            yield from (replace(step, number=number) for step in steps)


def sized(shape: tuple[float, float], pixels: float) -> Size:
    """Return the (width, height) of a shape, such as another size, with so many pixels, about."""
    share = math.sqrt(pixels / math.prod(shape))
    return round(shape[0] * share), round(shape[1] * share)


def filled(size: Size, photograph: Size) -> Size:
    """Return the size, at most this and of the same shape, that a photograph of the other size has the pixels for."""
    enough = math.prod(photograph) + sum(size) / 2 + 1  # as rounding both sides is no lack
    return size if math.prod(size) <= enough else sized(size, math.prod(photograph))


def step_of(shape: Shape) -> int:
    """Return the px from one patch that is looked up to the next."""
    return 2 if math.prod(shape) >= SPARSE else 1


def shape_at(scale: float, shape: Shape) -> Shape:
    """Return a shape at another scale, with room for a few patches."""
    height, width = (max(PATCH + 1, round(side * scale)) for side in shape)
    return height, width


def reductions(last: float, first: float, factor: float) -> list[float]:
    """Divide the way from a first scale, at most the last, to the last into even steps of about this factor."""
    first = min(last, first)
    count = max(1, math.ceil(math.log(last / first) / math.log(factor)))
    return [last * (first / last) ** (1 - n / count) for n in range(count + 1)]


Drawn = Generator[float, None, tuple[Bytes, Matches]]  # returns a scale's picture; yields the share that is done


def coarse_to_fine(
    shapes: Sequence[Shape], begun: Drawn, redrawn: Callable[[int, Bytes, Matches], Drawn]
) -> Generator[Step, None, Bytes]:
    """Yield the steps of a picture that is redrawn from scale to scale, and return the finest.

    begun: draws the coarsest scale. redrawn: draws scale n from the picture and the matches of the one below.
    """
    work = [math.prod(shape) for shape in shapes]
    total = sum(work) + 1  # the finished picture is the last of it
    now, matches = yield from each(begun, lambda _: Step(0, None, 0.0))
    for n in range(1, len(shapes)):
        done = sum(work[:n])
        yield Step(0, Image.fromarray(now), done / total)
        pieces = redrawn(n, now, matches)
        now, matches = yield from each(pieces, lambda share: Step(0, None, (done + share * work[n]) / total))  # noqa: B023
    return now


def searched(
    now: Bytes, real: Bytes, below: Bytes, matches: Matches, seed: int,
    voted: Callable[[Matches, bool], Generator[float, None, Bytes]],
    sought: Mask | None = None, allowed: Mask | None = None,
) -> Drawn:  # fmt: skip
    """Redraw a scale by a search that begins with these matches: first in the photograph as blurred as the picture.

    below: the photograph at the scale below. voted: makes the picture of matches; told whether it is the last.
    sought, allowed: as `improve` has them.
    """
    rounds, keys = 2 if matches.step == 1 else 1, resized(below, shape_of(real))
    for n in range(rounds):
        search = improve(
            matches, now, keys, SWEEPS, reach_of(matches.shape, real), 2 * seed + n, sought=sought, allowed=allowed
        )
        matches, keys = (yield from each(search, lambda share: (n + 0.8 * share) / rounds)), real  # noqa: B023
        votes = voted(matches, n == rounds - 1)
        now = yield from each(votes, lambda share: (n + 0.8 + 0.2 * share) / rounds)  # noqa: B023
    return now, matches


def reach_of(shape: Shape, real: Bytes) -> int:
    """Return the px that a search for a picture of this shape reaches in the photograph."""
    return NEAR if max(shape) >= FAR else max(real.shape) // 4


class _Scale:
    finest = False  # whether it is to have no steps between patches

    def __init__(self, layout: Layout, real: Bytes, shape: Shape, drawn: Bytes | None) -> None:
        """real: the photograph there. drawn: the picture that comes in, of any size."""
        self.layout, self.real, self.shape = layout, real, shape
        self.drawn = None if drawn is None else resized(drawn, shape)
        self.free = layout.region.free(shape) if layout.region else None

    def begun(self, seed: int) -> Drawn:
        if self.drawn is None:
            return self._laid_out(np.random.default_rng(seed))
        return self._matched(self.drawn, self.real)

    def redrawn(self, now: Bytes, below: Bytes, matches: Matches, seed: int) -> Drawn:
        """Draw one above. now, matches: of the scale below; below: the photograph there."""
        if self.drawn is not None:
            now, below = self.drawn, self.real
        if math.prod(self.shape) <= EXACT:
            return self._matched(resized(now, self.shape), resized(below, shape_of(self.real)))
        matches = matches.enlarged(self.shape, shape_of(self.real), step_of(self.shape))
        if self.drawn is not None:
            return self._taken(now, matches, seed)
        votes = lambda matches, _: self._voted(matches)  # noqa: E731
        return searched(resized(now, self.shape), self.real, below, matches, seed, votes)

    def _laid_out(self, rng: np.random.Generator) -> Drawn:
        mean, spread = self.real.mean((0, 1)), self.real.std((0, 1))
        now = (mean + rng.normal(0, 1, (*self.shape, 3)) * spread).clip(0, 255).astype(np.uint8)
        for left in reversed(range(NOISE_ROUNDS)):
            noisy = now + rng.normal(0, 255 * NOISE * left / NOISE_ROUNDS, now.shape)
            matches = self._nearest(noisy.clip(0, 255).astype(np.uint8), self.real)
            now = whole(self._voted(matches))
            yield 1 - left / NOISE_ROUNDS
        return now, matches

    def _matched(self, now: Bytes, blurred: Bytes) -> Drawn:
        """Compare all patches: the first time in the photograph as blurred as the picture."""
        rounds = ROUNDS if self.layout.picture else LAID_ROUNDS
        for n in range(rounds):
            matches = self._nearest(now, self.real if n else blurred)
            now = whole(self._voted(matches))
            yield (n + 1) / rounds
        return now, matches

    def _taken(self, drawn: Bytes, matches: Matches, seed: int) -> Drawn:
        """Take the picture in where the scale below has lost what it shows: that has to be found again."""
        reach = max(self.real.shape)
        search = improve(matches, drawn, self.real, COMING_SWEEPS, reach, seed)
        matches = yield from each(search, lambda share: 0.9 * share)
        now = yield from each(self._voted(matches), lambda share: 0.9 + 0.1 * share)
        return now, matches

    def _nearest(self, now: Bytes, keys: Bytes) -> Matches:
        return patches.match_all(now, keys, self.layout.place, self.layout.alike, self.layout.wrapped)

    def _voted(self, matches: Matches) -> Generator[float, None, Bytes]:
        if self.finest:
            kept = None if self.free is None else ~self.free[..., 0]
            return (yield from patches.smooth_vote(matches, self.real, FALLOFF, kept=kept, picture=self.real))
        now = yield from patches.vote(matches, self.real, FALLOFF)
        return now if self.free is None else np.where(self.free, now, self.real)
