"""Turns on the device."""

import threading
import time
from contextlib import contextmanager

import pytest

from ui.device import Device, Turn


def asked(device, turn, log, name):
    """Asks for a piece of work that notes its name, from a thread of its own; when it is in line."""
    thread = threading.Thread(target=device.run, args=(turn, lambda: log.append(name)))
    before = sum(device.waiting.values())
    thread.start()
    while sum(device.waiting.values()) == before:
        time.sleep(0.001)
    return thread


@contextmanager
def busy(device):
    """Within it, the device works on something long."""
    end = threading.Event()
    thread = threading.Thread(target=device.run, args=(Turn.FACE, end.wait))
    thread.start()
    time.sleep(0.02)
    yield
    end.set()
    thread.join()


def test_turns_are_taken_in_order_of_arrival():
    device, log, threads = Device(), [], []
    with busy(device):
        threads += [asked(device, Turn.PICTURE, log, i) for i in range(6)]
        assert device.waiting == {"face": 0, "picture": 6, "training": 0}
    for thread in threads:
        thread.join()
    assert log == list(range(6))


def test_sliders_go_before_pictures_before_trainings_but_nobody_waits_for_ever():
    device, log, threads = Device(), [], []
    with busy(device):
        for turn in (Turn.TRAINING, Turn.PICTURE, Turn.FACE):
            threads.append(asked(device, turn, log, turn.name))
        time.sleep(Turn.TRAINING.value)
        threads.append(asked(device, Turn.FACE, log, "late"))
    for thread in threads:
        thread.join()
    assert log == ["FACE", "PICTURE", "TRAINING", "late"]


def test_a_long_job_lets_others_in_between_its_steps():
    device, log, begun = Device(), [], threading.Event()

    def job():
        for i in range(40):
            time.sleep(0.02)
            begun.set()
            yield i

    def long_job():
        for i in device.stream(Turn.TRAINING, job()):
            log.append(i)

    thread = threading.Thread(target=long_job)
    thread.start()
    begun.wait()
    device.run(Turn.FACE, lambda: log.append("other"))
    thread.join()
    assert "other" in log[:20] and len(log) == 41


def test_all_work_is_done_by_one_thread():
    device = Device()
    names = [device.run(Turn.FACE, lambda: threading.current_thread().name)]
    names += device.stream(Turn.TRAINING, (threading.current_thread().name for _ in range(3)))
    assert set(names) == {"device"}


def test_a_failing_step_frees_the_device():
    device = Device()

    def job():
        yield 1
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(device.stream(Turn.PICTURE, job()))
    assert device.run(Turn.FACE, lambda: 1) == 1
