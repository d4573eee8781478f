"""Admit requests: to listed routes alone, with bounds on each request and on each address.

One ASGI middleware, so that a rule holds for every route, component and agent alike. What is listed was read in the
routes of gradio 6.31.0 (tests/test_gate.py compares them); what a later Gradio adds is refused until it is listed.
"""

import asyncio
import ipaddress
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from gradio.utils import get_upload_folder
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from darkroom.checks import echo
from ui.errors import REFUSED, described, log, trace_of
from ui.visitors import DISK_IS_FULL, Limits, address_of, disk_is_full, own_proxies

API = "/gradio_api"
UPLOAD = f"{API}/upload"
READ = re.compile(
    r"/|/(config|theme\.css|favicon\.ico|robots\.txt|manifest\.json|pwa_icon(/\d+)?)|/(assets|static|svelte|look|view)/.+|"
    rf"{API}/(info|app_id|startup-events|theme\.css|queue/(data|status)|upload_progress|heartbeat/[^/]+|"
    r"call/(v2/)?[^/]+/[^/]+|file=/.+|mcp(/(http|schema))?)"
)
WRITTEN = re.compile(
    rf"{API}/(queue/join|call/(v2/)?[^/]+|run/predict|cancel|reset|component_server|upload|mcp(/http)?)"
)
EVENT = re.compile(rf"{API}/(queue/join|run/predict|call/(?P<by_name>v2/)?(?P<name>[^/]+))")
ANSWER = re.compile(rf"{API}/call/(v2/)?[^/]+/(?P<call>[^/]+)")
AGENT = re.compile(rf"{API}/mcp(/http)?")
CALL = re.compile(rb'"id"\s*:\s*(\d{1,15}|"[\w-]{1,60}")\s*}\s*$')  # where clients write it, behind all else
MAX_CALL_BYTES = 100  # of the end of a body, which is kept
NOT_UPLOADED = "is no file that was uploaded here, or not any more; upload it again"
MAX_FIELD_BYTES, MAX_FIELDS = 200, 10  # of the form that is one part of a drawing


class Gate:
    """Refuse, in a sentence, what is not listed or is too much; hand on the rest. events: a `ui.events.Page`."""

    def __init__(self, app: Any, events: Any, limits: Limits) -> None:
        self.app, self.events, self.limits = app, events, limits
        self._open: Counter[str] = Counter()  # requests by their addresses; on the event loop alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        call = Call(receive) if scope.get("method") == "POST" and AGENT.fullmatch(path_of(scope)) else None
        receive = call or receive
        address, most = address_of(HTTPConnection(scope)), self.limits.requests_an_address
        self._open[address] += 1
        last: Message = {}

        async def sent(message: Message) -> None:
            nonlocal last
            last = {**message, "status": 422} if message.get("status") == 500 and scope.get(REFUSED) else message
            await send(last)

        try:
            check_route(scope)
            check_host(HTTPConnection(scope), self.events.share)
            if self._open[address] > most:
                raise HTTPException(503, f"{most} requests from your address are open; try again in a while")
            async with asyncio.timeout(self.limits.request_seconds):
                await self.app(scope, await self._bounded(scope, receive), sent)
        except ClientDisconnect:
            pass
        except Exception as error:
            refusal = refusal_of(error)
            if not last:
                answer: Response = JSONResponse({"detail": refusal.detail}, refusal.status_code)
                if call:
                    answer = tool_error(refusal, await call.id(self.limits)) or answer
                await answer(scope, receive, send)
            elif "status" in last or last.get("more_body"):  # a stream, which has said why it ends
                await send({"type": "http.response.body"})
        finally:
            self._open -= Counter([address])  # which leaves out addresses with none

    async def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Return what hands on the request's body, once it is read and checked; an upload is, as it comes."""
        path, limits = path_of(scope), self.limits
        if path.startswith(API) and len(scope["query_string"]) > limits.query_bytes:
            raise HTTPException(414, "the address is too long")
        if scope["method"] != "POST":
            if (answer := ANSWER.fullmatch(path)) and not self.events.knows(answer["call"]):
                raise HTTPException(404, "there is no such call, or its answer was read already")
            return receive
        if (path == UPLOAD or AGENT.fullmatch(path)) and disk_is_full(limits):
            raise HTTPException(507, DISK_IS_FULL)
        if path == UPLOAD:
            return bounded_upload(receive, limits)
        body = await read(Request(scope, receive), limits)
        if path == f"{API}/component_server":
            await check_drawing(Request(scope, replayed(body, receive)))
        else:
            body = self._checked(path, address_of(Request(scope)), body)
        return replayed(body, receive)

    def _checked(self, path: str, address: str, body: bytes) -> bytes:
        """Return a body of JSON, an endpoint's with all arguments. Raises HTTPException."""
        values = parsed(body, self.limits)
        for file in () if AGENT.fullmatch(path) else files_in(values):  # An agent's session would end by a refusal.
            if not is_upload(file.get("path")):
                raise HTTPException(400, f"{echo(file.get('path'))} {NOT_UPLOADED}")
        event = EVENT.fullmatch(path)
        if not event:
            return body
        if not isinstance(values, dict):
            raise HTTPException(422, f"the body is {echo(values)}; an object is needed")
        session, most = values.get("session_hash"), self.limits.session_characters  # Sessions are remembered by it.
        if session is not None and not (isinstance(session, str) and 0 < len(session) <= most):
            raise HTTPException(422, f"session_hash is {echo(session)}; a text of 1 to {most} characters is needed")
        most = self.limits.events_an_address
        if self.events.going(address) >= most:
            raise HTTPException(503, f"{most} calls from your address wait or run already; wait for one of them")
        if event["by_name"]:
            return json.dumps(self.events.arguments(event["name"], values)).encode()
        if event["name"] and isinstance(values.get("data"), list):
            values["data"] = self.events.arguments(event["name"], values["data"])
            return json.dumps(values).encode()
        return body


class Call:
    """Receive an agent's call as it comes, and know how it ends: an HTTP error would end the session, a tool's, which
    names the call, does not."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._end, self._size, self._more = receive, b"", 0, True

    async def __call__(self) -> Message:
        message = await self._receive()
        body = message.get("body", b"")
        self._end, self._size = (self._end + body)[-MAX_CALL_BYTES:], self._size + len(body)
        self._more = message.get("more_body", False)
        return message

    async def id(self, limits: Limits) -> Any:
        """Return the call's id, for which the rest of the body is read; None where there is none in its end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limits.body_seconds):
                while self._more and self._size < limits.upload_bytes:
                    await self()
        found = CALL.search(self._end)
        return json.loads(found[1]) if found else None


def tool_error(refusal: HTTPException, call: Any) -> Response | None:
    """Return a refusal as the error of a tool that an agent has called; None where the call is not known."""
    content = [{"type": "text", "text": refusal.detail}]
    answer = {"jsonrpc": "2.0", "id": call, "result": {"content": content, "isError": True}}
    return None if call is None else JSONResponse(answer)


def refusal_of(error: Exception) -> HTTPException:
    """Return an error as a sentence; others than refusals are Gradio's, whose routes take what is sent for sound."""
    if isinstance(error, HTTPException):
        return error
    log.error("request failed: %s", trace_of(error))
    return HTTPException(422 if isinstance(error, LookupError | ValueError) else 500, described(error, own=True)[1])


def path_of(scope: Scope) -> str:
    """Return what a request is for, wherever the app is served."""
    path, root = str(scope["path"]), scope.get("root_path", "")
    return (path.removeprefix(root) if f"{path}/".startswith(f"{root}/") else path).rstrip("/") or "/"


def check_route(scope: Scope) -> None:
    """Raise HTTPException unless a request's route is listed."""
    listed = {"GET": (READ,), "HEAD": (READ,), "POST": (WRITTEN,), "OPTIONS": (READ, WRITTEN)}
    if not any(routes.fullmatch(path_of(scope)) for routes in listed.get(scope.get("method", ""), ())):
        raise HTTPException(404, "there is nothing here")


def check_host(request: HTTPConnection, shared: bool) -> None:
    """Raise HTTPException where a request that came to this machine's loopback address is for another name.

    A page from elsewhere may have its own name lead here (DNS rebinding). A proxy's requests may have its name, and
    those that Gradio's sharing sends.
    """
    host, server = request.url.hostname or "", (request.scope.get("server") or [""])[0]
    if is_loopback(server) and not (is_loopback(host) or shared or own_proxies()):
        raise HTTPException(
            421, f"this is not {echo(host)}; where a proxy has that name, DARKROOM_PROXIES=1 lets it in"
        )


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"


async def read(request: Request, limits: Limits) -> bytes:
    """Return the body. Raises HTTPException where it is too large or too slow."""
    body = bytearray()  # bytes would be copied whole at each part
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for part in request.stream():
                body += part
                if len(body) > limits.body_bytes:
                    raise HTTPException(413, f"the request is larger than {limits.body_bytes / 1e6:.0f} MB")
    except TimeoutError:
        raise HTTPException(408, f"the request did not come within {limits.body_seconds:.0f} s") from None
    return bytes(body)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return what hands on a body that has been read."""
    whole = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return whole.pop() if whole else await receive()

    return replay


def parsed(body: bytes, limits: Limits) -> Any:
    """Return the values of JSON, of which there are few enough. Raises HTTPException."""
    lists = body.count(b"[") + body.count(b"{")
    if lists > limits.body_lists or lists + body.count(b",") > limits.body_values:
        raise HTTPException(422, f"the body has more than {limits.body_values} values or {limits.body_lists} lists")
    try:
        values = json.loads(body)
        if b"\\u" in body:
            json.dumps(values, ensure_ascii=False).encode()  # half a character is none, and breaks what answers
        return values
    except (ValueError, RecursionError):
        raise HTTPException(422, "the body is no JSON") from None


async def check_drawing(request: Request) -> None:
    """Raise HTTPException unless a request is a part of a drawing: nothing else of a component is called."""
    async with request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES) as form:
        if form.get("fn_name") != "accept_blobs":
            raise HTTPException(404, "there is nothing here")


def files_in(values: Any) -> Iterator[dict[str, Any]]:
    """Yield all that Gradio might take for a file, however deep."""
    layer = [values]
    while layer:
        found = [it for it in layer if isinstance(it, dict)]
        yield from (it for it in found if "path" in it)
        layer = [part for it in found for part in it.values()] + [
            part for it in layer if isinstance(it, list | tuple) for part in it
        ]


def is_upload(path: Any) -> bool:
    """Return whether this is the path of a file that was uploaded, or answered, and is still there."""
    if not isinstance(path, str):
        return path is None  # of what is no file
    try:
        real, folder = os.path.realpath(path), os.path.realpath(get_upload_folder())
        return os.path.commonpath([real, folder]) == folder and os.path.isfile(real)
    except (OSError, ValueError):  # a name too long, or with a zero byte
        return False


def bounded_upload(receive: Receive, limits: Limits) -> Receive:
    """Return the parts of an upload as they come, until they are too large, too slow, or end early.

    What Gradio's own parser raises is raised then: it removes what it has written.
    """
    size, end = 0, time.monotonic() + limits.upload_seconds

    async def part() -> Message:
        nonlocal size
        try:
            async with asyncio.timeout(end - time.monotonic()):
                message = await receive()
        except TimeoutError:
            raise MultiPartException(f"the upload did not come within {limits.upload_seconds:.0f} s") from None
        size += len(message.get("body", b""))
        if disk_is_full(limits):
            raise MultiPartException(DISK_IS_FULL)
        if message["type"] == "http.disconnect" or size > limits.upload_bytes:
            raise MultiPartException("File exceeded maximum allowed size")
        return message

    return part
