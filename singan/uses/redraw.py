"""What the uses that redraw a picture share: paint, edit and harmonize (SinGAN, section 5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from PIL import Image

from darkroom.uses import PicturesUse, Step, as_steps
from singan.masks import Region
from singan.scene import Scene
from singan.uses.start import print_suffix

SAME_SHAPE = 0.02  # of the sides' ratio: what rounding to pixels may make of it


class Redraw(PicturesUse[Scene]):
    """A use that is given a picture and redraws what of it is finer than a start scale."""

    GIVEN: ClassVar = "picture"  # the option that is redrawn
    start_scale: int | None
    seed: int
    enlarge: bool

    def redrawn(self, model: Scene, picture: Image.Image, start: int, region: Region) -> Iterator[Step]:
        """Redraw a picture by the networks where it may change, with the trained picture elsewhere."""
        start = start if self.start_scale is None else self.start_scale
        source = np.asarray(model.source.resize(model.size, Image.Resampling.BICUBIC))
        drawn = model.redrawn(picture, start, self.seed)
        return as_steps(Image.fromarray(region.blended(np.asarray(it), source)) for it in drawn)

    def note(self, model: Scene) -> str | None:
        given, (width, height) = getattr(self, self.GIVEN), model.original_size
        if abs(given.width / given.height * height / width - 1) < SAME_SHAPE:
            return None
        return f"the {self.GIVEN} of {given.width} × {given.height} px was stretched to the scene's shape"

    def stem(self) -> str:
        start = "" if self.start_scale is None else f"_start{self.start_scale}"
        return f"{self.title()}{start}_seed{self.seed}{print_suffix(self.enlarge)}"
