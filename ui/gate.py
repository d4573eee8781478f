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
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from gradio.route_utils import get_root_url
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from darkroom.checks import echo
from darkroom.files import why
from ui.arguments import files_in
from ui.log import log, trace_of
from ui.visitors import address_of

if TYPE_CHECKING:
    from ui.events import Page

LEAST_FREE_BYTES, LEAST_FREE = 500_000_000, 0.05  # of the disk, that uploads leave
MAX_BODY_BYTES = 4_000_000  # any other request: 64 recipes with explicit latents have 1.5 MB
READ_SECONDS = 30.0  # that a body may take to come
MAX_TOOLS = 8  # calls of agents at once: each keeps a thread waiting
MAX_NODES = 200_000  # values in a request
MAX_DEPTH = 50  # of lists and objects in a request
MAX_FORM_BYTES = 105_000_000  # a request of uploads
SPACE_BYTES = 8_000_000  # of an upload between two looks at the disk
MAX_STREAMS = 64  # open streams of one address
MAX_SESSION_NAME = 100  # characters
API = "/gradio_api"
CLOSED = re.compile(
    rf"(/monitoring|/docs|/redoc|/openapi\.json|/login|/logout|({API})?/"
    r"(proxy=|component_server|custom_component|vibe|undo-vibe|process_recording|stream/|runs|run-history|profiling|dev/|"
    r"deep_link|file[=/]\s*[a-z]+:))",
    re.IGNORECASE,
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class _Refused(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class Gate:
    """ASGI middleware: closes routes, bounds bodies, answers for events that are none, knows who reads."""

    def __init__(self, app: Any, page: Page) -> None:
        self.app, self.page = app, page
        self._tools = 0
        self._streams: Counter[str] = Counter()  # open ones, by address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        path = scope["path"].removeprefix(scope.get("root_path", "")).rstrip("/") or "/"
        try:
            if CLOSED.match(path):
                raise _Refused(404, "there is nothing here")
            _check_host(scope)
            if scope["method"] == "POST" and path == f"{API}/upload":
                receive = _bounded_form(receive)
            elif scope["method"] == "POST":
                receive = await self._checked(path, scope, receive)
            with self._stream(path, scope), self._tool(path, scope):
                await self.app(scope, receive, watched)
        except _Refused as refused:
            await _answer(send, refused.status, refused.detail)
        except Exception as error:
            log.error("request failed: %s", trace_of(error))
            if not begun and isinstance(error, OSError):
                await _answer(send, 507, why(error))
            elif not begun:
                await _answer(send, 500, f"this failed here ({type(error).__name__}); it was noted")

    @contextmanager
    def _tool(self, path: str, scope: Scope) -> Iterator[None]:
        """A call of an agent's, of which there are few at once, or any other request."""
        if scope["method"] != "POST" or not path.startswith(f"{API}/mcp"):
            yield
            return
        if self._tools >= MAX_TOOLS:
            raise _Refused(503, f"{MAX_TOOLS} calls of agents are running; try again in a while")
        self._tools += 1
        try:
            yield
        finally:
            self._tools -= 1

    @contextmanager
    def _counted(self, scope: Scope) -> Iterator[None]:
        """A stream, of which an address has a bounded number open."""
        address = address_of(Request(scope))
        if self._streams[address] >= MAX_STREAMS:
            raise _Refused(503, f"{MAX_STREAMS} streams are open from your address")
        self._streams[address] += 1
        try:
            yield
        finally:
            self._streams[address] -= 1
            if not self._streams[address]:
                del self._streams[address]

    @contextmanager
    def _stream(self, path: str, scope: Scope) -> Iterator[None]:
        """A request; where it is a stream, its session counts as reading, or as here, as long as it lasts."""
        readers, page = self.page.readers, self.page
        if scope["method"] != "GET":
            yield
        elif path == f"{API}/queue/data":
            query = parse_qs(scope.get("query_string", b"").decode(errors="replace"))
            session = query.get("session_hash", [""])[-1][:MAX_SESSION_NAME]
            with self._counted(scope), readers.reading(session):
                page.expect(session)
                yield
        elif found := re.fullmatch(rf"{API}/call/(?:v2/)?[^/]+/([^/]+)", path):
            session = page.session_of(found[1])
            try:
                with readers.reading(session):
                    yield
            finally:  # it may have left in the middle
                if session == found[1]:  # a script's, which has no other event
                    page.forget(session)
        elif found := re.fullmatch(rf"{API}/heartbeat/([^/]+)", path):
            with self._counted(scope), readers.here(found[1]):
                yield
        else:
            yield

    async def _checked(self, path: str, scope: Scope, receive: Receive) -> Receive:
        """The request's body, read, bounded and looked at; what hands it on. Raises _Refused."""
        try:
            async with asyncio.timeout(READ_SECONDS):
                body, event = await _read(receive, MAX_BODY_BYTES)
        except TimeoutError:
            raise _Refused(408, f"the request did not come within {READ_SECONDS:.0f} s") from None
        if path.startswith(f"{API}/mcp"):
            _check_tool(body)
        if found := re.fullmatch(rf"{API}/(?:queue/join|(call/v2|call|run|api)/([^/]+))", path):
            self._check_event(found[1], found[2], body)
        handed = False

        async def again() -> MutableMapping[str, Any]:
            nonlocal handed
            if handed or event is not None:
                return event or await receive()
            handed = True
            return {"type": "http.request", "body": body, "more_body": False}

        return again

    def _check_event(self, route: str | None, name: str | None, body: bytes) -> None:
        """Raises _Refused unless the body of a request is that of an event of this page."""
        values = _parsed(body)
        if not isinstance(values, dict):
            raise _Refused(422, f"the body is {echo(values)}; an object is needed")
        session = values.get("session_hash")
        if session is not None and not (isinstance(session, str) and 0 < len(session) <= MAX_SESSION_NAME):
            raise _Refused(422, f"session_hash is {echo(session)}; a text of 1 to {MAX_SESSION_NAME} characters")
        by_number = name is None or (route in ("run", "api") and values.get("fn_index") is not None)
        if not by_number and name not in self.page.endpoints:
            known = ", ".join(sorted(self.page.endpoints))
            raise _Refused(404, f"there is no endpoint {echo(name)}; there are {known}")
        if by_number:
            index = values.get("fn_index")
            if isinstance(index, bool) or not isinstance(index, int) or index not in self.page.fns:
                raise _Refused(404, f"fn_index is {echo(index)}; there is no such event")
        if session:
            self.page.readers.heard_of(session)


def _check_host(scope: Scope) -> None:
    """Raises _Refused where the addresses that a proxy's headers name are none: Gradio would fail on them later."""
    try:
        get_root_url(Request(scope), scope["path"], None)
    except Exception:
        raise _Refused(400, "the headers name no host") from None


def _bounded_form(receive: Receive) -> Receive:
    """The parts of an upload as they come, until they are too large, fill the disk, or end early.

    Then what Gradio's parser raises itself is raised: it removes what it has written. Raises _Refused for a full disk.
    """
    size = looked = 0
    _check_space()

    async def part() -> MutableMapping[str, Any]:
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
    """Raises _Refused where uploads would fill the disk."""
    disk = shutil.disk_usage(tempfile.gettempdir())
    if disk.free < min(LEAST_FREE_BYTES, LEAST_FREE * disk.total):
        raise _Refused(507, "the disk is full here; try again in a while")


def _whole(digits: str) -> int:
    """A number that can be answered with: what writes Gradio's answers knows 64 bits."""
    if len(digits) > 20 or abs(int(digits)) >= 2**63:
        raise _Refused(422, f"a number is {digits[:20]}...; at most 64 bits are allowed")
    return int(digits)


def _parsed(body: bytes) -> Any:
    """The value of a request's body. Raises _Refused where it is none, or one that would take long to look at."""
    try:
        values = json.loads(body, parse_int=_whole)
    except (ValueError, RecursionError):
        raise _Refused(422, "the body is no JSON") from None
    if _too_much(values):
        raise _Refused(422, f"the body has more than {MAX_DEPTH} levels or more than {MAX_NODES} values")
    return values


def _check_tool(body: bytes) -> None:
    """Raises _Refused where an agent's call names a file of the server's: Gradio's client, which makes the call here,
    would read it."""
    values = _parsed(body) if body else None
    if any("path" in file for file in files_in(values)):
        raise _Refused(422, "a file is given by its data: address or by that of an upload, not by a path")


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


async def _read(receive: Receive, most: int) -> tuple[bytes, MutableMapping[str, Any] | None]:
    """The whole body, and the event that ended it early, if one did. Raises _Refused where it is too large."""
    parts: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return b"".join(parts), event
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise _Refused(413, f"the request is larger than {most / 1e6:.0f} MB")
        if not event.get("more_body"):
            return b"".join(parts), None


async def _answer(send: Send, status: int, detail: str) -> None:
    body = json.dumps({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
