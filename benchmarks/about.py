"""Draw the pictures of "How it works" anew, after the shipped models have changed: python -m benchmarks.about

They are files of ui/static/about, below 300 kB in all. Beside them docs/faces.png is drawn.
"""

import io

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw

from benchmarks.attributes import NAMES, Judge
from benchmarks.directions import effects
from benchmarks.opening import FACE as OPENING_FACE
from benchmarks.opening import ROOT, fitted
from dcgan import FacePipeline, Recipe
from dcgan.export import contact_sheet, enlarged_to
from dcgan.uses.sample import OPENING_BEST_OF, OPENING_SEED, OPENING_VARIETY
from singan import ScenePipeline
from singan.patches import as_tensor
from singan.uses import Animate
from ui.faces.link import in_order

ABOUT = ROOT / "ui" / "static" / "about"
PRINTED = "dandelions"  # the scene that is fitted
PHOTOGRAPH_WIDTH, PRINT = 480, (200, 430)  # px; of a phone's shape
MARKS = ("#f7b733", "#56b4e9", "#f06292", "#7ed957")  # told apart by most eyes
MARK_SIDE, MARK_GRID = 26, 10  # px of the print
SCALES = [0.5 + 0.05 * n for n in range(15)]  # of the photograph, at which its patches may have been printed
LEARNT, NEW_SEEDS, GAP = "peaks", (0, 4), 8  # the scene whose pyramid is shown, the seeds; px between its pictures
MOVING, FRAMES, MOVING_SIZE = "stream", 24, (300, 200)  # the scene in motion, px
OPENING_COUNT = 16  # faces, of which FACE is steered
FACE, FACE_SIDE, AMOUNTS = 0, 128, (-1.5, -0.75, 0.0, 0.75, 1.5)
DIRECTIONS = ("smiling", "age")
SHOWN_DIRECTIONS, SHOWN_AMOUNTS = ("smiling", "glasses", "blond_hair", "age"), (-2.5, -1.25, 0.0, 1.25, 2.5)
SHOWN_SIDE = 96  # px
INK, EFFECTS_INCHES, EFFECTS_DPI = "#8a8178", (6.4, 5.4), 100  # a gray that both schemes' grounds let be read
QUALITY, MOVING_QUALITY = 82, 45  # of WebP


def main() -> None:
    """Draw all pictures."""
    scenes = {name: ScenePipeline.from_pretrained(ROOT / "checkpoints" / name) for name in (PRINTED, LEARNT, MOVING)}
    pictures = dict(zip(("photograph", "print"), marked(scenes[PRINTED]), strict=True))
    pictures["pyramid"] = pyramid(scenes[LEARNT])
    faces = FacePipeline.from_pretrained(ROOT / "checkpoints" / "faces")
    pictures |= {"faces": steered(faces), "effects": effects_of_directions(faces)}
    overview(faces).save(ROOT / "docs" / "faces.png")
    ABOUT.mkdir(exist_ok=True)
    for name, picture in pictures.items():
        picture.save(ABOUT / f"{name}.webp", quality=QUALITY, method=6)
    drawn = Animate(frames=FRAMES, seed=0, enlarge=True).draw(scenes[MOVING])
    first, *others = (frame.resize(MOVING_SIZE, Image.Resampling.LANCZOS) for frame in drawn)
    first.save(ABOUT / "still.webp", quality=QUALITY, method=6)
    first.save(
        ABOUT / "motion.webp", save_all=True, append_images=others, duration=100, loop=0, quality=MOVING_QUALITY,
        method=6,
    )  # fmt: skip
    for path in sorted(ABOUT.glob("*.webp")):
        print(f"{path.name}: {Image.open(path).size} px, {path.stat().st_size} bytes")


def marked(scene: ScenePipeline) -> tuple[Image.Image, Image.Image]:
    """Return the photograph and a print of it, with the same patches marked in both."""
    photograph = scene.original.copy()
    photograph.thumbnail((PHOTOGRAPH_WIDTH, PHOTOGRAPH_WIDTH))
    printed = fitted(scene, PRINT)
    rows = PRINT[1] // len(MARKS)
    for n, colour in enumerate(MARKS):
        (x, y), (there_x, there_y), side = _best_match(printed, photograph, range(n * rows, (n + 1) * rows))
        for picture, left, top, width in ((printed, x, y, MARK_SIDE), (photograph, there_x, there_y, side)):
            ImageDraw.Draw(picture).rectangle((left, top, left + width, top + width), outline=colour, width=3)
    return photograph, printed


def _best_match(
    printed: Image.Image, photograph: Image.Image, rows: range
) -> tuple[tuple[int, int], tuple[int, int], int]:
    """Find among the print's squares in these rows the one that is most surely from the photograph.

    Returns its left upper corner, the corner where it is in the photograph, and its side there, px.
    """
    where = [
        (x, y)
        for y in range(rows.start, rows.stop - MARK_SIDE, MARK_GRID)
        for x in range(0, printed.width - MARK_SIDE, MARK_GRID)
    ]
    pixels = as_tensor(np.array(printed)) / 255
    squares = torch.cat([pixels[..., y : y + MARK_SIDE, x : x + MARK_SIDE] for x, y in where])
    found = []
    for scale in SCALES:
        size = round(photograph.width * scale), round(photograph.height * scale)
        there = as_tensor(np.array(photograph.resize(size, Image.Resampling.LANCZOS))) / 255
        energy = F.conv2d(there.square().sum(1, keepdim=True), torch.ones(1, 1, MARK_SIDE, MARK_SIDE))
        errors = energy - 2 * F.conv2d(there, squares) + squares.square().sum((1, 2, 3))[:, None, None]
        least, at = (errors[0] / squares.var((1, 2, 3))[:, None, None]).flatten(1).min(1)
        n = int(least.argmin())
        y, x = divmod(int(at[n]), errors.shape[-1])
        found.append((float(least[n]), where[n], (round(x / scale), round(y / scale)), round(MARK_SIDE / scale)))
    _, here, there_at, side = min(found)
    return here, there_at, side


def pyramid(scene: ScenePipeline) -> Image.Image:
    """Return what each scale of a trained pyramid draws of some seeds, coarsest first, a seed a row."""
    rows = [scene.stages(seed) for seed in NEW_SEEDS]
    (*_, largest), gaps = rows[0], GAP * (len(rows[0]) - 1)
    row_height = largest.height + GAP
    sheet = Image.new("RGBA", (sum(stage.width for stage in rows[0]) + gaps, row_height * len(rows) - GAP))
    for n, stages in enumerate(rows):
        left = 0
        for stage in stages:
            sheet.paste(stage, (left, n * row_height + largest.height - stage.height))
            left += stage.width + GAP
    return sheet


def steered(faces: FacePipeline) -> Image.Image:
    """Return a face moved along directions, one a row."""
    z = faces.latents(OPENING_COUNT, OPENING_SEED, OPENING_VARIETY, OPENING_BEST_OF)[FACE : FACE + 1]
    moved = [faces.move(z, {name: amount}) for name in DIRECTIONS for amount in AMOUNTS]
    drawn = [enlarged_to(face, FACE_SIDE) for face in faces.generate(torch.cat(moved))]
    return contact_sheet(drawn, len(AMOUNTS))


def overview(faces: FacePipeline) -> Image.Image:
    """Return what docs/features.md begins with: the best of many faces, and another along four directions."""
    best = faces.generate(faces.latents(32, seed=0, best_of=OPENING_BEST_OF))
    z = faces.latent_of(Recipe(index=OPENING_FACE))
    moves = [{name: amount} for name in SHOWN_DIRECTIONS for amount in SHOWN_AMOUNTS]
    moved = faces.generate(torch.cat([faces.move(z, move) for move in moves]))
    left, right = (
        contact_sheet([enlarged_to(face, SHOWN_SIDE) for face in some], columns)
        for some, columns in ((best, 8), (moved, len(SHOWN_AMOUNTS)))
    )
    sheet = Image.new("RGBA", (left.width + SHOWN_SIDE // 4 + right.width, left.height))
    sheet.paste(left, (0, 0))
    sheet.paste(right, (sheet.width - right.width, 0))
    return sheet


def effects_of_directions(faces: FacePipeline) -> Image.Image:
    """Plot what each direction changes, as `benchmarks.directions` measures it on latents that none was chosen by."""
    names = in_order(faces.attributes)
    vectors = torch.stack([faces.attributes[name] for name in names])
    found = effects(faces, Judge.load(ROOT / "checkpoints" / "faces"), vectors, seed=1)
    changes = found[:, [NAMES.index(name) for name in names]].numpy()
    labels = [name.replace("_", " ") for name in names]
    with plt.rc_context({"text.color": INK, "xtick.color": INK, "ytick.color": INK, "font.size": 9}):
        figure, axes = plt.subplots(figsize=EFFECTS_INCHES, layout="constrained")
        limit = np.abs(changes).max()
        axes.imshow(changes, cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_xticks(range(len(names)), labels, rotation=40, ha="right")
        axes.set_yticks(range(len(names)), labels)
        for (row, column), change in np.ndenumerate(changes):
            colour = "white" if abs(change) > 0.6 * limit else "black"
            axes.text(column, row, f"{100 * change:+.0f}", ha="center", va="center", color=colour, fontsize=8)
        drawn = io.BytesIO()
        figure.savefig(drawn, dpi=EFFECTS_DPI, transparent=True)
    return Image.open(drawn)


if __name__ == "__main__":
    main()
