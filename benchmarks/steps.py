"""Times single training steps, without training: what a picture's size costs, and what `paper` would take.

    python -m benchmarks.steps PICTURE [--sizes 128 250 512 1024] [--plot docs/steps.png]
    python -m benchmarks.steps PICTURE --preset paper

Prints milliseconds a step at every scale of every size, the median of several, and their sum times the iterations: the
seconds of a training that ends no scale early. Lower scales are untrained; a step costs the same.
"""

import argparse
import statistics
import time
from pathlib import Path

from PIL import Image

from darkroom.device import pick_device
from singan.config import TrainConfig, from_preset
from singan.image import open_picture
from singan.trainer import PyramidTrainer

Timing = tuple[tuple[int, int], float]  # (height, width) of a scale, ms


def steps(picture: Image.Image, config: TrainConfig, repeats: int) -> list[Timing]:
    """Every scale's size and its median step; a step is one iteration, with its share of gradient penalties."""
    training = PyramidTrainer(picture, config, pick_device("auto"))
    timings = []
    for n, size in enumerate(training.pyramid.config.sizes):
        training.advance(n)
        trainer = training.trainer(n)
        cycle = trainer.game.penalty_every
        times = []
        for repeat in range(repeats + (repeats > 1)):  # the first sets things up
            started = time.perf_counter()
            for i in range(cycle):
                trainer.iterate(repeat * cycle + i)
            trainer.check()  # waits for the device
            times.append((time.perf_counter() - started) / cycle * 1000)
        timings.append((size, statistics.median(times[-repeats:])))
        training.adopt(trainer.generator.network, trainer.task.sigma, trainer.critic.network.state_dict())
    return timings


def plot(timings: dict[int, list[Timing]], file: Path) -> None:
    """Plot milliseconds a step against the longer side of the scale, all pictures together."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.4))
    for longest, rows in timings.items():
        axes.plot([max(size) for size, _ in rows], [ms for _, ms in rows], "o-", label=f"{longest} px picture")
    axes.set(xscale="log", xlabel="longer side of the scale, px", ylabel="ms a training step", ylim=(0, None))
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--sizes", type=int, nargs="+", default=[250])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    timings = {}
    for longest in args.sizes:
        image = open_picture(args.picture)
        factor = longest / max(image.size)
        image = image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)
        config = from_preset(args.preset, max_size=longest)
        timings[longest] = steps(image, config, args.repeats)
        total = sum(ms * config.steps(n) for n, (_, ms) in enumerate(timings[longest])) / 1000
        row = "  ".join(f"{width}x{height} {ms:.0f}" for (height, width), ms in timings[longest])
        print(f"{args.preset} {longest} px: {row} ms; times their iterations = {total:.0f} s", flush=True)
    if args.plot:
        plot(timings, args.plot)


if __name__ == "__main__":
    main()
