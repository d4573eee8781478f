"""A minute of what `make soak` does for half an hour, and eight of its kills."""

import random

import pytest

from benchmarks import kills, soak
from benchmarks.servers import running_app


@pytest.mark.alone  # eight strangers at once want the whole machine
def test_half_a_minute_of_strangers(tmp_path):
    for name in ("tmp", "cache"):
        (tmp_path / name).mkdir()
    with running_app(TMPDIR=str(tmp_path / "tmp"), XDG_CACHE_HOME=str(tmp_path / "cache")) as app:
        seen = soak.soak(app, app.pid, tmp_path / "tmp", 30)
    figures = soak.judged(seen, 30)
    print(figures)
    assert not figures["broken"], figures
    assert sum(figures["calls"].values()) > 25 and len(figures["calls"]) == 8 and figures["left"] > 3


@pytest.mark.parametrize("name", ["singan", "dcgan"])
def test_kills_lose_nothing(tmp_path, name):
    program, arguments = kills.inputs(tmp_path)[name]
    kills.killed(program, arguments, tmp_path, 2, random.Random(name))
