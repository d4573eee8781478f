"""Draws the README's pictures of scenes from the shipped ones: python -m benchmarks.figures"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import singan
from darkroom.animations import save_animation

GAP = 12  # px between pictures; captions stand in CAPTION px above them
CAPTION = 22
ROW = 420  # px, height of a row
PHONE, ULTRAWIDE = (1170, 2532), (3440, 1440)
DETAIL = (300, 1150)  # px, the corner of what is shown at its own pixels


def prints() -> Image.Image:
    """A photograph as a phone's and an ultrawide screen's picture, a piece pixel by pixel, and laid out anew."""
    scene = singan.ScenePipeline.from_pretrained("checkpoints/peaks")
    phone, wide = (scene.retarget(size, enlarge=True)[0] for size in (PHONE, ULTRAWIDE))
    first = [
        (_high(scene.original), "The one photograph"),
        (_high(phone), "A phone's, 1170 x 2532"),
        (phone.crop((*DETAIL, DETAIL[0] + 480, DETAIL[1] + ROW)), "A piece of that, pixel by pixel"),
    ]
    second = [(_high(wide, 300), f"An ultrawide screen's, {wide.width} x {wide.height}")]
    second += [(_high(it, 300), "") for it in scene.sample(1, seed=4, enlarge=True)]
    second[1] = second[1][0], "Laid out anew"
    rows = [_row(first), _row(second)]
    sheet = Image.new("RGB", (max(row.width for row in rows), sum(row.height for row in rows)), "white")
    y = 0
    for row in rows:
        sheet.paste(row, (0, y))
        y += row.height
    return sheet


def _high(picture: Image.Image, height: int = ROW) -> Image.Image:
    return picture.resize((round(picture.width * height / picture.height), height), Image.Resampling.LANCZOS)


def _row(pictures: list[tuple[Image.Image, str]]) -> Image.Image:
    """Pictures of one height side by side, with their captions."""
    width = sum(picture.width + GAP for picture, _ in pictures) + GAP
    row = Image.new("RGB", (width, pictures[0][0].height + CAPTION + GAP), "white")
    draw, font, x = ImageDraw.Draw(row), ImageFont.load_default(15), GAP
    for picture, caption in pictures:
        draw.text((x, 2), caption, "#222222", font)
        row.paste(picture, (x, CAPTION))
        x += picture.width + GAP
    return row


def main() -> None:
    """Writes docs/prints.jpg and docs/dandelions.gif."""
    prints().save("docs/prints.jpg", quality=88)
    scene = singan.ScenePipeline.from_pretrained("checkpoints/dandelions")
    save_animation(scene.animate(start_scale=2, frames=30, loop=True), Path("docs/dandelions.gif"))


if __name__ == "__main__":
    main()
