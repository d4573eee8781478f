"""Harmonization: what was pasted into the photograph takes on its look (SinGAN, section 5)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from darkroom.uses import Step, option, seed_option
from singan.masks import Region
from singan.scene import Scene
from singan.uses.start import Redraw, enlarge_option, start_scale_option

SEEN = 256  # px a side of what the photograph's colours are taken from
BINS = 32  # of lightness
SMOOTH = 2.0  # bins: standard deviation
OWN_COLOUR = 0.35  # of the colour differences in what was pasted, as far as the photograph has such at all
OWN_LIGHT = 0.5  # of its lightness and contrast, against the photograph's
CONTRAST = 1.3  # at most this of the photograph's
REACH = 4  # px of the reduced picture that a pixel's detail depends on

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Harmonize(Redraw):
    """Give what was pasted into a scene's photograph the photograph's look."""

    picture: Image.Image = option(help="the scene's photograph with something pasted into it", label="Picture")
    mask: Image.Image | None = option(
        None, "white where it was pasted; without one, where the picture differs from the photograph", label="Mask"
    )
    start_scale: int | None = start_scale_option(
        None, "how much stays of what was pasted: 1 little, 2, 3, ... more; by default all but the finest detail", low=1
    )
    seed: int = seed_option()
    enlarge: bool = enlarge_option()

    def steps(self, model: Scene) -> Iterator[Step]:
        original = model.shared_original
        region = Region.of(self.picture, self.mask, original)
        picture = recoloured(self.picture.resize(original.size, Image.Resampling.BICUBIC), region, original)
        if not self.enlarge:
            return self.redrawn(model, picture, max(1, model.scales - 1), region)
        kept = model.shorter_side(max(0, (model.last_scale if self.start_scale is None else self.start_scale) - 1))
        return (
            replace(step, picture=retextured(step.picture, picture, region, original, kept)) if step.picture else step
            for step in self.printed(model, picture, kept, region)
        )


def recoloured(picture: Image.Image, region: Region, photograph: Image.Image) -> Image.Image:
    """Give a picture the photograph's colours where it is marked; both of one size.

    Lightness moves half way to the photograph's mean and contrast, as in Reinhard et al. (2001); colour is what the
    photograph has at that lightness, and a part of what was there.
    """
    left, top, right, bottom = box = region.box(picture.size, margin=0)
    marked = region.marked(picture.size)[top:bottom, left:right]
    marked = marked >= min(0.5, marked.max())
    seen = photograph.resize((SEEN, SEEN), Image.Resampling.BOX).convert("YCbCr")
    photo = np.asarray(seen, np.float32).reshape(-1, 3)
    pixels = np.array(picture.crop(box).convert("YCbCr"), np.float32)
    own = pixels[marked]
    light = _lightness(own[:, 0], photo[:, 0])
    pixels[marked] = np.stack([light, *(_colour(light, own[:, c], photo[:, 0], photo[:, c]) for c in (1, 2))], 1)
    result, new = picture.copy(), Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8), "YCbCr")
    result.paste(new.convert("RGB"), box[:2], Image.fromarray(marked))
    return result


def _lightness(own: Floats, photo: Floats) -> Floats:
    spread = OWN_LIGHT * min(own.std(), CONTRAST * photo.std()) + (1 - OWN_LIGHT) * photo.std()
    mean = OWN_LIGHT * own.mean() + (1 - OWN_LIGHT) * photo.mean()
    low, high = np.percentile(photo, (1, 99))
    return ((own - own.mean()) / max(own.std(), 1e-6) * spread + mean).clip(low, high).astype(np.float32)


def _colour(light: Floats, own: Floats, photo_light: Floats, photo: Floats) -> Floats:
    """Return one of the two: the photograph's mean at a lightness, with a part of the differences that are there."""
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
    """Give what was pasted, in the photograph, the detail of its print that is finer than `kept` px a shorter side."""
    size, scale = printed.size, min(1.0, kept / min(printed.size))
    left, top, right, bottom = box = region.box(size, margin=round(REACH / scale))
    own, result = (it.resize(size, Image.Resampling.BICUBIC) for it in (picture, photograph))
    fine, base = (np.asarray(it.crop(box), np.float32) for it in (printed, result))
    coarse, lacking = (np.asarray(_coarse(it.crop(box), scale), np.float32) for it in (own, printed))
    share = region.marked(size)[top:bottom, left:right, None]
    pasted = base + share * (coarse + fine - lacking - base)
    result.paste(Image.fromarray(pasted.clip(0, 255).round().astype(np.uint8)), box[:2])
    return result


def _coarse(picture: Image.Image, scale: float) -> Image.Image:
    """Remove from a picture what is lost when it is reduced to this part of its size."""
    size = [max(1, round(side * scale)) for side in picture.size]
    return picture.resize(size, Image.Resampling.LANCZOS).resize(picture.size, Image.Resampling.BICUBIC)
