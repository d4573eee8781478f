"""The uses of a scene, trained or not, a file each. Commands, endpoints, links and panels are made from this list;
`RetargetPicture` needs no scene."""

from singan.uses.animate import Animate
from singan.uses.edit import Edit
from singan.uses.harmonize import Harmonize
from singan.uses.paint import Paint
from singan.uses.retarget import Retarget, RetargetPicture, retarget_picture
from singan.uses.sample import Sample
from singan.uses.super_resolve import SuperResolve
from singan.uses.tile import Tile

__all__ = [
    "USES", "Animate", "Edit", "Harmonize", "Paint", "Retarget", "RetargetPicture", "Sample", "SuperResolve", "Tile",
    "retarget_picture",
]  # fmt: skip

USES = (Sample, Retarget, Animate, Paint, Edit, Harmonize, SuperResolve, Tile)
