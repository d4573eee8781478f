"""Turns on the device."""

import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from gradio.context import LocalContext

from ui.device import Device, Turn
from ui.visitors import LIMITS


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


def test_who_asks_for_much_waits_and_others_have_their_turns():
    device, log, drawing = Device(replace(LIMITS, pictures_at_once=3, pictures_an_address=2)), [], Counter()

    def pieces(address, number):
        drawing[address] += 1
        for _ in range(number):
            time.sleep(0.01)
            yield drawing[address]
        drawing[address] -= 1

    def draw(address, number):
        LocalContext.request.set(SimpleNamespace(client=SimpleNamespace(host=address), headers={}))
        for at_once in device.stream(Turn.PICTURE, pieces(address, number)):
            log.append((address, at_once))

    threads = [threading.Thread(target=draw, args=("much", 40)) for _ in range(5)]
    for thread in threads:
        thread.start()
    while not log:
        time.sleep(0.001)
    before = len(log)
    draw("little", 10)
    assert len(log) - before < 40  # of 200
    for thread in threads:
        thread.join()
    assert max(at_once for address, at_once in log if address == "much") == 2
    assert Counter(address for address, _ in log) == {"much": 200, "little": 10}
