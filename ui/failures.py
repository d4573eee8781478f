"""What went wrong, in a sentence, for scripts and for the page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import gradio as gr

from darkroom.device import out_of_memory
from darkroom.files import why
from ui.reports import Report
from ui.wiring import Updates

MAX_SENTENCE = 400  # characters: an echo of what was sent may be a book
OWN = ("darkroom", "dcgan", "singan", "ui")  # what they raise is meant to be read


class Unread(Exception):
    """Nobody reads what an event answers."""


def said_of(error: Exception, ours: bool) -> tuple[str, str]:
    """A word for the log and a sentence for whoever asked, of bounded length, without a path of this machine.

    ours: whether the event is one of the page's own, whose arguments, lists of faces and the like, only it should send.
    """
    word, sentence = _said_of(error, ours)
    return word, sentence if len(sentence) <= MAX_SENTENCE else f"{sentence[:MAX_SENTENCE]}..."


def _said_of(error: Exception, ours: bool) -> tuple[str, str]:
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
    if ours and isinstance(error, TypeError | LookupError | AttributeError):
        return "failed", "what the page sent does not belong together; reload it and try again"
    return "failed", f"this failed here ({type(error).__name__}); it was noted, and everything else goes on"


def without_paths(text: str) -> str:
    """The text with this machine's folders taken out: of a file's path its name stays."""
    return re.sub(r"(?<![\w.:/])/(?:[^\s/'\"()]+/)+([^\s/'\"():;,]*)", r"\1", text)


def failing_in(status: gr.HTML, steps: Iterator[Updates]) -> Iterator[Updates]:
    """What a handler streams; where it fails, `status` says why, instead of how far it was: the message that passes by
    on the page is gone when somebody comes back to look."""
    try:
        yield from steps
    except Exception as error:
        yield {status: failure(error)}
        raise


def failure(error: Exception) -> str:
    """Why something on the page failed, as HTML."""
    return Report(f"Nothing came of it: {said_of(error, ours=True)[1]}").html()
