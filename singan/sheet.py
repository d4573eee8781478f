"""Write a table and a contact sheet of many photographs, which a browser shows without any server."""

import csv
import io
import math
from collections.abc import Iterable
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote

from darkroom.addresses import Folder
from darkroom.uses import Size, pixels, size_key
from singan.record import SCENE, THUMBNAILS, Record
from singan.screens import SCREENS, short_note

SHEET_FILE, TABLE_FILE = "contact_sheet.html", "table.csv"
SHOWN_PIXELS = 18_000  # of a picture in the sheet, in a browser's px
COLUMNS = (
    "photograph", "photograph_width", "photograph_height", "device", "width", "height", "file", "remark", "seconds",
    "scene", "problem",
)  # fmt: skip


def write_sheet(out: Folder, records: Iterable[Record]) -> None:
    """Write the table and the contact sheet of these photographs into the folder with their results."""
    ordered = sorted(records, key=lambda it: it.photograph)
    out.write(TABLE_FILE, _encoded(_table(ordered)))
    out.write(SHEET_FILE, _encoded(_sheet(ordered)))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")  # a file's name may be in any encoding


def _table(records: list[Record]) -> str:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for it in records:
        own, last = (it.photograph, *(it.size or ("", ""))), (it.scene, it.problem)
        for made in it.prints:
            device, file = SCREENS.get(made.size, ""), f"{it.photograph}/{made.file}"
            table.writerow([*own, device, *made.size, file, made.note, made.seconds, *last])
        if not it.prints:
            table.writerow([*own, *[""] * 6, *last])
    return text.getvalue()


def _sheet(records: list[Record]) -> str:
    bad = [it for it in records if it.problem]
    made = [it for it in records if it.prints]
    title = f"{_count(len(made), 'photograph')}, {_count(sum(len(it.prints) for it in made), 'picture')}"
    items = "\n".join(f"<li><b>{escape(it.photograph)}</b>: {escape(it.problem or '')}</li>" for it in bad)
    left = f'<section class="bad"><h2>{_count(len(bad), "photograph")} with a problem</h2>\n<ul>{items}</ul></section>'
    sections = "\n".join([*([left] if bad else []), *map(_section, made)])
    template = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))
    return template.substitute(title=title, table=TABLE_FILE, sections=sections)


def _section(record: Record) -> str:
    assert record.size
    small = f"{record.photograph}/{THUMBNAILS}"
    figures = [_figure(f"{small}/photograph.jpg", None, record.size, "Photograph", None)]
    figures += [
        _figure(f"{small}/{size_key(it.size)}.jpg", f"{record.photograph}/{it.file}", it.size,
                SCREENS.get(it.size, ""), it.note)
        for it in record.prints
    ]  # fmt: skip
    scene = f"{record.photograph}/{SCENE}"
    trained = f' <small>and <a href="{_link(scene)}">its scene</a>, {record.scene}</small>' if record.scene else ""
    name = f"<h2>{escape(record.photograph)}{trained}</h2>"
    return f'<section>{name}\n<div class="row">{"".join(figures)}</div></section>'


def _figure(small: str, file: str | None, size: Size, device: str, note: str | None) -> str:
    """Show a small picture, which opens a file; about (width, height) px."""
    share = math.sqrt(SHOWN_PIXELS / math.prod(size))
    width, height = (max(1, round(share * side)) for side in size)
    words = [escape(it) for it in (device, pixels(size)) if it]
    about = f'width="{width}" height="{height}" alt="{" ".join(words)}" loading="lazy"'
    caption = "<br>".join(f"<span>{it}</span>" for it in words)
    if note:
        caption += f'<br><em title="{escape(note)}">{escape(short_note(note) or "remark")}</em>'
    image = f'<img src="{_link(small)}" {about}>'
    shown = f'<a href="{_link(file)}">{image}</a>' if file else image
    return f"<figure>{shown}<figcaption>{caption}</figcaption></figure>"


def _link(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
