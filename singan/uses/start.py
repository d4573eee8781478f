"""The options and the ends of file names that several uses share, and those that redraw a picture they are given."""

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from darkroom.uses import PicturesUse, Size, Step, as_steps, option, pixels
from singan.config import MAX_SCALES
from singan.enlarge import ANYWHERE, Layout
from singan.masks import Region
from singan.scene import Scene

STRENGTHS = {0: "strong", 1: "medium", 2: "subtle"}  # of an animation or a sample, by start scale
# Of pictures that patches lay out, likewise: how much a patch keeps its height, and its place across.
PLACES = ((1.0, 0.03), (1.0, 0.1), (1.0, 0.3))
SAME_SHAPE = 0.02  # of the sides' ratio: what rounding to pixels may make of it


def enlarge_option() -> Any:
    """Make the option whether a result becomes a print, as the page's forms suggest."""
    said = "whether the photograph's own patches redraw them at its own pixels"
    return option(False, said, label="Print at the photograph's own pixels", first=True)


def print_suffix(enlarge: bool) -> str:
    """Return the end of a print's file name, as the small picture of the same seed may lie beside it."""
    return "_print" if enlarge else ""


def start_scale_option(default: int | None, help: str, low: int = 0, **said: Any) -> Any:
    """Make the option at which scale noise enters; the trained picture's own structure is below it."""
    return option(default, help, label="Start scale", low=low, high=MAX_SCALES - 1, link="start", **said)


class Redraw(PicturesUse[Scene]):
    """Redraw what of a given picture, stretched to the scene's shape, is finer than `start_scale`.

    The networks do it or, enlarged, the photograph's patches. Away from a mask, all stays the photograph.
    """

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

    def printed(self, model: Scene, picture: Image.Image, kept: int, region: Region) -> Iterator[Step]:
        """Print a picture where it may change: what is finer than `kept` px on the shorter side comes from patches."""
        layout = Layout(picture, kept, ANYWHERE, alike=False, region=region)
        return model.prints([layout], model.print_size, self.seed)

    def note(self, model: Scene) -> str | None:
        given, (width, height) = getattr(self, self.GIVEN), model.original_size
        if abs(given.width / given.height * height / width - 1) < SAME_SHAPE:
            return None
        return f"the {self.GIVEN} of {pixels(given.size)} px was stretched to the scene's shape"

    def drawn_size(self, model: Scene) -> Size:
        return model.drawn_size(self.enlarge)

    def stem(self) -> str:
        start = "" if self.start_scale is None else f"_start{self.start_scale}"
        return f"{self.title()}{start}_seed{self.seed}{print_suffix(self.enlarge)}"
