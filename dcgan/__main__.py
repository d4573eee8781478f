"""The command line: parses, calls the package, writes files. `python -m dcgan --help`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import torch
import torch.distributed as dist
from tqdm import tqdm

from darkroom.checks import check_range
from darkroom.device import pick_device
from darkroom.model_files import WEIGHTS_FILE
from darkroom.seeds import MAX_SEED
from dcgan.attributes import read_attributes
from dcgan.config import PRESETS, TrainConfig, from_preset
from dcgan.data import load, prepare, write_set
from dcgan.directions import fit_directions
from dcgan.export import MORPH_FORMATS, save_morph
from dcgan.journal import Journal
from dcgan.pipeline import BATCH, FacePipeline, import_tutorial
from dcgan.recipe import Recipe, save_png
from dcgan.train import TRAINING_FILE, Checkpoint, TrainingError, load_checkpoint, save_checkpoint, train

BAR_DELAY = 0.5  # s: by then a bad value has proved bad, and its one line stands alone


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")  # one line: the usage is in --help


def _prepare(args: argparse.Namespace) -> int:
    out = Path(args.out)
    if out.suffix != ".zip":
        raise ValueError(f"--out is {out}; a file that ends in .zip is needed")
    bar = tqdm(unit=" pictures", delay=BAR_DELAY, dynamic_ncols=True)

    def watched() -> Iterator[Any]:
        for item in prepare(args.sources):
            bar.total = item.total
            bar.update()
            if item.image is None:
                bar.write(f"skipped {item.name}: {item.error}", file=sys.stderr)
            yield item

    with bar:
        count = write_set(watched(), out)
    print(f"{count} pictures of 64x64 px: {out}")
    return 0


# -- train ------------------------------------------------------------------------------------------------------------


@contextmanager
def _processes(device: str) -> Iterator[str | torch.device]:
    """Joins the group of `torchrun`, if it started this process; the device of this process."""
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
    """The training in `out` to go on with; None where there is none. Raises ValueError where `out` is taken."""
    if out.is_file():
        raise ValueError(f"{out} is a file; --out takes a folder")
    if not (out / TRAINING_FILE).exists():
        if (out / WEIGHTS_FILE).exists():
            raise ValueError(f"{out} holds a model already; choose another folder")
        return None
    if not resume:
        raise ValueError(f"{out} holds a training already; --resume goes on with it")
    return load_checkpoint(out)


def _train(args: argparse.Namespace) -> int:
    config = from_preset(args.preset, iterations=args.iterations, batch=args.batch, seed=args.seed)
    with _processes(args.device) as device:
        return _trained(args, config, device, leads=not dist.is_initialized() or dist.get_rank() == 0)


def _trained(args: argparse.Namespace, config: TrainConfig, device: str | torch.device, leads: bool) -> int:
    """Trains; of several processes one writes and reports."""
    out = Path(args.out)
    checkpoint = _found(out, args.resume)
    images = load(args.data).images
    first = checkpoint.iteration if checkpoint else 0
    journal = None
    bar = tqdm(
        total=config.iterations, initial=first, disable=not leads, unit=" it", mininterval=1, delay=BAR_DELAY,
        dynamic_ncols=True,
    )  # fmt: skip
    with bar:
        try:
            for record in train(images, config, device, checkpoint):
                bar.update(record.iteration - bar.n)
                bar.set_postfix_str(f"{record.images_per_second:.0f} images/s", refresh=False)
                if not leads:
                    continue
                journal = journal or Journal(out, first)  # the folder is made when all values have proved good
                journal.write(record)
                if record.checkpoint is not None:
                    checkpoint = record.checkpoint
                    save_checkpoint(checkpoint, out)
                if record.snapshot is not None:
                    collapsed = "; the faces are nearly equal: mode collapse" if record.snapshot.collapsed else ""
                    bar.write(f"iteration {record.iteration}: quality {record.snapshot.quality:.4f}{collapsed}")
        except KeyboardInterrupt:
            bar.close()
            kept = checkpoint.iteration if checkpoint else 0
            if checkpoint and leads:
                save_checkpoint(checkpoint, out)  # the interrupt may have come in the middle of it
            print(f"stopped: {kept} iterations are kept" + (f" in {out}; --resume goes on" if kept else ""))
            return 130
    if leads:
        print(f"trained in {tqdm.format_interval(record.seconds)}: {out}")
    return 0


def _directions(args: argparse.Namespace) -> int:
    if not Path(args.model).is_dir():
        raise ValueError(f"{args.model} is no folder; the directions are written into one")
    faces = FacePipeline.from_pretrained(args.model).to(pick_device())
    data = load(args.data)
    attributes = read_attributes(args.attributes, data.names)
    fitted = None
    with tqdm(delay=BAR_DELAY, dynamic_ncols=True, unit=" step") as bar:
        for progress in fit_directions(faces, data.images, attributes, args.seed):
            bar.total, fitted = progress.steps, progress
            bar.set_description_str(progress.what, refresh=False)
            bar.update(progress.step - bar.n)
    assert fitted is not None and fitted.directions is not None and fitted.judge is not None
    print(fitted.report)
    faces.with_attributes(fitted.directions).to("cpu").save_pretrained(args.model)
    fitted.judge.save(Path(args.model))
    return 0


# -- use --------------------------------------------------------------------------------------------------------------


def _folder(path: str) -> Path:
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _sample(args: argparse.Namespace) -> int:
    faces = FacePipeline.from_pretrained(args.model).to(pick_device())
    z = faces.latents(args.count, args.seed, args.truncation)
    identity = faces.identity()
    with tqdm(total=args.count, unit=" faces", delay=BAR_DELAY, dynamic_ncols=True) as bar:
        for part in z.split(BATCH):
            for image in faces.generate(part):
                recipe = Recipe(args.seed, bar.n, args.truncation)
                save_png(image, recipe, identity, _folder(args.out) / f"seed{args.seed}_{bar.n:05}.png")
                bar.update()
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
    out = Path(args.out)
    if out.suffix.removeprefix(".") not in MORPH_FORMATS:
        raise ValueError(
            f"--out is {out}; a file that ends in {' or '.join(f'.{name}' for name in MORPH_FORMATS)} is needed"
        )
    check_range("fps", args.fps, 1, 60)
    faces = FacePipeline.from_pretrained(args.model).to(pick_device())
    z = torch.cat([faces.latents(1, seed, args.truncation) for seed in args.seeds])
    frames = faces.morph(z, args.frames, args.loop)
    _folder(str(out.parent))
    save_morph(frames, out, args.fps)
    return 0


def _import(args: argparse.Namespace) -> int:
    out = Path(args.out)
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise ValueError(f"{out} exists already; choose another folder")
    faces = import_tutorial(args.file)
    faces.save_pretrained(out)
    print(f"generator of latent dimension {faces.config.latent_dim} and width {faces.config.width}: {out}")
    return 0


def _push(args: argparse.Namespace) -> int:
    print(FacePipeline.from_pretrained(args.model).push_to_hub(args.repo))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m dcgan", description="A 64x64 face DCGAN: data, training, samples, morphs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=help, description=help, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        sub.set_defaults(run=run)
        return sub

    def model_argument(sub: argparse.ArgumentParser, help: str = "folder, USER/REPO or USER/REPO@REVISION") -> None:
        sub.add_argument("model", metavar="MODEL", help=help)

    def out_argument(sub: argparse.ArgumentParser, metavar: str, help: str) -> None:
        sub.add_argument("--out", metavar=metavar, required=True, help=help, default=argparse.SUPPRESS)

    sub = command(
        "prepare", _prepare, "crop photographs to the central square, 64x64, into one zip; preview.png beside it"
    )
    sub.add_argument("sources", metavar="FOLDER|ZIP", type=Path, nargs="+", help="photographs")
    out_argument(sub, "FILE.zip", "the prepared set")

    sub = command("train", _train, "train on a prepared set; Ctrl-C keeps the last checkpoint; runs under torchrun too")
    sub.add_argument("data", metavar="DATA", type=Path, help="folder or zip of pictures, or .npz of uint8 (N, H, W, 3)")
    out_argument(sub, "DIR", "folder for the model, log.csv, log.png and sheets")
    sub.add_argument(
        "--preset", choices=PRESETS, default="standard", help="standard: best; radford, thesis: as published"
    )
    for name, help in (("iterations", "generator steps"), ("batch", "images a step")):
        sub.add_argument(
            f"--{name}", type=int, metavar="N", default=argparse.SUPPRESS, help=f"{help} (default: the preset's)"
        )
    sub.set_defaults(iterations=None, batch=None)
    sub.add_argument("--seed", type=int, default=0, metavar="N", help=f"of every random draw, 0 to {MAX_SEED}")
    sub.add_argument("--resume", action="store_true", help="go on from the last checkpoint in DIR")
    sub.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")

    sub = command("directions", _directions, "learn a model's named directions from pictures with attributes")
    model_argument(sub, "folder; the directions are written into it")
    sub.add_argument("data", metavar="DATA", type=Path, help="the pictures")
    sub.add_argument("attributes", metavar="ATTRIBUTES", type=Path, help="table in CelebA's format")
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="of every random draw")

    sub = command("sample", _sample, "draw faces: PNGs that hold their recipes")
    model_argument(sub)
    out_argument(sub, "DIR", "folder for the files")
    sub.add_argument("--count", type=int, default=16, metavar="N", help="faces")
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws, 0 or more")
    sub.add_argument("--truncation", type=float, default=1.0, metavar="T", help="0 to 2; below 1: more alike")

    sub = command("morph", _morph, "from face to face: an animation of 256x256 px")
    model_argument(sub)
    out_argument(sub, "FILE.mp4", "or FILE.gif")
    sub.add_argument(
        "--seeds", type=_seeds, required=True, metavar="A,B,...", help="face 0 of each", default=argparse.SUPPRESS
    )
    sub.add_argument("--frames", type=int, default=60, metavar="N", help="2 to 1000")
    sub.add_argument("--fps", type=float, default=20, metavar="F", help="frames a second, 1 to 60")
    sub.add_argument("--truncation", type=float, default=1.0, metavar="T", help="0 to 2")
    sub.add_argument("--loop", action="store_true", help="back to the first face, without a seam")

    sub = command("import", _import, "a state dict in the layout of PyTorch's DCGAN tutorial becomes a model folder")
    sub.add_argument("file", metavar="FILE", type=Path, help="written by torch.save")
    out_argument(sub, "DIR", "folder for the model")

    sub = command("push", _push, "upload a model to the Hugging Face Hub (needs a token)")
    model_argument(sub)
    sub.add_argument("repo", metavar="USER/REPO", help="repository, made if missing")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs a command; its exit code: 0 done, 1 training failed, 2 bad input, 130 interrupted."""
    args = _parser().parse_args(arguments)
    try:
        return int(args.run(args))
    except (ValueError, OSError) as error:
        code, message = 2, str(error)
    except TrainingError as error:
        code, message = 1, str(error)
    except KeyboardInterrupt:
        code, message = 130, "stopped; the files written so far are whole"
    print(f"{args.run.__name__.strip('_')}: {' '.join(message.split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
