import numpy as np
import pytest
import torch

from darkroom.model_files import MODEL_FILES
from singan import ScenePipeline
from singan.checkpoint import load_zip, save_zip


def pixels(images):
    return np.stack([np.asarray(image, dtype=np.float64) for image in images])


def difference(a, b):
    return float(np.abs(pixels([a]) - pixels([b])).mean())


# -- sample -----------------------------------------------------------------------------------------------------------


def test_a_sample_depends_on_seed_and_index_alone(tiny_scene):
    some, many = tiny_scene.sample(3, seed=5), tiny_scene.sample(140, seed=5)  # in two batches
    assert len(many) == 140 and {image.size for image in many} == {(64, 48)}
    assert max(difference(a, b) for a, b in zip(some, many, strict=False)) < 0.5
    assert np.array_equal(pixels(some), pixels(tiny_scene.sample(3, seed=5)))
    assert difference(some[0], some[1]) > 1 and difference(some[1], tiny_scene.sample(2, seed=6)[0]) > 1


def test_errors_name_the_value_and_what_is_allowed(tiny_scene):
    for draw, arguments, message in (
        (tiny_scene.sample, {"count": 0}, "count is 0; allowed are 1 to 1000"),
        (tiny_scene.sample, {"start_scale": 3}, "start_scale is 3; allowed are 0 to 2"),
        (tiny_scene.sample, {"seed": -1}, "seed is -1; allowed are 0 to"),
        (tiny_scene.sample, {"layout_by": "magic"}, "layout_by is 'magic'; allowed are auto, network, patches"),
        (tiny_scene.retarget, {"size": (5000, 20)}, "width is 5000; allowed are 16 to 4096"),
        (tiny_scene.retarget, {"size": (2100, 2000)}, "size is 2100x2000; at most 4 megapixels"),
        (tiny_scene.retarget, {"size": 325}, "size is 325; .width, height. is needed"),
        (tiny_scene.retarget, {"size": (4096, 4096), "enlarge": True}, "size is 4096x4096; at most 16 megapixels"),
        (tiny_scene.retarget, {"size": (90, 40), "start_scale": 0}, "of mode keep is 0; allowed are 1 to 2"),
        (tiny_scene.retarget, {"size": (90, 40), "mode": "squeeze"}, "mode is 'squeeze'; allowed are"),
        (tiny_scene.retarget, {"size": (90, 40), "mode": "fit", "start_scale": 1}, "given with mode 'fit'"),
        (tiny_scene.animate, {"alpha": 2}, "alpha is 2"),
        (tiny_scene.animate, {"beta": -1}, "beta is -1"),
        (tiny_scene.animate, {"frames": 1}, "frames is 1; allowed are 2 to 600"),
        (tiny_scene.animate, {"alpha": 0, "loop": True}, "alpha is 0; allowed are 0.01 to"),
    ):
        with pytest.raises(ValueError, match=message):
            draw(**arguments)


# -- retarget ---------------------------------------------------------------------------------------------------------


def test_retargeted_sizes_are_exact(tiny_scene):
    for size in ((325, 175), (16, 16), (33, 97)):
        for mode in ("rearrange", "keep"):
            assert [image.size for image in tiny_scene.retarget(size, mode, count=2)] == [size, size]
    for start_scale in (0, 1, 2):
        assert tiny_scene.retarget((90, 40), "rearrange", start_scale)[0].size == (90, 40)


def test_keep_holds_the_layout_and_rearrange_does_not(shipped):
    """Beside the stretched source, at an eighth of the size, `keep` is nearer than `rearrange` by far."""
    size = (400, 150)
    small = lambda image: image.resize((50, 19))  # noqa: E731
    stretched = small(shipped.source.resize(size))
    keep, rearrange = (
        np.mean([difference(small(image), stretched) for image in shipped.retarget(size, mode, count=4)])
        for mode in ("keep", "rearrange")
    )
    assert keep < 0.6 * rearrange


# -- animate ----------------------------------------------------------------------------------------------------------


def steps(frames):
    stack = pixels(frames)
    return np.abs(np.diff(stack, axis=0, append=stack[:1])).mean((1, 2, 3))


def test_animation_begins_with_the_picture_and_moves(tiny_scene):
    frames = tiny_scene.animate(start_scale=0, frames=12, loop=False)
    assert len(frames) == 12 and difference(frames[0], tiny_scene.reconstruction()) < 0.5
    assert steps(frames)[:-1].min() > 0


def test_a_loop_has_no_seam(tiny_scene):
    for frames, alpha, beta in ((12, 0.1, 0.95), (9, 0.02, 0.8)):
        loop = tiny_scene.animate(start_scale=0, frames=frames, alpha=alpha, beta=beta, loop=True)
        of_loop = steps(loop)
        assert len(loop) == frames and of_loop[-1] == of_loop.min()
        assert of_loop.max() < 4 * of_loop.min()  # the walk has no jump elsewhere either


# -- shipped scenes ---------------------------------------------------------------------------------------------------


def test_higher_start_scales_vary_and_move_less(shipped):
    spread = [pixels(shipped.sample(8, start_scale=start)).mean(-1).std(0).mean() for start in (0, 1, 2)]
    assert spread == sorted(spread, reverse=True) and spread[2] > 0
    moved = [steps(shipped.animate(start_scale=start, frames=4, loop=False))[:-1].mean() for start in (0, 2, 4)]
    assert moved == sorted(moved, reverse=True)


def test_number_formats_agree(shipped):
    """float32 and bfloat16 differ by at most 2/255 on average."""
    original, samples = shipped.dtype, {}
    try:
        for dtype in (torch.float32, torch.bfloat16):
            shipped.dtype = dtype
            samples[dtype] = shipped.sample(4)
    finally:
        shipped.dtype = original
    assert np.abs(pixels(samples[torch.float32]) - pixels(samples[torch.bfloat16])).mean() <= 2


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_saved_scene_draws_the_same(tiny_scene, tmp_path):
    tiny_scene.save_pretrained(tmp_path / "scene")
    assert {path.name for path in (tmp_path / "scene").iterdir()} == set(MODEL_FILES) - {"photograph.jpg"}
    card = tmp_path / "scene" / "README.md"
    assert "3 scales of 6 iterations" in card.read_text()
    card.write_text("# Mine")  # it stays with the model
    loaded = ScenePipeline.from_pretrained(tmp_path / "scene")
    loaded.save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / "README.md").read_text() == "# Mine"
    assert np.array_equal(pixels(loaded.sample(2, seed=3)), pixels(tiny_scene.sample(2, seed=3)))
    assert loaded.train_config == tiny_scene.train_config
    assert np.array_equal(pixels([loaded.source]), pixels([tiny_scene.source]))
    save_zip(loaded, str(tmp_path / "scene.zip"))
    assert load_zip(str(tmp_path / "scene.zip"), str(tmp_path)).scales == loaded.scales


def test_stages_are_how_a_sample_comes_about(tiny_scene):
    stages = tiny_scene.stages(seed=3)
    assert [(picture.height, picture.width) for picture in stages] == list(tiny_scene.pyramid.config.sizes)
    assert stages[-1].tobytes() == tiny_scene.sample(1, seed=3)[0].tobytes()
