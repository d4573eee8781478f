"""Where work stands, in words, for the page as a bar and for scripts as text; files to hand over while it does."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ui.html import bar, line

REPORT_SECONDS = 0.4  # between two messages to the page, and to the first
TELLING = 0.05  # share of the work before which nothing can be said of the rest: the coarse begins take as long as all


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


class Progress:
    """How much of several pieces of equal work is done, told now and then."""

    def __init__(self, total: int, what: str) -> None:
        self.total, self.what = total, what
        self.shares: dict[int, float] = {}
        self.started = self.reported = time.monotonic()

    def take(self, number: int, share: float = 1.0) -> Report | None:
        """Notes the share of a piece; what to say of all, where it is time for that."""
        self.shares[number] = share
        now, done = time.monotonic(), sum(self.shares.values())
        if now - self.reported <= REPORT_SECONDS or done >= self.total:
            return None
        self.reported = now
        telling = done >= TELLING * self.total
        left = f", {duration((now - self.started) / done * (self.total - done))} left" if telling else ""
        finished = sum(share == 1 for share in self.shares.values())
        return Report(f"{self.what}: {finished} of {self.total}{left}", done / self.total)

    def end(self) -> Report:
        """How many there are, and how long they took."""
        count = len(self.shares)
        what = self.what if count > 1 else self.what.removesuffix("s")
        return Report(f"{count} {what} in {time.monotonic() - self.started:.1f} s")


@contextmanager
def passing_folder() -> Iterator[Path]:
    """A folder for files to hand over: Gradio has copied them when the handler goes on after its yield."""
    with tempfile.TemporaryDirectory(prefix="darkroom-") as folder:
        yield Path(folder)
