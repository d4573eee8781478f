"""From face to face."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from PIL import Image

from darkroom.uses import AnimationUse, Size, format_option, fps_option, option
from dcgan.config import SIZE
from dcgan.export import MORPH_FORMATS, enlarged
from dcgan.pipeline import FacePipeline
from dcgan.recipe import Recipe


@dataclass(frozen=True)
class Morph(AnimationUse[FacePipeline]):
    """From face to face along great circles, as an animation of 256x256 px.

    faces: the recipes of two or more.
    """

    frames: int = option(60, "number of frames", label="Frames", low=2, high=1000, most=240)
    loop: bool = option(True, "whether the last face goes back to the first", label="Seamless loop: back to A")
    fps: float = fps_option(20)
    format: str = format_option("mp4", MORPH_FORMATS)
    faces: tuple[Recipe, ...] = field(default=(), kw_only=True)

    def draw(self, model: FacePipeline) -> Iterator[Image.Image]:
        if len(self.faces) < 2:
            raise ValueError("there are fewer than two faces to morph: choose A and B first")
        z = torch.cat([model.latent_of(face) for face in self.faces])
        return model.stream_morph(z, self.frames, self.loop)

    def drawn_size(self, model: FacePipeline) -> Size:
        return SIZE, SIZE

    def ordered(self, frames: list[Image.Image]) -> list[Image.Image]:
        return enlarged(frames)

    def stem(self) -> str:
        return "morph"
