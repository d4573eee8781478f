"""Many photographs: what is made of them, once, by processes of this machine, and by a Ray cluster that loses one."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import fsspec
import pytest
from PIL import Image

from darkroom.addresses import Folder
from darkroom.workers import WorkersError, processes
from singan import ScenePipeline
from singan.__main__ import main
from singan.batch import Batch, make, photographs
from singan.config import PRESETS
from singan.screens import FIRST_SCREENS, SCREENS, read_screens
from singan.sheet import write_sheet
from tests.commands import exit_code, one_line
from tests.disks import leftovers

run = partial(exit_code, main)
ROOT = Path(__file__).parents[2]
SIZES = ("65x35", "35x65")
COMMAND = [sys.executable, "-m", "singan", "batch"]


@pytest.fixture
def folder(tmp_path, picture) -> Path:
    """Two photographs, one of them in a folder with an odd name; one cut off, one too small; and a text."""
    folder = tmp_path / "photographs"
    (folder / "a & b").mkdir(parents=True)
    picture.save(folder / "whole.png")
    picture.resize((96, 64)).save(folder / "a & b" / "100% <own>.jpg", quality=95)
    noise = Image.effect_noise((300, 200), 80).convert("RGB")
    noise.save(folder / "cut.jpg")
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:20_000])
    picture.resize((20, 20)).save(folder / "tiny.png")
    (folder / "notes.txt").write_text("no photograph")
    return folder


def times(out: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.parent != out}


def table(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((out / "table.csv").read_text())))


def test_each_photograph_is_made_once_and_bad_ones_are_named(folder, tmp_path, capsys):
    out = folder / "results"  # which are none of the photographs
    command = ["batch", folder, "--devices", ",".join(SIZES), "--out", out]
    assert run(*command, "--jobs", 2) == 1
    said = capsys.readouterr()
    assert "batch: cut.jpg: it is a damaged picture (JPEG)\n" in said.err
    assert "batch: tiny.png: the picture is 20x20; both sides must be at least 32 px" in said.err
    assert "2 of 4 photographs are done" in said.out and not leftovers(out)
    rows = table(out)
    assert [(row["photograph"], row["file"] != "", row["problem"] != "") for row in rows] == [
        ("a & b/100% <own>.jpg", True, False), ("a & b/100% <own>.jpg", True, False),
        ("cut.jpg", False, True), ("tiny.png", False, True), ("whole.png", True, False), ("whole.png", True, False),
    ]  # fmt: skip
    assert run("retarget-picture", folder / "whole.png", "--out", tmp_path / "one", "--size", SIZES[0]) == 0
    (alone,) = (tmp_path / "one").iterdir()
    assert (out / "whole.png" / alone.name).read_bytes() == alone.read_bytes()
    sheet = (out / "contact_sheet.html").read_text()
    links = [unquote(link) for link in re.findall(r'(?:src|href)="([^"]+)"', sheet)]
    assert len(links) == 1 + 2 * (1 + 2 * 2) and all((out / link).is_file() for link in links)
    assert "<own>" not in sheet and "//" not in sheet

    before, command = times(out), [*command, "--jobs", 1]
    assert run(*command) == 1 and times(out) == before
    command[3] += ",48x48"
    first = folder / "whole.png"
    Image.open(first).transpose(Image.Transpose.ROTATE_180).save(first)
    assert run(*command) == 1
    changed = {str(path.relative_to(out)) for path, at in times(out).items() if before.get(path) != at}
    again = [path for path in changed if path.startswith("whole.png/") and path.endswith(".png")]
    others = [path for path in changed if not path.startswith("whole.png/") and path.endswith(".png")]
    assert len(again) == 3 and others == ["a & b/100% <own>.jpg/48x48_fit_seed0_0000.png"]


def test_what_is_there_half_is_gone_on_with(picture, tmp_path, tiny_config, monkeypatch):
    """At an address that is no folder of this machine, a scene as well."""
    monkeypatch.setitem(PRESETS, "fast", tiny_config)
    out, content = Folder("memory://results"), io.BytesIO()
    picture.save(content, "PNG")
    batch = Batch(out.address, read_screens(",".join(SIZES)))
    with pytest.raises(OSError, match="memory://results is not there on .*; a folder that all machines share"):
        make(batch, "one.png", content.getvalue())
    write_sheet(out, [])
    half = make(Batch(out.address, batch.sizes[:1], "fast"), "one.png", content.getvalue())
    files = fsspec.filesystem("memory")
    before = {path: files.created(path) for path in files.find("results/one.png") if "65x35" in path or "scene" in path}
    assert len(before) == 2 + 5 and half.scene == "fast"
    whole = make(batch, "one.png", content.getvalue())
    assert whole.problem is None and [it.size for it in whole.prints] == list(batch.sizes)
    assert {path: files.created(path) for path in before} == before
    files.get("results/one.png/scene", str(tmp_path / "scene"), recursive=True)
    assert ScenePipeline.from_pretrained(tmp_path / "scene").finished
    files.rm("results/one.png/35x65_fit_seed0_0000.png")
    again = make(batch, "one.png", content.getvalue())
    assert again.prints[0] == whole.prints[0] and [it.size for it in again.prints] == list(batch.sizes)
    assert files.exists("results/one.png/35x65_fit_seed0_0000.png")
    files.rm("results", recursive=True)


def test_photographs_are_known_by_content_or_name(folder):
    shutil.copy(folder / "whole.png", folder / "without")
    (folder / ".hidden.png").write_bytes((folder / "whole.png").read_bytes())
    (folder / "empty.HEIC").write_bytes(b"")
    (folder / "linked.png").symlink_to(folder / "whole.png")
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    (folder / "again").symlink_to(folder)
    os.mkfifo(folder / "pipe.png")
    found = photographs(Folder(str(folder)), Folder(str(folder / "a & b")))
    assert found == ["cut.jpg", "empty.HEIC", "linked.png", "tiny.png", "whole.png", "without"]


def test_screens_are_sizes_and_devices():
    phones = tuple(size for size, device in SCREENS.items() if device == "Phone")
    assert read_screens("Phone, 1170x2532,300x200") == (*phones, (300, 200)) and len(phones) > 1
    assert [f"{width}x{height}" for width, height in read_screens(",".join(FIRST_SCREENS))] == FIRST_SCREENS
    for text, message in (("", "'' is no screen"), ("watch", "phone, story, square"), ("9x900", "width is 9"),
                          ("300x200,9000x90", "width is 9000"), ("4096x4096", "at most 16 megapixels")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            read_screens(text)


def test_bad_input_is_one_line_and_makes_nothing(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "empty").mkdir()
    for arguments, message in (
        ([tmp_path / "nowhere"], "nowhere is no folder"), ([tmp_path / "empty"], "holds no photographs"),
        ([folder, "--devices", "300"], "'300' is no screen"), ([folder, "--jobs", 0], "jobs is 0; allowed are 1"),
        ([folder, "--out", folder], "which holds the photographs themselves"),
        ([folder, "--out", folder / "tiny.png"], "is a file; --out takes a folder"),
        ([folder, "--out", "s3://bucket/results"], "s3://bucket/results needs another package: Install s3fs"),
        ([folder, "--out", "what://bucket"], "what"),
        ([folder, "--ray", "local"], "--ray needs the package ray"),
    ):  # fmt: skip
        assert run("batch", "--out", tmp_path / "out", *arguments) == 2, arguments
        assert message in one_line(capsys) and not (tmp_path / "out").exists()


def test_a_process_that_is_ended_from_outside_is_said():
    with pytest.raises(WorkersError, match="fewer --jobs need less"), processes(os._exit, 1) as workers:
        ticket = workers.submit(9)
        assert workers.first([ticket]) == [ticket]
        workers.result(ticket)


@pytest.fixture
def many(tmp_path, picture) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(8):
        picture.rotate(20 * number).save(folder / f"{number}.png")
    return folder


def begun(out: Path, process: subprocess.Popen) -> dict[Path, int]:
    """Wait for the first three pictures; return the files of those."""
    while len(records := list(out.glob("*/record.json"))) < 3:
        assert process.poll() is None
        time.sleep(0.05)
    files = [record.parent / it["file"] for record in records for it in json.loads(record.read_text())["prints"]]
    return {file: file.stat().st_mtime_ns for file in files}


@pytest.mark.soak
def test_a_signal_leaves_what_is_whole(many, tmp_path):
    out = tmp_path / "out"
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)):
        command = [*COMMAND, many, "--out", out, "--jobs", "2", "--devices", "600x400,400x600"]
        process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE, text=True)
        before = begun(out, process)
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        assert process.wait(60) == code
        if code > 0:
            assert process.stderr.read().endswith("batch: stopped; the files written so far are whole\n")
            assert not leftovers(out)
        time.sleep(2)  # in which orphans end
        assert not subprocess.run(["pgrep", "-s", str(process.pid), "-r", "R,S"], capture_output=True).stdout
        assert run("batch", many, "--out", out, "--devices", "600x400,400x600") == 0 and not leftovers(out)
        assert {file: file.stat().st_mtime_ns for file in before} == before
        shutil.rmtree(out)


@pytest.mark.soak
def test_a_cluster_that_loses_a_machine_makes_every_picture_once(many, tmp_path):
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    cluster, memory, out = Cluster(), {"object_store_memory": 200_000_000}, tmp_path / "out"
    try:
        cluster.add_node(num_cpus=0, **memory)
        nodes = [cluster.add_node(num_cpus=1, **memory) for _ in range(2)]
        command = [*COMMAND, many, "--out", out, "--devices", ",".join(SIZES), "--ray", cluster.address]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        before = begun(out, process)
        cluster.remove_node(nodes[0], allow_graceful=False)
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0 and "8 of 8 photographs are done" in said
    finally:
        cluster.shutdown()
    assert {file: file.stat().st_mtime_ns for file in before} == before and not leftovers(out)
    assert sorted(row["file"] for row in table(out)) == [
        f"{number}.png/{size}_fit_seed0_0000.png" for number in range(8) for size in sorted(SIZES)
    ]
    for path in out.glob("*/*.png"):
        Image.open(path).load()
    assert len(list(out.glob("*/*.png"))) == 16
