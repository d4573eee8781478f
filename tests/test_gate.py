"""Bounds on what strangers may send, whichever route, endpoint or button it is for."""

import asyncio
import json
import math
import os
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
import uvicorn
from gradio.routes import App
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse

from benchmarks.servers import ROOT, free_port
from benchmarks.wire import API, Stranger
from tests.test_endpoints import NAMES
from ui import connection
from ui.gate import Gate, check_host, path_of
from ui.visitors import Limits

PICTURE = ROOT / "examples" / "sunset.jpg"  # on the server, never uploaded
SMALL = Limits(
    requests_an_address=2, events_an_address=3, body_bytes=1000, body_values=50, body_lists=10, body_seconds=0.2,
    upload_bytes=2000, upload_seconds=0.2, query_bytes=50, session_characters=10, free_bytes=0,
)  # fmt: skip


class Page:
    """Stands for a page with so many events of an address going."""

    share = False

    def __init__(self, going: int = 0) -> None:
        self.count = going

    def going(self, address: str) -> int:
        return self.count

    def knows(self, call: str) -> bool:
        return call == "1"

    def arguments(self, name: str, given: Any) -> Any:
        return given


async def answering(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the body; a picture of /static takes its time."""
    if scope["path"].startswith("/static"):
        await asyncio.sleep(0.3)
    try:
        body = await Request(scope, receive).body()
        answer = JSONResponse(body.decode(errors="replace"))
    except MultiPartException as error:
        answer = JSONResponse(error.message, 413)
    await answer(scope, receive, send)


def ask(gate: Gate, *requests: tuple[Any, ...], address: str = "1.1.1.1") -> list[httpx.Response]:
    """Return the answers to requests, (method, path, content), that are sent at once."""

    async def sent() -> list[httpx.Response]:
        transport = httpx.ASGITransport(gate, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            calls = [client.request(method, path, content=content) for method, path, content in requests]
            return list(await asyncio.gather(*calls))

    return asyncio.run(sent())


async def slowly(parts: int) -> AsyncIterator[bytes]:
    for _ in range(parts):
        yield b" "
        await asyncio.sleep(0.05)


def test_only_listed_routes_are_open():
    def flat(routes: Any) -> Iterator[tuple[str, str]]:
        for route in routes:
            if hasattr(route, "original_router"):  # fastapi's, of a router in an app
                yield from flat(route.original_router.routes)
            else:
                yield from ((method, route.path.rstrip("/") or "/") for method in route.methods)

    with gr.Blocks() as blocks:
        pass
    gate = Gate(answering, Page(), Limits())
    opened = set()
    for method, path in set(flat(App.create_app(blocks).routes)):
        (answer,) = ask(gate, (method, re.sub(r"\{[^}]*\}", "1", path), b"{}" if method == "POST" else b""))
        opened |= {(method, path)} if answer.status_code != 404 else set()
    read = [
        "/", "/assets/{path:path}", "/config", "/favicon.ico", "/manifest.json", "/pwa_icon", "/pwa_icon/{size}",
        "/robots.txt", "/static/{path:path}", "/svelte/{path:path}", "/theme.css", f"{API}/app_id",
        f"{API}/call/v2/{{api_name}}/{{event_id}}", f"{API}/call/{{api_name}}/{{event_id}}",
        f"{API}/heartbeat/{{session_hash}}", f"{API}/info", f"{API}/queue/data", f"{API}/queue/status",
        f"{API}/startup-events", f"{API}/theme.css", f"{API}/upload_progress",
    ]  # fmt: skip
    written = ["call/v2/{api_name}", "call/{api_name}", "cancel", "queue/join", "reset", "upload"]
    assert opened == {("HEAD", "/")} | {("GET", it) for it in read} | {("POST", f"{API}/{it}") for it in written}


def test_routes_that_are_open_in_part():
    gate = Gate(answering, Page(), Limits())
    for method, is_open, paths in (
        ("POST", True, "run/predict run/predict/ mcp mcp/http"),
        ("POST", False, "run/x api/predict mcp/messages run/Predict"),
        ("GET", True, "file=/tmp/a mcp/schema"),
        ("GET", False, "file=http://a file=HTTPS://a file= mcp/sse proxy=http://a/"),
    ):
        for path in paths.split():
            (answer,) = ask(gate, (method, f"{API}/{path}", b"{}" if method == "POST" else b""))
            assert (answer.status_code == 200) == is_open, path
    assert ask(gate, ("HEAD", f"{API}/file=http://a", b""))[0].status_code == 404
    for method in ("PUT", "DELETE", "PATCH", "TRACE"):
        assert ask(gate, (method, "/", b""))[0].status_code == 404


def test_a_body_is_bounded_in_bytes_values_and_time():
    gate, join = Gate(answering, Page(), SMALL), f"{API}/queue/join"
    for content, status in {
        b'{"data": [1], "session_hash": "a"}': 200,
        b'"' + b"a" * 2000 + b'"': 413,
        b'{"data": [' + b"1," * 60 + b"1]}": 422,
        b'{"data": [' + b"[]," * 20 + b"1]}": 422,
        b'{"session_hash": "a"}': 200,
        b"": 422,
        b"x": 422,
        b"\xff\xfe": 422,
        b"[1]": 422,
        b'{"session_hash": 5}': 422,
        b'{"session_hash": "aaaaaaaaaaa"}': 422,
    }.items():
        (answer,) = ask(gate, ("POST", join, content))
        assert answer.status_code == status, (content, answer.text)
        assert status == 200 or len(answer.json()["detail"]) > 10
    deep = b"[" * 4000 + b"]" * 4000
    assert ask(Gate(answering, Page(), Limits(body_lists=10_000)), ("POST", join, deep))[0].status_code == 422
    assert ask(gate, ("POST", join, slowly(20)))[0].status_code == 408
    assert ask(gate, ("POST", f"{API}/cancel", b'"' + b"a" * 2000 + b'"'))[0].status_code == 413
    assert ask(gate, ("GET", f"{API}/queue/data?session_hash={'a' * 50}", b""))[0].status_code == 414
    assert ask(gate, ("GET", f"/?seed={'a' * 50}", b""))[0].status_code == 200  # a link


def test_what_fails_in_a_route_is_a_sentence_and_a_stream_that_fails_ends(caplog):
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"so far", "more_body": True})
        raise KeyError("what was sent") if scope["path"] != "/config" else RuntimeError("what was sent")

    gate = Gate(failing, Page(), SMALL)
    requests = [("GET", path, b"") for path in ("/", "/theme.css", "/config", f"{API}/call/a/2")]
    begun, unfit, failed, unknown = ask(gate, *requests[:2]) + ask(gate, *requests[2:])
    assert begun.text == "so far" and [it.status_code for it in (unfit, failed, unknown)] == [422, 500, 404]
    assert "does not belong together" in unfit.json()["detail"] and "no such call" in unknown.json()["detail"]
    assert "RuntimeError" in failed.json()["detail"] and "what was sent" not in failed.text + caplog.text
    for body in (b'{"data": ["\\ud800"]}', b'{"session_hash": "\\uDfff"}'):  # half a character
        assert ask(gate, ("POST", f"{API}/call/a", body))[0].status_code == 422
    assert ask(Gate(answering, Page(), SMALL), ("POST", f"{API}/call/a", b'"\\u00e9"'))[0].status_code == 422


def test_a_stream_that_goes_on_and_on_ends():
    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b".", "more_body": True})
            await asyncio.sleep(0.05)

    (answer,) = ask(Gate(endless, Page(), replace(SMALL, request_seconds=0.4)), ("GET", "/", b""))
    assert answer.status_code == 200 and 1 <= len(answer.text) < 20


def test_a_loopback_address_has_no_other_name(app, stranger, monkeypatch):
    def status(host):
        return stranger.http.get("/", headers={"host": host}).status_code

    assert [status(host) for host in ("localhost:7860", "127.0.0.1", "[::1]:1", "evil.com", "127.0.0.1.evil.com")] == [
        200, 200, 200, 421, 421,
    ]  # fmt: skip
    local = HTTPConnection({"type": "http", "server": ("::1", 1), "headers": [(b"host", b"evil.com")], "path": "/"})
    with pytest.raises(HTTPException, match="this is not 'evil.com'"):
        check_host(local, shared=False)
    check_host(local, shared=True)
    monkeypatch.setenv("DARKROOM_PROXIES", "1")
    check_host(local, shared=False)


def test_who_does_not_say_what_for_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.5)
    connection.install()
    config = uvicorn.Config(answering, port=free_port(), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    heads = [socket.create_connection(("127.0.0.1", config.port)) for _ in range(3)]
    heads[1].sendall(b"GET /slow HTT")
    heads[2].sendall(b"POST /static/a HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n")  # whose body is awaited
    heads[0].settimeout(5)
    heads[1].settimeout(5)
    assert heads[0].recv(9) == heads[1].recv(9) == b""
    heads[2].sendall(b"123456789")
    assert heads[2].recv(15) == b"HTTP/1.1 200 OK"
    server.should_exit = True
    thread.join()


def test_it_is_found_under_a_path():
    gate = Gate(answering, Page(), SMALL)
    for root, path, found in (
        ("/look", "/look/look/a.webp", True), ("/look", "/look/", True), ("/l", "/look/a.webp", True),
        ("https://a/b", "/look/a.webp", True), ("/b", "/b/evil", False),
    ):  # fmt: skip
        assert (path_of({"path": path, "root_path": root}) in ("/look/a.webp", "/")) == found
    assert ask(gate, ("GET", "/look/a.webp", b""))[0].status_code == 200


def test_an_upload_is_bounded_in_bytes_and_time():
    gate, upload = Gate(answering, Page(), SMALL), f"{API}/upload"
    assert ask(gate, ("POST", upload, bytes(1500)))[0].status_code == 200  # more than another body may have
    assert ask(gate, ("POST", upload, bytes(2500)))[0].status_code == 413
    (slow,) = ask(gate, ("POST", upload, slowly(20)))
    assert slow.status_code == 413 and "did not come within" in slow.text
    full = Gate(answering, Page(), Limits(free_bytes=2**60, free_share=1.0))
    for path in (upload, f"{API}/mcp"):
        (answer,) = ask(full, ("POST", path, b"{}"))
        assert answer.status_code == 507 and "the disk is full" in answer.text


def test_an_agent_hears_of_a_bound_as_of_a_tools_error():
    gate = Gate(answering, Page(), SMALL)
    call = {"method": "tools/call", "params": {"arguments": {"picture": "a" * 10_000}}, "jsonrpc": "2.0", "id": 7}
    (answer,) = ask(gate, ("POST", f"{API}/mcp/", json.dumps(call).encode()))
    said = {"content": [{"type": "text", "text": "the request is larger than 0 MB"}], "isError": True}
    assert answer.status_code == 200 and answer.json() == {"jsonrpc": "2.0", "id": 7, "result": said}
    call["params"] = {"arguments": {"faces": [[]] * 20}}
    (answer,) = ask(gate, ("POST", f"{API}/mcp", json.dumps(call | {"id": "x-1"}).encode()))
    assert answer.status_code == 200 and answer.json()["id"] == "x-1" and answer.json()["result"]["isError"]
    (answer,) = ask(gate, ("POST", f"{API}/mcp", b"{" + b" " * 2000))
    assert answer.status_code == 413


def test_requests_of_an_address_are_bounded_together():
    gate = Gate(answering, Page(), SMALL)
    slow, quick = ("GET", "/static/a", b""), ("GET", f"{API}/mcp", b"")
    assert sorted(it.status_code for it in ask(gate, slow, slow, slow, quick)) == [200, 200, 503, 503]
    assert [it.status_code for it in ask(gate, slow, slow)] == [200, 200]  # none of the others is open any more
    with ThreadPoolExecutor(2) as threads:
        answers = threads.map(lambda address: ask(gate, slow, slow, slow, address=address), ("1.1.1.1", "2.2.2.2"))
        assert [sorted(it.status_code for it in answer) for answer in answers] == [[200, 200, 503]] * 2


def test_events_of_an_address_are_bounded():
    for path in ("queue/join", "run/predict", "call/sample_faces", "call/v2/sample_faces"):
        assert ask(Gate(answering, Page(2), SMALL), ("POST", f"{API}/{path}", b'{"data": []}'))[0].status_code == 200
        (answer,) = ask(Gate(answering, Page(3), SMALL), ("POST", f"{API}/{path}", b'{"data": []}'))
        assert answer.status_code == 503 and "wait for one of them" in answer.json()["detail"]
    assert ask(Gate(answering, Page(3), SMALL), ("POST", f"{API}/cancel", b"{}"))[0].status_code == 200


@pytest.fixture
def stranger(app):
    return Stranger(app)


@pytest.fixture(scope="module")
def events(app):
    """Every event of the page with a handler: its number, its name and the kinds of its inputs."""
    config = Stranger(app).config()
    kinds = {component["id"]: component["type"] for component in config["components"]}
    return [
        (it["id"], re.sub(r"_\d+$", "", str(it["api_name"])), [kinds[number] for number in it["inputs"]])
        for it in config["dependencies"]
        if it["backend_fn"]
    ]


def post(stranger, path, body):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return stranger.http.post(f"{API}/{path}", content=content, headers={"content-type": "application/json"})


def test_no_request_names_a_file_that_was_not_uploaded(stranger, tmp_path):
    """Nor an address, which Gradio would fetch; wherever in the arguments it is."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    above = Path(gr.utils.get_upload_folder()) / ".." / ".." / str(PICTURE).lstrip("/")
    paths = [str(above), str(fifo), str(tmp_path), "/dev/zero", "", "\0", "x" * 5000, "http://127.0.0.1:1/a",
             "file:///etc/hostname", 5, ["/etc/hostname"]]  # fmt: skip
    extras = ({}, {"meta": {"_type": "gradio.FileData"}}, {"url": str(PICTURE)}, {"is_stream": True})
    files = [{"path": str(PICTURE), **extra} for extra in extras] + [{"path": path} for path in paths]
    for file in files:
        for data in ([file], [{"image": file, "caption": None}], [[[{"a": [file]}]]]):
            for where in ("queue/join", "run/predict", "call/edit_face"):
                answer = post(stranger, where, {"data": data, "fn_index": 0, "session_hash": "a"})
                assert answer.status_code == 400 and "was uploaded here" in answer.json()["detail"]
    for value in ("/etc/hostname", ["/etc/hostname"], 3, {"url": "/etc/hostname"}, {"path": None}):
        kind, answer = stranger.call("train_scene", [value, "fast", 0, None, None])
        assert kind == "error" and re.match("picture .* an uploaded file is needed", answer["error"]), answer
    uploaded = {"path": stranger.upload(PICTURE)["path"]}  # it needs no "meta"
    kind, answer = stranger.call("train_scene", [uploaded, "nonsense", 0, None, None])
    assert kind == "error" and "preset is 'nonsense'" in answer["error"]  # the file was no matter


def test_html_and_json_are_sent_compressed_and_pictures_are_not(stranger):
    for path, accepted, encoding in (
        ("/", "gzip, br", "br"), ("/?seed=1", "gzip", "gzip"), ("/", "identity", None), ("/config", "br", "br"),
        (f"{API}/info", "br", "br"), ("/theme.css", "br", "br"), ("/look/opening/phone.webp", "gzip, br", None),
    ):  # fmt: skip
        answer = stranger.http.get(path, headers={"accept-encoding": accepted})
        assert answer.status_code == 200 and answer.headers.get("content-encoding") == encoding, path
        assert path != "/" or "</html>" in answer.text


@pytest.mark.soak
def test_uploads_are_bounded_alone_and_together(stranger):
    alone = bytes(Limits().upload_bytes + 3 * 10**6)
    for parts in ([("a.png", alone)], [("a.png", bytes(40_000_000))] * 3, [(None, bytes(40_000_000))] * 3):
        answer = stranger.http.post(f"{API}/upload", files=[("files", part) for part in parts])
        assert answer.status_code in (400, 413), parts[0][0]


def test_endpoints_and_arguments_are_checked_and_arguments_have_defaults(stranger):
    """A script goes on as an endpoint gets more arguments."""
    for path in ("call/nothing", "call/v2/nothing", "run/nothing", "api/nothing"):
        assert post(stranger, path, {"data": []}).status_code == 404
    answer = post(stranger, "call/nothing", {"data": []}).json()["detail"]
    assert answer == f"there is no endpoint 'nothing'; there are {', '.join(sorted(NAMES))}"
    answer = post(stranger, "call/sample_faces", {"data": [None] * 50})
    assert answer.status_code == 422 and answer.json()["detail"] == "50 arguments were given; 5 are needed"
    for arguments, status, said in (
        ({"nothing": 1}, 422, "there is no argument 'nothing'; sample_faces takes seed, count, truncation, "),
        ({"seed": 5, "count": 2}, 200, ""),
    ):
        answer = post(stranger, "call/v2/sample_faces", arguments)
        assert answer.status_code == status and answer.json().get("detail", "").startswith(said)
    read = f"{API}/call/v2/sample_faces/{answer.json()['event_id']}"
    assert "event: complete" in stranger.http.get(read).text and stranger.http.get(read).status_code == 404
    for path in ("run/predict", "queue/join"):
        assert post(stranger, path, {"data": [], "fn_index": 9999, "session_hash": "a"}).status_code == 422
    kind, answer = stranger.call("sample_faces", [5, 2])
    assert kind == "complete" and [face["truncation"] for face in answer[2]] == [1.0, 1.0]


def test_a_drawing_is_taken_in_parts_and_nothing_else_of_a_component_is_called(app, stranger):
    canvas = next(it["id"] for it in stranger.config()["components"] if it["type"] == "imageeditor")
    fields = {
        "type": "layer", "index": "0", "id": "x", "component_id": str(canvas), "fn_name": "accept_blobs",
        "session_hash": "abc",
    }  # fmt: skip

    def sent(**changed):
        files = {"file": ("layer", b"some bytes")}
        return httpx.post(f"{app}{API}/component_server", data=fields | changed, files=files).status_code

    assert sent() == 200
    for changed in ({"fn_name": "preprocess"}, {"session_hash": "a" * 1000}, {"id": "a" * 1000}):
        assert sent(**changed) in (400, 404), changed
    for changed in ({"component_id": "x"}, {"index": "1000000000"}):  # would be as many layers
        assert sent(**changed) >= 400, changed
    assert post(stranger, "component_server", fields | {"data": fields}).status_code == 404
    assert post(stranger, "component_server", bytes(4_100_000)).status_code == 413


GARBAGE = [None, math.nan, {"a": {"b": [None]}}]
MORE_GARBAGE = ["x", "<img src=x onerror=alert(1)>", -math.inf, 1e308, -1, True, [[]], "\0", "9" * 5000]


@pytest.mark.parametrize("garbage", [GARBAGE, pytest.param(MORE_GARBAGE, marks=pytest.mark.soak)])
def test_every_handler_answers_garbage(events, app, garbage):
    """No handler, public or the page's own, hangs or shows where it lives; what an endpoint answers is a sentence."""
    alike = {(name, *kinds): (number, name, kinds) for number, name, kinds in events}

    asked = [(event, value) for event in alike.values() for value in (garbage if event[2] else garbage[:1])]

    def ask(part):
        stranger = Stranger(app)
        for (number, name, kinds), value in part:
            begun = time.monotonic()
            data = {"index": value, "value": value, "target": value}
            answer = stranger.event(number, [value] * len(kinds), event_data=data)
            assert time.monotonic() - begun < 60, (name, kinds, value)
            text = answer["output"].get("error", "")
            assert isinstance(text, str) and str(ROOT) not in text and "/tmp" not in text, (name, kinds, value, text)
            if name in NAMES and not answer["success"]:
                assert 10 < len(text) < 600 and "failed here" not in text, (name, value, text)

    with ThreadPoolExecutor(6) as threads:  # each waits for its answers most of the time
        list(threads.map(ask, [asked[i::6] for i in range(6)]))


def test_a_wrong_argument_is_named_with_its_value_and_type(stranger):
    for endpoint, data, message in (
        ("sample_faces", [0, 4, None, None], "truncation is empty; a number is needed"),
        ("sample_faces", [0, 4, math.nan, None], "truncation is nan; allowed are 0 to 1"),
        ("sample_faces", [0, 2.5, 1.0, None], "count is 2.5; a whole number is needed"),
        ("sample_faces", [10**400, 2, 1.0, None], "...; allowed are 0 to 9223372036854775807"),
        ("sample_faces", [0, 4, 1.0, {"a": 1}], "model is {'a': 1} (dict); a text is needed"),
        ("animate_scene", ["peaks", 1, 0.1, 0.9, 6, 10, 1, "gif", 0], "loop is 1 (int); true or false is needed"),
        ("animate_scene", ["peaks", 1, 0.1, 0.9, 6, 10, True, None, 0], "format is empty; allowed are gif, mp4, webp"),
        ("sample_scene", [["peaks"], 1], "scene is ['peaks'] (list); a text is needed"),
        ("sample_scene", ["peaks", 1, [0, "1"]], "start_scale is '1' (str); a number is needed"),
        ("sample_scene", ["peaks", 1, [0, 1, 2, 3]], "start_scale is [0, 1, 2, 3]; 1 to 3 values are allowed"),
        ("edit_face", ["x"], "face is 'x' (str); an object is needed"),
        ("morph_faces", [{"seed": 1}], "faces is {'seed': 1} (dict); a list is needed"),
        ("map_faces", [{}, {}, {"seed": "x"}], "seed is 'x' (str); a number is needed"),
        ("retarget_picture", [{"a": 1}], "picture is {'a': 1} (dict); an uploaded file is needed"),
        ("invert_face", [None], "picture is empty; a picture is needed"),
        ("add_scene", [], "archive is empty; a ZIP of a scene is needed"),
    ):
        kind, answer = stranger.call(endpoint, data)
        assert kind == "error" and message in answer["error"], (endpoint, data, answer)


def test_the_chosen_pictures_are_uploads_and_few(events, stranger):
    """Whichever event takes files and what is chosen of them: what it writes is called by the files alone."""
    file = stranger.upload(PICTURE)
    chosen = [(number, kinds) for number, _, kinds in events if sorted(kinds) == ["checkbox", "file", "gallery"]]
    assert chosen
    for event, kinds in chosen:
        for files, number, shown, said in (
            ([file, file], 0, 2, '"orig_name": "pictures.zip"'),
            ([file], 1, 1, "does not belong together"),
            ([file] * 100, 0, 100, "number of pictures is 100"),
            ([file], 0, 2, "error"),
        ):
            gallery = [{"image": file, "caption": "a picture"}] * shown
            given = {"file": files, "checkbox": True, "gallery": gallery}
            clicked = {"index": number, "value": None, "_data": None}
            answer = stranger.event(event, [given[kind] for kind in kinds], event_data=clicked)
            assert answer["success"] == (len(files) == 2) and said in json.dumps(answer["output"]), answer


@pytest.mark.soak
def test_one_address_leaves_room_for_others(app):
    """Animations that nobody reads are refused beyond a number; from elsewhere all goes on."""
    flood, other = Stranger(app), Stranger(app)
    flood.http.headers["x-forwarded-for"], other.http.headers["x-forwarded-for"] = "10.1.1.1", "10.1.1.2"
    body = {"data": ["peaks", 0, 0.1, 0.9, 12, 10, True, "gif"]}
    codes = [post(flood, "call/animate_scene", body).status_code for _ in range(Limits().events_an_address + 6)]
    assert codes[0] == 200 and codes[-1] == 503
    kind, (health,) = other.call("health", [])
    assert kind == "complete" and 0 < health["queues"]["device"]["picture"] <= Limits().pictures_an_address
    assert other.call("sample_scene", ["peaks", 1, 0, 1])[0] == "complete"
    assert other.call("models", [])[0] == "complete"
    assert other.call("edit_face", [{"seed": 1}, None])[0] == "complete"
    begun = time.monotonic()
    while other.call("health", [])[1][0]["queues"]["events"]:
        assert time.monotonic() - begun < 120
        time.sleep(1)
