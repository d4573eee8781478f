"""New samples: pictures with the content of the trained one (SinGAN, section 3.1)."""

from collections.abc import Iterator
from dataclasses import dataclass

from darkroom.uses import PicturesUse, Size, Step, as_steps, option, seed_option
from singan.enlarge import Layout
from singan.scene import Scene
from singan.uses.start import PLACES, enlarge_option, print_suffix, start_scale_option


@dataclass(frozen=True)
class Sample(PicturesUse[Scene]):
    """Draw new pictures with the content of a scene."""

    count: int = option(8, "number of pictures", label="Pictures", low=1, high=1000, most=50, command=50, first=4)
    start_scale: int = start_scale_option(
        0, "0 draws everything anew, 1, 2, ... keep more of the picture's layout", command=(0,)
    )
    seed: int = seed_option()
    layout_by: str = option(
        "auto",
        "what lays the pictures out: the networks, or patches of the photograph alone; auto: patches for prints",
        label="Layout by",
        choices=("auto", "network", "patches"),
        link="by",
    )
    enlarge: bool = enlarge_option()

    def steps(self, model: Scene) -> Iterator[Step]:
        size = self.drawn_size(model)
        if self.layout_by == "patches" or (self.layout_by == "auto" and self.enlarge):
            place = PLACES[min(self.start_scale, len(PLACES) - 1)]
            return model.prints((Layout(place=place) for _ in range(self.count)), size, self.seed)
        model.check_start(self.start_scale)
        noise = model.noise(self.seed)
        pictures = model.draw(self.count, model.shapes_for(), noise, self.start_scale, model.remembered)
        layouts = (Layout(it) for it in pictures)
        return model.prints(layouts, size, self.seed, drafts=True) if self.enlarge else as_steps(pictures)

    def drawn_size(self, model: Scene) -> Size:
        return model.drawn_size(self.enlarge)

    def stem(self) -> str:
        by = "" if self.layout_by == "auto" else f"_{self.layout_by}"
        return f"seed{self.seed}{by}{print_suffix(self.enlarge)}"
