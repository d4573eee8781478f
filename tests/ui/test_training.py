"""A training that goes on by itself: who may begin one and when, who sees it, what ends it, what stays of it."""

import asyncio
import contextvars
import re
import time
from types import SimpleNamespace

import pytest

from singan import PRESETS, TrainingError, train
from ui.device import Device, Turn
from ui.scenes.endpoints import TRAIN, train_scene
from ui.scenes.store import SceneStore
from ui.training.queue import REPEAT_SECONDS, TrainingQueue
from ui.visitors import Limits, Visitor, new_name

ME, YOU = Visitor("me", "me"), Visitor("you", "you")
NOBODY = Visitor("", "")  # who may have several trainings
SHORT = {"preset": "fast", "seed": 0, "max_size": 40, "iterations": 4}
LONG = SHORT | {"iterations": 2000}


@pytest.fixture
def queue(store):
    made = make_queue(store)
    yield made
    made.close()


def make_queue(store, trainer=None, **limits):
    """A queue with a store of its own, which ships the same."""
    quick = Limits(**{"ending_seconds": 0.1, **limits})
    return TrainingQueue(SceneStore(store.shipped, store.device, limits=quick), Device(), trainer)


def slowly(picture, config, checkpoint):
    """Train with a pause after each step, once a scale is finished."""
    for record in train(picture, config, "cpu", checkpoint):
        yield record
        time.sleep(0.3 if record.scene else 0)


def until(true, seconds=120):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def own(queue, visitor):
    """This visitor's scenes."""
    return queue.store.names(visitor.scene_owner)[:-1]


async def seen(training, page=""):
    return [view async for view in training.queue.watch(training.name, page)]


def over(training):
    """How a training is seen at its end."""
    return asyncio.run(seen(training))[-1]


def test_it_goes_on_by_itself_and_is_seen_by_all_who_watch(queue, picture_file):
    training = queue.train(ME, str(picture_file), SHORT)
    until(lambda: training.view.preview)

    async def both():
        return await asyncio.gather(seen(training, "one"), seen(training, "other"))

    for views in asyncio.run(both()):
        first, last = views[0], views[-1]
        assert first.preview and first.strip.count("<figure") >= 1  # What has been is there at once.
        assert "Trained in" in last.report.text and [last.scene] == own(queue, ME)
        assert len(last.losses) > 10 and last.preview and last.strip.count("<figure") > 1
    assert asyncio.run(seen(training)) == [training.view] and training.over and not queue.running
    assert queue.get(training.name) is training
    again = over(queue.train(ME, str(picture_file), SHORT))
    assert again.report.text == "Already trained: discs" and again.record == {"scene": own(queue, ME)[0]}


def test_where_nobody_watches_for_a_while_it_ends_and_its_scales_stay_to_be_resumed(store, picture_file):
    queue = make_queue(store, slowly, unwatched_seconds=0.3)

    async def left_after_a_scale(training):
        async for _ in queue.watch(training.name):
            if own(queue, ME):
                return

    training = queue.train(ME, str(picture_file), SHORT)
    asyncio.run(left_after_a_scale(training))
    assert queue.of(ME) is training  # though that took longer
    until(lambda: training.over)
    view = training.view
    assert "Stopped, as nobody watched it for 0 s: " in view.report.text
    assert queue.store.resumable(view.scene) and queue.of(ME) is None
    resumed = queue.resume(ME, view.scene)
    until(lambda: resumed.view.strip)
    assert resumed.view.strip.count("<figure") >= view.record["finished_scales"] and not resumed.asked
    resumed.stop()
    assert over(resumed).scene == view.scene
    with pytest.raises(ValueError, match="cannot be gone on with"):
        over(queue.resume(ME, "tiny"))


def test_one_training_a_visitor_whichever_page_asks_and_room_once_it_is_stopped(store, picture_file):
    queue = make_queue(store, known_trainings=2)
    mine = queue.train(ME, str(picture_file), LONG)
    with pytest.raises(ValueError, match="you have a training already"):
        queue.train(Visitor("another page", "me"), str(picture_file), LONG)
    until(lambda: mine.seconds_left)
    with pytest.raises(ValueError, match="already, .* left: stop it, or wait"):
        queue.train(ME, str(picture_file), LONG)
    yours = queue.train(YOU, str(picture_file), LONG)
    assert queue.of(ME) is mine and queue.of(YOU) is yours and queue.get(yours.name).asked == LONG
    mine.stop()
    assert queue.of(ME) is None and queue.get(mine.name) is mine
    until(lambda: mine.over)
    assert not yours.over
    queue.train(ME, str(picture_file), LONG)
    with pytest.raises(ValueError, match="no such training"):  # It is the oldest that is over.
        queue.get(mine.name)
    assert queue.get(yours.name) is yours
    queue.close()
    until(lambda: yours.over)


def test_what_is_resumed_while_it_still_ends_goes_on_and_a_slow_reader_sees_the_end(store, picture_file):
    queue = make_queue(store, slowly)
    mine = queue.train(ME, str(picture_file), SHORT | {"iterations": 30})
    until(lambda: own(queue, ME))
    (scene,) = own(queue, ME)
    mine.stop()
    again = queue.resume(ME, scene)
    until(lambda: "scale" in again.view.report.text or again.over)
    again.stop()

    async def read_slowly():
        views = []
        async for view in queue.watch(again.name):
            views.append(view)
            await asyncio.sleep(REPEAT_SECONDS + 0.1)
        return views

    *_, last = asyncio.run(read_slowly())
    assert mine.over and last.scene == scene and last.report.text.startswith("Stopped")


def test_others_wait_in_the_order_in_which_they_came_and_there_is_an_end_to_the_line(store, picture_file):
    queue = make_queue(store, trainings_in_all=4, trainings_an_address=2)
    visitors = [Visitor(f"owner {i}", f"owner {i}", f"address {i // 2}") for i in range(5)]
    with pytest.raises(ValueError, match="upload one first"):
        queue.train(ME, None, LONG)
    first, second, third, fourth = (queue.train(visitor, str(picture_file), LONG) for visitor in visitors[:4])
    until(lambda: first.seconds_left and second.seconds_left)
    until(lambda: third.view.report.text.startswith("waiting: number 1 in line, about "))
    until(lambda: fourth.view.report.text.startswith("waiting: number 2 in line, about "))
    assert (queue.running, queue.waiting) == (2, 2)
    with pytest.raises(ValueError, match="2 trainings run or wait from your address already"):
        queue.train(Visitor("x", "x", "address 0"), str(picture_file), LONG)
    with pytest.raises(ValueError, match="4 trainings are running or waiting already; try again in about"):
        queue.train(visitors[4], str(picture_file), LONG)
    third.stop()
    assert over(third).report.text == "Stopped while waiting"
    until(lambda: fourth.view.report.text.startswith("waiting: number 1 in line"))
    first.stop()
    unfinished = "Stopped before the first scale was finished: nothing is kept, Train it again"
    assert over(first).report.text == unfinished or over(first).scene
    until(lambda: "scale" in fourth.view.report.text)
    queue.close()
    with pytest.raises(ValueError, match="the app is being restarted: try again in a minute"):
        queue.train(ME, str(picture_file), LONG)


def test_what_ends_it_is_told_to_who_watches(store, picture_file, tmp_path):
    queue = make_queue(store, slowly)
    (tmp_path / "none.png").write_bytes(b"no picture")
    training = queue.train(ME, str(tmp_path / "none.png"), SHORT)
    with pytest.raises(ValueError, match="picture"):
        over(training)
    assert training.over and not training.view.scene and not queue.running
    training = queue.train(ME, str(picture_file), SHORT)
    until(lambda: own(queue, ME))
    queue.close()
    assert "Stopped, as the app is being restarted: " in over(training).report.text


def test_a_page_watches_one_at_a_time(queue, picture_file):
    mine, yours = (queue.train(visitor, str(picture_file), LONG) for visitor in (ME, YOU))

    async def page():
        first, second = queue.watch(yours.name, "page"), queue.watch(mine.name, "page")
        await anext(first)
        await anext(second)
        with pytest.raises(StopAsyncIteration):
            await anext(first)
        assert await anext(second)
        await second.aclose()

    asyncio.run(page())


def test_what_fails_in_the_middle_keeps_the_finished_scales(store, picture_file):
    """A training runs in the context of who asked, in which ZeroGPU finds whose time it is."""
    whose, found = contextvars.ContextVar("whose", default=""), []
    whose.set("mine")
    for error, said in (
        (TrainingError("scale 2 of 4 gave no picture, twice; 1 scales are finished"), "scale 2 of 4 gave no picture"),
        (RuntimeError("index 3 is out of bounds"), "this failed here (RuntimeError)"),
    ):

        def failing(picture, config, checkpoint, error=error):
            found.append(whose.get())
            for record in train(picture, config, "cpu", checkpoint):
                yield record
                if record.scene:
                    raise error

        queue = make_queue(store, failing)
        view = over(queue.train(ME, str(picture_file), SHORT))
        assert f"Failed: {said}" in view.report.text and "scales are kept as discs;" in view.report.text
        assert view.record["scene"] == view.scene and view.record["finished_scales"] == 1
        assert queue.store.get(view.scene).scales == 1 and queue.store.resumable(view.scene) and not queue.running
    assert found == ["mine"] * 2


def test_the_endpoint_streams_records_and_ends_its_training_when_its_client_leaves(queue, picture_file):
    async def left():
        answers = train_scene(queue)(str(picture_file), max_size=64, iterations=20)
        async for status, sample, _, record, name in answers:
            if record and record["finished_scales"]:
                assert (
                    re.search("scale [1-4] of 4(, .* left)?$", status) and sample and record["scene"] and name is None
                )
                break
        await answers.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(left())
    until(lambda: not queue.running)
    queue.device.run(Turn.FACE, lambda: None)  # it is free

    async def to_the_end():
        return [answer async for answer in train_scene(queue)(str(picture_file), max_size=40, iterations=3)]

    *_, (status, _, _, record, name) = asyncio.run(to_the_end())
    assert "Trained in" in status and record["scene"] == name == own(queue, NOBODY)[0]
    (times,) = {preset.coarse_iterations for name, preset in PRESETS.items() if name != "paper"}
    assert f'coarse: {times:g} times, but for "paper"' in TRAIN["iterations"].help


def request(session, agent="gradio_client/2.7", address="10.0.0.1", **headers):
    """A request as Gradio hands it to handlers."""
    return SimpleNamespace(
        session_hash=session, headers={"user-agent": agent, **headers}, client=SimpleNamespace(host=address, port=1)
    )


def test_a_browser_counts_by_its_session_or_name_and_a_script_by_its_address(monkeypatch):
    browser = [Visitor.of(request(session, "Mozilla/5.0 (X11)")) for session in "ab"]
    assert browser[0].rate_limit_key != browser[1].rate_limit_key
    scripts = [Visitor.of(request(session)) for session in "ab"]
    assert scripts[0].rate_limit_key == scripts[1].rate_limit_key and scripts[0].scene_owner != scripts[1].scene_owner
    agents = [Visitor.of(request("a", "agent", host, **{"x-gradio-user": "mcp"})) for host in ("1.1.1.1", "2.2.2.2")]
    assert agents[0].scene_owner != agents[1].scene_owner and agents[0].rate_limit_key == "1.1.1.1"
    name = new_name()  # of a browser, which is the same visitor when it comes back
    assert name != new_name() and len(name) == 32
    pages = [Visitor.of(request(session, "Mozilla/5.0 (X11)"), name) for session in "ab"]
    assert pages[0] == pages[1] and pages[0].rate_limit_key == pages[0].scene_owner == name
    assert Visitor.of(request("a", "Mozilla/5.0 (X11)"), "x").rate_limit_key == "a"  # nothing else is taken for a name
    assert Visitor.of(request("a"), name).rate_limit_key == "10.0.0.1"  # a script counts by its address all the same
    monkeypatch.setenv("SPACE_ID", "user/space")  # behind a proxy
    spoofed = {"x-forwarded-for": "6.6.6.6, 1.2.3.4"}  # whoever asks wrote the first
    assert Visitor.of(request("a", **spoofed)).rate_limit_key == "1.2.3.4"
    assert Visitor.of(request("a", address="8.8.8.8", **spoofed)).rate_limit_key == "8.8.8.8"  # from no proxy of ours
