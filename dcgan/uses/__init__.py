"""Uses of a face model, a file each: the options that commands, endpoints and panels ask for."""

from dcgan.uses.morph import Morph
from dcgan.uses.sample import Sample

USES = (Sample, Morph)
