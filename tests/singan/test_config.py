import json
from dataclasses import asdict, replace

import pytest

from singan.config import PRESETS, Game, ModelConfig, TrainConfig


def test_paper_is_the_published_method():
    paper = PRESETS["paper"]
    assert (paper.min_size, paper.max_size, paper.scale_factor) == (25, 250, 0.75)
    assert paper.coarse == paper.fine == Game("wgan-gp", penalty=0.1, penalty_every=1, reconstruction_weight=10)
    assert (paper.learning_rate, paper.betas, paper.decay, paper.iterations) == (5e-4, (0.5, 0.999), "step", 2000)
    assert (paper.critic_steps, paper.generator_steps, paper.settled) == (3, 3, 0)
    assert (paper.crop, paper.pool, paper.bfloat16, paper.critic_norm) == (0, 0, False, True)
    assert (paper.noise_amplitude, paper.fresh_above) == (0.1, None)
    for preset, scale, loss in (("paper", 0, "wgan-gp"), ("standard", 0, "wgan-gp"), ("standard", 3, "relativistic")):
        assert PRESETS[preset].game(scale).loss == loss


def test_widths_double_every_four_scales_up_to_the_maximum():
    model = PRESETS["paper"].model_config(tuple((25 + n, 25 + n) for n in range(10)))
    assert model.channels == (32, 32, 32, 32, 64, 64, 64, 64, 128, 128)
    assert set(model.norms) == {"batch"} and set(model.paddings) == {"zeros"}


def test_configurations_survive_json():
    for config in PRESETS.values():
        model = config.model_config(((16, 20), (30, 40)))
        assert TrainConfig.from_dict(json.loads(json.dumps(asdict(config)))) == config
        assert ModelConfig.from_dict(json.loads(json.dumps(asdict(model)))) == model


def test_errors_name_the_value_and_what_is_allowed():
    """Files cannot claim networks of any size."""
    model = ModelConfig(((16, 20), (32, 40)), (8, 8), ("none", "none"), ("zeros", "reflect"))
    for good, change, message in (
        (PRESETS["standard"], {"max_size": 2000}, "max_size is 2000; allowed are 32 to 1024"),
        (PRESETS["standard"], {"scales": 1}, "scales is 1; allowed are 2 to 16"),
        (PRESETS["standard"], {"iterations": 0}, "iterations is 0; allowed are 1 to"),
        (PRESETS["standard"], {"seed": -1}, "seed is -1; allowed are 0 to"),
        (PRESETS["standard"], {"seed": None}, "seed is None"),
        (model, {"sizes": ((16, 20), (10**6, 9))}, "a scale's height is 1000000; allowed are 1 to 1024"),
        (model, {"channels": (8, 10**6)}, "channels is 1000000; allowed are 1 to 512"),
        (model, {"norms": ("none",)}, "norms has 1 entries; 2 scales need as many"),
        (model, {"layers": 1000}, "layers is 1000"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(good, **change)


def test_a_configuration_of_an_older_file_is_read():
    """Scenes trained before a setting was there, or was renamed, still draw."""
    older = {key: value for key, value in asdict(PRESETS["fast"]).items() if key not in ("coarse", "fine", "settled")}
    config = TrainConfig.from_dict({**older, "penalty": 0.1, "iterations": 7})
    assert config == replace(PRESETS["fast"], iterations=7)
