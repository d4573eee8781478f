"""How far a single object stands out from all that is connected with the picture's border."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

LONGER_SIDE, SHORTEST = 48, 8  # px, of the reduced picture: coarse enough that a meadow is plain
DIFFERENT = 45.0  # CIELAB units: beyond, colours are no more than different
JUST_VISIBLE = 3.0  # CIELAB units
OBJECT_AREA = (0.03, 0.75)  # of the picture
ONE_REGION = 0.7  # of all that stands out
AROUND = 0.9  # of all that does not: what an object is compared with


def _lab(image: Image.Image) -> np.ndarray:
    """An RGB image as CIELAB (H, W, 3): sRGB, white point D65."""
    rgb = np.asarray(image, dtype=np.float64) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = linear @ np.array(to_xyz).T / [0.9505, 1.0, 1.089]
    x, y, z = np.moveaxis(np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def border_distance(colours: np.ndarray) -> np.ndarray:
    """How much colours (H, W, 3) must change on the best path from each pixel to the border, (H, W).

    The minimum barrier distance (Zhang et al., ICCV 2015): of a path, the range that its colours span. Sky, meadow and
    whatever else reaches the border is near, in however many layers; an object is far. Found by relaxation.
    """
    low, high = colours.copy(), colours.copy()
    distance = np.full(colours.shape[:2], np.inf)
    distance[[0, -1]] = distance[:, [0, -1]] = 0
    ahead, behind, whole = slice(1, None), slice(None, -1), slice(None)
    pairs = [(ahead, behind), (behind, ahead)]
    steps = [((to, whole), (of, whole)) for to, of in pairs] + [((whole, to), (whole, of)) for to, of in pairs]
    for _ in range(4 * max(distance.shape)):  # long enough for winding paths; most pictures need far fewer
        before = distance.copy()
        for to, of in steps:
            new_low, new_high = np.minimum(low[of], colours[to]), np.maximum(high[of], colours[to])
            new = np.maximum(np.linalg.norm(new_high - new_low, axis=-1), distance[of])
            better = new < distance[to]
            distance[to][better], low[to][better], high[to][better] = new[better], new_low[better], new_high[better]
        if np.array_equal(before, distance):
            break
    return distance


def _threshold(values: np.ndarray) -> float:
    """Where values fall apart into two groups (Otsu, 1979)."""
    values = np.sort(values, axis=None)
    below = np.arange(1, values.size)
    sums = np.cumsum(values)
    gap = sums[:-1] / below - (sums[-1] - sums[:-1]) / (values.size - below)
    best = int((below * (values.size - below) * gap**2).argmax())
    return float(values[best] + values[best + 1]) / 2


def _largest_region(mask: np.ndarray) -> np.ndarray:
    """The largest connected part of a mask (H, W), diagonals included."""
    names = torch.arange(1.0, mask.size + 1).view(1, 1, *mask.shape) * torch.from_numpy(mask)
    while True:  # every pixel takes the largest name in its region
        spread = F.max_pool2d(names, 3, 1, 1) * (names > 0)
        if torch.equal(spread, names):
            break
        names = spread
    found, counts = names[names > 0].unique(return_counts=True)
    return (names[0, 0] == found[counts.argmax()]).numpy()


def object_contrast(image: Image.Image) -> float:
    """How many times further from the border one region is than nine tenths of all around it.

    0 where nothing stands out, where no single region holds most of it, or where it is tiny or nearly everything.
    """
    factor = LONGER_SIDE / max(image.size)
    width, height = (max(SHORTEST, round(side * factor)) for side in image.size)
    small = image.resize((width, height), Image.Resampling.BOX, reducing_gap=2)
    distance = np.minimum(border_distance(_lab(small)), DIFFERENT)
    mask = distance > _threshold(distance)
    if not mask.any():
        return 0.0
    region = _largest_region(mask)
    low, high = OBJECT_AREA
    if distance[region].sum() < ONE_REGION * distance[mask].sum() or not low <= region.mean() <= high:
        return 0.0
    around = np.quantile(distance[~mask], AROUND)
    return float((np.median(distance[region]) + JUST_VISIBLE) / (around + JUST_VISIBLE))
