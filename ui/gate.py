"""Between Gradio and the world: what every request passes, whichever endpoint or button it is for.

Written for, and checked on, gradio 6.31.0 (tests/test_gate.py names the version), which leaves open there: `fn_index`
of no event answers 500; /monitoring and other routes that this app has no use for are open; bodies have no bound.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from gradio.route_utils import get_root_url
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from darkroom.checks import echo
from darkroom.files import why
from ui.arguments import files_in
from ui.gradio_patches import Canvas
from ui.log import log, trace_of
from ui.readers import counted
from ui.visitors import address_of

if TYPE_CHECKING:
    from ui.events import Page

LEAST_FREE_BYTES, LEAST_FREE = 500_000_000, 0.05  # of the disk, that uploads leave
MAX_BODY_BYTES = 4_000_000  # any other request: 64 recipes with explicit latents have 1.5 MB
READ_SECONDS = 30.0  # that a body may take to come
MAX_TOOLS = 8  # calls of agents at once: each keeps a thread waiting
MAX_TOOL_BYTES = 16_000_000  # a call of an agent, whose files may be in it as data: addresses
MAX_NODES = 200_000  # values in a request
MAX_DEPTH = 50  # of lists and objects in a request
MAX_FORM_BYTES = 105_000_000  # a request of uploads
SPACE_BYTES = 8_000_000  # of an upload between two looks at the disk
MAX_STREAMS = 64  # open streams of one address
MAX_SESSION_NAME = 100  # characters
MAX_FIELDS = 10  # of a part of a drawing
API = "/gradio_api"
CLOSED = re.compile(
    rf"(/monitoring|/docs|/redoc|/openapi\.json|/login|/logout|({API})?/"
    r"(proxy=|custom_component|vibe|undo-vibe|process_recording|stream/|runs|run-history|profiling|dev/|"
    r"deep_link|file[=/]\s*[a-z]+:))",
    re.IGNORECASE,
)


class Gate:
    """ASGI middleware: closes routes, bounds bodies, answers for events that are none, knows who reads."""

    def __init__(self, app: Any, page: Page) -> None:
        self.app, self.page = app, page
        self._open: Counter[str] = Counter()  # streams by their addresses, and agents' calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        path = path_of(scope)
        try:
            if CLOSED.match(path):
                raise HTTPException(404, "there is nothing here")
            _check_host(scope)
            if scope["method"] == "POST" and path == f"{API}/upload":
                receive = _bounded_form(receive)
            with self._counted(path, scope):  # before a body is read: agents' are large
                if scope["method"] == "POST" and path != f"{API}/upload":
                    receive = await self._checked(path, scope, receive)
                await self.app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception as error:
            refusal = _refusal(error)
            if not begun:
                await JSONResponse({"detail": refusal.detail}, refusal.status_code)(scope, receive, send)

    @contextmanager
    def _counted(self, path: str, scope: Scope) -> Iterator[None]:
        """A request as long as it lasts. Of agents' calls there are few at once, and of an address's streams; a
        stream's session counts as reading, or as here."""
        readers, page, request = self.page.readers, self.page, Request(scope)
        with ExitStack() as held:
            if request.method == "POST" and path.startswith(f"{API}/mcp"):
                refusal = f"{MAX_TOOLS} calls of agents are running; try again in a while"
                held.enter_context(self._few("agents", MAX_TOOLS, refusal))
            elif request.method == "GET" and path == f"{API}/queue/data":
                session = request.query_params.get("session_hash", "")[:MAX_SESSION_NAME]
                held.enter_context(self._stream(request))
                held.enter_context(readers.reading(session))
                page.expect(session)
            elif request.method == "GET" and (found := re.fullmatch(rf"{API}/call/(?:v2/)?[^/]+/([^/]+)", path)):
                session = page.session_of(found[1])
                if session == found[1]:  # a script's, which has no other event; it may leave in the middle
                    held.callback(page.forget, session)
                held.enter_context(readers.reading(session))
            elif request.method == "GET" and (found := re.fullmatch(rf"{API}/heartbeat/([^/]+)", path)):
                held.enter_context(self._stream(request))
                held.enter_context(readers.here(found[1]))
            yield

    def _stream(self, request: Request) -> AbstractContextManager[None]:
        """A stream, of which an address has a bounded number open."""
        refusal = f"{MAX_STREAMS} streams are open from your address"
        return self._few(f"stream of {address_of(request)}", MAX_STREAMS, refusal)

    @contextmanager
    def _few(self, key: str, most: int, refusal: str) -> Iterator[None]:
        if self._open[key] >= most:
            raise HTTPException(503, refusal)
        with counted(self._open, key):
            yield

    async def _checked(self, path: str, scope: Scope, receive: Receive) -> Receive:
        """The request's body, read, bounded and looked at; what hands it on. Raises HTTPException."""
        body, most = bytearray(), MAX_BODY_BYTES
        if path.startswith(f"{API}/mcp"):
            most = MAX_TOOL_BYTES
            _check_space()
        try:
            async with asyncio.timeout(READ_SECONDS):
                async for part in Request(scope, receive).stream():
                    body += part
                    if len(body) > most:
                        raise HTTPException(413, f"the request is larger than {most / 1e6:.0f} MB")
        except TimeoutError:
            raise HTTPException(408, f"the request did not come within {READ_SECONDS:.0f} s") from None
        if path.startswith(f"{API}/mcp"):
            _check_tool(body)
        if found := re.fullmatch(rf"{API}/(?:queue/join|(call/v2|call|run|api)/([^/]+))", path):
            self._check_event(found[1], found[2], body)
        if path == f"{API}/component_server":
            await self._check_drawing(Request(scope, _again(body, receive)))
        return _again(body, receive)

    async def _check_drawing(self, request: Request) -> None:
        """Raises HTTPException unless a request is a part of a drawing: nothing else of a component is called."""
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise HTTPException(404, "there is nothing here")
        async with request.form(max_files=1, max_fields=MAX_FIELDS) as form:
            component, function, session = (form.get(name) for name in ("component_id", "fn_name", "session_hash"))
        known = isinstance(component, str) and re.fullmatch("[0-9]{1,6}", component, re.ASCII)
        canvas = isinstance(self.page.blocks.get(int(component)), Canvas) if known else False  # type: ignore[arg-type]
        if not canvas or function != "accept_blobs":
            raise HTTPException(404, "there is nothing here")
        if not (isinstance(session, str) and 0 < len(session) <= MAX_SESSION_NAME):
            raise HTTPException(422, f"session_hash is {echo(session)}; a text of 1 to {MAX_SESSION_NAME} characters")
        self.page.readers.heard_of(session)

    def _check_event(self, route: str | None, name: str | None, body: bytearray) -> None:
        """Raises HTTPException unless the body of a request is that of an event of this page."""
        values = _parsed(body)
        if not isinstance(values, dict):
            raise HTTPException(422, f"the body is {echo(values)}; an object is needed")
        session = values.get("session_hash")
        if session is not None and not (isinstance(session, str) and 0 < len(session) <= MAX_SESSION_NAME):
            raise HTTPException(422, f"session_hash is {echo(session)}; a text of 1 to {MAX_SESSION_NAME} characters")
        by_number = name is None or (route in ("run", "api") and values.get("fn_index") is not None)
        if not by_number and name not in self.page.endpoints:
            known = ", ".join(sorted(self.page.endpoints))
            raise HTTPException(404, f"there is no endpoint {echo(name)}; there are {known}")
        if by_number:
            index = values.get("fn_index")
            if isinstance(index, bool) or not isinstance(index, int) or index not in self.page.fns:
                raise HTTPException(404, f"fn_index is {echo(index)}; there is no such event")
        if session:
            self.page.readers.heard_of(session)


def path_of(scope: Scope) -> str:
    """What a request is for, wherever the app is served."""
    return scope["path"].removeprefix(scope.get("root_path", "")).rstrip("/") or "/"


def _again(body: bytearray, receive: Receive) -> Receive:
    """Hands on a body that has been read."""
    whole = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def again() -> Message:
        return whole.pop() if whole else await receive()

    return again


def _refusal(error: Exception) -> HTTPException:
    """What is answered where a request failed, which the log notes, or was refused."""
    if isinstance(error, HTTPException):
        return error
    log.error("request failed: %s", trace_of(error))
    if isinstance(error, OSError):
        return HTTPException(507, why(error))
    return HTTPException(500, f"this failed here ({type(error).__name__}); it was noted")


def _check_host(scope: Scope) -> None:
    """Refuses what names no address in a proxy's headers: Gradio would fail on it later."""
    try:
        get_root_url(Request(scope), scope["path"], None)
    except Exception:
        raise HTTPException(400, "the headers name no host") from None


def _bounded_form(receive: Receive) -> Receive:
    """The parts of an upload as they come, until they are too large, fill the disk, or end early.

    Then what Gradio's parser raises itself is raised: it removes what it has written. A full disk is an HTTPException.
    """
    size = looked = 0
    _check_space()

    async def part() -> Message:
        nonlocal size, looked
        event = await receive()
        size += len(event.get("body", b""))
        if event["type"] == "http.disconnect" or size > MAX_FORM_BYTES:
            raise MultiPartException("File exceeded maximum allowed size")
        if size > looked + SPACE_BYTES:
            looked = size
            _check_space()
        return event

    return part


def _check_space() -> None:
    """Raises HTTPException where uploads would fill the disk."""
    disk = shutil.disk_usage(tempfile.gettempdir())
    if disk.free < min(LEAST_FREE_BYTES, LEAST_FREE * disk.total):
        raise HTTPException(507, "the disk is full here; try again in a while")


def _whole(digits: str) -> int:
    """A number that can be answered with: what writes Gradio's answers knows 64 bits."""
    if len(digits) > 20 or abs(int(digits)) >= 2**63:
        raise HTTPException(422, f"a number is {digits[:20]}...; at most 64 bits are allowed")
    return int(digits)


def _parsed(body: bytearray) -> Any:
    """The value of a request's body. Raises HTTPException where it is none, or one that would take long to look at."""
    try:
        values = json.loads(body, parse_int=_whole)
    except (ValueError, RecursionError):
        raise HTTPException(422, "the body is no JSON") from None
    if _too_much(values):
        raise HTTPException(422, f"the body has more than {MAX_DEPTH} levels or more than {MAX_NODES} values")
    return values


def _check_tool(body: bytearray) -> None:
    """Refuses an agent's call that names a file of the server's: Gradio's client, which makes the call here, would
    read it."""
    values = _parsed(body) if body else None
    if any("path" in file for file in files_in(values)):
        raise HTTPException(422, "a file is given by its data: address or by that of an upload, not by a path")


def _too_much(value: Any) -> bool:
    """Whether lists and objects are nested too deeply, or too many."""
    layer, nodes = [value], 0
    for _ in range(MAX_DEPTH):
        nodes += len(layer)
        if nodes > MAX_NODES:
            return True
        layer = [
            part
            for it in layer
            if isinstance(it, dict | list)
            for part in (it.values() if isinstance(it, dict) else it)
        ]
    return bool(layer)
