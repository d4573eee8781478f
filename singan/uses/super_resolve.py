"""The photograph larger than it is, by its own patches."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from darkroom.uses import PicturesUse, Size, Step, option
from singan.config import MAX_PRINT_PIXELS
from singan.patches import Bytes
from singan.pieces import each
from singan.scene import Scene
from singan.super_resolution import MOST, super_resolved


@dataclass(frozen=True)
class SuperResolve(PicturesUse[Scene]):
    """Enlarge a scene's photograph beyond its own pixels, up to 16 megapixels.

    Reduced again it is the photograph, to within its noise; detail that it does not have is invented, from like places
    in it.
    """

    factor: float = option(2.0, "of width and height", label="Times as large", low=1.1, high=MOST)

    def steps(self, model: Scene) -> Iterator[Step]:
        return self._steps(np.array(model.shared_original.convert("RGB")))

    def _steps(self, photograph: Bytes) -> Iterator[Step]:
        width, height = self._size(photograph.shape[1], photograph.shape[0])
        result = yield from each(super_resolved(photograph, (height, width)), lambda share: Step(0, None, 0.99 * share))
        yield Step(0, Image.fromarray(result))

    def _size(self, width: int, height: int) -> Size:
        factor = min(self.factor, max(1.0, math.sqrt(MAX_PRINT_PIXELS / (width * height))))
        return math.floor(width * factor), math.floor(height * factor)

    def drawn_size(self, model: Scene) -> Size:
        return self._size(*model.original_size)

    def note(self, model: Scene) -> str | None:
        size = self.drawn_size(model)
        if size[0] >= math.floor(model.original_size[0] * self.factor):
            return None
        return f"{size[0]} × {size[1]} px is all that 16 megapixels hold, {size[0] / model.original_size[0]:.2g} times"

    def stem(self) -> str:
        return "super_resolved"  # without the factor, which large photographs do not reach
