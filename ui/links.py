"""Write states of the page as query strings, as "Copy link" does, and read them.

People type links and send them on: whatever cannot be read is replaced by its default and named in `ignored`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from darkroom.checks import check_choice, check_range
from darkroom.uses import Option

T = TypeVar("T")
MAX_BROWSER_SEED = 2**53 - 1  # browsers round larger whole numbers
MAX_ECHO_CHARACTERS = 40  # of a name or a value in a phrase about it
MAX_NOTICE_PHRASES = 16
# What others append to links: who sent the visitor, and what a Space is to show beside the page.
TRACKING = frozenset(
    "fbclid gclid gbraid wbraid dclid msclkid yclid twclid ttclid igshid igsh mc_cid mc_eid _ga _gl ref ref_src si "
    "logs".split()
)


class Query:
    """Read a query string's parameters one by one, each within what is allowed; of a repeated name, the last value.

    unread: the names that nothing has asked for yet, without those that others append. ignored: a phrase for every
    parameter that could not be used, in the order of reading.
    """

    def __init__(self, parameters: Iterable[tuple[str, str]] | Mapping[str, str]) -> None:
        pairs = list(parameters.items() if isinstance(parameters, Mapping) else parameters)
        self._parameters = dict(pairs)
        self._times = Counter(name for name, _ in pairs)
        self.unread = [name for name in self._parameters if not _is_tracking(name)]
        self.ignored: list[str] = []

    @classmethod
    def of(cls, link: str) -> Query:
        """Return the query of an address."""
        return cls(parse_qsl(urlsplit(link).query))

    def read(self, name: str, default: T, convert: Callable[[str], T]) -> T:
        """Return the converted parameter, or the default where it is missing or `convert` raises ValueError."""
        if name not in self._parameters:
            return default
        if name in self.unread:
            self.unread.remove(name)
            if (times := self._times[name]) > 1:
                often = "twice" if times == 2 else f"{times} times"
                self.ignored.append(f"{name} {often} (the last one counts)")
        try:
            return convert(self._parameters[name])
        except ValueError as error:
            self.ignored.append(f"{name}={self._parameters[name][:MAX_ECHO_CHARACTERS]} ({error})")
            return default

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Read a whole number from low to high."""
        return self.read(name, default, lambda text: _within(name, _number(int, text, "a whole number"), low, high))

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """Read a number from low to high."""
        return self.read(name, default, lambda text: _within(name, _number(float, text, "a number"), low, high))

    def choice(self, name: str, default: str, allowed: Collection[str]) -> str:
        """Read one of the allowed words."""

        def chosen(text: str) -> str:
            check_choice(name, text, tuple(allowed))
            return text

        return self.read(name, default, chosen)

    def flag(self, name: str, default: bool) -> bool:
        """Read 1 or 0."""
        return self.choice(name, str(int(default)), ("0", "1")) == "1"

    def size(self, name: str, default: tuple[int, int], low: int, high: int) -> tuple[int, int]:
        """Read WIDTHxHEIGHT in px, each side from low to high."""

        def sides(text: str) -> tuple[int, int]:
            found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text, re.ASCII)
            if not found:
                raise ValueError("WIDTHxHEIGHT is needed")
            return _within("width", int(found[1]), low, high), _within("height", int(found[2]), low, high)

        return self.read(name, default, sides)

    def pass_over(self, names: Iterable[str]) -> None:
        """Count names as known, though they have no effect here."""
        known = set(names)
        self.unread = [name for name in self.unread if name not in known]

    def leave_out_the_rest(self) -> None:
        """Ignore what has not been read, with a phrase for each."""
        self.ignored += [f"{name[:MAX_ECHO_CHARACTERS]} (unknown)" for name in self.unread]
        self.unread.clear()

    def notice(self) -> str:
        """Return a sentence on what could not be used, "" where all could; it holds text from outside."""
        if not self.ignored:
            return ""
        more = len(self.ignored) - MAX_NOTICE_PHRASES
        phrases = [*self.ignored[:MAX_NOTICE_PHRASES], *([f"{more} more"] if more > 0 else [])]
        return "This link was not understood in part; ignored: " + "; ".join(phrases)


def read_option(query: Query, it: Option) -> Any:
    """Return an option's value in a link. Whole numbers that browsers round are refused."""
    key, low, most = it.link, it.low or 0, it.most or 0
    if it.kind is bool:
        return query.flag(key, it.first)
    if it.kind is str:
        return query.choice(key, it.first, it.choices)
    if it.kind is tuple:
        return query.size(key, it.first, int(low), int(most))
    if it.kind is int:
        return query.whole(key, it.first, int(low), min(int(most), MAX_BROWSER_SEED))
    return query.number(key, it.first, low, most)


def _is_tracking(name: str) -> bool:
    """Return whether others append this parameter to links: campaigns, networks, Gradio and Spaces (__theme)."""
    return name.lower().startswith(("__", "utm_")) or name.lower() in TRACKING


def _number(kind: Callable[[str], T], text: str, what: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{what} is needed") from None


def _within(name: str, value: Any, low: float, high: float) -> Any:
    check_range(name, value, low, high)  # NaN is in no range
    return value


def address(parameters: Mapping[str, Any]) -> str:
    """Write parameters as "?name=value&...": None is left out, true is 1, floats are short and exact."""

    def written(value: Any) -> str:
        if isinstance(value, bool):
            return str(int(value))
        return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)

    given = {name: written(value) for name, value in parameters.items() if value is not None}
    return "?" + urlencode(given, safe="~=,:")
