"""The command line: parses, calls the package, writes files. `python -m dcgan --help`."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, get_args

import torch
import torch.distributed as dist
from tqdm import tqdm

from darkroom import commands
from darkroom.checks import check_range, printable
from darkroom.commands import BAR_DELAY, Commands, stoppable
from darkroom.device import pick_device
from darkroom.files import check_folder, locked, locked_file, made_folder, remove_parts, visible
from darkroom.model_files import CONFIG_FILE, FACE_KIND, WEIGHTS_FILE, kind_in
from darkroom.seeds import MAX_SEED
from dcgan.checkpoint import TRAINING_FILE, Checkpoint, load_checkpoint, save_checkpoint
from dcgan.config import PRESETS, SIZE, Augmentation, Base, Loss, TrainConfig, from_preset
from dcgan.data import Faces, Prepared, load, prepare, preview_of, write_set
from dcgan.export import MORPH_FORMATS, enlarged_to
from dcgan.journal import Journal, holds_journal_only
from dcgan.pipeline import FacePipeline
from dcgan.recipe import Recipe, save_png
from dcgan.train import Progress, TrainingError, train
from dcgan.tutorial import import_tutorial
from dcgan.uses import Morph, Sample

GAME_OPTIONS = ("loss", "optimizer", "extragradient", "augmentation")
MAX_FACE_SIDE = 2048  # px, enlarged
MAX_NAMED_FILES = 5  # of those that a message counts


def _prepare(args: argparse.Namespace) -> int:
    out: Path = args.out
    if out.suffix.lower() != ".zip":
        raise ValueError(f"--out is {out}; a file that ends in .zip is needed")
    check_folder("--out", out.parent)
    if any(source.exists() and out.exists() and source.samefile(out) for source in args.sources):
        raise ValueError(f"--out is {out}, which is to be read; choose another name")
    others: list[str] = []
    with locked_file(out):
        for path in (out, preview_of(out)):
            remove_parts(path.parent, path.name)
        with tqdm(unit=" files", delay=BAR_DELAY, dynamic_ncols=True) as bar:
            count = write_set(_watched(prepare(args.sources), bar, others), out)
    if others:
        named = ", ".join(map(printable, others[:MAX_NAMED_FILES])) + ", ..." * (len(others) > MAX_NAMED_FILES)
        plural = "s that are no pictures" if len(others) > 1 else " that is no picture"
        print(f"left out {len(others)} file{plural}: {named}", file=sys.stderr)
    print(f"{count} pictures of 64x64 px: {out}")
    return 0


def _watched(items: Iterator[Prepared], bar: Any, others: list[str]) -> Iterator[Prepared]:
    """Pass items on; report what is damaged, add what is no picture to `others`."""
    for item in items:
        bar.total = item.total
        bar.update(item.index + 1 - bar.n)
        if item.error:
            bar.write(f"skipped {printable(item.name)}: {item.error}", file=sys.stderr)
        elif item.image is None:
            others.append(item.name)
        yield item


# -- train ------------------------------------------------------------------------------------------------------------


@contextmanager
def _processes(device: str) -> Iterator[str | torch.device]:
    """Join the group of `torchrun`, if it started this process; yield the device of this process."""
    if "WORLD_SIZE" not in os.environ:
        yield device
        return
    chosen = pick_device(device)
    if chosen.type == "cuda":
        chosen = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(chosen)
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield chosen
    finally:
        dist.destroy_process_group()


def _found(out: Path, resume: bool) -> Checkpoint | None:
    """Load the training in `out` to go on with; None where there is none. Raises ValueError where `out` is taken."""
    names = visible(out)
    if not names or holds_journal_only(out):  # or ended before its first checkpoint
        return None
    kind = kind_in(out)
    if kind not in (None, FACE_KIND):
        raise ValueError(f"{out} holds {kind}; choose another folder")
    if TRAINING_FILE not in names:
        what = "holds a model already" if names & {CONFIG_FILE, WEIGHTS_FILE} else "is not empty and holds no training"
        raise ValueError(f"{out} {what}; choose another folder")
    if not resume:
        raise ValueError(f"{out} holds a training already; --resume goes on with it")
    return load_checkpoint(out)


def _train(args: argparse.Namespace) -> int:
    given = ("iterations", "batch", "seed", *GAME_OPTIONS)
    config = from_preset(args.preset, **{name: getattr(args, name) for name in given})
    check_folder("--out", args.out)
    with _processes(args.device) as device:
        leads = not dist.is_initialized() or dist.get_rank() == 0
        with locked(args.out) if leads else nullcontext():
            checkpoint = _found(args.out, args.resume)
            if checkpoint and checkpoint.holds(config):
                print(f"{args.out} already holds this training, with all of its {config.iterations} iterations")
                return 0
            if leads:
                remove_parts(args.out)
            return _follow(args, load(args.data), config, device, checkpoint, leads)


def _follow(
    args: argparse.Namespace, faces: Faces, config: TrainConfig, device: str | torch.device,
    checkpoint: Checkpoint | None, leads: bool,
) -> int:  # fmt: skip
    """Train, write and report; of several processes one writes and reports."""
    first = checkpoint.iteration if checkpoint else 0
    bar = tqdm(
        total=config.iterations, initial=first, disable=not leads, unit=" it", mininterval=1, delay=BAR_DELAY,
        dynamic_ncols=True,
    )  # fmt: skip
    with bar, stoppable() as stop:
        journal = None
        try:
            for record in train(faces.images, config, device, checkpoint):
                asked = stop.number is not None
                bar.update(record.iteration - bar.n)
                pace = f"{record.images_per_second:.1f} images/s"
                measuring = "" if record.drawn is None else f"measuring quality, {record.drawn:.0%}"
                bar.set_postfix_str(measuring or pace, refresh=bool(measuring))
                if not leads:
                    continue
                journal = journal or Journal(args.out, first)  # written when all values have proved good
                _write(record, journal, bar, asked)
                if asked:
                    break
        except RuntimeError:
            if leads or stop.number is None:
                raise
            return commands.exit_code(stop.number)  # the leading process has stopped, and answers no longer
    if not record.finished:
        assert stop.number is not None
        print(f"stopped: {record.iteration} iterations are kept in {args.out}; --resume goes on")
        return commands.exit_code(stop.number)
    if leads:
        print(f"trained in {tqdm.format_interval(record.seconds)}: {args.out}")
    return 0


def _write(record: Progress, journal: Journal, bar: Any, asked: bool) -> None:
    """Write a record, with a checkpoint where there is one or the end was asked for."""
    if record.drawn is None:
        journal.write(record)
    if checkpoint := record.checkpoint or (record.make_checkpoint() if asked else None):
        save_checkpoint(checkpoint, journal.folder)
    if record.snapshot is not None:
        snapshot = record.snapshot
        quality = "" if snapshot.quality is None else f"quality {snapshot.quality:.4f}, "
        collapsed = "; the faces are nearly equal: mode collapse" if snapshot.collapsed else ""
        bar.write(f"iteration {record.iteration}: {quality}spread {snapshot.spread:.2f}{collapsed}")


# -- use --------------------------------------------------------------------------------------------------------------


def _sample(args: argparse.Namespace) -> int:
    check_folder("--out", args.out)
    check_range("--size", args.size, SIZE, MAX_FACE_SIDE)
    faces = FacePipeline.from_pretrained(args.model).to(pick_device())
    (use,) = commands.uses_of(args, Sample)
    identity = faces.identity()
    drawn = tqdm(use.draw(faces), total=use.total, unit=" faces", delay=BAR_DELAY, dynamic_ncols=True)
    with made_folder(args.out) as folder:
        for recipe, image in zip(use.recipes(faces), drawn, strict=True):
            save_png(enlarged_to(image, args.size), recipe, identity, folder / f"{use.stem()}_{recipe.index:05}.png")
    return 0


def _seeds(text: str) -> list[int]:
    try:
        seeds = [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"seeds are {text!r}; whole numbers with commas are needed: 1,2,3") from None
    if len(seeds) < 2:
        raise argparse.ArgumentTypeError(f"seeds are {text!r}; at least two are needed: 1,2,3")
    return seeds


def _morph(args: argparse.Namespace) -> int:
    out: Path = args.out
    format = out.suffix.removeprefix(".").lower()
    if format not in MORPH_FORMATS:
        raise ValueError(
            f"--out is {out}; a file that ends in {' or '.join(f'.{name}' for name in MORPH_FORMATS)} is needed"
        )
    check_folder("--out", out.parent)
    if out.exists():
        raise ValueError(f"{out} exists already; choose another name")
    between = tuple(Recipe(seed, variety=args.truncation) for seed in args.seeds)
    use = Morph(args.frames, args.loop, args.fps, format, faces=between)
    faces = FacePipeline.from_pretrained(args.model).to(pick_device())
    frames = list(use.draw(faces))
    with made_folder(out.parent):
        use.save(frames, out)
    if note := use.remarks(faces):
        print(f"morph: {note}", file=sys.stderr)
    return 0


def _import(args: argparse.Namespace) -> int:
    check_folder("--out", args.out)
    with locked(args.out):
        if visible(args.out):
            raise ValueError(f"{args.out} exists already; choose another folder")
        faces = import_tutorial(args.file)
        faces.save_pretrained(args.out)
    print(f"generator of latent dimension {faces.config.latent_dim} and width {faces.config.width}: {args.out}")
    return 0


def _push(args: argparse.Namespace) -> int:
    print(FacePipeline.from_pretrained(args.model).push_to_hub(args.repo))
    return 0


def _program() -> Commands:
    program = Commands("dcgan", "A 64x64 face DCGAN: data, training, samples, morphs.")
    _add_training(program)

    command = program.add("sample", _sample, "draw faces: PNGs that hold their recipes")
    command.model()
    command.out("DIR", "folder for the files")
    commands.add_options(command, Sample)
    size = f"side of the PNGs in px, {SIZE} to {MAX_FACE_SIDE}"
    size = f"{size}: above {SIZE} enlarged by Lanczos' filter, without new detail"
    command.add_argument("--size", type=int, default=SIZE, metavar="N", help=size)

    command = program.add("morph", _morph, "from face to face: an animation of 256x256 px")
    command.model()
    command.out("FILE.mp4", "or FILE.gif")
    command.add_argument("--seeds", metavar="A,B,...", type=_seeds, required=True, default=argparse.SUPPRESS,
                         help="face 0 of each")  # fmt: skip
    commands.add_options(command, Sample, without=("seed", "count", "best_of"))
    commands.add_options(command, Morph, without=("format",))  # the file's name says it

    command = program.add("import", _import, "a generator of PyTorch's DCGAN tutorial becomes a model folder")
    file = "state dict written by torch.save, or safetensors"
    command.add_argument("file", metavar="FILE", type=commands.existing, help=file)
    command.out("DIR", "folder for the model")

    command = program.add("push", _push, "upload a model to the Hugging Face Hub (needs a token)")
    command.model()
    command.add_argument("repo", metavar="USER/REPO", help="repository, made if missing")
    return program


def _add_training(program: Commands) -> None:
    """Add the commands from photographs to a model."""
    about = "crop photographs to the central square, 64x64, into one zip; FILE.preview.png beside it"
    command = program.add("prepare", _prepare, about)
    command.add_argument("sources", metavar="FOLDER|ZIP", type=commands.existing, nargs="+", help="photographs")
    command.out("FILE.zip", "the prepared set")

    about = "train on a prepared set; Ctrl-C keeps what is trained; runs under torchrun too"
    command = program.add("train", _train, about)
    data = "folder or zip of pictures, or .npz of uint8 (N, H, W, 3)"
    command.add_argument("data", metavar="DATA", type=commands.existing, help=data)
    command.out("DIR", "folder for the model, log.csv, log.png and sheets")
    presets = "standard: best in an hour; long: for days, to be resumed; radford, thesis: as published"
    command.add_argument("--preset", choices=PRESETS, default="standard", help=presets)
    command.of_preset("iterations", help="generator steps", type=int, metavar="N")
    command.of_preset("batch", help="images a step", type=int, metavar="N")
    _add_game(command)
    command.training(f"0 to {MAX_SEED}", "go on with the training in DIR")


def _add_game(command: commands.Command) -> None:
    """Add the options of the game and of how its players are optimised, which the first thesis studied."""
    brought = "another than the preset's brings the penalty, critic steps and normalisation it was published with"
    command.of_preset("loss", help=f"what the players play for; {brought}", choices=get_args(Loss))
    command.of_preset("optimizer", "optimiser", help="of both players", choices=get_args(Base))
    ahead = "whether steps are taken along the gradients one step ahead (Gidel et al., 2019)"
    command.of_preset("extragradient", help=ahead, action=argparse.BooleanOptionalAction)
    seen = "of what the critic sees: always, or as often as it is too sure of real pictures"
    command.of_preset("augmentation", help=seen, choices=get_args(Augmentation))


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return 0 if done, 1 if training failed, 2 for bad input, 130 after Ctrl-C, 143 after SIGTERM."""
    return _program().run(arguments, (TrainingError,))


if __name__ == "__main__":
    sys.exit(main())
