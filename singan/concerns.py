"""Says of a picture what a task is known to fail on, before it is done.

Patches say nothing of what they show (Shaham et al., ICCV 2019): a landscape is as good when its patches stand
elsewhere, a face, a word or a single animal is not. Of what is none of these, how well it will do depends on how far it
repeats itself (`singan.repetition`). `benchmarks/suitability.py` measures how often a warning is right.
"""

from __future__ import annotations

from typing import Literal

from singan.image import Picture, open_picture
from singan.importance import importance
from singan.repetition import expected_coherence
from singan.windows import at_most

Task = Literal["train", "keep", "rearrange"]
Kind = Literal["face", "text", "object", "detail"]

FACE = 0.2  # side of the largest face over the picture's shorter one
TEXT = 0.04  # share of the picture that is writing: below, it is a sign in a scene
OBJECT = 0.2  # share of the picture that is a subject: below, the scene around it may be what is wanted, but
RARE_OBJECT, RARE = 0.05, 0.35  # if it takes this share, it is one where so little elsewhere resembles it
DETAIL = 0.085  # expected coherence; benchmarks/README.md says which pictures are worse

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
    """Find reasons against training on a picture, if any. Takes about a second. Raises PictureError.

    A face or a page is not also called an object, and none of them poor in repetition.
    """
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
    if not found.subject.any():
        return []
    subject = "writing" if found.text.mean() > TEXT else "subject"
    return [f"mode {task} does not know the photograph's {subject} and may break it; mode fit keeps it whole"]
