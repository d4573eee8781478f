"""The networks: Radford et al. (ICLR 2016, arXiv 1511.06434) for 64x64, and those of the first thesis."""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import _SpectralNorm, spectral_norm

from darkroom.device import evaluation
from darkroom.seeds import seeded
from dcgan.config import ModelConfig

STATISTICS_LATENTS, STATISTICS_BATCH = 2_048, 128  # for batch normalisation; in all, and at once


class Generator(nn.Module):
    """Radford's generator: z (N, latent_dim) to pictures (N, 3, 64, 64) in [-1, 1].

    The layout of its state dict is that of PyTorch's DCGAN tutorial: `main.0.weight`, ...
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        w = config.width
        modules: list[nn.Module] = []
        widths = [config.latent_dim, w * 8, w * 4, w * 2, w]  # at 1, 4, 8, 16 and 32 px
        for before, after in zip(widths, widths[1:], strict=False):
            stride, padding = (1, 0) if not modules else (2, 1)
            up = nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False)
            modules += [up, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        self.main = nn.Sequential(*modules, nn.ConvTranspose2d(w, 3, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        return self.main(z[:, :, None, None])

    @property
    def first_layer(self) -> Tensor:
        """Return what z is multiplied by first, (latent_dim, activations): SeFa's matrix A, transposed."""
        first = self.main[0]
        assert isinstance(first, nn.ConvTranspose2d)
        return first.weight.flatten(1)


class Discriminator(nn.Module):
    """Radford's discriminator: pictures (N, 3, 64, 64) in [-1, 1] to logits (N,); higher is more real."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        batch_norm = config.discriminator_norm == "batch"
        normed = spectral_norm if config.discriminator_norm == "spectral" else nn.Identity()
        w = config.discriminator_width
        widths = [3, w, w * 2, w * 4, w * 8]  # at 64, 32, 16, 8 and 4 px
        modules: list[nn.Module] = []
        for before, after in zip(widths, widths[1:], strict=False):
            norm = [nn.BatchNorm2d(after)] if batch_norm and modules else []
            down = nn.Conv2d(before, after, 4, 2, 1, bias=not batch_norm)
            modules += [normed(down), *norm, nn.LeakyReLU(0.2, inplace=True)]
        self.main = nn.Sequential(*modules, normed(nn.Conv2d(w * 8, 1, 4, bias=False)))

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x).flatten().float()


class ThesisGenerator(nn.Module):
    """The first thesis' generator: z (N, 32) to pictures (N, 3, 64, 64) in [-1, 1]."""

    SLOPE = 0.3  # the default of the library that it used; its text says 0.01

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        act = lambda: nn.LeakyReLU(self.SLOPE, inplace=True)  # noqa: E731
        self.dense = nn.Linear(config.latent_dim, 128 * 16 * 16)
        self.main = nn.Sequential(
            act(),
            nn.Conv2d(128, 256, 5, padding=2), act(),
            nn.ConvTranspose2d(256, 256, 4, 2, 1), act(),
            nn.ConvTranspose2d(256, 256, 4, 2, 1), act(),
            nn.Conv2d(256, 512, 5, padding=2), act(),
            nn.Conv2d(512, 512, 5, padding=2), act(),
            nn.Conv2d(512, 3, 7, padding=3), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        return self.main(self.dense(z).unflatten(1, (128, 16, 16)))

    @property
    def first_layer(self) -> Tensor:
        """Return what z is multiplied by first, (latent_dim, activations)."""
        return self.dense.weight.T


class ThesisDiscriminator(nn.Module):
    """The first thesis' discriminator: pictures (N, 3, 64, 64) in [-1, 1] to logits (N,)."""

    def __init__(self) -> None:
        super().__init__()
        modules: list[nn.Module] = [nn.Conv2d(3, 256, 3), nn.LeakyReLU(ThesisGenerator.SLOPE, inplace=True)]
        for _ in range(4):  # 62 px to 30, 14, 6, 2
            modules += [nn.Conv2d(256, 256, 4, 2), nn.LeakyReLU(ThesisGenerator.SLOPE, inplace=True)]
        self.main = nn.Sequential(*modules, nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x).flatten().float()


def new_generator(config: ModelConfig) -> Generator | ThesisGenerator:
    """Make the untrained generator of a configuration, in channels_last."""
    network = Generator(config) if config.architecture == "radford" else ThesisGenerator(config)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def new_discriminator(config: ModelConfig) -> Discriminator | ThesisDiscriminator:
    """Make the untrained discriminator of a configuration, in channels_last."""
    network = Discriminator(config) if config.architecture == "radford" else ThesisDiscriminator()
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def initialise(network: nn.Module, rng: torch.Generator) -> None:
    """Draw weights: N(0, 0.02) as Radford et al.; Kaiming's without normalisation; Glorot's in the thesis' networks."""
    normalised = any(isinstance(module, nn.BatchNorm2d | _SpectralNorm) for module in network.modules())
    thesis = isinstance(network, ThesisGenerator | ThesisDiscriminator)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02, generator=rng)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            # A spectrally normalised weight is computed from another one, which is what training changes.
            weight = next(p for name, p in module.named_parameters() if "weight" in name)
            if thesis:
                nn.init.xavier_uniform_(weight, generator=rng)
            elif normalised:
                nn.init.normal_(weight, 0.0, 0.02, generator=rng)
            else:
                nn.init.kaiming_normal_(weight, a=0.2, generator=rng)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


@torch.no_grad()
def refresh_statistics(generator: nn.Module, latent_dim: int, dtype: torch.dtype) -> None:
    """Take batch normalisation's statistics anew, from the same latents every time.

    The moving average of a generator has other activations than the generators that it is the average of.
    """
    norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm2d)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
    device = next(generator.parameters()).device
    z = torch.randn(STATISTICS_LATENTS, latent_dim, generator=seeded(0)).to(device)
    with evaluation(generator), torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32):
        for norm in norms:
            norm.train()  # nothing else takes note of what passes
        for part in z.split(STATISTICS_BATCH):
            generator(part)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
