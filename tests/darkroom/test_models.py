"""Models by name: folders, the Hub's cache, the Hub, and what stands in where it fails."""

import re
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from darkroom.models import Models, model_name
from dcgan import FacePipeline
from singan import ScenePipeline
from tests.darkroom.models_case import identity, serve

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"
DEAD = "http://127.0.0.1:9"


@pytest.fixture
def shipped(tmp_path) -> Path:
    """A shipped face model of the name `lake`."""
    return Path(shutil.copytree(CHECKPOINTS / "faces", tmp_path / "shipped" / "lake"))


def load(kind: str, folder: Path) -> str:
    return identity(kind, (FacePipeline if kind == "faces" else ScenePipeline).from_pretrained(folder))


def scenes(*models: str | Path, shipped: tuple[str, ...] = ("peaks", "stream")) -> Models[ScenePipeline]:
    return Models(list(map(str, models)), [CHECKPOINTS / name for name in shipped], ScenePipeline.from_pretrained)


@pytest.fixture
def asked(hub, tmp_path):
    """Serve scenes by name, with `peaks` shipped, in a process of its own; all have one cache."""

    def ask(*models: str, address: str = hub.address, **options):
        return serve("scenes", models, [CHECKPOINTS / "peaks"], tmp_path / "home", address, **options)

    return ask


def test_a_model_is_named_after_its_last_part():
    names = {"checkpoints/peaks": "peaks", "user/darkroom-peaks": "peaks", "user/lake@main": "lake", "a/b@c/d": "b"}
    assert {model: model_name(model) for model in names} == names


def test_folders_serve_in_the_order_given():
    models = scenes(CHECKPOINTS / "stream", CHECKPOINTS / "peaks")
    assert models.names == ["stream", "peaks"] and not models.notes() and not models.busy
    assert models.get("peaks").source == ScenePipeline.from_pretrained(CHECKPOINTS / "peaks").source
    with pytest.raises(ValueError, match="no model 'autumn'; there are stream, peaks"):
        models.get("autumn")
    assert scenes().names == ["peaks", "stream"]  # all that are shipped, without a wish
    models = Models([], [CHECKPOINTS / "peaks"], ScenePipeline.from_pretrained, lambda scene: (scene, "ready"))
    assert models.get("peaks")[1] == "ready"


def test_what_is_no_model_is_refused():
    for model in ("lake", "a/b/c", "user/", "/nowhere/at/all", "user/la ke"):
        with pytest.raises(ValueError, match=re.escape(model)):
            scenes(model)
    with pytest.raises(ValueError, match="two models are named 'peaks'"):
        scenes(CHECKPOINTS / "peaks", "user/darkroom-peaks")


def test_the_shipped_weights_stand_in_for_a_damaged_folder(tmp_path):
    folder = tmp_path / "peaks"
    shutil.copytree(CHECKPOINTS / "stream", folder)
    (folder / "config.json").write_text("{")
    models = scenes(folder)
    assert models.get("peaks").source == ScenePipeline.from_pretrained(CHECKPOINTS / "peaks").source
    (note,) = models.notes()
    assert note.startswith("peaks: damaged: ") and note.endswith("; the shipped weights are used")
    assert str(tmp_path) not in note


def test_a_folder_that_nothing_stands_in_for_is_left_out(tmp_path):
    (tmp_path / "lake").mkdir()
    models = scenes(tmp_path / "lake", CHECKPOINTS / "stream")
    assert models.names == ["stream"]
    assert models.notes() == ["lake: no trained scene: config.json is missing; the other models are used"]
    models = scenes(tmp_path / "lake")
    assert models.names == ["peaks", "stream"] and models.notes()[0].endswith("; the shipped models are used")


def test_a_model_comes_in_the_background_and_is_cached(hub, tiny_faces_folder, shipped, tmp_path):
    hub.fill("user/darkroom-lake", tiny_faces_folder)
    model = f"user/darkroom-lake@{hub.commit('user/darkroom-lake')}"
    hub.seconds_before_answers = 0.5
    cold = serve("faces", [model], [shipped], tmp_path / "home", hub.address)
    assert cold["first"]["served"] == {"lake": load("faces", shipped)} and cold["first"]["busy"]
    assert cold["first"]["notes"] == ["lake: waiting for the Hub; the shipped weights until then"]
    assert cold["last"]["served"] == {"lake": load("faces", tiny_faces_folder)} and cold["last"]["notes"] == []
    assert not any("training" in request for request in hub.requests)

    hub.requests.clear()
    warm = serve("faces", [model], [shipped], tmp_path / "home", hub.address)
    assert warm["first"]["served"] == {"lake": load("faces", tiny_faces_folder)}
    assert warm["first"]["notes"] == [] and not warm["first"]["busy"]
    assert hub.requests == []


def test_progress_is_told_in_megabytes(hub, asked):
    size = sum(map(len, hub.fill("user/darkroom-peaks", CHECKPOINTS / "autumn").values()))
    hub.seconds_between_parts = 0.1
    case = asked("user/darkroom-peaks")
    pattern = rf"peaks: (\d\.\d) of {size / 1e6:.1f} MB from the Hub; the shipped weights until then"
    told = [float(match[1]) for note in case["notes"] if (match := re.fullmatch(pattern, note))]
    assert told and told == sorted(set(told))
    assert case["last"]["served"] == {"peaks": load("scenes", CHECKPOINTS / "autumn")}


def test_every_fault_of_the_hub_is_named_and_survived(hub, tiny_faces_folder, shipped, tmp_path):
    names = ["whole", "cut", "bare", "thin", "none", "gone"]
    stand_ins = [shipped.parent / name for name in names]
    for name, folder in zip(names, stand_ins, strict=True):
        shutil.copytree(shipped, folder)
        if name != "none":
            hub.fill(f"user/darkroom-{name}", tiny_faces_folder)
    cut, thin = hub.repos["user/darkroom-cut"], hub.repos["user/darkroom-thin"]
    cut["model.safetensors"] = cut["model.safetensors"][:-99]
    del hub.repos["user/darkroom-bare"]["config.json"]
    tensors = load_file(tiny_faces_folder / "model.safetensors")
    missing = sorted(tensors)[0]
    save_file({name: value for name, value in tensors.items() if name != missing}, tmp_path / "thin")
    thin["model.safetensors"] = (tmp_path / "thin").read_bytes()

    models = [f"user/darkroom-{name}" for name in names[:-1]] + ["user/darkroom-gone@" + "0" * 40]
    case = serve("faces", models, stand_ins, tmp_path / "home", hub.address)
    stands_in, arrived = load("faces", shipped), load("faces", tiny_faces_folder)
    assert case["last"]["served"] == {name: arrived if name == "whole" else stands_in for name in names}
    notes = {
        note.partition(":")[0]: note.removesuffix("; the shipped weights are used") for note in case["last"]["notes"]
    }
    assert notes["cut"].startswith("cut: damaged: ")
    assert notes["bare"] == "bare: user/darkroom-bare has no config.json"
    assert notes["thin"].startswith("thin: damaged: ") and missing.partition(".")[2] in notes["thin"]
    assert notes["none"] == "none: there is no repository user/darkroom-none that may be read here"
    assert notes["gone"] == f"gone: user/darkroom-gone has no revision {'0' * 40}"
    assert len(notes) == 5 and all(note.endswith("the shipped weights are used") for note in case["last"]["notes"])


def test_a_dead_hub_is_survived_at_once(shipped, tmp_path):
    models = ["user/darkroom-lake", "user/sea@" + "0" * 40]
    case = serve("faces", models, [shipped], tmp_path / "home", DEAD)
    assert case["last"]["served"] == {"lake": load("faces", shipped)} and case["last"]["seconds"] < 10
    assert case["last"]["notes"] == [
        "lake: the Hub cannot be reached; the shipped weights are used",
        "sea: the Hub cannot be reached; the other models are used",
    ]


def test_a_hub_that_does_not_answer_is_given_up(hub, asked):
    hub.fill("user/lake", CHECKPOINTS / "autumn")
    hub.seconds_before_answers = 60
    case = asked("user/lake", answer=1)
    assert case["last"]["seconds"] < 10 and list(case["last"]["served"]) == ["peaks"]
    assert case["last"]["notes"] == ["lake: the Hub cannot be reached; the shipped models are used"]


def test_a_hub_that_falls_silent_is_told(hub, asked):
    hub.fill("user/darkroom-peaks", CHECKPOINTS / "autumn")
    hub.seconds_between_parts = 60
    case = asked("user/darkroom-peaks", "user/lake", silence=1, until=4)
    assert case["last"]["busy"] and case["last"]["served"] == {"peaks": load("scenes", CHECKPOINTS / "peaks")}
    assert case["last"]["notes"] == [
        "peaks: nothing has come from the Hub for 1 s; the shipped weights are used",
        "lake: nothing has come from the Hub for 1 s; the other models are used",
    ]


def test_a_branch_is_served_from_the_cache_and_brought_up_to_date(hub, asked):
    hub.fill("user/sea", CHECKPOINTS / "autumn")
    autumn, stream, peaks = (load("scenes", CHECKPOINTS / name) for name in ("autumn", "stream", "peaks"))
    hub.seconds_before_answers = 0.5
    fetched = asked("user/sea")  # which nothing stands in for
    assert fetched["first"]["served"] == {"peaks": peaks} and fetched["last"]["served"] == {"sea": autumn}
    assert fetched["first"]["notes"] == ["sea: waiting for the Hub; the shipped models until then"]

    hub.requests.clear()
    same = asked("user/sea")
    assert same["first"]["served"] == same["last"]["served"] == {"sea": autumn} and same["last"]["notes"] == []
    assert len(hub.requests) == 1

    hub.fill("user/sea", CHECKPOINTS / "stream")
    newer = asked("user/sea")
    assert newer["first"]["served"] == {"sea": autumn} and newer["last"]["served"] == {"sea": stream}

    dead = asked("user/sea", address=DEAD)
    assert dead["last"]["served"] == {"sea": stream}
    assert dead["last"]["notes"] == ["sea: the Hub cannot be reached; the cached weights are used"]


def test_a_damaged_copy_in_the_cache_is_fetched_anew(hub, asked, tmp_path):
    hub.fill("user/sea", CHECKPOINTS / "autumn")
    model = f"user/sea@{hub.commit('user/sea')}"
    asked(model)
    (weights,) = (tmp_path / "home").glob("hub/*/snapshots/*/model.safetensors")
    whole = weights.read_bytes()
    weights.resolve().write_bytes(whole[:1000])
    case = asked(model)
    assert list(case["first"]["served"]) == ["peaks"]
    assert case["last"]["served"] == {"sea": load("scenes", CHECKPOINTS / "autumn")} and case["last"]["notes"] == []
    assert weights.read_bytes() == whole
