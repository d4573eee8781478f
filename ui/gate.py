"""Between Gradio and the world: what every request and every event passes, whichever endpoint or button it is for.

Written for, and checked on, gradio 6.31.0 (tests/test_gate.py names the version). What Gradio leaves open there:
- a file's path without `meta` is taken without a look at where it lies (gradio pull request 11162);
- what its components or handlers raise reaches a script as `error: null`, and the log as a traceback;
- `fn_index` of no event answers 500; /monitoring and other routes that this app has no use for are open;
- one bound for all queues together; 0.7 MB and 28 ms a session, and each call of a script is one; a table of all events
  made anew with pandas after each.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import shutil
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
from gradio import queueing, state_holder
from gradio.block_function import BlockFunction
from gradio.route_utils import get_root_url
from gradio.server_messages import ServerMessage
from gradio.utils import get_upload_folder, safe_aclose_iterator
from pydantic import ValidationError
from starlette.formparsers import MultiPartException
from starlette.middleware import Middleware
from starlette.requests import Request

from darkroom.checks import check_number, echo
from darkroom.device import out_of_memory
from darkroom.files import why
from ui.parts import SHARED
from ui.readers import Readers
from ui.trainings import address_of

MAX_FILE = "100mb"  # an upload
LEAST_FREE_BYTES, LEAST_FREE = 500_000_000, 0.05  # of the disk, that uploads leave
MAX_BODY_BYTES = 4_000_000  # any other request: 64 recipes with explicit latents have 1.5 MB
READ_SECONDS = 30.0  # that a body may take to come
MAX_TOOLS = 8  # calls of agents at once: each keeps a thread waiting
MAX_NODES = 200_000  # values in a request
MAX_FORM_BYTES = 105_000_000  # a request of uploads
SPACE_BYTES = 8_000_000  # of an upload between two looks at the disk
MAX_STREAMS = 64  # open streams of one address
FORGOTTEN_SECONDS = 300.0  # for which answers wait for those who have left
MAX_WAITING_MESSAGES = 500  # of one session
THREADS = 64  # for events, apart from those that agents wait in
MAX_DEPTH = 50  # of lists and objects in a request
MAX_SENTENCE = 400  # characters: an echo of what was sent may be a book
MAX_SESSION_NAME = 100  # characters
MAX_QUEUED, MAX_OWN_QUEUED = 24, 12  # events of one kind that wait: in all, and from one address
MAX_SESSIONS = 1000  # whose components Gradio remembers
DELIVERY_SECONDS = 0.7  # for last messages to reach those who read
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

log = logging.getLogger("darkroom")


def noted(event: str, seconds: float, session: str | None, outcome: str) -> None:
    """One line of the log: no content, and of the session a short hash."""
    name = sha256(session.encode()).hexdigest()[:6] if session else "-"
    log.info("event=%s seconds=%.2f session=%s outcome=%s", event, seconds, name, outcome)


# -- requests ----------------------------------------------------------------------------------------------------------


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
    if any("path" in file for file in _files(values)):
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


def trace_of(error: BaseException) -> str:
    """Where it came from, without what it says: that may be a visitor's."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return f"{type(error).__name__} at {' > '.join(f'{Path(frame.filename).name}:{frame.lineno}' for frame in frames)}"


# -- events ------------------------------------------------------------------------------------------------------------


class EventQueue(queueing.Queue):
    """Gradio's, with a bound for each kind of event instead of one for all, a line in the log for each, and no tables
    of what was done."""

    def adjust(self) -> None:
        """What Gradio's constructor sets otherwise."""
        self.max_size = None
        self.ANALYTICS_MAX_EVENTS = 0
        # Gradio's drops the oldest of 2,000, which may be that of a training that goes on: `Page.forget` does it here.
        self.pending_messages_per_session = queueing.LRUCache(10**9)

    async def push(self, body: Any, request: Any, username: str | None) -> Any:
        function = self.blocks.fns[body.fn_index]
        if not function.queue:
            return False, "this is not for the queue", "error"
        known = self.event_queue_per_concurrency_id.get(function.concurrency_id)
        waiting = known.queue if known else []
        if len(waiting) >= MAX_QUEUED:
            return False, f"too many are waiting for this already ({MAX_QUEUED}); try again in a while", "queue_full"
        address = address_of(request)
        if sum(address_of(event.request) == address for event in waiting) >= MAX_OWN_QUEUED:
            return False, f"you have {MAX_OWN_QUEUED} waiting for this already; wait for one of them", "queue_full"
        pushed = await super().push(body, request, username)
        if pushed[0]:
            self.blocks.readers.heard_of(body.session_hash or pushed[1])  # type: ignore[attr-defined]
        return pushed

    async def process_events(self, events: list[Any], batch: bool, begin_time: float, fn: BlockFunction) -> None:
        page: Page = self.blocks  # type: ignore[assignment]
        await super().process_events(events, batch, begin_time, fn)
        for event in events:
            outcome = page.outcomes.pop(event._id, "left")
            noted(name_of(fn), time.monotonic() - event.enqueue_time, event.session_hash, outcome)
        page.forget_the_gone()

    def send_message(self, event: Any, event_message: Any) -> None:
        waiting = self.pending_messages_per_session.get(event.session_hash)
        if waiting is None:  # its session was forgotten
            return
        if waiting.qsize() >= MAX_WAITING_MESSAGES and event_message.msg != ServerMessage.process_completed:
            return  # who reads so slowly does without
        super().send_message(event, event_message)

    def compute_analytics_summary(self, records: Any) -> dict[str, Any]:
        return self.cached_event_analytics_summary


def name_of(function: BlockFunction) -> str:
    """What an event is called in the log: its endpoint, or the handler of a button."""
    return str(function.api_name if function.api_visibility == "public" else function.name)


class Page(gr.Blocks):
    """Blocks whose events take only files that were uploaded, and answer every error with a sentence."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.run_history = False  # would send what visitors do to a bucket that a request names
        self.readers = Readers()
        self.outcomes: dict[str, str] = {}  # of running events, by their names
        self.closers: list[Callable[[], None]] = []  # what is to be ended with the page, in this order

    @property
    def endpoints(self) -> set[str]:
        """The names under which scripts call events."""
        return {str(function.api_name) for function in self.fns.values() if function.api_visibility == "public"}

    @property
    def queued(self) -> dict[str, int]:
        """How many events wait, of each kind of which any do."""
        queues = [(name_of(function), function.concurrency_id) for function in self.fns.values()]
        known = self._queue.event_queue_per_concurrency_id
        names = {queue: queue if queue in SHARED else name for name, queue in queues if queue in known}
        waiting = {name: len(known[queue].queue) for queue, name in names.items()}
        return {name: count for name, count in waiting.items() if count}

    def session_of(self, event: str) -> str:
        """Whose event it is: that of a script without a session is its own."""
        known = self._queue.event_ids_to_events.get(event)
        return known.session_hash if known else event

    def queue(self, **options: Any) -> Page:  # type: ignore[override]
        super().queue(**options)
        self._queue.__class__ = EventQueue  # Blocks makes its queue itself, and has no argument for another
        self._queue.adjust()  # type: ignore[attr-defined]
        return self

    def launch(self, **options: Any) -> Any:  # type: ignore[override]
        gate = Middleware(Gate, page=self)  # type: ignore[arg-type]
        closed = {"docs_url": None, "redoc_url": None, "openapi_url": None}
        return super().launch(
            app_kwargs={"middleware": [gate], **closed},
            max_file_size=MAX_FILE,
            max_threads=THREADS,
            enable_monitoring=False,
            state_session_capacity=MAX_SESSIONS,
            **options,
        )

    def expect(self, session: str) -> None:
        """Lets a stream of a session begin: browsers open it and ask for their event in the same moment."""
        queue = self._queue
        if session not in queue.pending_messages_per_session:
            queue.pending_messages_per_session[session] = asyncio.Queue()
            queue.pending_event_ids_session.setdefault(session, set())

    def forget(self, session: str) -> None:
        """Drops what Gradio keeps of a session's answers; of a script's single call, all."""
        self._queue.pending_event_ids_session.pop(session, None)
        self._queue.pending_messages_per_session.pop(session, None)
        if re.fullmatch("[0-9a-f]{32}", session):  # the name of an event: there is no other in this session
            self.app.state_holder.session_data.pop(session, None)
            self.app.state_holder.time_last_used.pop(session, None)

    def forget_the_gone(self) -> None:
        """The same for all who left, or never came for their answers."""
        queue = self._queue
        running = {event.session_hash for event in queue.event_ids_to_events.values()}
        for session in {*queue.pending_messages_per_session, *queue.pending_event_ids_session}:
            if (
                session not in running
                and self.readers.gone(session, FORGOTTEN_SECONDS)
                and not self.readers.is_here(session)
            ):
                self.forget(session)

    def shut_down(self) -> None:
        """Ends all that runs, tells it to those who wait for it, and closes the server."""
        first, *others = self.closers
        first()
        time.sleep(DELIVERY_SECONDS)
        for close in others:  # before the server, which may take its time
            close()
        self.close(verbose=False)

    async def preprocess_data(
        self, block_fn: BlockFunction, inputs: list[Any], state: Any, explicit_call: bool = False
    ) -> Any:
        if not explicit_call:
            if len(inputs) != len(block_fn.inputs):
                raise ValueError(f"{len(inputs)} arguments were given; {len(block_fn.inputs)} are needed")
            inputs = [checked(block, value) for block, value in zip(block_fn.inputs, inputs, strict=True)]
        try:
            return await super().preprocess_data(block_fn, inputs, state, explicit_call)
        except gr.Error:
            raise
        except Exception as error:
            log.info("arguments refused: %s", trace_of(error))
            raise ValueError("an argument is of a kind that cannot be used here") from None

    async def process_api(self, block_fn: BlockFunction | int, inputs: list[Any], **options: Any) -> dict[str, Any]:  # type: ignore[override]
        function = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        session, event, iterator = (options.get(name) for name in ("session_hash", "event_id", "iterator"))
        try:
            if event is not None and session and self.readers.gone(session):
                if iterator is not None:
                    await safe_aclose_iterator(iterator)
                raise Unread
            output = await super().process_api(block_fn, inputs, **options)
        except Exception as error:
            outcome, sentence = said_of(error, ours=function.api_visibility != "public")
            self._ended(function, event, session, outcome)
            sentence = sentence if len(sentence) <= MAX_SENTENCE else f"{sentence[:MAX_SENTENCE]}..."
            # A message on the page is HTML.
            shown = sentence if function.api_visibility == "public" else escape(sentence)
            raise gr.Error(shown, print_exception=False) from None
        if not output["is_generating"]:
            self._ended(function, event, session, "ok")
        return output

    def _ended(self, function: BlockFunction, event: str | None, session: str | None, outcome: str) -> None:
        if event is not None:
            self.outcomes[event] = outcome  # the queue notes it
        elif outcome != "ok":
            noted(name_of(function), 0.0, session, outcome)


class Unread(Exception):
    """Nobody reads what an event answers."""


def said_of(error: Exception, ours: bool) -> tuple[str, str]:
    """A word for the log and a sentence for whoever asked; without a path of this machine.

    ours: whether the event is one of the page's own, whose arguments, lists of faces and the like, only it should send.
    """
    if isinstance(error, gr.Error):
        return "refused", str(error.message)
    if isinstance(error, Unread):
        return "unread", "nobody was reading the answer; the work was ended"
    if out_of_memory(error):
        return "no memory", "there is not enough memory for this here; a smaller size or a smaller count fits"
    if isinstance(error, OSError):
        return "failed", why(error)
    if type(error) is ValueError or type(error).__module__.split(".")[0] in OWN:
        return "refused", without_paths(str(error))
    log.error("event failed: %s", trace_of(error))
    if ours and isinstance(error, TypeError | LookupError | AttributeError):
        return "failed", "what the page sent does not belong together; reload it and try again"
    return "failed", f"this failed here ({type(error).__name__}); it was noted, and everything else goes on"


OWN = ("darkroom", "dcgan", "singan", "ui")  # what they raise is meant to be read


def without_paths(text: str) -> str:
    """The text with this machine's folders taken out: of a file's path its name stays."""
    return re.sub(r"(?<![\w.:/])/(?:[^\s/'\"()]+/)+([^\s/'\"():;,]*)", r"\1", text)


# -- arguments ---------------------------------------------------------------------------------------------------------


def checked(block: Any, value: Any) -> Any:
    """An argument that its component can take, a file among them one that was uploaded here.

    Raises ValueError with the argument's name, its value, and what is needed.
    """
    name = str(getattr(block, "label", None) or "an argument")
    if isinstance(block, gr.Number | gr.Slider):
        if value is not None:
            check_number(name, value)
            if isinstance(value, int) and abs(value) > 2**63:
                raise ValueError(f"{name} is {echo(value)}; that is too large")
            if not abs(value) < 1e300:  # nor NaN
                raise ValueError(f"{name} is {value}; a finite number is needed")
            if getattr(block, "precision", None) == 0 and value != int(value):
                raise ValueError(f"{name} is {value}; a whole number is needed")  # Gradio would round it
        return value
    if isinstance(block, gr.Checkbox) and not isinstance(value, bool):
        raise ValueError(f"{name} is {echo(value)} ({type(value).__name__}); true or false is needed")
    if isinstance(block, gr.Textbox | gr.Code) and not isinstance(value, str | None):
        raise ValueError(f"{name} is {echo(value)} ({type(value).__name__}); a text is needed")
    if isinstance(block, gr.JSON | gr.State | gr.BrowserState | gr.Dataframe):
        if any("meta" in file for file in _files(value)):
            raise ValueError(f"{name} holds a file; none is taken there")  # Gradio would move it, or fetch it
        return value
    for file in _files(value):
        _check_file(name, file)
    if value is not None and getattr(block, "data_model", None):
        try:
            block.data_model.model_validate(value, context={"validate_meta": True})
        except ValidationError:
            needed = "an uploaded file" if "path" in str(block.data_model.model_json_schema()) else "something else"
            raise ValueError(f"{name} is {echo(value)} ({type(value).__name__}); {needed} is needed") from None
    return value


def _files(value: Any) -> Iterator[dict[str, Any]]:
    """The files in an argument, however deep."""
    if isinstance(value, dict):
        if "path" in value or "url" in value:
            yield value
        for part in value.values():
            yield from _files(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _files(part)


def _check_file(name: str, file: dict[str, Any]) -> None:
    path = file.get("path")
    if not isinstance(path, str) or not path:
        raise ValueError(f"{name} has the path {echo(path)}; upload the file, and give the path that this answers")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path):
        raise ValueError(f"{name} is an address; download the file and upload it: addresses are not fetched here")
    try:
        real, folder = os.path.realpath(path), os.path.realpath(get_upload_folder())
        inside = os.path.commonpath([real, folder]) == folder and os.path.isfile(real)
    except (OSError, ValueError):  # a name too long, or with a zero byte
        inside = False
    if not inside:
        raise ValueError(f"{name} is no file that was uploaded here, or not any more; upload it again")
    file["path"] = path
    file["meta"] = {"_type": "gradio.FileData"}  # Gradio looks at the files that have it


# -- sessions ----------------------------------------------------------------------------------------------------------


def _light_session(self: Any, blocks: gr.Blocks) -> None:
    """SessionState without a copy of every component's configuration: only deep links, which are closed, read it."""
    _original(self, _NoBlocks(blocks))  # type: ignore[arg-type]


class _NoBlocks:
    """Blocks that seem to have no components, so that nothing is copied for them."""

    def __init__(self, blocks: gr.Blocks) -> None:
        self.default_config = blocks.default_config
        self.blocks: dict[int, Any] = {}


_original = state_holder.SessionState.__init__
state_holder.SessionState.__init__ = _light_session  # type: ignore[method-assign]
# Nor are arguments kept: 90 MB for a request of 4.
state_holder.SessionState._update_config = lambda *_: None  # type: ignore[method-assign]
state_holder.SessionState._update_value_in_config = lambda *_: None  # type: ignore[method-assign]
