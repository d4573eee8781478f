"""`ScenePipeline`: everything that a trained scene is used for, and its files on disk and on the Hub."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import torch
from httpx2 import HTTPError  # what huggingface_hub lets through
from huggingface_hub import HfApi, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from singan.config import MAX_SEED, ModelConfig, TrainConfig, check_range
from singan.export import atomic
from singan.image import resize_picture, to_pil
from singan.model import NoiseSource, Pyramid, fast_format, scale_noise, seeded
from singan.walk import Motion, Walk, begin_after_smallest_step

CONFIG_FILE, WEIGHTS_FILE, CARD_FILE = "config.json", "model.safetensors", "README.md"
FORMAT = 1
MAX_PIXELS = 4_000_000
MIN_OUTPUT, MAX_OUTPUT = 16, 4096  # px, a side
BATCH_PIXELS = 400_000  # drawn at once; more gained nothing on 2 cores
KEEP_START_SCALE = 3  # by eye: 1 and 2 let bright edges bleed, 5 begins to show the stretching
STRENGTHS = {0: "strong", 1: "medium", 2: "subtle"}  # of an animation or a sample, by start scale

HUB_ERRORS = (HTTPError, HFValidationError, LocalEntryNotFoundError, OSError)

BelowSource = Callable[[Sequence[tuple[int, int]]], Tensor | None]  # the picture that the scales of `sizes` give
Mode = Literal["rearrange", "keep"]


class ModelError(ValueError):
    """A model's files are missing, damaged or of another kind."""


def pick_device(device: str | torch.device = "auto") -> torch.device:
    """The accelerator if there is one, else the CPU, for "auto"; the named device otherwise."""
    if device != "auto":
        try:
            return torch.empty(0, device=device).device
        except (RuntimeError, AssertionError) as error:  # torch raises either, by the kind of device
            raise ValueError(
                f"device is {str(device)!r}; allowed are auto, cpu and what this machine has: {error}"
            ) from None
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


class ScenePipeline:
    """A trained picture. Sizes are (width, height) in px; pictures are RGB PIL images; the same seed draws the same.

    Sample i of seed s is drawn from (s, i) alone. `start_scale` k keeps the trained picture's own structure below scale
    k, the coarsest being 0. Methods raise ValueError with the value and what is allowed.
    """

    def __init__(self, pyramid: Pyramid, train_config: TrainConfig) -> None:
        self.pyramid = pyramid
        self.train_config = train_config
        self.dtype = fast_format(pyramid.device)
        self.card = self._plain_card()

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

    def config(self) -> dict[str, Any]:
        """What config.json holds."""
        return {"format": FORMAT, "model": asdict(self.pyramid.config), "train": asdict(self.train_config)}

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes config.json, model.safetensors and a model card (an existing card stays), each atomically."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        # The configuration is that of the whole pyramid from the first scale on: only the weights file changes.
        with atomic(folder / CONFIG_FILE) as part:
            part.write_text(json.dumps(self.config(), indent=2) + "\n")
        with atomic(folder / WEIGHTS_FILE) as part:
            tensors = {name: value.cpu().contiguous() for name, value in self.pyramid.state_dict().items()}
            part.write_bytes(save(tensors))
        if not (folder / CARD_FILE).exists():
            with atomic(folder / CARD_FILE) as part:
                part.write_text(self.card)

    def _plain_card(self) -> str:
        """A model card for the Hub, until somebody writes a better one."""
        height, width = self.pyramid.config.sizes[-1]
        return (
            "---\nlibrary_name: singan\npipeline_tag: unconditional-image-generation\ntags:\n- singan\n---\n\n"
            f"# A SinGAN of one picture, {width}x{height} px\n\n"
            f"{len(self.pyramid.config.sizes)} scales of {self.train_config.iterations} iterations, "
            f"seed {self.train_config.seed}. `config.json` holds every setting.\n\n"
            '```python\nimport singan\n\nscene = singan.ScenePipeline.from_pretrained("FOLDER or USER/REPO")\n'
            "scene.sample(count=8)\n```\n\nThe weights hold the trained picture: its licence applies to them.\n"
        )

    @classmethod
    def from_pretrained(cls, model: str | Path, revision: str | None = None) -> ScenePipeline:
        """A scene from a folder, or from the Hub: "user/repo" or "user/repo@revision". On the CPU.

        Raises ModelError where files are missing or damaged, or a tensor is missing, extra or of another shape.
        """
        folder = Path(model) if Path(model).is_dir() else _download(str(model), revision)
        try:
            config = json.loads((folder / CONFIG_FILE).read_text())
            model_config = ModelConfig.from_dict(config["model"])
            train_config = TrainConfig.from_dict(config["train"])
            tensors = load_file(folder / WEIGHTS_FILE)
            pyramid = Pyramid(model_config, len(tensors["sigmas"]))
            pyramid.load_state_dict(tensors, strict=True)
        except FileNotFoundError as error:
            raise ModelError(
                f"{model} is not a trained scene: {Path(error.filename or WEIGHTS_FILE).name} is missing"
            ) from None
        except (SafetensorError, RuntimeError, OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise ModelError(f"{model} is damaged: {' '.join(str(error).split())}") from None
        scene = cls(pyramid, train_config)
        if (folder / CARD_FILE).exists():
            scene.card = (folder / CARD_FILE).read_text()
        return scene

    def push_to_hub(self, repo: str, private: bool = False) -> str:
        """Uploads the model and its card to "user/repo", made if missing; needs a token. The commit's address.

        Raises ModelError where the Hub cannot be reached or refuses.
        """
        api = HfApi()
        try:
            api.create_repo(repo, private=private, exist_ok=True)
            with tempfile.TemporaryDirectory() as folder:
                self.save_pretrained(folder)
                return str(api.upload_folder(repo_id=repo, folder_path=folder, commit_message="Upload the scene"))
        except HUB_ERRORS as error:
            raise ModelError(f"{repo} cannot be pushed to: {str(error).splitlines()[0]}") from None


def _download(model: str, revision: str | None) -> Path:
    repo, _, named = model.partition("@")
    if repo.count("/") != 1 or model.startswith((".", "/", "~")):
        raise ModelError(f"{model} is neither a folder nor a repository of the Hub (USER/REPO or USER/REPO@REVISION)")
    revision, files = revision or named or None, [CONFIG_FILE, WEIGHTS_FILE, CARD_FILE]
    try:
        return _cached(repo, revision) or Path(snapshot_download(repo, revision=revision, allow_patterns=files))
    except HUB_ERRORS as error:
        raise ModelError(
            f"{model} is no folder here and cannot be had from the Hub: {str(error).splitlines()[0]}"
        ) from None


def _cached(repo: str, revision: str | None) -> Path | None:
    """The folder of a commit that lies in the Hub's cache: a commit never changes, so that no request is needed."""
    if not re.fullmatch("[0-9a-f]{40}", revision or ""):
        return None
    files = [try_to_load_from_cache(repo, file, revision=revision) for file in (CONFIG_FILE, WEIGHTS_FILE)]
    return Path(str(files[0])).parent if all(isinstance(file, str) for file in files) else None
