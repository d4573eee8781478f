"""What the page is built on: turns on the device, and scenes by name."""

import threading
import time

import pytest
import torch

from ui.device import DeviceLock
from ui.scenes import bar
from ui.store import SceneStore


def test_turns_are_taken_in_order_of_arrival():
    lock, order, threads = DeviceLock(), [], []

    def visitor(i):
        with lock:
            order.append(i)

    with lock:
        for i in range(6):
            threads.append(threading.Thread(target=visitor, args=(i,)))
            threads[-1].start()
            time.sleep(0.02)
    for thread in threads:
        thread.join()
    assert order == list(range(6))


def test_a_long_job_lets_others_in_between_its_steps():
    lock, log = DeviceLock(), []

    def job():
        for i in range(8):
            time.sleep(0.02)
            yield i

    def long_job():
        for i in lock.step_by_step(job()):
            log.append(i)

    thread = threading.Thread(target=long_job)
    thread.start()
    time.sleep(0.03)
    with lock:
        log.append("other")
    thread.join()
    assert "other" in log[:4] and len(log) == 9


def test_a_failing_step_frees_the_device():
    lock = DeviceLock()

    def job():
        yield 1
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(lock.step_by_step(job()))
    with lock:
        pass


@pytest.fixture
def store(tiny_folder):
    return SceneStore([str(tiny_folder)], torch.device("cpu"))


def test_shipped_scenes_are_known_by_their_folder(store, tiny_scene):
    assert store.names("anybody") == ["tiny"]
    assert store.get("tiny").size == tiny_scene.size
    assert store.get("tiny") is store.get("tiny")


@pytest.mark.parametrize("name", ["nothing", "", "../tiny", "/etc"])
def test_unknown_names_are_refused(store, name):
    with pytest.raises(ValueError, match="there is no scene"):
        store.get(name)


def test_a_visitors_scene_is_his_and_is_found_again(store, tiny_checkpoint, picture, tiny_config):
    name = store.begin("me", "/tmp/My Holiday (1).JPG")
    assert name.startswith("my-holiday-1-")
    with pytest.raises(ValueError, match="no finished scale yet"):
        store.get(name)
    store.keep(name, tiny_checkpoint)
    assert store.names("me") == ["tiny", name] and store.names("you") == ["tiny"]
    found = store.found("me", picture, tiny_config)
    assert found is not None and found[0] == name and found[1].scene.finished
    assert store.found("you", picture, tiny_config) is None


def test_unused_scenes_are_removed_after_their_time(store, tiny_checkpoint, monkeypatch):
    name = store.begin("me", "a.png")
    store.keep(name, tiny_checkpoint)
    folder = store._trained[name].folder
    assert folder.exists()
    monkeypatch.setattr("ui.store.LIFETIME_SECONDS", -1)
    assert store.names("me") == ["tiny"] and not folder.exists()


def test_the_oldest_scene_goes_first(store, tiny_checkpoint, monkeypatch):
    monkeypatch.setattr("ui.store.MAX_TRAINED", 2)
    names = []
    for i in range(3):
        names.append(store.begin("me", f"{i}.png"))
        store.keep(names[-1], tiny_checkpoint)
    assert store.names("me") == ["tiny", names[2], names[1]]


def test_a_training_without_a_finished_scale_leaves_nothing(store):
    name = store.begin("me", "a.png")
    store.forget_unstarted(name)
    with pytest.raises(ValueError, match="there is no scene"):
        store.get(name)


def test_the_progress_bar_speaks_to_screen_readers():
    html = bar(0.424, "scale 2 of 5")
    assert 'role="progressbar"' in html and 'aria-valuenow="42"' in html and "scale 2 of 5" in html
