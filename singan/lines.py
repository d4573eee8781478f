"""Long straight lines of a photograph, which people see when they are bent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SIDE = 256  # px, longer side of what lines are looked for in
EDGE = 8.0  # of 255, brightness from pixel to pixel along the gradient: less is no edge
LONG = 0.2  # of the longer side
MOST_LINES = 24
TURN, SHIFT = 4.0, 2.0  # degrees and px: widths of the bins that edges vote for
ASKEW, OFF = 9.0, 1.5  # degrees that an edge may be turned against its line, px that it may lie beside it
GAP = 3.0  # px between edges of one line
TRIED = 3 * MOST_LINES

Floats = NDArray[np.float64]


def straight_lines(photograph: Image.Image) -> Floats:
    """Return the ends (x, y, x, y) of straight edges, (N, 4), in parts of the sides; most prominent first.

    Edges vote for the angle of their gradient and the distance from the origin (Hough transform; Duda and Hart, 1972;
    with gradients, Ballard, 1981); what lies along a line that many voted for is one, as far as it has no gaps.
    """
    factor = min(1.0, SIDE / max(photograph.size))
    small = photograph.convert("L").resize([max(3, round(side * factor)) for side in photograph.size])
    slopes: Floats = np.array(np.gradient(np.asarray(small.filter(ImageFilter.GaussianBlur(1)), np.float64)))
    y, x = np.nonzero(np.hypot(*slopes) > EDGE)
    edges = np.stack([x, y, np.arctan2(*slopes[:, y, x]) % np.pi])
    long = LONG * max(small.size)
    lines = list[Floats]()
    for _ in range(TRIED):
        if len(lines) == MOST_LINES or edges.shape[1] < long:
            break
        near, ends = _along(edges, *_voted(edges))
        if np.hypot(*(ends[2:] - ends[:2])) >= long:
            lines.append((ends + 0.5) / [*small.size, *small.size])
        edges = edges[:, ~near]
    return np.array(lines).reshape(-1, 4)


def _voted(edges: Floats) -> tuple[float, float]:
    """The angle, radians, and the distance from the origin, px, that most edges vote for."""
    x, y, angle = edges
    turns = round(180 / TURN)
    turn = np.rint(np.degrees(angle) / TURN).astype(int) % turns
    middle = np.radians(turn * TURN)
    shift = np.rint((x * np.cos(middle) + y * np.sin(middle)) / SHIFT).astype(int)
    lowest = shift.min()
    votes = np.bincount((shift - lowest) * turns + turn)
    best, turned = divmod(int(votes.argmax()), turns)
    return float(np.radians(turned * TURN)), float((best + lowest) * SHIFT)


def _along(edges: Floats, angle: float, shift: float) -> tuple[NDArray[np.bool_], Floats]:
    """Which edges lie on a line, its longest run, and the run's ends (x, y, x, y), px."""
    x, y, own = edges
    for off in (3 * OFF, OFF):
        turned = np.abs((own - angle + np.pi / 2) % np.pi - np.pi / 2)
        normal = np.array([np.cos(angle), np.sin(angle)])
        on = np.flatnonzero((np.abs(x * normal[0] + y * normal[1] - shift) < off) & (turned < np.radians(ASKEW)))
        if len(on) < 2:
            break
        along = y[on] * normal[0] - x[on] * normal[1]
        order = np.argsort(along)
        runs = np.split(on[order], np.flatnonzero(np.diff(along[order]) > GAP) + 1)
        on = max(runs, key=len)
        # The run's own direction, as the bins are coarse.
        middle = np.array([x[on].mean(), y[on].mean()])
        spread = np.cov(np.stack([x[on], y[on]]), bias=True)
        normal = np.linalg.eigh(spread)[1][:, 0]
        angle = float(np.arctan2(normal[1], normal[0]) % np.pi)
        shift = float(middle @ [np.cos(angle), np.sin(angle)])
    near = np.zeros(edges.shape[1], np.bool_)
    near[on] = True
    if len(on) < 2:
        near[np.abs(x * np.cos(angle) + y * np.sin(angle) - shift) <= 3 * OFF] = True
        return near, np.zeros(4)
    direction = np.array([-np.sin(angle), np.cos(angle)])
    along = direction @ edges[:2, on]
    foot = shift * np.array([np.cos(angle), np.sin(angle)])
    return near, np.concatenate([foot + end * direction for end in (along.min(), along.max())])
