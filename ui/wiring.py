"""Wire events: options of those that are no endpoints, the queues they wait in, the types of their values.

Handlers that take a set of components get a dictionary of their values, and return one: never by position.
"""

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakValueDictionary

# Of events that are no endpoints; the page shows progress in its own way.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
CHOSEN_FILE = QUIET | {"trigger_mode": "always_last"}  # one chosen while the last is still read is not dropped
# What one kind of work may take of the threads, or it would take all from what is quick.
FACES: dict[str, Any] = {"concurrency_limit": 4}
# Those of pictures and animations wait for a place on the device in their threads, one visitor's not before another's.
PICTURES: dict[str, Any] = {"concurrency_id": "pictures", "concurrency_limit": 48}

STORAGE_KEY = "darkroom"  # of what browsers remember: one that Gradio draws would be another after a restart
TO_RESULTS = "() => darkroom.toResults()"  # of ui/static/results.js

Values = Mapping[Any, Any]  # of components
Updates = dict[Any, Any]  # of components; those left out stay as they are


def where(event: Any, component: Any, wanted: str) -> Any:
    """Return what follows an event only where `wanted`, a JavaScript function of a component's value, is true.

    The browser decides: every event that reaches the server makes the page slower at each later one, as Gradio goes on
    telling all components of it.
    """
    js = f"async (value) => {{ if (!await ({wanted})(value)) throw new Error('not wanted'); }}"
    return event(None, component, None, js=js, **QUIET).success


class Newest:
    """Know which stream of a page is its newest: older ones are to end.

    Pictures are drawn in pieces, in turn: a small one that was asked for later is finished first, and would be
    overwritten by an older one.
    """

    def __init__(self) -> None:
        self._newest: WeakValueDictionary[str, Callable[[], bool]] = WeakValueDictionary()  # by page, while it lasts

    def begin(self, page: str) -> Callable[[], bool]:
        """Begin a stream of a page; return a function, for it to hold, that says whether it is still the newest."""

        def is_newest() -> bool:
            return self._newest.get(page) is is_newest

        self._newest[page] = is_newest
        return is_newest
