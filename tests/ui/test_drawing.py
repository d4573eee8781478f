"""Drawing on the shared device: what is shown while it goes on."""

import threading
import time

import pytest
from PIL import Image

from singan.uses import Retarget, Sample
from ui import drawing
from ui.device import Device, Turn
from ui.drawing import Drawing


class OneModel:
    def __init__(self, model):
        self.get = lambda name: model


@pytest.fixture
def often(monkeypatch):
    """Reports after every piece of work."""
    monkeypatch.setattr("ui.reports.REPORT_SECONDS", -1.0)


def test_drafts_come_before_prints_and_prints_before_the_last_is_finished(tiny_scene, often, monkeypatch):
    monkeypatch.setattr(drawing, "LARGE_PIXELS", 0)
    shown = []
    for result in Drawing(OneModel(tiny_scene), Device()).draw(Sample(3, layout_by="network", enlarge=True), "tiny"):
        sizes = []
        for file in result.shown:
            with Image.open(file) as picture:
                sizes.append((picture.format, picture.size))
        shown.append(sizes)
        last = result
    assert [len(sizes) for sizes in shown[:3]] == [1, 2, 3]  # drafts of all first
    assert all(format == "JPEG" for sizes in shown for format, _ in sizes)
    assert len(last.files) == 3 and last.report.text.startswith("3 pictures in")


def test_the_share_of_the_work_only_grows(tiny_scene, often):
    results = list(Drawing(OneModel(tiny_scene), Device()).draw(Retarget((40, 60), count=2, enlarge=True), "tiny"))
    shares = [result.report.share for result in results[:-1]]
    assert len(shares) > 6 and shares == sorted(shares) and shares[-1] < 1
    assert results[-2].report.text.startswith("pictures: ")


def test_small_pictures_are_shown_as_they_are(tiny_scene):
    *_, last = Drawing(OneModel(tiny_scene), Device()).draw(Sample(2), "tiny")
    assert last.shown == last.files


def test_a_slider_does_not_wait_for_a_print(tiny_scene, monkeypatch):
    """A print is drawn in pieces, each short, with others' turns between."""
    monkeypatch.setattr("singan.patches.BAND", 20)
    device, order = Device(), []
    scene = Drawing(OneModel(tiny_scene), device).draw(Sample(1, enlarge=True, layout_by="patches"), "tiny")

    def slide():
        for _ in range(5):
            device.run(Turn.FACE, lambda: order.append("face"))
            time.sleep(0.01)

    thread = threading.Thread(target=slide)
    thread.start()
    for _ in scene:
        pass
    order.append("print")
    thread.join()
    assert order.index("print") > 1
