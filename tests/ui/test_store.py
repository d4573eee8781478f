"""Scenes by name: shipped, trained by visitors, brought by them."""

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from singan import ScenePipeline, train
from singan.checkpoint import Checkpoint, save_zip
from singan.config import from_preset
from singan.image import open_picture
from singan.model import Pyramid
from ui.errors import described
from ui.scenes.store import SceneStore
from ui.visitors import Limits, Visitor, display_name

ME = Visitor("me", "me", "1.1.1.1")


def test_shipped_scenes_are_known_by_their_folder_and_others_refused(store, tiny_scene):
    assert store.names("anybody") == ["tiny"] and store.get("tiny").size == tiny_scene.size
    assert store.get("tiny") is store.get("tiny")
    for name in ("nothing", "../tiny"):
        with pytest.raises(ValueError, match="there is no scene"):
            store.get(name)


def begin(store, session, file, config):
    given = store.begin(Visitor(session, session, session), str(file), open_picture(file), config)
    return given.scene, given.checkpoint


def trained(store, session, picture_file, checkpoint, config):
    """The name of a scene that this visitor has trained."""
    name, found = begin(store, session, picture_file, config)
    assert found is None
    store.keep(name, checkpoint)
    store.end(name)
    return name


def limited(store, **limits):
    """Another store that ships the same."""
    return SceneStore(store.shipped, store.device, limits=Limits(**limits))


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Lists what lies in the folders that stores make for themselves."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    return lambda: sorted((tmp_path / "temporary").glob("darkroom-*/*"))


def test_a_visitors_scene_is_nobody_elses_and_is_found_again(store, tiny_checkpoint, picture_file, tiny_config):
    name = trained(store, "me", picture_file, tiny_checkpoint, tiny_config)
    assert name.startswith("discs-") and store.names("me") == [name, "tiny"] and store.names("you") == ["tiny"]
    again, found = begin(store, "me", picture_file, tiny_config)
    assert again == name and found is not None and found.scene.finished
    others, found = begin(store, "you", picture_file, tiny_config)
    assert others != name and found is None
    name, found = begin(store, "me", picture_file, replace(tiny_config, seed=9))  # Nor is a shipped one trained again.
    assert name == "tiny" and found is not None and found.scene.finished


def unfinished(picture_file, config):
    """A checkpoint of the first scale."""
    return next(record.checkpoint for record in train(picture_file, config, "cpu") if record.scene)


def test_a_stopped_training_is_gone_on_with_by_its_name(store, tiny_checkpoint, picture_file, tiny_config):
    name = trained(store, "me", picture_file, unfinished(picture_file, tiny_config), tiny_config)
    assert store.resumable(name) and not store.resumable("tiny")
    given = store.resume(name)
    assert Path(given.picture).read_bytes() == picture_file.read_bytes() and given.config == tiny_config
    assert given.checkpoint.scene.scales == 1 and not store.resumable(name)  # it is being trained now
    second, found = begin(store, "me", picture_file, tiny_config)
    assert second != name and found is None  # no other training goes on with it
    *_, last = train(given.picture, given.config, "cpu", given.checkpoint)
    wanted = tiny_checkpoint.scene.pyramid.state_dict()
    for tensor, value in last.scene.pyramid.state_dict().items():
        assert torch.equal(value, wanted[tensor])  # as if it had never been stopped
    with pytest.raises(ValueError, match="cannot be gone on with"):
        store.resume("tiny")


def test_a_layout_is_gone_on_with_to_the_whole(store, tiny_checkpoint, picture_file, tiny_config):
    coarse = replace(tiny_config, until=min(tiny_checkpoint.scene.pyramid.config.sizes[1]))
    *_, layout = train(picture_file, coarse, "cpu")
    name = trained(store, "me", picture_file, layout.checkpoint, coarse)
    assert store.get(name).finished and store.resumable(name)
    assert begin(store, "me", picture_file, coarse) == (name, Checkpoint(store.get(name), ()))
    again, found = begin(store, "me", picture_file, tiny_config)  # as Train does with another preset
    assert again == name and found.scene.scales == 2
    store.end(name)
    given = store.resume(name)
    assert given.config == tiny_config and given.checkpoint.scene.scales == 2


def test_a_scene_goes_into_a_file_and_comes_back(store, tiny_scene, tmp_path):
    save_zip(store.get("tiny"), tmp_path / "tiny-0a1b2c3d.zip")
    name = store.add(ME, str(tmp_path / "tiny-0a1b2c3d.zip"))
    assert name.startswith("tiny-") and not name.startswith("tiny-0a1b2c3d")
    assert store.get(name).sample(1)[0].tobytes() == tiny_scene.sample(1)[0].tobytes()
    assert store.names("me") == [name, "tiny"] and not store.resumable(name)


def zipped(path, method=zipfile.ZIP_DEFLATED, **files):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return str(path)


def test_files_that_are_no_scene_are_refused_and_nothing_stays(folders, store, tiny_folder, tiny_scene, tmp_path):
    config, weights = ((tiny_folder / name).read_bytes() for name in ("config.json", "model.safetensors"))
    greedy = json.loads(config)
    greedy["model"]["sizes"][0] = [1_000_000, 1_000_000]

    def costly(**changes):
        """A scene that would keep the device for minutes."""
        pyramid = Pyramid(replace(tiny_scene.pyramid.config, **changes), 3)
        ScenePipeline(pyramid, tiny_scene.train_config).save_pretrained(folder := tmp_path / "-".join(changes))
        files = {path.name.replace(".", "_"): path.read_bytes() for path in folder.iterdir()}
        return zipped(tmp_path / f"{folder.name}.zip", **files)

    few = {"config_json": config, "model_safetensors": bytes(1_000_000)}  # zipfile bounds what deflate unpacks, only.
    cases = [
        ("is not a picture", str(tiny_folder / "config.json")),
        ("model.safetensors is missing", zipped(tmp_path / "a.zip", config_json=config)),
        (
            "a scale's height is 1000000",
            zipped(tmp_path / "c.zip", config_json=json.dumps(greedy), model_safetensors=weights),
        ),
        ("more than 80 MB", zipped(tmp_path / "d.zip", config_json=config, model_safetensors=bytes(81_000_000))),
        ("config.json is missing", zipped(tmp_path / "e.zip", x__config_json=config, model_safetensors=weights)),
        ("by a method that is not known here", zipped(tmp_path / "f.zip", zipfile.ZIP_BZIP2, **few)),
        ("channels is 256; allowed are 1 to 128", costly(channels=(256,) * 3)),
        ("pixels of all scales is 3145728; allowed are 1 to 2600000", costly(sizes=((1024, 1024),) * 3)),
    ]
    for message, path in cases:
        with pytest.raises(ValueError, match=message):
            store.add(ME, path)
        assert store.names("me") == ["tiny"] and not folders()


def test_names_come_from_the_file_and_cannot_be_guessed(store, tiny_checkpoint, tiny_config, picture_file, tmp_path):
    for stem, start in (("My Holiday (1)", "my-holiday-1-"), ("..", "picture-")):
        shutil.copyfile(picture_file, tmp_path / f"{stem}.JPG")
        name = trained(store, stem, tmp_path / f"{stem}.JPG", tiny_checkpoint, tiny_config)
        assert name.startswith(start) and "/" not in name and len(name.rpartition("-")[2]) == 14
        assert display_name(name) == start[:-1]  # as files are called, too
        assert Path(store.pack(name, tmp_path)).name == f"{start[:-1]}.zip"
    for name in ("the-thunderstorms", "peaks", "rhythms-of-the-cliffs"):
        assert display_name(name) == name  # no word is taken for a secret


def test_a_photograph_is_used_at_once_and_trained_later(store, picture_file, tmp_path):
    name = store.add(ME, str(picture_file))
    scene = store.get(name)
    with Image.open(picture_file) as picture:
        assert scene.original.size == picture.size
    assert store.names("me") == [name, "tiny"] and not scene.trained and store.resumable(name)
    assert scene.retarget((90, 40), mode="fit")[0].size == (90, 40)
    assert scene.sample(1, enlarge=True)[0].size == scene.print_size
    for use in (scene.animate, scene.sample, scene.reconstruction):
        with pytest.raises(ValueError, match="not trained yet"):
            use()
    given = store.resume(name)
    assert given.checkpoint is None and given.config == from_preset("layout") and store.get(name) is scene
    *_, last = train(given.picture, replace(given.config, iterations=1), "cpu")
    store.end(name)  # stopped before its first scale: it is as it was
    assert store.names("me") == [name, "tiny"] and not store.get(name).trained
    store.keep(name, last.checkpoint)
    assert store.get(name).trained
    save_zip(scene, tmp_path / "photograph.zip")
    brought = store.get(store.add(ME, str(tmp_path / "photograph.zip")))
    assert brought.original.tobytes() == scene.original.tobytes() and not brought.trained


def test_a_scene_in_training_has_nothing_to_draw_yet_and_unused_ones_go(
    folders, store, tiny_checkpoint, picture_file, tiny_config
):
    store = limited(store, scene_seconds=-1)
    name, _ = begin(store, "me", picture_file, tiny_config)
    with pytest.raises(ValueError, match="no finished scale yet"):
        store.get(name)
    store.end(name)
    with pytest.raises(ValueError, match="there is no scene"):
        store.get(name)
    trained(store, "me", picture_file, tiny_checkpoint, tiny_config)
    assert folders() and store.names("me") == ["tiny"] and not folders()


def test_a_few_scenes_are_in_memory_and_the_others_in_their_files(store, tiny_checkpoint, picture_file, tiny_config):
    store = limited(store, loaded_scenes=1)
    names = [trained(store, f"visitor {i}", picture_file, tiny_checkpoint, tiny_config) for i in range(3)]
    scenes = [store.get(name) for name in names]
    assert len({scene.sample(1)[0].tobytes() for scene in scenes}) == 1
    assert store.get(names[2]) is scenes[2] and store.get(names[0]) is not scenes[0]


def test_nobody_pushes_out_anybody_elses_scenes(store, tiny_scene, tmp_path):
    """A script without a session is a new visitor at each call; behind a proxy all visitors may have one address."""
    save_zip(tiny_scene, tmp_path / "tiny.zip")
    script = [Visitor(f"{i}", "2.2.2.2", "2.2.2.2") for i in range(9)]
    for others in (script, [Visitor("greedy", "greedy", ME.address)] * 9):
        few = limited(store, scenes=6)
        mine = [few.add(ME, str(tmp_path / "tiny.zip")) for _ in range(2)]
        greedy = [few.add(other, str(tmp_path / "tiny.zip")) for other in others]
        assert few.names("me") == [*reversed(mine), "tiny"]
        left = [name for name, other in zip(greedy, others, strict=True) if name in few.names(other.scene_owner)]
        assert left == greedy[-4:]


def test_nothing_stays_without_a_picture_and_a_damaged_training_as_it_was(folders, store, picture_file, tiny_config):
    with pytest.raises(OSError):
        store.begin(Visitor("me", "me", "me"), "gone.png", open_picture(picture_file), tiny_config)
    assert not folders()
    name = trained(store, "me", picture_file, unfinished(picture_file, tiny_config), tiny_config)
    (folders()[0] / "training.safetensors").write_bytes(b"\xff" * 100)
    for _ in range(2):
        with pytest.raises(ValueError, match="is damaged") as raised:
            store.resume(name)
        assert "/" not in described(raised.value, own=True)[1]
        assert store.resumable(name)  # not "in training" for ever


def test_scenes_outlive_a_restart_for_as_long_as_they_would_have_lived(
    folders, store, tiny_checkpoint, picture_file, tiny_config, tmp_path
):
    kept = tmp_path / "kept"
    store = SceneStore(store.shipped, store.device, kept)
    name = trained(store, "me", picture_file, tiny_checkpoint, tiny_config)
    begin(store, "me", picture_file, replace(tiny_config, seed=5))  # nothing of it is finished
    store.close()
    assert [path.name for path in kept.iterdir()] == [name] and not folders()
    again = SceneStore(store.shipped, store.device, kept)
    assert again.names("you") == ["tiny"] and again.names("me") == [name, "tiny"]
    assert again.get(name).sample(1)[0].size == (64, 48)
    again.close()
    (kept / name / "model.safetensors").write_bytes(b"damaged")
    assert SceneStore(store.shipped, store.device, kept).names("me") == ["tiny"] and not list(kept.iterdir())
