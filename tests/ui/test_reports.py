"""How work is reported."""

import pytest

from ui.html import bar
from ui.reports import duration


def test_the_progress_bar_speaks_to_screen_readers():
    html = bar(0.424, "scale 2 of 5")
    assert 'role="progressbar"' in html and 'aria-valuenow="42"' in html and "scale 2 of 5" in html


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (53.4, "53 s"), (130, "2 min"), (7200, "2 h"), (56000, "15.6 h")]
)
def test_durations_read_as_words(seconds, words):
    assert duration(seconds) == words
