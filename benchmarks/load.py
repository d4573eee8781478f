"""Measure the app with eight visitors while one trains: python -m benchmarks.load [--address URL] [--seconds 60]

Starts app.py of this folder, or of --root, unless --address names a running one. Six clients move a slider
(/edit_face), draw faces and draw samples of a shipped scene (/sample_scene, 8 pictures), two of each, over and over;
two draw at other sizes and animate. Prints the median and the 95th percentile of what each waited, with and without a
training beside.
"""

import argparse
import json
import random
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx

from benchmarks.servers import ROOT, running_app
from benchmarks.wire import Stranger

PICTURE = ROOT / "examples" / "sunset.jpg"

WORK: dict[str, Callable[[int], tuple[str, list[Any]]]] = {
    "slider": lambda i: ("edit_face", [{"seed": 7, "index": i % 16, "moves": {"smiling": i % 30 / 10 - 1.5}}, None]),
    "faces": lambda i: ("sample_faces", [i, 16, 1.0, None]),
    "sample": lambda i: ("sample_scene", ["peaks", 8, 0, i]),
    "retarget": lambda i: ("retarget_scene", ["autumn", 400, 220, "keep", None, 1, i]),
    "animation": lambda i: ("animate_scene", ["sunset", 1, 0.1, 0.9, 12, 10, True, "gif", i]),
}
CLIENTS = ("slider", "slider", "faces", "faces", "sample", "sample", "retarget", "animation")
PAUSE_SECONDS = 0.3  # of a visitor between two wishes, on average


def visits(address: str, kind: str, end: float, waits: list[float], failures: list[str]) -> None:
    """One visitor, who wishes the same again and again until `end`."""
    stranger = Stranger(address)
    rng = random.Random(kind)
    i = rng.randrange(1000)
    while time.monotonic() < end:
        begun = time.monotonic()
        try:
            how, answer = stranger.call(*WORK[kind](i))
            waits.append(time.monotonic() - begun)
            if how != "complete":
                failures.append(f"{kind}: {answer}")
        except (httpx.HTTPError, AssertionError) as error:
            failures.append(f"{kind}: {error}")
        i += 1
        time.sleep(rng.uniform(0, 2 * PAUSE_SECONDS))


def trains(address: str, end: float, steps: list[int]) -> None:
    """One visitor who trains, a picture after another, until `end`."""
    stranger, seed = Stranger(address), 100
    while time.monotonic() < end:
        seed += 1
        data = [stranger.upload(PICTURE), "standard", seed, None, None]
        steps.append(stranger.leave("train_scene", data, end - time.monotonic()))


def measure(address: str, seconds: float, training: bool) -> dict[str, Any]:
    """Seconds that each kind of visitor waited."""
    end = time.monotonic() + seconds
    waits: dict[str, list[float]] = {kind: [] for kind in WORK}
    failures: list[str] = []
    steps: list[int] = []
    threads = [threading.Thread(target=visits, args=(address, kind, end, waits[kind], failures)) for kind in CLIENTS]
    threads += [threading.Thread(target=trains, args=(address, end, steps))] if training else []
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "training": training,
        "records": sum(steps),
        "failures": failures,
        **{
            kind: {
                "calls": len(found),
                "median": round(statistics.median(found), 3),
                "p95": round(sorted(found)[int(0.95 * len(found))], 3),
            }
            for kind, found in waits.items()
            if found
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--address", help="of a running app")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the app to start")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each of the two measurements")
    args = parser.parse_args()
    with nullcontext(args.address) if args.address else running_app(root=args.root) as address:
        for training in (False, True):
            print(json.dumps(measure(address, args.seconds, training), indent=1))


if __name__ == "__main__":
    main()
