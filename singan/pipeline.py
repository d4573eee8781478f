"""`ScenePipeline`: everything that a trained scene is used for, and its files on disk and on the Hub."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, Self

import torch
from PIL import Image
from torch import Tensor

from darkroom.checks import check_range
from darkroom.device import fast_format
from darkroom.model_files import SCENE, header_of, layout_of, read_tensors
from darkroom.pretrained import Pretrained
from darkroom.seeds import MAX_SEED, seeded
from singan.config import ModelConfig, TrainConfig
from singan.image import resize_picture, to_pil
from singan.model import NoiseSource, Pyramid, scale_noise
from singan.walk import Motion, Walk, begin_after_smallest_step

FORMAT = 1
MAX_PIXELS = 4_000_000
MIN_OUTPUT, MAX_OUTPUT = 16, 4096  # px, a side
BATCH_PIXELS = 400_000  # drawn at once; more gained nothing on 2 cores
KEEP_START_SCALE = 3  # by eye: 1 and 2 let bright edges bleed, 5 begins to show the stretching
STRENGTHS = {0: "strong", 1: "medium", 2: "subtle"}  # of an animation or a sample, by start scale

BelowSource = Callable[[Sequence[tuple[int, int]]], Tensor | None]  # the picture that the scales of `sizes` give
Mode = Literal["rearrange", "keep"]


class ScenePipeline(Pretrained):
    """A trained picture. Sizes are (width, height) in px; pictures are RGB PIL images; the same seed draws the same.

    Sample i of seed s is drawn from (s, i) alone. `start_scale` k keeps the trained picture's own structure below scale
    k, the coarsest being 0. Methods raise ValueError with the value and what is allowed.
    """

    kind = SCENE

    def __init__(self, pyramid: Pyramid, train_config: TrainConfig) -> None:
        self.pyramid = pyramid
        self.train_config = train_config
        self.dtype = fast_format(pyramid.device)

    def to(self, device: str | torch.device) -> ScenePipeline:
        """Moves the networks; the number format becomes the device's faster one."""
        self.pyramid.to(device)
        self.dtype = fast_format(self.pyramid.device)
        return self

    @property
    def scales(self) -> int:
        """Finished scales."""
        return len(self.pyramid.generators)

    @property
    def finished(self) -> bool:
        """Whether all scales are trained."""
        return self.scales == len(self.pyramid.config.sizes)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of what the finished scales draw by themselves."""
        height, width = self.pyramid.config.sizes[self.scales - 1]
        return width, height

    @property
    def source(self) -> Image.Image:
        """The trained picture."""
        return Image.fromarray(self.pyramid.source.permute(1, 2, 0).cpu().numpy())

    def sizes_for(self, size: tuple[int, int] | None = None) -> list[tuple[int, int]]:
        """(height, width) of every scale when the result is (width, height), None being the native size."""
        width, height = size or self.size
        if size is not None:
            check_range("width", width, MIN_OUTPUT, MAX_OUTPUT)
            check_range("height", height, MIN_OUTPUT, MAX_OUTPUT)
            if width * height > MAX_PIXELS:
                raise ValueError(f"size is {width}x{height}; at most {MAX_PIXELS // 10**6} megapixels are allowed")
        return self.pyramid.sizes_for((height, width))

    def _batches(self, count: int, size: tuple[int, int]) -> Iterator[range]:
        batch = max(1, BATCH_PIXELS // (size[0] * size[1]))
        for first in range(0, count, batch):
            yield range(first, min(count, first + batch))

    def reconstruction(self) -> Image.Image:
        """The trained picture as the networks remember it: drawn from z_rec (SinGAN, equation 9)."""
        sizes = self.sizes_for(None)
        return to_pil(self.pyramid.render(self.pyramid.reconstruction_noise, sizes, self.dtype))[0]

    def stream_samples(
        self, count: int = 50, start_scale: int = 0, seed: int = 0, size: tuple[int, int] | None = None
    ) -> Iterator[Image.Image]:
        """The samples of `sample`, as they are drawn; the arguments are checked at once."""
        check_range("start_scale", start_scale, 0, self.scales - 1)
        return self._draw(count, size, start_scale, seed, self._remembered)

    def _remembered(self, sizes: Sequence[tuple[int, int]]) -> Tensor | None:
        """What z_rec gives through all of `sizes`; None of none."""
        return self.pyramid.render(self.pyramid.reconstruction_noise, sizes, self.dtype) if sizes else None

    def _draw(
        self, count: int, size: tuple[int, int] | None, start: int, seed: int, below_of: BelowSource
    ) -> Iterator[Image.Image]:
        check_range("count", count, 1, 1000)
        check_range("seed", seed, 0, MAX_SEED)
        return self._drawn(count, self.sizes_for(size), start, seed, below_of)

    def _drawn(
        self, count: int, sizes: Sequence[tuple[int, int]], start: int, seed: int, below_of: BelowSource
    ) -> Iterator[Image.Image]:
        """Pictures with random noise from scale `start` on, above the picture that `below_of` gives for the rest."""
        below = below_of(sizes[:start])
        for indices in self._batches(count, sizes[-1]):
            rngs = [seeded(seed, index) for index in indices]
            noise = lambda n, size: self._batched([scale_noise(n, size, rng) for rng in rngs])  # noqa: B023, E731
            yield from self._rendered(noise, sizes, start, below, len(indices))

    def _batched(self, maps: list[Tensor]) -> Tensor:
        return torch.cat(maps).to(self.pyramid.device)

    def _rendered(
        self, noise: NoiseSource, sizes: Sequence[tuple[int, int]], start: int, below: Tensor | None, count: int
    ) -> list[Image.Image]:
        image = None if below is None else below.expand(count, -1, -1, -1)
        return to_pil(self.pyramid.render(noise, sizes, self.dtype, start, image))

    def sample(
        self, count: int = 50, start_scale: int = 0, seed: int = 0, size: tuple[int, int] | None = None
    ) -> list[Image.Image]:
        """New pictures with the trained one's content; a higher start scale keeps more of its layout."""
        return list(self.stream_samples(count, start_scale, seed, size))

    def stream_retargets(
        self,
        size: tuple[int, int],
        mode: Mode = "rearrange",
        start_scale: int | None = None,
        count: int = 1,
        seed: int = 0,
    ) -> Iterator[Image.Image]:
        """The pictures of `retarget`, as they are drawn; the arguments are checked at once."""
        if mode == "rearrange":
            return self.stream_samples(count, start_scale or 0, seed, size)
        if mode != "keep":
            raise ValueError(f"mode is {mode!r}; allowed are 'rearrange' and 'keep'")
        last = max(1, self.scales - 1)
        start = min(KEEP_START_SCALE, last) if start_scale is None else start_scale
        check_range("start_scale of mode keep", start, 1, last)
        # A pyramid of one scale has none to redraw with: z_rec itself, stretched, holds the layout.
        below_of = self._stretched if self.scales > 1 else self._remembered
        return self._draw(count, size, start, seed, below_of)

    def _stretched(self, sizes: Sequence[tuple[int, int]]) -> Tensor:
        """The trained picture, stretched to the last of `sizes`."""
        source = self.pyramid.source[None].cpu().float() / 127.5 - 1  # reduced alike for every device
        return resize_picture(source, sizes[-1]).to(self.pyramid.device)

    def retarget(
        self,
        size: tuple[int, int],
        mode: Mode = "rearrange",
        start_scale: int | None = None,
        count: int = 1,
        seed: int = 0,
    ) -> list[Image.Image]:
        """The picture at another size, exactly (width, height), up to 4 megapixels.

        "rearrange" draws new content at the new size from `start_scale` (default 0). "keep" holds the layout: the
        picture, stretched to the new shape, enters below `start_scale` (default 3, at least 1) and the finer scales
        redraw it, so that its texture keeps its proportions.
        """
        return list(self.stream_retargets(size, mode, start_scale, count, seed))

    def stages(self, seed: int = 0) -> list[Image.Image]:
        """A sample at every finished scale, coarsest first: how `sample(1, seed=seed)` comes about."""
        check_range("seed", seed, 0, MAX_SEED)
        rng, sizes = seeded(seed, 0), self.sizes_for(None)
        noise = lambda n, size: scale_noise(n, size, rng).to(self.pyramid.device)  # noqa: E731
        pictures: list[Image.Image] = []
        image: Tensor | None = None
        for n in range(len(sizes)):
            image = self.pyramid.render(noise, sizes[: n + 1], self.dtype, n, image)
            pictures += to_pil(image)
        return pictures

    # -- animation ---------------------------------------------------------------------------------------------------

    def stream_frames(
        self,
        start_scale: int = 2,
        alpha: float = 0.1,
        beta: float = 0.9,
        frames: int = 100,
        loop: bool = False,
        seed: int = 0,
        size: tuple[int, int] | None = None,
    ) -> Iterator[Image.Image]:
        """The frames of `animate` as they are drawn, from where the walk begins; the arguments are checked at once."""
        check_range("start_scale", start_scale, 0, self.scales - 1)
        motion = Motion(alpha, beta, frames, loop, seed)
        return self._move(motion, start_scale, self.sizes_for(size))

    def _move(self, motion: Motion, start: int, sizes: list[tuple[int, int]]) -> Iterator[Image.Image]:
        rests = [self.pyramid.reconstruction_noise(n, sizes[n]) for n in range(start, len(sizes))]
        walks = [
            Walk(motion, n, torch.zeros(3, *sizes[n]) if rest is None else rest[0].cpu())
            for n, rest in enumerate(rests, start)
        ]
        below = self._remembered(sizes[:start])
        for indices in self._batches(motion.frames, sizes[-1]):
            noise = lambda n, _: self._batched([walks[n - start].next()[None] for _ in indices])  # noqa: B023, E731
            yield from self._rendered(noise, sizes, start, below, len(indices))

    def animate(
        self,
        start_scale: int = 2,
        alpha: float = 0.1,
        beta: float = 0.9,
        frames: int = 100,
        loop: bool = False,
        seed: int = 0,
        size: tuple[int, int] | None = None,
    ) -> list[Image.Image]:
        """Frames of the picture in motion.

        alpha pulls the walk back to the picture, beta keeps its direction; a lower start scale moves larger things.
        With `loop` the walk is closed: it is the same process on noise that repeats after `frames` steps, and the
        animation begins after its smallest step, so that the step from the last frame to the first is not larger than
        any other.
        """
        drawn = list(self.stream_frames(start_scale, alpha, beta, frames, loop, seed, size))
        return begin_after_smallest_step(drawn) if loop else drawn

    # -- files -------------------------------------------------------------------------------------------------------

    def config_json(self) -> dict[str, Any]:
        """What config.json holds: of the whole pyramid, so that of a training only the weights file changes."""
        return {"format": FORMAT, "model": asdict(self.pyramid.config), "train": asdict(self.train_config)}

    def tensors(self) -> dict[str, Tensor]:
        """What model.safetensors holds."""
        return self.pyramid.state_dict()

    def plain_card(self) -> str:
        """The sizes, and how to draw."""
        height, width = self.pyramid.config.sizes[-1]
        return (
            f"# A SinGAN of one picture, {width}x{height} px\n\n"
            f"{len(self.pyramid.config.sizes)} scales of {self.train_config.iterations} iterations, "
            f"seed {self.train_config.seed}. `config.json` holds every setting.\n\n"
            '```python\nimport singan\n\nscene = singan.ScenePipeline.from_pretrained("FOLDER or USER/REPO")\n'
            "scene.sample(count=8)\n```\n\nThe weights hold the trained picture: its licence applies to them.\n"
        )

    @classmethod
    def from_files(cls, config: Mapping[str, Any], weights: Path) -> Self:
        """As many scales as the file holds."""
        model_config = ModelConfig.from_dict(config["model"])
        train_config = TrainConfig.from_dict(config["train"])
        scales = _scales(header_of(weights), model_config)
        with torch.device("meta"):  # nothing is made that a file merely claims
            wanted = layout_of(Pyramid(model_config, scales))
        tensors = read_tensors(weights, wanted)
        pyramid = Pyramid(model_config, scales)
        pyramid.load_state_dict(tensors, strict=True)
        return cls(pyramid, train_config)


def _scales(header: Mapping[str, tuple[tuple[int, ...], str]], config: ModelConfig) -> int:
    """How many scales a file holds, by its sigmas. Raises ValueError, KeyError."""
    shape, _ = header["sigmas"]
    if len(shape) != 1:
        raise ValueError(f"sigmas has shape {shape}; one number a scale is needed")
    check_range("number of trained scales", shape[0], 1, len(config.sizes))
    return shape[0]
