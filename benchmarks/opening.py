"""Draw the pictures of the first screen and of its offers anew, after the shipped models have changed:

    python -m benchmarks.opening

They are files of ui/static/opening, so that whoever opens the page waits for no model.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
from PIL import Image, ImageOps

from dcgan import FacePipeline, Recipe
from singan import ScenePipeline
from singan.uses import Retarget

ROOT = Path(__file__).parents[1]
OPENING = ROOT / "ui" / "static" / "opening"
FACE = 84  # of seed 0: it goes from earnest to a broad smile
DIRECTION = "smiling"
FRAMES, REACH = 11, 2.0  # of the face, from -REACH to REACH standard deviations along the direction
FACE_SIDE = 256  # px, enlarged from 64
SCENE = "dandelions"  # a subject, whose shape stretching would give away
SCREENS = {"ultrawide": (840, 360), "tablet": (480, 360), "phone": (240, 520)}  # px, none of the photograph's shape
PHOTOGRAPH = (480, 320)  # px, at most
QUALITY = 80  # of WebP
OFFERED, OFFERED_SIZE = "autumn", (240, 160)  # what the moving examples show, and their size, px, at most
KINDS, FADE = 4, 5  # new pictures, and frames from one to the next
KINDS_MS, HELD_MS, FRAME_MS = 60, 1300, 80  # a frame of a fade lasts, a picture, a frame of the motion


def main() -> None:
    """Draw all pictures."""
    scene = ScenePipeline.from_pretrained(ROOT / "checkpoints" / SCENE)
    photograph = scene.original.copy()
    photograph.thumbnail(PHOTOGRAPH)
    frames = along(FacePipeline.from_pretrained(ROOT / "checkpoints" / "faces"))
    pictures = {"face": above_each_other(frames), "photograph": photograph}
    pictures |= {name: fitted(scene, size) for name, size in SCREENS.items()}
    OPENING.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        picture.save(OPENING / f"{name}.webp", quality=QUALITY, method=6)
        print(f"{name}.webp: {picture.width} x {picture.height} px, {(OPENING / f'{name}.webp').stat().st_size} bytes")
    offered = ScenePipeline.from_pretrained(ROOT / "checkpoints" / OFFERED)
    kinds, motion = offered.sample(KINDS, layout_by="patches"), offered.animate(start_scale=1, frames=40, loop=True)
    fades = [Image.blend(a, b, i / FADE) for a, b in pairwise([*kinds, kinds[0]]) for i in range(FADE)]
    save_moving("sample", fades, [KINDS_MS if i % FADE else HELD_MS for i in range(len(fades))])
    save_moving("animate", motion, [FRAME_MS] * len(motion))


def save_moving(name: str, frames: Sequence[Image.Image], durations: list[int]) -> None:
    """Write frames as an endless WebP; durations: of each, ms."""
    first, *rest = (ImageOps.contain(frame, OFFERED_SIZE) for frame in frames)
    path = OPENING / f"{name}.webp"
    first.save(path, save_all=True, append_images=rest, duration=durations, loop=0, quality=60, method=6)
    print(f"{name}.webp: {first.width} x {first.height} px, {path.stat().st_size} bytes")


def along(faces: FacePipeline) -> list[Image.Image]:
    """Return FRAMES of the face, from -REACH to REACH along the direction."""
    z = faces.latent_of(Recipe(index=FACE))
    amounts = [REACH * (2 * i / (FRAMES - 1) - 1) for i in range(FRAMES)]
    frames = faces.generate(torch.cat([faces.move(z, {DIRECTION: amount}) for amount in amounts]))
    return [frame.resize((FACE_SIDE, FACE_SIDE), Image.Resampling.LANCZOS) for frame in frames]


def above_each_other(frames: Sequence[Image.Image]) -> Image.Image:
    """Return frames of one size as a single picture, the first on top."""
    width, height = frames[0].size
    sheet = Image.new("RGB", (width, height * len(frames)))
    for i, frame in enumerate(frames):
        sheet.paste(frame, (0, i * height))
    return sheet


def fitted(scene: ScenePipeline, size: tuple[int, int]) -> Image.Image:
    """Return the scene's photograph in another shape, its subjects whole."""
    *_, step = Retarget(size, "fit").steps(scene)
    assert step.picture
    return step.picture


if __name__ == "__main__":
    main()
