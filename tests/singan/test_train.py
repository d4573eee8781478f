import copy
from dataclasses import replace

import pytest
import torch
from PIL import Image

import singan
from singan import PRESETS, TrainingError
from singan.checkpoint import load_checkpoint, save_checkpoint
from singan.image import to_tensor
from singan.train import predict_seconds, records
from singan.trainer import PyramidTrainer, Rendered, belongs_to
from tests.conftest import CHECKPOINTS


def weights(scene):
    return scene.pyramid.state_dict()


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def trained(picture, config, resume=None):
    """The last record."""
    *_, last = singan.train(picture, config, "cpu", resume)
    return last


def test_records_tell_where_training_stands(tiny_records):
    ends = [record for record in tiny_records if record.iteration == record.iterations]
    first, last = tiny_records[0], tiny_records[-1]
    assert [record.scale for record in ends] == [0, 1, 2] and last.finished
    assert [record.scene.scales for record in ends] == [1, 2, 3]
    assert first.scene is None and first.preview is not None and first.seconds_left > 0 and last.seconds_left == 0
    assert set(last.losses) == {"critic", "generator", "reconstruction"}
    seconds = [record.seconds for record in tiny_records]
    assert seconds == sorted(seconds)
    assert last.preview.sample.size == last.preview.reconstruction.size == (64, 48)
    name = "generators.0.body.0.weight"  # earlier records are not changed by later training
    assert torch.equal(weights(ends[0].scene)[name], weights(last.scene)[name])


def test_training_learns_the_picture(picture):
    """The reconstruction comes nearer to the picture than its mean colour is."""
    config = replace(PRESETS["fast"], iterations=60, coarse_iterations=1.0, channels=16, max_channels=16, scales=3)
    scene = trained(picture, config).scene
    truth, drawn = to_tensor(scene.source), to_tensor(scene.reconstruction())
    assert (truth - drawn).square().mean() < 0.2 * (truth - truth.mean((2, 3), keepdim=True)).square().mean()


def test_same_seed_same_weights(picture, tiny_config, tiny_scene):
    assert same(weights(trained(picture, tiny_config).scene), weights(tiny_scene))
    other = trained(picture, replace(tiny_config, seed=1, until=1)).scene
    assert other.scales == 1  # the coarsest is always trained
    assert not torch.equal(weights(other)["z_rec"], weights(tiny_scene)["z_rec"])


def test_any_number_of_threads_gives_the_same_weights(picture):
    before, config, found = torch.get_num_threads(), replace(PRESETS["fast"], iterations=2, coarse_iterations=1.0), []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(weights(trained(picture, config).scene))
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
    assert same(*found)


def test_resumed_training_ends_where_an_uninterrupted_one_ends(picture, tmp_path):
    for preset, crop in (("fast", 24), ("paper", 0)):
        config = replace(PRESETS[preset], scales=3, iterations=3, channels=4, max_channels=4, crop=crop)
        whole = list(singan.train(picture, config, device="cpu"))
        for stopped_after in (1, 2):
            save_checkpoint(next(r.checkpoint for r in whole if r.scene and r.scene.scales == stopped_after), tmp_path)
            again = trained(picture, config, load_checkpoint(tmp_path))
            assert same(weights(again.scene), weights(whole[-1].scene))


def test_training_goes_on_from_a_layout_to_the_whole(picture, tiny_config, tiny_scene):
    coarse = replace(tiny_config, until=min(tiny_scene.pyramid.config.sizes[1]))
    layout = trained(picture, coarse)
    assert layout.finished and layout.scales == 2 and layout.seconds_left == 0
    assert layout.scene.finished and not layout.scene.finished_as(tiny_config) and not layout.scene.complete
    assert belongs_to(layout.scene, picture, tiny_config)
    whole = trained(picture, tiny_config, layout.checkpoint).scene
    assert whole.complete and whole.train_config == tiny_config and same(weights(whole), weights(tiny_scene))


def test_resume_refuses_another_picture_or_configuration(picture, tiny_config, tiny_checkpoint):
    for other, config in ((picture.rotate(180), tiny_config), (picture, replace(tiny_config, seed=5))):
        assert not belongs_to(tiny_checkpoint.scene, other, config)
        with pytest.raises(ValueError, match="another picture or of other settings"):
            next(singan.train(other, config, device="cpu", resume=tiny_checkpoint))
    assert belongs_to(tiny_checkpoint.scene, picture, tiny_config)


def test_stopped_training_keeps_every_finished_scale(tiny_records):
    for finished in (1, 2):
        scene = next(record.scene for record in tiny_records if record.scene and record.scene.scales == finished)
        assert not scene.finished and scene.size == tuple(reversed(scene.pyramid.config.sizes[finished - 1]))
        assert scene.sample(2)[0].size == scene.size
        assert scene.retarget((90, 33), mode="keep")[0].size == (90, 33)
        assert len(scene.animate(start_scale=finished - 1, frames=3)) == 3


class Poisoned(PyramidTrainer):
    """Loses the weights of some attempts at a scale before they train."""

    def __init__(self, picture, config, attempts, scale=1, weight=float("nan")):
        super().__init__(picture, config, torch.device("cpu"))
        self.attempts, self.poisoned_scale, self.weight = attempts, scale, weight
        self.learning_rates = []

    def trainer(self, n, attempt=0):
        trainer = super().trainer(n, attempt)
        self.learning_rates.append(trainer.generator.learning_rate)
        if n == self.poisoned_scale and attempt in self.attempts:
            with torch.no_grad():
                trainer.generator.network.body[-1].bias.fill_(self.weight)
        return trainer


class Flat(PyramidTrainer):
    """Draws nothing at the finest scale."""

    def render(self, task, generator):
        drawn = super().render(task, generator)
        return Rendered(*(picture * (task.n != 2) for picture in drawn))


def test_a_diverged_scale_is_restarted_at_half_the_learning_rate(picture, tiny_config):
    """Weights beyond all measure give a picture that is neither NaN nor flat, but worse than what came in."""
    for weight in (float("nan"), 9.0):
        training = Poisoned(picture, tiny_config, {0}, weight=weight)
        seen = list(records(training))
        assert training.learning_rates == [2e-3, 2e-3, 1e-3, 2e-3]
        assert [record.restarts for record in seen if record.scale == 1][-1] == 1
        assert {record.restarts for record in seen if record.scale != 1} == {0}
        assert seen[-1].finished and seen[0].seconds_left > 0
        assert next(record for record in seen if record.restarts).seconds_left > 0


def test_a_scale_that_fails_twice_is_reported_and_the_finished_ones_stay(picture, tiny_config):
    kept = None
    with pytest.raises(TrainingError, match="scale 2 of 3 gave no picture, twice; 1 scales are finished"):
        for record in records(Poisoned(picture, tiny_config, {0, 1})):
            kept = record.scene
    assert kept is not None and kept.scales == 1 and kept.sample(1)
    with pytest.raises(TrainingError, match="scale 3 of 3"):
        list(records(Flat(picture, tiny_config, torch.device("cpu"))))


def test_one_step_a_scale_is_enough_to_try_a_preset(picture):
    """With this seed `paper` is still further from the picture after it than before."""
    for preset in PRESETS.values():
        assert trained(picture, replace(preset, iterations=1, scales=2, seed=4)).finished


def test_pictures_of_one_colour_and_long_ones_train(picture, tiny_config):
    assert trained(Image.new("RGB", (40, 40), (120, 30, 200)), tiny_config).finished
    for preset, size in (("fast", (256, 32)), ("paper", (32, 200))):
        config = replace(PRESETS[preset], iterations=3, channels=4, max_channels=4, scales=3)
        assert trained(picture.resize(size), config).finished


def test_predicted_time_is_of_the_right_order(picture):
    config = replace(PRESETS["fast"], iterations=25, coarse_iterations=1.0, scales=3)
    predicted = predict_seconds(picture, config, "cpu")
    first, *_, last = singan.train(picture, config, device="cpu")
    assert last.seconds / 4 < predicted < last.seconds * 4
    # The first iteration, which also pays for what is set up once, would say hours.
    assert last.seconds / 8 < first.seconds_left < last.seconds * 8


def test_shipped_scenes_are_what_their_cards_command_gives():
    for name in ("autumn", "brushes", "dandelions", "peaks", "stream", "sunset"):
        scene = singan.ScenePipeline.from_pretrained(CHECKPOINTS / name)
        assert scene.finished and belongs_to(scene, CHECKPOINTS / name / "photograph.jpg", PRESETS["standard"])
        assert f"train checkpoints/{name}/photograph.jpg --out" in scene.card
        assert sum(path.stat().st_size for path in (CHECKPOINTS / name).iterdir()) < 5_000_000


def test_scales_end_where_they_settle_and_records_say_so(picture, tiny_config):
    """After three windows of five iterations, with 40 % more to come."""
    config = replace(tiny_config, iterations=60, scales=2, settled=0.9)
    seen = list(singan.train(picture, config, device="cpu"))
    ends = [record for record in seen if record.checkpoint and record.iteration == record.iterations]
    assert [record.iterations for record in ends] == [25, 25] and seen[-1].finished and seen[-1].seconds_left == 0
    assert trained(picture, replace(config, settled=0.0)).iterations == 60


def test_critics_of_large_scales_start_afresh(picture, tiny_config, tiny_checkpoint):
    pyramid = tiny_checkpoint.scene.pyramid
    for limit, inherits in ((None, True), (64, True), (63, False)):
        training = PyramidTrainer(picture, replace(tiny_config, fresh_above=limit), torch.device("cpu"))
        for n in range(2):
            training.advance(n)
            training.adopt(copy.deepcopy(pyramid.generators[n]), float(pyramid.sigmas[n]), tiny_checkpoint.critics[n])
        generator, critic = training.networks(2, 0)
        assert same(critic.state_dict(), tiny_checkpoint.critics[1]) == inherits
        assert same(generator.state_dict(), pyramid.generators[1].state_dict())


def test_too_little_memory_is_said_with_what_would_fit(picture, tiny_config):
    """In the middle of the second scale: the first is kept."""
    with pytest.raises(RuntimeError) as no_memory:
        torch.empty(10**15)
    records = singan.train(picture, tiny_config, "cpu")
    last = next(record for record in records if record.scale == 1)
    with pytest.raises(TrainingError, match="not enough memory for a max_size of .*; .* takes about a quarter"):
        records.throw(no_memory.value)
    assert last.scene.scales == 1


def test_of_a_gray_picture_all_is_gray(picture, tiny_config):
    """Without it the three channels' noise tints what networks draw, by up to 17 of 255."""
    last = trained(picture.convert("L").convert("RGB"), tiny_config)
    scene = last.scene
    drawn = [last.preview.sample, *scene.sample(2), *scene.retarget((40, 60)), *scene.paint(picture)]
    for image in [*drawn, *scene.animate(frames=2)]:
        assert image.tobytes() == image.convert("L").convert("RGB").tobytes()
