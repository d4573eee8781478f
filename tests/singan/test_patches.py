import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from singan.patches import PATCH, TOLERANCE, Matches, improve, match_all, resized, smooth_vote, vote
from singan.pieces import parallel, whole

ROOT = Path(__file__).parents[2]


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Noise in soft blobs: no two patches are alike."""
    small = np.random.default_rng(seed).integers(0, 256, (height // 4 + 2, width // 4 + 2, 3), dtype=np.uint8)
    return resized(small, (height, width))


def nowhere(height: int, width: int, step: int = 1) -> Matches:
    """All patches matched with the first."""
    rows, columns = (-(-(side - PATCH) // step) + 1 for side in (height, width))
    return Matches(np.zeros((rows, columns, 2), np.int32), (height, width), step)


def test_all_patches_of_the_photograph_are_found_where_they_are() -> None:
    photograph = picture(30, 40)
    matches = match_all(photograph, photograph)
    assert matches.corners[0, 0].tolist() == [0, 0] and matches.corners[-1, -1].tolist() == [23, 33]
    assert np.array_equal(whole(vote(matches, photograph, falloff=0.5)), photograph)


def test_much_of_the_photograph_is_used_where_the_nearest_would_be_few() -> None:
    photograph = picture(30, 40)
    near_flat = np.full_like(photograph, 128) + picture(30, 40, 1) // 64
    found = match_all(near_flat, photograph).corners.reshape(-1, 2)
    own, others = (unfolded(it) for it in (near_flat, photograph))
    nearest = ((own[:, None] - others[None]) ** 2).sum(2).argmin(1)
    assert len(np.unique(found, axis=0)) > 5 * len(np.unique(nearest))


def unfolded(photograph: np.ndarray) -> np.ndarray:
    """The patches, one a row."""
    windows = np.lib.stride_tricks.sliding_window_view(photograph.astype(float), (PATCH, PATCH), (0, 1))
    return windows.reshape(-1, 3 * PATCH**2)


def test_place_keeps_the_height_of_what_looks_alike() -> None:
    stripes = np.zeros((40, 30, 3), np.uint8)
    stripes[::8] = 255  # a patch is like those 8, 16, ... px above and below
    found = match_all(stripes, stripes, (1.0, 0.0)).corners[..., 0]
    assert np.array_equal(found, np.broadcast_to(np.arange(34)[:, None], (34, 24)))


def test_a_search_from_anywhere_finds_most_patches_and_votes_them_back() -> None:
    photograph = picture(60, 83)
    part = photograph[3:53, 11:78].copy()
    for step in (1, 2, 3):
        matches = whole(improve(nowhere(*part.shape[:2], step), part, photograph, sweeps=30, radius=80, seed=0))
        there = matches.corners - matches.corners[0, 0] == nowhere_offsets(matches)
        assert there.mean() > 0.99
        again = whole(vote(matches, photograph, falloff=0.5))
        assert np.abs(again.astype(int) - part).mean() < 1


def nowhere_offsets(matches: Matches) -> np.ndarray:
    """Where the patches of a picture lie."""
    y, x = (np.minimum(np.arange(n) * matches.step, side - PATCH)
            for n, side in zip(matches.corners.shape[:2], matches.shape, strict=True))  # fmt: skip
    return np.stack(np.meshgrid(y, x, indexing="ij"), 2)


def test_a_search_is_not_worse_than_where_it_began_but_for_what_neighbours_agree_on() -> None:
    photograph, other = picture(50, 60), picture(40, 50, 1)

    def cost(matches: Matches) -> np.ndarray:
        patches = np.lib.stride_tricks.sliding_window_view(photograph.astype(int), (PATCH, PATCH), (0, 1))
        own = np.lib.stride_tricks.sliding_window_view(other.astype(int), (PATCH, PATCH), (0, 1))
        return ((patches[matches.corners[..., 0], matches.corners[..., 1]] - own) ** 2).sum((2, 3, 4))

    begun = nowhere(40, 50)
    found = whole(improve(begun, other, photograph, sweeps=2, radius=50, seed=3))
    assert (cost(found) <= cost(begun) + 2 * TOLERANCE).all() and cost(found).mean() < 0.8 * cost(begun).mean()
    strict = whole(improve(begun, other, photograph, sweeps=2, radius=50, seed=3, worth=0.99))
    assert (cost(strict) <= cost(begun)).all()


def test_where_only_noise_decides_a_match_goes_with_its_neighbours() -> None:
    rng = np.random.default_rng(0)
    photograph, other = (rng.normal(128, 2, size).clip(0, 255).astype(np.uint8) for size in ((60, 80, 3), (40, 50, 3)))
    corners = np.stack(np.meshgrid(np.arange(34), np.arange(44), indexing="ij"), 2).astype(np.int32)
    corners[rng.random((34, 44)) < 0.2] = 0  # one in five is alone

    def together(worth: float) -> float:
        begun = Matches(corners, (40, 50))
        found = whole(improve(begun, other, photograph, sweeps=2, radius=1, seed=0, worth=worth)).corners
        return float(((found[:, 1:] - found[:, :-1]) == (0, 1)).all(2).mean())

    assert together(1) > 1.1 * together(0.9999)  # which no farther match replaces


@pytest.mark.parametrize(("step", "next_step"), [(1, 1), (1, 2), (2, 2), (2, 1)])
def test_matches_of_a_picture_in_itself_stay_so_when_enlarged(step: int, next_step: int) -> None:
    small = nowhere(40, 50, step)
    here = Matches(nowhere_offsets(small).astype(np.int32), small.shape, step)
    larger = here.enlarged((57, 71), (57, 71), next_step)
    assert np.abs(larger.corners - nowhere_offsets(larger)).max() <= 1
    assert np.array_equal(whole(vote(larger, picture(57, 71), 0.5)).shape, (57, 71, 3))


def test_what_more_patches_vote_for_has_more_than_its_share() -> None:
    photograph = np.zeros((20, 80, 3), np.uint8)
    photograph[:, 40:] = 200
    corners = nowhere_offsets(nowhere(20, 40)).astype(np.int32)
    corners[:, 17:, 1] += 40  # half of the patches are dark, the others light
    lines = [
        whole(vote(Matches(corners, (20, 40)), photograph, 0.0, majority))[10, :, 0].astype(int) for majority in (1, 3)
    ]
    even, steep = (np.diff(line) for line in lines)
    assert all((it[0], it[-1]) == (0, 200) for it in lines) and even.min() == steep.min() == 0
    assert even.max() < 200 / PATCH + 2 and steep.max() > 2 * even.max()


def test_number_of_threads_changes_nothing() -> None:
    photograph, other = picture(90, 120), picture(80, 100, 1)
    results = []
    for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
        numba.set_num_threads(threads)
        matches = whole(improve(nowhere(80, 100, 2), other, photograph, 4, 40, 7))
        results.append((matches.corners.tobytes(), whole(smooth_vote(matches, photograph, 0.5)).tobytes()))
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    assert results[0] == results[1]


def test_across_borders_a_vote_counts_all_patches_over_a_pixel() -> None:
    photograph, size, step = picture(30, 40), (20, 24), 2
    rng = np.random.default_rng(1)
    corners = np.stack(
        [rng.integers(0, 24, (20 // step, 24 // step)), rng.integers(0, 34, (20 // step, 24 // step))], 2
    )
    voted = whole(vote(Matches(corners.astype(np.int32), size, step, wrapped=True), photograph, 0.0))
    total, count = np.zeros((*size, 3)), np.zeros(size)
    for i, j in np.ndindex(*corners.shape[:2]):
        y, x = corners[i, j]
        rows, columns = (np.arange(PATCH) + i * step) % size[0], (np.arange(PATCH) + j * step) % size[1]
        total[np.ix_(rows, columns)] += photograph[y : y + PATCH, x : x + PATCH]
        count[np.ix_(rows, columns)] += 1
    assert np.abs(voted - total / count[..., None]).max() <= 0.51


def test_a_picture_whose_borders_meet_is_matched_across_them() -> None:
    photograph = picture(30, 40)
    rolled = np.roll(np.concatenate([photograph, photograph], 1)[:, :40], 13, 1)  # itself, but across the border
    matches = match_all(rolled, photograph, alike=False, wrapped=True)
    assert matches.corners.shape == (30, 40, 2)
    assert (matches.corners[:24, 13, 1] == 0).all()  # where the photograph begins
    better = whole(improve(matches, rolled, photograph, 2, 4, 0))
    assert better.wrapped and better.corners.shape == (30, 40, 2)


def doubled(numbers: np.ndarray) -> None:
    for i in range(len(numbers)):
        numbers[i] *= 2


def run_doubled() -> bool:
    """Whether a function that is compiled anew works; with it each call looks for its cache."""
    numbers = np.arange(3)
    parallel()(doubled)(numbers)
    return numbers.tolist() == [0, 2, 4]


@pytest.mark.soak
def test_importing_needs_no_writable_folder(tmp_path: Path) -> None:
    application = tmp_path / "application"
    for package in ("singan", "darkroom"):
        shutil.copytree(ROOT / package, application / package, ignore=shutil.ignore_patterns("__pycache__"))
    (application / "singan").chmod(0o555)
    # Root writes everywhere, unless it gives that up.
    user = [] if os.geteuid() else ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    command = [*user, sys.executable, "-c", "import singan.patches"]
    done = subprocess.run(command, cwd=application, env={"HOME": "/dev/null"}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(application.rglob("*.nbi"))


@pytest.mark.soak
def test_a_damaged_cache_is_compiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert run_doubled()
    for name in ("*.nbc", "*.nbi"):
        (file,) = tmp_path.rglob(name)
        file.write_bytes(b"damaged")
        assert run_doubled()
