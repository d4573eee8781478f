import itertools
import json
from dataclasses import asdict, replace

import pytest

from dcgan.config import PRESETS, ModelConfig, TrainConfig, from_preset


def test_a_configuration_survives_json():
    for config in PRESETS.values():
        assert TrainConfig.from_dict(json.loads(json.dumps(asdict(config)))) == config


def test_values_out_of_range_are_named():
    for values, message in (
        ({"iterations": 0}, "iterations is 0; allowed are 1 to"),
        ({"batch": 1}, "batch is 1; allowed are 2 to"),
        ({"loss": "mse"}, "loss is 'mse'; allowed are minimax"),
        ({"label_smoothing": 0.6}, "label_smoothing is 0.6"),
        ({"loss": "wgan-gp", "penalty": 0.0}, "penalty is 0 with loss 'wgan-gp'; that loss needs one above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(PRESETS["standard"], **values)
    with pytest.raises(ValueError, match="latent_dim is 0"):
        ModelConfig(latent_dim=0)
    with pytest.raises(ValueError, match="the thesis' networks have 32"):
        ModelConfig(architecture="thesis", latent_dim=100)


def test_a_preset_takes_overrides_and_another_loss_brings_what_it_was_published_with():
    critic = from_preset("radford", loss="wgan-gp", batch=64)
    assert (critic.penalty, critic.penalty_every, critic.discriminator_steps, critic.batch) == (10.0, 1, 5, 64)
    assert critic.model.discriminator_norm == "none" and critic.optimizer == PRESETS["radford"].optimizer
    assert from_preset("radford", loss="hinge").model.discriminator_norm == "spectral"
    assert from_preset("radford", loss="wgan-gp", penalty=1.0).penalty == 1.0
    for name, preset in PRESETS.items():
        assert from_preset(name, loss=preset.loss) == preset
    assert from_preset("radford", loss="relativistic").penalty == PRESETS["standard"].penalty
    assert from_preset("radford", iterations=5, batch=None).iterations == 5
    with pytest.raises(ValueError, match="preset is 'best'; allowed are standard, long, radford, thesis"):
        from_preset("best")


def test_quality_figures_never_come_more_often_than_their_cost_allows():
    """At the end too, however short the training is; and where there are any, the last iteration has one."""
    for preset, batch, iterations in itertools.product(PRESETS, (2, 32, 128), (1, 751, 3_000, 10_000)):
        config = from_preset(preset, batch=batch, iterations=iterations)
        found = [i for i in range(1, iterations + 1) if config.has_snapshot(i) and config.has_quality(i)]
        assert len(found) * config.quality_images <= iterations * batch
        assert found[-1:] == [iterations] * bool(found)
