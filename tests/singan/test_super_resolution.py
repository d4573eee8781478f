import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from singan import ScenePipeline
from singan.config import MAX_PRINT_PIXELS
from singan.enlarge import sized
from singan.patches import Bytes, resized
from singan.pieces import each, whole
from singan.prints import invented
from singan.super_resolution import super_resolved
from singan.uses import Retarget, SuperResolve

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name: str) -> Bytes:
    with Image.open(EXAMPLES / f"{name}.jpg") as picture:
        width, height = picture.size
        return np.array(picture.convert("RGB").crop((width // 4, height // 4, width // 4 + 400, height // 4 + 300)))


def psnr(one: Bytes, other: Bytes) -> float:
    return -10 * math.log10(float(((one.astype(float) - other) ** 2).mean()) / 255**2)


def detail(picture: Bytes) -> float:
    """Return what is lost when it is reduced to half."""
    height, width = picture.shape[:2]
    return float(
        np.abs(picture.astype(float) - resized(resized(picture, (height // 2, width // 2)), (height, width))).mean()
    )


def test_what_was_reduced_is_restored_with_detail_that_plain_enlarging_lacks() -> None:
    for name in ("autumn", "peaks", "stream"):
        real = example(name)
        small = resized(real, (150, 200))
        plain, restored = resized(small, (300, 400)), whole(super_resolved(small, (300, 400)))
        assert psnr(restored, real) > psnr(plain, real) - 0.5
        assert detail(restored) > 1.5 * detail(plain)
        assert np.abs(resized(restored, (150, 200)).astype(int) - small).mean() < 1.5  # reduced, it is that again


def test_noise_does_not_become_a_grid_of_the_pixels() -> None:
    y, x = np.mgrid[:75, :100]
    smooth = np.stack([120 + x / 3, 140 + y / 2, 180 - x / 4], 2)
    noisy = (smooth + np.random.default_rng(0).normal(0, 1, smooth.shape)).round().astype(np.uint8)
    plain, restored = resized(noisy, (300, 400)), whole(super_resolved(noisy, (300, 400)))
    # What is finer than the picture's pixels, but for the borders.
    grains = [it - resized(resized(it, (37, 50)), (300, 400)).astype(float) for it in (plain, restored)]
    assert grains[1][20:-20, 20:-20].std() < grains[0][20:-20, 20:-20].std()


def test_the_size_is_exact_and_the_work_is_told() -> None:
    small = resized(example("peaks"), (60, 80))
    shares = list[float]()
    assert whole(each(super_resolved(small, (150, 201)), shares.append)).shape == (150, 201, 3)
    assert shares == sorted(shares) and 0 < shares[0] < shares[-1] < 1


def test_a_scene_is_enlarged_up_to_what_fits(tiny_scene: ScenePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    (larger,) = tiny_scene.super_resolve(1.5)
    width, height = tiny_scene.original_size
    assert larger.size == (math.floor(1.5 * width), math.floor(1.5 * height))
    assert SuperResolve(1.5).note(tiny_scene) is None
    monkeypatch.setattr("singan.uses.super_resolve.MAX_PRINT_PIXELS", 2 * width * height)
    (fitting,) = tiny_scene.super_resolve(3)
    assert fitting.width * fitting.height <= 2 * width * height < 1.05 * (fitting.width + 1) * (fitting.height + 1)
    assert "16 megapixels" in str(SuperResolve(3).note(tiny_scene))


def test_a_rounded_pixel_is_no_lack_of_pixels(shipped: ScenePipeline) -> None:
    for shape in ((250, 188), (1, 1), (9, 19), (21, 9), (1, 4), (1, 8), (1, 13)):
        size = sized(shape, min(math.prod(shipped.original_size), MAX_PRINT_PIXELS))
        assert invented(size, shipped.original_size) is None


def test_a_size_beyond_the_photograph_is_enlarged_to_the_very_size(tiny_scene: ScenePipeline) -> None:
    width, height = tiny_scene.original_size
    larger = Retarget((2 * width, height), enlarge=True)
    steps = list(larger.steps(tiny_scene))
    assert steps[-1].picture is not None and steps[-1].picture.size == (2 * width, height)
    shares = [step.share for step in steps]
    assert shares == sorted(shares) and shares.count(1.0) == 1
    assert larger.note(tiny_scene) == "beyond 91 × 34 px, which the photograph fills, detail is invented"
    plain = Retarget((10 * width, 10 * height), enlarge=True)
    assert plain.drawn(tiny_scene)[0].size == plain.size
    assert str(plain.note(tiny_scene)).endswith(f"beyond {4 * width} × {4 * height} px it is plainly enlarged")
    assert Retarget((width, height), enlarge=True).note(tiny_scene) is None
