"""Faults of the running app: a full disk, a restart, a kill."""

import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from gradio_client import Client, handle_file

from benchmarks.servers import ROOT, free_port, running_app
from benchmarks.wire import API, Stranger
from tests.disks import denied, nearly_full
from ui.visitors import display_name

pytestmark = pytest.mark.soak
PICTURE = ROOT / "examples" / "sunset.jpg"


@contextmanager
def own_app(folder, **environment):
    """The app with temporary and cache folders of its own."""
    for name in ("tmp", "cache"):
        (folder / name).mkdir(exist_ok=True)
    places = {"TMPDIR": str(folder / "tmp"), "XDG_CACHE_HOME": str(folder / "cache")}
    with running_app(folder / "log.txt", **{**places, **environment}) as address:
        yield address


def train_until(client, scales, **arguments):
    """A training that has this many finished scales; the job."""
    job = client.submit(handle_file(str(PICTURE)), "fast", api_name="/train_scene", **arguments)
    while not any((output[3] or {}).get("finished_scales", 0) >= scales for output in job.outputs()):
        assert not job.done(), job.outputs()
        time.sleep(0.1)
    return job


def keys_of_browsers(address):
    """With which they keep what the page has them remember."""
    components = [it for it in Stranger(address).config()["components"] if it["type"] == "browserstate"]
    return {it["props"]["storage_key"]: it["props"]["secret"] for it in components}


def end(pid, number):
    """Send a signal to a process and wait until it has ended, for a minute at most."""
    os.kill(pid, number)
    begun = time.monotonic()
    while Path(f"/proc/{pid}").exists() and Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z":
        assert time.monotonic() - begun < 60
        time.sleep(0.05)


def test_sigterm_tells_keeps_finished_scales_and_clears_up(tmp_path):
    with own_app(tmp_path) as address:
        keys = keys_of_browsers(address)
        job = train_until(Client(address, verbose=False), 2, iterations=40)
        end(address.pid, signal.SIGTERM)
        status, *_, record, name = job.outputs()[-1]
        assert "the app is being restarted" in status
        assert f"of {record['scales']} scales are kept as {display_name(name)}" in status
        assert not list((tmp_path / "tmp").iterdir())  # no upload, no picture, no folder
    with own_app(tmp_path) as address:  # the scene is there again, as far as it was trained
        assert keys_of_browsers(address) == keys  # browsers can read what they remember
        client = Client(address, verbose=False)
        assert len(client.predict(name, count=2, api_name="/sample_scene")[1]) == 2
        assert name not in client.predict(api_name="/models")["scenes"]  # it is nobody else's
        assert not list((tmp_path / "cache" / "darkroom" / "scenes").iterdir())
        end(address.pid, signal.SIGKILL)
    stale = list((tmp_path / "tmp").iterdir())
    assert stale
    with own_app(tmp_path):
        assert not set(stale) & set((tmp_path / "tmp").iterdir())


def test_a_full_disk_is_said_and_passes(tmp_path):
    with nearly_full(tmp_path / "tmp", 20_000, 20_000) as small_disk, own_app(tmp_path) as address:
        stranger, client = Stranger(address), Client(address, verbose=False, download_files=False)
        file = stranger.upload(PICTURE)
        full = small_disk / "full"
        with suppress(OSError), full.open("wb", buffering=0) as filler:
            while filler.write(bytes(4096)):
                pass
        before = sorted(small_disk.rglob("*"))
        for endpoint, arguments in (
            ("sample_faces", [99, 16, 1.0, None]),
            ("sample_scene", ["peaks", 4, 0, 99]),
            ("animate_scene", ["peaks", 1, 0.1, 0.9, 6, 10, True, "mp4", 99]),
            ("train_scene", [file, "fast", 0, None, None]),
        ):
            kind, answer = stranger.call(endpoint, arguments)
            assert kind == "error" and answer["error"].startswith("the disk is full"), (endpoint, answer)
        upload = stranger.http.post(f"{API}/upload", files={"files": ("a.png", bytes(2_000_000))})
        assert upload.status_code == 507 and "the disk is full" in upload.text
        assert not [path for path in set(small_disk.rglob("*")) - set(before) if path.is_file() and path.stat().st_size]
        assert stranger.call("health", [])[1][0]["status"] == "ok"
        full.unlink()
        assert len(client.predict(seed=99, count=16, api_name="/sample_faces")[1]) == 16


def test_it_works_without_a_home_and_says_in_one_line_that_it_needs_a_temporary_folder():
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(free_port())}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "cwd": ROOT, "env": environment}
    process = subprocess.Popen(denied("/tmp", "-u", "app.py"), **pipes)
    first = process.stdout.readline()
    process.terminate()
    rest, _ = process.communicate(timeout=60)
    assert "Running on local URL" in first and "Traceback" not in rest and not process.returncode

    app = subprocess.run(denied("", "app.py"), **pipes)
    assert app.returncode == 1 and app.stdout.startswith("app: No usable temporary directory found in ['/tmp'")
    assert app.stdout.count("\n") == 1
    for use in (["retarget-picture", str(PICTURE), "--size", "90x60"], ["animate", "checkpoints/peaks", "--frames", "3",
                "--beta", "0.9", "--start-scale", "1", "--format", "mp4"]):  # fmt: skip
        command = subprocess.run(denied("/mnt", "-m", "singan", *use, "--out", "/mnt/files"), **pipes)
        assert command.returncode == 0, command.stdout
