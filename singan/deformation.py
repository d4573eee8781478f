"""A photograph whose rows and columns are squeezed, stretched, left out and added to: resampled once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageOps

from darkroom.uses import Size

BAND = 0.06  # of the photograph's side: the part next to a border that a margin mirrors
ALIKE = 1.04  # ratio of two strips' scales up to which they are one piece
AROUND = 9  # px of the background: what is so near to a subject shows its outline

Resampling, Transpose = Image.Resampling, Image.Transpose


@dataclass(frozen=True)
class Piece:
    """Show, in a picture's pixels start to stop, those from first to last of the photograph: strips of one scale."""

    start: int
    stop: int
    first: float
    last: float
    margin: bool = False  # whether it mirrors them

    @property
    def scale(self) -> float:
        """Return the px of the picture for one of the photograph."""
        return (self.stop - self.start) / max(self.last - self.first, 1e-6)


def pieces(sizes: NDArray[np.float64], own: int, side: int) -> list[Piece]:
    """Divide a side of a picture, px, among the photograph's, of `own` px; sizes: of a margin, strips and a margin."""
    sizes = sizes * side / sizes.sum()
    strips, natural = sizes[1:-1], own / (len(sizes) - 2)
    groups = list[list[int]]()
    for n in map(int, np.flatnonzero(strips > 1e-6)):
        low, high = sorted([strips[n], strips[groups[-1][0]] if groups else 0])
        if high >= ALIKE * low:
            groups.append([])
        groups[-1].append(n)
    ends = np.rint(sizes[0] + np.cumsum([0, *(strips[it].sum() for it in groups)])).astype(int)
    found = [
        Piece(int(start), int(stop), it[0] * natural, (it[-1] + 1) * natural)
        for it, start, stop in zip(groups, ends, ends[1:], strict=False)
        if stop > start
    ]
    first, last, band = found[0].first, found[-1].last, BAND * own
    if found[0].start > 0:
        found.insert(0, Piece(0, found[0].start, first, first + min(band, last - first), True))
    if found[-1].stop < side:
        found.append(Piece(found[-1].stop, side, last - min(band, last - first), last, True))
    return found


def reduced(line: Sequence[Piece], share: float) -> list[Piece]:
    """Return the pieces of the same picture, smaller."""
    ends = [round(it.start * share) for it in line] + [max(1, round(line[-1].stop * share))]
    parts = zip(line, ends, ends[1:], strict=False)
    return [replace(it, start=start, stop=stop) for it, start, stop in parts if stop > start]


def places(line: Sequence[Piece], side: int) -> NDArray[np.float64]:
    """Return (side,): the place in the photograph of each pixel of a picture of this side, in parts of its own."""
    at = (np.arange(side) + 0.5) * line[-1].stop / side
    own = max(it.last for it in line)
    found = np.zeros(side)
    for it in line:
        inside = (at >= it.start) & (at < it.stop)
        share = (at[inside] - it.start) / (it.stop - it.start)
        found[inside] = it.first + (1 - share if it.margin else share) * (it.last - it.first)
    return found / own


def deformed(image: Image.Image, rows: Sequence[Piece], columns: Sequence[Piece], photograph: Size) -> Image.Image:
    """Make the picture that pieces of a photograph of this (width, height) are. image: the photograph, at any size."""
    across = _laid(image, columns, photograph[0]).transpose(Transpose.TRANSPOSE)
    return _laid(across, rows, photograph[1]).transpose(Transpose.TRANSPOSE)


def _laid(image: Image.Image, line: Sequence[Piece], own: int) -> Image.Image:
    """Resample the columns of an image of a photograph, which is `own` px wide."""
    factor = image.width / own
    result = Image.new("RGB", (line[-1].stop, image.height))
    for it in line:
        box = it.first * factor, 0, min(it.last * factor, image.width), image.height
        part = image.resize((it.stop - it.start, image.height), Resampling.LANCZOS, box)
        result.paste(part.transpose(Transpose.FLIP_LEFT_RIGHT) if it.margin else part, (it.start, 0))
    return result


def cropped(photograph: Image.Image, size: Size, centre: tuple[float, float]) -> Image.Image:
    """Cut the largest part in the shape of a size, about an (x, y) in parts of the sides, and resize it to the size."""
    scale = min(own / side for own, side in zip(photograph.size, size, strict=True))

    def before(at: float, own: int, side: int) -> float:
        spare = own - scale * side
        return min(1.0, max(0.0, (at * own - scale * side / 2) / spare)) if spare > 1e-6 else 0.5

    x, y = map(before, centre, photograph.size, size)
    return ImageOps.fit(photograph.convert("RGB"), size, Resampling.LANCZOS, centering=(x, y))


def behind(photograph: Image.Image, subject: NDArray[np.bool_], side: int) -> Image.Image:
    """Reduce a photograph to this longer side, at most, and fill its subjects, (rows, columns), from around them."""
    share = min(1.0, side / max(photograph.size))
    small = photograph.resize([max(1, round(it * share)) for it in photograph.size], Resampling.BOX)
    held = torch.from_numpy(np.array(Image.fromarray(subject).resize(small.size)))[None, None].float()
    known = 1 - F.max_pool2d(held, AROUND, 1, AROUND // 2)
    planes = torch.from_numpy(np.array(small)).permute(2, 0, 1)[None].float()
    levels = [torch.cat([planes * known, known], 1)]  # sums of colours, and the share that is known
    while min(levels[-1].shape[-2:]) > 2:
        levels.append(F.avg_pool2d(levels[-1], 2, ceil_mode=True))
    now = levels[-1][:, :3] / levels[-1][:, 3:].clamp(min=1e-6)
    for level in levels[-2::-1]:
        sums, count = level.tensor_split([3], 1)
        enlarged = F.interpolate(now, sums.shape[-2:], mode="bilinear")
        now = torch.where(count > 1e-3, sums / count.clamp(min=1e-6), enlarged)
    return Image.fromarray(now[0].permute(1, 2, 0).clamp(0, 255).byte().numpy())
