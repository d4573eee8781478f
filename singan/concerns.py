"""Warnings, before a task is done, of what it is known to fail on.

Patches say nothing of what they show (Shaham et al., ICCV 2019). `benchmarks/suitability.py` measures how often a
warning is right, `benchmarks/repetition.py` how well repetition predicts coherence, and finds its weights.
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from singan.image import Picture, open_picture, resize_picture, to_tensor
from singan.importance import importance
from singan.windows import at_most

Task = Literal["train", "keep", "rearrange"]
Kind = Literal["face", "text", "object", "detail"]

FACE = 0.2  # side of the largest face over the picture's shorter one
TEXT = 0.04  # share of the picture that is writing: below, it is a sign in a scene
OBJECT = 0.2  # share of the picture that is a subject: below, the scene around it may be what is wanted, but
RARE_OBJECT, RARE = 0.05, 0.35  # if it takes this share, it is one where so little elsewhere resembles it
DETAIL = 0.085  # expected coherence; benchmarks/README.md says which pictures are worse

PATCH = 7  # px
SIDES = (32, 64, 128)  # px, longer sides of the reduced pictures
QUERIES = 1500  # patches that are looked for, evenly spread; the others are as many again at most
AT_ONCE = 256  # of the patches that are looked for: bounds the memory
LEAST = 1e-3  # distance: below, all repeats, and its logarithm would count for too much
WEIGHTS = (-0.745, 0.025, 0.220, 0.777)  # of 1 and of the logarithms at the three sides

PIECES = (
    ": a trained scene knows patches, not what they show, and will draw it in pieces, unless a start scale of 2 or "
    "more keeps its layout; landscapes, textures and crowds of like things work, and fitting to other shapes keeps it "
    "whole, without training"
)
WARNINGS: dict[Kind, str] = {
    "face": f"this looks like a face{PIECES}",
    "text": f"this picture holds writing{PIECES}",
    "object": f"this picture has a subject{PIECES}",
    "detail": "this picture repeats little of itself: what the networks draw alone will be less coherent than of most "
    "pictures; prints mend most of that, and a start scale of 1 or 2 keeps the layout",
}


def kinds(picture: Picture) -> list[Kind]:
    """Find reasons against training on a picture, if any. Takes about a second. Raises PictureError."""
    image = at_most(open_picture(picture))
    found = importance(image)
    shown: list[tuple[Kind, float, float]] = [("face", found.face, FACE), ("text", found.text.mean(), TEXT)]
    named = [kind for kind, value, limit in shown if value > limit]
    if not named and found.subject.mean() > (OBJECT if found.rarity < RARE else RARE_OBJECT):
        return ["object"]
    return named or (["detail"] if expected_coherence(image) > DETAIL else [])


def warnings(picture: Picture, task: Task) -> list[str]:
    """Describe what of a picture a task will break, a sentence each: for the page, commands, endpoints and agents."""
    if task == "train":
        return [WARNINGS[kind] for kind in kinds(picture)]
    found = importance(open_picture(picture))
    subject = "writing" if found.text.mean() > TEXT else "subject"
    said = f"mode {task} does not know the photograph's {subject} and may break it; mode fit keeps it whole"
    return [said] if found.subject.any() else []


def _nearest_elsewhere(picture: Tensor) -> float:
    """Measure the mean RMS distance, in [0, 2], of patches of (1, 3, H, W) to the nearest beside them."""
    patches = F.unfold(picture, PATCH)[0].T
    places = torch.cartesian_prod(*(torch.arange(side - PATCH + 1) for side in picture.shape[-2:]))
    chosen = torch.linspace(0, len(patches) - 1, min(QUERIES, len(patches))).long()
    best = []
    for some in chosen.split(AT_ONCE):
        overlap = (places[some][:, None] - places).abs().amax(-1) < PATCH
        best.append(torch.cdist(patches[some], patches).masked_fill(overlap, torch.inf).amin(1))
    return float((torch.cat(best) / (3 * PATCH * PATCH) ** 0.5).mean())


@torch.inference_mode()
def repetition(picture: Picture) -> tuple[float, ...]:
    """Measure how far patches are from their nearest elsewhere, in [0, 2], at longer sides of 32, 64 and 128 px."""
    image = to_tensor(open_picture(picture))
    height, width = image.shape[-2:]
    sizes = [[max(2 * PATCH, round(side * edge / max(height, width))) for edge in (height, width)] for side in SIDES]
    return tuple(_nearest_elsewhere(resize_picture(image, size)) for size in sizes)


def expected_coherence(picture: Picture) -> float:
    """Predict the coherence of `standard`'s samples: their patches' mean RMS distance to the picture's, 0 to about 0.1.

    Takes about half a second. Raises PictureError.
    """
    bias, *weights = WEIGHTS
    logarithms = (math.log(max(distance, LEAST)) for distance in repetition(picture))
    return math.exp(bias + sum(weight * value for weight, value in zip(weights, logarithms, strict=True)))
