"""The command line: parses, calls the package, writes files. `python -m singan --help`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image
from tqdm import tqdm

from darkroom import commands
from darkroom.animations import FORMATS, playback_note, save_animation
from darkroom.commands import BAR_DELAY, Parser, stoppable
from darkroom.device import pick_device
from darkroom.files import check_folder, locked, made_folder, remove_parts, visible
from darkroom.model_files import CONFIG_FILE, SCENE, WEIGHTS_FILE, ModelError, kind_in
from singan.config import PRESETS, TrainConfig, from_preset
from singan.export import save_png
from singan.image import open_picture, pyramid_sizes
from singan.pipeline import STRENGTHS, ScenePipeline
from singan.train import (
    TRAINING_FILE,
    Checkpoint,
    TrainingError,
    belongs_to,
    load_checkpoint,
    save_checkpoint,
    train,
)
from singan.walk import begin_after_smallest_step

BEFORE_FIRST_SCALE = {TRAINING_FILE, CONFIG_FILE}

T = TypeVar("T")


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write WIDTHxHEIGHT in pixels, for example 325x175")
    return int(match[1]), int(match[2])


def _fps(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 60:
        raise argparse.ArgumentTypeError(f"fps is {text}; allowed are 1 to 60")
    return value


def _scene(args: argparse.Namespace) -> ScenePipeline:
    scene = ScenePipeline.from_pretrained(args.model).to(pick_device())
    if not scene.finished:
        total = len(scene.pyramid.config.sizes)
        print(
            f"{args.model} has {scene.scales} of {total} scales: pictures come at {'x'.join(map(str, scene.size))} px"
        )
    return scene


def _bar(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    return iter(tqdm(items, total=total, desc=what, unit="", delay=BAR_DELAY, dynamic_ncols=True))


# -- train ------------------------------------------------------------------------------------------------------------


def _found(out: Path, picture: Image.Image, config: TrainConfig, resume: bool) -> Checkpoint | None:
    """What `out` holds of this very training; None where it is free. Raises ValueError where it is not."""
    names, kind = visible(out), kind_in(out)
    if kind not in (None, SCENE):
        raise ValueError(f"{out} holds {kind}; choose another folder")
    if not names or (TRAINING_FILE in names and names <= BEFORE_FIRST_SCALE):  # or killed in its first save
        return None
    try:
        scene = ScenePipeline.from_pretrained(out)
    except ModelError as error:
        ours = {TRAINING_FILE, WEIGHTS_FILE} & names
        problem = str(error) if ours else f"{out} is not empty and holds no scene"
        raise ValueError(f"{problem}; choose another folder") from None
    if not belongs_to(scene, picture, config):
        raise ValueError(f"{out} holds a scene of another picture or of other settings; choose another folder")
    if scene.finished:
        return Checkpoint(scene, ())
    if not resume:
        total = len(scene.pyramid.config.sizes)
        raise ValueError(f"{out} holds {scene.scales} of {total} scales of this training; --resume goes on with it")
    return load_checkpoint(out)


def _train(args: argparse.Namespace) -> int:
    config = from_preset(
        args.preset, max_size=args.max_size, scales=args.scales, iterations=args.iterations, seed=args.seed
    )
    check_folder("--out", args.out)
    picture = open_picture(args.picture)
    with locked(args.out):
        checkpoint = _found(args.out, picture, config, args.resume)
        if checkpoint and checkpoint.scene.finished:
            print(f"{args.out} already holds this scene, trained with these settings")
            return 0
        remove_parts(args.out)
        return _trained(args, picture, config, checkpoint)


def _trained(args: argparse.Namespace, picture: Image.Image, config: TrainConfig, checkpoint: Checkpoint | None) -> int:
    total = len(pyramid_sizes(*picture.size, config))
    done = checkpoint.scene.scales if checkpoint else 0
    bar = tqdm(
        total=total, initial=done, mininterval=0.5, delay=BAR_DELAY, dynamic_ncols=True,
        bar_format="{desc} {percentage:3.0f}%|{bar}| {postfix}",
    )  # fmt: skip
    with bar, stoppable() as stop:
        for record in train(picture, config, args.device, checkpoint):
            asked = stop.number is not None
            bar.set_description_str(f"scale {record.scale + 1} of {record.scales}", refresh=False)
            left = tqdm.format_interval(record.seconds_left)
            bar.set_postfix_str(f"iteration {record.iteration} of {record.iterations}, {left} left", refresh=False)
            bar.update(record.scale + record.iteration / record.iterations - bar.n)
            if record.checkpoint is not checkpoint and record.checkpoint is not None:
                checkpoint = record.checkpoint
                save_checkpoint(checkpoint, args.out)
            if asked:
                break
    if not record.finished:
        assert stop.number is not None
        kept = checkpoint.scene.scales if checkpoint else 0
        where = f" in {args.out}; --resume goes on" if kept else ""
        print(f"stopped: {kept} of {total} scales are finished{where}")
        return commands.exit_code(stop.number)
    print(f"trained in {tqdm.format_interval(record.seconds)}: {args.out}")
    return 0


# -- use --------------------------------------------------------------------------------------------------------------


def _write(pictures: Iterable[Image.Image], folder: Path, names: Iterable[str]) -> None:
    """Writes each picture as it comes."""
    for name, picture in zip(names, pictures, strict=False):
        save_png(picture, folder / name)


def _sample(args: argparse.Namespace) -> int:
    check_folder("--out", args.out)
    pictures = _scene(args).stream_samples(args.count, args.start_scale, args.seed)
    names = (f"seed{args.seed}_{i:04}.png" for i in range(args.count))
    with made_folder(args.out) as folder:
        _write(_bar(pictures, args.count, "samples"), folder, names)
    return 0


def _retarget(args: argparse.Namespace) -> int:
    check_folder("--out", args.out)
    scene = _scene(args)
    streams = [  # all are checked before the first is drawn
        scene.stream_retargets(size, args.mode, args.start_scale, args.count, args.seed) for size in args.size
    ]
    with made_folder(args.out) as folder:
        for (width, height), pictures in zip(args.size, streams, strict=True):
            names = (f"{width}x{height}_{args.mode}_seed{args.seed}_{i:04}.png" for i in range(args.count))
            _write(_bar(pictures, args.count, f"{width}x{height}"), folder, names)
    return 0


def _animate(args: argparse.Namespace) -> int:
    check_folder("--out", args.out)
    scene = _scene(args)
    starts = args.start_scale or range(min(len(STRENGTHS), scene.scales))
    pairs = [(start, beta) for start in starts for beta in args.beta]
    streams = [  # all are checked before the first is drawn
        scene.stream_frames(start, args.alpha, beta, args.frames, args.loop, args.seed) for start, beta in pairs
    ]
    with made_folder(args.out) as folder:
        for (start, beta), stream in zip(pairs, streams, strict=True):
            exact = f"{beta:.2f}" if round(beta, 2) == beta else f"{beta:g}"
            name = f"{STRENGTHS.get(start, 'fine')}_start{start}_beta{exact}"
            frames = list(_bar(stream, args.frames, name))
            if args.loop:
                frames = begin_after_smallest_step(frames)
            save_animation(frames, folder / f"{name}.{args.format}", args.fps)
    if note := playback_note(args.format, args.fps):
        print(f"animate: {note}", file=sys.stderr)
    return 0


def _push(args: argparse.Namespace) -> int:
    print(ScenePipeline.from_pretrained(args.model).push_to_hub(args.repo))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m singan", description="A SinGAN: one picture in; new ones, other sizes, animations out."
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, help: str) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(
            name, help=help, description=help, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        sub.set_defaults(run=run)
        return sub

    def model_command(name: str, run: Any, help: str) -> argparse.ArgumentParser:
        sub = command(name, run, help)
        sub.add_argument("model", metavar="MODEL", type=commands.model, help="folder, USER/REPO or USER/REPO@REVISION")
        sub.add_argument("--out", metavar="DIR", type=commands.new, required=True, help="folder for the files",
                         default=argparse.SUPPRESS)  # fmt: skip
        sub.add_argument("--seed", type=int, default=0, metavar="N", help="of the random draws, 0 or more")
        return sub

    sub = command("train", _train, "train on one picture; Ctrl-C keeps the finished scales")
    preset = "default: the preset's"
    sub.add_argument(
        "picture",
        metavar="PICTURE",
        type=commands.existing,
        help="a picture of at least 32 px a side and at most 100 megapixels",
    )
    sub.add_argument("--out", metavar="DIR", type=commands.new, required=True, help="folder for the model",
                     default=argparse.SUPPRESS)  # fmt: skip
    sub.add_argument(
        "--preset", choices=PRESETS, default="standard", help="fast: 128 px; standard: 250 px; paper: as published"
    )
    sub.add_argument("--max-size", type=int, metavar="PX", default=argparse.SUPPRESS,
                     help=f"longer side of the trained picture in px, 32 to 1024 ({preset})")  # fmt: skip
    sub.add_argument("--scales", type=int, metavar="K", default=argparse.SUPPRESS,
                     help="number of scales, 2 to 16 (default: from the preset's scale factor)")  # fmt: skip
    sub.add_argument("--iterations", type=int, metavar="N", default=argparse.SUPPRESS, help=f"steps a scale ({preset})")
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="of every random draw, 0 or more")
    sub.add_argument("--resume", action="store_true", help="go on from the last finished scale in DIR")
    sub.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
    sub.set_defaults(max_size=None, scales=None, iterations=None)

    sub = model_command("sample", _sample, "draw new pictures: PNGs")
    sub.add_argument("--count", type=int, default=50, metavar="N", help="pictures, 1 to 1000")
    sub.add_argument(
        "--start-scale", type=int, default=0, metavar="K", help="0: all new; 1, 2, ...: keeps more of the layout"
    )

    sub = model_command("retarget", _retarget, "draw the picture at other sizes: PNGs")
    sub.add_argument("--size", type=_size, action="append", required=True, metavar="WIDTHxHEIGHT",
                     help="in px, up to 4 megapixels; may be repeated", default=argparse.SUPPRESS)  # fmt: skip
    sub.add_argument("--mode", choices=("rearrange", "keep"), default="rearrange",
                     help="rearrange: new content; keep: the picture's own layout")  # fmt: skip
    sub.add_argument(
        "--start-scale", type=int, metavar="K", default=None, help="where drawing begins; None: 0, with keep 3"
    )
    sub.add_argument("--count", type=int, default=1, metavar="N", help="pictures a size, 1 to 1000")

    sub = model_command("animate", _animate, "set the picture in motion: one file for each start scale and beta")
    sub.add_argument(
        "--start-scale", type=int, nargs="+", metavar="K", default=argparse.SUPPRESS,
        help="lower moves larger things (default: 0 1 2, as far as the model is trained)",
    )  # fmt: skip
    sub.set_defaults(start_scale=None)
    sub.add_argument("--beta", type=float, nargs="+", default=[0.8, 0.85, 0.9, 0.95], metavar="B",
                     help="smoothness of the motion, 0 to 1")  # fmt: skip
    sub.add_argument("--alpha", type=float, default=0.1, metavar="A", help="pull back to the picture, 0 to 1")
    sub.add_argument("--frames", type=int, default=100, metavar="N", help="frames, 2 to 600")
    sub.add_argument("--fps", type=_fps, default=10, metavar="F", help="frames a second, 1 to 60")
    sub.add_argument("--loop", action="store_true", help="close the motion, without a seam")
    sub.add_argument("--format", choices=FORMATS, default="gif", help="of the files")

    sub = command("push", _push, "upload a scene to the Hugging Face Hub (needs a token)")
    sub.add_argument("model", metavar="MODEL", type=commands.model, help="folder, USER/REPO or USER/REPO@REVISION")
    sub.add_argument("repo", metavar="USER/REPO", help="repository, made if missing")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; its exit code: 0 done, 1 training failed, 2 bad input, 130 after Ctrl-C, 143 after SIGTERM."""
    args = _parser().parse_args(arguments)
    return commands.run(args.run.__name__.strip("_"), lambda: args.run(args), (TrainingError,))


if __name__ == "__main__":
    sys.exit(main())
