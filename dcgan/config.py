"""Settings of the networks (`ModelConfig`) and of their training (`TrainConfig`)."""

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from darkroom.checks import check_choice, check_range, check_whole
from darkroom.seeds import MAX_SEED

Architecture = Literal["radford", "thesis"]
DiscriminatorNorm = Literal["batch", "spectral", "none"]
Loss = Literal["minimax", "non-saturating", "wgan-gp", "hinge", "relativistic"]
Augmentation = Literal["none", "differentiable", "adaptive"]
Base = Literal["adam", "rmsprop"]

SIZE = 64  # px, both sides of every face
THESIS_LATENT_DIM = 32
MAX_LATENT_DIM = 1024
LATENT_GRID = 32  # steps a unit of z, of latents that are made to be short in links
MAX_WIDTH = 512
MAX_ITERATIONS = 10_000_000
COOLDOWN_ITERATIONS = 6_000  # of the preset `long`


@dataclass(frozen=True)
class ModelConfig:
    """All that rebuilds a generator and its discriminator.

    architecture: "radford" (Radford et al., 2016, as in PyTorch's tutorial) or "thesis" (fixed sizes, latent_dim 32).
    latent_dim: length of z.
    width: channels of the generator's last hidden layer; those before have 2, 4 and 8 times as many.
    discriminator_width: channels of the discriminator's first layer; those after have 2, 4 and 8 times as many.
    discriminator_norm: batch normalisation as published, spectral (Miyato et al., ICLR 2018), or none, which goes with
        gradient penalties.
    """

    architecture: Architecture = "radford"
    latent_dim: int = 100
    width: int = 64
    discriminator_width: int = 64
    discriminator_norm: DiscriminatorNorm = "batch"

    def __post_init__(self) -> None:
        check_choice("architecture", self.architecture, get_args(Architecture))
        check_choice("discriminator_norm", self.discriminator_norm, get_args(DiscriminatorNorm))
        check_whole("latent_dim", self.latent_dim, 1, MAX_LATENT_DIM)
        check_whole("width", self.width, 1, MAX_WIDTH)
        check_whole("discriminator_width", self.discriminator_width, 1, MAX_WIDTH)
        if self.architecture == "thesis" and self.latent_dim != THESIS_LATENT_DIM:
            raise ValueError(f"latent_dim is {self.latent_dim}; the thesis' networks have {THESIS_LATENT_DIM}")


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training. The defaults are the preset `standard`.

    model: the networks.
    iterations: updates of the generator.
    batch: images an update, over all processes.
    seed: of every random draw.
    loss: see `darkroom.adversarial`.
    label_smoothing: the target of real images is 1 minus this (minimax and non-saturating losses).
    label_noise: width of the uniform noise on the targets (the same losses).
    penalty: weight of the gradient penalty: R1 + R2, or that of WGAN-GP; 0 leaves it out.
    penalty_every: discriminator steps from one penalty to the next (lazy regularisation, StyleGAN2).
    discriminator_steps: discriminator steps for one of the generator.
    optimizer: "adam" or "rmsprop". extragradient: whether it is the base of `dcgan.optim.Extragradient`.
    learning_rate, discriminator_learning_rate: at the start. linear_decay: from half of the iterations on, to 2 %.
    cooldown: iterations at the end in which the learning rate falls to 2 %; 0 leaves it to linear_decay. What came
        before does not depend on the number of iterations: a training may be prolonged until it is to end.
    betas: of Adam. rho: smoothing of RMSprop. decay: learning rate / (1 + decay x iteration).
    clip_value: largest absolute value of a gradient's entry; None does not clip.
    shuffle: whether every epoch has its own order, else the files'. mirror: whether half of the faces are mirrored.
    augmentation: what the discriminator sees (`dcgan.augment`). augmentation_target: of ADA's sign statistic.
    ema_images: half-life of the generator's moving average, in images.
    control_scale: the control latents are multiplied by it.
    snapshot_every: iterations from one sheet and checkpoint to the next.
    quality_images: images trained from one quality figure to the next, at least. A figure costs as much as training
        some hundreds of them; a twentieth of the time is spent on figures at most.
    bfloat16: whether networks run in bfloat16 where the device is fast at it.
    """

    model: ModelConfig = ModelConfig(latent_dim=64, discriminator_norm="none")
    iterations: int = 9_000
    batch: int = 32
    seed: int = 0
    loss: Loss = "relativistic"
    label_smoothing: float = 0.0
    label_noise: float = 0.0
    penalty: float = 0.05
    penalty_every: int = 16
    discriminator_steps: int = 1
    optimizer: Base = "adam"
    extragradient: bool = False
    learning_rate: float = 5e-4
    discriminator_learning_rate: float = 5e-4
    linear_decay: bool = True
    cooldown: int = 0
    betas: tuple[float, float] = (0.0, 0.99)
    rho: float = 0.9
    decay: float = 0.0
    clip_value: float | None = None
    shuffle: bool = True
    mirror: bool = True
    augmentation: Augmentation = "none"
    augmentation_target: float = 0.6
    ema_images: int = 10_000
    control_scale: float = 1.0
    snapshot_every: int = 750
    quality_images: int = 24_000
    bfloat16: bool = True

    def __post_init__(self) -> None:
        check_choice("loss", self.loss, get_args(Loss))
        check_choice("optimizer", self.optimizer, get_args(Base))
        check_choice("augmentation", self.augmentation, get_args(Augmentation))
        check_range("iterations", self.iterations, 1, MAX_ITERATIONS)
        check_range("batch", self.batch, 2, 4096)
        check_range("seed", self.seed, 0, MAX_SEED)
        check_range("discriminator_steps", self.discriminator_steps, 1, 20)
        check_range("penalty_every", self.penalty_every, 1, 1000)
        check_range("snapshot_every", self.snapshot_every, 1, 1_000_000)
        check_range("quality_images", self.quality_images, 1, 1_000_000_000)
        check_range("label_smoothing", self.label_smoothing, 0.0, 0.5)
        check_range("penalty", self.penalty, 0.0, 1e6)
        check_range("cooldown", self.cooldown, 0, MAX_ITERATIONS)
        if self.loss == "wgan-gp" and not self.penalty:
            raise ValueError("penalty is 0 with loss 'wgan-gp'; that loss needs one above 0")

    def has_snapshot(self, iteration: int) -> bool:
        """Return whether there is a sheet and a checkpoint after so many iterations."""
        return iteration % self.snapshot_every == 0 or iteration == self.iterations

    def has_quality(self, iteration: int) -> bool:
        """Return whether the snapshot after so many iterations is measured, too: the last, and those well before."""
        if iteration == self.iterations:
            return self.iterations * self.batch >= self.quality_images
        every = self.snapshot_every * math.ceil(self.quality_images / (self.batch * self.snapshot_every))
        return iteration % every == 0 and self.iterations - iteration >= every

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainConfig":
        """Read the values of `dataclasses.asdict` after a journey through JSON."""
        return cls(**{**values, "model": ModelConfig(**values["model"]), "betas": tuple(values["betas"])})


_STANDARD = TrainConfig()
# Radford et al. (ICLR 2016), in the words of PyTorch's tutorial.
_RADFORD = replace(
    _STANDARD,
    model=ModelConfig(),
    batch=128,
    loss="non-saturating",
    penalty=0.0,
    learning_rate=2e-4,
    discriminator_learning_rate=2e-4,
    betas=(0.5, 0.999),
    linear_decay=False,
    augmentation="none",
    mirror=False,
)

PRESETS: dict[str, TrainConfig] = {
    "standard": _STANDARD,
    # Goes on while there is time, and is then resumed with `--iterations` at COOLDOWN_ITERATIONS more than it has.
    "long": replace(
        _STANDARD,
        iterations=100_000,
        penalty=0.2,
        learning_rate=1e-4,
        discriminator_learning_rate=1e-4,
        linear_decay=False,
        cooldown=COOLDOWN_ITERATIONS,
        ema_images=8_000,
        snapshot_every=200,
        quality_images=1_000_000_000,  # none: the model is the last one, not the best by sliced Wasserstein distance
    ),
    "radford": _RADFORD,
    # The thesis labels generated faces 1 and real ones 0 and adds its noise to that: with the logit's sign turned,
    # which an untrained network does not notice, that is label_noise here.
    "thesis": replace(
        _RADFORD,
        model=ModelConfig(architecture="thesis", latent_dim=THESIS_LATENT_DIM),
        iterations=15_000,
        batch=2,
        label_noise=0.05,
        optimizer="rmsprop",
        learning_rate=1e-4,
        discriminator_learning_rate=1e-4,
        decay=1e-8,
        clip_value=1.0,
        shuffle=False,
        control_scale=0.5,
        quality_images=6_000,
    ),
}


# What each loss was published with: penalty, penalty_every, discriminator_steps, and the discriminator's normalisation.
PUBLISHED: dict[Loss, tuple[float, int, int, DiscriminatorNorm]] = {
    "minimax": (0.0, 1, 1, "batch"),
    "non-saturating": (0.0, 1, 1, "batch"),
    "wgan-gp": (10.0, 1, 5, "none"),
    "hinge": (0.0, 1, 1, "spectral"),
    "relativistic": (_STANDARD.penalty, _STANDARD.penalty_every, 1, "none"),
}


def from_preset(name: str, **overrides: Any) -> TrainConfig:
    """Return a preset with some values changed; None leaves the preset's.

    Another loss than the preset's brings what it was published with, or it would not train. Raises ValueError for a
    name that is none.
    """
    check_choice("preset", name, tuple(PRESETS))
    preset = PRESETS[name]
    changes = {key: value for key, value in overrides.items() if value is not None}
    loss = changes.get("loss", preset.loss)
    if loss != preset.loss:
        check_choice("loss", loss, get_args(Loss))
        penalty, every, steps, norm = PUBLISHED[loss]
        model = replace(preset.model, discriminator_norm=norm)
        brought = {"penalty": penalty, "penalty_every": every, "discriminator_steps": steps, "model": model}
        changes = brought | changes
    return replace(preset, **changes)
