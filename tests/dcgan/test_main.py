import csv
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest import mock

import imageio.v2 as imageio
import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from darkroom.files import locked
from dcgan import FacePipeline
from dcgan import __main__ as command_line
from dcgan.__main__ import main
from dcgan.checkpoint import load_checkpoint
from dcgan.config import PRESETS, ModelConfig
from dcgan.data import to_pil
from dcgan.model import new_generator
from dcgan.quality import Examiner
from dcgan.recipe import Recipe, load_recipes
from dcgan.trainer import Trainer
from tests.commands import contents, exit_code, one_line, signalling
from tests.disks import leftovers, nearly_full

ROOT = Path(__file__).parents[2]
run = partial(exit_code, main)


@pytest.fixture(scope="session")
def faces_set(tiny_images, tmp_path_factory) -> Path:
    """A folder of 64 pictures, to be read only."""
    folder = tmp_path_factory.mktemp("set") / "pictures"
    folder.mkdir()
    for i, picture in enumerate(to_pil(tiny_images.float() / 127.5 - 1)):
        picture.save(folder / f"{i:02}.png")
    return folder


@pytest.fixture
def data(faces_set, tmp_path) -> Path:
    """A folder of 64 pictures, to be changed."""
    return Path(shutil.copytree(faces_set, tmp_path / "pictures"))


@pytest.fixture
def small(monkeypatch, tiny_train_config):
    """The preset `standard` with small networks."""
    monkeypatch.setitem(PRESETS, "standard", tiny_train_config)


def test_prepare_skips_and_names_what_it_cannot_read(data, tmp_path, capsys):
    (data / "broken.jpg").write_bytes(b"nothing")
    for i in range(7):
        (data / f"notes{i}.txt").write_text("no picture")
    assert run("prepare", data, "--out", tmp_path / "set" / "faces.zip") == 0
    captured = capsys.readouterr()
    assert "64 pictures of 64x64 px" in captured.out and "skipped broken.jpg: it is not a picture in a" in captured.err
    names = ", ".join(f"notes{i}.txt" for i in range(5))
    assert captured.err.endswith(f"left out 7 files that are no pictures: {names}, ...\n")
    with zipfile.ZipFile(tmp_path / "set" / "faces.zip") as archive:
        assert len(archive.namelist()) == 64
    assert {path.name for path in (tmp_path / "set").iterdir()} == {"faces.zip", "faces.preview.png"}


def test_train_writes_model_log_plot_and_sheets(small, faces_set, tmp_path, capsys):
    out = tmp_path / "run"
    assert run("train", faces_set, "--out", out, "--device", "cpu") == 0
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

    assert run("train", faces_set, "--out", out, "--device", "cpu") == 2
    assert "--resume goes on with it" in capsys.readouterr().err
    assert run("train", faces_set, "--out", out, "--iterations", 12, "--resume", "--device", "cpu") == 0
    rows = (out / "log.csv").read_text().splitlines()[1:]
    iterations = [int(row.split(",")[0]) for row in rows]
    assert iterations == sorted(set(iterations)) and iterations[-1] == 12
    seconds = [float(row.split(",")[2]) for row in rows]
    assert seconds == sorted(seconds)


@pytest.mark.filterwarnings("error::UserWarning")
def test_the_game_is_chosen_and_a_set_that_is_too_small_has_no_quality_figure(
    tiny_train_config, faces_set, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(PRESETS, "standard", replace(tiny_train_config, quality_images=65))
    train = ["train", faces_set, "--out", tmp_path / "run", "--device", "cpu"]
    game = ["--loss", "hinge", "--optimiser", "rmsprop", "--extragradient", "--augmentation", "differentiable"]
    assert run(*train, *game) == 0
    config = FacePipeline.from_pretrained(tmp_path / "run").train_config
    assert (config.loss, config.optimizer, config.augmentation) == ("hinge", "rmsprop", "differentiable")
    assert config.extragradient and config.batch == PRESETS["standard"].batch
    assert (tmp_path / "run" / "log.png").stat().st_size and "quality" not in capsys.readouterr().out
    with (tmp_path / "run" / "log.csv").open() as file:
        *_, last = csv.DictReader(file)
    assert last["iteration"] == "8" and last["quality"] == "" and float(last["spread"]) >= 0
    assert run(*train, "--iterations", 12, "--resume") == 2
    said = "loss is 'relativistic'; the checkpoint was trained with other settings: 'hinge'"
    assert said in capsys.readouterr().err
    assert run(*train, "--iterations", 9, "--resume", *game[:2], "--optimizer", *game[3:]) == 0


BAD_INPUT = (
    ("train none --out o", "none does not exist"),
    ("train {data} --out o --batch 100", "batch is 100; the set holds only 64"),
    ("train {data} --out o --preset best", "invalid choice: 'best'"),
    ("train {data} --out o --loss mse", "invalid choice: 'mse' (choose from 'minimax', 'non-"),
    ("train {data} --out o --device abacus", "device is 'abacus'"),
    ("train {data} --out o --iterations=1e999", "argument --iterations: invalid int value"),
    ("train {data} --out {data}", "pictures is not empty and holds no training; choose another folder"),
    ("train {data} --out {table}", "table is not empty and holds no training; choose another folder"),
    ("train {data} --out {sheet}", "sheet is not empty and holds no training; choose another folder"),
    ("train {data} --out {data}/00.png", "00.png is a file; --out takes a folder"),
    ("train {data} --out {scene}", "holds a scene of singan; choose another folder"),
    ("train https://host/faces.zip --out o", "https://host/faces.zip is an address; download it first"),
    ("prepare {data} --out o.tar", "a file that ends in .zip"),
    ("prepare {data} --out {data}/00.png/a.zip", "00.png is a file; --out takes a folder"),
    ("sample none --out o", "none is neither a folder nor a repository"),
    ("sample {scene} --out o", "is a scene of singan; a face model of dcgan is needed"),
    ("sample {model} --out o --count 0", "count is 0"),
    ("sample {model} --out o --truncation=nan", "truncation is nan"),
    ("sample {model} --out o --best-of 65", "best_of is 65; allowed are 1 to 64"),
    ("sample {model} --out o --size 63", "size is 63"),
    ("sample {model} --out s3://host/o", "s3://host/o is an address; a file or folder"),
    ("sample https://huggingface.co/a/b --out o", "is an address; USER/REPO is enough"),
    ("morph {model} --seeds 1 --out o.mp4", "seeds are '1'; at least two"),
    ("morph {model} --seeds 1,b --out o.mp4", "seeds are '1,b'; whole numbers"),
    ("morph {model} --seeds 1,2 --out o.avi", "a file that ends in .mp4 or .gif is needed"),
    ("morph {model} --seeds 1,2 --out o.gif --frames 1", "frames is 1"),
    ("morph {model} --seeds 1,2 --out o.gif --fps=--", "argument --fps=--: a value is needed"),
    ("morph {model} --seeds 1,2 --out {table}/log.csv/a.gif", "log.csv is a file; --out takes"),
    ("morph {model} --seeds 1,2 --out {sheet}/sheets/taken.gif", "taken.gif exists already; choose another name"),
    ("import none --out o", "none does not exist"),
    ("import none --out {model}", "exists already"),
)


def test_bad_input_is_one_line_and_leaves_nothing(
    small, faces_set, tiny_faces_folder, tiny_folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    names = {"data": faces_set, "model": tiny_faces_folder, "scene": tiny_folder}
    for folder, file in (("table", "log.csv"), ("sheet", "sheets/taken.gif")):  # called as a training's
        names[folder] = tmp_path / folder
        (tmp_path / folder / file).parent.mkdir(parents=True)
        (tmp_path / folder / file).write_text("mine")
    before = {name: contents(folder) for name, folder in names.items()}
    for line, message in BAD_INPUT:
        assert run(*(part.format(**names) for part in line.split())) == 2, line
        assert message in one_line(capsys), line
    assert {name: contents(folder) for name, folder in names.items()} == before
    assert not list(tmp_path.glob("o*"))


def test_sample_writes_faces_that_know_their_recipes(tiny_faces_folder, tmp_path):
    for out, count in (("few", 3), ("many", 5)):
        command = ["sample", tiny_faces_folder, "--out", tmp_path / out, "--count", count, "--seed", 7]
        command += ["--truncation", 0.9]
        assert run(*command) == 0
        assert len(list((tmp_path / out).iterdir())) == count
    name = "seed7_00002.png"
    recipes, model = load_recipes(tmp_path / "few" / name)
    assert recipes == [Recipe(7, 2, variety=0.9)]
    assert run("sample", tiny_faces_folder, "--out", tmp_path / "large", "--count", 1, "--size", 200) == 0
    large = tmp_path / "large" / "seed0_00000.png"
    assert Image.open(large).size == (200, 200) and load_recipes(large) == ([Recipe(0)], model)
    faces = FacePipeline.from_pretrained(tiny_faces_folder)
    assert model == {"name": "tiny", "fingerprint": faces.fingerprint, "latent_dim": 8}
    few, many = (np.asarray(Image.open(tmp_path / out / name)).astype(int) for out in ("few", "many"))
    assert np.abs(few - many).max() <= 1
    again = np.asarray(faces.generate_recipes(recipes)[0]).astype(int)
    assert np.abs(again - few).max() <= 1
    assert run("sample", tiny_faces_folder, "--out", tmp_path / "best", "--count", 3, "--best-of", 4) == 0
    chosen = [Recipe(0, index) for index in faces.choose(3, best_of=4)]
    written = [load_recipes(path)[0] for path in sorted((tmp_path / "best").iterdir())]
    assert written == [[recipe] for recipe in chosen]


def test_morph_writes_an_animation_and_says_what_a_gif_cannot_play(tiny_faces_folder, tmp_path, capsys):
    slower = "morph: a GIF plays at most 50 frames a second: this one plays at 50, not at 60\n"
    for kind, said in (("mp4", ""), ("Gif", slower)):
        out = tmp_path / "made" / f"morph.{kind}"
        once = ["--seeds", "1,2,3", "--out", out, "--frames", 12, "--fps", 60, "--loop"]
        assert run("morph", tiny_faces_folder, *once) == 0 and capsys.readouterr().err == said
        frames = imageio.mimread(out)
        assert len(frames) == 12 and frames[0].shape[:2] == (256, 256)


def test_import_makes_a_model_that_samples(tmp_path, capsys):
    torch.save(new_generator(ModelConfig(latent_dim=12, width=4)).state_dict(), tmp_path / "netG.pth")
    assert run("import", tmp_path / "netG.pth", "--out", tmp_path / "model") == 0
    assert "latent dimension 12 and width 4" in capsys.readouterr().out
    assert run("sample", tmp_path / "model", "--out", tmp_path / "o", "--count", 2) == 0
    assert len(list((tmp_path / "o").iterdir())) == 2


@pytest.mark.soak
def test_torchrun_trains_one_model(torchrun, faces_set, tmp_path):
    assert torchrun("two_trainings.py", faces_set, tmp_path / "run").count("trained in") == 1  # one of them reports
    assert (tmp_path / "run" / "log.csv").read_text().splitlines()[-1].startswith("8,64,")
    assert len(FacePipeline.from_pretrained(tmp_path / "run").generate(torch.zeros(1, 8))) == 1


# -- folders that are taken -------------------------------------------------------------------------------------------


def test_a_folder_that_is_being_written_is_refused_and_keeps_what_it_holds(small, faces_set, tmp_path, capsys):
    out = tmp_path / "run"
    for command, source in (("train", faces_set), ("import", "a")):
        with locked(out):
            before = contents(out)
            assert run(command, source, "--out", out) == 2
            assert "another process is writing into" in one_line(capsys)
            assert contents(out) == before
        assert not out.exists()


@pytest.mark.soak
def test_two_trainings_at_once_lose_nothing(faces_set, tmp_path):
    """The second ends with one line; the first goes on."""
    command = [sys.executable, "-m", "tests.dcgan.two_trainings", str(faces_set), str(tmp_path / "run")]
    processes = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = {process.communicate(timeout=120)[1]: process.returncode for process in processes}
    assert sorted(errors.values()) == [0, 2], errors
    (said,) = (error for error, code in errors.items() if code == 2)
    assert said.count("\n") == 1 and ("another process is writing" in said or "--resume goes on" in said)
    assert FacePipeline.from_pretrained(tmp_path / "run").train_config.iterations == 8


def test_prepare_replaces_only_what_it_made(data, tmp_path, capsys):
    out = data / "faces.zip"
    for name in ("faces.zip", "faces.preview.png"):
        (data / name).write_bytes(b"mine")
        assert run("prepare", data, "--out", out) == 2
        assert f"{name} is there already and is no set that prepare made" in one_line(capsys)
        assert (data / name).read_bytes() == b"mine"
        (data / name).unlink()
    for _ in range(2):  # the second time beside what the first has made
        assert run("prepare", data, "--out", out) == 0
        captured = capsys.readouterr()
        assert "64 pictures of 64x64 px" in captured.out and not captured.err
    assert run("prepare", out, "--out", out) == 2 and "which is to be read" in one_line(capsys)
    assert run("prepare", data, "--out", data / "FACES.ZIP") == 0 and not leftovers(data)


def test_a_training_that_ended_before_its_first_checkpoint_is_begun_anew(small, faces_set, tmp_path, capsys):
    out = tmp_path / "run"
    refused = PermissionError(13, "Permission denied", "training.safetensors")
    with mock.patch.object(command_line, "save_checkpoint", side_effect=refused):
        assert run("train", faces_set, "--out", out, "--device", "cpu") == 2
    assert {path.name for path in out.iterdir()} == {"log.csv", "log.png", "sheets"}
    (out / ".0123abcd.training.safetensors").write_bytes(b"half")
    assert run("train", faces_set, "--out", out, "--device", "cpu") == 0
    assert not leftovers(out) and load_checkpoint(out).iteration == 8


# -- stopped, or on a full disk ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owner", "function", "call", "kept"),
    [
        (Trainer, "iterate", 6, 6),
        (Examiner, "draw", 2, 4),  # while quality is measured
        pytest.param(Examiner, "draw", 7, 8, marks=pytest.mark.soak),
        pytest.param(command_line, "save_checkpoint", 1, 5, marks=pytest.mark.soak),
    ],
)
def test_a_stopped_training_keeps_its_iterations_and_goes_on_as_if_nothing_was(
    owner, function, call, kept, small, faces_set, tiny_faces_folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sys.modules["dcgan.train"], "RECORD_SECONDS", 0.0)
    out = tmp_path / "run"
    train = ["train", faces_set, "--out", out, "--device", "cpu"]
    stopping = signalling(getattr(owner, function), call)
    with mock.patch.object(owner, function, autospec=True, side_effect=stopping) as stopped:
        assert run(*train) == 143
    assert stopped.call_count <= call + 1 and not leftovers(out)
    captured = capsys.readouterr()
    assert f"stopped: {kept} iterations are kept in" in captured.out and "stopped" not in captured.err
    assert load_checkpoint(out).iteration == kept
    assert run(*train) == 2 and "--resume goes on with it" in capsys.readouterr().err
    assert run(*train, "--resume") == 0 and not leftovers(out)
    for name in ("model.safetensors", "training.safetensors"):
        one, other = (safetensors.torch.load_file(folder / name) for folder in (tiny_faces_folder, out))
        assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
    iterations = [int(row.split(",")[0]) for row in (out / "log.csv").read_text().splitlines()[1:]]
    assert iterations == sorted(set(iterations)) and iterations[-1] == 8


@pytest.fixture
def commands(faces_set, tiny_faces_folder, tmp_path):
    """Each command with what it needs; --out is still to come."""
    torch.save(new_generator(ModelConfig(latent_dim=12, width=4)).state_dict(), tmp_path / "netG.pth")
    return {
        "sample": [tiny_faces_folder], "morph": [tiny_faces_folder, "--seeds", "1,2", "--frames", 4],
        "prepare": [faces_set], "import": [tmp_path / "netG.pth"], "train": [faces_set, "--device", "cpu"],
    }  # fmt: skip


FILES = {"morph": "a.gif", "prepare": "a.zip"}  # within --out; the other commands take a folder


def test_sigterm_leaves_whole_files(commands, tmp_path, monkeypatch, capsys):
    for command, written in (("sample", 3), ("morph", 0), ("prepare", 0), ("import", 0)):
        out = tmp_path / command
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", signalling(os.replace, written + 1))
            assert run(command, *commands[command], "--out", out / FILES.get(command, "")) == 143
        assert one_line(capsys) == f"{command}: stopped; the files written so far are whole\n"
        found = sorted(path.name for path in out.iterdir()) if out.exists() else []
        assert found == [f"seed0_{i:05}.png" for i in range(written)]


@pytest.mark.soak
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(small, commands, tmp_path, capsys):
    free = {"sample": 40, "morph": 8, "prepare": 12, "import": 20, "train": 100}  # kB; less than each needs
    for number, (command, kilobytes) in enumerate([*free.items(), ("sample", 0), ("train", 0)]):
        with nearly_full(tmp_path / f"disk{number}", kilobytes) as disk:
            out = disk / "new" / "o"
            arguments = [command, *commands[command], "--out", out / FILES.get(command, "")]
            assert run(*arguments) == 2
            said = capsys.readouterr().err.split("\n")[-2]  # behind a bar
            assert said == f"{command}: the disk is full: nothing half-written was left; free some space and try again"
            assert not leftovers(disk)
            if command == "sample" and kilobytes:
                found = list(out.iterdir())
                assert found and all(load_recipes(path)[0] for path in found)
            elif command == "train" and kilobytes:
                assert {path.name for path in out.iterdir()} <= {"log.csv", "log.png", "sheets"}
            else:
                assert not (disk / "new").exists()
            (disk / "taken").unlink()
            assert run(*arguments) == 0
