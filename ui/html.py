"""Write all HTML that is made in Python. What goes in is text, whoever wrote it, and is escaped here."""

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import Any

from PIL import Image

from darkroom.animations import is_video
from darkroom.uses import pixels
from ui.links import GONE
from ui.results import CARD_SIZE, KeptPicture, KeptResult
from ui.theme import source

STRIP_HEIGHT_PX = 96
VIEW_HEIGHT_PERCENT = 82  # of the window, that a picture takes at most on a result's page; as in ui/static/view.css


def line(text: str) -> str:
    """Return a line of text, for where a progress bar would stand."""
    return f'<p class="status" role="status">{escape(text)}</p>'


def bar(share: float, text: str) -> str:
    """Return a progress bar, full at a share of 1, with a line of text below it."""
    percent = round(100 * share)
    return (
        f'<div class="bar" role="progressbar" aria-valuenow="{percent}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-label="{escape(text)}"><div style="width:{percent}%"></div></div>{line(text)}'
    )


def notices(lines: Sequence[str]) -> str:
    """Return lines that stand out."""
    return "".join(f'<p class="notice" role="status">{escape(text)}</p>' for text in lines)


def figures(pictures: Sequence[tuple[Image.Image | None, str]], signs: Sequence[str]) -> str:
    """Return pictures, or places for them, with captions in a row, with a sign before each but the first."""
    parts = []
    for (picture, caption), sign in zip(pictures, ["", *signs], strict=True):
        text = escape(caption)
        source = picture and _source(picture, "WEBP", quality=90)
        image = f'<img src="{source}" alt="{text}">' if source else '<div class="place"></div>'
        parts.append(f'<span class="sign">{escape(sign)}</span>' if sign else "")
        parts.append(f"<figure>{image}<figcaption>{text}</figcaption></figure>")
    return f'<div class="figures">{"".join(parts)}</div>'


def strip(pictures: Sequence[Image.Image], current: int | None, scales: int) -> str:
    """Return the pictures of a pyramid side by side, coarsest first, at one height; the current one is marked."""
    parts = []
    for n, picture in enumerate(pictures):
        width = max(1, round(picture.width * STRIP_HEIGHT_PX / picture.height))
        small = picture if picture.height <= STRIP_HEIGHT_PX else picture.resize((width, STRIP_HEIGHT_PX))
        mark = ' class="current"' if n == current else ""
        size = pixels(picture.size)
        parts.append(
            f'<figure{mark}><img src="{_source(small, "WEBP", quality=80)}" width="{width}" height="{STRIP_HEIGHT_PX}" '
            f'alt="Scale {n + 1}, {size} px"><figcaption>{n + 1} · {size}</figcaption></figure>'
        )
    label = escape(f"{len(pictures)} of {scales} scales, coarsest first")
    return f'<div class="strip" role="group" tabindex="0" aria-label="{label}">{"".join(parts)}</div>'


def preview_tags(title: str, description: str, address: str, image: str) -> str:
    """Return what other sites show of a page beside a link to it, Open Graph's tags and Twitter's. image: a card's."""
    texts = {"title": title, "description": description, "address": address, "image": image}
    escaped = {name: escape(text) for name, text in texts.items()}
    return source("preview.html").format(width=CARD_SIZE[0], height=CARD_SIZE[1], **escaped)


def result_page(result: KeptResult, tags: str, archive: str) -> str:
    """Return the page of a kept result, whose files lie below its address; tags: of its head."""
    count = len(result.pictures)
    what = f"{count} pictures" if count > 1 else "An animation" if result.pictures[0].moves else "One picture"
    said = f"<p>{what} · kept until {escape(result.until)}</p>"
    if count > 1:
        name = escape(f"{result.title}.zip")
        said += f'<a class="button" href="{result.id}/{archive}" download="{name}">Download all</a>'
    shown = "".join(_kept_picture(result.id, it, "lazy" if n else "eager") for n, it in enumerate(result.pictures))
    return _view(title=escape(result.title), tags=tags, said=said, pictures=shown)


def gone_page() -> str:
    """Return the page of a result that is not kept, or not any more."""
    return _view(title=GONE, tags="", said="", pictures="")


def _view(**parts: str) -> str:
    return source("view.html").format(style=source("view.css"), **parts)


def _kept_picture(id: str, it: KeptPicture, loading: str) -> str:
    """Return a picture as large as it fits, with its words and its file."""
    file, shown, small, ratio = f"{id}/{it.file}", f"{id}/{it.shown}", f"{id}/{it.small}", it.width / it.height
    size = f'width="{it.width}" height="{it.height}"'
    said = escape(it.caption or f"{pixels((it.width, it.height))} px")
    if is_video(it.shown):
        seen = f'<video src="{shown}" poster="{small}" {size} autoplay loop muted playsinline controls></video>'
    elif it.moves:
        still = f'<source media="(prefers-reduced-motion: reduce)" srcset="{small}">'
        seen = f'<picture>{still}<img src="{shown}" {size} alt="{said}"></picture>'
    else:
        sizes = f'sizes="min(100vw, {ratio * VIEW_HEIGHT_PERCENT:.1f}vh)"'
        several = f'srcset="{small} {it.small_width}w, {shown} {it.width}w" {sizes}' if small != shown else ""
        picture = f'<img src="{shown}" {several} {size} alt="{said}" loading="{loading}">'
        seen = f'<a href="{file}" title="Full size">{picture}</a>'
    download = f'<a class="button" href="{file}" download="{it.file}" aria-label="Download {said}">Download</a>'
    style = f"--ratio: {ratio:.4f}; --width: {it.width}px"
    return f'<figure style="{style}">{seen}<figcaption><span>{said}</span>{download}</figcaption></figure>'


def _source(picture: Image.Image, format: str, **options: Any) -> str:
    """Return a picture as a data address."""
    data = io.BytesIO()
    picture.save(data, format=format, **options)
    return f"data:image/{format.lower()};base64,{base64.b64encode(data.getvalue()).decode()}"
