"""Warns, before it is trained on, of a picture that the method is known to fail on.

A SinGAN knows a picture's patches and not what they show (Shaham et al., ICCV 2019): a landscape is as good when its
patches stand elsewhere, a face, a word or a single animal is not. Of what is none of these, how well it will do depends
on how far it repeats itself (`singan.repetition`). Three small detectors look at reduced pictures:
faces and writing are found by one convolutional network of 32 px windows, slid over several sizes of the picture; an
object by how far it stands out from all that is connected with the picture's border.
`benchmarks/suitability.py` trains the network and measures all three.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from singan.image import Picture, open_picture
from singan.repetition import expected_coherence

WEIGHTS = Path(__file__).with_suffix(".safetensors")
WINDOW = 32  # px, what the network sees at once

# Shorter sides of the reduced pictures, px. A face from chin to hair fills a window: 128 px find one of a quarter of
# the shorter side, 32 px one that fills it. Writing of 2 % to 40 % of that side is 6 to 20 px high in one of them.
FACE_SIDES = (128, 102, 82, 66, 52, 42, 32)
WRITING_SIDES = (384, 192, 96, 48)
LONGEST = 768  # px, longer side of a reduced picture
OBJECT_SIDE = 48  # px, longer side: coarse enough that a meadow is plain
CELLS = 48  # a side, of the grid on which the area of writing is counted
MARGIN = 6  # px, repeated border, so that a face may touch it

FACE_LOGIT = 6.0
WRITING_LOGIT = 2.0
WRITING_SHARE = 0.07  # of the picture: below, it is a sign in a scene
DIFFERENT = 45.0  # CIELAB units: beyond, colours are no more than different
STANDS_OUT = 1.95  # times
OBJECT_AREA = (0.03, 0.75)  # of the picture
ONE_REGION = 0.7  # of all that stands out
INCOHERENT = 0.08  # expected coherence; benchmarks/README.md says which pictures are worse

Kind = Literal["face", "text", "object", "detail"]

MESSAGES: dict[Kind, str] = {
    "face": (
        "This looks like a face. The method knows patches, not what they show: eyes and mouths will come out in the "
        "wrong places; landscapes, textures and crowds of like things work."
    ),
    "text": (
        "This looks like a picture with writing. The method knows patches, not letters: words will come out as "
        "scribble; a crop without writing, a landscape or a texture works."
    ),
    "object": (
        "This looks like one object on a plainer background. The method knows patches, not what they show: the object "
        "will come out in pieces, unless a start scale of 2 or more keeps its layout; landscapes, textures and crowds "
        "of like things work."
    ),
    "detail": (
        "This picture repeats little of itself: samples will be less coherent than those of most pictures. A start "
        "scale of 1 or 2 keeps the layout; calm skies, meadows, sand and crowds of like things do best."
    ),
}


@dataclass(frozen=True)
class Concern:
    """Something that speaks against training on a picture; `message` says why, what to expect, what to do instead."""

    kind: Kind
    message: str


class Windows(nn.Sequential):
    """Logits of 32 px windows: brightness (N, 1, H, W) in [0, 1] to (N, 2, rows, columns), every 4 px.

    Channel 0 says that the window holds a face, channel 1 that it holds writing. No padding: whatever stands outside a
    window has no say in it. Raises RuntimeError below 32 px.
    """

    def __init__(self) -> None:
        def block(before: int, after: int, kernel: int, stride: int = 1) -> list[nn.Module]:
            return [nn.Conv2d(before, after, kernel, stride, bias=False), nn.BatchNorm2d(after), nn.ReLU()]

        head = nn.Conv2d(48, 2, 1)
        super().__init__(*block(1, 16, 4, 2), *block(16, 32, 3, 2), *block(32, 32, 3), *block(32, 48, 5), head)


@cache
def shipped_windows() -> Windows:
    """The network beside this module, read once."""
    network = Windows()
    network.load_state_dict({name: value.float() for name, value in load_file(WEIGHTS).items()})
    return network.eval().requires_grad_(False)


def reduced(image: Image.Image, shorter: int) -> Image.Image:
    """The picture with this shorter side, px, or less where the longer one would pass 768; none below 32."""
    factor = min(shorter / min(image.size), LONGEST / max(image.size))
    width, height = (max(WINDOW, round(side * factor)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2)


def _brightness(image: Image.Image, sides: tuple[int, ...], margin: int = 0) -> Iterator[Tensor]:
    """The picture's brightness (1, 1, H, W) in [0, 1] at each shorter side."""
    image = image.convert("L")
    for side in sides:
        pixels = np.pad(np.asarray(reduced(image, side)), margin, mode="edge")
        yield torch.from_numpy(pixels)[None, None].float() / 255


@torch.inference_mode()
def face_logit(image: Image.Image, network: Windows) -> float:
    """Of the window that looks most like a face."""
    return max(float(network(x)[:, 0].max()) for x in _brightness(image, FACE_SIDES, MARGIN))


@torch.inference_mode()
def writing_share(image: Image.Image, network: Windows) -> float:
    """Share of the picture, 0 to 1, that is writing of any size."""
    maps = [F.interpolate(network(x)[:, 1:], (CELLS, CELLS)) for x in _brightness(image, WRITING_SIDES)]
    return float((torch.cat(maps).amax(0) > WRITING_LOGIT).float().mean())


# -- objects -----------------------------------------------------------------------------------------------------------


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
    factor = OBJECT_SIDE / max(image.size)
    width, height = (max(8, round(side * factor)) for side in image.size)
    small = image.resize((width, height), Image.Resampling.BOX, reducing_gap=2)
    distance = np.minimum(border_distance(_lab(small)), DIFFERENT)
    mask = distance > _threshold(distance)
    if not mask.any():
        return 0.0
    region = _largest_region(mask)
    low, high = OBJECT_AREA
    if distance[region].sum() < ONE_REGION * distance[mask].sum() or not low <= region.mean() <= high:
        return 0.0
    noise = 3.0  # CIELAB units: just visible
    return float((np.median(distance[region]) + noise) / (np.quantile(distance[~mask], 0.9) + noise))


def concerns(picture: Picture) -> list[Concern]:
    """What speaks against training on a picture: at most one concern of each kind; empty where nothing does.

    picture: as `singan.image.open_picture` takes it. A face or a page is not also called an object, and none of them
    poor in repetition. About 0.6 s on one core. Raises PictureError.
    """
    image = open_picture(picture)
    image = image if min(image.size) <= max(WRITING_SIDES) else reduced(image, max(WRITING_SIDES))
    network = shipped_windows()
    kinds: list[Kind] = []
    if face_logit(image, network) > FACE_LOGIT:
        kinds.append("face")
    if writing_share(image, network) > WRITING_SHARE:
        kinds.append("text")
    if not kinds and object_contrast(image) > STANDS_OUT:
        kinds.append("object")
    if not kinds and expected_coherence(image) > INCOHERENT:
        kinds.append("detail")
    return [Concern(kind, MESSAGES[kind]) for kind in kinds]
