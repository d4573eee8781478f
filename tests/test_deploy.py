"""deploy.py with the real huggingface_hub client against a loopback Hub."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from huggingface_hub import SpaceHardware

import deploy
from dcgan import FacePipeline
from singan import ScenePipeline
from tests import forked
from tests.darkroom.models_case import identity, serve
from tests.hub import Hub, client_environment, running_hub

ROOT = Path(__file__).parents[1]
SPACE = "spaces/user/darkroom"


def call(hub: Hub, home: Path, *arguments: str, token: str = "hf_test") -> subprocess.CompletedProcess[str]:
    return forked.run("deploy", [*arguments], client_environment(hub.address, str(home), token))


def front_matter(readme: str) -> dict:
    return yaml.safe_load(readme.split("---\n")[1])


@pytest.fixture(scope="module")
def deployed(tmp_path_factory) -> Iterator[tuple[Hub, str]]:
    """A Hub to which the app was deployed, and what deploy.py said."""
    with running_hub() as hub:
        result = call(hub, tmp_path_factory.mktemp("home"), "user/darkroom", "--hardware", "zero-a10g",
                      "--storage", "user/kept")  # fmt: skip
        assert result.returncode == 0, result.stderr
        yield hub, result.stdout


@pytest.fixture(scope="module")
def plan() -> deploy.Plan:
    return deploy.make_plan("user/darkroom")


def test_the_front_matter_is_what_a_space_needs():
    about = front_matter((ROOT / "README.md").read_text())
    pins = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text().split())
    assert about["sdk"] == "gradio" and about["sdk_version"] == pins["gradio"]
    assert about["title"] and about["license"] == "mit" and len(about["emoji"].strip("\ufe0f")) == 1
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {about["colorFrom"], about["colorTo"]} <= colours
    assert about["python_version"] in ("3.12.12", "3.10.13")  # those of ZeroGPU
    assert (ROOT / about["app_file"]).is_file() and len(about["short_description"]) <= 60


def test_every_tracked_model_is_planned_and_nothing_that_the_space_does_not_need(plan):
    folders = {path.parent.name for path in (ROOT / "checkpoints").glob("*/model.safetensors")}
    tracked = {folder for folder in folders if f"checkpoints/{folder}/model.safetensors" in plan.files}
    assert {"faces", "peaks", "autumn", "stream"} <= tracked
    assert plan.models == {f"user/darkroom-{name}": ROOT / "checkpoints" / name for name in tracked}
    assert next(iter(plan.models)) == "user/darkroom-faces"
    assert {"app.py", "requirements.txt", "README.md", "LICENSE", "ui/page.py", "docs/faces.png"} <= set(plan.files)
    assert {path.partition("/")[0] for path in plan.files} <= set(deploy.NEEDED)
    assert not any("judge" in path or "training.safetensors" in path or "__pycache__" in path for path in plan.files)


@pytest.mark.soak
def test_the_app_finds_its_own_modules_in_what_is_uploaded(plan, tmp_path):
    deploy.stage(plan, dict.fromkeys(plan.models, "0" * 40), tmp_path, private=False)
    command = [sys.executable, "-c", "import app, ui.page; print(app.__file__, *app.shipped_scenes())"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert str(tmp_path / "app.py") in result.stdout and str(tmp_path / "checkpoints" / "peaks") in result.stdout


def test_a_name_that_is_no_space_is_one_line(capsys):
    for name in ("darkroom", "a/b/c", "user/", "user/dark room", "user/darkroom@main"):
        assert deploy.main([name, "--dry-run"]) == 2
        error = capsys.readouterr().err
        assert name in error and error.count("\n") == 1
    with pytest.raises(SystemExit) as stop:
        deploy.main([])
    assert stop.value.code == 2 and capsys.readouterr().err.count("\n") == 1


def test_what_would_be_refused_is_refused_before_anything_is_made(hub, plan, capsys, tmp_path):
    for arguments, message in (
        (["--sleep-time", "600"], "--sleep-time is for paid --hardware"),
        (["--hardware", "zero-a10g", "--sleep-time", "600"], "--sleep-time is for paid --hardware"),
        (["--hardware", "t4-small", "--sleep-time", "0"], "--sleep-time is 0; seconds are needed"),
        (["--storage", "kept"], "--storage is 'kept'; a bucket, USER/NAME, is needed"),
    ):
        assert deploy.main(["user/darkroom", "--dry-run", *arguments]) == 2
        assert message in capsys.readouterr().err
    paid = deploy.Options(hardware=SpaceHardware.T4_SMALL)
    for account, options, message in (
        ({"auth": {"accessToken": {"role": "read"}}}, deploy.Options(), "may only read"),
        ({"name": "me", "orgs": [{"name": "us"}]}, deploy.Options(), "user/darkroom cannot .* token is of me, us"),
        ({"name": "user"}, deploy.Options(storage="other/kept"), "other/kept cannot be written to"),
        ({"name": "user", "canPay": False}, paid, "t4-small is paid by the hour"),
    ):
        with pytest.raises(ValueError, match=message):
            deploy.check_account(account, plan, options)
    deploy.check_account({"name": "me", "orgs": [{"name": "user"}], "canPay": True}, plan, paid)
    hub.account["name"] = "somebody"
    result = call(hub, tmp_path, "user/darkroom")
    assert result.returncode == 2 and "done before: nothing\n" in result.stderr
    assert hub.requests == ["GET /api/whoami-v2"]


def test_a_dry_run_shows_everything_without_token_or_request(hub, plan, tmp_path):
    result = call(hub, tmp_path, "user/darkroom", "--dry-run", token="")
    assert result.returncode == 0 and hub.requests == [] and not result.stderr
    shown = result.stdout
    for text in (*plan.models, *plan.files, "user/darkroom, "):
        assert text in shown
    assert "DARKROOM_FACES=user/darkroom-faces@COMMIT\n" in shown
    sizes = [float(size) for size in re.findall(r"^file +([\d.]+) kB", shown, re.M)]
    total = sum((ROOT / file).stat().st_size for file in plan.files) / 1e3
    assert len(sizes) == len(plan.files) and sum(sizes) == pytest.approx(total, abs=0.1 * len(sizes))


def test_every_model_has_its_repository_and_the_space_names_their_commits(deployed, plan):
    hub, said = deployed
    for repo, folder in plan.models.items():
        held = {"config.json", "model.safetensors", "README.md"}
        assert set(hub.repos[repo]) == (held if "faces" in repo else {*held, "photograph.jpg"})
        assert hub.repos[repo]["README.md"] == (folder / "README.md").read_bytes()
    files, pinned = hub.repos[SPACE], {repo: f"{repo}@{hub.commit(repo)}" for repo in plan.models}
    assert set(files) == set(plan.files)
    assert all(files[path] == (ROOT / path).read_bytes() for path in plan.files if path != "README.md")

    faces, *scenes = pinned.values()
    models = {"DARKROOM_FACES": faces, "DARKROOM_SCENES": ",".join(scenes)}
    assert hub.variables[SPACE] == {**models, "XDG_CACHE_HOME": "/data"}
    assert hub.volumes == {SPACE: [{"type": "bucket", "source": "user/kept", "mountPath": "/data"}]}
    here, there = (ROOT / "README.md").read_text(), files["README.md"].decode()
    wanted = {repo: "config.json,model.safetensors,README.md" for repo in plan.models}
    wanted |= {repo: f"{named},photograph.jpg" for repo, named in wanted.items() if "faces" not in repo}
    assert front_matter(there) == {
        **front_matter(here),
        "models": list(plan.models),
        "preload_from_hub": [f"{repo} {wanted[repo]} {hub.commit(repo)}" for repo in plan.models],
    }
    assert list(front_matter(there))[:-2] == list(front_matter(here))
    assert there.split("---\n", 2)[2] == here.split("---\n", 2)[2]
    assert said.endswith(f"{hub.address}/{SPACE}\n")
    assert hub.hardware == {SPACE: "zero-a10g", **dict.fromkeys(plan.models)}
    made = [request for request in hub.requests if request == "POST /api/repos/create" or "/commit/" in request]
    assert made[0] == "POST /api/repos/create" and made[-1] == f"POST /api/{SPACE}/commit/main"


@pytest.mark.soak
def test_a_second_deployment_brings_the_space_up_to_date(deployed, plan, tmp_path):
    hub, _ = deployed
    before = {repo: hub.commit(repo) for repo in hub.repos}
    hub.repos[SPACE] |= {"ui/old.py": b"", "app.py": b"old", ".gitattributes": b"*.png filter=lfs"}
    hub.variables[SPACE]["DARKROOM_FACES"] = "old"
    hub.requests.clear()
    assert call(hub, tmp_path, "user/darkroom").returncode == 0
    del hub.repos[SPACE][".gitattributes"]  # the Hub's own: it stays
    assert {repo: hub.commit(repo) for repo in hub.repos} == before
    assert hub.variables[SPACE]["DARKROOM_FACES"] == f"user/darkroom-faces@{before['user/darkroom-faces']}"
    assert [request for request in hub.requests if "/commit/" in request] == [f"POST /api/{SPACE}/commit/main"]


@pytest.mark.soak
def test_the_deployed_models_are_the_shipped_ones(deployed, plan, tmp_path):
    hub, _ = deployed
    variables = {name: value.split(",") for name, value in hub.variables[SPACE].items() if "DARKROOM" in name}
    kinds = {"faces": ("DARKROOM_FACES", FacePipeline), "scenes": ("DARKROOM_SCENES", ScenePipeline)}
    for kind, (variable, pipeline) in kinds.items():
        folders = [plan.models[model.partition("@")[0]] for model in variables[variable]]
        hub.requests.clear()
        case = serve(kind, variables[variable], [], tmp_path, hub.address)
        expected = {folder.name: identity(kind, pipeline.from_pretrained(folder)) for folder in folders}
        assert case["last"]["served"] == expected and case["last"]["notes"] == []
        assert len([request for request in hub.requests if "model.safetensors" in request]) == 2 * len(folders)


def test_private_models_are_not_preloaded(plan, tmp_path):
    commits = dict.fromkeys(plan.models, "0" * 40)
    deploy.stage(plan, commits, tmp_path, private=True)
    about = front_matter((tmp_path / "README.md").read_text())
    assert about["models"] == list(plan.models) and "preload_from_hub" not in about


@pytest.mark.soak
def test_a_push_that_fails_says_what_was_done(hub, tmp_path):
    for token, refusing, message in (
        ("", set(), "there is no token"),
        ("hf_test", {"user/darkroom-faces"}, "403.*done before: made sure of the Space user/darkroom\n"),
        ("hf_test", {SPACE}, "403.*set DARKROOM_FACES; set DARKROOM_SCENES\n"),
    ):
        hub.read_only = refusing
        result = call(hub, tmp_path, "user/darkroom", token=token)
        assert result.returncode == 2 and result.stderr.count("\n") == 1, result.stderr
        assert re.search(message, result.stderr), result.stderr
        assert bool(hub.requests) == bool(token)
