"""What a trained scene is used for, a file each. Commands, endpoints, links and panels are made from this list."""

from singan.uses.animate import Animate
from singan.uses.retarget import Retarget
from singan.uses.sample import Sample

USES = (Sample, Retarget, Animate)
