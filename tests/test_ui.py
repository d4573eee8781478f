"""What the page is built on: turns on the device, and scenes by name."""

import threading
import time

import pytest
import torch

from singan import TrainingError, train
from ui.device import DeviceLock
from ui.parts import bar, duration
from ui.scenes import SceneHandlers
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
    lock, log, begun = DeviceLock(), [], threading.Event()

    def job():
        for i in range(40):
            time.sleep(0.02)
            begun.set()
            yield i

    def long_job():
        for i in lock.step_by_step(job()):
            log.append(i)

    thread = threading.Thread(target=long_job)
    thread.start()
    begun.wait()
    with lock:
        log.append("other")
    thread.join()
    assert "other" in log[:20] and len(log) == 41


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


def trained(store, session, picture_file, checkpoint, config):
    """The name of a scene that this visitor has trained."""
    name, found = store.begin(session, str(picture_file), config)
    assert found is None
    store.keep(name, checkpoint)
    store.end(name)
    return name


def test_a_visitors_scene_is_his_and_is_found_again(store, tiny_checkpoint, picture_file, tiny_config):
    name = trained(store, "me", picture_file, tiny_checkpoint, tiny_config)
    assert name.startswith("discs-") and store.names("me") == ["tiny", name] and store.names("you") == ["tiny"]
    again, found = store.begin("me", str(picture_file), tiny_config)
    assert again == name and found is not None and found.scene.finished
    others, found = store.begin("you", str(picture_file), tiny_config)
    assert others != name and found is None


def test_no_second_training_goes_on_with_a_running_one(store, tiny_checkpoint, picture_file, tiny_config):
    first, _ = store.begin("me", str(picture_file), tiny_config)
    store.keep(first, tiny_checkpoint)
    second, found = store.begin("me", str(picture_file), tiny_config)
    assert second != first and found is None


def test_names_come_from_the_file_and_cannot_leave_the_folder(store, tiny_config, picture_file, tmp_path):
    for stem, start in (("My Holiday (1)", "my-holiday-1-"), ("\u00fc\u00fc", "picture-"), ("..", "picture-")):
        name, _ = store.begin("me", str(tmp_path / f"{stem}.JPG"), tiny_config)
        assert name.startswith(start) and "/" not in name


def test_a_scene_in_training_has_nothing_to_draw_yet(store, picture_file, tiny_config):
    name, _ = store.begin("me", str(picture_file), tiny_config)
    with pytest.raises(ValueError, match="no finished scale yet"):
        store.get(name)
    store.end(name)
    with pytest.raises(ValueError, match="there is no scene"):
        store.get(name)


def test_unused_scenes_are_removed_after_their_time(store, tiny_checkpoint, picture_file, tiny_config, monkeypatch):
    name = trained(store, "me", picture_file, tiny_checkpoint, tiny_config)
    folder = store._trained[name].folder
    assert folder.exists()
    monkeypatch.setattr("ui.store.LIFETIME_SECONDS", -1)
    assert store.names("me") == ["tiny"] and not folder.exists()


def test_the_oldest_scene_goes_first(store, tiny_checkpoint, picture_file, tiny_config, monkeypatch):
    monkeypatch.setattr("ui.store.MAX_TRAINED", 2)
    names = [trained(store, f"visitor {i}", picture_file, tiny_checkpoint, tiny_config) for i in range(3)]
    kept = [name for i, name in enumerate(names) if name in store.names(f"visitor {i}")]
    assert kept == names[1:]


# -- handlers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def handlers(store):
    return SceneHandlers(store, DeviceLock())


def test_a_closed_page_ends_its_training(handlers, picture_file, monkeypatch):
    """Gradio closes the generator of a visitor who leaves: training stops, the device is free, nothing is left."""
    ended = []

    def watched(*arguments):
        try:
            yield from train(*arguments)
        finally:
            ended.append(True)

    monkeypatch.setattr("ui.scenes.train", watched)
    outputs = handlers.train_scene(str(picture_file), iterations=2000)
    next(outputs)
    assert not ended and handlers.store._busy
    outputs.close()
    assert ended and not handlers.store._busy and not handlers._stops
    with handlers.lock:
        pass


def test_a_failed_scale_keeps_the_finished_ones_on_the_page(handlers, picture_file, monkeypatch):
    def failing(*arguments):
        for record in train(*arguments):
            yield record
            if record.scene:
                raise TrainingError("scale 2 of 4 gave no picture, twice; 1 scales are finished")

    monkeypatch.setattr("ui.scenes.train", failing)
    *_, (status, _, _, record, choices) = handlers.train_scene(str(picture_file), max_size=40, iterations=3)
    assert "scale 2 of 4 gave no picture" in status and record["finished_scales"] == 1
    assert handlers.store.get(record["scene"]).scales == 1


def test_the_progress_bar_speaks_to_screen_readers():
    html = bar(0.424, "scale 2 of 5")
    assert 'role="progressbar"' in html and 'aria-valuenow="42"' in html and "scale 2 of 5" in html


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "0 s"), (53.4, "53 s"), (130, "2 min"), (56000, "15.6 h")])
def test_durations_read_as_words(seconds, words):
    assert duration(seconds) == words
