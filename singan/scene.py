"""A scene, a photograph and its networks, if any, with which uses draw; its files on disk and on the Hub."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import torch
from PIL import Image
from torch import Tensor

from darkroom.checks import check_range
from darkroom.device import fast_format
from darkroom.model_files import SCENE_KIND, Pretrained, header_of, layout_of, read_tensors
from darkroom.seeds import MAX_SEED, seeded
from darkroom.uses import Size, Step
from singan.config import MAX_OUTPUT, MAX_PRINT_PIXELS, ModelConfig, Shape, TrainConfig, check_output
from singan.enlarge import Layout, sized
from singan.image import resize_picture, to_pil, to_tensor
from singan.importance import Importance, importance
from singan.model import NoiseSource, Pyramid, scale_noise
from singan.photograph import Photograph, PhotographFile, opened
from singan.prints import prints

FORMAT = 1
MAX_PIXELS = 4_000_000  # that networks draw
BATCH_PIXELS = 400_000  # drawn at once; more gained nothing on 2 cores


class Scene(Pretrained):
    """Draw with a photograph and the networks that were trained on it, if any were.

    Sizes are (width, height) in px, but of scales; pictures are RGB PIL images.

    Sample i of seed s is drawn from (s, i) alone. `start_scale` k keeps the trained picture's own structure below scale
    k, the coarsest being 0.
    """

    kind = SCENE_KIND

    def __init__(
        self, pyramid: Pyramid, train_config: TrainConfig, photograph: Photograph | PhotographFile | None = None
    ) -> None:
        """photograph: the trained one, at its own size; None: prints come at the trained picture's."""
        self.pyramid, self.train_config, self.photograph = pyramid, train_config, photograph
        self.dtype = fast_format(pyramid.device)

    def to(self, device: str | torch.device) -> Self:
        """Move the networks; the number format becomes the device's faster one."""
        self.pyramid.to(device)
        self.dtype = fast_format(self.pyramid.device)
        return self

    @property
    def scales(self) -> int:
        return len(self.pyramid.generators)

    @property
    def trained(self) -> bool:
        """Tell whether there are networks; a photograph without can be printed, fitted and edited."""
        return bool(self.scales)

    @property
    def finished(self) -> bool:
        return self.finished_as(self.train_config)

    @property
    def complete(self) -> bool:
        return self.scales == len(self.pyramid.config.sizes)

    def finished_as(self, config: TrainConfig) -> bool:
        """Return whether a training with this configuration, of the same recipe, would add nothing."""
        return self.scales >= config.trained(self.pyramid.config.sizes)

    @property
    def size(self) -> Size:
        """Return the (width, height) of what the finished scales draw by themselves; untrained, of the finest scale."""
        return self.pyramid.config.sizes[self.scales - 1][::-1]

    def size_of(self, ratio: float) -> Size:
        """Return the (width, height) of a shape, width / height, at the same area."""
        return sized((ratio, 1), math.prod(self.size))

    @property
    def source(self) -> Image.Image:
        return Image.fromarray(self.pyramid.source.permute(1, 2, 0).cpu().numpy())

    def shapes_for(self, size: Size | None = None) -> list[Shape]:
        """Return the (height, width) of every scale when the result is (width, height), None being the native size."""
        if size is not None:
            check_output(size, MAX_OUTPUT, MAX_PIXELS)
        self.check_trained()
        return self.pyramid.shapes_for((size or self.size)[::-1])

    def reconstruction(self) -> Image.Image:
        """Draw the trained picture as the networks remember it, from z_rec (SinGAN, equation 9)."""
        return to_pil(self.pyramid.render(self.pyramid.reconstruction_noise, self.shapes_for(), self.dtype))[0]

    @property
    def original(self) -> Image.Image:
        """Copy the photograph, or, of a scene that holds none, the trained picture. Raises PictureError."""
        return self.shared_original.copy()

    @property
    def shared_original(self) -> Image.Image:
        """Return `original` itself, which is not to be changed: the last photograph is opened once."""
        return opened(self.photograph) if self.photograph else self.source

    @property
    def original_size(self) -> Size:
        return self.photograph.size if self.photograph else self.pyramid.config.sizes[-1][::-1]

    @cached_property
    def importance(self) -> Importance:
        return importance(self.shared_original)

    def check_trained(self) -> None:
        """Raise ValueError where there are no networks."""
        if not self.trained:
            raise ValueError("this photograph is not trained yet, and only trained networks do this; prints need none")

    def check_start(self, start_scale: int) -> None:
        """Raise ValueError where this scene has no such scale to begin at."""
        self.check_trained()
        check_range("start_scale", start_scale, 0, self.scales - 1)

    def remembered(self, sizes: Sequence[Shape]) -> Tensor | None:
        """Draw from z_rec through all of `sizes`, (height, width) of the coarsest scales; return None of none."""
        return self.pyramid.render(self.pyramid.reconstruction_noise, sizes, self.dtype) if sizes else None

    def stretched(self, sizes: Sequence[Shape]) -> Tensor | None:
        source = self.pyramid.source[None].cpu().float() / 127.5 - 1  # reduced alike for every device
        return resize_picture(source, sizes[-1]).to(self.pyramid.device)

    @property
    def print_size(self) -> Size:
        """Return the (width, height) of the largest print in the photograph's shape: its own, up to 16 megapixels."""
        return sized(self.original_size, min(math.prod(self.original_size), MAX_PRINT_PIXELS))

    def drawn_size(self, enlarge: bool) -> Size:
        """Return the (width, height) of pictures in the photograph's shape, prints or not."""
        return self.print_size if enlarge else self.size

    def prints(self, layouts: Iterable[Layout], size: Size, seed: int, drafts: bool = False) -> Iterator[Step]:
        return prints(self.shared_original, layouts, size, seed, drafts)

    @property
    def last_scale(self) -> int:
        """Return the finest, finished or not."""
        return len(self.pyramid.config.sizes) - 1

    def shorter_side(self, scale: int) -> int:
        """Return that of the trained picture at a scale, finished or not, px. Raises ValueError where there is none."""
        check_range("start_scale", scale, 0, self.last_scale)
        return min(self.pyramid.config.sizes[scale])

    def redrawn(self, picture: Image.Image, start: int, seed: int) -> Iterator[Image.Image]:
        """Redraw a picture that comes in below scale `start` (SinGAN, section 5). Raises ValueError for no such one."""
        self.check_trained()
        if self.scales == 1:
            raise ValueError("this scene has one scale only, which redraws nothing; enlarge does without")
        check_range("start_scale", start, 1, self.scales - 1)
        pixels = to_tensor(picture).to(self.pyramid.device)
        return self.draw(1, self.shapes_for(), self.noise(seed), start, lambda sizes: resize_picture(pixels, sizes[-1]))

    def noise(self, seed: int) -> Callable[[range], NoiseSource]:
        """Return a source of noise for pictures of these numbers, each from (seed, number) alone."""

        def noise_of(indices: range) -> NoiseSource:
            rngs = [seeded(seed, index) for index in indices]
            return lambda n, size: torch.cat([scale_noise(n, size, rng) for rng in rngs]).to(self.pyramid.device)

        return noise_of

    def draw(
        self, count: int, sizes: Sequence[Shape], noise_of: Callable[[range], NoiseSource], start: int,
        below_of: Callable[[Sequence[Shape]], Tensor | None],
    ) -> Iterator[Image.Image]:  # fmt: skip
        """Draw pictures of the last of `sizes`, (height, width) of every scale, each when it is asked for.

        Noise enters from scale `start` on, above the one picture that `below_of` gives for the scales below it.
        """
        batch, below = max(1, BATCH_PIXELS // math.prod(sizes[-1])), below_of(sizes[:start])
        for first in range(0, count, batch):
            indices = range(first, min(count, first + batch))
            image = None if below is None else below.expand(len(indices), -1, -1, -1)
            yield from to_pil(self.pyramid.render(noise_of(indices), sizes, self.dtype, start, image))

    def stages(self, seed: int = 0) -> list[Image.Image]:
        """Draw a sample at every finished scale, coarsest first: how `sample(1, seed=seed)` comes about."""
        check_range("seed", seed, 0, MAX_SEED)
        noise, sizes = self.noise(seed)(range(1)), self.shapes_for()
        pictures, image = list[Image.Image](), None
        for n in range(len(sizes)):
            image = self.pyramid.render(noise, sizes[: n + 1], self.dtype, n, image)
            pictures += to_pil(image)
        return pictures

    def config_json(self) -> dict[str, Any]:
        """Return config.json's content: of the whole pyramid, so that of a training only the weights file changes."""
        return {"format": FORMAT, "model": asdict(self.pyramid.config), "train": asdict(self.train_config)}

    def tensors(self) -> dict[str, Tensor]:
        return self.pyramid.state_dict()

    def plain_card(self) -> str:
        sizes, config = self.pyramid.config.sizes, self.train_config
        return (
            f"# A SinGAN of one picture, {sizes[-1][1]}x{sizes[-1][0]} px\n\n"
            f"{config.trained(sizes)} scales of {config.iterations} iterations, seed {config.seed}. "
            "`config.json` holds every setting.\n\n"
            '```python\nimport singan\n\nscene = singan.ScenePipeline.from_pretrained("FOLDER or USER/REPO")\n'
            "scene.sample(count=8)\n```\n\nThe weights hold the trained picture: its licence applies to them.\n"
        )

    def photograph_file(self) -> tuple[str, bytes] | None:
        photograph = self.photograph and self.photograph.encoded()
        return (photograph.name, photograph.data) if photograph else None

    @classmethod
    def from_files(cls, config: Mapping[str, Any], weights: Path) -> Self:
        """Make a scene of as many scales as its file holds: a training may have stopped early."""
        model_config, train_config = ModelConfig.from_dict(config["model"]), TrainConfig.from_dict(config["train"])
        shape, _ = header_of(weights)["sigmas"]
        if len(shape) != 1:
            raise ValueError(f"sigmas has shape {shape}; one number a scale is needed")
        check_range("number of trained scales", scales := shape[0], 0, len(model_config.sizes))
        with torch.device("meta"):  # nothing is made that a file merely claims
            wanted = layout_of(Pyramid(model_config, scales))
        tensors = read_tensors(weights, wanted)  # before the pyramid takes memory
        pyramid = Pyramid(model_config, scales)
        pyramid.load_state_dict(tensors, strict=True)
        return cls(pyramid, train_config, Photograph.read(weights.parent, model_config.sizes[-1][::-1]))
