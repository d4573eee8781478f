"""The endpoints, through gradio_client."""

import threading
import time
import zipfile

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image


@pytest.fixture
def client(app):
    return Client(app, verbose=False)


def test_health_and_models(client):
    assert client.predict(api_name="/health")["status"] == "ok"
    assert {"peaks", "autumn", "stream"} <= set(client.predict(api_name="/models")["scenes"])


def test_endpoints_are_typed_and_documented(client):
    api = client.view_api(return_format="dict")["named_endpoints"]
    assert set(api) == {"/train_scene", "/sample_scene", "/retarget_scene", "/animate_scene", "/models", "/health"}
    names = [parameter["parameter_name"] for parameter in api["/retarget_scene"]["parameters"]]
    assert names == ["scene", "width", "height", "mode", "start_scale", "count", "seed"]


def test_sample(client):
    status, gallery, archive = client.predict("peaks", count=3, seed=5, api_name="/sample_scene")
    assert "3 pictures" in status and len(gallery) == 3
    with zipfile.ZipFile(archive) as pictures:
        assert pictures.namelist() == [f"peaks_seed5_{i:04}.png" for i in range(3)]
    again = client.predict("peaks", count=1, seed=5, api_name="/sample_scene")[1]
    same = [Image.open(shown[0]["image"]).tobytes() for shown in (gallery, again)]
    assert same[0] == same[1] and Image.open(gallery[0]["image"]).format == "PNG"


@pytest.mark.parametrize("mode", ["keep", "rearrange"])
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
        ("/sample_scene", {"scene": "nothing"}, "there is no scene 'nothing'"),
        ("/sample_scene", {"scene": "peaks", "count": 51}, "51"),
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
        ({"preset": "best"}, r"'best' .* is not in the list of choices: \['fast', 'standard'\]"),
        ({"max_size": 4000}, "max_size is 4000; allowed are 32 to 1024"),
        ({"iterations": 5000}, "iterations is 5000; allowed are 1 to 2000"),
        ({"seed": -3}, "-3 is less than minimum value 0"),
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


def test_a_cancelled_training_lets_others_work(client, picture_file, app):
    job = client.submit(handle_file(str(picture_file)), "standard", api_name="/train_scene")
    while not job.outputs():
        time.sleep(0.1)
    job.cancel()
    started = time.monotonic()
    Client(app, verbose=False).predict("peaks", count=1, api_name="/sample_scene")
    assert time.monotonic() - started < 15


def test_two_visitors_at_once(app, picture_file):
    """One trains, the other samples: both end, and the sampler does not wait for the training's end."""
    trainer, sampler = Client(app, verbose=False), Client(app, verbose=False)
    job = trainer.submit(handle_file(str(picture_file)), "fast", iterations=150, seed=3, api_name="/train_scene")
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
