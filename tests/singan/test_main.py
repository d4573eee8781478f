import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

import singan
from darkroom.files import locked
from darkroom.model_files import MODEL_FILES
from singan import __main__ as command_line
from singan.__main__ import main
from singan.checkpoint import load_checkpoint, save_checkpoint
from singan.config import PRESETS
from tests.commands import contents, exit_code, one_line, signalling
from tests.disks import leftovers, nearly_full

ROOT = Path(__file__).parents[2]
run = partial(exit_code, main)


@pytest.fixture(scope="module")
def two_scales(tiny_records):
    """The training when two of its three scales are finished."""
    return next(record.checkpoint for record in tiny_records if record.scene and record.scene.scales == 2)


@pytest.fixture
def train_tiny(picture_file, monkeypatch, tiny_config):
    """The command that trains three scales of four channels; --out is still to come."""
    monkeypatch.setitem(PRESETS, "fast", tiny_config)
    return ["train", picture_file, "--preset", "fast", "--device", "cpu"]


def test_train_twice_says_so(train_tiny, tmp_path, capsys):
    out = tmp_path / "run"
    assert run(*train_tiny, "--out", out) == 0
    assert {path.name for path in out.iterdir()} == {*MODEL_FILES, "training.safetensors"} - {"photograph.jpg"}
    before = (out / "model.safetensors").stat().st_mtime_ns
    assert run(*train_tiny, "--out", out) == 0
    assert "already holds this scene" in capsys.readouterr().out
    assert (out / "model.safetensors").stat().st_mtime_ns == before


def test_train_refuses_what_is_not_its_own(train_tiny, tmp_path, capsys, tiny_folder):
    for name in ("notes.txt", "config.json"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("mine")
        assert run(*train_tiny, "--out", tmp_path / name) == 2 and "is not empty" in one_line(capsys)
        assert run(*train_tiny, "--out", tmp_path / name / name) == 2 and "is a file" in one_line(capsys)
        assert (tmp_path / name / name).read_text() == "mine"
    assert run(*train_tiny, "--seed", 1, "--out", tiny_folder) == 2 and "of other settings" in one_line(capsys)


@pytest.mark.soak
def test_a_kill_during_the_first_save_does_not_block_the_folder(train_tiny, tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    for name in ("training.safetensors", "config.json"):
        (out / name).write_bytes(b"half")
    assert run(*train_tiny, "--out", out) == 0
    assert run("sample", out, "--out", tmp_path / "samples", "--count", 1) == 0


def test_resume_goes_on_from_the_last_finished_scale(two_scales, tiny_scene, train_tiny, tmp_path, capsys):
    save_checkpoint(two_scales, tmp_path / "run")
    command = [*train_tiny, "--out", tmp_path / "run"]
    assert run(*command) == 2 and "2 of 3 scales of this training; --resume" in one_line(capsys)
    assert run(*command, "--resume") == 0
    whole, again = (it.pyramid.state_dict() for it in (tiny_scene, singan.ScenePipeline.from_pretrained(command[-1])))
    assert all((again[name] == whole[name]).all() for name in whole)


BAD = (
    ("sample MODEL --count 0", "count is 0; allowed are 1 to 1000"),
    ("sample nowhere", "nowhere is neither a folder nor a repository"),
    ("retarget MODEL --size 480", "'480' is no size; write WIDTHxHEIGHT in pixels"),
    ("retarget MODEL --size 50x50 --size 9000x90", "width is 9000; allowed are 16 to 4096"),
    ("retarget MODEL --size 50x50 --mode keep --start-scale 0", "mode keep is 0; allowed"),
    ("animate MODEL --start-scale 0 7", "start_scale is 7; allowed are 0 to 2"),
    ("animate MODEL --fps 0", "fps is 0; allowed are 1 to 60"),
    ("animate MODEL --format avi", "'avi'"),
    ("animate FACES", "is a face model of dcgan; a scene of singan is needed"),
    ("train https://host/a.png", "argument PICTURE: https://host/a.png is an address; download it first"),
    ("train nowhere.png", "nowhere.png"),
    ("train PICTURE --device abacus", "device is 'abacus'"),
    ("train BROKEN", "broken.png"),
    ("sample MODEL --out https://host/out", "argument out: "),
    ("sample MODEL --out PICTURE/below", "discs.png is a file; out takes a folder"),
    ("sample https://host/scene", "argument MODEL: https://host/scene is an address; USER/REPO is enough"),
)


def test_bad_input_ends_with_code_two_and_one_line(
    tiny_folder, tiny_faces_folder, picture_file, train_tiny, tmp_path, capsys
):
    names = {
        "MODEL": tiny_folder,
        "FACES": tiny_faces_folder,
        "PICTURE": picture_file,
        "BROKEN": tmp_path / "broken.png",
    }
    names |= {"PICTURE/below": picture_file / "below"}
    names["BROKEN"].write_bytes(b"\x89PNG\r\n\x1a\n broken")
    cases = [([names.get(it, it) for it in line.split()], message) for line, message in BAD]
    cases += [([command, ""], f"argument {kind}: the name is empty") for command, kind in
              (("train", "PICTURE"), ("sample", "MODEL"))]  # fmt: skip
    for arguments, message in cases:
        assert run(arguments[0], "--out", tmp_path / "out", *arguments[1:]) == 2, arguments
        assert message in one_line(capsys).replace("--", "") and not (tmp_path / "out").exists()


def test_exactly_count_pictures_are_written(tiny_folder, tmp_path):
    assert run("sample", tiny_folder, "--out", tmp_path / "out", "--count", 3, "--seed", 3) == 0
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == [f"seed3_{i:04}.png" for i in range(3)]
    assert all(Image.open(file).size == (64, 48) for file in files)
    several = ["--start-scale", 0, 2, 0, "--count", 1, "--layout-by", "network", "--seed", 3]  # names that sort
    assert run("sample", tiny_folder, "--out", tmp_path / "several", *several) == 0
    names = sorted(file.name for file in (tmp_path / "several").iterdir())
    assert names == [f"start{k}_seed3_network_0000.png" for k in (0, 2)]
    assert (tmp_path / "several" / names[0]).read_bytes() == files[0].read_bytes()
    sizes = ["--size", "65x35", "--size", "35x65", "--mode", "keep", "--count", 2]
    assert run("retarget", tiny_folder, "--out", tmp_path / "sizes", *sizes) == 0
    found = sorted(Image.open(file).size for file in (tmp_path / "sizes").iterdir())
    assert found == [(35, 65), (35, 65), (65, 35), (65, 35)]


def test_animate_writes_the_set_of_twelve(tiny_folder, tmp_path):
    assert run("animate", tiny_folder, "--out", tmp_path, "--frames", 3) == 0
    names = sorted(file.name for file in tmp_path.iterdir())
    words = (("medium", 1), ("strong", 0), ("subtle", 2))
    assert names == [f"{w}_start{k}_beta{b}.gif" for w, k in words for b in ("0.80", "0.85", "0.90", "0.95")]


def test_help_shows_units_and_defaults(capsys):
    for command in ("train", "sample", "retarget", "animate", "push"):
        assert run(command, "--help") == 0
        text = capsys.readouterr().out
        assert all(option.count("default") <= 1 for option in re.split(r"\n  (?=-)", text))
        assert command == "push" or ("default" in text and ("px" in text or "to 1000" in text or "0 to 1" in text))


# -- folders that are taken -------------------------------------------------------------------------------------------


def test_a_folder_that_is_being_written_is_refused(train_tiny, tmp_path, capsys):
    with locked(tmp_path / "new" / "run"):
        assert run(*train_tiny, "--out", tmp_path / "new" / "run") == 2
        assert "another process is writing into" in one_line(capsys)
    assert not (tmp_path / "new").exists()
    assert run(*train_tiny, "--out", tmp_path / "new" / "run") == 0 and not leftovers(tmp_path)


def test_a_face_model_is_not_overwritten(train_tiny, tiny_faces_folder, capsys):
    before = contents(tiny_faces_folder)
    for more in ([], ["--resume"]):
        assert run(*train_tiny, "--out", tiny_faces_folder, *more) == 2
        assert "holds a face model of dcgan; choose another folder" in one_line(capsys)
    assert contents(tiny_faces_folder) == before


@pytest.mark.soak
@pytest.mark.parametrize("spoilt", ["training.safetensors", "model.safetensors", "config.json"])
def test_a_damaged_scene_says_the_reason(spoilt, two_scales, train_tiny, tmp_path, capsys):
    out = tmp_path / "run"
    save_checkpoint(two_scales, out)
    content = (out / spoilt).read_bytes()
    for spoil, words in (
        (lambda path: path.write_bytes(content[: len(content) // 2]), "is damaged: "),
        (lambda path: path.unlink(), "is missing"),
    ):
        spoil(out / spoilt)
        (out / "notes.txt").write_text("mine")  # else it could be a training that ended before its first scale
        before = contents(out)
        assert run(*train_tiny, "--out", out, "--resume") == 2
        assert words in one_line(capsys) and contents(out) == before


# -- signals ----------------------------------------------------------------------------------------------------------


def in_the_second_scale(number):
    """Training that sends this process a signal before the second scale's first record."""

    def records(*arguments):
        for record in singan.train(*arguments):
            if record.scale == 1:
                os.kill(os.getpid(), number)
            yield record

    return records


def test_a_signal_keeps_the_finished_scales(train_tiny, tiny_folder, tmp_path, monkeypatch, capsys):
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        out = tmp_path / str(code)
        with monkeypatch.context() as patch:
            patch.setattr(command_line, "train", in_the_second_scale(number))
            assert run(*train_tiny, "--out", out) == code
        assert f"stopped: 1 of 3 scales are finished in {out}; --resume goes on" in capsys.readouterr().out
        assert load_checkpoint(out).scene.scales == 1
        assert run(*train_tiny, "--out", out, "--resume") == 0 and not leftovers(out)
        for name in ("model.safetensors", "training.safetensors", "config.json"):
            assert (out / name).read_bytes() == (tiny_folder / name).read_bytes()


@pytest.mark.soak
@pytest.mark.parametrize("command", ["sample", "retarget", "animate"])
def test_sigterm_leaves_whole_files(command, tiny_folder, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    more = {"sample": [], "retarget": ["--size", "65x35", "--count", 9], "animate": ["--frames", 3]}[command]
    monkeypatch.setattr(os, "replace", signalling(os.replace, 3))
    assert run(command, tiny_folder, "--out", out, *more) == 143
    assert capsys.readouterr().err.endswith(f"{command}: stopped; the files written so far are whole\n")
    assert not leftovers(out) and len(list(out.iterdir())) == 2
    for path in out.iterdir():
        Image.open(path).load()


# -- odd machines -----------------------------------------------------------------------------------------------------

FREE = {"sample": 20, "retarget": 20, "gif": 12, "mp4": 8, "webp": 8, "train": 28}  # kB; less than each needs


@pytest.mark.soak
@pytest.mark.parametrize(("what", "free"), [*FREE.items(), ("train", 0), ("sample", 0), ("mp4", 0)])
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(what, free, train_tiny, tiny_folder, tmp_path, capsys):
    command = what if what in ("sample", "retarget", "train") else "animate"
    more = ["--size", "65x35", "--count", 9] if what == "retarget" else []
    more += ["--frames", 20, "--format", what] if command == "animate" else []
    with nearly_full(tmp_path / "disk", free) as disk:
        out = disk / "new" / "o"
        start = train_tiny if command == "train" else [command, tiny_folder]
        assert run(*start, "--out", out, *more) == 2
        said = capsys.readouterr().err.split("\n")[-2].split("\r")[-1]  # behind a bar
        assert said == f"{command}: the disk is full: nothing half-written was left; free some space and try again"
        assert not leftovers(disk)
        for path in out.glob("*.png"):
            Image.open(path).load()
        assert free or not (disk / "new").exists()
        (disk / "taken").unlink()
        more += ["--resume"] if command == "train" else []
        assert run(*start, "--out", out, *more) == 0


GARBAGE = ("nan", "inf", "-inf", "1e999", "-1", "9" * 20, "9" * 5000, "", "x", "1;5", "--")
NUMBERS = {
    "train": ("--max-size", "--scales", "--iterations", "--seed"), "sample": ("--count", "--start-scale", "--seed"),
    "retarget": ("--size", "--count", "--start-scale", "--seed"),
    "animate": ("--start-scale", "--beta", "--alpha", "--frames", "--fps", "--seed"),
}  # fmt: skip


@pytest.mark.soak
def test_what_is_no_number_is_one_line(train_tiny, tiny_folder, tmp_path, capsys):
    for command, names in NUMBERS.items():
        start = train_tiny if command == "train" else [command, tiny_folder]
        start = [*start, "--size=65x35"] if command == "retarget" else start
        for option, value in itertools.product(names, GARBAGE):
            assert run(*start, "--out", tmp_path / "out", f"{option}={value}") == 2, (option, value)
            assert one_line(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.soak
def test_an_ascii_locale_changes_nothing(tiny_folder, tmp_path):
    """A card in latin-1, names with accents, and a locale that has none."""
    model, out = tmp_path / "mod\u00e8le", tmp_path / "d\u00e9j\u00e0"
    shutil.copytree(tiny_folder, model)
    (model / "README.md").write_bytes("caf\u00e9".encode("latin-1"))
    command = [sys.executable, "-m", "singan", "sample", model, "--out", out, "--count", "1"]
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    result = subprocess.run([os.fsencode(part) for part in command], cwd=ROOT, env=environment, capture_output=True)
    assert result.returncode == 0, result.stderr
    assert [path.name for path in out.iterdir()] == ["seed0_0000.png"]
