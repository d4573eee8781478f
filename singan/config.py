"""The configuration of a scene's networks (`ModelConfig`) and of their training (`TrainConfig`)."""

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
    """Describe the networks of a pyramid; index 0 is the coarsest scale everywhere."""

    sizes: tuple[Shape, ...]  # (height, width), px, of each scale
    channels: tuple[int, ...]  # of each scale's hidden layers
    norms: tuple[Norm, ...]  # of each scale's generator
    paddings: tuple[Padding, ...]  # what each scale's generator sees outside the picture
    layers: int = LAYERS  # convolutions of a network; its receptive field is `2 * layers + 1` px

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
        for channels, norm, padding in zip(self.channels, self.norms, self.paddings, strict=True):
            check_whole("channels", channels, 1, MAX_CHANNELS)
            check_choice("norm", norm, get_args(Norm))
            check_choice("padding", padding, get_args(Padding))
        check_whole("layers", self.layers, 2, 16)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelConfig":
        """Make one of what `dataclasses.asdict` gave, after a journey through JSON."""
        tuples = {key: tuple(values[key]) for key in ("channels", "norms", "paddings")}
        sizes = tuple((height, width) for height, width in values["sizes"])
        return cls(sizes=sizes, layers=values["layers"], **tuples)


@dataclass(frozen=True)
class Game:
    loss: Loss  # "wgan-gp" (Gulrajani et al., 2017) or "relativistic" (R3GAN, Huang et al., 2024) with R1 and R2
    penalty: float  # weight of the gradient penalty
    penalty_every: int  # critic steps from one to the next (lazy regularisation, StyleGAN2)
    reconstruction_weight: float  # alpha of SinGAN's equation 2
    clip: float = 0.0  # a network's gradient is shortened to this times its recent norm; 0 leaves it as it is


@dataclass(frozen=True)
class TrainConfig:
    """Configure the training of a pyramid on one picture. The defaults are the preset `standard`."""

    max_size: int = 250  # px, longer side of the trained picture; larger ones are reduced, smaller ones kept
    min_size: int = 19  # px, shorter side of the coarsest scale
    scale_factor: float = 0.65  # wanted between neighbouring scales; adjusted so that the coarsest has min_size
    scales: int | None = None  # number of scales; None derives it from scale_factor
    until: int | None = None  # px, shorter side, up to which scales are trained; None: all
    iterations: int = 240  # training steps a scale, at most
    coarse_iterations: float = 2.8  # times as many at the `coarse_scales`
    # A scale begins its last 40 % once its reconstruction loss, over a twelfth of its iterations, was twice in a row
    # not below the best before by this share; 0: only after 60 % of its iterations.
    settled: float = 0.02
    seed: int = 0  # of every random draw
    channels: int = 32  # hidden width, doubled every 4 scales
    max_channels: int = 32
    norm: Norm = "instance"  # of the generators
    norm_scales: int | None = 1  # the coarsest scales that are normalised; None: all
    critic_norm: bool = False  # whether the critics are normalised as the generators are
    fresh_above: int | None = 128  # px, longer side above which critics do not start from those below; None: all do
    zero_padding_scales: int | None = 2  # coarsest that see zeros outside the picture, not its reflection; None: all
    noise_amplitude: float = 0.3  # sigma over the RMSE of the reconstruction below (SinGAN, section 2.1)
    coarse: Game = Game("wgan-gp", penalty=0.1, penalty_every=4, reconstruction_weight=10.0)
    fine: Game = Game("relativistic", penalty=0.004, penalty_every=8, reconstruction_weight=50.0, clip=2.0)
    coarse_scales: int = 3  # the coarsest scales, which play the coarse game
    learning_rate: float = 2e-3  # of Adam
    betas: tuple[float, float] = (0.5, 0.99)
    decay: Literal["step", "linear"] = "linear"  # x 0.1 after 80 %; or constant to 60 %, then to 2 %
    critic_steps: int = 1  # an iteration
    generator_steps: int = 1
    crop: int = 48  # px, side of the training crops; 0: whole pictures
    crops: int = 4  # at once
    pool: int = 32  # samples of the lower pyramid that are kept and reused; 0 redraws one at every step
    bfloat16: bool = True  # whether networks run in it where the device is fast at it

    def __post_init__(self) -> None:
        ranges = {
            "max_size": (32, MAX_TRAINED_SIDE), "min_size": (RECEPTIVE_FIELD, 64), "scale_factor": (0.3, 0.95),
            "iterations": (1, 20_000), "seed": (0, MAX_SEED), "scales": (2, 16), "until": (1, MAX_TRAINED_SIDE),
        }  # fmt: skip
        for name, (low, high) in ranges.items():
            if getattr(self, name) is not None or name not in ("scales", "until"):
                check_range(name, getattr(self, name), low, high)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainConfig":
        """Make one of what `dataclasses.asdict` gave, after JSON; a file may lack fields and have others."""
        known = {key: value for key, value in values.items() if key in cls.__dataclass_fields__}
        known |= {key: Game(**known[key]) for key in ("coarse", "fine") if key in known}
        return cls(**{**known, "betas": tuple(values["betas"])})

    def trained(self, sizes: Sequence[Shape]) -> int:
        """Count the scales of these (height, width) sizes that are trained; the coarsest always is."""
        return len(sizes) if self.until is None else max(1, sum(min(size) <= self.until for size in sizes))

    def same_recipe(self, other: "TrainConfig") -> bool:
        """Return whether both give the same networks, as far as they go."""
        return replace(self, until=None) == replace(other, until=None)

    def steps(self, n: int) -> int:
        return round(self.iterations * (self.coarse_iterations if n < self.coarse_scales else 1))

    def game(self, n: int) -> Game:
        return self.coarse if n < self.coarse_scales else self.fine

    @property
    def batch(self) -> int:
        """Return the number of fakes of an iteration: crops, or one whole picture."""
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


PRESET_NOTES = {  # of PRESETS, where there is more to say than the name
    "layout": "motion and layouts of prints, in the least time", "fast": "128 px", "standard": "250 px",
    "paper": "as published, 250 px",
}  # fmt: skip
_PUBLISHED = Game("wgan-gp", penalty=0.1, penalty_every=1, reconstruction_weight=10.0)
PRESETS: dict[str, TrainConfig] = {
    "layout": TrainConfig(until=40),  # training goes on to the whole of `standard`
    "fast": TrainConfig(max_size=128, scale_factor=0.6, iterations=170),
    "standard": TrainConfig(),
    # The published SinGAN (Shaham et al., ICCV 2019; supplement and official code), float32 as there.
    "paper": TrainConfig(
        min_size=25, scale_factor=0.75, iterations=2000, coarse_iterations=1.0, settled=0.0, max_channels=128,
        norm="batch", norm_scales=None, critic_norm=True, fresh_above=None, zero_padding_scales=None,
        noise_amplitude=0.1, coarse=_PUBLISHED, fine=_PUBLISHED, learning_rate=5e-4, betas=(0.5, 0.999), decay="step",
        critic_steps=3, generator_steps=3, crop=0, pool=0, bfloat16=False,
    ),
}  # fmt: skip


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
