"""How events are wired: which are no endpoints, in which queue they wait, by which values handlers go.

Handlers that take a set of components get a dictionary of their values, and give one: by name, never by position.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

# Of events that are no endpoints; the page shows progress in its own way.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
CHOSEN_FILE = QUIET | {"trigger_mode": "always_last"}  # one chosen while the last is still read is not dropped
# What one kind of work may take of the threads, or it would take all from what is quick.
FACES: dict[str, Any] = {"concurrency_limit": 4}
PICTURES: dict[str, Any] = {"concurrency_id": "pictures", "concurrency_limit": 6}
ANIMATIONS: dict[str, Any] = {"concurrency_id": "animations", "concurrency_limit": 3}
SHARED = ("pictures", "animations")

# On a phone, results lie below what makes them.
TO_RESULTS = """() => {
  const shown = [...document.querySelectorAll(".results")].find((it) => it.offsetParent);
  if (innerWidth <= 740) shown?.scrollIntoView({ behavior: "smooth" });
}"""

Values = Mapping[Any, Any]  # of components
Updates = dict[Any, Any]  # of components; those left out stay as they are


def where(event: Any, component: Any, wanted: str) -> Any:
    """What comes after an event only where the page itself finds a component's value `wanted`, a JavaScript function.

    Every event that is asked for here costs the page at each later one: Gradio goes on telling all its components how
    far things are.
    """
    js = f"async (value) => {{ if (!await ({wanted})(value)) throw new Error('not wanted'); }}"
    return event(None, component, None, js=js, **QUIET).success


def warn(text: str) -> None:
    """A message that passes by on the page; it may hold text from outside."""
    gr.Warning(escape(text))


def ready(path: Any) -> Any:
    """A download that has something to give; what is no path, such as gradio's "unchanged", as it is."""
    return gr.DownloadButton(value=path, interactive=True) if isinstance(path, str | Path) else path
