"""Harmonization: what was pasted into the photograph takes on its look (SinGAN, section 5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from PIL import Image

from darkroom.uses import Step, option, seed_option
from singan.enlarge import ANYWHERE, Layout
from singan.harmony import recoloured, retextured
from singan.masks import Region
from singan.scene import Scene
from singan.uses.redraw import Redraw
from singan.uses.start import enlarge_option, start_scale_option


@dataclass(frozen=True)
class Harmonize(Redraw):
    """Give what was pasted into a scene's photograph the photograph's look.

    It takes on the photograph's colours; then it comes in below `start_scale`, and what is finer than that is redrawn:
    by the networks or, enlarged, by the photograph's patches. Away from the mask, all stays the photograph.
    """

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
        original = model.original
        region = Region.of(self.picture, self.mask, original)
        picture = recoloured(self.picture.resize(original.size, Image.Resampling.BICUBIC), region, original)
        if not self.enlarge:
            return self.redrawn(model, picture, max(1, model.scales - 1), region)
        kept = model.shorter_side(max(0, (model.last_scale if self.start_scale is None else self.start_scale) - 1))
        layout = Layout(picture, kept, ANYWHERE, alike=False, region=region)
        prints = model.prints([layout], model.print_size, self.seed)
        return (
            replace(step, picture=retextured(step.picture, picture, region, original, kept)) if step.picture else step
            for step in prints
        )
