import numpy as np
import pytest
from PIL import Image

from darkroom.uses import finished
from singan import ScenePipeline, gradients, patches
from singan.enlarge import Enlarger, Layout, filled
from singan.motion import moving_prints
from singan.patches import compiled
from singan.photograph import Photograph
from tests.singan.test_patches import picture


@pytest.fixture(scope="module")
def photograph() -> Image.Image:
    """Blobs of two sizes, dark above and light below: something with a layout and with detail."""
    fine, coarse = picture(150, 200).astype(int), np.repeat(np.repeat(picture(15, 20, 1), 10, 0), 10, 1).astype(int)
    height = np.linspace(0, 255, 150)[:, None, None]
    return Image.fromarray(((fine + coarse + 2 * height) / 4).astype(np.uint8))


def printed(photograph: Image.Image, size: tuple[int, int], layout: Layout, seed: int = 0) -> Image.Image:
    (result,) = finished(Enlarger(photograph, size).stages(layout, seed))
    return result


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(float)


def gradient(image: Image.Image) -> float:
    return float(np.abs(np.diff(pixels(image), axis=1)).mean())


def test_a_small_picture_of_the_photograph_becomes_the_photograph(photograph: Image.Image) -> None:
    small = photograph.resize((40, 30), Image.Resampling.LANCZOS)
    grown = printed(photograph, (200, 150), Layout(small))
    stretched = small.resize((200, 150), Image.Resampling.BICUBIC)
    errors = [np.abs(pixels(it) - pixels(photograph)).mean() for it in (grown, stretched)]
    assert grown.size == (200, 150) and errors[0] < errors[1] / 2
    assert 0.9 < gradient(grown) / gradient(photograph) < 1.1


def test_a_print_has_the_size_that_is_due_and_the_photographs_sharpness(photograph: Image.Image) -> None:
    for size in ((97, 211), (140, 50)):
        grown = printed(photograph, size, Layout(photograph))
        assert grown.size == size
        share = (size[0] * size[1] / (200 * 150)) ** 0.5
        reduced = photograph.resize((round(200 * share), round(150 * share)), Image.Resampling.LANCZOS)
        assert 0.8 < gradient(grown) / gradient(reduced) < 1.25, size
    assert printed(photograph, (1000, 1000), Layout(photograph)).size == (173, 173)  # what its pixels fill
    assert filled((100, 80), (150, 200)) == (100, 80) and filled((2000, 1500), (150, 200)) == (200, 150)


def test_out_of_noise_comes_another_picture_of_the_same_patches(photograph: Image.Image) -> None:
    prints = [printed(photograph, (200, 150), Layout(place=(0.5, 0.0)), seed) for seed in (1, 1, 2)]
    assert prints[0].tobytes() == prints[1].tobytes()
    assert np.abs(pixels(prints[0]) - pixels(prints[2])).mean() > 5
    assert np.abs(pixels(prints[0]) - pixels(photograph)).mean() > 5
    assert 0.9 < gradient(prints[0]) / gradient(photograph) < 1.1
    rows = [pixels(it).mean((1, 2)) for it in (prints[0], photograph)]
    assert np.corrcoef(*rows)[0, 1] > 0.9  # dark stays above
    # The more things have to keep their place, the less pictures vary.
    free, bound = (
        np.stack([pixels(printed(photograph, (60, 45), layout, seed)) for seed in (1, 2)]).std(0).mean()
        for layout in (Layout(place=(1.0, across)) for across in (0.0, 0.5))
    )
    assert free > bound


def test_stages_grow_up_to_the_print(photograph: Image.Image) -> None:
    stages = list(Enlarger(photograph, (120, 160)).stages(Layout(photograph)))
    drafts = [stage.picture for stage in stages if stage.picture]
    widths, shares = [draft.width for draft in drafts], [stage.share for stage in stages]
    assert len(drafts) > 4 and widths == sorted(widths) and widths[0] <= 25
    assert shares == sorted(shares) and [share == 1 for share in shares].index(True) == len(stages) - 1


def test_a_scene_prints_what_it_draws_at_the_size_that_is_asked_for(tiny_scene: ScenePipeline) -> None:
    for mode in ("keep", "rearrange"):
        prints = tiny_scene.retarget((30, 45), mode=mode, count=2, enlarge=True)
        assert [it.size for it in prints] == [(30, 45)] * 2
    assert tiny_scene.retarget((1000, 1500), enlarge=True)[0].size == (1000, 1500)  # beyond four times, plainly


def test_prints_in_the_photographs_shape_have_exactly_its_size(tiny_scene: ScenePipeline) -> None:
    """Of the networks' 64x48 px, as many pixels as 131x95 would be 129x97."""
    photograph = Photograph.of(tiny_scene.source.resize((131, 95)))
    scene = ScenePipeline(tiny_scene.pyramid, tiny_scene.train_config, photograph)
    prints = scene.sample(1, enlarge=True) + scene.animate(frames=2, loop=False, enlarge=True)
    prints += scene.retarget((131, 95), enlarge=True) + scene.paint(scene.source, enlarge=True)
    assert {it.size for it in prints} == {(131, 95)}
    assert scene.tile(1, enlarge=True)[0].size == (130, 94)  # even


def test_prints_depend_on_seed_and_index_alone(tiny_scene: ScenePipeline) -> None:
    for layout_by in ("network", "patches"):
        some, many, other = (
            [it.tobytes() for it in tiny_scene.sample(count, seed=seed, layout_by=layout_by, enlarge=True)]
            for count, seed in ((1, 5), (2, 5), (1, 6))
        )
        assert some == many[:1] and len({*many, *other}) == 3


def test_nothing_is_compiled_while_somebody_waits(photograph: Image.Image) -> None:
    """A print needs no other kinds of arguments than what is compiled at the start."""
    compiled()
    kernels = [it for module in (patches, gradients) for it in vars(module).values() if hasattr(it, "signatures")]
    before = [len(kernel.signatures) for kernel in kernels]
    printed(photograph, (200, 150), Layout(), 1)
    tuple(moving_prints(Enlarger(photograph, (160, 120)), [photograph.resize((80, 60))], loop=False))
    assert [len(kernel.signatures) for kernel in kernels] == before
