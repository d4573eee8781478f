"""Checks of values that come from outside; each says the value and what is allowed."""

import math
import reprlib
from collections.abc import Collection
from numbers import Real
from typing import Any, TypeVar

N = TypeVar("N", int, float)
MAX_ECHO_LENGTH = 60  # characters of a value in a message: it may be a book
_BRIEF = reprlib.Repr()  # looks no further into a value than `echo` shows of it, nor deeper than Python can
_BRIEF.maxlevel = 4
_BRIEF.maxstring = _BRIEF.maxother = _BRIEF.maxlong = 4 * MAX_ECHO_LENGTH
_BRIEF.maxlist = _BRIEF.maxtuple = _BRIEF.maxdict = _BRIEF.maxset = MAX_ECHO_LENGTH


def echo(value: Any) -> str:
    """Return a value as messages show it: its repr, cut off where it is long."""
    try:
        text = _BRIEF.repr(value)
    except ValueError:  # a whole number of more digits than Python writes
        text = f"a {type(value).__name__} of very many digits"
    return text if len(text) <= MAX_ECHO_LENGTH else f"{text[:MAX_ECHO_LENGTH]}..."


def printable(text: str) -> str:
    """Replace what a terminal cannot show in one line, as in odd names of files."""
    return "".join(character if character.isprintable() else "?" for character in text)


def check_range(name: str, value: N, low: float, high: float) -> N:
    """Return a number from low to high. Raises ValueError with the value and what is allowed; True is no number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{name} is {echo(value)} ({type(value).__name__}); a number is needed")
    if not low <= value <= high:  # NaN is in no range
        raise ValueError(f"{name} is {echo(value)}; allowed are {low} to {high}")
    return value


def check_whole(name: str, value: Any, low: int, high: int) -> int:
    """Return the value as an int. Raises ValueError unless it is a whole number (3 or 3.0) from low to high."""
    fraction = isinstance(value, Real) and not isinstance(value, int)
    if fraction and (not math.isfinite(value) or value != int(value)):
        raise ValueError(f"{name} is {echo(value)}; a whole number is needed")
    return int(check_range(name, value, low, high))


def check_choice(name: str, value: str, allowed: Collection[str]) -> str:
    """Return one of the allowed words. Raises ValueError with the value and what is allowed."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} is {echo(value)}; allowed are {', '.join(allowed)}")
    return value
