"""One scale in training: what its steps see, what they learn from, and when they end."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from darkroom.adversarial import generator_loss
from singan import PRESETS
from singan.scale import Crops, Schedule
from singan.trainer import PyramidTrainer

CPU = torch.device("cpu")


class NoWaiting(TorchDispatchMode):
    """Refuses what would make the host wait for the device, and so could not be captured either."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        waiting = {"aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select", "aten::equal"}
        assert function.name().split(".")[0] not in waiting, f"{function} needs a number on the host"
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize(("preset", "n"), [("standard", 0), ("fine", 1), ("paper", 1)])
def test_a_step_never_waits_for_the_device(preset, n, picture):
    config = replace(PRESETS["paper" if preset == "paper" else "standard"], channels=4, max_channels=4, scales=3)
    config = replace(config, coarse_scales=0) if preset == "fine" else config
    training = PyramidTrainer(picture, config, torch.device("cpu"))
    if n:
        generator, critic = training.networks(0, 0)
        training.adopt(generator, 1.0, critic.state_dict())
        training.advance(1)
    trainer = training.trainer(n)
    for i in range(2 * trainer.game.penalty_every + 2):
        with NoWaiting() if i else nullcontext():  # the first step sets up the optimisers
            trainer.iterate(i)


def trainer_of(picture, preset="standard", **changes):
    """The coarsest scale, in float32."""
    return PyramidTrainer(picture, replace(PRESETS[preset], bfloat16=False, **changes), CPU).trainer(0)


def test_batch_statistics_never_mix_real_and_fake(picture):
    """A critic without them sees both in one pass; the penalty is a pass of its own."""
    for preset, batches in (("paper", [1, 1, 1]), ("standard", [2, 1])):
        trainer, seen = trainer_of(picture, preset, crops=1), []
        trainer.critic.network.register_forward_hook(lambda critic, inputs, scores: seen.append(len(inputs[0])))  # noqa: B023
        trainer.critic_step(trainer.task.real, torch.zeros_like(trainer.task.real), weight=0.1)
        assert seen == batches


def test_one_pass_or_two_give_the_same_losses(picture):
    """Where the critic has no batch statistics."""
    losses = []
    for critic_norm in (False, True):
        trainer = trainer_of(picture, norm="none", critic_norm=critic_norm)
        assert trainer.one_pass == (not critic_norm)
        trainer.critic_step(trainer.task.real, torch.zeros(4, *trainer.task.real.shape[1:]), weight=0.1)
        losses.append(trainer.check()["critic"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_the_generator_meets_the_real_scores_of_the_last_critic_step(picture):
    """They are kept, not computed anew: those before the critic's update."""
    trainer = trainer_of(picture, coarse=PRESETS["fast"].fine)
    real, fake = trainer.task.real, torch.rand(4, *trainer.task.real.shape[1:])
    before = trainer.critic.network(real).detach()
    real_scores = trainer.critic_step(real, fake, weight=0.0)
    assert torch.allclose(real_scores, before, atol=1e-5) and not real_scores.requires_grad
    expected = generator_loss("relativistic", real_scores + 3, trainer.critic.network(fake))
    trainer.generator_step(real_scores + 3, fake.requires_grad_(), fake, fake.detach())
    assert trainer.check()["generator"] == pytest.approx(expected.item(), rel=1e-5)


def test_crops_show_every_border_as_often_as_the_middle():
    size, shape = (40, 60), (16, 24)
    rng = torch.Generator().manual_seed(0)
    corners = Crops(size, shape, rng).corners(4000)
    for axis in range(2):
        room = size[axis] - shape[axis]
        counts = torch.bincount(corners[:, axis], minlength=room + 1)
        assert len(counts) == room + 1 and counts.min() > 0
        assert min(counts[0], counts[-1]) > 4 * counts[1:-1].float().mean()


def test_a_crop_with_its_margin_is_cut_from_its_picture():
    pictures = torch.arange(2 * 3 * 14 * 16.0).reshape(2, 3, 14, 16)  # 10x12 with a margin of 2
    crops = Crops((10, 12), (4, 6), torch.Generator())
    corners, rows = torch.tensor([[0, 0], [6, 6], [3, 1]]), torch.tensor([0, 1, 1])
    for cut, (y, x), row in zip(crops.cut(pictures, corners, 2, rows), corners.tolist(), rows.tolist(), strict=True):
        assert torch.equal(cut, pictures[row, :, y : y + 8, x : x + 10])
    assert torch.equal(crops.cut(pictures, corners)[1], pictures[0, :, 6:10, 6:12])


def test_a_scale_ends_early_once_its_reconstruction_has_settled():
    """Twice in a row no better than the best before; the last 40 % begin there, and nothing prolongs them."""
    schedule = Schedule(replace(PRESETS["fast"], iterations=1200, coarse_iterations=1.0), 0, CPU)
    ends = []
    for i in range(700):
        schedule.window.add_((4, 3, 3, 2, 2, 2.5, 1)[i // 100])
        schedule.end_iteration(i)
        if i % 100 == 99:
            ends.append(schedule.iterations)
    assert ends == [1200, 1200, 1200, 1200, 1200, 1000, 1000]


def test_the_learning_rate_falls():
    for decay, shares in (("step", [1, 1, 1, 1, 0.1]), ("linear", [1, 1, 1, 0.625, 0.025])):
        schedule = Schedule(replace(PRESETS["fast"], iterations=100, coarse_iterations=1.0, decay=decay), 0, CPU)
        assert [schedule.learning_rate(i) for i in (0, 30, 60, 75, 99)] == pytest.approx(shares)
