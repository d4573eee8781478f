"""What strangers may send to the running app, whichever endpoint or button it is for."""

import json
import math
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio
import pytest

from benchmarks.servers import ROOT
from benchmarks.wire import API, Stranger
from ui.events import MAX_FILE, MAX_OWN_QUEUED
from ui.failures import without_paths
from ui.gate import MAX_BODY_BYTES, MAX_TOOL_BYTES

PICTURE = ROOT / "examples" / "sunset.jpg"  # on the server, never uploaded
FILES = ("image", "file", "uploadbutton", "gallery", "video", "imageslider", "downloadbutton")


@pytest.fixture
def stranger(app):
    return Stranger(app)


@pytest.fixture(scope="module")
def events(app):
    """Every event of the page with a handler: its number and the kinds of its inputs."""
    config = Stranger(app).config()
    kinds = {component["id"]: component["type"] for component in config["components"]}
    return {
        dependency["id"]: [kinds[number] for number in dependency["inputs"]]
        for dependency in config["dependencies"]
        if dependency["backend_fn"]
    }


@pytest.fixture(scope="module")
def handlers(app, events):
    """The same, one for each handler and kinds of its inputs, as far as their names tell."""
    names = {it["id"]: re.sub(r"_\d+$", "", str(it["api_name"])) for it in Stranger(app).config()["dependencies"]}
    alike = {(names[number], *kinds): number for number, kinds in events.items()}
    return {number: events[number] for number in alike.values()}


def test_the_gate_is_written_for_this_gradio():
    assert gradio.__version__ == "6.31.0"  # another: read ui/gate.py beside Gradio's sources again


# -- files -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def server_files(tmp_path):
    """Paths of what was never uploaded, and of what is no file."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    above = Path(gradio.utils.get_upload_folder()) / ".." / ".." / str(PICTURE).lstrip("/")
    devices = ["/dev/zero", "/proc/self/environ", str(fifo)]
    nothing = ["", "\0", "x" * 5000, str(tmp_path)]
    return [
        str(PICTURE),
        "/etc/hostname",
        *devices,
        str(above),
        *nothing,
        "http://127.0.0.1:1/a",
        "file:///etc/hostname",
    ]


def test_no_argument_of_any_event_takes_a_file_that_was_not_uploaded(events, stranger):
    taking = [(number, kinds.index(kind)) for number, kinds in events.items() for kind in FILES if kind in kinds]
    assert len(taking) >= 10
    for number, place in taking:
        kinds = events[number]
        for extra in ({}, {"meta": {"_type": "gradio.FileData"}}, {"url": str(PICTURE)}, {"is_stream": True}):
            file = {"path": str(PICTURE), **extra}
            data: list = [None] * len(kinds)
            data[place] = [{"image": file, "caption": None}] if kinds[place] == "gallery" else file
            answer = stranger.event(number, data, event_data={"index": 0, "value": {"caption": "peaks"}})
            assert not answer["success"] and answer["output"]["error"], (number, kinds[place], file, answer)


def test_an_endpoint_says_what_is_wrong_with_a_path(stranger, server_files):
    for path in server_files:
        for extra in ({}, {"meta": {"_type": "gradio.FileData"}}, {"url": path}):
            kind, answer = stranger.call("train_scene", [{"path": path, **extra}, "fast", 0, None, None])
            assert kind == "error"
            assert re.match(
                "picture (is no file that was uploaded here|is an address|has the path '')", answer["error"]
            )
    for value in ("/etc/hostname", ["/etc/hostname"], 3, {"url": "/etc/hostname"}, [[]]):
        kind, answer = stranger.call("train_scene", [value, "fast", 0, None, None])
        assert kind == "error" and answer["error"].startswith("picture "), answer


def test_an_upload_is_taken_with_or_without_meta(stranger):
    for keys in (("path", "meta"), ("path",)):
        file = {key: value for key, value in stranger.upload(PICTURE).items() if key in keys}
        kind, answer = stranger.call("train_scene", [file, "nonsense", 0, None, None])
        assert kind == "error" and "preset is 'nonsense'" in answer["error"]  # the file was no matter


def test_uploads_are_bounded(stranger):
    size = int(MAX_FILE.removesuffix("mb")) * 10**6 + 5 * 10**6
    answer = stranger.http.post(f"{API}/upload", files={"files": ("large.png", bytes(size))})
    assert answer.status_code == 413


# -- requests ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [-1, 9999, 1e30, "0", "x", None, True, [], {}, 1.5])
def test_an_event_that_is_none_is_not_found(stranger, index):
    answer = stranger.join(index, [])
    assert answer.status_code == 404 and "no such event" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["call/nothing", "call/v2/nothing", "run/nothing", "api/nothing"])
def test_an_endpoint_that_is_none_is_not_found(stranger, path):
    answer = stranger.http.post(f"{API}/{path}", json={"data": []})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/monitoring", "/monitoring/", "/monitoring/summary", "/monitoring/x", "/docs", "/openapi.json", "/redoc",
        f"{API}/proxy=http://127.0.0.1:1/", f"{API}/component_server", f"{API}/vibe-code", f"{API}/vibe-edit",
        f"{API}/process_recording", f"{API}/stream/a/b/1/playlist.m3u8", f"{API}/runs", f"{API}/run-history/buckets",
        f"{API}/profiling/traces", f"{API}/dev/reload", f"{API}/deep_link", "/gradio_api/deep_link?session_hash=a",
    ],
)  # fmt: skip
def test_what_the_app_has_no_use_for_is_closed(stranger, path):
    for method in ("GET", "POST"):
        assert stranger.http.request(method, path).status_code in (404, 405)


def drawing_sent(stranger, **changed):
    """The answer to a layer of a drawing, as the browser sends it."""
    canvases = [it["id"] for it in stranger.http.get("/config").json()["components"] if it["type"] == "imageeditor"]
    fields = {
        "type": "layer", "index": "0", "id": "x", "component_id": str(canvases[0]), "fn_name": "accept_blobs",
        "session_hash": "abc",
    }  # fmt: skip
    files = {"file": ("layer", b"some bytes")}
    return stranger.http.post(f"{API}/component_server", data=fields | changed, files=files)


def test_a_drawing_is_taken_in_parts_and_nothing_else_of_a_component_is_called(stranger):
    assert drawing_sent(stranger).status_code == 200
    for changed in (
        {"fn_name": "preprocess"},
        {"component_id": "0"},
        {"component_id": "x"},
        {"component_id": "999999"},
    ):
        assert drawing_sent(stranger, **changed).status_code == 404
    assert drawing_sent(stranger, session_hash="").status_code == 422
    assert drawing_sent(stranger, index="1000000000").status_code >= 400  # would be as many layers
    large = stranger.http.post(f"{API}/component_server", content=bytes(4_100_000))
    assert large.status_code == 413


DEEP = b'{"data": ' + b"[" * 300 + b"]" * 300 + b"}"


@pytest.mark.parametrize(
    "content", [b"", b"x", b"[]", b"3", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b"{" * 9, DEEP]
)
def test_a_body_that_is_none_is_refused(stranger, content):
    for path in ("queue/join", "call/sample_faces", "call/v2/sample_faces", "run/sample_faces"):
        headers = {"content-type": "application/json"}
        answer = stranger.http.post(f"{API}/{path}", content=content, headers=headers)
        assert 400 <= answer.status_code < 500, (path, answer.status_code)


def test_a_body_is_bounded(stranger):
    content = json.dumps({"data": [{"z": [0.5] * (MAX_BODY_BYTES // 4)}, None]}).encode()
    for path in ("call/edit_face", "queue/join", "cancel", "reset", "anything"):
        assert stranger.http.post(f"{API}/{path}", content=content).status_code == 413


@pytest.mark.parametrize("session", [5, [], {}, "x" * 5000, ""])
def test_a_session_has_a_short_name(stranger, session):
    answer = stranger.join(0, [], session_hash=session)
    assert answer.status_code == 422


# -- arguments ---------------------------------------------------------------------------------------------------------

GARBAGE = [None, "x", "<img src=x onerror=alert(1)>", math.nan, -math.inf, 1e308, 10**400, -1, True, [], {}, [[]],
           {"path": 5}, {"a": {"b": [None]}}, "\0", "9" * 5000]  # fmt: skip


def test_every_handler_answers_garbage_with_a_sentence(handlers, app):
    """No handler, public or the page's own, fails in silence, hangs or shows where it lives; what the page shows is
    escaped."""
    dependencies = Stranger(app).config()["dependencies"]
    public = {dependency["id"] for dependency in dependencies if dependency["api_visibility"] == "public"}

    def ask(number, kinds):
        stranger = Stranger(app)
        for value in GARBAGE:
            begun = time.monotonic()
            data = {"index": value, "value": value, "target": value}
            if isinstance(value, int) and value > 2**63:
                refused = stranger.join(number, [value])
                assert refused.status_code == 422 and "64 bits" in refused.json()["detail"]
                continue
            answer = stranger.event(number, [value] * len(kinds), event_data=data)
            assert time.monotonic() - begun < 20, (number, kinds, value)
            if not answer["success"]:
                text = answer["output"]["error"]
                assert isinstance(text, str) and 10 < len(text) < 600, (number, kinds, value, answer)
                assert str(ROOT) not in text and "/tmp" not in text and ("<img" not in text or number in public), text
                assert "failed here" not in text, (number, kinds, value, text)

    with ThreadPoolExecutor(6) as threads:  # each waits for its answers most of the time
        list(threads.map(ask, handlers, handlers.values()))


def test_too_many_arguments_are_counted(stranger):
    kind, answer = stranger.call("sample_faces", [None] * 50)
    assert kind == "error" and answer["error"] == "50 arguments were given; 4 are needed"


def test_arguments_that_are_left_out_have_their_defaults(stranger):
    """A script goes on as an endpoint gets more of them."""
    kind, answer = stranger.call("sample_faces", [5, 2])
    assert kind == "complete" and [face["truncation"] for face in answer[2]] == [1.0, 1.0]
    kind, answer = stranger.call("sample_scene", [])
    assert kind == "error" and answer["error"] == "scene is empty; a text is needed"


@pytest.mark.parametrize(
    ("endpoint", "data", "message"),
    [
        ("sample_faces", [0, "4", 1.0, None], "count is '4' (str); a number is needed"),
        ("sample_faces", [0, 4, None, None], "truncation is empty; a number is needed"),
        ("sample_faces", [0, 4, math.nan, None], "truncation is nan; a finite number is needed"),
        ("sample_faces", [0, 2.5, 1.0, None], "count is 2.5; a whole number is needed"),
        ("sample_faces", [0, 4, 1.0, {"a": 1}], "model is {'a': 1} (dict); a text is needed"),
        ("animate_scene", ["peaks", 1, "x", 0.9, 6, 10, True, "gif", 0], "alpha is 'x' (str); a number is needed"),
        (
            "animate_scene",
            ["peaks", 1, None, 0.9, 6, 10, True, "gif", 0],
            "alpha is empty; a number is needed",
        ),
        ("animate_scene", ["peaks", 1, 0.1, 0.9, 6, "10", True, "gif", 0], "fps is '10' (str); a number is needed"),
        ("animate_scene", ["peaks", 1, 0.1, 0.9, 6, 10, None, "gif", 0], "loop is None (NoneType); true or false"),
        ("animate_scene", ["peaks", 1, 0.1, 0.9, 6, 10, True, None, 0], "format is empty; allowed are gif, mp4, webp"),
        ("morph_faces", [[{}, {}], 6, True, None, "gif", None], "fps is empty; a number is needed"),
        ("sample_scene", [None, 1, 0, 0], "scene is empty; a text is needed"),
        ("sample_scene", [["peaks"], 1], "scene is ['peaks'] (list); a text is needed"),
        ("sample_scene", ["peaks", 1, [0, "1"]], "start_scale is '1' (str); a number is needed"),
        ("sample_scene", ["peaks", 1, {"a": 1}], "start_scale is {'a': 1} (dict); a number is needed"),
        ("sample_scene", ["peaks", 1, [0, 1, 2, 3]], "start_scale is [0, 1, 2, 3]; 1 to 3 values are allowed"),
        ("edit_face", ["x"], "face is 'x' (str); an object is needed"),
        ("morph_faces", [{"seed": 1}], "faces is {'seed': 1} (dict); a list is needed"),
        ("add_faces", [{}, None, {}], "b is empty; an object is needed"),
        ("map_faces", [{}, {}, {"seed": "x"}], "seed is 'x' (str); a number is needed"),
        ("retarget_picture", [{"a": 1}], "picture is {'a': 1} (dict); an uploaded file is needed"),
        ("invert_face", [None], "picture is empty; a picture is needed"),
        ("scene_file", [3], "scene is 3 (int); a text is needed"),
        ("add_scene", [], "archive is empty; a ZIP of a trained scene is needed"),
        ("add_scene", ["peaks.zip"], "archive is 'peaks.zip' (str); an uploaded file is needed"),
        ("train_scene", [["a"], "fast"], "picture is ['a'] (list); an uploaded file is needed"),
        ("retarget_scene", ["peaks", 325, 175, None, None, 1, 0], "mode is empty; allowed are fit, keep, rearrange"),
    ],
)
def test_a_wrong_argument_is_named_with_its_value_and_type(stranger, endpoint, data, message):
    kind, answer = stranger.call(endpoint, data)
    assert kind == "error" and message in answer["error"], answer


def test_paths_lose_their_folders():
    text = without_paths(
        "'/tmp/darkroom-x/scenes/a-1/training.safetensors' is damaged: see /work/main/ui/store.py, 1/2"
    )
    assert text == "'training.safetensors' is damaged: see store.py, 1/2"


# -- queues ------------------------------------------------------------------------------------------------------------


def test_a_full_queue_is_full_for_its_own_kind_alone(stranger, app):
    """Long animations that nobody reads fill their own queue; health, models and faces answer as before."""
    body = {"data": ["peaks", 0, 0.1, 0.9, 200, 10, True, "gif", 0]}
    codes = []
    for seed in range(MAX_OWN_QUEUED + 12):
        body["data"][-1] = seed
        codes.append(stranger.http.post(f"{API}/call/animate_scene", json=body).status_code)
    assert codes[0] == 200 and codes[-1] == 503
    begun = time.monotonic()
    kind, (health,) = stranger.call("health", [])
    assert kind == "complete" and health["queues"]["events"]["animations"] == MAX_OWN_QUEUED
    assert stranger.call("models", [])[0] == "complete"
    assert stranger.call("edit_face", [{"seed": 1}, None])[0] == "complete"
    assert time.monotonic() - begun < 10
    while Stranger(app).call("health", [])[1][0]["queues"]["events"]:  # what nobody reads is not drawn
        assert time.monotonic() - begun < 60
        time.sleep(1)


def test_health_tells_queues_memory_and_versions(stranger):
    _, (health,) = stranger.call("health", [])
    assert health["status"] == "ok" and health["versions"]["gradio"] == gradio.__version__
    assert 100 < health["memory_mb"] < 4000
    assert set(health["queues"]) == {"trainings", "events", "device"}


# -- found by a review of this gate ------------------------------------------------------------------------------------


def test_no_json_holds_a_file(events, stranger):
    """Gradio would fetch its address, or move it."""
    file = {"path": "http://127.0.0.1:1/a.png", "meta": {"_type": "gradio.FileData"}}
    for value in (file, {"a": [file]}, [[file]], {"moves": {"x": file}}):
        kind, answer = stranger.call("edit_face", [value, None])
        assert kind == "error" and answer["error"] == "face holds a file; none is taken there"


def test_an_agents_call_names_no_file_of_the_server(stranger):
    arguments = {"face": {"a": {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "edit_face", "arguments": arguments}}
    accepted = {"accept": "application/json, text/event-stream"}
    answer = stranger.http.post(f"{API}/mcp/", json=call, headers=accepted)
    assert answer.status_code == 422 and "not by a path" in answer.json()["detail"]


def test_an_agents_call_is_bounded(stranger):
    content = json.dumps({"picture": "a" * MAX_TOOL_BYTES})
    accepted = {"accept": "application/json, text/event-stream"}
    assert stranger.http.post(f"{API}/mcp/", content=content, headers=accepted).status_code == 413


@pytest.mark.parametrize(
    "path", ["file=http://127.0.0.1:1/", "file=HTTPS://a", "file/http://a", "custom_component/a/client/b/c"]
)
def test_addresses_are_not_passed_on(stranger, path):
    assert stranger.http.get(f"{API}/{path}").status_code == 404


def test_a_form_is_bounded_in_all_and_without_file_names(stranger):
    part = bytes(40_000_000)
    for parts in ([("files", ("a.png", part))] * 3, [("files", (None, part))] * 3):
        answer = stranger.http.post(f"{API}/upload", files=parts)
        assert answer.status_code in (400, 413), answer.status_code


def test_a_body_has_a_bounded_number_of_values(stranger):
    content = b'{"data": [[' + b"[]," * 300_000 + b"[]]]}"
    answer = stranger.http.post(f"{API}/call/edit_face", content=content)
    assert answer.status_code == 422


def test_a_header_that_names_no_host_is_refused(stranger):
    assert stranger.http.get("/", headers={"x-forwarded-host": "a:b"}).status_code == 400
    assert stranger.http.get("/").status_code == 200


def test_what_has_no_queue_is_not_queued(stranger):
    (number, *_) = stranger.direct
    assert stranger.join(number, []).status_code == 400


def test_the_chosen_pictures_are_uploads_and_few(app, stranger):
    """Whichever event takes files and what is chosen of them: what it writes is called by the files alone."""
    config = stranger.config()
    kinds = {component["id"]: component["type"] for component in config["components"]}
    file = stranger.upload(PICTURE)
    asked = {it["id"]: [kinds[i] for i in it["inputs"]] for it in config["dependencies"]}
    kinds_of_choices = ["checkbox", "file", "gallery", "json"]
    chosen = {event: inputs for event, inputs in asked.items() if sorted(inputs) == kinds_of_choices}
    assert chosen
    for event, inputs in chosen.items():

        def answer(files, number, good=(), event=event, inputs=inputs):
            gallery = [{"image": one, "caption": "a picture"} for one in files]
            given = {"file": files, "json": list(good), "checkbox": True, "gallery": gallery}
            clicked = {"index": number, "value": None, "_data": None}
            return stranger.event(event, [given[kind] for kind in inputs], event_data=clicked)

        one = answer([file, file], 0)
        assert one["success"] and '"orig_name": "pictures.zip"' in json.dumps(one["output"]), one
        other = answer([file], 1)
        assert not other["success"] and "2" in other["output"]["error"]
        many = answer([file] * 100, 0)
        assert not many["success"] and "number of pictures is 100" in many["output"]["error"]
        wrong = answer([file], 0, ["x"])
        assert not wrong["success"] and "does not belong together" in wrong["output"]["error"]
