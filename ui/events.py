"""The page's events: one bounded queue, errors in sentences, and what requests have to pass."""

import os
import time
from collections.abc import Callable
from typing import Any

import gradio as gr
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from darkroom.checks import echo
from ui import connection
from ui.document import Compression, Document
from ui.errors import log_end, name_of, told
from ui.gate import Gate
from ui.results import ResultStore
from ui.theme import STATIC
from ui.view import view_routes
from ui.visitors import LIMITS, Limits, address_of
from ui.wiring import PICTURES

FILES = StaticFiles(directory=STATIC)
EVENT_THREADS = 112  # apart from those that agents wait in
DELIVERY_SECONDS = 0.7  # for last messages to reach those who read
# Gradio keeps a table of all events, and makes it anew with pandas after each; nobody sees it here.
NO_TABLE = {"GRADIO_ANALYTICS_CACHE_FREQUENCY": str(10**9), "GRADIO_ANALYTICS_MAX_EVENTS": "1"}


async def look(request: Request) -> Response:
    """Serve a file of ui/static. Mounted, none would be found where a proxy serves the app under a path."""
    return await FILES.get_response(request.path_params["file"], request.scope)


class Page(gr.Blocks):
    """Put Blocks behind the gate, whose events answer every error with a sentence."""

    def __init__(self, limits: Limits = LIMITS, results: ResultStore | None = None, **options: Any) -> None:
        os.environ.update(NO_TABLE)
        super().__init__(**options)
        self.limits, self.results = limits, results or ResultStore(None, limits)
        self.api_open = False  # of REST routes beside the queue
        self.run_history = False  # would send what visitors do to a bucket that a request names
        self.closers: list[Callable[[], None]] = []  # what is to be ended with the page, in this order

    @property
    def queued(self) -> dict[str, int]:
        """Count the events that wait in each queue in which any do, by its name, else by that of the first."""
        queues = {key: list(it.queue) for key, it in self._queue.event_queue_per_concurrency_id.items() if it.queue}
        return {
            key if key == PICTURES["concurrency_id"] else name_of(events[0].fn): len(events)
            for key, events in queues.items()
        }

    def going(self, address: str) -> int:
        """Return how many events of an address wait or run."""
        return sum(address_of(event.request) == address for event in self._queue.event_ids_to_events.values())

    def knows(self, call: str) -> bool:
        """Tell whether a call waits or runs, or its answer was not read yet."""
        queue = self._queue
        return call in queue.event_ids_to_events or any(call in it for it in queue.pending_event_ids_session.values())

    def arguments(self, name: str, given: Any) -> Any:
        """Return an endpoint's arguments, a list or by their names, with defaults for those left out: a script goes on
        as an endpoint gets more of them. Raises HTTPException."""
        endpoints = {str(it.api_name): it.inputs for it in self.fns.values() if it.api_visibility == "public"}
        if name not in endpoints:
            raise HTTPException(404, f"there is no endpoint {echo(name)}; there are {', '.join(sorted(endpoints))}")
        known = {str(getattr(it, "label", "")): getattr(it, "value", None) for it in endpoints[name]}
        if len(given) > len(known):
            raise HTTPException(422, f"{len(given)} arguments were given; {len(known)} are needed")
        if isinstance(given, list):
            return [*given, *list(known.values())[len(given) :]]
        if unknown := given.keys() - known:
            raise HTTPException(422, f"there is no argument {echo(min(unknown))}; {name} takes {', '.join(known)}")
        return known | given

    async def call_function(  # type: ignore[override]
        self, block_fn: Any, inputs: Any, iterator: Any = None, requests: Any = None, event_id: Any = None, *others: Any
    ) -> Any:
        """Call a handler, or go on with what it streams; raise every error as a sentence.

        After an error the browser drops the event that waits for this one, such as a second file's: where one may wait,
        the sentence is a warning.
        """
        try:
            answer = await super().call_function(block_fn, inputs, iterator, requests, event_id, *others)
        except Exception as error:
            sentence = told(error, block_fn, requests)
            if not (block_fn.queue and block_fn.trigger_mode == "always_last"):
                raise sentence from None
            self._queue.log_message(event_id, sentence.message, "Warning", "warning")
            nothing = [gr.skip() for _ in block_fn.outputs]
            return {"prediction": nothing if len(nothing) > 1 else nothing[0], "duration": 0, "is_generating": False,
                    "iterator": None}  # fmt: skip
        if block_fn.queue and not answer["is_generating"]:
            log_end(block_fn, requests)
        return answer

    def launch(self, **options: Any) -> Any:  # type: ignore[override]
        self.queue(max_size=self.limits.queued_events)
        connection.install()
        gate = Middleware(Gate, events=self, limits=self.limits)  # type: ignore[arg-type]
        compression = Middleware(Compression)  # type: ignore[arg-type]
        document = Middleware(Document, page=self)  # type: ignore[arg-type]
        routes = [Route("/look/{file:path}", look), *view_routes(self.results, self)]
        return super().launch(
            app_kwargs={"middleware": [gate, compression, document], "routes": routes},
            max_file_size=self.limits.upload_bytes,
            max_threads=EVENT_THREADS,
            enable_monitoring=False,
            show_error=True,  # what components say of values that they cannot take
            ssr_mode=False,  # Node would stand before the gate, and make the page's HTML
            state_session_capacity=self.limits.sessions,
            **options,
        )

    def shut_down(self) -> None:
        """End all that runs, tell it to those who wait for it, and close the server."""
        first, *others = self.closers
        first()
        time.sleep(DELIVERY_SECONDS)
        for close in others:  # before the server, which may take its time
            close()
        self.close(verbose=False)
