"""The networks of a scale, and the pyramid of trained generators (Shaham et al., ICCV 2019, arXiv 1905.01164)."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from darkroom.device import evaluation
from singan.config import KERNEL, LAYERS, ModelConfig, Norm, Padding, Shape
from singan.image import resize, resize_picture

SLOPE = 0.2  # of LeakyReLU
STRIP_PIXELS = 1_000_000  # of the padded input that a generator sees at once

NoiseSource = Callable[[int, Shape], Tensor | None]


def scale_noise(n: int, size: Shape, rng: torch.Generator, count: int = 1) -> Tensor:
    """Draw noise of scale n, (count, C, h, w), on rng's device: one map for all channels at the coarsest."""
    return torch.randn(count, 3 if n else 1, *size, generator=rng, device=rng.device)


def _body(channels: int, out: int, norm: Norm, layers: int) -> nn.Sequential:
    """Stack `layers` unpadded 3x3 convolutions, 3 -> channels ... -> out, with norm and LeakyReLU between them."""
    modules: list[nn.Module] = []
    for n in range(layers - 1):
        modules.append(nn.Conv2d(channels if n else 3, channels, KERNEL))
        if norm != "none":
            modules.append(nn.BatchNorm2d(channels) if norm == "batch" else nn.InstanceNorm2d(channels, affine=True))
        modules.append(nn.LeakyReLU(SLOPE, inplace=True))
    body = nn.Sequential(*modules, nn.Conv2d(channels, out, KERNEL))
    return body.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def initialise(body: nn.Sequential, last_gain: float, rng: torch.Generator) -> None:
    """Draw weights N(0, 0.02) where a network is normalised, as the official code; else Kaiming's with a small end.

    A network without normalisation learns from N(0, 0.02) far too slowly; `last_gain` scales its last layer.
    """
    normalised = any(isinstance(m, nn.BatchNorm2d | nn.InstanceNorm2d) for m in body)
    for module in body:
        if isinstance(module, nn.BatchNorm2d | nn.InstanceNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02, generator=rng)
        elif isinstance(module, nn.Conv2d):
            if normalised:
                nn.init.normal_(module.weight, 0.0, 0.02, generator=rng)
            else:
                nn.init.kaiming_normal_(module.weight, a=SLOPE, generator=rng)
                module.weight.data.mul_(last_gain if module is body[-1] else 1)
            nn.init.zeros_(module.bias)  # type: ignore[arg-type]


class Generator(nn.Module):
    """Draw one scale: the picture below plus a residual (equation 6 of the paper)."""

    def __init__(self, channels: int, norm: Norm, padding: Padding, layers: int = LAYERS) -> None:
        super().__init__()
        self.margin = layers * (KERNEL // 2)  # px that the convolutions eat on each side
        self.padding = padding
        self.body = _body(channels, 3, norm, layers)

    def pad(self, x: Tensor) -> Tensor:
        """Add `margin` px to (N, C, H, W) on every side: zeros, or the picture's reflection."""
        reflected = "reflect" if min(x.shape[-2:]) > self.margin else "replicate"
        return F.pad(x, (self.margin,) * 4, mode="constant" if self.padding == "zeros" else reflected)

    def forward(self, padded: Tensor, prev: Tensor) -> Tensor:
        """Take noise + picture below, padded (N, 3, H + 2 margin, W + 2 margin); prev, result: (N, 3, H, W)."""
        return torch.tanh(self.body(padded.contiguous(memory_format=torch.channels_last))).float() + prev

    @torch.no_grad()
    def render(self, noisy: Tensor, prev: Tensor, dtype: torch.dtype) -> Tensor:
        """Draw from noise + picture below and the picture below, (N, 3, H, W), in strips that take less memory."""
        padded, margin = self.pad(noisy), self.margin
        count, _, height, width = padded.shape
        rows = max(1, STRIP_PIXELS // (count * width) - 2 * margin)
        if any(isinstance(module, nn.InstanceNorm2d) for module in self.body):
            rows = height  # its statistics are those of the whole picture
        with evaluation(self), torch.autocast(prev.device.type, dtype=dtype, enabled=dtype != torch.float32):
            strips = [
                self(padded[:, :, top : top + rows + 2 * margin], prev[:, :, top : top + rows])
                for top in range(0, height - 2 * margin, rows)
            ]
        return strips[0] if len(strips) == 1 else torch.cat(strips, dim=2)


class Discriminator(nn.Module):
    """Criticise one scale: a map of scores, one for every patch of `2 * layers + 1` px (a Markovian discriminator)."""

    def __init__(self, channels: int, norm: Norm, layers: int = LAYERS) -> None:
        super().__init__()
        self.body = _body(channels, 1, norm, layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 3, H, W) in [-1, 1] to unbounded scores (N, 1, H - 2 layers, W - 2 layers)."""
        return self.body(x.contiguous(memory_format=torch.channels_last)).float()


class Pyramid(nn.Module):
    """Hold the generators of the finished scales, `generators[0]` the coarsest, and draw with them."""

    sigmas: Tensor  # (scales,), amplitude of the noise at each
    z_rec: Tensor  # (1, 1, h, w), the coarsest scale's noise that the picture is reconstructed from; zero above
    source: Tensor  # the trained picture, uint8 (3, H, W)

    def __init__(self, config: ModelConfig, scales: int = 0) -> None:
        super().__init__()
        self.config = config
        self.generators = nn.ModuleList(self.new_generator(n) for n in range(scales))
        self.register_buffer("sigmas", torch.zeros(scales))
        self.register_buffer("z_rec", torch.zeros(1, 1, *config.sizes[0]))
        self.register_buffer("source", torch.zeros(3, *config.sizes[-1], dtype=torch.uint8))
        self.eval().requires_grad_(False)

    def new_generator(self, n: int) -> Generator:
        config = self.config
        return Generator(config.channels[n], config.norms[n], config.paddings[n], config.layers)

    def append(self, generator: Generator, sigma: float) -> None:
        self.generators.append(generator.eval().requires_grad_(False))
        self.sigmas = torch.cat([self.sigmas, self.sigmas.new_tensor([sigma])])

    @property
    def device(self) -> torch.device:
        return self.sigmas.device

    def shapes_for(self, size: Shape) -> list[Shape]:
        """Return the (height, width) of every finished scale when the finest has this size."""
        sizes = self.config.sizes[: len(self.generators)]
        down, across = (side / native for side, native in zip(size, sizes[-1], strict=True))
        return [*((max(1, round(h * down)), max(1, round(w * across))) for h, w in sizes[:-1]), size]

    def reconstruction_noise(self, n: int, size: Shape) -> Tensor | None:
        """Resize z_rec of scale n to this (height, width): (1, 1, h, w) at the coarsest, None (zero) above."""
        if n:
            return None
        z = resize(self.z_rec, size)
        if z is self.z_rec:
            return z
        spread = z.std(correction=0).clamp_min(1e-6)  # zero where the coarsest scale is a single pixel
        return (z - z.mean()) / spread * self.z_rec.std(correction=0) + self.z_rec.mean()

    def step(self, n: int, z: Tensor | None, prev: Tensor, dtype: torch.dtype) -> Tensor:
        """Draw scale n's picture (N, 3, H, W) from noise z (N, 1 or 3, H, W), None for zero, and the picture below."""
        generator = self.generators[n]
        assert isinstance(generator, Generator)
        return self.toned(generator.render(prev if z is None else self.sigmas[n] * z + prev, prev, dtype))

    def toned(self, pictures: Tensor) -> Tensor:
        """Return pictures (N, 3, H, W) without colours where the trained picture has none, else as they are."""
        gray = (self.source == self.source[:1]).all()
        return torch.where(gray, pictures.mean(1, keepdim=True), pictures)

    @torch.no_grad()
    def render(
        self, noise: NoiseSource, sizes: Sequence[Shape], dtype: torch.dtype, start: int = 0,
        image: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Draw the finest picture (N, 3, H, W) of `sizes`: the paper's one way of drawing, equations 4 to 6.

        noise(n, size) gives scale n's map, or None for zero. With `start` above 0, `image` (N, 3, h, w) is the picture
        below scale `start`, at any size.
        """
        for n in range(start, len(sizes)):
            z = noise(n, sizes[n])
            if image is None:
                assert z is not None
                image = torch.zeros(z.shape[0], 3, *sizes[n], device=self.device)
            image = self.step(n, z, resize_picture(image, sizes[n]), dtype)
        assert image is not None
        return image
