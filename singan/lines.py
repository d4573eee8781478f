"""Long straight lines of a photograph, which people see when they are bent."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SIDE = 256  # px, longer side of what lines are looked for in
EDGE = 8.0  # of 255, brightness from pixel to pixel along the gradient: less is no edge
LONG = 0.2  # of the longer side
MOST_LINES = 24
TURN, SHIFT = 4.0, 2.0  # degrees and px: widths of the bins that edges vote for
TURNS = round(180 / TURN)
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
    votes, nearest = _votes(edges)
    long = LONG * max(small.size)
    lines = list[Floats]()
    for _ in range(TRIED):
        if len(lines) == MOST_LINES or edges.shape[1] < long:
            break
        distance, turn = divmod(int(np.bincount(votes).argmax()), TURNS)
        on, ends = _along(edges, float(np.radians(turn * TURN)), (distance + nearest) * SHIFT)
        if np.hypot(*(ends[2:] - ends[:2])) >= long:
            lines.append((ends + 0.5) / [*small.size, *small.size])
        edges, votes = np.delete(edges, on, 1), np.delete(votes, on)
    return np.array(lines).reshape(-1, 4)


def _votes(edges: Floats) -> tuple[NDArray[np.int64], int]:
    """Return each edge's bin, distance from the origin and then angle, and the distance of the first, in SHIFT."""
    x, y, angle = edges
    turn = np.rint(np.degrees(angle) / TURN).astype(int) % TURNS
    middle = np.radians(turn * TURN)
    distance = np.rint((x * np.cos(middle) + y * np.sin(middle)) / SHIFT).astype(int)
    nearest = int(distance.min(initial=0))
    return (distance - nearest) * TURNS + turn, nearest


def _along(edges: Floats, angle: float, shift: float) -> tuple[NDArray[np.int64], Floats]:
    """Find the longest run of edges on a line: their numbers, and its ends (x, y, x, y), px, 0 without a run."""
    x, y, own = edges
    on = np.zeros(0, int)
    for off in (3 * OFF, OFF):
        normal = np.array([np.cos(angle), np.sin(angle)])
        turned = np.abs((own - angle + np.pi / 2) % np.pi - np.pi / 2)
        beside = np.abs(x * normal[0] + y * normal[1] - shift)
        near = np.flatnonzero((beside < off) & (turned < np.radians(ASKEW)))
        along = y[near] * normal[0] - x[near] * normal[1]
        order = np.argsort(along)
        runs = np.split(near[order], np.flatnonzero(np.diff(along[order]) > GAP) + 1)
        run = max(runs, key=len)
        if len(run) < 2:
            return (on if len(on) else np.flatnonzero(beside <= 3 * OFF)), np.zeros(4)
        on = run
        # The run's own direction, as the bins are coarse.
        normal = np.linalg.eigh(np.cov(edges[:2, on], bias=True))[1][:, 0]
        angle = float(np.arctan2(normal[1], normal[0]) % np.pi)
        shift = float(edges[:2, on].mean(1) @ [np.cos(angle), np.sin(angle)])
    direction = np.array([-np.sin(angle), np.cos(angle)])
    along = direction @ edges[:2, on]
    foot = shift * np.array([np.cos(angle), np.sin(angle)])
    return on, np.concatenate([foot + end * direction for end in (along.min(), along.max())])
