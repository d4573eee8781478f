"""Why a file gives no picture, as words that follow its name."""

from __future__ import annotations

import re

CUT_OFF = "is cut off: the file ends early"
TOO_LARGE = "is too large for the memory here"
ENDS_EARLY = re.compile(r"truncat|end of file|not enough|only got|eof\b", re.IGNORECASE)
INTERNAL = re.compile(
    r"[<>/\\'\"]|\b0x|\bobject\b|decoder error|^\W*$"
)  # paths, objects and raw bytes in a decoder's message
LONGEST = 100  # characters of a decoder's message


class Unreadable(ValueError):
    """The message has no subject: "is empty"."""


class Damaged(Unreadable):
    """What a decoder raised; another reading of the same file may succeed."""


def damaged(error: Exception, form: str = "is damaged") -> Damaged:
    """A decoder's exception in words, without what is in it of paths, objects and bytes."""
    text = " ".join(str(error).split())
    if isinstance(error, EOFError) or ENDS_EARLY.search(text):
        return Damaged(CUT_OFF)
    if re.search(r"\balloc|out of memory", text, re.IGNORECASE):  # of libheif and libavif, which are no MemoryError
        return Damaged(TOO_LARGE)
    return Damaged(form if INTERNAL.search(text) else f"{form}: {text[:LONGEST]}")
