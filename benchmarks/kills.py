"""Both command lines' trainings, killed again and again: python -m benchmarks.kills [--kills 25] [--seed 0]

Each is started with --resume and killed (SIGKILL) at a random moment, until that met it at work so often; then it runs
to its end. Its model must be the same to the byte as that of a training that nobody disturbed, and nothing else may lie
beside it. The networks are tiny: what is tried is what happens to the files.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from darkroom.model_files import WEIGHTS_FILE

# The commands with presets of tiny networks, many scales or checkpoints, and a step's time between two of them.
TINY = """
import sys, time
from dataclasses import replace
import torch
torch.set_num_threads(1)
{presets}
sys.exit(__main__.main(sys.argv[1:]))
"""
SINGAN = TINY.format(
    presets="""
from singan import __main__, config
config.PRESETS["fast"] = replace(config.PRESETS["fast"], channels=4, max_channels=4, pool=4, iterations=4, scales=12)
"""
)
DCGAN = TINY.format(
    presets="""
from dcgan import __main__, config
model = replace(config.PRESETS["standard"].model, latent_dim=8, width=2, discriminator_width=2)
config.PRESETS["standard"] = replace(
    config.PRESETS["standard"], model=model, batch=4, iterations=160, snapshot_every=16, quality_images=64,
    ema_images=40
)
"""
)
LONGEST_SECONDS = 120.0  # of a run that nobody kills
MOST_STARTS = 5  # for a kill: some runs are over before it


def inputs(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """By command: what runs it, and its arguments before --out."""
    rng = np.random.default_rng(0)
    picture, faces = folder / "picture.png", folder / "faces"
    Image.fromarray(rng.integers(0, 255, (60, 80, 3), dtype=np.uint8)).resize((96, 72)).save(picture)
    faces.mkdir()
    for i in range(12):
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(faces / f"{i}.png")
    return {
        "singan": (SINGAN, ["train", str(picture), "--preset", "fast", "--max-size", "96"]),
        "dcgan": (DCGAN, ["train", str(faces), "--preset", "standard"]),
    }


def start(program: str, arguments: list[str], out: Path) -> subprocess.Popen[bytes]:
    """The command, going on with what `out` holds."""
    command = [sys.executable, "-c", program, *arguments, "--out", str(out), "--resume", "--device", "cpu"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for its end. Raises AssertionError with what it said where it failed."""
    _, said = process.communicate(timeout=LONGEST_SECONDS)
    assert process.returncode == 0, said.decode(errors="replace")[-2000:]


def killed(program: str, arguments: list[str], folder: Path, kills: int, rng: random.Random) -> None:
    """Kill a training at work so often. Raises AssertionError where anything was lost, or the kills do not meet it."""
    whole, disturbed = folder / "whole", folder / "disturbed"
    begun = time.monotonic()
    finish(start(program, arguments, whole))
    seconds = time.monotonic() - begun
    met = 0
    for _ in range(MOST_STARTS * kills):
        begun, process = time.monotonic(), start(program, arguments, disturbed)
        try:
            # Most of a run's time goes by before its first step.
            process.wait(rng.uniform(0.5, 1.0) * seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            met += 1
        said = process.communicate()[1].decode(errors="replace")
        assert process.returncode in (0, -9), f"it could not go on: {said[-500:]}"
        if process.returncode == 0:  # it had been killed so often that this was the rest: once more from the start
            seconds = min(seconds, time.monotonic() - begun)  # or the machine is less busy than before
            compare(disturbed, whole)
            shutil.rmtree(disturbed)
        if met == kills:
            break
    assert met == kills, f"only {met} of {MOST_STARTS * kills} were killed at work"
    finish(start(program, arguments, disturbed))
    compare(disturbed, whole)


def compare(disturbed: Path, whole: Path) -> None:
    """Check that two trainings have ended alike. Raises AssertionError else."""
    assert (disturbed / WEIGHTS_FILE).read_bytes() == (whole / WEIGHTS_FILE).read_bytes(), "the model is another one"
    extra = {path.name for path in disturbed.iterdir()} ^ {path.name for path in whole.iterdir()}
    assert not extra, f"files that are there or missing: {extra}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=25, help="of each command")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        for name, (program, arguments) in inputs(Path(folder)).items():
            (Path(folder) / name).mkdir()
            killed(program, arguments, Path(folder) / name, args.kills, rng)
            print(f"{name}: {args.kills} kills at work, 0 lost")
    return 0


if __name__ == "__main__":
    sys.exit(main())
