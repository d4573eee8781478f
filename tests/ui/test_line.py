"""Who may train, and when."""

import threading
import time
from types import SimpleNamespace

import pytest

from ui.scenes import line as lines
from ui.scenes.line import AT_ONCE, IN_ALL, Line
from ui.visitors import Visitor


def request(session, agent="gradio_client/2.7", address="10.0.0.1", **headers):
    """A request as Gradio hands it to handlers."""
    return SimpleNamespace(
        session_hash=session, headers={"user-agent": agent, **headers}, client=SimpleNamespace(host=address)
    )


class Training:
    """Stands in the line, and does nothing."""

    def __init__(self, session, owner):
        self.visitor, self.seconds_left, self.stopped = Visitor(session, owner), None, False

    def stop(self):
        self.stopped = True


def entered(line, count):
    """Trainings of as many visitors, in the line."""
    trainings = [Training(f"session {i}", f"owner {i}") for i in range(count)]
    for training in trainings:
        line.enter(training)
    return trainings


def test_a_browser_counts_by_its_session_and_a_script_by_its_address(monkeypatch):
    browser = [Visitor.of(request(session, "Mozilla/5.0 (X11)")) for session in "ab"]
    assert browser[0].owner != browser[1].owner
    scripts = [Visitor.of(request(session)) for session in "ab"]
    assert scripts[0].owner == scripts[1].owner and scripts[0].session != scripts[1].session
    agents = [Visitor.of(request("a", "agent", host, **{"x-gradio-user": "mcp"})) for host in ("1.1.1.1", "2.2.2.2")]
    assert agents[0].session != agents[1].session and agents[0].owner == "1.1.1.1"
    monkeypatch.setenv("SPACE_ID", "user/space")  # behind a proxy
    proxied = Visitor.of(request("a", **{"x-forwarded-for": "1.2.3.4, 10.0.0.1"}))
    assert proxied.owner == "1.2.3.4"


def test_one_training_a_visitor(monkeypatch):
    monkeypatch.setattr(lines, "ENDING_SECONDS", 0.05)
    line = Line()
    first, second = Training("a", "me"), Training("b", "me")
    line.enter(first)
    first.seconds_left = 40
    with pytest.raises(ValueError, match="you have a training already, 40 s left"):
        line.enter(second)
    line.leave(first)
    line.enter(second)
    assert line.running == 1


def test_a_training_that_ends_makes_room_for_the_visitors_next():
    line = Line()
    first = Training("a", "me")
    line.enter(first)
    threading.Timer(0.2, line.leave, [first]).start()
    line.enter(Training("a", "me"))
    assert line.running == 1


def test_others_wait_in_the_order_in_which_they_came_and_are_told_how_long():
    line = Line()
    trainings = entered(line, AT_ONCE + 2)
    for training in trainings[:AT_ONCE]:
        training.seconds_left = 30
    assert [line.place(training) for training in trainings[:AT_ONCE]] == [None] * AT_ONCE
    assert line.place(trainings[AT_ONCE]) == "waiting: number 1 in line, about 30 s"
    assert line.place(trainings[AT_ONCE + 1]).startswith("waiting: number 2 in line, about")
    assert (line.running, line.waiting) == (AT_ONCE, 2)
    line.leave(trainings[0])
    assert line.place(trainings[AT_ONCE]) is None
    assert line.place(trainings[AT_ONCE + 1]).startswith("waiting: number 1")


def test_there_is_an_end_to_the_line():
    line = Line()
    entered(line, IN_ALL)
    with pytest.raises(ValueError, match=f"{IN_ALL} trainings are running or waiting already; try again in about"):
        line.enter(Training("late", "late"))


def test_a_browser_that_comes_back_is_the_same_visitor():
    name = "0123456789abcdef" * 2
    pages = [Visitor.of(request(session, "Mozilla/5.0 (X11)"), name) for session in "ab"]
    assert pages[0] == pages[1] and pages[0].owner == pages[0].session == name
    assert Visitor.of(request("a", "Mozilla/5.0 (X11)"), "x").owner == "a"  # nothing else is taken for a name
    assert Visitor.of(request("a", "Mozilla/5.0 (X11)"), [name]).owner == "a"
    assert Visitor.of(request("a"), name).owner == "10.0.0.1"  # a script counts by its address all the same


def test_closing_is_for_all():
    line = Line()
    trainings = entered(line, 2)
    line.close("the app is being restarted")
    assert all(training.stopped for training in trainings)
    with pytest.raises(ValueError, match="being restarted"):
        line.enter(Training("late", "late"))
    begun = time.monotonic()
    line.wait(0.1)
    assert time.monotonic() - begun < 1
