"""All HTML that this app writes. What goes in is text, whoever wrote it, and is escaped here."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from itertools import takewhile
from typing import NamedTuple

from PIL import Image

STRIP_HEIGHT = 96  # px, of the pictures in a strip
REACH, UNIT = 220, 100  # of a plane of orbits to each side of its middle, and what 1 is there
DOT, LAST_DOT = 2, 6  # radii there


def line(text: str) -> str:
    """A line of text where a progress bar would stand."""
    return f'<p class="status" role="status">{escape(text)}</p>'


def bar(share: float, text: str) -> str:
    """A progress bar, full at a share of 1, with a line of text below it."""
    percent = round(100 * share)
    return (
        f'<div class="bar" role="progressbar" aria-valuenow="{percent}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-label="{escape(text)}"><div style="width:{percent}%"></div></div>{line(text)}'
    )


def notices(lines: Sequence[str]) -> str:
    """Lines that stand out."""
    return "".join(f'<p class="notice" role="status">{escape(text)}</p>' for text in lines)


def figures(pictures: Sequence[tuple[Image.Image | None, str]], signs: Sequence[str]) -> str:
    """Pictures, or places for them, with their captions in a row, with a sign before each but the first."""
    parts = []
    for (picture, caption), sign in zip(pictures, ["", *signs], strict=True):
        text = escape(caption)
        image = f'<img src="{_source(_png(picture), "png")}" alt="{text}">' if picture else '<div class="place"></div>'
        parts.append(f'<span class="sign">{escape(sign)}</span>' if sign else "")
        parts.append(f"<figure>{image}<figcaption>{text}</figcaption></figure>")
    return f'<div class="figures">{"".join(parts)}</div>'


def strip(pictures: Sequence[Image.Image], current: int | None, scales: int) -> str:
    """Pictures of a pyramid side by side, coarsest first, each enlarged to one height; the current one is marked."""
    parts = []
    for n, picture in enumerate(pictures):
        width = max(1, round(picture.width * STRIP_HEIGHT / picture.height))
        small = picture if picture.height <= STRIP_HEIGHT else picture.resize((width, STRIP_HEIGHT))
        mark = ' class="current"' if n == current else ""
        size = f"{picture.width} × {picture.height}"
        parts.append(
            f'<figure{mark}><img src="{_source(webp(small), "webp")}" width="{width}" height="{STRIP_HEIGHT}" '
            f'alt="Scale {n + 1}, {size} px"><figcaption>{n + 1} · {size}</figcaption></figure>'
        )
    label = escape(f"{len(pictures)} of {scales} scales, coarsest first")
    return f'<div class="strip" role="group" tabindex="0" aria-label="{label}">{"".join(parts)}</div>'


def head() -> str:
    """The page's name, and the switch between its schemes."""
    return (
        '<header class="head"><h1><a class="wordmark" href="./">Darkroom</a></h1>'
        '<button class="scheme" type="button" onclick="window.darkroomScheme()">Light or dark</button></header>'
    )


def opening_face(sheet: str, direction: str, reach: float) -> str:
    """A face under a slider, from -reach to reach along a direction. sheet: the attribute that says where its frames
    are, above each other."""
    name = escape(direction)
    return (
        '<section class="demo" id="opening-face"><h2>A face that never was</h2>'
        f'<img {sheet} alt="" hidden>'
        '<canvas width="512" height="512" role="img" aria-label="A drawn face"></canvas>'
        f'<label><span>{name}</span><input type="range" min="{-reach}" max="{reach}" step="0.02" value="0"></label>'
        '<p><button type="button" data-tab="faces">Steer faces</button></p></section>'
    )


def opening_screens(sizes: Mapping[str, tuple[int, int]], sources: Mapping[str, str]) -> str:
    """A photograph, and screens of these sizes with pictures that fit them. sources: the attributes that say where
    they are."""
    parts = []
    for name, (width, height) in sizes.items():
        text = escape(f"The photograph fitted to the {name}, {width} × {height} px")
        parts.append(
            f'<figure class="screen {escape(name)}"><div style="aspect-ratio:{width}/{height}">'
            f'<img {sources[name]} alt="{text}"></div>'
            f"<figcaption>{escape(name.capitalize())}</figcaption></figure>"
        )
    return (
        '<section class="demo" id="opening-scene"><h2>One photograph, every screen</h2><div class="screens">'
        f'<figure class="photograph"><div><img {sources["photograph"]} alt="The photograph"></div>'
        f"<figcaption>Photograph</figcaption></figure>{''.join(parts)}</div>"
        '<p><button type="button" data-tab="scenes" data-half="train">Use your photograph</button>'
        '<button type="button" data-tab="scenes" data-half="use">Try a shipped scene</button></p></section>'
    )


def early(top: str, demos: Sequence[str]) -> str:
    """What is seen where Gradio's page will be, as that is laid out."""
    return f'<div id="early" class="gradio-container"><main>{top}<div id="opening">{"".join(demos)}</div></main></div>'


OPENING_PLACE = '<div id="opening-place"></div>'  # in Gradio's page, for what was seen early


class Orbit(NamedTuple):
    """Places (x, y) one after another around (0, 0), and what is said of them; css: the class that colours them."""

    css: str
    name: str
    places: Sequence[tuple[float, float]]
    said: str


def orbits(drawn: Sequence[Orbit], x: str, y: str, heading: str) -> str:
    """A plane, y upwards, with a line for every orbit and a dot for every place, which land one after another; below it
    what is said of each, under a heading. x, y: the names of the axes.
    """
    label = escape(f"{heading}: {'; '.join(f'{orbit.name}, {orbit.said}' for orbit in drawn)}")
    axes = (
        f'<path class="axes" d="M{-REACH} 0H{REACH}M0 {-REACH}V{REACH}"/><circle class="centre" r="4"/>'
        f'<text x="{REACH - 40}" y="-8">{escape(x)}</text>'
        f'<text x="8" y="{40 - REACH}">{escape(y)}</text>'
    )
    box = f"{-REACH} {-REACH} {2 * REACH} {2 * REACH}"
    lines = "".join(
        f'<li class="{orbit.css}"><strong>{escape(orbit.name)}</strong> {escape(orbit.said)}</li>' for orbit in drawn
    )
    return (
        f'<div class="orbits"><svg viewBox="{box}" role="img" aria-label="{label}">{axes}{"".join(map(_orbit, drawn))}'
        f"</svg><p>{escape(heading)}</p><ul>{lines}</ul></div>"
    )


def _orbit(orbit: Orbit) -> str:
    """Its line and its dots, as far as they are near enough to be seen."""
    near = takewhile(lambda place: max(map(abs, place)) < 3 * REACH / UNIT, orbit.places)
    points = [(f"{UNIT * x:.1f}", f"{-UNIT * y:.1f}") for x, y in near]
    line = "L".join(" ".join(point) for point in points)
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="{LAST_DOT if i == len(points) - 1 else DOT}" style="--step:{i}"/>'
        for i, (x, y) in enumerate(points)
    )
    return f'<g class="{orbit.css}"><path d="M{line}"/>{dots}</g>'


def webp(picture: Image.Image) -> bytes:
    """The picture as a small file."""
    data = io.BytesIO()
    picture.save(data, format="WEBP", quality=80)
    return data.getvalue()


def _png(picture: Image.Image) -> bytes:
    """The picture without a loss."""
    data = io.BytesIO()
    picture.save(data, format="PNG")
    return data.getvalue()


def _source(data: bytes, kind: str) -> str:
    """A file as a data address."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
