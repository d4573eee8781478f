"""Editing: what was moved, copied or painted over in the photograph grows into it (SinGAN, section 5)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from darkroom.uses import Step, option, seed_option
from singan.masks import Region
from singan.scene import Scene
from singan.uses.start import Redraw, enlarge_option, start_scale_option

START_SCALE = 3  # by eye: at 1 and 2 what was there before comes back instead of a small change
LARGE_START_SCALE = 2  # of prints: by eye, a large change keeps the shape of its mask at 3, and is flat
LARGE = 10  # px at that scale, the root of the changed area: what is smaller has no room for a patch


@dataclass(frozen=True)
class Edit(Redraw):
    """Let changes in a scene's photograph grow into it."""

    picture: Image.Image = option(help="the scene's photograph with changes", label="Changed picture")
    mask: Image.Image | None = option(
        None, "white where the picture was changed; without one, where it differs from the photograph", label="Mask"
    )
    start_scale: int | None = start_scale_option(
        None,
        "how closely to follow the changes: 1 loosely, 2, 3, ... more; by default 3; in prints, 2 for large changes",
        low=1,
    )
    seed: int = seed_option()
    enlarge: bool = enlarge_option()

    def steps(self, model: Scene) -> Iterator[Step]:
        region = Region.of(self.picture, self.mask, model.shared_original)
        if not self.enlarge:
            return self.redrawn(model, self.picture, max(1, min(START_SCALE, model.scales - 1)), region)
        start = self.start_scale
        if start is None:
            start, (width, height) = min(LARGE_START_SCALE, model.last_scale), model.original_size
            side = math.sqrt(region.share * width * height) * model.shorter_side(start) / min(width, height)
            if side < LARGE:
                start = min(START_SCALE, model.last_scale)
        return self.printed(model, self.picture, model.shorter_side(start), region)
