"""The page's events: queued with a bound for each kind, ended where nobody reads, their errors said in a sentence.

Written for, and checked on, gradio 6.31.0, where what components or handlers raise reaches a script as `error: null`,
one bound is for all queues together, and a table of all events is made anew with pandas after each.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr
from gradio import queueing
from gradio.block_function import BlockFunction
from gradio.server_messages import ServerMessage
from gradio.utils import safe_aclose_iterator
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from ui.arguments import checked
from ui.document import Document
from ui.failures import Unread, said_of
from ui.gate import Gate
from ui.log import log, noted, trace_of
from ui.readers import Readers
from ui.theme import STATIC
from ui.visitors import address_of
from ui.wiring import SHARED

MAX_FILE = "100mb"  # an upload
FORGOTTEN_SECONDS = 300.0  # for which answers wait for those who have left
MAX_WAITING_MESSAGES = 500  # of one session
THREADS = 64  # for events, apart from those that agents wait in
MAX_QUEUED, MAX_OWN_QUEUED = 24, 12  # events of one kind that wait: in all, and from one address
MAX_SESSIONS = 1000  # whose components Gradio remembers
DELIVERY_SECONDS = 0.7  # for last messages to reach those who read


class EventQueue(queueing.Queue):
    """Gradio's, with a bound for each kind of event instead of one for all, a line in the log for each, and no tables
    of what was done."""

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


def name_of(function: BlockFunction) -> str:
    """What an event is called in the log: its endpoint, or the handler of a button."""
    return str(function.api_name if function.api_visibility == "public" else function.name)


class Page(gr.Blocks):
    """Blocks whose events take only files that were uploaded, and answer every error with a sentence."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.api_open = False  # of REST routes beside the queue
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
        self._queue.max_size = None
        self._queue.ANALYTICS_MAX_EVENTS = 0
        # Gradio's drops the oldest of 2,000, which may be that of a training that goes on: `forget` does it here.
        self._queue.pending_messages_per_session = queueing.LRUCache(10**9)
        return self

    def launch(self, **options: Any) -> Any:  # type: ignore[override]
        gate = Middleware(Gate, page=self)  # type: ignore[arg-type]
        document = Middleware(Document, page=self)  # type: ignore[arg-type]
        static = Mount("/darkroom", StaticFiles(directory=STATIC))
        return super().launch(
            app_kwargs={"middleware": [gate, document], "routes": [static]},
            max_file_size=MAX_FILE,
            max_threads=THREADS,
            enable_monitoring=False,
            ssr_mode=False,  # Node would stand before the gate, and make the page's HTML
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
            if block_fn.api_visibility == "public":  # scripts that were written before there were more go on
                inputs = [*inputs, *(getattr(block, "value", None) for block in block_fn.inputs[len(inputs) :])]
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
            if outcome == "failed":
                log.error("event failed: %s", trace_of(error))
            self._ended(function, event, session, outcome)
            # A message on the page is HTML.
            shown = sentence if function.api_visibility == "public" else escape(sentence)
            raise self._error(function, event, shown) from None
        if not output["is_generating"]:
            self._ended(function, event, session, "ok")
        return output

    def _error(self, function: BlockFunction, event: str | None, sentence: str) -> gr.Error:
        """What is raised to tell a sentence. After an error the browser drops the event that waits for this one, such
        as a second file's; not after an empty list, which is how Gradio says that no argument was refused."""
        if function.trigger_mode != "always_last" or event is None:
            return gr.Error(sentence, print_exception=False)
        self._queue.log_message(event, sentence, "Error", "warning")  # gr.Warning does not know the event here
        return gr.Error([], print_exception=False)  # type: ignore[arg-type]

    def _ended(self, function: BlockFunction, event: str | None, session: str | None, outcome: str) -> None:
        if event is not None:
            self.outcomes[event] = outcome  # the queue notes it
        elif outcome != "ok":
            noted(name_of(function), 0.0, session, outcome)
