"""Super-resolution by the picture's own patches: what is small in it is seen larger elsewhere.

In small steps, as in Glasner, Bagon and Irani (ICCV 2009): a step's picture, enlarged and so blurred, is looked up in
the picture as blurred as that, near the same place, and takes the sharp patches; then it is corrected until, reduced,
it is the picture again but for its noise (back-projection; Irani and Peleg, 1991).
"""

from collections.abc import Generator, Iterator
from dataclasses import replace
from math import prod

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import softshrink

from darkroom.uses import Size, Step
from singan.config import Shape
from singan.enlarge import NEAR, step_of
from singan.patches import PATCH, Bytes, Matches, as_tensor, improve, resized, shape_of, vote
from singan.pieces import each

STEP = 1.5  # at most, from one size to the next
FALLOFF, FAR_FALLOFF = 0.3, 0.05  # of votes, up to twice the size and beyond: a more even mean errs less
SWEEPS = 1  # of a search: a second one errs more, by .2 dB at twice the size
CORRECTIONS, EXCESS = 3, 1.4  # in a step, and by how much each exceeds what is missing: as near as 5 without excess
UNITS = 4  # of a correction, in one level of 255
NOISE = 1.5  # of 255: what a pixel may differ by, since a photograph's noise, put back, is a woven grid of its pixels
MOST = 4  # times as large as the picture
PRINTED = 0.6  # of the work of a print that is enlarged: the print


def super_resolved(picture: Bytes, shape: Shape) -> Generator[float, None, Bytes]:
    """Return the picture at this larger (height, width); yield the share that is done."""
    own = shape_of(picture)
    factor = max(shape[0] / own[0], shape[1] / own[1])
    steps = max(1, int(np.ceil(np.log(factor) / np.log(STEP))))
    ratios = [(side / native) ** (1 / steps) for side, native in zip(shape, own, strict=True)]
    shapes = [*(_at(own, [ratio**n for ratio in ratios]) for n in range(1, steps)), shape]
    keys = resized(resized(picture, _at(own, [1 / ratio for ratio in ratios])), own)
    total, done, now = sum(map(prod, shapes)), 0, picture
    falloff = FALLOFF if factor <= 2 else FAR_FALLOFF

    def step(n: int) -> Generator[float, None, Bytes]:
        begun = Matches.centred(shapes[n], own, step_of(shapes[n]))
        search = improve(begun, resized(now, shapes[n]), keys, SWEEPS, NEAR, n)
        matches = yield from each(search, lambda share: 0.6 * share)
        voted = yield from each(vote(matches, picture, falloff), lambda share: 0.6 + 0.2 * share)
        return (yield from each(_corrected(voted, picture), lambda share: 0.8 + 0.2 * share))

    for n, larger in enumerate(shapes):
        now = yield from each(step(n), lambda share: (done + share * prod(larger)) / total)  # noqa: B023
        done += prod(larger)
    return now


def beyond(steps: Iterator[Step], reached: Size, size: Size) -> Iterator[Step]:
    """Yield the steps of a print, then those of enlarging it: by its own patches to `reached`, plainly to `size`."""
    for step in steps:
        if step.picture is None or step.share < 1:
            yield replace(step, share=PRINTED * step.share)
            continue
        pieces = super_resolved(np.array(step.picture), reached[::-1])
        result = yield from each(pieces, lambda share: Step(0, None, PRINTED + 0.99 * (1 - PRINTED) * share))
        yield Step(0, Image.fromarray(result).resize(size, Image.Resampling.LANCZOS))


def _at(shape: Shape, ratios: list[float]) -> Shape:
    height, width = (max(PATCH, round(side * ratio)) for side, ratio in zip(shape, ratios, strict=True))
    return height, width


def _corrected(now: Bytes, picture: Bytes) -> Generator[float, None, Bytes]:
    """Correct it so that, reduced to the picture's size, it is the picture to within NOISE; yield the share.

    It is resized in bytes, ten times as fast as in float32: of what is missing, up to 127 units either way.
    """
    target, sums = as_tensor(picture).float(), UNITS * torch.from_numpy(now).short()
    for n in range(CORRECTIONS):
        yield n / CORRECTIONS
        missing = softshrink(target - as_tensor(resized(now, shape_of(picture))), NOISE)
        yield (n + 0.5) / CORRECTIONS
        units = (EXCESS * UNITS * missing + 128).round().clamp(0, 255).byte()[0].permute(1, 2, 0).contiguous().numpy()
        sums += torch.from_numpy(resized(units, shape_of(now)))
        sums.sub_(128).clamp_(0, 255 * UNITS)
        now = (sums + UNITS // 2).div_(UNITS, rounding_mode="floor").byte().numpy()
    return now
