"""Says, before it is trained on, of a picture what the method is known to fail on.

A SinGAN knows a picture's patches and not what they show (Shaham et al., ICCV 2019): a landscape is as good when its
patches stand elsewhere, a face, a word or a single animal is not. Of what is none of these, how well it will do depends
on how far it repeats itself (`singan.repetition`). Three small detectors look at reduced pictures: faces and writing
are found by `network`, an object by `objects`. `train` trains the network; `benchmarks/suitability.py` measures all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from singan.image import Picture, open_picture
from singan.repetition import expected_coherence
from singan.suitability.network import WRITING_SIDES, face_logit, reduced, shipped_windows, writing_share
from singan.suitability.objects import object_contrast

Kind = Literal["face", "text", "object", "detail"]

LIMITS: dict[Kind, float] = {
    "face": 6.0,  # logit of the window that looks most like a face
    "text": 0.07,  # share of the picture that is writing: below, it is a sign in a scene
    "object": 1.95,  # times that one region stands out further than all around it
    "detail": 0.08,  # expected coherence; benchmarks/README.md says which pictures are worse
}


@dataclass(frozen=True)
class Concern:
    """Something that speaks against training on a picture: what was measured, in the unit of LIMITS, and the limit."""

    kind: Kind
    value: float
    limit: float


def concerns(picture: Picture) -> list[Concern]:
    """What speaks against training on a picture: at most one concern of each kind; empty where nothing does.

    picture: as `singan.image.open_picture` takes it. A face or a page is not also called an object, and none of them
    poor in repetition. About 0.6 s on one core. Raises PictureError.
    """
    image = open_picture(picture)
    image = image if min(image.size) <= max(WRITING_SIDES) else reduced(image, max(WRITING_SIDES))
    network = shipped_windows()
    shown = _beyond("face", face_logit(image, network)) + _beyond("text", writing_share(image, network))
    return shown or _beyond("object", object_contrast(image)) or _beyond("detail", expected_coherence(image))


def _beyond(kind: Kind, value: float) -> list[Concern]:
    return [Concern(kind, value, LIMITS[kind])] if value > LIMITS[kind] else []
