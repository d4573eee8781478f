"""Paint to image: a drawing becomes a picture with a scene's content (SinGAN, section 5)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from darkroom.uses import Step, as_steps, option, seed_option
from singan.enlarge import Layout
from singan.scene import Scene
from singan.uses.start import Redraw, enlarge_option, start_scale_option

COLOURS = 5  # main ones of a scene, as many as in the official code


@dataclass(frozen=True)
class Paint(Redraw):
    """Turn a drawing into a picture with a scene's content."""

    GIVEN = "drawing"

    drawing: Image.Image = option(help="flat areas of colour, such as clip art, of any size", label="Drawing")
    start_scale: int = start_scale_option(2, "how closely to follow the drawing: 1 loosely, 2, 3, ... more", low=1)
    quantize: bool = option(
        False, "whether its colours first become the nearest of the scene's main ones", label="Main colours only"
    )
    seed: int = seed_option()
    enlarge: bool = enlarge_option()

    def steps(self, model: Scene) -> Iterator[Step]:
        drawing = quantized(self.drawing, model.source) if self.quantize else self.drawing
        if not self.enlarge:
            return as_steps(model.redrawn(drawing, self.start_scale, self.seed))
        layout = Layout(drawing, entry=model.shorter_side(self.start_scale))
        return model.prints([layout], model.print_size, self.seed)


def main_colours(picture: Image.Image, count: int) -> NDArray[np.uint8]:
    """Find a picture's main colours, by k-means: uint8 (count or fewer, 3), the most frequent first."""
    reduced = picture.quantize(count, Image.Quantize.MEDIANCUT, kmeans=count)
    palette = np.array(reduced.getpalette() or [], np.uint8).reshape(-1, 3)
    by_share = sorted(reduced.getcolors() or [], reverse=True)
    return palette[np.array([number for _, number in by_share], int)]


def quantized(drawing: Image.Image, picture: Image.Image) -> Image.Image:
    palette = Image.new("P", (1, 1))
    palette.putpalette(main_colours(picture, COLOURS).tobytes())
    return drawing.quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB")
