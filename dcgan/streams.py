"""What is drawn from a seed, each from a stream of its own. Other numbers would give other weights."""

from __future__ import annotations

from enum import IntEnum


class Stream(IntEnum):
    """The second number of `darkroom.seeds.seeded`, after the seed of the configuration."""

    GENERATOR = 0  # initial weights
    DISCRIMINATOR = 1
    ORDER = 2  # of the pictures, by epoch
    STEPS = 3  # by iteration and process
    CONTROLS = 4  # latents of the sheet
    COMPARED = 5  # pictures of the set that samples are compared with
    SAMPLES = 6  # latents of these samples
