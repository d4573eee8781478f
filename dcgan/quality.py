"""Measures of training's own samples, without any network: sliced Wasserstein distance, and spread."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from darkroom.seeds import seeded
from dcgan.config import SIZE
from dcgan.data import to_pil
from dcgan.export import contact_sheet
from dcgan.pipeline import FacePipeline
from dcgan.trainer import Stream, Trainer

PATCH_SIDE = 7  # px
PATCHES_A_PICTURE = 32
PROJECTION_DIRECTIONS = 256
COMPARED_PICTURES = 1_024
COLLAPSED_SPREAD = 0.25  # of the real pictures' mean distance
CONTROL_LATENTS = 16  # latents of the sheet, 4x4


@dataclass(frozen=True)
class Snapshot:
    """An examination of the averaged generator.

    sheet: its faces of the 16 control latents, 4x4. quality: sliced Wasserstein distance to the training set, lower is
    better; None where the configuration leaves it out. spread: distance between the sheet's faces over that of real
    ones. collapsed: whether they are nearly equal.
    """

    sheet: Image.Image
    quality: float | None
    spread: float

    @property
    def collapsed(self) -> bool:
        return self.spread < COLLAPSED_SPREAD


class Examiner:
    """Draws a model's sheet and compares its faces with the training set, always from the same latents."""

    def __init__(self, trainer: Trainer) -> None:
        config, images = trainer.config, trainer.images
        latent_dim, seed = config.model.latent_dim, config.seed
        self.trainer = trainer
        controls = torch.randn(CONTROL_LATENTS, latent_dim, generator=seeded(seed, Stream.CONTROLS))
        self.controls = config.control_scale * controls
        count = min(COMPARED_PICTURES, len(images))
        chosen = torch.randperm(len(images), generator=seeded(seed, Stream.COMPARED))[:count]
        self.real = images[chosen.to(images.device)].float() / 127.5 - 1
        self.latents = torch.randn(count, latent_dim, generator=seeded(seed, Stream.SAMPLES))
        self.real_spread = spread(self.real[: 4 * CONTROL_LATENTS])

    @torch.no_grad()
    def draw(self, faces: FacePipeline, z: Tensor) -> Tensor:
        """Draw pictures (N, 3, 64, 64) of latents, in the number format of training."""
        with self.trainer.autocast():
            return faces.generator(z.to(self.trainer.device)).float()

    def samples(self, faces: FacePipeline) -> Iterator[Tensor]:
        """Draw the faces that are compared with the training set, some at a time."""
        return (self.draw(faces, z) for z in self.latents.split(CONTROL_LATENTS))

    def snapshot(self, faces: FacePipeline, samples: Tensor | None) -> Snapshot:
        """Draw the sheet and measure it; with a quality figure where there are samples."""
        drawn = self.draw(faces, self.controls)
        sheet = contact_sheet(to_pil(drawn.cpu()), 4)
        quality = None if samples is None else sliced_wasserstein(self.real, samples)
        return Snapshot(sheet, quality, spread(drawn) / self.real_spread)


# -- figures ----------------------------------------------------------------------------------------------------------


def _pyramid(x: Tensor) -> list[Tensor]:
    """Build the Laplacian pyramid of (N, 3, 64, 64): details at 64 and 32 px, and what is left at 16 px."""
    levels = []
    while x.shape[-1] > SIZE // 4:
        low = F.avg_pool2d(x, 2)
        levels.append(x - F.interpolate(low, scale_factor=2, mode="bilinear", align_corners=False))
        x = low
    return [*levels, x]


def _patches(level: Tensor, rng: torch.Generator) -> Tensor:
    """Cut random patches out of every picture, as vectors (patches, 147)."""
    corners = torch.randint(level.shape[-1] - PATCH_SIDE + 1, (2, len(level), PATCHES_A_PICTURE), generator=rng)
    offsets = torch.arange(PATCH_SIDE)
    rows = (corners[0][..., None] + offsets)[:, :, None, :, None].to(level.device)
    columns = (corners[1][..., None] + offsets)[:, :, None, None, :].to(level.device)
    pictures = torch.arange(len(level), device=level.device)[:, None, None, None, None]
    channels = torch.arange(3, device=level.device)[None, None, :, None, None]
    return level[pictures, channels, rows, columns].flatten(0, 1).flatten(1)


def sliced_wasserstein(real: Tensor, fake: Tensor) -> float:
    """Measure the mean distance between the patches of two sets of pictures, over a Laplacian pyramid; lower is better.

    real, fake: as many pictures (N, 3, 64, 64) in [-1, 1], on one device. Karras et al. (ICLR 2018, arXiv
    1710.10196), section 5; the 16 px level is compared as a whole too, since patches know nothing of a face's layout.
    """
    distances = []
    pairs = list(zip(_pyramid(real), _pyramid(fake), strict=True))
    for n, (a, b) in enumerate(pairs):
        scale = a.std()
        vectors = [_patches(level / scale, seeded(n)) for level in (a, b)]
        distances.append(_distance(*vectors))
    distances.append(_distance(*((level / pairs[-1][0].std()).flatten(1) for level in pairs[-1])))
    return sum(distances) / len(distances)


def _distance(a: Tensor, b: Tensor) -> float:
    random = torch.randn(a.shape[1], PROJECTION_DIRECTIONS, generator=seeded(a.shape[1]))
    directions = F.normalize(random, dim=0).to(a.device)
    on_a, on_b = ((directions.T @ vectors.T).sort(1).values for vectors in (a, b))  # rows sort faster
    return float((on_a - on_b).abs().mean())


def spread(images: Tensor) -> float:
    """Measure the mean distance between the pictures (N, 3, H, W) of a set, root mean square over pixels."""
    vectors = images.flatten(1).float().cpu()
    return float(torch.pdist(vectors).mean()) / vectors.shape[1] ** 0.5
