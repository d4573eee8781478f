"""A photograph in another shape: its subjects stay as they are, and what was deformed around them is redrawn."""

from collections.abc import Generator, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from darkroom.uses import Size, Step
from singan import patches
from singan.config import Shape
from singan.deformation import behind, deformed, pieces, places, reduced
from singan.enlarge import Drawn, coarse_to_fine, reductions, searched, shape_at, step_of
from singan.importance import CELLS, Importance
from singan.patches import ALL_VALUES, PATCH, Bytes, Mask, Matches, grid, resized, shape_of
from singan.pieces import whole
from singan.strips import Strips

ENTRY = 48  # px, the shorter side of the photograph where the deformed one comes in
FACTOR = 1.6  # from scale to scale, about
ROUNDS = 3  # of the coarsest scale, where all patches are compared
PLACE = (0.5, 0.2)  # weights of a patch's height and place across: from side to side counts like this RMS difference
BACKGROUND = 256  # px, longer side of what margins begin with
FALLOFF, MAJORITY = 0.2, 3  # of votes: a mean of all that are made of several places is blurred, and finds blurred ones
LAST_MAJORITY = 6  # of the finished picture's votes: at all scales, it would find worse patches
MILD = 1.35  # a place's scale over the subjects', or the other way, up to which the photograph's own pixels stay
FEATHER = 0.012  # of the picture's shorter side, over which kept pixels become redrawn ones
BESIDE = 11  # cells: twice as far as a patch reaches at the coarsest scale, about
FEW = 0.1  # of the photograph's patches: with fewer free of subjects, all are used

Floats = NDArray[np.float32]


class Fitting:
    """Fit one photograph to one shape: deform it, and redraw all of it that does not stay."""

    def __init__(self, photograph: Image.Image, importance: Importance, strips: Strips, size: Size) -> None:
        """size: (width, height), px, for which `strips` were found; their scale is at most 1."""
        self.size, self.strips, self.subject = size, strips, importance.subject
        self.rows = pieces(strips.rows, photograph.height, size[1])
        self.columns = pieces(strips.columns, photograph.width, size[0])
        own = [max(PATCH + 1, round(side * strips.scale)) for side in photograph.size]
        self.source: Bytes = np.array(photograph.resize(own, Image.Resampling.LANCZOS))
        self.kept = self._kept()
        self.deformed: Bytes = np.array(self._deformed(photograph))

    def _deformed(self, photograph: Image.Image) -> Image.Image:
        """Deform the photograph, and show in the margins what is about it without its subjects."""
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
        """Find, (height, width) in [0, 1], how much of the deformed photograph stays."""
        mild = [np.zeros(side, np.bool_) for side in self.size[::-1]]
        for line, there in zip((self.rows, self.columns), mild, strict=True):
            for it in line:
                there[it.start : it.stop] = not it.margin and 1 / MILD <= it.scale / self.strips.scale <= MILD
        kept = Image.fromarray(np.logical_and.outer(*mild)).convert("L")
        blurred = kept.filter(ImageFilter.BoxBlur(max(1, round(FEATHER * min(self.size)))))
        return (np.asarray(blurred, np.float32) / np.float32(127.5) - 1).clip(0, 1)

    def stages(self, seed: int) -> Iterator[Step]:
        """Yield the steps of the picture as it grows; the last is finished. The same seed gives the same."""
        if self.kept.min() == 1:
            yield Step(0, Image.fromarray(self.deformed))
            return
        factors = reductions(1.0, ENTRY / min(shape_of(self.source)), FACTOR)
        shapes = [shape_at(factor, self.size[::-1]) for factor in factors]
        reals = [resized(self.source, shape_at(factor, shape_of(self.source))) for factor in factors]

        def redrawn(n: int, now: Bytes, matches: Matches) -> Drawn:
            return self._redrawn(now, matches, shapes[n], reals[n - 1], reals[n], seed + n)

        now = yield from coarse_to_fine(shapes, self._begun(shapes[0], reals[0]), redrawn)
        yield Step(0, Image.fromarray(now))

    def _begun(self, shape: Shape, real: Bytes) -> Drawn:
        """Draw the coarsest scale: all patches are compared, with their places."""
        own, kept, barred = resized(self.deformed, shape), self._kept_at(shape), self._barred(shape_of(real))
        seen = [places(line, side) for line, side in zip((self.rows, self.columns), shape, strict=True)]
        # Only what lies at a subject, as its stretched part does, may be made of patches that hold any of it.
        near = np.array(Image.fromarray(self.subject).convert("L").filter(ImageFilter.MaxFilter(BESIDE))) > 0
        cells = [(it[PATCH // 2 : -(PATCH // 2)] * CELLS).astype(int).clip(0, CELLS - 1) for it in seen]
        bars = ~near[np.ix_(*cells)]
        now = own
        for n in range(ROUNDS):
            yield n / ROUNDS
            matches = _nearest(now, real, seen, bars, barred)
            now = _joined(whole(patches.vote(matches, real, FALLOFF, MAJORITY)), own, kept)
        return now, matches

    def _redrawn(self, now: Bytes, matches: Matches, shape: Shape, below: Bytes, real: Bytes, seed: int) -> Drawn:
        """Draw one scale above. now, matches, below: the picture, its patches and the photograph at the scale below."""
        own, kept = resized(self.deformed, shape), self._kept_at(shape)
        allowed = None if self.strips.stretched else ~self._barred(shape_of(real))
        matches = matches.enlarged(shape, shape_of(real), step_of(shape))

        def voted(matches: Matches, last: bool) -> Generator[float, None, Bytes]:
            if shape == self.kept.shape and last:
                votes = patches.smooth_vote(matches, real, FALLOFF, LAST_MAJORITY, kept == 1, self.deformed)
            else:
                votes = patches.vote(matches, real, FALLOFF, MAJORITY)
            return _joined((yield from votes), own, kept)

        sought = _reaching(kept < 1)[np.ix_(*(grid(side, matches.step) for side in shape))]
        return searched(resized(now, shape), real, below, matches, seed, voted, sought, allowed)

    def _kept_at(self, shape: Shape) -> Floats:
        return np.asarray(Image.fromarray(self.kept).resize(shape[::-1], Image.Resampling.BOX))

    def _barred(self, shape: Shape) -> Mask:
        """Find, (height, width) of the photograph, from where on a patch holds any of a subject."""
        held = _reaching(np.array(Image.fromarray(self.subject).resize(shape[::-1])))
        return held if held.mean() < 1 - FEW else np.zeros(shape, np.bool_)


def _joined(redrawn: Bytes, own: Bytes, kept: Floats) -> Bytes:
    share = kept[..., None]
    return (redrawn * (1 - share) + own * share + np.float32(0.5)).astype(np.uint8)


def _reaching(mask: Mask) -> Mask:
    """Find from where on a patch, (height, width), holds any of a mask."""
    ahead = F.pad(torch.from_numpy(mask)[None].float(), (0, PATCH - 1, 0, PATCH - 1))
    return (F.max_pool2d(F.max_pool2d(ahead, (PATCH, 1), 1), (1, PATCH), 1)[0] > 0).numpy()


def _nearest(picture: Bytes, real: Bytes, seen: list[NDArray[np.float64]], bars: Mask, barred: Mask) -> Matches:
    """Find the nearest of all patches, which also lie near the place that the picture's show.

    seen: the photograph's places of the picture's rows and columns, in parts of its sides. bars: (rows, columns),
    whether a patch of the picture may not be any that is barred, (height, width), in the photograph.
    """
    own = [(np.arange(side) + 0.5) / side for side in shape_of(real)]
    query, keys = (
        patches.placed(
            it, [torch.from_numpy(at).float() * weight * ALL_VALUES for at, weight in zip(line, PLACE, strict=True)]
        )
        for it, line in ((picture, seen), (real, own))
    )
    forbidden = torch.from_numpy(barred[: 1 - PATCH, : 1 - PATCH].ravel())
    cost = patches.differences(query, keys)
    cost.masked_fill_(torch.from_numpy(bars.ravel())[:, None] & forbidden, torch.inf)
    return patches.matches_of(cost.argmin(1), picture, real)
