"""Draws the README's pictures of scenes from the shipped ones: python -m benchmarks.figures"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import singan
from darkroom.animations import save_animation
from ui.scenes.brush import MOVED_START_SCALE
from ui.scenes.compose import moved, pasted

GAP = 12  # px between pictures; captions stand in CAPTION px above them
CAPTION = 22
ROW = 420  # px, height of a row
PHONE, TABLET, ULTRAWIDE = (1170, 2532), (2048, 1536), (3440, 1440)
TREE = (0.705, 0.38, 0.79, 0.70)  # of `autumn`: left, top, right, bottom, in parts of its sides
FLOWER = (0.13, 0.08, 0.46, 0.56)  # of `dandelions`


def prints() -> Image.Image:
    """A photograph plainly stretched, and with its subject whole as the pictures of several screens."""
    scene = singan.ScenePipeline.from_pretrained("checkpoints/dandelions")
    phone, tablet, wide = (scene.retarget(size, "fit")[0] for size in (PHONE, TABLET, ULTRAWIDE))
    first = [
        (_high(scene.original), "The one photograph"),
        (_high(phone), "A phone's"),
        (_high(scene.original.resize(PHONE)), "Plainly stretched"),
    ]
    second = [(_high(wide, 300), f"An ultrawide screen's, {wide.width} x {wide.height}")]
    second += [(_high(tablet, 300), f"A tablet's, {tablet.width} x {tablet.height}")]
    return _sheet([_row(first), _row(second)])


def uses() -> Image.Image:
    """A drawing and what becomes of it; a tree copied, a flower pasted, and both grown in; a tile, repeated."""
    peaks, autumn, stream = (
        singan.ScenePipeline.from_pretrained(f"checkpoints/{name}") for name in ("peaks", "autumn", "stream")
    )
    drawing = _drawing()
    copied, marked = moved(_small(autumn), _box(_small(autumn), TREE), -0.42, 0.06, copy=True)
    pasted_, mask = pasted(_small(peaks), _flower(), 0.72, 0.72, 0.24)
    (tile,) = stream.tile(seed=2, enlarge=True)
    four = Image.new("RGB", (2 * tile.width, 2 * tile.height))
    for corner in ((0, 0), (tile.width, 0), (0, tile.height), tile.size):
        four.paste(tile, corner)
    first = [
        (_high(drawing, 300), "Painted"),
        (_high(peaks.paint(drawing, enlarge=True)[0], 300), "The scene's own picture of it"),
        (_high(four, 300), "A tile, twice in each direction"),
    ]
    second = [
        (_high(copied, 300), "A tree, copied"),
        (_high(autumn.edit(copied, marked.convert("RGB"), MOVED_START_SCALE, enlarge=True)[0], 300), "Grown in"),
        (_high(pasted_, 300), "A flower, pasted"),
        (_high(peaks.harmonize(pasted_, mask.convert("RGB"), enlarge=True)[0], 300), "Harmonized"),
    ]
    return _sheet([_row(first), _row(second)])


def _drawing() -> Image.Image:
    """Two mountains and a cloud over a meadow."""
    drawing = Image.new("RGB", (600, 450), "#5a82be")
    draw = ImageDraw.Draw(drawing)
    draw.ellipse((330, 45, 520, 120), fill="#ebebf0")
    draw.polygon([(0, 330), (120, 130), (200, 220), (330, 70), (470, 250), (600, 150), (600, 450), (0, 450)], "#827d7d")
    draw.polygon([(0, 370), (300, 290), (600, 370), (600, 450), (0, 450)], "#5f5f2d")
    return drawing


def _small(scene: singan.ScenePipeline) -> Image.Image:
    picture = scene.original
    picture.thumbnail((1024, 1024))
    return picture


def _pixels(picture: Image.Image, box: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """A box in parts of the picture's sides, in px."""
    left, top, right, bottom = (round(part * side) for part, side in zip(box, picture.size * 2, strict=True))
    return left, top, right, bottom


def _box(picture: Image.Image, box: tuple[float, float, float, float]) -> Image.Image:
    """A mask of it."""
    mask = Image.new("L", picture.size)
    mask.paste(255, _pixels(picture, box))
    return mask


def _flower() -> Image.Image:
    """The large flower of `dandelions`, cut out."""
    photograph = singan.ScenePipeline.from_pretrained("checkpoints/dandelions").original
    flower = photograph.crop(_pixels(photograph, FLOWER))
    mask = Image.new("L", flower.size)
    ImageDraw.Draw(mask).ellipse((0, 0, *flower.size), fill=255)
    flower.putalpha(mask)
    return flower


def _sheet(rows: list[Image.Image]) -> Image.Image:
    """Put rows below one another."""
    sheet = Image.new("RGB", (max(row.width for row in rows), sum(row.height for row in rows)), "white")
    y = 0
    for row in rows:
        sheet.paste(row, (0, y))
        y += row.height
    return sheet


def _high(picture: Image.Image, height: int = ROW) -> Image.Image:
    return picture.resize((round(picture.width * height / picture.height), height), Image.Resampling.LANCZOS)


def _row(pictures: list[tuple[Image.Image, str]]) -> Image.Image:
    """Put pictures of one height side by side, with their captions."""
    width = sum(picture.width + GAP for picture, _ in pictures) + GAP
    row = Image.new("RGB", (width, pictures[0][0].height + CAPTION + GAP), "white")
    draw, font, x = ImageDraw.Draw(row), ImageFont.load_default(15), GAP
    for picture, caption in pictures:
        draw.text((x, 2), caption, "#222222", font)
        row.paste(picture, (x, CAPTION))
        x += picture.width + GAP
    return row


def main() -> None:
    """Write docs/prints.jpg, docs/uses.jpg and docs/dandelions.gif."""
    prints().save("docs/prints.jpg", quality=88)
    uses().save("docs/uses.jpg", quality=86)
    scene = singan.ScenePipeline.from_pretrained("checkpoints/dandelions")
    save_animation(scene.animate(start_scale=2, frames=30, loop=True), Path("docs/dandelions.gif"))


if __name__ == "__main__":
    main()
