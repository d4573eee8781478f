"""Turns on the device."""

import threading
import time
from contextlib import contextmanager

import pytest

from ui.device import Device, Turn


@contextmanager
def busy(device, log):
    """Keep the device at work; yield what asks for a piece that notes its name, and returns once it is in line."""
    end, begun = threading.Event(), threading.Event()
    threads = [threading.Thread(target=device.run, args=(Turn.FACE, lambda: begun.set() or end.wait()))]
    threads[0].start()
    begun.wait()

    def ask(turn, name):
        threads.append(threading.Thread(target=device.run, args=(turn, lambda: log.append(name))))
        before = sum(device.waiting.values())
        threads[-1].start()
        while sum(device.waiting.values()) == before:
            time.sleep(0.001)

    yield ask
    end.set()
    for thread in threads:
        thread.join()


def test_sliders_go_before_pictures_before_trainings_but_nobody_waits_for_ever():
    device, log = Device(), []
    with busy(device, log) as ask:
        for turn in (Turn.TRAINING, Turn.PICTURE, Turn.PICTURE, Turn.FACE):
            ask(turn, f"{turn.name} {sum(device.waiting.values())}")
        assert device.waiting == {"face": 1, "picture": 2, "training": 1}
        time.sleep(Turn.TRAINING.value)
        ask(Turn.FACE, "late")
    assert log == ["FACE 3", "PICTURE 1", "PICTURE 2", "TRAINING 0", "late"]


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


def test_all_work_is_done_by_one_thread_which_a_failing_step_frees():
    device = Device()

    def job():
        yield threading.current_thread()
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        for thread in device.stream(Turn.PICTURE, job()):
            assert device.run(Turn.FACE, threading.current_thread) is thread is not threading.current_thread()
    assert device.run(Turn.FACE, lambda: 1) == 1
