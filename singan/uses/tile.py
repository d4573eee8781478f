"""Pictures whose borders meet, left with right and top with bottom: for floors, games and web pages."""

from collections.abc import Iterator
from dataclasses import dataclass

from darkroom.uses import PicturesUse, Size, Step, option, seed_option
from singan.enlarge import ANYWHERE, Layout
from singan.scene import Scene
from singan.uses.start import enlarge_option, print_suffix


@dataclass(frozen=True)
class Tile(PicturesUse[Scene]):
    """Draw pictures of a scene's content that repeat without a seam.

    The photograph's patches lay them out. Their sides are even.
    """

    count: int = option(1, "number of pictures", label="Pictures", low=1, high=1000, most=50)
    seed: int = seed_option()
    enlarge: bool = enlarge_option()

    def steps(self, model: Scene) -> Iterator[Step]:
        width, height = self.drawn_size(model)
        layouts = (Layout(place=ANYWHERE, wrapped=True) for _ in range(self.count))
        return model.prints(layouts, (width // 2 * 2, height // 2 * 2), self.seed)

    def drawn_size(self, model: Scene) -> Size:
        return model.drawn_size(self.enlarge)

    def stem(self) -> str:
        return f"tile_seed{self.seed}{print_suffix(self.enlarge)}"
