"""Where work stands, in words, for the page as a bar and for scripts as text; files to hand over while it does."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from ui.html import bar, line

REPORT_SECONDS = 0.5  # between two messages to the page

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


@contextmanager
def passing_folder() -> Iterator[Path]:
    """A folder for files to hand over: Gradio has copied them when the handler goes on after its yield."""
    with tempfile.TemporaryDirectory(prefix="darkroom-") as folder:
        yield Path(folder)
