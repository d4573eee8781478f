import time

import numpy as np
from PIL import Image

from singan.concerns import expected_coherence, repetition


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_pattern_repeats_and_noise_does_not():
    tile = np.array(Image.fromarray(noise(4, 4)).resize((32, 32), Image.Resampling.BICUBIC))
    pattern, random = (repetition(Image.fromarray(pixels)) for pixels in (np.tile(tile, (4, 4, 1)), noise(128, 128)))
    assert all(a < 0.4 * b for a, b in zip(pattern, random, strict=True))
    assert pattern[2] < 0.01, "at 128 px the tiles are the same to the pixel"


def test_what_repeats_coarsely_need_not_repeat_finely(picture):
    """A grid of one colour a cell, each cell with its own noise."""
    cells = np.kron(np.indices((8, 8)).sum(0) % 2 * 128, np.ones((16, 16)))[..., None] + noise(128, 128) // 4
    coarse, _, fine = repetition(Image.fromarray(cells.astype(np.uint8)))
    assert coarse < 0.6 * fine


def test_less_is_expected_of_what_repeats_less(picture):
    plain, noisy = Image.new("RGB", (128, 96), "#77a"), Image.fromarray(noise(128, 96))
    assert expected_coherence(plain) < expected_coherence(picture) < expected_coherence(noisy)


def test_pictures_of_every_shape_are_judged_within_seconds():
    for size in ((32, 32), (320, 40), (40, 320), (1024, 768)):
        started = time.process_time()
        assert all(np.isfinite(repetition(Image.fromarray(noise(*size)))))
        assert time.process_time() - started < 3, "of both cores' time, beside whatever else runs"
