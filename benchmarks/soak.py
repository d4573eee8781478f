"""Strangers over every endpoint for a long time, two trainings always running, some of them gone in the middle.

python -m benchmarks.soak [--minutes 30] [--out FILE.json]

Starts the app with a temporary folder of its own. No valid call may fail; after the first sixth of the time (five
minutes of thirty) memory may grow by 10 % and stays under 2 GB; threads, open files and folders are as many at the end
as then. Exit code 1 where one of these does not hold.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.servers import ROOT, running_app
from benchmarks.wire import Stranger

CLIENTS, TRAININGS = 8, 2
LEAVES = 0.1  # share of calls in whose middle the client goes
SAMPLE_SECONDS = 2.0
GROWTH, MOST_MB = 1.1, 2000
WARM_SECONDS = 600.0  # a shorter run is warming up all the time
SPARE_THREADS, SPARE_FILES = 12, 40  # that come and go: idle workers, connections that are about to close
FOLDERS = 12  # of the app's own at any time: its root, the store, what is being handed over
EARLY, LATE = (1 / 6, 1 / 5), 0.9  # of the time: what is compared
PICTURE = ROOT / "examples" / "sunset.jpg"
SCENES = ("peaks", "autumn", "stream")

Call = tuple[str, list[Any]]


@dataclass
class Observed:
    """Results of a run."""

    calls: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # seconds, by endpoint
    left: int = 0
    failures: list[str] = field(default_factory=list)
    samples: list[dict[str, float]] = field(default_factory=list)
    trained: int = 0


def calls(rng: random.Random) -> Iterator[Call]:
    """Valid calls of every endpoint, in any order, for ever."""
    face = lambda: {"seed": rng.randrange(1000), "index": rng.randrange(9), "moves": {"smiling": rng.uniform(-2, 2)}}  # noqa: E731
    every: list[Callable[[], Call]] = [
        lambda: ("health", []),
        lambda: ("models", []),
        lambda: ("edit_face", [face(), None]),
        lambda: ("sample_faces", [rng.randrange(10**6), rng.randrange(1, 17), 1.0, None]),
        lambda: ("morph_faces", [[face(), face()], 8, True, 20, rng.choice(["mp4", "gif"]), None]),
        lambda: ("sample_scene", [rng.choice(SCENES), rng.randrange(1, 9), rng.randrange(3), rng.randrange(10**6)]),
        lambda: ("retarget_scene", [rng.choice(SCENES), rng.randrange(100, 500), 200, "keep", None, 1, 0]),
        lambda: (
            "animate_scene",
            [rng.choice(SCENES), 1, 0.1, 0.9, 8, 10, True, rng.choice(["gif", "mp4", "webp"]), rng.randrange(99)],
        ),
    ]
    while True:
        yield rng.choice(every)()


def visits(address: str, number: int, end: float, seen: Observed) -> None:
    """One visitor after another, each with a few wishes."""
    rng = random.Random(number)
    wishes = calls(rng)
    while time.monotonic() < end:
        stranger = Stranger(address)
        for endpoint, data in (next(wishes) for _ in range(rng.randrange(1, 6))):
            try:
                if rng.random() < LEAVES:
                    stranger.leave(endpoint, data, rng.uniform(0, 0.5))
                    seen.left += 1
                    continue
                begun = time.monotonic()
                kind, answer = stranger.call(endpoint, data)
                seen.calls[endpoint].append(time.monotonic() - begun)
                if kind != "complete":
                    seen.failures.append(f"{endpoint} {data}: {answer}")
            except (httpx.HTTPError, AssertionError) as error:
                seen.failures.append(f"{endpoint} {data}: {type(error).__name__} {error}")
            time.sleep(rng.uniform(0, 0.2))
        stranger.http.close()


def trains(address: str, first: int, end: float, seen: Observed) -> None:
    """One training always running, with seeds from `first` on; every third is left in the middle."""
    for number in range(first, 10**6, TRAININGS):
        if time.monotonic() > end:
            return
        stranger = Stranger(address, f"127.0.0.{2 + first}")  # An address has one training at a time.
        data = [stranger.upload(PICTURE), "fast", number, None, 40]
        if number % 3 == 2:
            stranger.leave("train_scene", data, 5.0)
            time.sleep(2)  # its place is free once its step is over
        else:
            kind, answer = stranger.call("train_scene", data)
            seen.trained += kind == "complete"
            if kind != "complete":
                seen.failures.append(f"train_scene {number}: {answer}")
            else:
                stranger.call("sample_scene", [answer[4], 1, 0, 0])
        stranger.http.close()


def sample(pid: int, folder: Path) -> dict[str, float]:
    """Memory in MB, threads, open files, and folders of the app's in its temporary folder."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines())
    own = sum(1 for path, _, _ in os.walk(folder) if "gradio" not in Path(path).parts)  # some go while it walks
    return {
        "memory_mb": int(status["VmRSS"].split()[0]) / 1000,
        "threads": int(status["Threads"]),
        "files": len(os.listdir(f"/proc/{pid}/fd")),
        "folders": own,
    }


def soak(address: str, pid: int, folder: Path, seconds: float) -> Observed:
    """Run all visitors for so long, and a little longer until all is quiet."""
    seen, end = Observed(), time.monotonic() + seconds
    threads = [threading.Thread(target=visits, args=(address, i, end, seen)) for i in range(CLIENTS)]
    threads += [threading.Thread(target=trains, args=(address, first, end, seen)) for first in range(TRAININGS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(SAMPLE_SECONDS)
        seen.samples.append({"seconds": round(seconds - (end - time.monotonic()), 1), **sample(pid, folder)})
    return seen


def judged(seen: Observed, seconds: float) -> dict[str, Any]:
    """The figures, and what does not hold of what must."""
    early = [it for it in seen.samples if EARLY[0] < it["seconds"] / seconds <= EARLY[1]] or seen.samples[:1]
    late = [it for it in seen.samples if it["seconds"] > LATE * seconds]
    mean = lambda samples, key: sum(it[key] for it in samples) / len(samples)  # noqa: E731
    broken = list(seen.failures[:20])
    growth = mean(late, "memory_mb") / mean(early, "memory_mb")
    most = max(it["memory_mb"] for it in seen.samples)
    if (growth > GROWTH and seconds >= WARM_SECONDS) or most > MOST_MB:
        broken.append(f"memory grew by {growth - 1:.0%}, to {most:.0f} MB")
    for key, spare in (("threads", SPARE_THREADS), ("files", SPARE_FILES)):
        if mean(late, key) > mean(early, key) + spare:
            broken.append(f"{key}: {mean(early, key):.0f} early, {mean(late, key):.0f} late")
    if late[-1]["folders"] > FOLDERS + seen.trained:
        broken.append(f"{late[-1]['folders']:.0f} folders after {seen.trained} trainings")
    figures = {key: [round(mean(part, key)) for part in (early, late)] for key in ("memory_mb", "threads", "files")}
    calls = {
        name: {
            "calls": len(it),
            "median_s": round(statistics.median(it), 2),
            "most_of_95_%_s": round(sorted(it)[int(0.95 * len(it))], 2),
        }
        for name, it in sorted(seen.calls.items())
    }
    return {
        "calls": calls, "left": seen.left, "trained": seen.trained, "failed": len(seen.failures),
        "early_late": figures, "growth": round(growth, 3), "most_mb": round(most), "broken": broken,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--out", type=Path, help="all samples, as JSON")
    args = parser.parse_args()
    seconds = 60 * args.minutes
    with tempfile.TemporaryDirectory() as folder, running_app(TMPDIR=folder, XDG_CACHE_HOME=folder) as app:
        seen = soak(app, app.pid, Path(folder), seconds)
    figures = judged(seen, seconds)
    if args.out:
        args.out.write_text(json.dumps({**figures, "samples": seen.samples}, indent=1), encoding="utf-8")
    print(json.dumps(figures, indent=1))
    return 1 if figures["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
