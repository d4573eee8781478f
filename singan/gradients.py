"""Smooth areas without seams: pictures whose gradients, not only their colours, come from the photograph's patches.

Patches beside each other match well one by one, but their means differ by a few levels of 255, so that a sky of them is
a quilt of rectangles. No patch has such a step inside, so the mean of their gradients has none either (Darabi et al.,
Image Melding, SIGGRAPH 2012). A screened Poisson equation (Bhat et al., Fourier Analysis of the 2D Screened Poisson
Equation for Gradient Domain Problems, ECCV 2008) joins both: of all pictures, it gives the one with the least

    sum of SCREEN (picture - colours)^2 + (gradient of picture - gradients)^2

It is solved for the correction, picture - colours, which is small and smooth, by multigrid: SCREEN keeps corrections
local, so few grids suffice, and pixels that have to stay are pixels whose correction is 0.
"""

from __future__ import annotations

import math
from collections.abc import Generator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

LEVEL = 64  # units of a gradient that are one level of 255
SCREEN = 0.004  # weight of the colours: corrections fall to 1/e within 16 px
STEP = 6  # levels of 255: a step between patches is smoothed away up to this height, and one of twice that stays
WIDE = 4  # px on either side over which votes spread a step
CYCLES = 2  # of multigrid: each leaves a seventh of the error
WEIGHTS = tuple(1 / (1.25 + sign * 0.75 * math.sqrt(0.5)) for sign in (-1, 1))  # Chebyshev's, for errors of a few px
COARSEST = 4.0  # screen of a grid on which relaxation alone suffices; from grid to grid it is four times as large
REACH = 64  # px, within which corrections fall to 2 %

Bytes = NDArray[np.uint8]
Gradients = NDArray[np.int16]  # (2, height, width, 3): the steps to the next pixel on the right, and below, in 1/LEVEL
Mask = NDArray[np.bool_]


def smooth(
    colours: Bytes, gradients: Gradients, kept: Mask | None = None, picture: Bytes | None = None
) -> Generator[float, None, Bytes]:
    """Return the picture whose gradients are nearest to those given, with colours counting a little.

    Args:
        colours: (H, W, 3), as `vote` gives them.
        gradients: (2, H, W, 3), to the right and down, as it gives them. Where the colours have a higher
            step than that, by more than `STEP`, it is an edge and stays.
        kept: (H, W), the pixels that are the given picture's to the byte. The others continue it without a seam, as
            across the border of both the gradients count, not the colours.
        picture: (H, W, 3), needed where some are kept.

    Yields the share that is done. The same for any number of threads.
    """
    free, begun = np.ones(colours.shape[:2], np.bool_), colours
    if kept is not None and picture is not None:
        free, begun = ~kept, np.where(kept[..., None], picture, colours)
    voted, result = torch.from_numpy(gradients).permute(0, 3, 1, 2).contiguous(), np.empty_like(colours)
    planes, own = (torch.from_numpy(it).permute(2, 0, 1).contiguous().float() for it in (colours, begun))
    trust = [_trust(voted[axis], planes, axis) for axis in (0, 1)]
    changing = torch.from_numpy(free).float()
    for channel in range(3):
        sources = torch.zeros(free.shape)
        for axis in (0, 1):
            _add_sources(sources, planes[channel], voted[axis, channel], trust[axis], own[channel], axis)
        correction = torch.zeros_like(sources)
        for cycle in range(CYCLES):
            yield (channel + cycle / CYCLES) / 3
            correction = _cycle(correction, sources, changing, SCREEN)
        result[..., channel] = (own[channel] + correction + 0.5).clamp(0, 255).byte()
    return result


def _steps(plane: Tensor, axis: int) -> Tensor:
    """Return (H, W): the steps to the next pixel on the right (axis 0) or below; 0 at the end."""
    return F.pad(plane.diff(dim=1 - axis), (0, 1) if axis == 0 else (0, 0, 0, 1))


def _trust(voted: Tensor, planes: Tensor, axis: int) -> Tensor:
    """Return (H, W), in [0, 1]: how much gradients (3, H, W) of planes (3, H, W) along an axis count.

    Where they differ by too much within a few px, there is an edge, and without it one side would bleed into the other.
    """
    apart = torch.zeros(planes.shape[1:])
    for plane, steps in zip(planes, voted, strict=True):
        apart = torch.maximum(apart, (steps - LEVEL * _steps(plane, axis)).abs_())
    window, margin = ((1, 2 * WIDE + 1), (0, WIDE)) if axis == 0 else ((2 * WIDE + 1, 1), (WIDE, 0))
    total = F.avg_pool2d(apart[None], window, 1, margin, divisor_override=1)[0].int()
    return (510 - torch.div(255 * total, STEP * LEVEL, rounding_mode="floor")).clamp(0, 255) * (1 / 255)


def _add_sources(sources: Tensor, plane: Tensor, voted: Tensor, trust: Tensor, begun: Tensor, axis: int) -> None:
    """Add (H, W) the negative divergence, along an axis, of what steps of a plane are to be higher than they are."""
    steps = _steps(plane, axis)
    missing = steps + trust * (voted * (1 / LEVEL) - steps) - _steps(begun, axis)
    inside = missing.narrow(1 - axis, 0, missing.shape[1 - axis] - 1)
    sources.narrow(1 - axis, 1, inside.shape[1 - axis]).add_(inside)
    sources.narrow(1 - axis, 0, inside.shape[1 - axis]).sub_(inside)


def _cycle(correction: Tensor, sources: Tensor, free: Tensor, screen: float) -> Tensor:
    """Run one V-cycle for (screen - Laplacian) correction = sources, mirrored at the borders, 0 where not free."""
    correction = _relaxed(correction, sources, free, screen)
    if screen < COARSEST:
        height, width = sources.shape
        left, all_free = (F.pad(it, (0, width % 2, 0, height % 2), value=value) for it, value in
                          ((_excess(correction, sources, screen), 0), (free, 1)))  # fmt: skip
        coarse = F.avg_pool2d(left[None], 2, divisor_override=1)[0]
        coarse_free = -F.max_pool2d(-all_free[None], 2)[0]
        smaller = _cycle(torch.zeros_like(coarse), coarse, coarse_free, 4 * screen)
        larger = _doubled(_doubled(smaller, 1), 0)[:height, :width]
        correction = _relaxed(correction + free * larger, sources, free, screen)
    return correction


def _doubled(field: Tensor, axis: int) -> Tensor:
    """Enlarge linearly along an axis; `F.interpolate` rounds otherwise, by the number of threads."""
    at = torch.arange(2 * field.shape[axis])
    other = (at // 2 + at % 2 * 2 - 1).clamp(0, field.shape[axis] - 1)
    return 0.75 * field.index_select(axis, at // 2) + 0.25 * field.index_select(axis, other)


def _relaxed(correction: Tensor, sources: Tensor, free: Tensor, screen: float) -> Tensor:
    """Take two of Jacobi's steps, with weights for which they remove most of what coarser grids do not see."""
    for weight in WEIGHTS:
        share = np.float32(weight) / (4 + np.float32(screen))
        correction = _excess(correction, sources, screen).mul_(float(share)).mul_(free).add_(correction)
    return correction


def _excess(field: Tensor, sources: Tensor, screen: float) -> Tensor:
    """Return what is left of the sources: at a border, a pixel is its own neighbour."""
    around = F.pad(field[None, None], (1, 1, 1, 1), mode="replicate")[0, 0]
    total = (around[1:-1, :-2] + around[1:-1, 2:]).add_(around[:-2, 1:-1]).add_(around[2:, 1:-1])
    return total.add_(sources).sub_(float(np.float32(4) + np.float32(screen)) * field)
