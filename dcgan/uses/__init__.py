"""What a face model is used for, a file each: what commands, endpoints and panels ask."""

from dcgan.uses.morph import Morph
from dcgan.uses.sample import Sample

USES = (Sample, Morph)
