import csv
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file

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
from tests.disks import leftovers, nearly_full

ROOT = Path(__file__).parents[2]


def one_line(capsys) -> str:
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1, captured.err
    return captured.err


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(*arguments) -> int:
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stop:  # argparse
        return int(stop.code or 0)


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


def test_the_game_and_its_optimisers_are_chosen(small, faces_set, tmp_path, capsys):
    train = ["train", faces_set, "--out", tmp_path / "run", "--device", "cpu"]
    game = ["--loss", "hinge", "--optimiser", "rmsprop", "--extragradient", "--augmentation", "differentiable"]
    assert run(*train, *game) == 0
    config = FacePipeline.from_pretrained(tmp_path / "run").train_config
    assert (config.loss, config.optimizer, config.augmentation) == ("hinge", "rmsprop", "differentiable")
    assert config.extragradient and config.batch == PRESETS["standard"].batch
    capsys.readouterr()
    assert run(*train, "--iterations", 12, "--resume") == 2
    said = "loss is 'relativistic'; the checkpoint was trained with other settings: 'hinge'"
    assert said in capsys.readouterr().err
    assert run(*train, "--iterations", 9, "--resume", *game[:2], "--optimizer", *game[3:]) == 0


def test_help_says_each_default_once(capsys):
    for command in ("prepare", "train", "sample", "morph", "import", "push"):
        assert run(command, "--help") == 0
        options = re.split(r"\n  (?=-)", capsys.readouterr().out)
        assert all(option.count("default") <= 1 for option in options), command


@pytest.mark.filterwarnings("error::UserWarning")
def test_a_short_training_has_a_plot_and_no_quality_figure(small, faces_set, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(PRESETS, "standard", replace(PRESETS["standard"], quality_images=65))
    assert run("train", faces_set, "--out", tmp_path / "run", "--device", "cpu") == 0
    assert (tmp_path / "run" / "log.png").stat().st_size and "quality" not in capsys.readouterr().out
    with (tmp_path / "run" / "log.csv").open() as file:
        last = list(csv.DictReader(file))[-1]
    assert last["iteration"] == "8" and last["quality"] == "" and float(last["spread"]) >= 0


BAD_INPUT = (
    (["train", "none", "--out", "o"], "none does not exist"),
    (["train", "{data}", "--out", "o", "--batch", "100"], "batch is 100; the set holds only 64"),
    (["train", "{data}", "--out", "o", "--iterations", "0"], "iterations is 0; allowed are 1 to"),
    (["train", "{data}", "--out", "o", "--preset", "best"], "invalid choice: 'best'"),
    (["train", "{data}", "--out", "o", "--loss", "mse"], "invalid choice: 'mse' (choose from 'minimax', 'non-"),
    (["train", "{data}", "--out", "o", "--device", "abacus"], "device is 'abacus'"),
    (["train", "{data}", "--out", "o", "--iterations=1e999"], "argument --iterations: invalid int value"),
    (["sample", "{model}", "--out", "o", "--truncation=nan"], "truncation is nan"),
    (["morph", "{model}", "--seeds", "1,2", "--out", "o.gif", "--fps=--"], "argument --fps=--: a value is needed"),
    (["prepare", "none", "--out", "o.zip"], "none does not exist"),
    (["prepare", "{data}", "--out", "o.tar"], "a file that ends in .zip"),
    (["sample", "none", "--out", "o"], "none is neither a folder nor a repository"),
    (["sample", "{model}", "--out", "o", "--count", "0"], "count is 0"),
    (["sample", "{model}", "--out", "o", "--truncation", "3"], "truncation is 3;"),
    (["sample", "{model}", "--out", "{model}/config.json"], "config.json is a file; --out takes a folder"),
    (["morph", "{model}", "--seeds", "1", "--out", "o.mp4"], "seeds are '1'; at least two"),
    (["morph", "{model}", "--seeds", "1,b", "--out", "o.mp4"], "seeds are '1,b'; whole numbers"),
    (["morph", "{model}", "--seeds", "1,2", "--out", "o.avi"], "a file that ends in .mp4 or .gif is needed"),
    (["morph", "{model}", "--seeds", "1,2", "--out", "o.gif", "--frames", "1"], "frames is 1"),
    (["morph", "{model}", "--seeds", "1,2", "--out", "o.gif", "--fps", "0"], "fps is 0"),
    (["import", "none", "--out", "o"], "none does not exist"),
    (["import", "none", "--out", "{model}"], "exists already"),
    (["train", "https://host/faces.zip", "--out", "o"], "https://host/faces.zip is an address; download it first"),
    (["sample", "{model}", "--out", "s3://host/o"], "s3://host/o is an address; a file or folder"),
    (["sample", "https://huggingface.co/a/b", "--out", "o"], "is an address; USER/REPO is enough"),
    (["sample", "{model}", "--out", ""], "argument --out: the name is empty"),
    (["train", "", "--out", "o"], "argument DATA: the name is empty"),
    (["train", "{data}", "--out", "{data}"], "pictures is not empty and holds no training; choose another folder"),
    (["train", "{data}", "--out", "{data}/00.png"], "00.png is a file; --out takes a folder"),
    (["import", "none", "--out", "{data}/00.png"], "00.png is a file; --out takes a folder"),
    (["prepare", "{data}", "--out", "{data}/00.png/a.zip"], "00.png is a file; --out takes a folder"),
    (["morph", "{model}", "--seeds", "1,2", "--out", "{data}/00.png/a.mp4"], "00.png is a file; --out takes"),
    (["morph", "{model}", "--seeds", "1,2", "--out", "{gif}"], "taken.gif exists already; choose another name"),
    (["sample", "{scene}", "--out", "o"], "is a scene of singan; a face model of dcgan is needed"),
    (["train", "{data}", "--out", "{scene}"], "holds a scene of singan; choose another folder"),
)


def test_bad_input_is_one_line_and_leaves_nothing(
    small, faces_set, tiny_faces_folder, tiny_folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.gif").write_text("mine")
    names = {"data": faces_set, "model": tiny_faces_folder, "scene": tiny_folder, "gif": tmp_path / "taken.gif"}
    before = contents(tiny_folder)
    for arguments, message in BAD_INPUT:
        assert run(*(a.format(**names) for a in arguments)) == 2, arguments
        assert message in one_line(capsys), arguments
    assert contents(tiny_folder) == before
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
    assert run("sample", tiny_faces_folder, "--out", tmp_path / "x", "--size", 63) == 2
    faces = FacePipeline.from_pretrained(tiny_faces_folder)
    assert model == {"name": "tiny", "fingerprint": faces.fingerprint, "latent_dim": 8}
    few, many = (np.asarray(Image.open(tmp_path / out / name)).astype(int) for out in ("few", "many"))
    assert np.abs(few - many).max() <= 1
    again = np.asarray(faces.generate_recipes(recipes)[0]).astype(int)
    assert np.abs(again - few).max() <= 1


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


def interruptible(iterations: int) -> list[str]:
    """The command that trains small networks in a process of its own; the set and --out are still to come."""
    code = (
        "import sys\nfrom dataclasses import replace\nfrom dcgan.config import PRESETS\n"
        "from dcgan.__main__ import main\n"
        "model = replace(PRESETS['standard'].model, latent_dim=8, width=4, discriminator_width=4)\n"
        "PRESETS['standard'] = replace(PRESETS['standard'], model=model, batch=8, snapshot_every=10**6, "
        f"iterations={iterations})\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    return [sys.executable, "-c", code, "train", "--device", "cpu"]


@pytest.mark.soak
def test_torchrun_trains_one_model(faces_set, tmp_path):
    code = ROOT / "tests" / "dcgan" / "two_trainings.py"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", code, faces_set,
               tmp_path / "run"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        list(map(str, command)), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("trained in") == 1  # one of them reports
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
    command = [*interruptible(8), faces_set, "--out", tmp_path / "run"]
    processes = [
        subprocess.Popen(list(map(str, command)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ends = sorted((process.communicate(timeout=120), process.returncode) for process in processes)
    codes = sorted(code for _, code in ends)
    assert codes == [0, 2], ends
    said = next(err for (_, err), code in ends if code == 2)
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


def test_train_leaves_other_files_alone(small, faces_set, tmp_path, capsys):
    for number, name in enumerate(("log.csv", "notes.txt", "sheets/mine.png", "log.png")):
        out = tmp_path / f"run{number}"
        (out / name).parent.mkdir(parents=True)
        (out / name).write_text("mine")
        assert run("train", faces_set, "--out", out, "--device", "cpu") == 2
        assert f"run{number} is not empty and holds no training; choose another folder" in one_line(capsys)
        assert contents(out) == {out / name: b"mine"}


def test_a_training_that_ended_before_its_first_checkpoint_is_begun_anew(
    tiny_train_config, faces_set, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "run"
    monkeypatch.setitem(PRESETS, "standard", tiny_train_config)
    monkeypatch.setattr(command_line, "save_checkpoint", refuse)
    assert run("train", faces_set, "--out", out, "--device", "cpu") == 2
    assert {path.name for path in out.iterdir()} == {"log.csv", "log.png", "sheets"}
    monkeypatch.undo()
    (out / ".0123abcd.training.safetensors").write_bytes(b"half")
    monkeypatch.setitem(PRESETS, "standard", tiny_train_config)
    assert run("train", faces_set, "--out", out, "--device", "cpu") == 0
    assert not leftovers(out) and load_checkpoint(out).iteration == 8


def refuse(*_):
    raise PermissionError(13, "Permission denied", "training.safetensors")


def test_a_state_of_other_networks_is_refused(small, faces_set, tiny_faces_folder, tmp_path, capsys):
    out = Path(shutil.copytree(tiny_faces_folder, tmp_path / "run"))
    with safe_open(out / "training.safetensors", "pt") as file:
        meta, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for change in (
        {"ema/main.0.weight": torch.zeros(3)}, {"generator_optimizer/0/exp_avg": torch.zeros(3)},
        {"generator_optimizer/99/exp_avg": torch.zeros(3)}, {"discriminator_optimizer/0": torch.zeros(3)},
    ):  # fmt: skip
        save_file({**tensors, **change}, out / "training.safetensors", meta)
        assert run("train", faces_set, "--out", out, "--resume", "--iterations", 12, "--device", "cpu") == 2
        assert re.search("the training to go on with is damaged|training.safetensors is damaged: ", one_line(capsys))


# -- signals ----------------------------------------------------------------------------------------------------------


def sends(number, function):
    """The function, which first sends this process a signal."""

    def called(*arguments, **options):
        os.kill(os.getpid(), number)
        return function(*arguments, **options)

    return called


def at_iteration(wanted, number, monkeypatch):
    """Sends this process a signal in the middle of an iteration."""
    iterate = Trainer.iterate

    def iterated(self, iteration):
        if iteration == wanted:
            os.kill(os.getpid(), number)
        iterate(self, iteration)

    monkeypatch.setattr(Trainer, "iterate", iterated)
    monkeypatch.setattr(sys.modules["dcgan.train"], "RECORD_SECONDS", 0.0)


def test_a_signal_keeps_the_iteration_that_it_came_in(
    small, faces_set, tiny_faces_folder, tmp_path, monkeypatch, capsys
):
    whole, out = tiny_faces_folder, tmp_path / "run"
    with monkeypatch.context() as patch:
        at_iteration(5, signal.SIGTERM, patch)
        assert run("train", faces_set, "--out", out, "--device", "cpu") == 143
    assert "stopped: 6 iterations are kept in" in capsys.readouterr().out and not leftovers(out)
    assert run("sample", out, "--out", tmp_path / "samples", "--count", 1) == 0
    assert run("train", faces_set, "--out", out, "--device", "cpu", "--resume") == 0
    for name in ("model.safetensors", "training.safetensors"):
        one, other = (safetensors.torch.load_file(folder / name) for folder in (whole, out))
        assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(("call", "kept"), [(1, 4), (6, 8)])
def test_a_signal_while_quality_is_measured_stops_at_once_and_goes_on_with_it(
    call, kept, small, faces_set, tiny_faces_folder, tmp_path, monkeypatch, capsys
):
    whole, out = tiny_faces_folder, tmp_path / "run"
    draw, calls = Examiner.draw, itertools.count()
    monkeypatch.setattr(sys.modules["dcgan.train"], "RECORD_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(Examiner, "draw", lambda *a: (sends(signal.SIGTERM, draw) if next(calls) == call else draw)(*a))
        assert run("train", faces_set, "--out", out, "--device", "cpu") == 143
    captured = capsys.readouterr()
    assert f"stopped: {kept} iterations are kept in" in captured.out and next(calls) == call + 1
    assert run("train", faces_set, "--out", out, "--device", "cpu") == 2  # there is something left to do
    assert run("train", faces_set, "--out", out, "--device", "cpu", "--resume") == 0 and not leftovers(out)
    for name in ("model.safetensors", "training.safetensors", "config.json"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()
    iterations = [int(row.split(",")[0]) for row in (out / "log.csv").read_text().splitlines()[1:]]
    assert iterations == sorted(set(iterations)) and iterations[-1] == 8


def test_a_signal_while_a_checkpoint_is_written_loses_nothing(small, faces_set, tmp_path, monkeypatch, capsys):
    save, calls = command_line.save_checkpoint, itertools.count()
    once = lambda *given: (save if next(calls) else sends(signal.SIGTERM, save))(*given)  # noqa: E731
    monkeypatch.setattr(command_line, "save_checkpoint", once)
    monkeypatch.setattr(sys.modules["dcgan.train"], "RECORD_SECONDS", 0.0)
    out = tmp_path / "run"
    assert run("train", faces_set, "--out", out, "--device", "cpu") == 143
    captured = capsys.readouterr()
    kept = int(captured.out.split("stopped: ")[1].split()[0])
    assert kept == 5 and "stopped" not in captured.err and not leftovers(out)
    assert load_checkpoint(out).iteration == kept


@pytest.mark.parametrize("command", ["sample", "morph", "prepare", "import"])
def test_sigterm_leaves_whole_files(command, faces_set, tiny_faces_folder, tmp_path, monkeypatch, capsys):
    out = tmp_path / "o"
    torch.save(new_generator(ModelConfig(latent_dim=12, width=4)).state_dict(), tmp_path / "netG.pth")
    commands = {
        "sample": [tiny_faces_folder, "--out", out, "--count", 5], "import": [tmp_path / "netG.pth", "--out", out],
        "morph": [tiny_faces_folder, "--seeds", "1,2", "--out", out / "a.mp4", "--frames", 4],
        "prepare": [faces_set, "--out", out / "a.zip"],
    }  # fmt: skip
    real, count = os.replace, iter(range(1000))

    def interrupted(*arguments):
        if next(count) == 3 or command != "sample":
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        real(*arguments)

    monkeypatch.setattr(os, "replace", interrupted)
    assert run(command, *commands[command]) == 143
    assert one_line(capsys) == f"{command}: stopped; the files written so far are whole\n"
    found = sorted(path.name for path in out.iterdir()) if out.exists() else []
    assert found == ([f"seed0_{i:05}.png" for i in range(3)] if command == "sample" else [])


# -- odd machines -----------------------------------------------------------------------------------------------------

FREE = {"sample": 40, "morph": 8, "prepare": 12, "import": 20, "train": 100}  # kB; less than each needs


@pytest.mark.soak
@pytest.mark.parametrize(("command", "free"), [*FREE.items(), ("sample", 0), ("train", 0)])
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(
    command, free, small, faces_set, tiny_faces_folder, tmp_path, capsys
):
    torch.save(new_generator(ModelConfig(latent_dim=12, width=4)).state_dict(), tmp_path / "netG.pth")
    with nearly_full(tmp_path / "disk", free) as disk:
        out = disk / "new" / "o"
        commands = {
            "sample": [tiny_faces_folder, "--out", out], "import": [tmp_path / "netG.pth", "--out", out],
            "morph": [tiny_faces_folder, "--seeds", "1,2", "--out", out / "a.gif", "--frames", 4],
            "prepare": [faces_set, "--out", out / "a.zip"], "train": [faces_set, "--out", out, "--device", "cpu"],
        }  # fmt: skip
        assert run(command, *commands[command]) == 2
        said = capsys.readouterr().err.split("\n")[-2]  # behind a bar
        assert said == f"{command}: the disk is full: nothing half-written was left; free some space and try again"
        assert not leftovers(disk)
        if command == "sample" and free:
            found = list(out.iterdir())
            assert found and all(load_recipes(path)[0] for path in found)
        elif command == "train" and free:
            assert {path.name for path in out.iterdir()} <= {"log.csv", "log.png", "sheets"}
        else:
            assert not (disk / "new").exists()
        (disk / "taken").unlink()
        assert run(command, *commands[command]) == 0


@pytest.mark.soak
def test_an_ascii_locale_changes_nothing(tiny_faces_folder, tmp_path):
    """A card in latin-1, names with accents, and a locale that has none."""
    model, out = tmp_path / "mod\u00e8le", tmp_path / "d\u00e9j\u00e0"
    shutil.copytree(tiny_faces_folder, model)
    (model / "README.md").write_bytes("caf\u00e9".encode("latin-1"))
    command = [sys.executable, "-m", "dcgan", "sample", model, "--out", out, "--count", "1"]
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    result = subprocess.run([os.fsencode(part) for part in command], cwd=ROOT, env=environment, capture_output=True)
    assert result.returncode == 0, result.stderr
    assert [path.name for path in out.iterdir()] == ["seed0_00000.png"]
