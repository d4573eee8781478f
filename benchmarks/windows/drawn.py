"""Pictures that are drawn at random: what looks a little like writing or faces but is neither, and writing."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

T = TypeVar("T")
Rng = np.random.Generator

FONTS = Path("/usr/share/fonts/truetype")
HELD_OUT = ("DejaVuSerif", "DejaVuSansMono")  # beginnings of the names of fonts that only tests write with
WORDS = Path(__file__).with_name("words.txt")  # frozen: another list would give other weights
TEXTURE_SIDE = 128  # px


def pick(things: Sequence[T], rng: Rng) -> T:
    """One of them."""
    return things[int(rng.integers(len(things)))]


def crop(image: Image.Image, rng: Rng, low: float) -> Image.Image:
    """A random part, its sides `low` to 1 times the picture's shorter side."""
    width, height = (rng.uniform(low, 1, 2) * min(image.size)).astype(int)
    x, y = rng.integers(image.width - width + 1), rng.integers(image.height - height + 1)
    return image.crop((x, y, x + width, y + height))


# -- textures ----------------------------------------------------------------------------------------------------------


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


def texture(rng: Rng, side: int = TEXTURE_SIDE) -> Image.Image:
    """Draw what has a little of writing or faces but is neither, as brightness: windows, twigs, crowds, noise."""
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


# -- writing -----------------------------------------------------------------------------------------------------------


@cache
def font_files(held_out: bool) -> list[Path]:
    """List this machine's TrueType fonts: those of tests only, or all others. Raises ValueError without any."""
    found = [font for font in sorted(FONTS.rglob("*.ttf")) if font.stem.startswith(HELD_OUT) == held_out]
    if not found:
        names = " or ".join(HELD_OUT) if held_out else "other fonts"
        raise ValueError(f"{FONTS} holds no {names}; Debian's packages fonts-dejavu and fonts-liberation do")
    return found


@cache
def words() -> list[str]:
    """Return the words to write: those of a readme and a licence, in their order, so that common ones are common."""
    return WORDS.read_text(encoding="utf-8").split()


def write(
    image: Image.Image, rng: Rng, fonts: list[Path], size: float, lines: int | None = None, angle: float = 0.0
) -> tuple[Image.Image, np.ndarray]:
    """Write lines of words on an L or RGB picture, all that fit for None, and return their places, bool (H, W)."""
    double = (2 * image.width, 2 * image.height)  # drawn twice as large and halved: smooth
    ink, boxes = Image.new("L", double), Image.new("L", double)
    font = ImageFont.truetype(str(pick(fonts, rng)), max(6, round(2 * size)))
    x, y = rng.uniform(0, 0.3) * double[0], rng.uniform(-0.1, 0.3 if lines is None else 0.7) * double[1]
    upper = rng.random() < 0.3
    step = 2 * size * rng.uniform(1.1, 1.8)
    for _ in range(lines or int((double[1] - y) / step) + 1):
        text, width = "", rng.uniform(0.3, 1.1) * double[0]
        while font.getlength(text) < width:
            text += pick(words(), rng) + " "
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
