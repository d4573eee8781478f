"""The windows of 32 px that the network is trained on: of writing, of faces, and of what is neither."""

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor

from benchmarks.windows.drawn import Rng, crop, font_files, pick, texture, write
from singan.windows import WINDOW

PAGE_SIDE = 160  # px, of the pages that windows of writing are cut from
CUTS = 16  # windows that are looked at on each page
HEIGHTS = (5.5, 22.0)  # px, of the lines of writing
WRITTEN, WRITTEN_MIDDLE = 0.35, 0.3  # share of a window, and of its middle, that is at least written on
MIDDLE = (slice(8, 24), slice(4, 28))  # px, rows and columns
EMPTY = 0.02  # share of a window without writing that is at most written on
TEXTURE_EVERY = 4  # one in so many windows of scenes is of a texture
WINDOWS_A_TEXTURE = 50  # windows of scenes for which one more texture is drawn
LEAST_SIDE = 20  # px, of what becomes a window of a scene
CENTRAL = 0.75  # of a 64 px face: chin to hair, what a window holds of it


def page(backgrounds: list[Image.Image], rng: Rng) -> Image.Image:
    """Draw the brightness of something to write on: plain, a texture, a scene, sharp or not; sometimes with a sign."""
    kind = rng.random()
    size = (PAGE_SIDE, PAGE_SIDE)
    if kind < 0.45:
        image = Image.new("L", size, int(rng.choice(np.array([255, 0, rng.integers(256)]))))
    elif kind < 0.6:
        image = texture(rng, PAGE_SIDE)
    else:
        image = crop(pick(backgrounds, rng), rng, 0.3).convert("L").resize(size, Image.Resampling.BILINEAR)
        image = image.filter(ImageFilter.GaussianBlur(float(rng.choice([0, 0, 1, 3]))))
    if rng.random() < 0.3:
        x, y = rng.integers(0, PAGE_SIDE // 2, 2)
        sign = (x, y, x + rng.integers(50, 150), y + rng.integers(25, 100))
        ImageDraw.Draw(image).rectangle(sign, fill=int(rng.integers(256)))
    return image


def writing_windows(count: int, backgrounds: list[Image.Image], rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """`count` windows (N, 32, 32) uint8 of writing, and windows of the same pages without."""
    lowest, highest = HEIGHTS
    written: list[np.ndarray] = []
    empty: list[np.ndarray] = []
    while len(written) < count:
        size = float(np.exp(rng.uniform(np.log(lowest), np.log(highest))))
        lines = None if rng.random() < 0.7 else int(rng.integers(1, 4))
        ground = page(backgrounds, rng)
        angle = float(rng.normal(0, 4) * (rng.random() < 0.4))
        image, mask = write(ground, rng, font_files(held_out=False), size, lines, angle)
        if rng.random() < 0.5:
            image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 0.05) * size)))
        pixels = np.asarray(image)
        for y, x in rng.integers(0, PAGE_SIDE - WINDOW + 1, (CUTS, 2)):
            window, inside = (a[y : y + WINDOW, x : x + WINDOW] for a in (pixels, mask))
            if inside.mean() > WRITTEN and inside[MIDDLE].mean() > WRITTEN_MIDDLE:
                written.append(window)
            elif inside.mean() < EMPTY:
                empty.append(window)
    return np.stack(written), np.stack(empty)


def scene_windows(count: int, scenes: list[Image.Image], rng: Rng) -> np.ndarray:
    """Cut windows (N, 32, 32) uint8 of any size out of scenes, a quarter of them of textures."""
    textures = [texture(rng) for _ in range(count // WINDOWS_A_TEXTURE)]
    grey = [image.convert("L") for image in scenes]
    windows = []
    for i in range(count):
        image = pick(textures if i % TEXTURE_EVERY == 0 else grey, rng)
        side = int(rng.integers(LEAST_SIDE, min(image.size) + 1))
        x, y = (int(rng.integers(length - side + 1)) for length in image.size)
        box = (x, y, x + side, y + side)
        window = np.asarray(image.resize((WINDOW, WINDOW), Image.Resampling.BILINEAR, box, reducing_gap=2))
        windows.append(window[:, ::-1] if rng.random() < 0.5 else window)
    return np.stack(windows)


def face_windows(faces: Tensor, rng: torch.Generator, centred: bool) -> Tensor:
    """Cut windows (N, 1, 32, 32) in [0, 1] out of 64 px faces (N, 1, 64, 64).

    Of their central 48 px, a little moved, scaled and turned; if not centred, of a part of a face, of one off the
    centre, turned over, or small.
    """
    count = len(faces)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=rng)

    scale, angle = CENTRAL * uniform(-0.14, 0.14).exp(), uniform(-0.22, 0.22)
    x, y = uniform(-0.06, 0.06), uniform(-0.01, 0.11)
    if not centred:
        kind = torch.randint(4, (count,), generator=rng)
        scales = torch.stack([uniform(0.2, 0.42), uniform(0.4, 0.8), uniform(0.55, 0.9), uniform(1.5, 2.0)])
        radii = torch.stack([uniform(0, 0.5), uniform(0.45, 0.7), uniform(0, 0.1), uniform(0, 0.1)])
        scale, radius, around = (a.gather(0, kind[None])[0] for a in (scales, radii, uniform(0, 6.28).expand(4, -1)))
        x, y = radius * around.cos(), radius * around.sin()
        angle = uniform(-0.3, 0.3) + (kind == 2) * uniform(1.2, 5.0)
    sign = torch.where(torch.rand(count, generator=rng) < 0.5, -1.0, 1.0)
    rows = [[sign * scale * angle.cos(), -scale * angle.sin(), x], [sign * scale * angle.sin(), scale * angle.cos(), y]]
    grid = F.affine_grid(torch.stack([torch.stack(row, 1) for row in rows], 1), [count, 1, 64, 64], False)
    sharp = F.avg_pool2d(F.grid_sample(faces, grid, padding_mode="reflection", align_corners=False), 2)
    soft = F.interpolate(F.avg_pool2d(sharp, 2), scale_factor=2.0, mode="bilinear")
    share = (uniform(0, 1) * (uniform(0, 1) < 0.4))[:, None, None, None]
    return torch.lerp(sharp, soft, share)


def relit(x: Tensor, rng: torch.Generator) -> Tensor:
    """Give windows (N, 1, 32, 32) in [0, 1] another gamma, contrast and brightness, and some noise."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(x), 1, 1, 1, generator=rng)

    x = x.clamp(min=1e-3) ** uniform(-0.6, 0.6).exp()
    mean = x.mean((2, 3), keepdim=True)
    x = (x - mean) * uniform(-0.9, 0.25).exp() + mean + uniform(-0.15, 0.15)
    return (x + uniform(0, 0.03) * torch.randn(x.shape, generator=rng)).clamp(0, 1)
