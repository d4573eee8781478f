"""Drawing on the shared device: what is shown while it goes on."""

import time
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from PIL import Image

from darkroom.uses import PicturesUse, Step, option
from ui.device import Device
from ui.drawing import LARGE_PIXELS, Drawing
from ui.reports import REPORT_SECONDS, Report, duration


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


def test_reports_speak_to_screen_readers_and_durations_read_as_words():
    html = Report("scale 2 of 5", 0.424).html()
    assert 'role="progressbar"' in html and 'aria-valuenow="42"' in html and "scale 2 of 5" in html
    for seconds, words in ((0.2, "0 s"), (130, "2 min"), (7200, "2 h"), (56000, "15.6 h")):
        assert duration(seconds) == words
