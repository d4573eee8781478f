"""What both tabs and the endpoints are made of: reports of progress, errors, checked numbers, a seed with its dice."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from darkroom.checks import check_whole
from darkroom.seeds import MAX_SEED
from ui.html import bar, line

# Of events that are no endpoints; the page shows progress in its own way.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
REPORT_SECONDS = 0.5  # between two messages to the page
ANSWERS = 4  # of one kind at once; the device takes turns between them
# Long work has a queue together, or it would take all threads from what is quick.
PICTURES: dict[str, Any] = {"concurrency_id": "pictures", "concurrency_limit": 6}
ANIMATIONS: dict[str, Any] = {"concurrency_id": "animations", "concurrency_limit": 3}
SHARED = ("pictures", "animations")

T = TypeVar("T")


@dataclass(frozen=True)
class Report:
    """Where work stands, in words; share: 0 to 1 for a progress bar, None where there is nothing to wait for."""

    text: str
    share: float | None = None

    def noted(self, note: str | None) -> Report:
        """The same with a remark, where there is one."""
        return self if note is None else replace(self, text=f"{self.text}; {note}")

    def html(self) -> str:
        """For the page."""
        return line(self.text) if self.share is None else bar(self.share, self.text)


def _rendered(value: Any, plainly: bool) -> Any:
    if isinstance(value, tuple):
        return tuple(_rendered(part, plainly) for part in value)
    return (value.text if plainly else value.html()) if isinstance(value, Report) else value


def _wrapped(stream: Callable[..., Iterator[T]], plainly: bool) -> Callable[..., Iterator[T]]:
    @functools.wraps(stream)
    def wrapped(*args: Any, **kwargs: Any) -> Iterator[T]:
        for outputs in stream(*args, **kwargs):
            yield _rendered(outputs, plainly)

    return wrapped


def shown(stream: Callable[..., Iterator[T]]) -> Callable[..., Iterator[T]]:
    """The same handler for the page: its reports drawn as bars."""
    return _wrapped(stream, plainly=False)


def told(stream: Callable[..., Iterator[T]]) -> Callable[..., Iterator[T]]:
    """The same handler for scripts: its reports as plain text."""
    return _wrapped(stream, plainly=True)


def warn(text: str) -> None:
    """A message that passes by on the page; it may hold text from outside."""
    gr.Warning(escape(text))


@contextmanager
def passing_folder() -> Iterator[Path]:
    """A folder for files to hand over: Gradio has copied them when the handler goes on after its yield."""
    with tempfile.TemporaryDirectory(prefix="darkroom-") as folder:
        yield Path(folder)


def duration(seconds: float) -> str:
    """A time span in words, such as 53 s, 12 min or 3.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{round(seconds / 3600, 1):g} h"


def reports(items: Iterator[T], total: int, what: str) -> Iterator[tuple[Report, list[T]]]:
    """Collects the items; a report now and then, and at the end all of them."""
    done: list[T] = []
    started = reported = time.monotonic()
    for item in items:
        done.append(item)
        now = time.monotonic()
        if now - reported > REPORT_SECONDS and len(done) < total:
            reported = now
            left = duration((now - started) / len(done) * (total - len(done)))
            yield Report(f"{what}: {len(done)} of {total}, {left} left", len(done) / total), []
    what = what if len(done) > 1 else what.removesuffix("s")
    yield Report(f"{len(done)} {what} in {time.monotonic() - started:.1f} s"), done


def ready(path: Any) -> Any:
    """A download that has something to give; what is no path, such as gradio's "unchanged", as it is."""
    return gr.DownloadButton(value=path, interactive=True) if isinstance(path, str | Path) else path


def whole(name: str, value: float | None) -> int:
    """A number field's value; empty fields come as None."""
    return bounded(name, value, MAX_SEED, 0)


def bounded(name: str, value: float | None, most: int, least: int = 1) -> int:
    """A number field's value from `least` to `most`; empty fields come as None. Raises ValueError."""
    if value is None:
        raise ValueError(f"{name} is empty; a whole number is needed")
    return check_whole(name, value, least, most)


def seed_row(kind: str) -> gr.Number:
    with gr.Row(equal_height=False, elem_classes="seed"):
        seed = gr.Number(0, label="Seed", precision=0, minimum=0, elem_id=f"{kind}-seed", scale=3)
        dice = gr.Button("New seed", elem_id=f"{kind}-dice", scale=1, min_width=120, size="sm")
    dice.click(None, None, seed, js="() => Math.floor(Math.random() * 1e6)", api_visibility="private")
    return seed


def lighten(page: gr.Blocks, spare: gr.components.Component) -> None:
    """Spares the page what hidden progress costs: at every message the browser copies each component that ever waited
    for one, a group of tabs with all its content. Now it is the `spare` one alone; a slider answers 100 ms sooner."""
    for function in page.fns.values():
        if function.show_progress == "hidden":
            function.show_progress_on = [spare]
