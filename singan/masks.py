"""Find what of a picture may change: what a mask marks, or what differs from the photograph, and a seam around it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from darkroom.uses import Size
from singan.config import Shape
from singan.patches import Bytes, shape_of

SIDE = 256  # px, longer side at which seams are laid
SEAM = 6  # px of those around the mask that may change; in the inner half the new picture takes over
SOFT = 1.5  # px of those: standard deviation
WHITE = 128  # of 255, from which on a mask marks: files of masks are often lossy
DIFFERENT = 24  # of 255, in any colour: what two files of one picture do not differ by
OTHER_SHAPE = 0.05  # of the sides' ratio


class Region:
    """Mark where a picture may change. What is farther than 2 SEAM of SIDE away from the mask stays to the byte."""

    def __init__(self, marked: Image.Image) -> None:
        """marked: L, of any size; white is to change, black to stay. Raises ValueError where nothing or all is."""
        share = min(1.0, SIDE / max(marked.size))
        width, height = (max(1, round(side * share)) for side in marked.size)
        small = marked.resize((width, height), Image.Resampling.BOX).point(lambda value: 255 if value else 0)
        low, high = small.getextrema()
        if not high:
            raise ValueError("the mask is empty: nothing is to change; white marks what is")
        if low:
            raise ValueError("the mask is full: all is to change; black keeps what is to stay")
        self._marked = marked
        self._free = small.filter(ImageFilter.MaxFilter(2 * SEAM + 1))
        self._new = small.filter(ImageFilter.MaxFilter(SEAM + 1)).filter(ImageFilter.GaussianBlur(SOFT))

    @classmethod
    def of(cls, picture: Image.Image, mask: Image.Image | None, photograph: Image.Image) -> "Region":
        """Take what a mask of any size marks in white; None: where the picture differs from the photograph.

        Raises ValueError where the mask has another shape, or nothing or all is to change.
        """
        if mask is None:
            return cls(_difference(picture, photograph))
        check_shape(mask, picture)
        return cls(mask.convert("L").point(lambda value: 255 if value >= WHITE else 0))

    @property
    def share(self) -> float:
        """Return the marked part of the picture's area, 0 to 1."""
        return float(np.asarray(self._marked).mean()) / 255

    def box(self, size: Size, margin: int) -> tuple[int, int, int, int]:
        """Return the box, left, top, right, bottom, of all that is marked at a (width, height), with a margin."""
        found = self._marked.getbbox()
        assert found is not None
        scales = size[0] / self._marked.width, size[1] / self._marked.height
        left, top = (max(0, int(found[axis] * scales[axis]) - margin) for axis in (0, 1))
        right, bottom = (min(size[axis], int(found[axis + 2] * scales[axis]) + 1 + margin) for axis in (0, 1))
        return left, top, right, bottom

    def marked(self, size: Size) -> NDArray[np.float32]:
        """Return (height, width) for a size of (width, height): 1 where the mask marks, 0 where it does not."""
        return np.asarray(self._marked.resize(size, Image.Resampling.BILINEAR), np.float32) / np.float32(255)

    def free(self, shape: Shape) -> NDArray[np.bool_]:
        """Return (height, width, 1): where pixels are drawn anew."""
        return (np.asarray(self._free.resize(shape[::-1], Image.Resampling.BILINEAR)) > 0)[..., None]

    def blended(self, new: Bytes, old: Bytes) -> Bytes:
        """Join the new picture in the mask and the old one away from it; in the seam one becomes the other."""
        size = shape_of(old)[::-1]
        share = np.asarray(self._new.resize(size, Image.Resampling.BILINEAR), np.float32)[..., None] / 255
        share = share * self.free(shape_of(old))
        return (old + share * (new.astype(np.float32) - old) + np.float32(0.5)).astype(np.uint8)


def check_shape(mask: Image.Image, picture: Image.Image) -> None:
    """Raise ValueError unless a mask has the picture's shape; their sizes may differ."""
    ratio = mask.width / mask.height * picture.height / picture.width
    if abs(ratio - 1) > OTHER_SHAPE:
        sizes = [f"{it.width}x{it.height}" for it in (mask, picture)]
        raise ValueError(f"the mask is {sizes[0]}, the picture {sizes[1]}; both need the same shape")


def _difference(picture: Image.Image, photograph: Image.Image) -> Image.Image:
    """Mark where two pictures differ, white on black, at a small size. Raises ValueError where they do nowhere."""
    share = min(1.0, SIDE / max(photograph.size))
    size = round(photograph.width * share), round(photograph.height * share)
    small = (it.resize(size, Image.Resampling.BOX).filter(ImageFilter.BoxBlur(1)) for it in (picture, photograph))
    one, other = (np.asarray(it, np.int16) for it in small)
    found = np.abs(one - other).max(2) >= DIFFERENT
    if not found.any():
        raise ValueError("the picture is the photograph as it was: change something in it, or give a mask")
    return Image.fromarray(np.where(found, 255, 0).astype(np.uint8))
