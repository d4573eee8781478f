"""Drawing on the shared device: what is shown while it goes on."""

import time
from dataclasses import dataclass
from itertools import pairwise
from types import SimpleNamespace

import pytest
from PIL import Image

from darkroom.uses import PicturesUse, Step, option
from ui.device import Device
from ui.drawing import LARGE_PIXELS, Drawing
from ui.reports import PREDICTABLE_SECONDS, REPORT_SECONDS, Estimate, Progress, Report, duration
from ui.visitors import Limits


@dataclass(frozen=True)
class Slow(PicturesUse[None]):
    """Draw drafts of all, then the pictures, with a pause after each."""

    count: int = option(2, "number of pictures", low=1, high=9)
    side: int = option(8, "of them", low=1, high=2000)

    def steps(self, model):
        for number in range(self.count):
            yield Step(number, Image.new("RGB", (8, 8)), 0.1)
            time.sleep(1.1 * REPORT_SECONDS)
        for number in range(self.count):
            yield Step(number, Image.new("RGB", (self.side, self.side)))
            time.sleep(1.1 * REPORT_SECONDS)

    def drawn_size(self, model):
        return self.side, self.side

    def stem(self):
        return "slow"


@pytest.mark.parametrize("large", [False, True])
def test_drafts_come_first_large_pictures_are_shown_as_jpegs_and_the_share_grows(large):
    shown, shares = [], []
    use = Slow(side=int(LARGE_PIXELS**0.5) + 1 if large else 8)
    for result in Drawing(SimpleNamespace(get=lambda name: None), Device()).draw(use, "tiny"):
        pictures = [Image.open(file) for file in result.shown]
        shown.append([(picture.format, picture.width) for picture in pictures])
        shares.append(result.report.share)
        last = result
    draft, picture = ("JPEG", 8), ("JPEG" if large else "PNG", use.side)
    assert shown == [[draft, draft], [picture, draft], [picture, picture]]
    assert 0 < shares[0] < shares[1] < 1 and shares[2] is None
    assert len(last.files) == 2 and last.report.text.startswith("2 pictures in")
    assert large or last.shown == last.files


def test_what_would_cost_too_much_is_refused_before_it_begins():
    drawing = Drawing(SimpleNamespace(get=lambda name: None), Device(Limits(drawn_pixels=1000)))
    with pytest.raises(ValueError, match="that is 0 megapixels in all; at most 0 are drawn at once here"):
        next(drawing.draw_all([Slow(side=18), Slow(side=14)], None, "tiny"))
    assert next(drawing.draw_all([Slow(side=15), Slow(side=15)], None, "tiny"))


def test_reports_speak_to_screen_readers_and_durations_read_as_words():
    html = Report("scale 2 of 5", 0.424).html()
    assert 'role="progressbar"' in html and 'aria-valuenow="42"' in html and "scale 2 of 5" in html
    for seconds, words in ((0.2, "0 s"), (53.4, "53 s"), (130, "2 min"), (7200, "2 h"), (56000, "15.6 h")):
        assert duration(seconds) == words


class Clock:
    """A clock that stands still until somebody moves it."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("pause", [0.1, 0.4, 5.0])
def test_an_estimate_is_said_once_it_is_known_and_never_jumps_twofold(pause):
    """Of work of 100 s that begins slowly, is slowed down, goes on faster, or comes in bursts."""
    for speed in (
        lambda done: 0.01,
        lambda done: 0.001 if done < 0.02 else 0.01,
        lambda done: 0.01 if done < 0.5 else 0.001,
        lambda done: 0.001 if done < 0.3 else 0.05,
        lambda done: 0.002 if int(20 * done) % 2 else 0.05,
    ):
        clock, said, done = Clock(), [], 0.0
        estimate = Estimate(clock)
        while done < 1:
            clock.now += pause
            done += speed(done) * pause
            said.append((clock.now, estimate.take(clock.now / done * max(0.0, 1 - done))))
        known = [left for now, left in said if now >= PREDICTABLE_SECONDS]
        assert None not in known and all(left is None for now, left in said if now < PREDICTABLE_SECONDS)
        for before, left in pairwise(known):
            assert before / 2 <= left + pause and left <= 2 * max(before, 1.0), (before, left)
        assert known[-1] < max(known) / 4, known[-3:]


def test_progress_says_how_long_it_takes_by_its_clock():
    clock, said = Clock(), []
    progress = Progress(20, "pictures", clock)
    for number in range(20):
        clock.now += 1.0
        if report := progress.take(number):
            said.append(report.text)
    assert said[0] == "pictures: 1 of 20" and said[9] == "pictures: 10 of 20, 10 s left" and len(said) == 19
    assert progress.end().text == "20 pictures in 20.0 s"
