"""What a trained scene is used for, a file each. Commands, endpoints, links and panels are made from this list."""

from singan.uses.animate import Animate
from singan.uses.edit import Edit
from singan.uses.harmonize import Harmonize
from singan.uses.paint import Paint
from singan.uses.retarget import Retarget
from singan.uses.sample import Sample
from singan.uses.super_resolve import SuperResolve
from singan.uses.tile import Tile

USES = (Sample, Retarget, Animate, Paint, Edit, Harmonize, SuperResolve, Tile)
