"""Write all HTML that is made in Python. What goes in is text, whoever wrote it, and is escaped here."""

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import Any

from PIL import Image

STRIP_HEIGHT_PX = 96


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
        size = f"{picture.width} × {picture.height}"
        parts.append(
            f'<figure{mark}><img src="{_source(small, "WEBP", quality=80)}" width="{width}" height="{STRIP_HEIGHT_PX}" '
            f'alt="Scale {n + 1}, {size} px"><figcaption>{n + 1} · {size}</figcaption></figure>'
        )
    label = escape(f"{len(pictures)} of {scales} scales, coarsest first")
    return f'<div class="strip" role="group" tabindex="0" aria-label="{label}">{"".join(parts)}</div>'


def _source(picture: Image.Image, format: str, **options: Any) -> str:
    """Return a picture as a data address."""
    data = io.BytesIO()
    picture.save(data, format=format, **options)
    return f"data:image/{format.lower()};base64,{base64.b64encode(data.getvalue()).decode()}"
