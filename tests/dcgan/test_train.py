import math
import shutil
import sys
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from dcgan import ModelError, TrainingError
from dcgan.checkpoint import load_checkpoint, save_checkpoint
from dcgan.config import PRESETS
from dcgan.quality import sliced_wasserstein, spread
from dcgan.train import train
from dcgan.trainer import Trainer, learning_rate

CPU = torch.device("cpu")
GAMES = {
    "standard": {"augmentation": "adaptive"},
    "wasserstein": {"loss": "wgan-gp", "penalty": 10.0, "penalty_every": 1, "discriminator_steps": 3,
                    "optimizer": "rmsprop", "mirror": False},
    "extra-adam": {"loss": "minimax", "penalty": 0.0, "extragradient": True, "norm": "batch",
                   "augmentation": "differentiable"},
    "noisy": {"loss": "non-saturating", "penalty": 0.0, "label_noise": 0.05, "label_smoothing": 0.1, "clip_value": 0.1,
              "norm": "spectral"},
}  # fmt: skip


def weights(record):
    state = record.checkpoint.state
    return {f"{part}.{name}": value for part in ("generator", "ema", "discriminator")
            for name, value in state[part].items()}  # fmt: skip


@pytest.fixture
def short(tiny_train_config):
    """Four iterations, with a checkpoint and a quality figure in the middle."""
    return replace(tiny_train_config, iterations=4, snapshot_every=2, quality_images=16)


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("game", GAMES)
def test_resumed_training_equals_uninterrupted(tiny_images, short, tmp_path, game):
    changes = dict(GAMES[game])
    model = replace(short.model, discriminator_norm=changes.pop("norm", "none"))
    config = replace(short, model=model, **changes)
    records = list(train(tiny_images, config, CPU))
    assert all(math.isfinite(value) for value in records[-1].losses.values())
    (half,) = (record for record in records if record.checkpoint and record.iteration == 2)
    save_checkpoint(half.checkpoint, tmp_path)
    *_, last = train(tiny_images, config, CPU, load_checkpoint(tmp_path))
    assert same(weights(last), weights(records[-1]))
    assert last.checkpoint.quality == records[-1].checkpoint.quality
    assert last.snapshot.sheet.tobytes() == records[-1].snapshot.sheet.tobytes()


@pytest.mark.soak
def test_the_thesis_networks_train(tiny_images):
    """One iteration: its networks are large."""
    config = replace(PRESETS["thesis"], iterations=1, snapshot_every=1)
    first = Trainer(tiny_images, config, CPU)
    before = first.g.network.state_dict()["main.1.weight"].clone()
    first.iterate(0)
    assert set(first.losses) == {"discriminator", "generator", "real", "fake"}
    assert not torch.equal(before, first.g.network.state_dict()["main.1.weight"])
    gradients = [p.grad for p in first.g.network.parameters()]
    assert max(float(gradient.abs().max()) for gradient in gradients) <= 1


def test_losses_are_always_in_the_same_tensors(tiny_images, tiny_train_config):
    """A captured iteration writes to the tensors that it once wrote to; one without a penalty leaves that alone."""
    trainer = Trainer(tiny_images, replace(tiny_train_config, penalty_every=2), CPU)
    trainer.iterate(0)
    tensors = dict(trainer.losses)
    before = {name: float(value) for name, value in tensors.items()}
    trainer.iterate(1)
    assert set(trainer.losses) == {"discriminator", "generator", "real", "fake", "penalty"}
    for name, value in trainer.losses.items():
        assert value is tensors[name] and (float(value) == before[name]) == (name == "penalty")


def test_the_learning_rate_falls(tiny_train_config):
    for changes, shares in (
        ({"linear_decay": True}, [1, 1, 0.5, 0.02]),
        ({"linear_decay": False, "decay": 0.1}, [1, 1 / 6, 1 / 8.5, 1 / 11]),
        ({"cooldown": 40}, [1, 1, 0.625, 0.02]),
    ):
        config = replace(tiny_train_config, iterations=100, **changes)
        assert [learning_rate(config, i) for i in (0, 50, 75, 100)] == pytest.approx(shares)


def test_pictures_come_in_order_or_shuffled_each_once_an_epoch(tiny_images, tiny_train_config):
    ordered = Trainer(tiny_images, replace(tiny_train_config, shuffle=False), CPU)
    assert ordered.indices(1).tolist() == [list(range(8, 16))] and ordered.indices(8).tolist() == [list(range(8))]
    shuffled = Trainer(tiny_images, replace(tiny_train_config, discriminator_steps=2), CPU)
    epochs = [torch.cat([shuffled.indices(i).flatten() for i in range(first, first + 4)]) for first in (0, 4)]
    assert all(sorted(epoch.tolist()) == list(range(64)) for epoch in epochs)
    assert epochs[0].tolist() != epochs[1].tolist()
    assert shuffled.indices(5).tolist() == Trainer(tiny_images, shuffled.config, CPU).indices(5).tolist()


def test_the_average_lags_behind_and_has_its_own_statistics(tiny_faces_folder):
    checkpoint = load_checkpoint(tiny_faces_folder)
    state, generator = checkpoint.state, checkpoint.faces.generator.state_dict()
    assert not torch.equal(state["ema"]["main.3.weight"], state["generator"]["main.3.weight"])
    assert not torch.equal(generator["main.4.running_var"], state["ema"]["main.4.running_var"])


def test_the_generator_learns_what_all_pictures_share(tiny_train_config):
    """A light square in the middle of every picture, the rest by chance."""
    images = torch.randint(0, 120, (64, 3, 8, 8), generator=torch.Generator().manual_seed(0)).float()
    images[:, :, 2:6, 2:6] += 130
    images = torch.nn.functional.interpolate(images, 64).to(torch.uint8)
    model = replace(tiny_train_config.model, width=8, discriminator_width=8)
    config = replace(tiny_train_config, model=model, iterations=100, snapshot_every=100, ema_images=80,
                     learning_rate=1e-3, discriminator_learning_rate=1e-3)  # fmt: skip
    *_, last = train(images, config, CPU)
    drawn = last.checkpoint.faces.render(last.checkpoint.faces.latents(64)).mean((0, 1))
    wanted = images.float().mean((0, 1))
    assert torch.corrcoef(torch.stack([drawn.flatten(), wanted.flatten()]))[0, 1] > 0.8


def test_collapse_is_reported_and_the_best_is_kept(tiny_images, short, monkeypatch):
    records = [record for record in train(tiny_images, short, CPU) if record.snapshot]
    assert all(record.snapshot.collapsed for record in records)  # four iterations: all faces are grey
    assert records[-1].checkpoint.quality == math.inf
    monkeypatch.setattr("dcgan.quality.COLLAPSED_SPREAD", 0.0)
    qualities = iter([0.3, 0.7])
    monkeypatch.setattr("dcgan.quality.sliced_wasserstein", lambda *_: next(qualities))
    good, worse = (record for record in train(tiny_images, short, CPU) if record.snapshot)
    assert worse.checkpoint.quality == 0.3 and worse.checkpoint.faces is good.checkpoint.faces
    assert worse.checkpoint.iteration == 4 and worse.snapshot.quality == 0.7


def test_training_that_gives_no_numbers_says_so(tiny_images, tiny_train_config):
    config = replace(tiny_train_config, learning_rate=math.inf)
    with pytest.raises(TrainingError, match="no numbers any more at iteration"):
        list(train(tiny_images, config, CPU))


def test_a_checkpoint_of_something_else_is_refused(tiny_images, short):
    first = next(record for record in train(tiny_images, short, CPU) if record.checkpoint).checkpoint
    for images, config, message in (
        (tiny_images, replace(short, seed=5), "other settings"),
        (tiny_images.flip(0), short, "other pictures"),
        (tiny_images, replace(short, iterations=2), "iterations is 2; the checkpoint already has 2"),
    ):
        with pytest.raises(ValueError, match=message):
            next(train(images, config, CPU, first))
    longer = replace(short, iterations=3)
    assert list(train(tiny_images, longer, CPU, first))[-1].iteration == 3


def test_a_damaged_training_file_is_refused(tiny_faces_folder, tiny_images, tiny_train_config, tmp_path):
    with pytest.raises(ModelError, match="holds no training to go on with"):
        load_checkpoint(tmp_path)
    for name in ("config.json", "model.safetensors"):
        shutil.copy(tiny_faces_folder / name, tmp_path)
    path = tiny_faces_folder / "training.safetensors"
    content, tensors = path.read_bytes(), load_file(path)
    with safe_open(path, "pt") as file:
        about = file.metadata()
    quality = content.index(b'"quality\\": ') + len('"quality\\": ')
    other_networks = (
        save({**tensors, name: torch.zeros(3)}, about)
        for name in ("ema/main.0.weight", "generator_optimizer/99/exp_avg", "discriminator_optimizer/0")
    )
    for damaged in (
        content[:-50], b"", content.replace(b"iteration", b"iteratiom", 1), *other_networks,
        content[:quality] + b"-9  "[: len("null")] + content[quality + len("null") :],
    ):  # fmt: skip
        (tmp_path / "training.safetensors").write_bytes(damaged)
        with pytest.raises(ModelError, match="training.safetensors is damaged: |to go on with is damaged") as caught:
            next(train(tiny_images, replace(tiny_train_config, iterations=12), CPU, load_checkpoint(tmp_path)))
        assert "\n" not in str(caught.value)


def test_any_record_can_become_a_checkpoint(tiny_images, short, tmp_path, monkeypatch):
    """Before the first model is examined it is the one of that moment; later the best so far."""
    monkeypatch.setattr(sys.modules["dcgan.train"], "RECORD_SECONDS", 0.0)
    monkeypatch.setattr("dcgan.quality.COLLAPSED_SPREAD", 0.0)
    records = train(tiny_images, short, CPU)
    early = next(records).make_checkpoint()
    assert early.iteration == 1 and early.quality == math.inf and len(early.faces.generate(torch.zeros(1, 8))) == 1
    best = next(record.checkpoint for record in records if record.checkpoint)
    later = next(records).make_checkpoint()
    assert later.iteration == 3 and later.faces is best.faces and later.quality == best.quality < math.inf
    *_, whole = records
    for checkpoint in (early, later):
        save_checkpoint(checkpoint, tmp_path)
        *_, last = train(tiny_images, short, CPU, load_checkpoint(tmp_path))
        assert same(weights(last), weights(whole)) and last.checkpoint.quality == whole.checkpoint.quality


@pytest.mark.soak
def test_two_processes_train_one_model(torchrun, tiny_images, tmp_path):
    """By torchrun and gloo: both hold the same weights, which are the mean of what each saw."""
    torch.save(tiny_images, tmp_path / "images.pt")
    torchrun("two_processes.py", tmp_path)
    ranks = [torch.load(tmp_path / f"rank{rank}.pt") for rank in range(2)]
    assert same(ranks[0]["weights"], ranks[1]["weights"])
    seen = [rank["indices"] for rank in ranks]
    assert len(seen[0]) == len(seen[1]) == 4 and not set(seen[0]) & set(seen[1])
    mean = [(a + b) / 2 for a, b in zip(*(rank["own_gradients"] for rank in ranks), strict=True)]
    for found, expected in zip(ranks[0]["gradients"], mean, strict=True):
        assert torch.allclose(found, expected, atol=1e-7)
    assert any(not torch.allclose(a, b) for a, b in zip(*(rank["own_gradients"] for rank in ranks), strict=True))


# -- the figures of a snapshot ----------------------------------------------------------------------------------------


def test_distance_and_spread_order_sets_as_the_eye_does(tiny_images):
    real = tiny_images.float() / 127.5 - 1
    half, other = real[:32], real[32:]
    noisy = (other + 0.5 * torch.randn(other.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)
    alike, blurred = sliced_wasserstein(half, other), torch.nn.functional.avg_pool2d(other, 5, 1, 2)
    assert sliced_wasserstein(half, half) == 0 == spread(half[:1].expand(5, -1, -1, -1))
    assert spread(torch.stack([torch.zeros(3, 8, 8), torch.ones(3, 8, 8)])) == pytest.approx(1)
    assert alike < sliced_wasserstein(half, noisy) and alike < sliced_wasserstein(half, -torch.ones_like(other))
    assert alike < sliced_wasserstein(half, blurred[:1].expand(32, -1, -1, -1))


def test_too_little_memory_is_said_with_what_would_fit(tiny_images, tiny_train_config, monkeypatch):
    monkeypatch.setattr("dcgan.trainer.Trainer.iterate", lambda self, i: torch.empty(10**15))
    with pytest.raises(TrainingError, match="not enough memory for a batch of 8; 4 takes about half"):
        next(train(tiny_images, tiny_train_config, CPU))
