import copy

import pytest
import torch
from torch import nn

from darkroom.seeds import seed_of, seeded
from dcgan.config import PRESETS, ModelConfig
from dcgan.model import ThesisGenerator, initialise, new_discriminator, new_generator, refresh_statistics

THESIS = PRESETS["thesis"].model


def test_shapes_and_range():
    for latent_dim, norm in ((1, "batch"), (64, "spectral"), (100, "none")):
        config = ModelConfig(latent_dim=latent_dim, width=4, discriminator_width=8, discriminator_norm=norm)
        x = new_generator(config)(torch.randn(3, latent_dim))
        assert x.shape == (3, 3, 64, 64) and x.abs().max() <= 1
        assert new_discriminator(config)(x).shape == (3,)


def test_the_layout_and_size_are_the_tutorials():
    generator, discriminator = new_generator(ModelConfig()), new_discriminator(ModelConfig())
    names = [name for name in generator.state_dict() if name.endswith("weight")]
    assert names == [f"main.{i}.weight" for i in (0, 1, 3, 4, 6, 7, 9, 10, 12)]
    assert generator.state_dict()["main.0.weight"].shape == (100, 512, 4, 4)
    assert sum(p.numel() for p in generator.parameters()) == 3_576_704  # as the tutorial prints
    assert sum(p.numel() for p in discriminator.parameters()) == 2_765_568
    assert [name for name in discriminator.state_dict() if name.endswith("weight")] == [
        f"main.{i}.weight" for i in (0, 2, 3, 5, 6, 8, 9, 11)
    ]


def test_the_thesis_networks():
    generator, discriminator = new_generator(THESIS), new_discriminator(THESIS)
    shapes = {name: tuple(p.shape) for name, p in generator.named_parameters() if p.ndim > 1}
    assert list(shapes.values()) == [
        (128 * 16 * 16, 32), (256, 128, 5, 5), (256, 256, 4, 4), (256, 256, 4, 4), (512, 256, 5, 5), (512, 512, 5, 5),
        (3, 512, 7, 7),
    ]  # fmt: skip
    shapes = {name: tuple(p.shape) for name, p in discriminator.named_parameters() if p.ndim > 1}
    assert list(shapes.values()) == [(256, 3, 3, 3), *[(256, 256, 4, 4)] * 4, (1, 1024)]
    assert {m.negative_slope for net in (generator, discriminator) for m in net.modules()
            if isinstance(m, nn.LeakyReLU)} == {0.3}  # fmt: skip
    assert [m.p for m in discriminator.modules() if isinstance(m, nn.Dropout)] == [0.4]
    with torch.no_grad():
        x = generator(torch.randn(1, 32))
        assert x.shape == (1, 3, 64, 64) and x.abs().max() <= 1
        assert discriminator(x).shape == (1,)


def test_initial_weights_follow_the_seed_and_the_paper():
    def weights(config, seed, new=new_generator):
        network = new(config)
        initialise(network, seeded(seed))
        return network.state_dict()

    small = ModelConfig(width=16)
    one, same, other = weights(small, 0), weights(small, 0), weights(small, 1)
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["main.3.weight"], other["main.3.weight"])
    assert one["main.3.weight"].std() == pytest.approx(0.02, rel=0.01)
    spectral = weights(ModelConfig(discriminator_norm="spectral"), 0, new_discriminator)
    assert spectral["main.2.parametrizations.weight.original"].std() == pytest.approx(0.02, rel=0.01)
    glorot = weights(THESIS, 0)["main.1.weight"]
    assert glorot.abs().max() == pytest.approx((6 / (25 * (128 + 256))) ** 0.5, rel=0.01)


def test_seeds_share_nothing():
    """Neither neighbours nor numbers that a careless encoding would run together."""
    numbers = [(0,), (1,), (0, 0), (0, 1), (1, 0), (0, 0, 0), (2**40,), (2**32, 0), (1 + 2**32, 0), (0, 2**32)]
    assert len({seed_of(*it) for it in numbers}) == len(numbers)
    assert torch.equal(torch.randn(4, generator=seeded(3, 1)), torch.randn(4, generator=seeded(3, 1)))


def test_statistics_are_taken_anew_and_always_alike():
    generator = new_generator(ModelConfig(latent_dim=8, width=4))
    initialise(generator, seeded(0))
    other = copy.deepcopy(generator)
    for _ in range(3):
        other.train()(100 * torch.randn(16, 8))  # statistics of something else
    refresh_statistics(generator, 8, torch.float32)
    refresh_statistics(other, 8, torch.float32)
    for name, value in generator.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    z = torch.randn(512, 8, generator=seeded(5))
    assert generator.training and other.training, "they stay what they were"
    assert all(norm.momentum == 0.1 for norm in generator.modules() if isinstance(norm, torch.nn.BatchNorm2d))
    batchwise, running = copy.deepcopy(generator)(z), generator.eval()(z)
    assert (batchwise - running).abs().mean() < 0.05 * running.std()
    thesis = ThesisGenerator(THESIS)  # it normalises nothing
    before = copy.deepcopy(thesis.state_dict())
    refresh_statistics(thesis, 32, torch.float32)
    assert all(torch.equal(before[name], value) for name, value in thesis.state_dict().items())
