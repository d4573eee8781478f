"""The look of a photograph for something pasted into it: its colours by lightness, and its texture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from singan.masks import Region

BINS = 32  # of lightness
SMOOTH = 2.0  # bins: standard deviation
OWN_COLOUR = 0.35  # of the colour differences in what was pasted, as far as the photograph has such at all
OWN_LIGHT = 0.5  # of its lightness and contrast, against the photograph's
CONTRAST = 1.3  # at most this of the photograph's

Floats = NDArray[np.float32]


def recoloured(picture: Image.Image, region: Region, photograph: Image.Image) -> Image.Image:
    """The picture with the photograph's colours where it is marked; both of one size.

    Lightness moves half way to the photograph's mean and contrast, as in Reinhard et al. (2001); colour is what the
    photograph has at that lightness, and a part of what was there.
    """
    y = np.asarray(picture.convert("YCbCr"), np.float32)
    photo = np.asarray(photograph.convert("YCbCr"), np.float32).reshape(-1, 3)
    marked = region.marked(picture.size) >= 0.5
    own = y[marked]
    light = _lightness(own[:, 0], photo[:, 0])
    result = y.copy()
    result[marked] = np.stack([light, *(_colour(light, own[:, c], photo[:, 0], photo[:, c]) for c in (1, 2))], 1)
    return Image.fromarray(result.clip(0, 255).round().astype(np.uint8), "YCbCr").convert("RGB")


def _lightness(own: Floats, photo: Floats) -> Floats:
    spread = OWN_LIGHT * min(own.std(), CONTRAST * photo.std()) + (1 - OWN_LIGHT) * photo.std()
    mean = OWN_LIGHT * own.mean() + (1 - OWN_LIGHT) * photo.mean()
    low, high = np.percentile(photo, (1, 99))
    return ((own - own.mean()) / max(own.std(), 1e-6) * spread + mean).clip(low, high).astype(np.float32)


def _colour(light: Floats, own: Floats, photo_light: Floats, photo: Floats) -> Floats:
    """One of the two: the photograph's mean at a lightness, with a part of the differences that are there."""
    width = 256 / BINS
    bins = (photo_light / width).astype(int).clip(0, BINS - 1)
    window = np.exp(-0.5 * (np.arange(-BINS, BINS + 1) / SMOOTH) ** 2)
    sums, counts = (
        np.convolve(np.bincount(bins, weights, BINS), window, "same")[BINS // 2 : BINS // 2 + BINS]
        for weights in (photo, None)
    )
    means = np.interp(light, (np.arange(BINS) + 0.5) * width, sums / counts.clip(1e-9))
    differences = (own - own.mean()) * min(1.0, photo.std() / max(own.std(), 1e-6))
    return (means + OWN_COLOUR * differences).astype(np.float32)


def retextured(
    printed: Image.Image, picture: Image.Image, region: Region, photograph: Image.Image, kept: int
) -> Image.Image:
    """What was pasted with the detail of a print of it that is finer than `kept` px on the shorter side; elsewhere the
    photograph."""
    size = printed.size
    own, real = (it.resize(size, Image.Resampling.BICUBIC) if it.size != size else it for it in (picture, photograph))
    share = region.marked(size)[..., None]
    coarse, fine = (np.asarray(it, np.float32) for it in (_coarse(own, kept), printed))
    new = coarse + fine - np.asarray(_coarse(printed, kept), np.float32)
    base = np.asarray(real, np.float32)
    return Image.fromarray((base + share * (new - base)).clip(0, 255).round().astype(np.uint8))


def _coarse(picture: Image.Image, side: int) -> Image.Image:
    """The picture without what is finer than `side` px on its shorter side."""
    share = min(1.0, side / min(picture.size))
    small = picture.resize(
        (max(1, round(picture.width * share)), max(1, round(picture.height * share))), Image.Resampling.LANCZOS
    )
    return small.resize(picture.size, Image.Resampling.BICUBIC)
