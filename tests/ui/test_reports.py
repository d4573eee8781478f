"""Reports of work."""

from ui.reports import Report, duration


def test_the_progress_bar_speaks_to_screen_readers():
    html = Report("scale 2 of 5", 0.424).html()
    assert 'role="progressbar"' in html and 'aria-valuenow="42"' in html and "scale 2 of 5" in html


def test_durations_read_as_words():
    for seconds, words in ((0.2, "0 s"), (53.4, "53 s"), (130, "2 min"), (7200, "2 h"), (56000, "15.6 h")):
        assert duration(seconds) == words
