"""The command line: parses, calls the package, writes files. `python -m singan --help`."""

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from darkroom import commands
from darkroom.addresses import Folder
from darkroom.checks import check_range
from darkroom.commands import BAR_DELAY, Commands, stoppable
from darkroom.device import pick_device
from darkroom.files import check_folder, locked, made_folder, remove_parts, visible
from darkroom.model_files import CONFIG_FILE, SCENE_KIND, WEIGHTS_FILE, ModelError, kind_in
from darkroom.pictures import remark
from darkroom.uses import options, prefixes
from darkroom.workers import Workers, WorkersError, cores, processes, ray_cluster
from singan.batch import Batch, make_alone, photographs, records
from singan.checkpoint import TRAINING_FILE, Checkpoint, load_checkpoint, save_checkpoint
from singan.concerns import warnings
from singan.config import PRESET_NOTES, PRESETS, TrainConfig, from_preset
from singan.image import open_picture, pyramid_sizes
from singan.pipeline import ScenePipeline
from singan.record import Record
from singan.screens import FIRST_SCREENS, read_screens
from singan.sheet import SHEET_FILE, write_sheet
from singan.train import TrainingError, train
from singan.trainer import belongs_to
from singan.uses import USES, RetargetPicture

BEFORE_FIRST_SCALE = {TRAINING_FILE, CONFIG_FILE}


def _scene(args: argparse.Namespace) -> ScenePipeline:
    scene = ScenePipeline.from_pretrained(args.model).to(pick_device())
    if not scene.finished:
        total, (width, height) = scene.train_config.trained(scene.pyramid.config.sizes), scene.size
        print(f"{args.model} has {scene.scales} of {total} scales: pictures come at {width}x{height} px")
    return scene


def _found(out: Path, picture: Image.Image, config: TrainConfig, resume: bool) -> Checkpoint | None:
    """Load this very training from `out`; None where that is free. Raises ValueError where it holds anything else."""
    names, kind = visible(out), kind_in(out)
    if kind not in (None, SCENE_KIND):
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
    if scene.finished_as(config):
        return Checkpoint(scene, ())
    if not resume:
        total = config.trained(scene.pyramid.config.sizes)
        raise ValueError(f"{out} holds {scene.scales} of {total} scales of this training; --resume goes on with it")
    return load_checkpoint(out)


def _train(args: argparse.Namespace) -> int:
    config = from_preset(args.preset, **{it: getattr(args, it) for it in ("max_size", "scales", "iterations", "seed")})
    check_folder("--out", args.out)
    picture = open_picture(args.picture)
    with locked(args.out):
        checkpoint = _found(args.out, picture, config, args.resume)
        if checkpoint and checkpoint.scene.finished_as(config):
            print(f"{args.out} already holds this scene, trained with these settings")
            return 0
        remove_parts(args.out)
        for said in filter(None, [remark(picture), *warnings(picture, "train")]):
            print(f"train: {said}", file=sys.stderr)
        return _follow(args, picture, config, checkpoint)


def _follow(args: argparse.Namespace, picture: Image.Image, config: TrainConfig, checkpoint: Checkpoint | None) -> int:
    total = config.trained(pyramid_sizes(*picture.size, config))
    done = checkpoint.scene.scales if checkpoint else 0
    form = "{desc} {percentage:3.0f}%|{bar}| {postfix}"
    bar = tqdm(total=total, initial=done, mininterval=0.5, delay=BAR_DELAY, dynamic_ncols=True, bar_format=form)
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
    if record.finished:
        print(f"trained in {tqdm.format_interval(record.seconds)}: {args.out}")
        return 0
    assert stop.number is not None
    kept = checkpoint.scene.scales if checkpoint else 0
    print(f"stopped: {kept} of {total} scales are finished{f' in {args.out}; --resume goes on' if kept else ''}")
    return commands.exit_code(stop.number)


def _use(args: argparse.Namespace) -> int:
    check_folder("--out", args.out)
    model = None if args.use is RetargetPicture else _scene(args)
    several = getattr(options(args.use).get("start_scale"), "command", None)
    if model and several and args.start_scale is several:  # nobody asked for these: those that the scene has
        args.start_scale = [n for n in several if n < model.scales]
    uses = commands.uses_of(args, args.use)
    streams = [use.draw(model) for use in uses]  # all are checked before the first is drawn
    with made_folder(args.out) as folder:
        for use, stream, prefix in zip(uses, streams, prefixes(uses), strict=True):
            name = f"{prefix}{use.stem()}"
            bar = tqdm(stream, total=use.total, desc=name, unit="", delay=BAR_DELAY, dynamic_ncols=True)
            use.write(bar, folder, prefix)
    if note := uses[0].remarks(model):
        print(f"{args.use.title()}: {note}", file=sys.stderr)
    return 0


def _batch(args: argparse.Namespace) -> int:
    folder, out = Folder(args.folder), Folder(args.out)
    if folder.path and not folder.path.is_dir():
        raise ValueError(f"{args.folder} is no folder")
    if out.path:
        check_folder("--out", out.path)
    if out.below(folder) == "":
        raise ValueError(f"--out is {args.out}, which holds the photographs themselves; choose another folder")
    jobs = check_range("jobs", cores() if args.jobs is None else args.jobs, 1, 1000)
    batch, names = Batch(out.address, read_screens(args.devices), args.train), photographs(folder, out)
    if not names:
        raise ValueError(f"{args.folder} holds no photographs")
    held = ray_cluster(make_alone, args.ray) if args.ray else processes(make_alone, min(jobs, len(names)))
    with locked(out.path) if out.path else nullcontext(), held as workers:
        bad = _make_all(folder, names, batch, workers)
    print(f"{len(names) - bad} of {len(names)} photographs are done: {args.out}/{SHEET_FILE} shows them")
    return 1 if bad else 0


def _make_all(folder: Folder, names: list[str], batch: Batch, workers: Workers) -> int:
    """Make what is missing of all photographs; return how many have a problem."""
    out, found = Folder(batch.out), list[Record]()
    if not out.exists(SHEET_FILE):
        write_sheet(out, found)
    bar = tqdm(total=len(names), desc="batch", unit="", smoothing=0, delay=BAR_DELAY, dynamic_ncols=True)
    try:
        with bar:
            for record, new in records(folder, names, batch, workers):
                found.append(record)
                bar.initial += not new  # what was there says nothing about the time left
                bar.update()
                if record.problem:
                    bar.write(f"batch: {record.photograph}: {record.problem}", file=sys.stderr)
    finally:
        write_sheet(out, found)
    return sum(it.problem is not None for it in found)


def _push(args: argparse.Namespace) -> int:
    print(ScenePipeline.from_pretrained(args.model).push_to_hub(args.repo))
    return 0


def _program() -> Commands:
    program = Commands("singan", "A SinGAN: one picture in; new ones, other sizes, animations out.")
    command = program.add("train", _train, "train on one picture; Ctrl-C keeps the finished scales")
    picture = "a picture of at least 32 px a side and at most 100 megapixels"
    command.add_argument("picture", metavar="PICTURE", type=commands.existing, help=picture)
    command.out("DIR", "folder for the model")
    presets = "; ".join(f"{name}: {note}" for name, note in PRESET_NOTES.items())
    command.add_argument("--preset", choices=PRESETS, default="standard", help=presets)
    side, factor = "longer side of the trained picture in px, 32 to 1024", "from the preset's scale factor"
    command.of_preset("max-size", help=side, type=int, metavar="PX")
    command.of_preset("scales", help="number of scales, 2 to 16", default=factor, type=int, metavar="K")
    more = f"{PRESETS['standard'].coarse_iterations:g} times as many"
    steps = f"most steps of a fine scale; the coarsest three have {more}, but in paper"
    command.of_preset("iterations", help=steps, type=int, metavar="N")
    command.training("0 or more", "go on from the last finished scale in DIR")

    for use in (*USES, RetargetPicture):
        command = program.add(use.title(), _use, f"{use.summary().rstrip('.')}: {use.FILES}", use=use)
        if use is not RetargetPicture:
            command.model()
        command.out("DIR", "folder for the files")
        commands.add_options(command, use)

    command = program.add("batch", _batch, "every photograph of a folder in the pixels of many screens; goes on anew")
    place = "a folder, or an address that fsspec knows, such as s3://BUCKET/FOLDER or hf://buckets/USER/NAME"
    command.add_argument("folder", metavar="FOLDER", type=commands.folder, help=f"with photographs: {place}")
    command.add_argument("--out", metavar="RESULTS", type=commands.folder, required=True, help=f"for results: {place}")
    screens = "sizes, WIDTHxHEIGHT in px, and phone, tablet, desktop and the like, with commas"
    command.add_argument("--devices", metavar="LIST", default=",".join(FIRST_SCREENS), help=screens)
    command.add_argument("--train", choices=PRESETS, help="a scene of each as well, by this preset")
    command.add_argument("--jobs", type=int, metavar="N", help="processes of one thread (default: one for each core)")
    command.add_argument("--ray", metavar="ADDRESS", help="of a Ray cluster that does it, or auto, or local")

    command = program.add("push", _push, "upload a scene to the Hugging Face Hub (needs a token)")
    command.model()
    command.add_argument("repo", metavar="USER/REPO", help="repository, made if missing")
    return program


def main(arguments: list[str] | None = None) -> int:
    """Run a command. Exit codes: 0 done, 1 training failed or a photograph could not be done, 2 bad input,
    130 after Ctrl-C, 143 after SIGTERM."""
    return _program().run(arguments, (TrainingError, WorkersError))


if __name__ == "__main__":
    sys.exit(main())
