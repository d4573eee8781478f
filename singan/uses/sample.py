"""New samples: pictures with the content of the trained one (SinGAN, section 3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from darkroom.uses import PicturesUse, option, seed_option
from singan.uses.start import start_scale_option

if TYPE_CHECKING:
    from singan.pipeline import ScenePipeline


@dataclass(frozen=True)
class Sample(PicturesUse["ScenePipeline"]):
    """Draw new pictures with the content of a trained scene."""

    count: int = option(8, "number of pictures", label="Pictures", low=1, high=1000, served=50, command=50)
    start_scale: int = start_scale_option(0, "0 draws everything anew, 1, 2, ... keep more of the picture's layout")
    seed: int = seed_option()

    def draw(self, model: ScenePipeline) -> Iterator[Image.Image]:
        model.check_start(self.start_scale)
        noise = model.noise(self.seed)
        return model.draw(self.count, model.sizes_for(), noise, self.start_scale, model.remembered)

    def stem(self) -> str:
        return f"seed{self.seed}"
