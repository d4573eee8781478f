"""Measures how often the warnings of `singan.concerns` before a training are right.

    python -m benchmarks.suitability SCENES ... --portraits celeba10k.zip lfw13k.zip [--count 30] [--objects NAMES ...]
    python -m benchmarks.suitability --also PICTURES ...

SCENES: pictures without faces and writing, or folders of them; N_Real, N_SinGAN, ... count as one scene. Faces, lines
of writing in fonts that training has not seen, and objects are put on them; what --objects names is left out.
--also judges pictures one by one.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.windows.drawn import Rng, crop, font_files, pick, write
from benchmarks.windows.examples import CENTRAL
from benchmarks.windows.sources import Scenes, read_faces, read_scenes
from singan.concerns import Kind, kinds

KINDS: tuple[Kind, ...] = get_args(Kind)
SIZE = (320, 240)  # px, of drawn grounds
PORTRAIT = (250, 250)  # px, of whole pictures of faces
WRITTEN_WIDTH = 960  # px, of what is written on
FACE_SHARES = (0.25, 0.4, 0.6, 0.9)  # of a scene's shorter side, from chin to hair
LINE_HEIGHTS = (0.02, 0.05, 0.1, 0.2)  # of a picture's shorter side
LEAST_FOR_LINES = 0.05  # three lines of less are no picture of writing
DIFFERENT = 60  # of 255, in one channel
EVERY = 10  # of the held-out faces


# -- test pictures -----------------------------------------------------------------------------------------------------


def with_face(scene: Image.Image, face: Image.Image, share: float, rng: Rng) -> Image.Image:
    """A face with soft edges somewhere in a scene; from chin to hair `share` of the scene's shorter side."""
    side = min(face.size)
    left, top = (face.width - side) // 2, (face.height - side) // 2
    face = face.crop((left, top, left + side, top + side))
    width = round(min(scene.size) * share / CENTRAL)
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
    return Image.new("RGB", SIZE, _colour(rng))


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
    """Return whether two pictures' mean colours can well be told apart."""
    first, second = (np.asarray(image.resize((1, 1), Image.Resampling.BOX), dtype=float) for image in (a, b))
    return bool(np.abs(first - second).max() > DIFFERENT)


def written_on(background: Image.Image, share: float, lines: int | None, rng: Rng) -> Image.Image:
    """Writing in fonts that training has not seen; its height is `share` of the background's shorter side."""
    size = (WRITTEN_WIDTH, WRITTEN_WIDTH * background.height // background.width)
    large = background.resize(size, Image.Resampling.BICUBIC)
    return write(large, rng, font_files(held_out=True), share * min(large.size), lines)[0]


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
        yield f"face: {name}, whole picture", pick(pictures, rng).resize(PORTRAIT)
    for share in FACE_SHARES if portraits else ():
        face = pick(pick(list(portraits.values()), rng), rng)
        yield f"face: {share:.2f} of a scene", with_face(scene(), face, share, rng)
    for size in LINE_HEIGHTS:
        yield f"text: page, {size:.2f} high", written_on(plain(rng), size, None, rng)
        yield f"text: page on a scene, {size:.2f} high", written_on(scene(), size, None, rng)
        if size >= LEAST_FOR_LINES:
            yield f"text: 3 lines on a scene, {size:.2f} high", written_on(scene(), size, 3, rng)
    blurred = crop(scene(), rng, 0.6).resize(SIZE).filter(ImageFilter.GaussianBlur(12))
    for name, ground in {"plain": plain(rng), "gradient": gradient(rng), "blurred scene": blurred}.items():
        colours, parts = iter(lambda: plain(rng), None), iter(lambda: crop(scene(), rng, 0.3), None)
        yield f"object: one colour on {name}", with_visible_object(ground, colours, rng)
        yield f"object: part of a scene on {name}", with_visible_object(ground, parts, rng)


# -- figures -----------------------------------------------------------------------------------------------------------


def shares(scenes: Scenes, portraits: dict[str, list[Image.Image]], count: int) -> dict[str, list[list[Kind]]]:
    """The warnings of each kind of trial picture, and of the scenes themselves."""
    found: dict[str, list[list[Kind]]] = {"scenes": [kinds(images[0]) for images in scenes.values()]}
    rng = np.random.default_rng(0)
    for _ in range(count):
        for name, image in trial_pictures([images[0] for images in scenes.values()], portraits, rng):
            found.setdefault(name, []).append(kinds(image))
    return found


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="*", type=Path)
    parser.add_argument("--portraits", type=Path, nargs="+", default=[], help="zips of faces")
    parser.add_argument("--objects", nargs="+", default=[], help="names of the scenes that show one object")
    parser.add_argument("--count", type=int, default=30, help="trial pictures of each kind")
    parser.add_argument("--also", type=Path, nargs="+", default=[], help="pictures to judge one by one")
    args = parser.parse_args()
    scenes = {name: images for name, images in read_scenes(args.scenes).items() if name not in args.objects}
    if scenes:
        portraits = {archive.stem: read_faces(archive, True)[::EVERY] for archive in args.portraits}
        print(f"{'warned of':42s} {'pictures':>8s}", *(f"{kind:>6s}" for kind in (*KINDS, "any")))
        for name, found in shares(scenes, portraits, args.count).items():
            warned = [np.mean([kind in it for it in found]) for kind in KINDS] + [np.mean([bool(it) for it in found])]
            print(f"{name:42s} {len(found):8d}", *(f"{share:6.2f}" for share in warned))
    for file in args.also:
        print(f"{file.name:40s}", " ".join(kinds(file)) or "-")


if __name__ == "__main__":
    main()
