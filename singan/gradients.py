"""Smooth areas without seams: pictures whose gradients, not only their colours, come from the photograph's patches.

Patches beside each other match well one by one, but their means differ by a few levels of 255, so that a sky of them is
a quilt of rectangles. No patch has such a step inside, so the mean of their gradients has none either (Darabi et al.,
Image Melding, SIGGRAPH 2012). A screened Poisson equation (Bhat et al., Fourier Analysis of the 2D Screened Poisson
Equation for Gradient Domain Problems, ECCV 2008) joins both: of all pictures, it gives the one with the least

    sum of SCREEN (picture - colours)^2 + (gradient of picture - gradients)^2

It is solved for the correction, picture - colours, which is small and smooth, by multigrid: SCREEN keeps corrections
local, so few grids suffice, and pixels that have to stay are pixels whose correction is 0.
"""

import math
from collections.abc import Generator

import numba
import numpy as np
from numpy.typing import NDArray

from singan.pieces import ALONE, parallel

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
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def smooth(
    colours: Bytes, gradients: Gradients, kept: Mask | None = None, picture: Bytes | None = None
) -> Generator[float, None, Bytes]:
    """Return the picture whose gradients are nearest to those given, with colours counting a little.

    Args:
        colours: (H, W, 3), as `singan.patches.vote` returns them.
        gradients: (2, H, W, 3), to the right and down, as it writes them. Where the colours have a higher
            step than that, by more than `STEP`, it is an edge and stays.
        kept: (H, W), the pixels that are the given picture's to the byte. The others continue it without a seam, as
            across the border of both the gradients count, not the colours.
        picture: (H, W, 3), needed where some are kept.

    Yields the share that is done. The same for any number of threads.
    """
    if kept is None or picture is None:
        free, begun = np.ones(colours.shape[:2], np.bool_), colours
    else:
        free, begun = ~kept, np.where(kept[..., None], picture, colours)
    result = np.empty_like(colours)
    with ALONE:
        trust = _trust(_differences(colours, gradients))
    for channel in range(3):
        with ALONE:
            sources = _sources(colours, gradients, trust, begun, channel)
        correction = np.zeros(sources.shape, np.float32)
        for cycle in range(CYCLES):
            yield (channel + cycle / CYCLES) / 3
            with ALONE:
                correction = _cycle(correction, sources, free, SCREEN)
        result[..., channel] = np.clip(begun[..., channel] + correction + np.float32(0.5), 0, 255)
    return result


def _cycle(correction: Floats, sources: Floats, free: Mask, screen: float) -> Floats:
    """Run one V-cycle for (screen - Laplacian) correction = sources, mirrored at the borders, 0 where not free."""
    correction = _relaxed(correction, sources, free, screen)
    if screen < COARSEST:
        coarse, coarse_free = _residual(correction, sources, free, np.float32(screen))
        _add_enlarged(correction, _cycle(np.zeros_like(coarse), coarse, coarse_free, 4 * screen), free)
        correction = _relaxed(correction, sources, free, screen)
    return correction


def _relaxed(correction: Floats, sources: Floats, free: Mask, screen: float) -> Floats:
    """Take two of Jacobi's steps, with weights for which they remove most of what coarser grids do not see."""
    between = np.empty_like(correction)
    _relax(correction, sources, free, np.float32(screen), np.float32(WEIGHTS[0]), between)
    _relax(between, sources, free, np.float32(screen), np.float32(WEIGHTS[1]), correction)
    return correction


@parallel()
def _differences(colours, gradients):  # type: ignore[no-untyped-def]
    """Return (2, H, W): the most by which gradients of any channel differ from the colours' own, in 1/LEVEL."""
    height, width = colours.shape[:2]
    found = np.zeros((2, height, width), np.uint16)
    for y in numba.prange(height):
        down = min(y + 1, height - 1)
        for x in range(width):
            right = min(x + 1, width - 1)
            for c in range(3):
                here = np.int32(colours[y, x, c])
                across = abs(gradients[0, y, x, c] - LEVEL * (colours[y, right, c] - here))
                along = abs(gradients[1, y, x, c] - LEVEL * (colours[down, x, c] - here))
                found[0, y, x] = max(found[0, y, x], across)
                found[1, y, x] = max(found[1, y, x], along)
    return found


@parallel()
def _trust(differences):  # type: ignore[no-untyped-def]
    """Return (2, H, W), of 255: how much the gradients count: not at edges, whose sides would bleed into each other."""
    _, height, width = differences.shape
    trust = np.empty(differences.shape, np.uint8)
    for y in numba.prange(height):
        total = np.zeros((2, width), np.int32)
        for there in range(max(0, y - WIDE), min(height, y + WIDE + 1)):
            for x in range(width):
                total[1, x] += differences[1, there, x]
        for k in range(-WIDE, WIDE + 1):
            for x in range(max(0, -k), min(width, width - k)):
                total[0, x] += differences[0, y, x + k]
        for axis in range(2):
            for x in range(width):
                trust[axis, y, x] = min(max(510 - 255 * total[axis, x] // (STEP * LEVEL), 0), 255)
    return trust


@numba.njit(inline="always")
def _missing(colours, gradients, trust, begun, c, axis, y, x, y2, x2):  # type: ignore[no-untyped-def]
    """Return by how much the step from a pixel to the next along an axis is to be higher than it is."""
    own = np.float32(np.int32(colours[y2, x2, c]) - np.int32(colours[y, x, c]))
    voted = np.float32(gradients[axis, y, x, c]) * np.float32(1 / LEVEL)
    wanted = own + np.float32(trust[axis, y, x]) * np.float32(1 / 255) * (voted - own)
    return wanted - np.float32(np.int32(begun[y2, x2, c]) - np.int32(begun[y, x, c]))


@parallel()
def _sources(colours, gradients, trust, begun, c):  # type: ignore[no-untyped-def]
    """Return (H, W): the negative divergence of what is missing in a channel."""
    height, width = colours.shape[:2]
    sources = np.empty((height, width), np.float32)
    for y in numba.prange(height):
        for x in range(width):
            total = np.float32(0)
            if x > 0:
                total += _missing(colours, gradients, trust, begun, c, 0, y, x - 1, y, x)
            if x < width - 1:
                total -= _missing(colours, gradients, trust, begun, c, 0, y, x, y, x + 1)
            if y > 0:
                total += _missing(colours, gradients, trust, begun, c, 1, y - 1, x, y, x)
            if y < height - 1:
                total -= _missing(colours, gradients, trust, begun, c, 1, y, x, y + 1, x)
            sources[y, x] = total
    return sources


@numba.njit(inline="always")
def _excess(field, sources, screen, y, x, left, right, up, down):  # type: ignore[no-untyped-def]
    """Return what is left of a source: at a border, a pixel is its own neighbour."""
    around = field[y, left] + field[y, right] + field[up, x] + field[down, x]
    return sources[y, x] + around - (np.float32(4) + screen) * field[y, x]


@parallel()
def _relax(field, sources, free, screen, weight, result):  # type: ignore[no-untyped-def]
    height, width = field.shape
    share = weight / (np.float32(4) + screen)
    for y in numba.prange(height):
        up, down = max(y - 1, 0), min(y + 1, height - 1)
        for x in range(1, width - 1):  # without borders it is vectorized
            left = _excess(field, sources, screen, y, x, x - 1, x + 1, up, down)
            result[y, x] = field[y, x] + share * left * np.float32(free[y, x])
        for x in (0, width - 1):
            left = _excess(field, sources, screen, y, x, max(x - 1, 0), min(x + 1, width - 1), up, down)
            result[y, x] = field[y, x] + share * left * np.float32(free[y, x])


@parallel()
def _residual(field, sources, free, screen):  # type: ignore[no-untyped-def]
    """Add up what is left of the sources on a grid of half the size, and find where all of its pixels are free."""
    height, width = field.shape
    rows, columns = (height + 1) // 2, (width + 1) // 2
    coarse, coarse_free = np.empty((rows, columns), np.float32), np.empty((rows, columns), np.bool_)
    for i in numba.prange(rows):
        for j in range(columns):
            total, all_free = np.float32(0), True
            for y in range(2 * i, min(2 * i + 2, height)):
                for x in range(2 * j, min(2 * j + 2, width)):
                    left, right, up, down = max(x - 1, 0), min(x + 1, width - 1), max(y - 1, 0), min(y + 1, height - 1)
                    total += _excess(field, sources, screen, y, x, left, right, up, down)
                    all_free &= free[y, x]
            coarse[i, j], coarse_free[i, j] = total, all_free
    return coarse, coarse_free


@parallel()
def _add_enlarged(field, coarse, free):  # type: ignore[no-untyped-def]
    """Add the coarser grid, bilinearly enlarged, where pixels are free."""
    height, width = field.shape
    rows, columns = coarse.shape
    near, far = np.float32(0.75), np.float32(0.25)
    for y in numba.prange(height):
        i = y // 2
        other = max(i - 1, 0) if y % 2 == 0 else min(i + 1, rows - 1)
        for x in range(width):
            j = x // 2
            beside = max(j - 1, 0) if x % 2 == 0 else min(j + 1, columns - 1)
            if free[y, x]:
                here = near * coarse[i, j] + far * coarse[i, beside]
                field[y, x] += near * here + far * (near * coarse[other, j] + far * coarse[other, beside])
