"""Measures what the detectors of `singan.suitability` find, and find wrongly.

    python -m benchmarks.suitability SCENES ... --faces faces64.zip --portraits celeba10k.zip lfw13k.zip --folds 5
        [--objects NAMES ...] [--also PICTURES ...]

SCENES: pictures without faces and writing, or folders of them; N_Real, N_SinGAN, ... count as one scene. --folds
measures with networks that never saw the scene, the faces or the fonts of the test: the scenes are parted, each part is
judged by the network of the others. Scenes that --objects names are left out where a warning of an object counts as
wrong. --also judges pictures one by one, by the shipped network. `python -m singan.suitability.train` trains that one.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter

from singan.image import open_picture
from singan.suitability import LIMITS, Kind
from singan.suitability.drawn import Rng, crop, font_files, pick, write
from singan.suitability.network import Windows, face_logit, shipped_windows, writing_share
from singan.suitability.objects import object_contrast
from singan.suitability.sources import Scenes, read_faces, read_scenes
from singan.suitability.train import train
from singan.suitability.training_windows import CENTRAL

Scores = dict[str, list[list[float]]]  # of each picture, in the order of KINDS, by kind of picture
KINDS: tuple[Kind, ...] = ("face", "text", "object")
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
    """Whether two pictures' mean colours can well be told apart."""
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
    for share in FACE_SHARES:
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


def scores(image: Image.Image, network: Windows) -> list[float]:
    """What `concerns` compares with LIMITS, of each of KINDS."""
    return [face_logit(image, network), writing_share(image, network), object_contrast(image)]


def named(score: list[float]) -> str:
    """The kinds of warning that scores lead to."""
    return " ".join(kind for kind, value in zip(KINDS, score, strict=True) if value > LIMITS[kind]) or "-"


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
    portraits = {archive.stem: read_faces(archive, True)[::EVERY] for archive in fold.portraits}
    several = [images[0] for name, images in fold.test.items() if name not in fold.objects]
    results = {f"scene: {name}": [scores(images[0], network)] for name, images in fold.test.items()}
    rng = np.random.default_rng(fold.seed)
    for _ in range(fold.count):
        for kind, image in trial_pictures(several, portraits, rng):
            results.setdefault(kind, []).append(scores(image, network))
    return results


def folds(scenes: Scenes, args: argparse.Namespace) -> list[Fold]:
    """Every scene is in the test of one fold and in the training of all others."""
    found = []
    for seed in range(args.folds):
        test = {name: images for n, (name, images) in enumerate(scenes.items()) if n % args.folds == seed}
        training = {name: images for name, images in scenes.items() if name not in test}
        found.append(Fold(training, test, args.faces, args.portraits, args.objects, args.count, seed))
    return found


def measure(folds: list[Fold], workers: int) -> Scores:
    """The scores of all folds together, the kinds of picture in alphabetical order."""
    with multiprocessing.get_context("spawn").Pool(workers, maxtasksperchild=1) as pool:
        measured = pool.map(measure_fold, folds, chunksize=1)
    joined: Scores = {}
    for kind, values in (item for results in measured for item in results.items()):
        joined.setdefault(kind, []).extend(values)
    return dict(sorted(joined.items(), key=lambda item: item[0].split(":")[0]))


def print_table(results: Scores) -> None:
    """The share of each kind of test picture that each detector by itself warns of."""
    limits = [LIMITS[kind] for kind in KINDS]
    print(f"{'flagged as':42s} {'pictures':>8s}", *(f"{kind:>6s}" for kind in (*KINDS, "any")))
    for kind, values in results.items():
        flags = np.array(values) > limits
        print(f"{kind:42s} {len(flags):8d}", *(f"{share:6.3f}" for share in (*flags.mean(0), flags.any(1).mean())))


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="+", type=Path)
    parser.add_argument("--faces", type=Path, required=True, help="zip of 64x64 faces to train on")
    parser.add_argument("--portraits", type=Path, nargs="+", default=[], help="zips of faces for the test")
    parser.add_argument("--objects", nargs="+", default=[], help="names of the scenes that show one object")
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--count", type=int, default=30, help="test pictures of each kind, in each fold")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--also", type=Path, nargs="+", default=[], help="pictures to judge one by one")
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    args = parser.parse_args()
    if args.folds:
        results = measure(folds(read_scenes(args.scenes), args), args.workers)
        print_table(results)
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "suitability.json").write_text(json.dumps(results), encoding="utf-8")
    for file in args.also:
        score = scores(open_picture(file), shipped_windows())
        print(f"{file.name:40s}", *(f"{value:7.2f}" for value in score), named(score))


if __name__ == "__main__":
    main()
