"""Faces of people who do not exist."""

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from darkroom.uses import PicturesUse, Size, option, seed_option
from dcgan.config import SIZE
from dcgan.pipeline import DRAWING_BATCH, MAX_BEST_OF, FacePipeline
from dcgan.recipe import Recipe

# The page opens with its 16 faces, so various, the first one large: none is broken. Chosen by eye among the seeds that
# `python -m benchmarks.faces --opening` draws, and to be chosen anew for other weights.
OPENING_SEED, OPENING_VARIETY, OPENING_BEST_OF = 298, 0.85, 4


@dataclass(frozen=True)
class Sample(PicturesUse[FacePipeline]):
    """Draw faces of people who do not exist, 64x64 px."""

    seed: int = seed_option(first=OPENING_SEED)
    count: int = option(16, "number of faces", label="Faces", low=1, high=100_000, most=64)
    truncation: float = option(
        1.0, "how various the faces are: below 1 they are more alike, and fewer are broken", label="Truncation", low=0,
        high=1, link="variety", first=OPENING_VARIETY,
    )  # fmt: skip

    best_of: int = option(
        1, "candidates a face, of which the steadiest stay: the more there are, the fewer faces are broken",
        label="Best of", low=1, high=MAX_BEST_OF, most=8, first=OPENING_BEST_OF,
    )  # fmt: skip

    def recipes(self, model: FacePipeline) -> list[Recipe]:
        """Return the recipes of the faces."""
        indices = model.choose(self.count, self.seed, self.truncation, self.best_of)
        return [Recipe(self.seed, index, variety=self.truncation) for index in indices]

    def draw(self, model: FacePipeline) -> Iterator[Image.Image]:
        z = model.latents(self.count, self.seed, self.truncation, self.best_of)
        return (image for part in z.split(DRAWING_BATCH) for image in model.generate(part))

    def drawn_size(self, model: FacePipeline) -> Size:
        return SIZE, SIZE

    def stem(self) -> str:
        return f"seed{self.seed}"
