import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest
import torch
from PIL import Image

from dcgan import FacePipeline
from dcgan.__main__ import main
from dcgan.config import PRESETS, ModelConfig
from dcgan.data import to_pil
from dcgan.model import new_generator
from dcgan.recipe import Recipe, load_recipes

ROOT = Path(__file__).parents[2]


def run(*arguments) -> int:
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stop:  # argparse
        return int(stop.code or 0)


@pytest.fixture
def data(tiny_images, tmp_path) -> Path:
    """A folder of 64 pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i, picture in enumerate(to_pil(tiny_images.float() / 127.5 - 1)):
        picture.save(folder / f"{i:02}.png")
    return folder


@pytest.fixture
def small(monkeypatch, tiny_train_config):
    """The preset `standard` with small networks."""
    monkeypatch.setitem(PRESETS, "standard", tiny_train_config)


def test_prepare_skips_and_names_what_it_cannot_read(data, tmp_path, capsys):
    (data / "broken.jpg").write_bytes(b"nothing")
    assert run("prepare", data, "--out", tmp_path / "set" / "faces.zip") == 0
    captured = capsys.readouterr()
    assert "64 pictures of 64x64 px" in captured.out and "skipped broken.jpg" in captured.err
    with zipfile.ZipFile(tmp_path / "set" / "faces.zip") as archive:
        assert len(archive.namelist()) == 64
    assert (tmp_path / "set" / "preview.png").exists()


def test_train_writes_model_log_plot_and_sheets(small, data, tmp_path, capsys):
    out = tmp_path / "run"
    assert run("train", data, "--out", out, "--device", "cpu") == 0
    assert {path.name for path in out.iterdir()} == {
        "config.json", "model.safetensors", "README.md", "training.safetensors", "log.csv", "log.png", "sheets",
    }  # fmt: skip
    assert [path.name for path in sorted((out / "sheets").iterdir())] == ["0000004.png", "0000008.png"]
    with Image.open(out / "sheets" / "0000008.png") as sheet:
        assert sheet.size == (256, 256)
    lines = (out / "log.csv").read_text().splitlines()
    assert lines[0].startswith("iteration,images,seconds") and lines[-1].startswith("8,64,")
    assert "mode collapse" in capsys.readouterr().out  # eight iterations give grey faces
    assert FacePipeline.from_pretrained(out).train_config == PRESETS["standard"]

    assert run("train", data, "--out", out, "--device", "cpu") == 2
    assert "--resume goes on with it" in capsys.readouterr().err
    assert run("train", data, "--out", out, "--iterations", 12, "--resume", "--device", "cpu") == 0
    rows = (out / "log.csv").read_text().splitlines()[1:]
    iterations = [int(row.split(",")[0]) for row in rows]
    assert iterations == sorted(set(iterations)) and iterations[-1] == 12
    seconds = [float(row.split(",")[2]) for row in rows]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "none", "--out", "o"], "none does not exist"),
        (["train", "{data}", "--out", "o", "--batch", "100"], "batch is 100; the set holds only 64"),
        (["train", "{data}", "--out", "o", "--iterations", "0"], "iterations is 0; allowed are 1 to"),
        (["train", "{data}", "--out", "o", "--preset", "best"], "invalid choice: 'best'"),
        (["train", "{data}", "--out", "o", "--device", "abacus"], "device is 'abacus'"),
        (["prepare", "none", "--out", "o.zip"], "none does not exist"),
        (["prepare", "{data}", "--out", "o.tar"], "a file that ends in .zip"),
        (["sample", "none", "--out", "o"], "none is neither a folder nor a repository"),
        (["sample", "{model}", "--out", "o", "--count", "0"], "count is 0"),
        (["sample", "{model}", "--out", "o", "--truncation", "3"], "truncation is 3.0"),
        (["morph", "{model}", "--seeds", "1", "--out", "o.mp4"], "seeds are '1'; at least two"),
        (["morph", "{model}", "--seeds", "1,b", "--out", "o.mp4"], "seeds are '1,b'; whole numbers"),
        (["morph", "{model}", "--seeds", "1,2", "--out", "o.avi"], "a file that ends in .mp4 or .gif is needed"),
        (["morph", "{model}", "--seeds", "1,2", "--out", "o.gif", "--frames", "1"], "frames is 1"),
        (["morph", "{model}", "--seeds", "1,2", "--out", "o.gif", "--fps", "0"], "fps is 0"),
        (["import", "none", "--out", "o"], "none does not exist"),
        (["import", "none", "--out", "{model}"], "exists already"),
        (["directions", "{model}", "{data}", "none"], "none cannot be read"),
        (["directions", "user/repo", "{data}", "none"], "user/repo is no folder"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    small, data, tiny_faces_folder, tmp_path, monkeypatch, capsys, arguments, message
):
    monkeypatch.chdir(tmp_path)
    assert run(*(a.format(data=data, model=tiny_faces_folder) for a in arguments)) == 2
    error = capsys.readouterr().err
    assert message in error and error.strip().count("\n") == 0
    assert not list(tmp_path.glob("o*"))


def test_sample_writes_faces_that_know_their_recipes(tiny_faces_folder, tmp_path):
    for out, count in (("few", 3), ("many", 70)):
        command = [
            "sample",
            tiny_faces_folder,
            "--out",
            tmp_path / out,
            "--count",
            count,
            "--seed",
            7,
            "--truncation",
            0.9,
        ]
        assert run(*command) == 0
        assert len(list((tmp_path / out).iterdir())) == count
    name = "seed7_00002.png"
    recipes, model = load_recipes(tmp_path / "few" / name)
    assert recipes == [Recipe(7, 2, 0.9)]
    faces = FacePipeline.from_pretrained(tiny_faces_folder)
    assert model == {"name": "tiny", "fingerprint": faces.fingerprint, "latent_dim": 8}
    few, many = (np.asarray(Image.open(tmp_path / out / name)).astype(int) for out in ("few", "many"))
    assert np.abs(few - many).max() <= 1
    again = np.asarray(faces.generate_recipes(recipes)[0]).astype(int)
    assert np.abs(again - few).max() <= 1


@pytest.mark.parametrize("kind", ["mp4", "gif"])
def test_morph_writes_an_animation(tiny_faces_folder, tmp_path, kind):
    out = tmp_path / "made" / f"morph.{kind}"
    assert run("morph", tiny_faces_folder, "--seeds", "1,2,3", "--out", out, "--frames", 12, "--loop") == 0
    frames = imageio.mimread(out)
    assert len(frames) == 12 and frames[0].shape[:2] == (256, 256)


def test_import_makes_a_model_that_samples(tmp_path, capsys):
    torch.save(new_generator(ModelConfig(latent_dim=12, width=4)).state_dict(), tmp_path / "netG.pth")
    assert run("import", tmp_path / "netG.pth", "--out", tmp_path / "model") == 0
    assert "latent dimension 12 and width 4" in capsys.readouterr().out
    assert run("sample", tmp_path / "model", "--out", tmp_path / "o", "--count", 2) == 0
    assert len(list((tmp_path / "o").iterdir())) == 2


def test_interrupted_training_keeps_its_checkpoint_and_goes_on(data, tmp_path):
    out = tmp_path / "run"
    code = (
        "import sys\nfrom dataclasses import replace\nfrom dcgan.config import PRESETS\n"
        "from dcgan.__main__ import main\n"
        "model = replace(PRESETS['standard'].model, latent_dim=8, width=4, discriminator_width=4)\n"
        "PRESETS['standard'] = replace(PRESETS['standard'], model=model, batch=8, snapshot_every=5, iterations=10**6)\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "train", data, "--out", out, "--device", "cpu"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ}
    )
    while not (out / "sheets" / "0000010.png").exists():
        assert process.poll() is None
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "--resume goes on" in stdout
    assert not [path for path in out.rglob(".*")]
    kept = int(stdout.split("stopped: ")[1].split()[0])
    command = [sys.executable, "-c", code.replace("10**6", str(kept + 5)), *command[3:], "--resume"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert json.loads((out / "config.json").read_text())["train"]["iterations"] == kept + 5


def test_torchrun_trains_one_model(data, tmp_path):
    code = ROOT / "tests" / "dcgan" / "two_trainings.py"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", code, data,
               tmp_path / "run"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        list(map(str, command)), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("trained in") == 1  # one of them reports
    assert (tmp_path / "run" / "log.csv").read_text().splitlines()[-1].startswith("8,64,")
    assert len(FacePipeline.from_pretrained(tmp_path / "run").generate(torch.zeros(1, 8))) == 1
