"""Say where work stands, for the page as a bar and for scripts as text, and hand over files while it does."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ui.html import bar, line

REPORT_SECONDS = 0.4  # between two messages to the page, and to the first
PREDICTABLE_SHARE = 0.05  # of the work, from which on its time is known: the coarse begins take as long as all


@dataclass(frozen=True)
class Report:
    """Say where work stands, in words; share: 0 to 1 for a progress bar, None where there is nothing to wait for."""

    text: str
    share: float | None = None

    def noted(self, note: str | None) -> "Report":
        """Add a remark, where there is one."""
        return self if note is None else replace(self, text=f"{self.text}; {note}")

    def html(self) -> str:
        """Return it as HTML for the page."""
        return line(self.text) if self.share is None else bar(self.share, self.text)


def duration(seconds: float) -> str:
    """Return a time span in words, such as 53 s, 12 min or 3.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{round(seconds / 3600, 1):g} h"


class Progress:
    """Report now and then how much of several pieces of equal work is done."""

    def __init__(self, total: int, what: str) -> None:
        self.total, self.what = total, what
        self.shares: dict[int, float] = {}
        self.started = self.reported = time.monotonic()

    def take(self, number: int, share: float = 1.0) -> Report | None:
        """Take the share of a piece that is done; return a report of all, where it is time for one."""
        self.shares[number] = share
        now, done = time.monotonic(), sum(self.shares.values())
        if now - self.reported <= REPORT_SECONDS or done >= self.total:
            return None
        self.reported = now
        words = f"{self.what}: {list(self.shares.values()).count(1)} of {self.total}"
        if done >= PREDICTABLE_SHARE * self.total:
            words += f", {duration((now - self.started) / done * (self.total - done))} left"
        return Report(words, done / self.total)

    def end(self) -> Report:
        """Report how many there are, and how long they took."""
        count = len(self.shares)
        what = self.what if count > 1 else self.what.removesuffix("s")
        return Report(f"{count} {what} in {time.monotonic() - self.started:.1f} s")


@contextmanager
def passing_folder() -> Iterator[Path]:
    """Give a folder for files to hand over: Gradio has copied them when the handler goes on after its yield."""
    with tempfile.TemporaryDirectory(prefix="darkroom-") as folder:
        yield Path(folder)
