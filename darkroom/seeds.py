"""Sources of random draws that depend on numbers alone, not on the device or on what was drawn before."""

import numpy as np
import torch

MAX_SEED = 2**63 - 1


def seed_of(*numbers: int) -> int:
    """Return a number from 0 to 2^63 - 1 for every sequence of such numbers; different sequences share nothing."""
    words = [len(numbers), *(word for number in numbers for word in (number & 0xFFFFFFFF, number >> 32))]
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> np.uint64(1))


def seeded(*numbers: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Make a source of random draws of its own for every sequence of numbers from 0 to 2^63 - 1, as (seed, index)."""
    return torch.Generator(device).manual_seed(seed_of(*numbers))
