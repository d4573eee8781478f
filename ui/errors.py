"""Say what went wrong, in a sentence for whoever asked and in a line of the log, which holds nothing that they sent."""

import logging
import re
import traceback
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction

from darkroom.device import out_of_memory
from darkroom.files import why
from ui.reports import Report
from ui.wiring import Updates

MAX_SENTENCE_CHARACTERS = 400  # an echo of what was sent may be a book
OWN_PACKAGES = ("darkroom", "dcgan", "singan", "ui")  # what they raise is meant to be read

REFUSED = "refused"  # a key of requests' scopes: the gate answers 422, where Gradio would answer 500

log = logging.getLogger("darkroom")


def name_of(function: BlockFunction) -> str:
    """Return an event's name in the log: its endpoint, or the handler of a button."""
    return str(function.api_name if function.api_visibility == "public" else function.name)


def told(error: Exception, function: BlockFunction, request: Any) -> gr.Error:
    """Return what went wrong in an event as a sentence, and log it."""
    own = function.api_visibility != "public"
    outcome, sentence = described(error, own)
    if outcome == "failed":
        log.error("event failed: %s", trace_of(error))
    log_end(function, request, outcome)
    if outcome == "refused" and (asked := getattr(request, "request", None)):
        asked.scope[REFUSED] = True
    return gr.Error(escape(sentence) if own else sentence, print_exception=False)  # A message on the page is HTML.


def log_end(function: BlockFunction, request: Any, outcome: str = "ok") -> None:
    session = getattr(request, "session_hash", None)
    key = sha256(session.encode(errors="replace")).hexdigest()[:6] if session else "-"
    log.info("event=%s session=%s outcome=%s", name_of(function), key, outcome)


def described(error: Exception, own: bool) -> tuple[str, str]:
    """Return a word for the log and a sentence of bounded length, without a path of this machine.

    own: whether the event is one of the page's, whose arguments, lists of faces and the like, only it should send.
    """
    word, sentence = "failed", f"this failed here ({type(error).__name__}); it was noted, and everything else goes on"
    if isinstance(error, gr.Error):
        word, sentence = "refused", str(error.message)
    elif out_of_memory(error):
        word, sentence = "no memory", "there is not enough memory for this here; a smaller size or a smaller count fits"
    elif isinstance(error, OSError):
        sentence = why(error)
    elif type(error) is ValueError or type(error).__module__.split(".")[0] in OWN_PACKAGES:
        word, sentence = "refused", without_paths(str(error))
    elif own and isinstance(error, TypeError | LookupError | AttributeError):
        sentence = "what the page sent does not belong together; reload it and try again"
    return word, sentence if len(sentence) <= MAX_SENTENCE_CHARACTERS else f"{sentence[:MAX_SENTENCE_CHARACTERS]}..."


def without_paths(text: str) -> str:
    """Return the text without this machine's folders: of a file's path its name stays."""
    return re.sub(r"(?<![\w.:/])/(?:[^\s/'\"()]+/)+([^\s/'\"():;,]*)", r"\1", text)


def trace_of(error: BaseException) -> str:
    """Return where an error came from, without what it says: that may be a visitor's."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return f"{type(error).__name__} at {' > '.join(f'{Path(frame.filename).name}:{frame.lineno}' for frame in frames)}"


def failing_in(status: gr.HTML, steps: Iterator[Updates]) -> Iterator[Updates]:
    """Yield what a handler streams; where it fails, `status` says why instead of how far it was: the message that
    passes by on the page is gone when somebody comes back to look."""
    try:
        yield from steps
    except Exception as error:
        yield {status: failure(error)}
        raise


def failure(error: Exception) -> str:
    """Return why something on the page failed, as HTML."""
    return Report(f"Nothing came of it: {described(error, own=True)[1]}").html()
