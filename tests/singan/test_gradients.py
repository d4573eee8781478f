import numpy as np

from singan.gradients import LEVEL, SCREEN, smooth
from singan.patches import Matches, smooth_vote, vote
from singan.pieces import whole
from tests.singan.test_patches import nowhere, nowhere_offsets, picture


def gradients_of(colours: np.ndarray) -> np.ndarray:
    """(2, H, W, 3), of any numbers, as `vote` gives them."""
    found = np.zeros((2, *colours.shape))
    found[0, :, :-1], found[1, :-1] = np.diff(colours, axis=1), np.diff(colours, axis=0)
    return np.rint(LEVEL * found).astype(np.int16)


def slope(height: int, width: int) -> np.ndarray:
    """A sky: lighter to the right, by 30 levels, with grain."""
    grain = np.random.default_rng(0).normal(0, 1, (height, width, 3))
    return np.linspace(100, 130, width)[None, :, None] + grain


def test_a_picture_with_its_own_gradients_stays() -> None:
    for size in ((8, 9), (61, 90), (128, 33)):
        colours = picture(*size)
        assert np.array_equal(whole(smooth(colours, gradients_of(colours.astype(float)))), colours)


def test_it_solves_the_screened_poisson_equation() -> None:
    sky = slope(30, 45).round()
    colours = (sky + np.where(np.arange(45) < 25, 0, 5)[None, :, None]).astype(np.uint8)
    gradients = gradients_of(sky)
    height, width = colours.shape[:2]
    down, right = (np.diff(np.eye(side), axis=0) for side in (height, width))
    steps = [np.kron(down, np.eye(width)), np.kron(np.eye(height), right)]
    wanted = [gradients[1, :-1], gradients[0, :, :-1]]
    weights = np.vstack([SCREEN**0.5 * np.eye(height * width), *steps])
    targets = np.concatenate([SCREEN**0.5 * colours.reshape(-1, 3), *(it.reshape(-1, 3) / LEVEL for it in wanted)])
    exact = np.linalg.solve(weights.T @ weights, weights.T @ targets).reshape(colours.shape)
    assert np.abs(whole(smooth(colours, gradients)) - exact).max() < 0.6


def test_between_patches_of_other_places_and_where_borders_meet_there_is_no_step() -> None:
    quilt = nowhere_offsets(nowhere(100, 120, 2)).astype(np.int32)
    quilt[:, quilt.shape[1] // 2 :, 1] += 40  # a half from 40 px farther on
    around = nowhere_offsets(nowhere(46, 66, 2))[:20, :30].astype(np.int32)
    for matches, photograph in (
        (Matches(quilt, (100, 120), 2), slope(100, 160) * 0.6),
        (Matches(around, (40, 60), 2, wrapped=True), slope(60, 80) / 4),
    ):
        steps = []
        for vote_of in (vote, smooth_vote):
            columns = whole(vote_of(matches, photograph.round().astype(np.uint8), 0.5)).astype(float).mean((0, 2))
            steps.append(np.abs(np.diff(np.roll(columns, 30) if matches.wrapped else columns)).max())
        assert steps[0] > 1.5 and steps[1] < steps[0] / 2


def test_edges_stay_as_the_colours_have_them() -> None:
    """Also where votes have spread one over a few pixels: else one side would bleed into the other."""
    for wide in (1, 4):
        edge = 60 + 40 * ((np.arange(50) - 25) / wide).clip(0, 1)
        colours = np.broadcast_to(edge.round().astype(np.uint8)[None, :, None], (40, 50, 3)).copy()
        assert np.array_equal(whole(smooth(colours, np.zeros((2, 40, 50, 3), np.int16))), colours)


def test_what_is_kept_stays_to_the_byte_and_is_continued() -> None:
    sky = slope(80, 100).round().astype(np.uint8)
    kept = np.zeros((80, 100), bool)
    kept[:, :40], kept[30:50, 70:80] = True, True
    drifted = sky + np.uint8(9)
    made = whole(smooth(drifted, gradients_of(sky.astype(float)), kept, sky)).astype(float)
    assert np.array_equal(made[kept], sky[kept])
    step = made[:, 40].mean() - made[:, 39].mean()
    assert abs(step - (sky[:, 40].astype(float).mean() - sky[:, 39].mean())) < 2  # of the 9 there were
    assert (made - sky)[:, 41:60].mean(0)[..., 0].argmin() == 0  # it drifts away from there


def test_gradients_are_voted_for_beside_the_colours() -> None:
    photograph = picture(60, 83)
    matches = Matches(nowhere_offsets(nowhere(60, 83, 2)).astype(np.int32), (60, 83), 2)
    gradients = np.empty((2, 60, 83, 3), np.int16)
    colours = whole(vote(matches, photograph, 0.5, gradients=gradients))
    assert np.array_equal(colours, whole(vote(matches, photograph, 0.5)))
    assert np.array_equal(gradients, gradients_of(photograph.astype(float)))
