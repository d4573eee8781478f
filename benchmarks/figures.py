"""Draws the README's pictures of scenes from the shipped ones: python -m benchmarks.figures"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import singan
from darkroom.animations import save_animation

GAP = 12  # px between pictures; captions stand in CAPTION px above them
CAPTION = 22


def peaks() -> Image.Image:
    """A photograph, samples of it, and the same picture at other sizes."""
    scene = singan.ScenePipeline.from_pretrained("checkpoints/peaks")
    samples = scene.sample(3, seed=1)
    wide, tall = (scene.retarget(size, mode="keep", seed=1)[0] for size in ((536, 188), (188, 400)))
    rearranged = scene.retarget((476, 188), seed=1)[0]
    width, height = scene.size
    column, below = width + GAP, height + CAPTION + GAP
    placed = [
        (0, 0, scene.source, "The one picture"),
        *((column * (i + 1), 0, sample, "New samples" * (i == 0)) for i, sample in enumerate(samples)),
        (0, below, wide, "Fitted to 536 x 188, layout kept"),
        (wide.width + GAP, below, rearranged, "476 x 188, rearranged"),
        (4 * column, 0, tall, "188 x 400, layout kept"),
    ]
    sheet = Image.new("RGB", (4 * column + tall.width + 2 * GAP, below + height + CAPTION + 2 * GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for x, y, picture, caption in placed:
        draw.text((GAP + x, GAP + y), caption, "#222222", font)
        sheet.paste(picture, (GAP + x, GAP + y + CAPTION))
    return sheet


def main() -> None:
    """Writes docs/peaks.jpg and docs/dandelions.gif."""
    peaks().save("docs/peaks.jpg", quality=90)
    scene = singan.ScenePipeline.from_pretrained("checkpoints/dandelions")
    save_animation(scene.animate(start_scale=2, frames=30, loop=True), Path("docs/dandelions.gif"))


if __name__ == "__main__":
    main()
