"""Show beside each result the link that shows it again, and the code that draws it, with the current values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import gradio as gr

from ui.links import address
from ui.wiring import QUIET, Updates, Values


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

    link, code: the components that `says` changes; it reads that of the page's own address, `origin`.
    """

    def __init__(self, kind: str, origin: gr.Textbox) -> None:
        self.origin = origin
        self.link = gr.Textbox(
            label="Link to what is shown", interactive=False, buttons=["copy"], max_lines=1, elem_id=f"{kind}-link",
            elem_classes=["share", "after"], placeholder="A link to what is shown appears here.",
        )  # fmt: skip
        with gr.Accordion("Use this from code", open=False, elem_id=f"{kind}-code"):
            self.code = gr.Code(language="python", show_label=False, label="Python", interactive=False)
        shown = f'(url) => {{ darkroom.showLink("{kind}", url); darkroom.keepResult?.("{kind}", url); }}'
        self.link.change(None, self.link, None, js=shown, **QUIET)

    def says(self, keys: Mapping[str, Any], calls: Sequence[Call], values: Values) -> Updates:
        """Return what the panel shows of a result: the keys of its link, the calls that draw it."""
        origin = values[self.origin]
        return {self.link: f"{origin.rstrip('/')}/{address(keys)}", self.code: python_code(calls, origin)}


def file_name(path: str | None) -> File:
    """Return the visitor's name of an uploaded file, for examples."""
    return File(PurePath(path).name if path else "picture.jpg")
