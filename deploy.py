"""Put the app and its models on the Hugging Face Hub: python deploy.py USER/SPACE [--dry-run] [--private]

Each model of checkpoints/ goes to a repository of its own, USER/darkroom-NAME; the Space loads exactly those commits.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, SpaceHardware, Volume, get_token, metadata_load
from huggingface_hub.repocard import metadata_save
from huggingface_hub.utils import disable_progress_bars, validate_repo_id
from huggingface_hub.utils.logging import set_verbosity_error

from darkroom import commands
from darkroom.commands import Parser
from darkroom.model_files import HUB_ERRORS, MODEL_FILES, WEIGHTS_FILE
from darkroom.models import PREFIX
from dcgan import FacePipeline
from singan import ScenePipeline

ROOT = Path(__file__).parent
NEEDED = "app.py ui dcgan singan darkroom checkpoints examples docs requirements.txt README.md LICENSE".split()
README = "README.md"
FACES = "faces"  # the folder of checkpoints/ that holds no scene
UNPAID = (None, SpaceHardware.CPU_BASIC, SpaceHardware.ZERO_A10G)  # hardware that is not paid for by the hour
STORAGE_PATH = "/data"  # where app.py looks for a disk that outlives restarts


class DeployError(ValueError):
    """An error of deploying, with what was already done."""


@dataclass(frozen=True)
class Plan:
    """Contents and places of a deployment. Repositories are USER/NAME; files are relative to the project."""

    space: str
    files: list[str]
    models: dict[str, Path]  # folders by repository, faces first

    def variables(self, commits: Mapping[str, str]) -> dict[str, str]:
        """The Space's variables: its models, pinned to these commits."""
        pinned = {repo: f"{repo}@{commits[repo]}" for repo in self.models}
        faces = [pinned[repo] for repo, folder in self.models.items() if folder.name == FACES]
        scenes = [pinned[repo] for repo, folder in self.models.items() if folder.name != FACES]
        return {"DARKROOM_FACES": ",".join(faces), "DARKROOM_SCENES": ",".join(scenes)}


def make_plan(space: str) -> Plan:
    """Plan a deployment. Raises ValueError where `space` is not USER/SPACE or this is no git checkout."""
    if space.count("/") != 1:
        raise ValueError(f"{space!r} is no Space; USER/SPACE is needed")
    validate_repo_id(space)
    files = [file for file in tracked_files() if _is_shown_or_run(file)]
    folders = {(ROOT / file).parent for file in files if Path(file).match(f"checkpoints/*/{WEIGHTS_FILE}")}
    user = space.partition("/")[0]
    in_order = sorted(folders, key=lambda folder: (folder.name != FACES, folder.name))
    return Plan(space, files, {f"{user}/{PREFIX}{folder.name}": folder for folder in in_order})


def _is_shown_or_run(file: str) -> bool:
    """False for what only training and measuring take of a model."""
    return not file.startswith("checkpoints/") or Path(file).name in MODEL_FILES


def tracked_files() -> list[str]:
    """List the files under version control that the Space needs: nothing else is ever uploaded."""
    files = _git_files()
    if not files:
        raise ValueError(f"{ROOT} holds none of the project's files under version control")
    return files


def _git_files(*options: str) -> list[str]:
    """Needed files as `git ls-files` lists them. Raises ValueError outside a git checkout."""
    command = ["git", "ls-files", "-z", *options, "--", *NEEDED]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", errors="surrogateescape")
    if result.returncode:
        raise ValueError(f"{ROOT} is no git checkout: {result.stderr.strip()}")
    return [file for file in result.stdout.split("\0") if file]


def show(plan: Plan) -> None:
    """Print what `deploy` does."""
    sizes = {file: (ROOT / file).stat().st_size for file in plan.files}
    for repo, folder in plan.models.items():
        size = sum((folder / name).stat().st_size for name in MODEL_FILES if (folder / name).exists())
        print(f"model     {size / 1e3:9.1f} kB  {repo} (from {folder.relative_to(ROOT)})")
    for file, size in sizes.items():
        print(f"file      {size / 1e3:9.1f} kB  {file}")
    for file in _git_files("--others", "--exclude-standard"):
        print(f"left out, as git does not know it: {file}")
    for name, value in plan.variables(dict.fromkeys(plan.models, "COMMIT")).items():
        print(f"variable  {name}={value}")
    print(f"Space     {sum(sizes.values()) / 1e3:9.1f} kB  {plan.space}, {len(plan.files)} files")


@dataclass(frozen=True)
class Options:
    """Describe the Space and its repositories. hardware, sleep_time (s, -1: never): of a new Space; None: what the Hub
    gives. storage: the bucket, USER/NAME, whose files outlive restarts."""

    private: bool = False
    hardware: SpaceHardware | None = None
    sleep_time: int | None = None
    storage: str | None = None

    def __post_init__(self) -> None:
        if self.sleep_time is not None and self.hardware in UNPAID:
            raise ValueError("--sleep-time is for paid --hardware: a Space on free hardware sleeps after 48 hours")
        if self.sleep_time is not None and self.sleep_time != -1 and self.sleep_time < 1:
            raise ValueError(f"--sleep-time is {self.sleep_time}; seconds are needed, or -1: never")
        if self.storage is not None and self.storage.count("/") != 1:
            raise ValueError(f"--storage is {self.storage!r}; a bucket, USER/NAME, is needed")


def check_account(account: Mapping[str, Any], plan: Plan, options: Options) -> None:
    """Raise ValueError where an account, as the Hub describes a token's, may not deploy this."""
    if account.get("auth", {}).get("accessToken", {}).get("role") == "read":
        raise ValueError("the token may only read; make one that may write, at huggingface.co/settings/tokens")
    names = [account["name"], *(organisation["name"] for organisation in account.get("orgs", ()))]
    for repo in filter(None, (plan.space, options.storage)):
        if repo.partition("/")[0] not in names:
            raise ValueError(f"{repo} cannot be written to: the token is of {', '.join(names)}")
    if options.hardware and options.hardware not in UNPAID and account.get("canPay") is False:
        raise ValueError(f"{options.hardware.value} is paid by the hour, and the account has no way to pay yet")


def deploy(plan: Plan, options: Options) -> str:
    """Push the models, then the app with their commits; return the Space's address.

    Raises ValueError before anything is made where the account may not do it, and DeployError.
    """
    done: list[str] = []
    commits: dict[str, str] = {}
    api, private = HfApi(), options.private
    try:
        check_account(api.whoami(), plan, options)
        # First, as the Hub may refuse it to this account.
        space = api.create_repo(
            plan.space, repo_type="space", space_sdk="gradio", space_hardware=options.hardware,
            space_sleep_time=options.sleep_time, private=private, exist_ok=True,
        )  # fmt: skip
        _note(done, f"made sure of the Space {plan.space}")
        variables = {}
        if options.storage:
            api.create_bucket(options.storage, private=True, exist_ok=True)
            api.set_space_volumes(plan.space, [Volume(type="bucket", source=options.storage, mount_path=STORAGE_PATH)])
            variables["XDG_CACHE_HOME"] = STORAGE_PATH
            _note(done, f"mounted {options.storage} at {STORAGE_PATH}")
        for repo, folder in plan.models.items():
            commits[repo] = push(folder, repo, private)
            _note(done, f"pushed {repo}@{commits[repo]}")
        # The variables before the files: either starts a build.
        for name, value in (variables | plan.variables(commits)).items():
            api.add_space_variable(plan.space, name, value)
            _note(done, f"set {name}")
        with tempfile.TemporaryDirectory() as staged:
            stage(plan, commits, Path(staged), private)
            api.upload_folder(
                repo_id=plan.space,
                repo_type="space",
                folder_path=staged,
                delete_patterns="*",  # what the app no longer has
                commit_message="Deploy the app",
            )
    except (*HUB_ERRORS, ValueError) as error:
        raise DeployError(f"{error}; done before: {'; '.join(done) or 'nothing'}") from None
    return str(space)


def _note(done: list[str], what: str) -> None:
    done.append(what)
    print(what)


def push(folder: Path, repo: str, private: bool) -> str:
    """Upload a model with its card; return the commit that holds it, a new one only where something changed."""
    pipeline = (FacePipeline if folder.name == FACES else ScenePipeline).from_pretrained(folder)
    address = pipeline.push_to_hub(repo, private)
    commit = address.rpartition("/commit/")[2]
    if not re.fullmatch("[0-9a-f]{40}", commit):
        raise ValueError(f"{repo} was pushed, but {address} names no commit")
    return commit


def stage(plan: Plan, commits: Mapping[str, str], folder: Path, private: bool) -> None:
    """Copy the app into a folder, the README with the models' commits in its front matter.

    A Space has what `preload_from_hub` names in its cache when it starts. Private models are left out there: the
    running app fetches them, with the Space's secret HF_TOKEN.
    """
    for file in plan.files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, folder / file)
    front_matter = metadata_load(folder / README) or {}
    front_matter["models"] = list(plan.models)
    if not private:
        held = {repo: ",".join(it for it in MODEL_FILES if (plan.models[repo] / it).exists()) for repo in commits}
        front_matter["preload_from_hub"] = [f"{repo} {held[repo]} {commit}" for repo, commit in commits.items()]
    metadata_save(folder / README, front_matter)


def main(arguments: list[str] | None = None) -> int:
    """Deploy. The exit code: 0 done, 2 bad input, no token or the Hub refused, 130 after Ctrl-C, 143 after SIGTERM."""
    parser = Parser(prog="deploy", description="Put the app and its models on the Hugging Face Hub.")
    parser.add_argument("space", metavar="USER/SPACE", help="made if missing, brought up to date otherwise")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be uploaded; no request, no token")
    parser.add_argument("--private", action="store_true", help="new repositories are private; needs a secret HF_TOKEN")
    hardware = [it.value for it in SpaceHardware]
    parser.add_argument("--hardware", choices=hardware, metavar="NAME", help=f"of a new Space: {', '.join(hardware)}")
    sleep = "seconds without visitors after which a new Space on paid hardware sleeps, which costs nothing; -1: never"
    parser.add_argument("--sleep-time", type=int, metavar="SECONDS", help=sleep)
    storage = f"bucket, made if missing, for what is to outlive restarts; it is mounted at {STORAGE_PATH}"
    parser.add_argument("--storage", metavar="USER/BUCKET", help=storage)
    args = parser.parse_args(arguments)
    if not sys.stderr.isatty():
        disable_progress_bars()
        set_verbosity_error()  # what it does, deploy.py says itself
    return commands.run("deploy", lambda: _deployed(args), stopped="stopped; run it again to bring the rest up to date")


def _deployed(args: argparse.Namespace) -> int:
    plan = make_plan(args.space)
    hardware = SpaceHardware(args.hardware) if args.hardware else None
    options = Options(args.private, hardware, args.sleep_time, args.storage)
    show(plan)
    if args.dry_run:
        return 0
    if not get_token():
        raise ValueError("there is no token; run `hf auth login`, or set HF_TOKEN to one that may write")
    address = deploy(plan, options)
    if args.private:
        print("the models are private: give the Space a secret HF_TOKEN that may read them")
    print(address)
    return 0


if __name__ == "__main__":
    sys.exit(main())
