"""The endpoints, through gradio_client."""

import threading
import time
import zipfile
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from benchmarks.wire import Stranger
from dcgan.recipe import Recipe, load_recipes


@pytest.fixture
def client(app):
    return Client(app, verbose=False)


def test_health_and_models(client):
    assert client.predict(api_name="/health")["status"] == "ok"
    models = client.predict(api_name="/models")
    assert {"autumn", "brushes", "dandelions", "peaks", "stream", "sunset"} <= set(models["scenes"])
    assert {"smiling", "pc1"} <= set(models["faces"]["faces"]["directions"])


def test_endpoints_are_typed_and_documented(client):
    api = client.view_api(return_format="dict")["named_endpoints"]
    assert set(api) == {
        "/sample_faces", "/edit_face", "/morph_faces", "/invert_face", "/add_faces", "/map_faces", "/train_scene",
        "/sample_scene", "/retarget_scene", "/animate_scene", "/paint_scene", "/edit_scene", "/harmonize_scene",
        "/super_resolve_scene", "/tile_scene", "/retarget_picture", "/scene_file", "/add_scene", "/models", "/health",
    }  # fmt: skip
    asked = [parameter for endpoint in api.values() for parameter in endpoint["parameters"]]
    assert all(len(parameter["python_type"]["description"]) > 5 for parameter in asked)
    assert not any(word in str(asked) for word in ("Hello!!", "foo", "://"))  # examples that fail here
    names = [parameter["parameter_name"] for parameter in api["/sample_faces"]["parameters"]]
    assert names == ["seed", "count", "truncation", "model"]
    names = [parameter["parameter_name"] for parameter in api["/morph_faces"]["parameters"]]
    assert names == ["faces", "frames", "loop", "fps", "format", "model"]
    names = [parameter["parameter_name"] for parameter in api["/retarget_scene"]["parameters"]]
    assert names == ["scene", "width", "height", "mode", "start_scale", "count", "seed", "enlarge"]
    names = [parameter["parameter_name"] for parameter in api["/sample_scene"]["parameters"]]
    assert names == ["scene", "count", "start_scale", "seed", "layout_by", "enlarge"]


def test_sample_faces(client):
    status, gallery, recipes, archive = client.predict(seed=7, count=3, truncation=0.9, api_name="/sample_faces")
    assert "3 faces" in status and len(gallery) == 3
    assert recipes == [{"seed": 7, "index": i, "truncation": 1.0, "moves": {}, "variety": 0.9} for i in range(3)]
    assert load_recipes(Path(archive))[0] == [Recipe(7, i, variety=0.9) for i in range(3)]


def test_a_face_is_edited_by_its_recipe(client, shipped_faces):
    face = {"seed": 7, "index": 2, "truncation": 0.9, "moves": {"smiling": 1.5}}
    drawn, recipe = client.predict(face, api_name="/edit_face")
    assert recipe == face
    assert load_recipes(Path(drawn))[0] == [Recipe.from_dict(face)]  # the PNG that is shown holds its recipe
    (here,) = shipped_faces.generate_recipes([Recipe.from_dict(face)])
    with Image.open(drawn) as there:
        assert there.size == (64, 64)
        assert np.abs(np.asarray(there).astype(int) - np.asarray(here)).mean() <= 2
    explicit = {"z": shipped_faces.latent_of(Recipe.from_dict(face))[0].tolist(), "moves": {}}
    with Image.open(client.predict(explicit, api_name="/edit_face")[0]) as again, Image.open(drawn) as there:
        assert np.abs(np.asarray(again).astype(int) - np.asarray(there)).max() <= 1


@pytest.mark.parametrize("kind", ["mp4", "gif"])
def test_morph_faces(client, kind):
    *_, file = client.predict([{"seed": 1}, {"seed": 2}], frames=6, format=kind, api_name="/morph_faces")
    frames = imageio.mimread(file)
    assert len(frames) == 6 and frames[0].shape[:2] == (256, 256)


@pytest.fixture
def changed(shipped, tmp_path):
    """A file: the photograph of `peaks`, small, with a box in its sky."""
    picture = shipped.original.resize((400, 300))
    picture.paste((180, 40, 40), (250, 40, 310, 90))
    picture.save(tmp_path / "changed.png")
    return tmp_path / "changed.png"


@pytest.mark.parametrize("use", ["paint", "edit", "harmonize"])
def test_uses_of_a_picture(client, shipped, changed, use):
    given = "drawing" if use == "paint" else "picture"
    arguments = {given: handle_file(changed), "api_name": f"/{use}_scene"}
    status, (shown,), archive = client.predict("peaks", seed=4, **arguments)
    assert "1 picture" in status
    (here,) = getattr(shipped, use)(changed, seed=4)
    with Image.open(shown["image"]) as there:
        assert there.size == here.size and np.abs(np.asarray(there).astype(int) - np.asarray(here)).mean() <= 2
    with zipfile.ZipFile(archive) as pictures:
        assert pictures.namelist()[0].startswith(f"peaks_{use}_start") or pictures.namelist() == [
            f"peaks_{use}_seed4_0000.png"
        ]


def test_tiles_and_the_photograph_enlarged(client, shipped):
    _, tiles, _ = client.predict("peaks", count=2, api_name="/tile_scene")
    assert len(tiles) == 2
    _, (shown,), _ = client.predict("peaks", factor=1.2, api_name="/super_resolve_scene")
    with Image.open(shown["image"]) as larger:
        assert larger.width == int(1.2 * shipped.original.width)


def test_sample(client):
    status, gallery, archive = client.predict("peaks", count=3, seed=5, api_name="/sample_scene")
    assert "3 pictures" in status and len(gallery) == 3
    with zipfile.ZipFile(archive) as pictures:
        assert pictures.namelist() == [f"peaks_seed5_{i:04}.png" for i in range(3)]
    again = client.predict("peaks", count=1, seed=5, api_name="/sample_scene")[1]
    same = [Image.open(shown[0]["image"]).tobytes() for shown in (gallery, again)]
    assert same[0] == same[1] and Image.open(gallery[0]["image"]).format == "PNG"


def test_samples_at_several_strengths(client):
    status, gallery, archive = client.predict("peaks", count=2, start_scale=[0, 2], api_name="/sample_scene")
    assert "4 pictures" in status and len(gallery) == 4
    with zipfile.ZipFile(archive) as pictures:
        assert pictures.namelist() == [f"peaks_start{k}_seed0_{i:04}.png" for k in (0, 2) for i in (0, 1)]
    one = client.predict("peaks", count=2, start_scale=2, api_name="/sample_scene")[1]
    same = [Image.open(shown["image"]).tobytes() for shown in (one[1], gallery[3])]
    assert same[0] == same[1]


def test_faces_are_added_up_and_lie_on_a_map(client, app, shipped_faces, tmp_path):
    a, b, c = ({"seed": seed} for seed in (1, 2, 3))
    picture, recipe = client.predict(a, b, c, api_name="/add_faces")
    z = [shipped_faces.latent_of(Recipe.from_dict(face)) for face in (a, b, c)]
    assert np.allclose(recipe["z"], shipped_faces.arithmetic(*z)[0].tolist(), atol=0.016)  # 1/64: links' grid
    assert load_recipes(Path(picture))[0] == [Recipe.from_dict(recipe)]
    stranger = Stranger(app)  # the client would fetch 81 files
    _, (status, gallery, recipes, archive) = stranger.call("map_faces", [a, b, c])
    (tmp_path / "map.zip").write_bytes(stranger.http.get(archive["url"]).content)
    assert status == "81 faces" and len(gallery) == len(recipes) == 81
    corners = [recipes[i]["z"] for i in (0, 8, 72)]
    assert np.allclose(corners, [it[0].tolist() for it in z], atol=0.016)
    assert load_recipes(tmp_path / "map.zip")[0] == [Recipe.from_dict(recipe) for recipe in recipes]


def test_scenes_go_out_and_come_in(client, app):
    archive = client.predict("peaks", api_name="/scene_file")
    name = client.predict(handle_file(archive), api_name="/add_scene")
    assert name.startswith("peaks-")
    other = Client(app, verbose=False)  # whoever has the name may use it
    pictures = [other.predict(it, count=1, api_name="/sample_scene")[1][0]["image"] for it in (name, "peaks")]
    assert Image.open(pictures[0]).tobytes() == Image.open(pictures[1]).tobytes()


def test_a_picture_is_fitted_without_a_scene(client, picture_file):
    status, gallery, archive = client.predict(handle_file(str(picture_file)), 96, 48, api_name="/retarget_picture")
    assert status.startswith("1 picture in") and "beyond 66 × 33 px, which the photograph fills" in status
    assert Image.open(gallery[0]["image"]).size == (96, 48)
    with zipfile.ZipFile(archive) as pictures:
        assert pictures.namelist() == ["picture_96x48_fit_seed0_0000.png"]


@pytest.mark.parametrize("mode", ["fit", "keep", "rearrange"])
def test_retarget(client, mode):
    gallery = client.predict("peaks", 325, 175, mode, api_name="/retarget_scene")[1]
    assert Image.open(gallery[0]["image"]).size == (325, 175)


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_animate(client, kind):
    *_, file = client.predict("peaks", frames=5, format=kind, api_name="/animate_scene")
    with Image.open(file) as animation:
        assert animation.n_frames == 5 and animation.format == kind.upper()


@pytest.mark.parametrize(
    ("endpoint", "arguments", "message"),
    [
        ("/sample_faces", {"count": 65}, "65"),
        ("/sample_faces", {"seed": -1}, "-1"),
        ("/sample_faces", {"model": "nobody"}, "nobody"),
        ("/edit_face", {"face": {"moves": {"wit": 1}}}, "direction is 'wit'; allowed are"),
        ("/edit_face", {"face": {"seed": "x"}}, "seed is 'x' .str.; a number is needed"),
        ("/edit_face", {"face": {"z": [1, 2]}}, "z has shape"),
        ("/morph_faces", {"faces": [{"seed": 1}]}, "fewer than two faces"),
        ("/morph_faces", {"faces": [{}, {}], "frames": 1000}, "1000"),
        ("/sample_scene", {"scene": "nothing"}, "there is no scene 'nothing'"),
        ("/sample_scene", {"scene": "peaks", "count": 51}, "51"),
        ("/paint_scene", {"scene": "peaks", "drawing": None}, "drawing is empty; a picture is needed"),
        ("/super_resolve_scene", {"scene": "peaks", "factor": 5}, "factor is 5; allowed are 1.1 to 4"),
        ("/sample_scene", {"scene": "peaks", "seed": None}, "seed is empty; a whole number is needed"),
        ("/retarget_scene", {"scene": "peaks", "width": 4000, "height": 4000}, "at most 4 megapixels"),
        ("/animate_scene", {"scene": "peaks", "format": "avi"}, "avi"),
        ("/animate_scene", {"scene": "../../etc", "frames": 5}, "there is no scene"),
    ],
)
def test_errors_name_the_value_and_what_is_allowed(client, endpoint, arguments, message):
    with pytest.raises(AppError, match=message):
        client.predict(**arguments, api_name=endpoint)


def test_bad_pictures_are_refused(client, tmp_path):
    path = tmp_path / "thin.png"
    Image.new("RGB", (400, 40)).save(path)
    with pytest.raises(AppError, match="400x40; the longer side may be at most 8 times"):
        client.predict(handle_file(str(path)), api_name="/train_scene")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"preset": "best"}, "preset is 'best'; allowed on this device are layout, fast, standard"),
        ({"max_size": 4000}, "max_size is 4000; allowed are 32 to 1024"),
        ({"iterations": 5000}, "iterations is 5000; allowed are 1 to 2000"),
        ({"seed": -3}, "seed is -3; allowed are 0 to"),
    ],
)
def test_training_limits_are_named(client, picture_file, arguments, message):
    with pytest.raises(AppError, match=message):
        client.predict(handle_file(str(picture_file)), **arguments, api_name="/train_scene")


def test_other_files_are_refused(client, tmp_path):
    path = tmp_path / "text.png"
    path.write_text("no picture at all")
    with pytest.raises(AppError, match="text.png is not a picture in a known format"):
        client.predict(handle_file(str(path)), api_name="/train_scene")


def records(job):
    """Every record that the stream has given by its end."""
    job.result(timeout=180)
    return [output[3] for output in job.outputs() if output[3]]


def test_train_streams_and_its_scene_serves(client, picture_file):
    job = client.submit(handle_file(str(picture_file)), "fast", max_size=48, iterations=10, api_name="/train_scene")
    stream = records(job)
    assert stream[0]["scale"] == 1 and stream[-1]["finished_scales"] == stream[-1]["scales"]
    assert all(record["seconds_left"] >= 0 for record in stream)
    name = stream[-1]["scene"]
    assert name.startswith("discs-")
    gallery = client.predict(name, count=2, api_name="/sample_scene")[1]
    assert Image.open(gallery[0]["image"]).size == (48, 36)
    again = client.submit(handle_file(str(picture_file)), "fast", max_size=48, iterations=10, api_name="/train_scene")
    assert records(again) == [{"scene": name}]  # recognised, not trained again
    assert job.outputs()[-1][4] == name  # the last output is the name that the other endpoints take


def test_a_cancelled_training_lets_others_work(client, picture_file, app):
    job = client.submit(handle_file(str(picture_file)), "standard", api_name="/train_scene")
    while not job.outputs():
        time.sleep(0.1)
    job.cancel()
    started = time.monotonic()
    other = Client(app, verbose=False)
    other.predict("peaks", count=1, api_name="/sample_scene")
    assert time.monotonic() - started < 15
    while other.predict(api_name="/health")["trainings"]:  # Nobody watches it any more.
        assert time.monotonic() - started < 40


def test_two_visitors_at_once(app, picture_file):
    """One trains, the other samples: both end, and the sampler does not wait for the training's end."""
    trainer, sampler = Client(app, verbose=False), Client(app, verbose=False)
    job = trainer.submit(handle_file(str(picture_file)), "fast", iterations=80, seed=3, api_name="/train_scene")
    while not job.outputs():
        time.sleep(0.1)
    done = []
    thread = threading.Thread(target=lambda: done.append(sampler.predict("peaks", count=2, api_name="/sample_scene")))
    thread.start()
    thread.join(60)
    assert done and not job.done()
    assert records(job)[-1]["finished_scales"] == records(job)[-1]["scales"]


def test_visitors_do_not_see_each_others_scenes(app, picture_file):
    first, second = Client(app, verbose=False), Client(app, verbose=False)
    arguments = dict(max_size=40, iterations=3, api_name="/train_scene")
    streams = [records(c.submit(handle_file(str(picture_file)), "fast", **arguments)) for c in (first, second)]
    assert all(len(stream) > 1 for stream in streams)  # the second did not get what the first had trained
    assert streams[0][-1]["scene"] != streams[1][-1]["scene"]
