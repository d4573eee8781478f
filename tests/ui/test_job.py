"""A training that goes on by itself: seen by all who watch, ended where nobody does."""

import asyncio
import contextvars
import time

import pytest

from ui.device import Device
from ui.scenes import job as jobs
from ui.scenes.trainings import Trainings
from ui.visitors import Visitor, new_name

ME, YOU = Visitor("me", "me"), Visitor("you", "you")


@pytest.fixture
def trainings(store):
    return Trainings(store, Device())


def asked(**changed):
    return {"preset": "fast", "seed": 0, "max_size": 40, "iterations": 4} | changed


LONG = asked(iterations=2000)


def until(true, seconds=30):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def seen(job):
    return [view async for view in job.watch()]


def test_it_goes_on_by_itself_and_is_seen_by_all_who_watch(trainings, picture_file):
    job = trainings.train(ME, str(picture_file), asked())
    until(lambda: job.view.preview)

    async def both():
        return await asyncio.gather(seen(job), seen(job))

    first, second = asyncio.run(both())
    assert first[0].preview and first[0].strip.count("<figure") >= 1  # what has been is there at once
    for views in (first, second):
        last = views[-1]
        assert last.ended and "Trained in" in last.report.text and last.name in trainings.store.names("me")
        assert last.losses is not None and len(last.losses) > 10 and last.preview and last.strip.count("<figure") > 1
    assert asyncio.run(seen(job)) == [job.view] and job.over and not trainings.line.running


def test_where_nobody_watches_for_a_while_it_ends_and_its_scales_stay(trainings, picture_file, monkeypatch):
    monkeypatch.setattr(jobs, "UNWATCHED_SECONDS", 0.3)

    async def left_after_a_scale(job):
        async for view in job.watch():
            if view.name and view.name in trainings.store.names("me"):
                return view.name, time.monotonic()

    job = trainings.train(ME, str(picture_file), asked(iterations=60))
    name, left = asyncio.run(left_after_a_scale(job))
    assert trainings.jobs.of(ME) is job  # though that took longer
    until(lambda: job.over)
    assert time.monotonic() - left > 0.3
    assert "Stopped, as nobody watched it for 0 s: " in job.view.report.text and job.view.ended
    assert name == job.view.name and trainings.store.resumable(name)
    assert trainings.jobs.of(ME) is None and not trainings.line.running


def test_one_training_a_visitor_whichever_page_asks(trainings, picture_file, monkeypatch):
    monkeypatch.setattr("ui.scenes.line.ENDING_SECONDS", 0.05)
    job = trainings.train(ME, str(picture_file), LONG)
    with pytest.raises(ValueError, match="you have a training already"):
        trainings.train(Visitor("another page", "me"), str(picture_file), LONG)
    other = trainings.train(YOU, str(picture_file), LONG)
    assert trainings.jobs.of(ME) is job and trainings.jobs.of(YOU) is other
    job.stop()
    until(lambda: job.over)
    assert trainings.jobs.of(ME) is None and not other.over
    assert trainings.jobs.get(job.name) is job and trainings.jobs.get(other.name).asked == LONG
    with pytest.raises(ValueError, match="no such training"):
        trainings.jobs.get("0" * 16)
    trainings.close()
    until(lambda: other.over)


def test_what_ends_it_is_told_to_who_watches(trainings, picture_file, tmp_path):
    (tmp_path / "none.png").write_bytes(b"no picture")
    job = trainings.train(ME, str(tmp_path / "none.png"), asked())
    with pytest.raises(ValueError, match="picture"):
        asyncio.run(seen(job))
    assert job.over and not job.view.ended and not trainings.line.running

    job = trainings.train(ME, str(picture_file), asked(iterations=60))
    until(lambda: job.view.name in trainings.store.names("me"))
    trainings.close()
    assert "Stopped, as the app is being restarted" in asyncio.run(seen(job))[-1].report.text


def test_a_page_watches_one_at_a_time(trainings, picture_file):
    mine = trainings.train(ME, str(picture_file), LONG)
    yours = trainings.train(YOU, str(picture_file), LONG)

    async def page():
        first, second = trainings.jobs.watch(yours, "page"), trainings.jobs.watch(mine, "page")
        await anext(first)
        await anext(second)
        with pytest.raises(StopAsyncIteration):
            await anext(first)
        assert await anext(second)
        await second.aclose()

    asyncio.run(page())
    assert not mine._watching and not yours._watching
    trainings.close()


def test_the_last_ones_are_known(trainings, picture_file, monkeypatch):
    monkeypatch.setattr(jobs, "MAX_KNOWN", 2)
    trained = []
    for _ in range(3):  # the second and third are there already
        trained.append(trainings.train(ME, str(picture_file), asked()))
        until(lambda: trained[-1].over)
    assert list(trainings.jobs._jobs) == [job.name for job in trained[1:]]


def test_it_runs_in_the_context_of_who_asked(store, picture_file):
    """In which ZeroGPU finds whose time it is."""
    whose, found = contextvars.ContextVar("whose", default=""), []

    def trainer(*arguments):
        found.append(whose.get())
        yield from trainings.train_here(*arguments)

    trainings = Trainings(store, Device(), trainer)
    whose.set("mine")
    job = trainings.train(ME, str(picture_file), asked())
    until(lambda: job.over)
    assert found == ["mine"]


def test_the_print_is_made_once(trainings, picture_file, monkeypatch):
    whole = list(trainings.first_print(str(picture_file)))[-1]
    monkeypatch.setattr("ui.scenes.trainings.Enlarger", None)
    assert list(trainings.first_print(str(picture_file))) == [whole]


def test_names_to_remember_cannot_be_guessed():
    assert new_name() != new_name() and len(new_name()) == 32
