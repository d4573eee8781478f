"""Every endpoint as others find it: agents, as a tool of the Model Context Protocol, and scripts with gradio_client."""

import asyncio
import base64
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import gradio
import httpx
import imageio.v2 as imageio
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mcp import ClientSession, McpError
from mcp.client.streamable_http import streamablehttp_client
from PIL import Image

from benchmarks.wire import API, Stranger
from dcgan.recipe import Recipe, load_recipes
from ui.share import File

FACE, OTHER = {"seed": 1, "moves": {"smiling": 1.5}}, {"seed": 2}
PICTURE, ARCHIVE = File("discs.png"), File("brushes.zip")
SCENE = {"scene": "brushes"}
SMALL = {"width": 64, "height": 32}
# Endpoints, arguments, all up to the last that is given, and how many values and how many pictures they answer with.
CALLS: list[tuple[str, dict[str, Any], int, int]] = [
    ("sample_faces", {"count": 2}, 4, 2),
    ("edit_face", {"face": FACE}, 2, 1),
    ("morph_faces", {"faces": [FACE, OTHER], "frames": 4}, 4, 0),
    ("invert_face", {"picture": PICTURE}, 4, 1),
    ("add_faces", {"a": FACE, "b": OTHER, "c": {}}, 2, 1),
    ("map_faces", {"a": FACE, "b": OTHER, "c": {}}, 4, 16),  # of 81, as there are so many
    ("train_scene", {"picture": PICTURE, "preset": "fast", "seed": 5, "max_size": 48, "iterations": 10}, 5, 2),
    ("sample_scene", {**SCENE, "count": 1, "start_scale": [0, 2]}, 3, 2),
    ("retarget_scene", {**SCENE, **SMALL}, 3, 1),
    ("animate_scene", {**SCENE, "start_scale": 1, "alpha": 0.1, "beta": 0.9, "frames": 4}, 4, 1),
    ("paint_scene", {**SCENE, "drawing": PICTURE}, 3, 1),
    ("edit_scene", {**SCENE, "picture": PICTURE}, 3, 1),
    ("harmonize_scene", {**SCENE, "picture": PICTURE}, 3, 1),
    ("super_resolve_scene", {**SCENE, "factor": 1.1}, 3, 1),
    ("tile_scene", SCENE, 3, 1),
    ("retarget_picture", {"picture": PICTURE, **SMALL}, 3, 1),
    ("scene_file", SCENE, 1, 0),
    ("add_scene", {"archive": ARCHIVE}, 1, 0),
    ("models", {}, 1, 0),
    ("health", {}, 1, 0),
]
NAMES = [name for name, *_ in CALLS]


@pytest.fixture(scope="module")
def files(app, picture_file) -> Path:
    """The folder of the picture, with the scene beside it."""
    _, (archive,) = Stranger(app).call("scene_file", ["brushes"])
    (picture_file.parent / ARCHIVE).write_bytes(httpx.get(archive["url"]).content)
    return picture_file.parent


# -- agents ------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def agent(app):
    """A session of the Model Context Protocol."""
    async with streamablehttp_client(f"{app}{API}/mcp/") as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        yield session


def asked(app, name, arguments, **options):
    """Return what an agent gets of a tool."""

    async def ask():
        async with agent(app) as session:
            return await session.call_tool(name, arguments, **options)

    return asyncio.run(ask())


def in_words(files, arguments):
    """Arguments as an agent gives them: files as data: addresses."""

    def written(value):
        if not isinstance(value, File):
            return value
        kind = "application/zip" if value.endswith("zip") else "image/png"
        return f"data:{kind};base64,{base64.b64encode((files / value).read_bytes()).decode()}"

    return {name: written(value) for name, value in arguments.items()}


def test_tools_are_described(app):
    async def listed():
        async with agent(app) as session:
            return (await session.list_tools()).tools

    tools = asyncio.run(listed())
    assert [tool.name for tool in tools] == NAMES
    for tool in tools:
        assert len(tool.description) > 30
        for name, schema in tool.inputSchema["properties"].items():
            assert isinstance(schema.get("type"), str) or "anyOf" in schema, (tool.name, name)
            assert len(schema["description"]) > 5, (tool.name, name)
            is_file = name in ("picture", "drawing", "mask", "protect", "archive")
            assert is_file == ("Agents give a data: address" in schema["description"]), (tool.name, name)


def test_every_endpoint_by_an_agent(app, files):
    """Nobody asks for progress: pictures come as images all the same."""

    async def answers():
        async with agent(app) as session:
            return [await session.call_tool(name, in_words(files, arguments)) for name, arguments, *_ in CALLS]

    for (name, _, _, pictures), answer in zip(CALLS, asyncio.run(answers()), strict=True):
        assert not answer.isError, (name, answer.content)
        kinds = [part.type for part in answer.content]
        assert kinds.count("image") == pictures and kinds.count("text") > 0, name
        assert all(part.mimeType.startswith("image/") for part in answer.content if part.type == "image"), name


@pytest.mark.parametrize(
    "streams",
    [
        ("train_scene", "retarget_picture", "sample_scene", "morph_faces"),
        pytest.param(("invert_face",), marks=pytest.mark.soak),
    ],
)
def test_every_message_of_a_stream_has_all_values(app, files, streams):
    script = Stranger(app)
    for name, arguments, count, _ in CALLS:
        if name in streams:
            arguments = {**arguments, "seed": 9} if "seed" in arguments else arguments
            values = [script.upload(files / it) if isinstance(it, File) else it for it in arguments.values()]
            *_, (end, last) = messages = list(script.stream(name, values))
            assert end == "complete", (name, messages)
            assert all(len(message) == count for _, message in messages if message is not None), name
            assert "__type__" not in str(messages), name
            assert name == "morph_faces" or None not in last, name  # an image, or a video


def test_an_agent_gives_what_it_got_or_uploaded_and_nothing_else(app, files):
    """The address of a picture that was answered, the path of an upload; no other file or address."""
    first = asked(app, "edit_face", {"face": FACE})
    (address,) = [part.text for part in first.content if part.type == "text" and "/file=" in part.text]
    path = Stranger(app).upload(files / PICTURE)["path"]
    for picture in (address, path):
        assert not asked(app, "retarget_picture", {"picture": picture, **SMALL}).isError
    for picture, message in (
        ("/etc/hostname", "picture is no file that was uploaded here"),
        (f"{app}{API}/file=/etc/hostname", "picture is no file that was uploaded here"),
        ("http://127.0.0.1:1/a.png", "picture is an address; download the file and upload it"),
        ("data:image/png,abc", "picture is a data: address without ;base64,"),
        ("data:image/png;base64,a", "picture is a data: address that is no base64"),
        ("data:image/png;base64,aaaa", "picture.png is not a picture in a known format"),
    ):
        answer = asked(app, "retarget_picture", {"picture": picture, **SMALL})
        assert answer.isError and message in answer.content[0].text, answer


def test_a_mistake_is_told_to_the_agent_whose_session_goes_on(app):
    mistakes = (
        ("sample_scene", {"scene": "nowhere"}, "there is no scene 'nowhere'"),
        ("sample_scene", {"scene": "peaks", "count": "4"}, "count is '4' (str); a number is needed"),
        ("sample_scene", {"scene": "peaks", "count": 99}, "count is 99; allowed are 1 to"),
        ("sample_scene", {}, "required argument: scene"),
        ("edit_face", {"recipe": FACE}, "there is no argument 'recipe'; edit_face takes face, model"),
        ("edit_face", {"face": [FACE]}, "(list); an object is needed"),
        ("edit_face", {"face": {"a": {"path": "/etc/hostname"}}}, "'/etc/hostname' is no file that was uploaded here"),
        ("retarget_picture", {"picture": {"path": "data:,a"}, **SMALL}, "a data: address is given as a text by itself"),
        ("retarget_picture", {"picture": 5, **SMALL}, "picture is 5 (int); an uploaded file is needed"),
        ("models", {"kind": "scene"}, "there is no argument 'kind'; models takes no arguments"),
        ("draw_nothing", {}, "draw_nothing"),
    )

    async def answers():
        async with agent(app) as session:
            wrong = [await session.call_tool(name, arguments) for name, arguments, _ in mistakes]
            return wrong, await session.call_tool("edit_face", {"face": FACE})

    wrong, right = asyncio.run(answers())
    for (name, arguments, message), answer in zip(mistakes, wrong, strict=True):
        assert answer.isError and message in answer.content[0].text, (name, arguments, answer.content)
    assert not right.isError


def test_what_agents_have_left_is_not_drawn_on(app):
    long = {**SCENE, "start_scale": 1, "alpha": 0.1, "beta": 0.9, "frames": 200}

    def leave(options):
        with pytest.RaisesGroup(McpError, flatten_subgroups=True):  # it waits no longer
            asked(app, "animate_scene", long, read_timeout_seconds=timedelta(seconds=3), **options)

    def waiting():
        return Stranger(app).call("health", [])[1][0]["queues"]["device"]["picture"]

    with ThreadPoolExecutor() as agents:  # of two that draw in turn, one waits
        left = list(map(partial(agents.submit, leave), ({}, {"progress_callback": lambda *_: asyncio.sleep(0)})))
        assert any(waiting() or time.sleep(0.1) for _ in range(30))
        for one in left:
            one.result()
    deadline = time.monotonic() + 10
    while any(waiting() or time.sleep(0.1) for _ in range(10)):
        assert time.monotonic() < deadline


def test_an_agent_hears_that_it_goes_on(app, files):
    heard = []

    async def hear(step, total, message):
        heard.append(message)

    training = {"picture": PICTURE, "preset": "fast", "seed": 6, "max_size": 48, "iterations": 10}
    answer = asked(app, "train_scene", in_words(files, training), progress_callback=hear)
    assert [part.type for part in answer.content].count("image") == 2 and heard


# -- scripts -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(app):
    return Client(app, verbose=False)


def test_health_and_models(client):
    health = client.predict(api_name="/health")
    assert health["status"] == "ok" and health["versions"]["gradio"] == gradio.__version__
    assert 100 < health["memory_mb"] < 4000
    assert set(health["queues"]) == {"trainings", "events", "device"}
    models = client.predict(api_name="/models")
    assert {"autumn", "brushes", "dandelions", "peaks", "stream", "sunset"} <= set(models["scenes"])
    assert {"smiling", "pc1"} <= set(models["faces"]["faces"]["directions"])


def test_endpoints_are_typed_and_documented(client):
    api = client.view_api(return_format="dict")["named_endpoints"]
    assert set(api) == {f"/{name}" for name in NAMES}
    asked = [parameter for endpoint in api.values() for parameter in endpoint["parameters"]]
    assert all(len(parameter["python_type"]["description"]) > 5 for parameter in asked)
    assert not any(word in str(asked) for word in ("Hello!!", "foo", "://"))  # examples that fail here
    for endpoint, names in (
        ("/sample_faces", "seed count truncation model best_of"),
        ("/morph_faces", "faces frames loop fps format model"),
        ("/retarget_scene", "scene width height mode start_scale count seed enlarge protect focus crop extend deform"),
        ("/sample_scene", "scene count start_scale seed layout_by enlarge"),
    ):
        assert [parameter["parameter_name"] for parameter in api[endpoint]["parameters"]] == names.split()


def test_sample_faces(client, shipped_faces):
    status, gallery, recipes, archive = client.predict(seed=7, count=3, truncation=0.9, api_name="/sample_faces")
    assert "3 faces" in status and len(gallery) == 3
    assert recipes == [{"seed": 7, "index": i, "truncation": 1.0, "moves": {}, "variety": 0.9} for i in range(3)]
    assert load_recipes(Path(archive))[0] == [Recipe(7, i, variety=0.9) for i in range(3)]
    *_, recipes, _ = client.predict(seed=7, count=3, best_of=4, api_name="/sample_faces")
    assert [recipe["index"] for recipe in recipes] == shipped_faces.choose(3, 7, best_of=4)


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


def test_animations_come_in_every_format(client):
    for kind in ("mp4", "gif"):
        *_, file = client.predict([{"seed": 1}, {"seed": 2}], frames=6, format=kind, api_name="/morph_faces")
        frames = imageio.mimread(file)
        assert len(frames) == 6 and frames[0].shape[:2] == (256, 256)
    *_, file = client.predict("peaks", frames=5, format="webp", api_name="/animate_scene")
    with Image.open(file) as animation:
        assert animation.n_frames == 5 and animation.format == "WEBP"


def test_uses_of_a_picture(client, shipped, tmp_path):
    """The photograph of `peaks`, small, with a box in its sky."""
    changed = shipped.original.resize((400, 300))
    changed.paste((180, 40, 40), (250, 40, 310, 90))
    changed.save(tmp_path / "changed.png")
    for use, name in (("paint", "drawing"), ("edit", "picture"), ("harmonize", "picture")):
        given = {name: handle_file(tmp_path / "changed.png")}
        status, (shown,), archive = client.predict("peaks", seed=4, **given, api_name=f"/{use}_scene")
        assert "1 picture" in status
        (here,) = getattr(shipped, use)(tmp_path / "changed.png", seed=4)
        with Image.open(shown["image"]) as there:
            assert there.size == here.size and np.abs(np.asarray(there).astype(int) - np.asarray(here)).mean() <= 2
        with zipfile.ZipFile(archive) as pictures:
            assert pictures.namelist()[0].startswith(f"peaks_{use}_s"), use


def test_samples_and_tiles(client):
    assert len(client.predict("peaks", count=2, enlarge=False, api_name="/tile_scene")[1]) == 2
    status, gallery, archive = client.predict("peaks", count=3, seed=5, api_name="/sample_scene")
    assert "3 pictures" in status and len(gallery) == 3
    with zipfile.ZipFile(archive) as pictures:
        assert pictures.namelist() == [f"peaks_seed5_{i:04}.png" for i in range(3)]
    again = client.predict("peaks", count=1, seed=5, api_name="/sample_scene")[1]
    same = [Image.open(shown[0]["image"]).tobytes() for shown in (gallery, again)]
    assert same[0] == same[1] and Image.open(gallery[0]["image"]).format == "PNG"
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


def test_scenes_go_out_and_come_in(client, app, picture_file):
    archive = client.predict("peaks", api_name="/scene_file")
    name = client.predict(handle_file(archive), api_name="/add_scene")
    assert name.startswith("peaks-")
    other = Client(app, verbose=False)  # whoever has the name may use it
    pictures = [other.predict(it, count=1, api_name="/sample_scene")[1][0]["image"] for it in (name, "peaks")]
    assert Image.open(pictures[0]).tobytes() == Image.open(pictures[1]).tobytes()
    photograph = client.predict(handle_file(str(picture_file)), api_name="/add_scene")  # which is not trained
    back = client.predict(handle_file(client.predict(photograph, api_name="/scene_file")), api_name="/add_scene")
    for name in (photograph, back):
        assert client.predict(name, 96, 48, "keep", api_name="/retarget_scene")[0].startswith("1 picture in")
    (shown,) = client.predict(photograph, factor=1.2, api_name="/super_resolve_scene")[1]
    assert Image.open(shown["image"]).size == (76, 57)


def test_a_picture_is_fitted_without_a_scene_and_a_scene_in_every_mode(client, picture_file):
    status, gallery, archive = client.predict(handle_file(str(picture_file)), 96, 48, api_name="/retarget_picture")
    assert status.startswith("1 picture in") and "beyond 66 × 33 px, which the photograph fills" in status
    assert Image.open(gallery[0]["image"]).size == (96, 48)
    with zipfile.ZipFile(archive) as pictures:
        assert pictures.namelist() == ["picture_96x48_fit_seed0_0000.png"]
    for mode in ("fit", "keep", "rearrange"):
        gallery = client.predict("peaks", 325, 175, mode, api_name="/retarget_scene")[1]
        assert Image.open(gallery[0]["image"]).size == (325, 175)


def test_errors_name_the_value_and_what_is_allowed(client, picture_file, tmp_path):
    Image.new("RGB", (400, 40)).save(tmp_path / "thin.png")
    (tmp_path / "text.png").write_text("no picture at all")
    picture, thin, text = (handle_file(it) for it in (picture_file, tmp_path / "thin.png", tmp_path / "text.png"))
    for endpoint, arguments, message in (
        ("/sample_faces", {"count": 65}, "count is 65; allowed are 1 to 64"),
        ("/sample_faces", {"seed": -1}, "-1"),
        ("/sample_faces", {"model": "nobody"}, "nobody"),
        ("/edit_face", {"face": {"moves": {"wit": 1}}}, "direction is 'wit'; allowed are"),
        ("/edit_face", {"face": {"seed": "x"}}, "seed is 'x' .str.; a number is needed"),
        ("/edit_face", {"face": {"z": [1, 2]}}, "z has shape"),
        ("/morph_faces", {"faces": [{"seed": 1}]}, "fewer than two faces"),
        ("/morph_faces", {"faces": [{}, {}], "frames": 1000}, "frames is 1000; allowed are 2 to 240"),
        ("/paint_scene", {"scene": "peaks", "drawing": None}, "drawing is empty; a picture is needed"),
        ("/super_resolve_scene", {"scene": "peaks", "factor": 5}, "factor is 5; allowed are 1.1 to 4"),
        ("/sample_scene", {"scene": "peaks", "seed": None}, "seed is empty; a whole number is needed"),
        ("/retarget_scene", {"scene": "peaks", "width": 4000, "height": 4000}, "at most 4 megapixels"),
        ("/animate_scene", {"scene": "peaks", "format": "avi"}, "avi"),
        ("/animate_scene", {"scene": "../../etc", "frames": 5}, "there is no scene"),
        (
            "/train_scene",
            {"picture": picture, "preset": "best"},
            "preset is 'best'; allowed on this device are layout, fast, standard",
        ),
        ("/train_scene", {"picture": picture, "max_size": 4000}, "max_size is 4000; allowed are 32 to 1024"),
        ("/train_scene", {"picture": picture, "iterations": 5000}, "iterations is 5000; allowed are 1 to 2000"),
        ("/train_scene", {"picture": picture, "seed": -3}, "seed is -3; allowed are 0 to"),
        ("/train_scene", {"picture": thin}, "400x40; the longer side may be at most 8 times"),
        ("/train_scene", {"picture": text}, "text.png is not a picture in a known format"),
    ):
        with pytest.raises(AppError, match=message):
            client.predict(**arguments, api_name=endpoint)


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


def test_a_training_lets_others_work_and_ends_where_its_client_leaves(client, app, picture_file):
    job = client.submit(handle_file(str(picture_file)), "standard", api_name="/train_scene")  # it takes minutes
    while not job.outputs():
        assert not job.done(), job.result()
        time.sleep(0.1)
    other = Client(app, verbose=False)
    assert len(other.predict("peaks", count=2, api_name="/sample_scene")[1]) == 2
    assert not job.done() and other.predict(api_name="/health")["trainings"] == 1
    job.cancel()
    deadline = time.monotonic() + 120
    while other.predict(api_name="/health")["trainings"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_visitors_do_not_see_each_others_scenes(app, picture_file):
    first, second = Client(app, verbose=False), Client(app, verbose=False)
    arguments = dict(max_size=40, iterations=3, api_name="/train_scene")
    streams = [records(c.submit(handle_file(str(picture_file)), "fast", **arguments)) for c in (first, second)]
    assert streams[0][-1]["scene"] != streams[1][-1]["scene"]  # the second did not get what the first had trained
