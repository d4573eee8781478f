"""Write states of the page as query strings, as a result's link does, and read them.

People type links and send them on: whatever cannot be read is replaced by its default and named in `ignored`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlencode

from darkroom.checks import check_choice, check_range
from darkroom.uses import Option, read_size

T = TypeVar("T")
N = TypeVar("N", int, float)
MAX_BROWSER_SEED = 2**53 - 1  # browsers round larger whole numbers
MAX_ECHO_CHARACTERS = 40  # of a name or a value in a phrase about it
MAX_NOTICE_PHRASES = 16
GONE = "This result is no longer here."
# What others append to links: who sent the visitor, and what a Space is to show beside the page.
TRACKING = frozenset(
    "fbclid gclid gbraid wbraid dclid msclkid yclid twclid ttclid igshid igsh mc_cid mc_eid _ga _gl ref ref_src si "
    "logs".split()
)
TRACKING_PREFIXES = ("__", "utm_")  # Gradio's and Spaces' own, and campaigns


class Query:
    """Read a link's parameters one by one, each within what is allowed.

    unread: the names that nothing has asked for yet, without those that others append. ignored: a phrase for every
    parameter that could not be used, in the order of reading. gone: whether what it shows is not there any more.
    """

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = parameters
        own = [name for name in parameters if not name.lower().startswith(TRACKING_PREFIXES)]
        self.unread = [name for name in own if name.lower() not in TRACKING]
        self.ignored: list[str] = []
        self.gone = False

    def read(self, name: str, default: T, convert: Callable[[str], T]) -> T:
        """Return the converted parameter, or the default where it is missing or `convert` raises ValueError."""
        if name not in self._parameters:
            return default
        self.pass_over([name])
        try:
            return convert(self._parameters[name])
        except ValueError as error:
            self.ignored.append(f"{name}={self._parameters[name][:MAX_ECHO_CHARACTERS]} ({error})")
            return default

    def number(self, name: str, default: N, low: float, high: float) -> N:
        """Read a number from low to high, a whole one where the default is."""
        return self.read(name, default, lambda text: check_range(name, _parsed(type(default), text), low, high))

    def choice(self, name: str, default: str, allowed: Collection[str]) -> str:
        """Read one of the allowed words."""
        return self.read(name, default, lambda text: check_choice(name, text, allowed))

    def pass_over(self, names: Iterable[str]) -> None:
        """Count names as read."""
        read = set(names)
        self.unread = [name for name in self.unread if name not in read]

    def notice(self) -> str:
        """Return a sentence on what could not be used, "" where all could; it holds text from outside."""
        if self.gone:
            return GONE
        phrases = [*self.ignored, *(f"{name[:MAX_ECHO_CHARACTERS]} (unknown)" for name in self.unread)]
        more = len(phrases) - MAX_NOTICE_PHRASES
        said = "; ".join([*phrases[:MAX_NOTICE_PHRASES], *([f"{more} more"] if more > 0 else [])])
        return f"This link was not understood in part; ignored: {said}" if phrases else ""


def read_option(query: Query, it: Option) -> Any:
    """Return an option's value in a link. Whole numbers that browsers round are refused."""
    named = replace(it, name=it.link)
    if it.kind is int and it.most is not None:
        named = replace(named, most=min(it.most, MAX_BROWSER_SEED))
    return query.read(it.link, it.first, lambda text: named.checked(_parsed(it.kind, text), served=True))


def _parsed(kind: type, text: str) -> Any:
    """Return a text as a value of this kind, as links write it. Raises ValueError."""
    if kind is bool:
        if text not in ("0", "1"):
            raise ValueError("allowed are 0, 1")
        return text == "1"
    if kind is tuple:
        if size := read_size(text):
            return size
        raise ValueError("WIDTHxHEIGHT is needed")
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{'a whole number' if kind is int else 'a number'} is needed") from None


def address(parameters: Mapping[str, Any]) -> str:
    """Write parameters as "?name=value&...": None is left out, true is 1, floats are short and exact."""

    def written(value: Any) -> str:
        if isinstance(value, bool):
            return str(int(value))
        return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)

    given = {name: written(value) for name, value in parameters.items() if value is not None}
    return "?" + urlencode(given, safe="~=,:")
