"""Say where work stands, for the page as a bar and for scripts as text, and hand over files while it does."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ui.html import bar, line

REPORT_SECONDS = 0.4  # between two messages to the page, and to the first
PREDICTABLE_SHARE = 0.05  # of the work, from which on its time is known: the coarse begins take as long as all
PREDICTABLE_SECONDS = 3.0  # of work, before which its time is not known: the first steps pay for the setup
CHANGE_A_SECOND, MOST_CHANGE = 0.25, 1.5  # by which share an estimate may change, and by which factor between two


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


def time_left(seconds: float | None) -> str:
    """Return how long work still takes, to be put behind what is said of it; nothing where that is not known."""
    return "" if seconds is None else f", {duration(seconds)} left"


class Estimate:
    """Smooth measured estimates of the time that is left, so that none jumps. clock: gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.started = clock, clock()
        self.taken = self.started
        self.seconds_left: float | None = None

    def take(self, measured: float) -> float | None:
        """Take the measured seconds that are left; return those to show, None before PREDICTABLE_SECONDS of work."""
        now, before = self.clock(), self.seconds_left
        if before is None:
            self.seconds_left = measured if now - self.started >= PREDICTABLE_SECONDS else None
        else:
            passed = now - self.taken
            factor = min(1 + CHANGE_A_SECOND * passed, MOST_CHANGE)
            least = min(before / factor, before - passed)  # as the clock alone would have it
            self.seconds_left = min(max(measured, least, 0.0), max(before, 1.0) * factor)
        self.taken = now
        return self.seconds_left

    def take_share(self, share: float) -> float | None:
        """Take the share of the work that is done, above 0 and at most 1; return as `take` does."""
        return self.take((self.clock() - self.started) / share * (1 - share))


class Progress:
    """Report now and then how much of several pieces of equal work is done. clock: gives seconds."""

    def __init__(self, total: int, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.total, self.what, self.clock = total, what, clock
        self.shares: dict[int, float] = {}
        self.estimate = Estimate(clock)
        self.reported = self.estimate.started

    def take(self, number: int, share: float = 1.0) -> Report | None:
        """Take the share of a piece that is done; return a report of all, where it is time for one."""
        self.shares[number] = share
        now, done = self.clock(), sum(self.shares.values())
        if now - self.reported <= REPORT_SECONDS or done >= self.total:
            return None
        self.reported = now
        words = f"{self.what}: {list(self.shares.values()).count(1)} of {self.total}"
        if done >= PREDICTABLE_SHARE * self.total:
            words += time_left(self.estimate.take_share(done / self.total))
        return Report(words, done / self.total)

    def end(self) -> Report:
        """Report how many there are, and how long they took."""
        count = len(self.shares)
        what = self.what if count > 1 else self.what.removesuffix("s")
        return Report(f"{count} {what} in {self.clock() - self.estimate.started:.1f} s")


@contextmanager
def passing_folder() -> Iterator[Path]:
    """Give a folder for files to hand over: Gradio has copied them when the handler goes on after its yield."""
    with tempfile.TemporaryDirectory(prefix="darkroom-") as folder:
        yield Path(folder)
