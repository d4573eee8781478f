"""Search for the latent of a given face by optimisation (Zhu et al., ECCV 2016, arXiv 1609.03552, equation 2)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from darkroom.seeds import seeded

CANDIDATE_LATENTS = 512  # random latents, of which the nearest are optimised
OPTIMISED_LATENTS = 4
SEARCH_STEPS = 200
LEARNING_RATE = 0.05
LENGTH_WEIGHT = 0.02  # how much a latent pays for being longer or shorter than usual
COMPARED_LEVELS = 3  # the picture is compared at 64, 32 and 16 px
# What a closeness means: a photograph of anybody comes to about .7, noise to .5.
LIKENESS = (
    (0.9, "Almost the same picture."),
    (0.8, "A close likeness."),
    (0.6, "A likeness in pose and colours, not of the person: the model draws only faces like those it has learnt."),
    (0.0, "Hardly alike: this picture is far from all faces that the model can draw."),
)


@dataclass(frozen=True)
class Inversion:
    """State of a search: the best latent so far, (1, latent_dim).

    error: root mean square difference of a pixel to the wanted picture, in levels of 255; random_error: that of the
    average random face.
    """

    z: Tensor
    step: int
    steps: int
    error: float
    random_error: float

    @property
    def closeness(self) -> float:
        """Return 1 for the same picture, 0 for one no nearer than a random face."""
        return max(0.0, 1 - self.error / self.random_error)

    @property
    def likeness(self) -> str:
        """Say in words how close the face is."""
        return next(words for least, words in LIKENESS if self.closeness >= least)


def _levels(x: Tensor) -> list[Tensor]:
    return [x if n == 0 else F.avg_pool2d(x, 2**n) for n in range(COMPARED_LEVELS)]


def _distance(drawn: Tensor, wanted: Tensor) -> Tensor:
    """Measure the mean absolute difference over all levels, (N,), of (N, 3, 64, 64) from (1, 3, 64, 64)."""
    pairs = zip(_levels(drawn), _levels(wanted), strict=True)
    return torch.stack([(a - b).abs().mean((1, 2, 3)) for a, b in pairs]).mean(0)


def _error(drawn: Tensor, wanted: Tensor) -> Tensor:
    """Measure the root mean square difference in levels of 255, (N,)."""
    return (drawn - wanted).square().mean((1, 2, 3)).sqrt() * 127.5


def invert(draw: Callable[[Tensor], Tensor], wanted: Tensor, latent_dim: int, seed: int) -> Iterator[Inversion]:
    """Search for a latent that `draw` turns into `wanted` (1, 3, 64, 64), from the nearest of many random ones.

    Yields after every tenth step; the last one is the result. The same picture and seed give the same latent.
    """
    device = wanted.device
    candidates = torch.randn(CANDIDATE_LATENTS, latent_dim, generator=seeded(seed, 0)).to(device)
    with torch.no_grad():
        drawn = torch.cat([draw(part) for part in candidates.split(64)])
        nearest = _distance(drawn, wanted).argsort()[:OPTIMISED_LATENTS]
        random_error = float(_error(drawn, wanted).mean())
    z = candidates[nearest].clone().requires_grad_()
    optimizer = torch.optim.Adam([z], lr=LEARNING_RATE, betas=(0.9, 0.99))
    best, best_error = z.detach()[:1].clone(), float("inf")
    for step in range(SEARCH_STEPS):
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * min(1.0, 2 * (1 - step / SEARCH_STEPS) + 0.05)
        drawn = draw(z)
        unusual = (z.square().mean(1) - 1).square()
        loss = _distance(drawn, wanted) + LENGTH_WEIGHT * unusual
        errors = _error(drawn.detach(), wanted)
        if float(errors.min()) < best_error:
            best, best_error = z.detach()[errors.argmin()][None].clone(), float(errors.min())
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
        if (step + 1) % 10 == 0:
            yield Inversion(best.cpu(), step + 1, SEARCH_STEPS, best_error, random_error)
