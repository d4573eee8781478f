"""The configuration of a scene's networks (`ModelConfig`) and of their training (`TrainConfig`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from darkroom.checks import check_choice, check_range, check_whole
from darkroom.seeds import MAX_SEED
from darkroom.uses import Size

Norm = Literal["none", "instance", "batch"]
Padding = Literal["zeros", "reflect"]
Loss = Literal["relativistic", "wgan-gp"]
Shape = tuple[int, int]  # (height, width), px, of arrays; a darkroom.uses.Size is (width, height)

MAX_SCALES, MAX_TRAINED_SIDE, MAX_CHANNELS = 20, 1024, 512
MIN_OUTPUT, MAX_OUTPUT = 16, 4096  # px, a side of what is drawn
MAX_PRINT_PIXELS = 16_000_000  # that the enlarger draws
LAYERS = 5
KERNEL = 3  # px, every convolution (SinGAN, section 2.1)
RECEPTIVE_FIELD = LAYERS * (KERNEL - 1) + 1  # px


@dataclass(frozen=True)
class ModelConfig:
    """Describe the networks of a pyramid; index 0 is the coarsest scale everywhere.

    sizes: (height, width) of each scale, px.
    channels: width of each scale's hidden layers.
    norms: normalisation of each scale's generator.
    paddings: what each scale's generator sees outside the picture.
    layers: convolutions of a network; its receptive field is `2 * layers + 1` px.
    """

    sizes: tuple[Shape, ...]
    channels: tuple[int, ...]
    norms: tuple[Norm, ...]
    paddings: tuple[Padding, ...]
    layers: int = LAYERS

    def __post_init__(self) -> None:
        # Files from elsewhere come with a configuration: nothing is made that they merely claim.
        check_range("number of scales", len(self.sizes), 1, MAX_SCALES)
        for height, width in self.sizes:
            check_whole("a scale's height", height, 1, MAX_TRAINED_SIDE)
            check_whole("a scale's width", width, 1, MAX_TRAINED_SIDE)
        for name in ("channels", "norms", "paddings"):
            entries = len(getattr(self, name))
            if entries != len(self.sizes):
                raise ValueError(f"{name} has {entries} entries; {len(self.sizes)} scales need as many")
        for channels in self.channels:
            check_whole("channels", channels, 1, MAX_CHANNELS)
        for norm, padding in zip(self.norms, self.paddings, strict=True):
            check_choice("norm", norm, get_args(Norm))
            check_choice("padding", padding, get_args(Padding))
        check_whole("layers", self.layers, 2, 16)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """Make one of what `dataclasses.asdict` gave, after a journey through JSON."""
        tuples = {key: tuple(values[key]) for key in ("channels", "norms", "paddings")}
        sizes = tuple((height, width) for height, width in values["sizes"])
        return cls(sizes=sizes, layers=values["layers"], **tuples)


@dataclass(frozen=True)
class Game:
    """The game of a scale's two networks.

    loss: "wgan-gp" (Gulrajani et al., 2017) or "relativistic" (R3GAN, Huang et al., 2024) with R1 and R2.
    penalty: weight of the gradient penalty. penalty_every: critic steps from one to the next (lazy regularisation,
    StyleGAN2). reconstruction_weight: alpha of SinGAN's equation 2. clip: a network's gradient is shortened to this
    times its recent norm; 0 leaves it as it is.
    """

    loss: Loss
    penalty: float
    penalty_every: int
    reconstruction_weight: float
    clip: float = 0.0


@dataclass(frozen=True)
class TrainConfig:
    """How a pyramid is trained on one picture. The defaults are the preset `standard`.

    max_size: longer side of the trained picture, px; larger pictures are reduced, smaller ones kept.
    min_size: shorter side of the coarsest scale, px.
    scale_factor: wanted ratio between neighbouring scales; adjusted so that the coarsest comes out at min_size.
    scales: number of scales; None derives it from scale_factor.
    until: shorter side, px, up to which scales are trained; those above it are left for later, None: all are trained.
    iterations: training steps a scale, at most; `coarse_iterations` times as many at the `coarse_scales`.
    settled: a scale begins its last 40 % once its reconstruction loss, over a twelfth of its iterations, was twice in a
    row not below the best before by this share; 0: only after 60 % of its iterations.
    seed: of every random draw.
    channels, max_channels: hidden width, doubled every 4 scales up to the maximum.
    norm, norm_scales: the generators' normalisation, at how many of the coarsest scales (None: all).
    critic_norm: whether the critics are normalised as the generators are.
    fresh_above: critics of scales with a longer side above this, px, do not start from the weights of the one below;
    None: all do.
    zero_padding_scales: coarsest scales that see zeros outside the picture, the others its reflection (None: all).
    noise_amplitude: sigma of a scale is this times the RMSE of the reconstruction below it (SinGAN, section 2.1).
    coarse, fine, coarse_scales: the game at that many of the coarsest scales, and at the others.
    learning_rate, betas: of Adam. decay: "step" (x 0.1 after 80 %) or "linear" (constant to 60 %, then to 2 %).
    critic_steps, generator_steps: updates of each network an iteration.
    crop, crops: side of the training crops, px, and their number; crop 0 trains on whole pictures.
    pool: samples of the lower pyramid that are kept and reused; 0 redraws one at every step.
    bfloat16: whether networks run in bfloat16 where the device is fast at it.
    """

    max_size: int = 250
    min_size: int = 19
    scale_factor: float = 0.65
    scales: int | None = None
    until: int | None = None
    iterations: int = 240
    coarse_iterations: float = 2.8
    settled: float = 0.02
    seed: int = 0
    channels: int = 32
    max_channels: int = 32
    norm: Norm = "instance"
    norm_scales: int | None = 1
    critic_norm: bool = False
    fresh_above: int | None = 128
    zero_padding_scales: int | None = 2
    noise_amplitude: float = 0.3
    coarse: Game = Game("wgan-gp", penalty=0.1, penalty_every=4, reconstruction_weight=10.0)
    fine: Game = Game("relativistic", penalty=0.004, penalty_every=8, reconstruction_weight=50.0, clip=2.0)
    coarse_scales: int = 3
    learning_rate: float = 2e-3
    betas: tuple[float, float] = (0.5, 0.99)
    decay: Literal["step", "linear"] = "linear"
    critic_steps: int = 1
    generator_steps: int = 1
    crop: int = 48
    crops: int = 4
    pool: int = 32
    bfloat16: bool = True

    def __post_init__(self) -> None:
        ranges = {
            "max_size": (32, MAX_TRAINED_SIDE), "min_size": (RECEPTIVE_FIELD, 64), "scale_factor": (0.3, 0.95),
            "iterations": (1, 20_000), "seed": (0, MAX_SEED), "scales": (2, 16), "until": (1, MAX_TRAINED_SIDE),
        }  # fmt: skip
        for name, (low, high) in ranges.items():
            if getattr(self, name) is not None:
                check_range(name, getattr(self, name), low, high)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainConfig:
        """Make one of what `dataclasses.asdict` gave, after JSON. What a file lacks, or has beyond, is left."""
        known = {key: value for key, value in values.items() if key in cls.__dataclass_fields__}
        known |= {key: Game(**known[key]) for key in ("coarse", "fine") if key in known}
        return cls(**{**known, "betas": tuple(values["betas"])})

    def trained(self, sizes: Sequence[Shape]) -> int:
        """Count the scales of these (height, width) sizes that are trained; the coarsest always is."""
        return len(sizes) if self.until is None else max(1, sum(min(size) <= self.until for size in sizes))

    def same_recipe(self, other: TrainConfig) -> bool:
        """Return whether both give the same networks, as far as they go."""
        return replace(self, until=None) == replace(other, until=None)

    def steps(self, n: int) -> int:
        """Return the most iterations of scale n."""
        return round(self.iterations * (self.coarse_iterations if n < self.coarse_scales else 1))

    def game(self, n: int) -> Game:
        """Return the game of scale n."""
        return self.coarse if n < self.coarse_scales else self.fine

    @property
    def batch(self) -> int:
        """Fakes of an iteration: crops, or one whole picture."""
        return self.crops if self.crop else 1

    def model_config(self, sizes: tuple[Shape, ...]) -> ModelConfig:
        """Configure the networks that this configuration trains on a pyramid of these (height, width) sizes."""
        numbers = range(len(sizes))
        normed, zeros = (len(sizes) if it is None else it for it in (self.norm_scales, self.zero_padding_scales))
        return ModelConfig(
            sizes=sizes,
            channels=tuple(min(self.max_channels, self.channels * 2 ** (n // 4)) for n in numbers),
            norms=tuple(self.norm if n < normed else "none" for n in numbers),
            paddings=tuple("zeros" if n < zeros else "reflect" for n in numbers),
        )


_STANDARD = TrainConfig()
_PUBLISHED = Game("wgan-gp", penalty=0.1, penalty_every=1, reconstruction_weight=10.0)
# The published SinGAN (Shaham et al., ICCV 2019; supplement and official code), float32 as there.
_PAPER = replace(
    _STANDARD, min_size=25, scale_factor=0.75, iterations=2000, coarse_iterations=1.0, settled=0.0, max_channels=128,
    norm="batch", norm_scales=None, critic_norm=True, fresh_above=None, zero_padding_scales=None, noise_amplitude=0.1,
    coarse=_PUBLISHED, fine=_PUBLISHED, learning_rate=5e-4, betas=(0.5, 0.999), decay="step", critic_steps=3,
    generator_steps=3, crop=0, pool=0, bfloat16=False,
)  # fmt: skip

PRESETS: dict[str, TrainConfig] = {
    "layout": replace(_STANDARD, until=40),  # what the enlarger needs; training goes on to the whole of `standard`
    "fast": replace(_STANDARD, max_size=128, scale_factor=0.6, iterations=170),
    "standard": _STANDARD,
    "paper": _PAPER,
}


def check_output(size: Size, side: int, pixels: int) -> None:
    """Raise ValueError unless results may have this (width, height), with so many pixels a side and in all at most."""
    check_range("width", size[0], MIN_OUTPUT, side)
    check_range("height", size[1], MIN_OUTPUT, side)
    if size[0] * size[1] > pixels:
        raise ValueError(f"size is {size[0]}x{size[1]}; at most {pixels // 10**6} megapixels are allowed")


def from_preset(name: str, **overrides: Any) -> TrainConfig:
    """Change some values of a preset; None leaves the preset's. Raises ValueError for a name that is none."""
    check_choice("preset", name, tuple(PRESETS))
    return replace(PRESETS[name], **{key: value for key, value in overrides.items() if value is not None})
