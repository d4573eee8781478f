import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

import singan
from singan.__main__ import main
from singan.config import from_preset
from singan.train import save_checkpoint

ROOT = Path(__file__).parents[2]


def run(*arguments) -> int:
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stop:  # argparse
        return int(stop.code or 0)


@pytest.fixture
def train_tiny(picture_file):
    return ["train", picture_file, "--preset", "fast", "--scales", 3, "--iterations", 4]


def one_line(capsys) -> str:
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    return captured.err


def test_train_twice_says_so(train_tiny, tmp_path, capsys):
    out = tmp_path / "run"
    assert run(*train_tiny, "--out", out) == 0
    assert {path.name for path in out.iterdir()} == {
        "config.json",
        "model.safetensors",
        "README.md",
        "training.safetensors",
    }
    before = (out / "model.safetensors").stat().st_mtime_ns
    assert run(*train_tiny, "--out", out) == 0
    assert "already holds this scene" in capsys.readouterr().out
    assert (out / "model.safetensors").stat().st_mtime_ns == before


def test_train_refuses_what_is_not_its_own(train_tiny, tmp_path, capsys, tiny_folder):
    (tmp_path / "notes.txt").write_text("mine")
    assert run(*train_tiny, "--out", tmp_path) == 2 and "is not empty" in one_line(capsys)
    assert run(*train_tiny, "--out", tiny_folder) == 2 and "of other settings" in one_line(capsys)
    assert run(*train_tiny, "--out", tmp_path / "notes.txt") == 2 and "is a file" in one_line(capsys)


def test_a_kill_during_the_first_save_does_not_block_the_folder(train_tiny, tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    for name in ("training.safetensors", "config.json"):
        (out / name).write_bytes(b"half")
    assert run(*train_tiny, "--out", out) == 0
    assert run("sample", out, "--out", tmp_path / "samples", "--count", 1) == 0


def test_a_foreign_configuration_is_not_overwritten(train_tiny, tmp_path, capsys):
    (tmp_path / "config.json").write_text("mine")
    assert run(*train_tiny, "--out", tmp_path) == 2 and "is not empty" in one_line(capsys)
    assert (tmp_path / "config.json").read_text() == "mine"


def test_resume_goes_on_from_the_last_finished_scale(picture_file, tmp_path, capsys):
    config = from_preset("fast", scales=3, iterations=4)
    records = list(singan.train(picture_file, config))
    partial = next(r.checkpoint for r in records if r.scene and r.scene.scales == 2)
    save_checkpoint(partial, tmp_path / "run")
    command = ["train", picture_file, "--preset", "fast", "--scales", 3, "--iterations", 4, "--out", tmp_path / "run"]
    assert run(*command) == 2 and "2 of 3 scales of this training; --resume" in one_line(capsys)
    assert run(*command, "--resume") == 0
    whole = records[-1].scene.pyramid.state_dict()
    again = singan.ScenePipeline.from_pretrained(tmp_path / "run").pyramid.state_dict()
    assert all((again[name] == whole[name]).all() for name in whole)


@pytest.mark.parametrize("content", [b"", b"just text", b"\x89PNG\r\n\x1a\n broken"])
def test_bad_pictures_end_with_code_two_and_write_nothing(content, tmp_path, capsys):
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    assert run("train", path, "--out", tmp_path / "run") == 2
    assert "bad.png" in one_line(capsys) and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample", "MODEL", "--count", "0"], "count is 0; allowed are 1 to 1000"),
        (["sample", "MODEL", "--start-scale", "9"], "start_scale is 9; allowed are 0 to 2"),
        (["sample", "nowhere"], "nowhere is neither a folder nor a repository"),
        (["retarget", "MODEL", "--size", "480"], "'480' is no size; write WIDTHxHEIGHT in pixels"),
        (["retarget", "MODEL", "--size", "50x50", "--size", "9000x90"], "width is 9000; allowed are 16 to 4096"),
        (["retarget", "MODEL", "--size", "50x50", "--mode", "keep", "--start-scale", "0"], "mode keep is 0; allowed"),
        (["animate", "MODEL", "--start-scale", "0", "7"], "start_scale is 7; allowed are 0 to 2"),
        (["animate", "MODEL", "--fps", "0"], "fps is 0; allowed are 1 to 60"),
        (["animate", "MODEL", "--format", "avi"], "'avi'"),
    ],
)
def test_bad_input_ends_with_code_two_and_one_line(arguments, message, tiny_folder, tmp_path, capsys):
    arguments = [tiny_folder if a == "MODEL" else a for a in arguments]
    assert run(*arguments, "--out", tmp_path / "out") == 2
    assert message in one_line(capsys).replace("--", "") and not (tmp_path / "out").exists()


def test_sample_writes_exactly_count_pictures(tiny_folder, tmp_path):
    assert run("sample", tiny_folder, "--out", tmp_path / "out", "--count", 5, "--seed", 3) == 0
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == [f"seed3_{i:04}.png" for i in range(5)]
    assert all(Image.open(file).size == (64, 48) for file in files)
    first = files[0].read_bytes()
    assert run("sample", tiny_folder, "--out", tmp_path / "again", "--count", 1, "--seed", 3) == 0
    assert (tmp_path / "again" / "seed3_0000.png").read_bytes() == first


def test_retarget_writes_count_pictures_a_size(tiny_folder, tmp_path):
    sizes = ["--size", "65x35", "--size", "35x65"]
    assert run("retarget", tiny_folder, "--out", tmp_path, *sizes, "--mode", "keep", "--count", 2) == 0
    found = sorted(Image.open(file).size for file in tmp_path.iterdir())
    assert found == [(35, 65), (35, 65), (65, 35), (65, 35)]


def test_animate_writes_the_set_of_twelve(tiny_folder, tmp_path):
    assert run("animate", tiny_folder, "--out", tmp_path, "--frames", 3) == 0
    names = sorted(file.name for file in tmp_path.iterdir())
    words = (("medium", 1), ("strong", 0), ("subtle", 2))
    assert names == [f"{w}_start{k}_beta{b}.gif" for w, k in words for b in ("0.80", "0.85", "0.90", "0.95")]


@pytest.mark.parametrize("kind", ["gif", "mp4", "webp"])
def test_animate_formats(tiny_folder, tmp_path, kind):
    once = ["--start-scale", 1, "--beta", 0.9, "--frames", 4, "--format", kind, "--loop"]
    assert run("animate", tiny_folder, "--out", tmp_path, *once) == 0
    assert [file.name for file in tmp_path.iterdir()] == [f"medium_start1_beta0.90.{kind}"]


@pytest.mark.parametrize("command", ["train", "sample", "retarget", "animate", "push"])
def test_help_shows_units_and_defaults(command, capsys):
    assert run(command, "--help") == 0
    text = capsys.readouterr().out
    assert command == "push" or ("default" in text and ("px" in text or "to 1000" in text or "0 to 1" in text))


def test_interrupted_training_keeps_the_finished_scales(picture_file, tmp_path):
    """Ctrl-C in the middle: the folder samples, and --resume ends the training."""
    out = tmp_path / "run"
    command = [sys.executable, "-m", "singan", "train", str(picture_file), "--preset", "fast", "--scales", "3",
               "--iterations", "150", "--out", str(out)]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    deadline = time.monotonic() + 120
    while not (out / "model.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "of 3 scales are finished" in said and "--resume" in said
    assert run("sample", out, "--out", tmp_path / "samples", "--count", 2) == 0
    assert len(list((tmp_path / "samples").iterdir())) == 2
    assert run(*command[3:], "--resume") == 0
