"""Trains the network of `singan.suitability` and measures what its three detectors find, and find wrongly.

    python -m benchmarks.suitability SCENES ... --faces faces64.zip --portraits celeba10k.zip lfw13k.zip
        [--objects NAMES ...] [--write] [--folds 5] [--also PICTURES ...]

SCENES: pictures without faces and writing, or folders of them; N_Real, N_SinGAN, ... count as one scene. --write trains
the network on all of them and puts it beside the module. --folds measures with networks that never saw the scene, the
faces or the fonts of the test: the scenes are parted, each part is judged by the network of the others. Scenes that
--objects names are left out where a warning of an object counts as wrong. --also judges pictures one by one, by the
shipped network.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from safetensors.torch import save
from torch import Tensor

from darkroom.files import atomic
from singan.image import open_picture
from singan.suitability import (
    FACE_LOGIT,
    FACE_SIDES,
    STANDS_OUT,
    WEIGHTS,
    WINDOW,
    WRITING_SHARE,
    WRITING_SIDES,
    Windows,
    face_logit,
    object_contrast,
    reduced,
    shipped_windows,
    writing_share,
)

T = TypeVar("T")
Rng = np.random.Generator
Scenes = dict[str, list[Image.Image]]
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif"}
FONTS = sorted(Path("/usr/share/fonts/truetype").rglob("*.ttf"))
TEST_FONTS = [font for font in FONTS if font.stem.startswith(("DejaVuSerif", "DejaVuSansMono"))]
WORDS = [
    word
    for file in ("README.md", "LICENSE")
    for word in Path(file).read_text(encoding="utf-8").split()
    if len(word) < 16
]

Scores = dict[str, list[list[float]]]
KINDS, LIMITS = ("face", "text", "object"), (FACE_LOGIT, WRITING_SHARE, STANDS_OUT)

ROUNDS, STEPS, BATCH = 4, 700, 64  # hard negatives are looked for between the rounds
LEARNING_RATE = 2e-3
HARD_LOGIT = -1.5
HARD_A_PICTURE = 60  # at each size
SIDE = 160  # px, of the pages that windows of writing are cut from


# -- sources -----------------------------------------------------------------------------------------------------------


def read_scenes(sources: list[Path]) -> Scenes:
    """RGB pictures by scene, the real one first; in a folder all pictures below it."""
    found = [file for source in sources for file in (source.rglob("*") if source.is_dir() else [source])]
    files = sorted(found, key=lambda file: (not file.stem.endswith("_Real"), file))
    scenes: Scenes = {}
    for file in files:
        if file.suffix.lower() in SUFFIXES:
            scenes.setdefault(file.stem.split("_")[0], []).append(open_picture(file))
    return scenes


def read_faces(archive: Path, held_out: bool) -> list[Image.Image]:
    """A zip's pictures in the order of their names: the last fifth of each series, or all but these."""
    with zipfile.ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if Path(name).suffix in SUFFIXES)
        chosen: list[str] = []
        for prefix in ("celeba_", "lfw_", ""):  # the series of a joint zip; elsewhere there is but one
            series = [name for name in names if name.startswith(prefix)]
            names = [name for name in names if not name.startswith(prefix)]
            cut = len(series) * 4 // 5
            chosen += series[cut:] if held_out else series[:cut]
        return [Image.open(io.BytesIO(file.read(name))).convert("RGB") for name in chosen]


def pick(things: Sequence[T], rng: Rng) -> T:
    """One of them."""
    return things[int(rng.integers(len(things)))]


def crop(image: Image.Image, rng: Rng, low: float) -> Image.Image:
    """A random part, its sides `low` to 1 times the picture's shorter side."""
    width, height = (rng.uniform(low, 1, 2) * min(image.size)).astype(int)
    x, y = rng.integers(image.width - width + 1), rng.integers(image.height - height + 1)
    return image.crop((x, y, x + width, y + height))


# -- drawn pictures ----------------------------------------------------------------------------------------------------


def _bricks(draw: ImageDraw.ImageDraw, side: int, ink: int, rng: Rng) -> None:
    (px, py), (fx, fy), shift = rng.uniform(5, 30, 2), rng.uniform(0.3, 0.9, 2), rng.integers(2)
    for row in range(int(side / py) + 1):
        for column in range(-1, int(side / px) + 1):
            x, y = (column + row % 2 * shift / 2) * px, row * py
            if rng.random() < 0.9:
                draw.rectangle((x, y, x + px * fx, y + py * fy), fill=ink)


def _stripes(draw: ImageDraw.ImageDraw, side: int, ink: int, rng: Rng) -> None:
    x = 0.0
    while x < side:
        width, gap = rng.uniform(1, 10, 2)
        draw.rectangle((x, 0, x + width, side), fill=ink)
        x += width + gap


def _lattice(draw: ImageDraw.ImageDraw, side: int, ink: int, rng: Rng) -> None:
    for slope in (rng.uniform(-2, 2), rng.uniform(-2, 2)):
        gap, width = rng.uniform(5, 25), int(rng.integers(1, 4))
        for y in np.arange(-2 * side, 3 * side, gap):
            draw.line((0, y, side, y + slope * side), fill=ink, width=width)


def _twigs(draw: ImageDraw.ImageDraw, side: int, ink: int, rng: Rng) -> None:
    for _ in range(rng.integers(10, 90)):
        points, angle = [rng.uniform(0, side, 2)], rng.uniform(0, 2 * np.pi)
        for _ in range(6):
            points.append(points[-1] + rng.uniform(4, 16) * np.array([np.cos(angle), np.sin(angle)]))
            angle += rng.normal(0, 0.5)
        draw.line([tuple(point) for point in points], fill=ink, width=int(rng.integers(1, 4)))


def _discs(draw: ImageDraw.ImageDraw, side: int, ink: int, rng: Rng) -> None:
    for _ in range(rng.integers(5, 150)):
        (x, y), r = rng.uniform(0, side, 2), rng.uniform(1, 12)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=int(rng.integers(256)))


def _polygons(draw: ImageDraw.ImageDraw, side: int, ink: int, rng: Rng) -> None:
    for _ in range(rng.integers(2, 25)):
        centre = rng.uniform(0, side, 2)
        corners = centre + rng.uniform(-30, 30, (rng.integers(3, 7), 2))
        draw.polygon([tuple(corner) for corner in corners], fill=int(rng.integers(256)))


def _noise(rng: Rng, side: int) -> Image.Image:
    """1/f noise, sometimes cut into two levels."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side))) + 1 / side
    x = np.fft.ifft2(np.fft.fft2(rng.normal(size=(side, side))) / frequency ** rng.uniform(0.3, 1.6)).real
    x = (x - x.mean()) / x.std()
    x = np.sign(x - rng.uniform(-0.7, 0.7)) if rng.random() < 0.4 else x
    return Image.fromarray((rng.integers(256) + x * rng.uniform(15, 70)).clip(0, 255).astype(np.uint8))


def texture(rng: Rng, side: int = 128) -> Image.Image:
    """Brightness of what has a little of writing or faces but is neither: windows of houses, twigs, crowds, noise."""
    draws = [_bricks, _stripes, _lattice, _twigs, _discs, _polygons]
    kind = int(rng.integers(len(draws) + 1))
    ground = int(rng.integers(256))
    if kind == len(draws):
        image = _noise(rng, side)
    else:
        image = Image.new("L", (side, side), ground)
        ink = int(np.clip(ground + rng.choice([-1, 1]) * rng.uniform(30, 200), 0, 255))
        draws[kind](ImageDraw.Draw(image), side, ink, rng)
    angle = float(rng.choice(np.array([0, 0, 90, rng.uniform(-90, 90)])))
    return image.rotate(angle, fillcolor=ground).filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1.2))))


def write(
    image: Image.Image, rng: Rng, fonts: list[Path], size: float, lines: int | None = None, angle: float = 0.0
) -> tuple[Image.Image, np.ndarray]:
    """Lines of words on an L or RGB picture, as many as fit for None; and where they are, bool (H, W). size: px."""
    double = (2 * image.width, 2 * image.height)  # drawn twice as large and halved: smooth
    ink, boxes = Image.new("L", double), Image.new("L", double)
    font = ImageFont.truetype(str(pick(fonts, rng)), max(6, round(2 * size)))
    x, y = rng.uniform(0, 0.3) * double[0], rng.uniform(-0.1, 0.3 if lines is None else 0.7) * double[1]
    upper = rng.random() < 0.3
    step = 2 * size * rng.uniform(1.1, 1.8)
    for _ in range(lines or int((double[1] - y) / step) + 1):
        text, width = "", rng.uniform(0.3, 1.1) * double[0]
        while font.getlength(text) < width:
            text += pick(WORDS, rng) + " "
        text = text.upper() if upper else text
        ImageDraw.Draw(ink).text((x, y), text, fill=255, font=font)
        ImageDraw.Draw(boxes).rectangle(ImageDraw.Draw(ink).textbbox((x, y), text, font=font), fill=255)
        y += step
    ink, boxes = (layer.rotate(angle, Image.Resampling.BICUBIC).reduce(2) for layer in (ink, boxes))
    mask = np.asarray(boxes) > 127
    under = float(np.asarray(image.convert("L"))[mask].mean()) if mask.any() else 128.0
    contrast = rng.uniform(60, 255)
    lighter = under + contrast <= 255 and (under - contrast < 0 or rng.random() < 0.5)
    level = round(under + contrast if lighter else max(0.0, under - contrast))
    return Image.composite(Image.new("L", image.size, level).convert(image.mode), image, ink), mask


# -- windows -----------------------------------------------------------------------------------------------------------


def page(backgrounds: list[Image.Image], rng: Rng) -> Image.Image:
    """Brightness of something to write on: plain, a texture, a scene, sharp or not; sometimes with a sign."""
    kind = rng.random()
    if kind < 0.45:
        image = Image.new("L", (SIDE, SIDE), int(rng.choice(np.array([255, 0, rng.integers(256)]))))
    elif kind < 0.6:
        image = texture(rng, SIDE)
    else:
        image = crop(pick(backgrounds, rng), rng, 0.3).convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        image = image.filter(ImageFilter.GaussianBlur(float(rng.choice([0, 0, 1, 3]))))
    if rng.random() < 0.3:
        x, y = rng.integers(0, SIDE // 2, 2)
        sign = (x, y, x + rng.integers(50, 150), y + rng.integers(25, 100))
        ImageDraw.Draw(image).rectangle(sign, fill=int(rng.integers(256)))
    return image


def writing_windows(count: int, backgrounds: list[Image.Image], rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """`count` windows (N, 32, 32) uint8 of writing 5.5 to 22 px high, and windows of the same pages without."""
    fonts = [font for font in FONTS if font not in TEST_FONTS]
    written: list[np.ndarray] = []
    empty: list[np.ndarray] = []
    while len(written) < count:
        size = float(np.exp(rng.uniform(np.log(5.5), np.log(22))))
        lines = None if rng.random() < 0.7 else int(rng.integers(1, 4))
        image, mask = write(
            page(backgrounds, rng), rng, fonts, size, lines, float(rng.normal(0, 4) * (rng.random() < 0.4))
        )
        if rng.random() < 0.5:
            image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 0.05) * size)))
        pixels = np.asarray(image)
        for y, x in rng.integers(0, SIDE - WINDOW + 1, (16, 2)):
            window, inside = (a[y : y + WINDOW, x : x + WINDOW] for a in (pixels, mask))
            if inside.mean() > 0.35 and inside[8:24, 4:28].mean() > 0.3:
                written.append(window)
            elif inside.mean() < 0.02:
                empty.append(window)
    return np.stack(written), np.stack(empty)


def scene_windows(count: int, scenes: list[Image.Image], rng: Rng) -> np.ndarray:
    """Windows (N, 32, 32) uint8 of any size of scenes, a quarter of them of textures."""
    textures = [texture(rng) for _ in range(count // 50)]
    grey = [image.convert("L") for image in scenes]
    windows = []
    for i in range(count):
        image = pick(textures if i % 4 == 0 else grey, rng)
        side = int(rng.integers(20, min(image.size) + 1))
        x, y = (int(rng.integers(length - side + 1)) for length in image.size)
        box = (x, y, x + side, y + side)
        window = np.asarray(image.resize((WINDOW, WINDOW), Image.Resampling.BILINEAR, box, reducing_gap=2))
        windows.append(window[:, ::-1] if rng.random() < 0.5 else window)
    return np.stack(windows)


def face_windows(faces: Tensor, rng: torch.Generator, centred: bool) -> Tensor:
    """Windows (N, 1, 32, 32) in [0, 1] of 64 px faces (N, 1, 64, 64).

    Of their central 48 px, a little moved, scaled and turned; if not centred, of a part of a face, of one off the
    centre, turned over, or small.
    """
    count = len(faces)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=rng)

    scale, angle = 0.75 * uniform(-0.14, 0.14).exp(), uniform(-0.22, 0.22)
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
    """Windows (N, 1, 32, 32) in [0, 1] with another gamma, contrast and brightness, and some noise."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(x), 1, 1, 1, generator=rng)

    x = x.clamp(min=1e-3) ** uniform(-0.6, 0.6).exp()
    mean = x.mean((2, 3), keepdim=True)
    x = (x - mean) * uniform(-0.9, 0.25).exp() + mean + uniform(-0.15, 0.15)
    return (x + uniform(0, 0.03) * torch.randn(x.shape, generator=rng)).clamp(0, 1)


# -- training ----------------------------------------------------------------------------------------------------------


@torch.inference_mode()
def mine(network: Windows, pictures: list[Image.Image], rng: Rng) -> np.ndarray:
    """Windows (N, 32, 32) uint8 of pictures without faces and writing that look to the network as if they had some."""
    hard = [np.zeros((0, WINDOW, WINDOW), np.uint8)]
    for picture in pictures:
        for side in sorted({*FACE_SIDES, *WRITING_SIDES}):
            pixels = np.array(reduced(picture.convert("L"), side))
            for view in (pixels, pixels[:, ::-1].copy()):
                logits = network(torch.from_numpy(view)[None, None].float() / 255)[0]
                found = rng.permutation((logits > HARD_LOGIT).any(0).nonzero().numpy())[:HARD_A_PICTURE]
                hard += [view[None, 4 * y : 4 * y + WINDOW, 4 * x : 4 * x + WINDOW] for y, x in found]
    return np.concatenate(hard)


def train(scenes: list[Image.Image], faces: list[Image.Image], seed: int = 0) -> Windows:
    """A network for these scenes (RGB) and faces (64x64); some minutes on one core."""
    rng, noise = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    portraits = np.stack([np.asarray(face.convert("L")) for face in faces])
    written, empty = writing_windows(16_000, scenes, rng)
    plain = np.concatenate([scene_windows(32_000, scenes, rng), empty[:8_000]])
    hard = plain[:0]
    network = Windows().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.01, ROUNDS * STEPS)

    def some(pixels: np.ndarray, count: int) -> Tensor:
        return torch.from_numpy(pixels[rng.integers(len(pixels), size=count)])[:, None].float() / 255

    target = torch.zeros(5 * BATCH, 2)
    target[:BATCH, 0] = target[BATCH : 2 * BATCH, 1] = 1
    for round_ in range(ROUNDS):
        network.train()
        for _ in range(STEPS):
            seen = face_windows(some(portraits, BATCH), noise, True)
            parts = face_windows(some(portraits, BATCH // 2), noise, False)
            others = [some(plain, 3 * BATCH // 2), some(hard if len(hard) else plain, BATCH)]
            x = torch.cat([seen, some(written, BATCH), parts, *others])
            negative = torch.rand(len(x), 1, 1, 1, generator=noise) < 0.15
            negative[:BATCH] = False
            logits = network(relit(torch.where(negative, 1 - x, x), noise))[:, :, 0, 0]
            optimiser.zero_grad()
            F.binary_cross_entropy_with_logits(logits, target).backward()
            optimiser.step()
            schedule.step()
        network.eval()
        if round_ + 1 < ROUNDS:
            hard = np.concatenate([hard, mine(network, scenes + [texture(rng) for _ in range(40)], rng)])
    return network


def save_windows(network: Windows, file: Path) -> None:
    """In float16: 110 kB."""
    tensors = {name: value.half().contiguous() for name, value in network.state_dict().items() if value.ndim}
    counters = {name: value for name, value in network.state_dict().items() if not value.ndim}
    with atomic(file) as part:
        part.write_bytes(save(tensors | counters))


# -- test pictures -----------------------------------------------------------------------------------------------------


def with_face(scene: Image.Image, face: Image.Image, share: float, rng: Rng) -> Image.Image:
    """A face with soft edges somewhere in a scene; from chin to hair `share` of the scene's shorter side."""
    side = min(face.size)
    face = face.crop(
        ((face.width - side) // 2, (face.height - side) // 2, (face.width + side) // 2, (face.height + side) // 2)
    )
    width = round(min(scene.size) * share / 0.75)
    oval = Image.new("L", (64, 64))
    ImageDraw.Draw(oval).ellipse((8, 4, 56, 62), fill=255)
    oval = oval.filter(ImageFilter.GaussianBlur(3)).resize((width, width))
    x, y = (int(rng.integers(-width // 12, side - width * 11 // 12 + 1)) for side in scene.size)
    scene = scene.copy()
    scene.paste(face.resize((width, width), Image.Resampling.BICUBIC), (x, y), oval)
    return scene


def _colour(rng: Rng) -> tuple[int, ...]:
    return tuple(int(value) for value in rng.integers(0, 256, 3))


def plain(rng: Rng) -> Image.Image:
    """One colour."""
    return Image.new("RGB", (320, 240), _colour(rng))


def gradient(rng: Rng) -> Image.Image:
    """A colour that fades to half its brightness."""
    image = plain(rng)
    fade = Image.linear_gradient("L").rotate(float(rng.choice([0, 90, 180]))).resize(image.size)
    return Image.composite(image, image.point(lambda value: value // 2), fade)


def with_object(background: Image.Image, filling: Image.Image, rng: Rng) -> Image.Image:
    """One disc or polygon of another picture's content in the middle of a background."""
    width, height = background.size
    mask = Image.new("L", background.size)
    centre = np.array([width, height]) * rng.uniform(0.4, 0.6, 2)
    corners = int(rng.integers(5, 40))
    angles = np.arange(corners) / corners * 2 * np.pi
    radii = min(width, height) * rng.uniform(0.2, 0.4) * rng.uniform(rng.uniform(0.5, 1), 1, corners)
    outline = centre + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    ImageDraw.Draw(mask).polygon([tuple(point) for point in outline], fill=255)
    return Image.composite(filling.resize(background.size), background, mask.filter(ImageFilter.GaussianBlur(2)))


def differ(a: Image.Image, b: Image.Image) -> bool:
    """Whether two pictures' mean colours can well be told apart."""
    first, second = (np.asarray(image.resize((1, 1), Image.Resampling.BOX), dtype=float) for image in (a, b))
    return bool(np.abs(first - second).max() > 60)


def written_on(background: Image.Image, share: float, lines: int | None, rng: Rng) -> Image.Image:
    """Writing in fonts that training has not seen; its height is `share` of the background's shorter side."""
    large = background.resize((960, 960 * background.height // background.width), Image.Resampling.BICUBIC)
    return write(large, rng, TEST_FONTS, share * min(large.size), lines)[0]


def with_visible_object(background: Image.Image, fillings: Iterator[Image.Image], rng: Rng) -> Image.Image:
    """An object of the first filling that differs from the background."""
    return with_object(background, next(filling for filling in fillings if differ(background, filling)), rng)


def trial_pictures(
    scenes: list[Image.Image], portraits: dict[str, list[Image.Image]], rng: Rng
) -> Iterator[tuple[str, Image.Image]]:
    """One picture of each kind that the detectors are tried on, and the kind."""

    def scene() -> Image.Image:
        return pick(scenes, rng)

    yield "part of a scene", crop(scene(), rng, 0.5)
    for name, pictures in portraits.items():
        yield f"face: {name}, whole picture", pick(pictures, rng).resize((250, 250))
    for share in (0.25, 0.4, 0.6, 0.9):
        face = pick(pick(list(portraits.values()), rng), rng)
        yield f"face: {share:.2f} of a scene", with_face(scene(), face, share, rng)
    for size in (0.02, 0.05, 0.1, 0.2):
        yield f"text: page, {size:.2f} high", written_on(plain(rng), size, None, rng)
        yield f"text: page on a scene, {size:.2f} high", written_on(scene(), size, None, rng)
        if size > 0.02:  # three lines of that are no picture of writing
            yield f"text: 3 lines on a scene, {size:.2f} high", written_on(scene(), size, 3, rng)
    blurred = crop(scene(), rng, 0.6).resize((320, 240)).filter(ImageFilter.GaussianBlur(12))
    for name, ground in {"plain": plain(rng), "gradient": gradient(rng), "blurred scene": blurred}.items():
        colours, parts = iter(lambda: plain(rng), None), iter(lambda: crop(scene(), rng, 0.3), None)
        yield f"object: one colour on {name}", with_visible_object(ground, colours, rng)
        yield f"object: part of a scene on {name}", with_visible_object(ground, parts, rng)


# -- figures -----------------------------------------------------------------------------------------------------------


def scores(image: Image.Image, network: Windows) -> list[float]:
    """Of face, text and object: what `concerns` compares with LIMITS."""
    return [face_logit(image, network), writing_share(image, network), object_contrast(image)]


def named(score: list[float]) -> str:
    """The kinds of warning that scores lead to."""
    return " ".join(kind for kind, value, limit in zip(KINDS, score, LIMITS, strict=True) if value > limit) or "-"


@dataclass(frozen=True)
class Fold:
    """Scenes to train on, scenes to test on, and what else a test needs."""

    training: Scenes
    test: Scenes
    faces: Path
    portraits: list[Path]
    objects: list[str]
    count: int
    seed: int


def measure_fold(fold: Fold) -> Scores:
    """Scores by kind of test picture, and of each scene."""
    torch.set_num_threads(1)
    scenes = [image for images in fold.training.values() for image in images]
    network = train(scenes, read_faces(fold.faces, False), fold.seed)
    portraits = {archive.stem: read_faces(archive, True)[::10] for archive in fold.portraits}
    several = [images[0] for name, images in fold.test.items() if name not in fold.objects]
    results = {f"scene: {name}": [scores(images[0], network)] for name, images in fold.test.items()}
    rng = np.random.default_rng(fold.seed)
    for _ in range(fold.count):
        for kind, image in trial_pictures(several, portraits, rng):
            results.setdefault(kind, []).append(scores(image, network))
    return results


def print_table(results: Scores) -> None:
    """The share of each kind of test picture that each detector by itself warns of."""
    print(f"{'flagged as':42s} {'pictures':>8s}", *(f"{kind:>6s}" for kind in (*KINDS, "any")))
    for kind, values in results.items():
        flags = np.array(values) > LIMITS
        print(f"{kind:42s} {len(flags):8d}", *(f"{share:6.3f}" for share in (*flags.mean(0), flags.any(1).mean())))


def main() -> None:
    """Parses, trains, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="+", type=Path)
    parser.add_argument(
        "--faces", type=Path, required=True, help="zip of 64x64 faces, as `python -m dcgan prepare` makes"
    )
    parser.add_argument("--portraits", type=Path, nargs="+", default=[], help="zips of faces for the test")
    parser.add_argument("--objects", nargs="+", default=[], help="names of the scenes that show one object")
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--count", type=int, default=30, help="test pictures of each kind, in each fold")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--also", type=Path, nargs="+", default=[], help="pictures to judge one by one")
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    scenes = read_scenes(args.scenes)
    if args.write:
        torch.set_num_threads(1)
        network = train([image for images in scenes.values() for image in images], read_faces(args.faces, False))
        save_windows(network, WEIGHTS)
        print(f"{WEIGHTS}: {WEIGHTS.stat().st_size / 1000:.0f} kB")
    if args.folds:
        jobs = []
        for seed in range(args.folds):
            test = {name: images for n, (name, images) in enumerate(scenes.items()) if n % args.folds == seed}
            training = {name: images for name, images in scenes.items() if name not in test}
            jobs.append(Fold(training, test, args.faces, args.portraits, args.objects, args.count, seed))
        with multiprocessing.get_context("spawn").Pool(args.workers, maxtasksperchild=1) as pool:
            measured = pool.map(measure_fold, jobs, chunksize=1)
        joined: Scores = {}
        for kind, values in (item for results in measured for item in results.items()):
            joined.setdefault(kind, []).extend(values)
        print_table(dict(sorted(joined.items(), key=lambda item: item[0].split(":")[0])))
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "suitability.json").write_text(json.dumps(joined), encoding="utf-8")
    for file in args.also:
        score = scores(open_picture(file), shipped_windows())
        print(f"{file.name:40s}", *(f"{value:7.2f}" for value in score), named(score))


if __name__ == "__main__":
    main()
