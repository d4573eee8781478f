"""Show beside each result the link that shows it again, and the code that draws it, with the current values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import gradio as gr

from ui.links import address
from ui.wiring import QUIET, Updates, Values

COPIED_MS = 2000  # for which a button says that the link was copied


class File(str):
    """Name a visitor's own file, as an argument."""


@dataclass(frozen=True)
class Call:
    """Call an endpoint with all of its arguments, in the order of its signature."""

    endpoint: str
    arguments: Mapping[str, Any]


def python_code(calls: Sequence[Call], origin: str) -> str:
    """Return code that makes the calls with gradio_client; "" where there are none."""
    if not calls:
        return ""
    files = any(isinstance(value, File) for call in calls for value in call.arguments.values())
    imports = "Client, handle_file" if files else "Client"
    code = f'from gradio_client import {imports}\n\nclient = Client("{origin.rstrip("/")}")\n'
    for call in calls:
        arguments = "".join(f"    {name}={_literal(value)},\n" for name, value in call.arguments.items())
        code += f'result = client.predict(\n{arguments}    api_name="{call.endpoint}",\n)\n'
    return code


def _literal(value: Any) -> str:
    return f"handle_file({value!r})" if isinstance(value, File) else repr(value)


class Share:
    """Lay out the link to a result, and the code that draws it. kind: what the elements' ids begin with.

    link, copy, code: components; outputs: those that `says` changes; inputs: what it reads, where `write_code` is used.
    """

    def __init__(self, kind: str, origin: gr.Textbox) -> None:
        self.origin = origin
        with gr.Row(elem_classes=["share", "after"]):
            self.copy = gr.Button(
                "Copy link", size="sm", scale=0, min_width=120, elem_id=f"{kind}-copy", interactive=False
            )
            self.link = gr.Textbox(
                show_label=False, label="Link to what is shown", interactive=False, container=False, scale=1,
                elem_id=f"{kind}-link", placeholder="A link to what is shown appears here.", max_lines=1,
            )  # fmt: skip
        with gr.Accordion("Use this from code", open=False, elem_id=f"{kind}-code") as self._drawer:
            self.code = gr.Code(language="python", show_label=False, label="Python", interactive=False)
        self._opened = gr.Checkbox(False, visible=False, label="code shown")
        self.inputs, self.outputs = [origin, self._opened], [self.link, self.copy, self.code]
        copied = "async (url) => { await darkroom.copy(url); return 'Link copied'; }"
        said = self.copy.click(None, self.link, self.copy, js=copied, **QUIET)
        again = f"() => new Promise((say) => setTimeout(say, {COPIED_MS}, 'Copy link'))"
        said.then(None, None, self.copy, js=again, **QUIET)
        shown = f'(url) => {{ darkroom.showLink("{kind}", url); darkroom.keepResult?.("{kind}", url); }}'
        self.link.change(None, self.link, None, js=shown, **QUIET)

    def write_code(self, calls_of: Callable[[Values], Sequence[Call]], inputs: Iterable[Any]) -> None:
        """Write the code only while its drawer is open; calls_of: what draws the result, by the values of `inputs`."""

        def write(values: Values) -> Updates:
            return {self._opened: True, self.code: python_code(calls_of(values), values[self.origin])}

        self._drawer.expand(write, {self.origin, *inputs}, [self._opened, self.code], queue=False, **QUIET)
        self._drawer.collapse(lambda: False, None, self._opened, queue=False, **QUIET)

    def says(
        self, keys: Mapping[str, Any], calls_of: Callable[[], Sequence[Call]], values: Values, button: bool = True
    ) -> Updates:
        """Return what the panel shows of a result: the keys of its link, the calls that draw it.

        button: whether that of the link is to be made ready, which takes Gradio longer than a value.
        """
        link = f"{values[self.origin].rstrip('/')}/{address(keys)}"
        ready = {self.copy: gr.Button("Copy link", interactive=True)} if button else {}
        code = {self.code: python_code(calls_of(), values[self.origin])} if values.get(self._opened, True) else {}
        return {self.link: link, **ready, **code}


def file_name(path: str | None) -> File:
    """Return the visitor's name of an uploaded file, for examples."""
    return File(PurePath(path).name if path else "picture.jpg")
