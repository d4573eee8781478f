"""Beside each result: the link that shows it again, and the code that draws it, with the current values."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import gradio as gr

from ui.history import SHOW_IN_ADDRESS_BAR
from ui.links import address
from ui.made import note_result
from ui.wiring import QUIET, Updates, Values

LANGUAGES: dict[str, Any] = {"Python": "python", "curl": "shell", "JavaScript": "javascript"}

# Without a secure origin there is no clipboard: then the selected text of a passing element is copied.
COPY = """async (url) => {
  try { await navigator.clipboard.writeText(url); }
  catch {
    const area = document.createElement("textarea");
    area.value = url; document.body.append(area); area.select();
    document.execCommand("copy"); area.remove();
  }
}"""
AFTER_A_WHILE = '() => new Promise((say) => setTimeout(() => say("Copy link"), 2000))'


class File(str):
    """An argument that is a file of the user's, of this name."""


@dataclass(frozen=True)
class Call:
    """An endpoint with all of its arguments in the order of its signature."""

    endpoint: str
    arguments: Mapping[str, Any]


def _clients(calls: Sequence[Call]) -> str:
    """What the code for a client imports of it."""
    files = any(isinstance(value, File) for one in calls for value in one.arguments.values())
    return "Client, handle_file" if files else "Client"


def _written(value: Any, write: Callable[[Any], str]) -> str:
    """An argument in the code for a client."""
    return f"handle_file({write(value)})" if isinstance(value, File) else write(value)


def python_code(calls: Sequence[Call], origin: str) -> str:
    """For gradio_client."""
    code = f'from gradio_client import {_clients(calls)}\n\nclient = Client("{origin}")\n'
    for one in calls:
        arguments = "".join(f"    {name}={_written(value, repr)},\n" for name, value in one.arguments.items())
        code += f'result = client.predict(\n{arguments}    api_name="{one.endpoint}",\n)\n'
    return code


def curl_code(calls: Sequence[Call], origin: str) -> str:
    """For a shell with curl: each call gives an event, whose stream ends with the result."""
    code = ""
    for one in calls:
        values = list(one.arguments.values())
        for i, value in enumerate(values):
            if isinstance(value, File):
                form = f"-F files=@{shlex.quote(value)}"
                code += f"FILE=$(curl -s {form} {origin}/gradio_api/upload | cut -d'\"' -f2)\n"
                values[i] = {"path": "FILE", "meta": {"_type": "gradio.FileData"}}
        body = shlex.quote(json.dumps({"data": values})).replace('"path": "FILE"', """"path": "'"$FILE"'\"""")
        code += (
            f"EVENT=$(curl -s {origin}/gradio_api/call{one.endpoint} -H 'Content-Type: application/json' \\\n"
            f"  -d {body} | cut -d'\"' -f4)\ncurl -sN {origin}/gradio_api/call{one.endpoint}/$EVENT\n"
        )
    return code


def javascript_code(calls: Sequence[Call], origin: str) -> str:
    """For @gradio/client in a browser or in Node."""
    head = f'import {{ {_clients(calls)} }} from "@gradio/client";\n\n'
    code = head + f'const client = await Client.connect("{origin}");\n'
    for i, one in enumerate(calls, 1):
        result = f"result{i}" if len(calls) > 1 else "result"
        arguments = "".join(f"  {name}: {_written(value, json.dumps)},\n" for name, value in one.arguments.items())
        code += f'const {result} = await client.predict("{one.endpoint}", {{\n{arguments}}});\n'
        code += f"console.log({result}.data);\n"
    return code


def codes(calls: Sequence[Call], origin: str) -> tuple[str, str, str]:
    """The calls in Python, curl and JavaScript."""
    base = origin.rstrip("/")
    return python_code(calls, base), curl_code(calls, base), javascript_code(calls, base)


class Share:
    """The link to a result, and the code that draws it, which is only written while its drawer is open.

    linked: whether there is a state to link to; code there is always. link, copy, codes: components; inputs, outputs:
    what a handler that calls `says` needs of them.
    """

    def __init__(self, kind: str, origin: gr.Textbox, linked: bool = True) -> None:
        self.origin = origin
        with gr.Row(elem_classes=["share", "after"], visible=linked):
            self.copy = gr.Button(
                "Copy link", size="sm", scale=0, min_width=120, elem_id=f"{kind}-copy", interactive=False
            )
            undo = gr.Button("Undo", size="sm", scale=0, min_width=70, elem_id=f"{kind}-undo", elem_classes="undo")
            self.link = gr.Textbox(
                show_label=False, label="Link to what is shown", interactive=False, container=False, scale=1,
                elem_id=f"{kind}-link", placeholder="A link to what is shown appears here.", max_lines=1,
            )  # fmt: skip
        self._drawer = gr.Accordion("Use this from code", open=False, elem_id=f"{kind}-code")
        with self._drawer, gr.Tabs():
            self.codes = []
            for label, language in LANGUAGES.items():
                with gr.Tab(label):
                    self.codes.append(gr.Code(language=language, show_label=False, label=label, interactive=False))
        self._opened = gr.Checkbox(False, visible=False, label="code shown")
        self.inputs, self.outputs = [origin, self._opened], [self.link, self.copy, *self.codes]
        undo.click(None, self.link, None, js="(url) => { window.darkroomUndo?.(url); }", api_visibility="private")
        copied = self.copy.click(None, self.link, None, js=COPY, api_visibility="private")
        said = copied.then(None, None, self.copy, js='() => "Link copied"', api_visibility="private")
        said.then(None, None, self.copy, js=AFTER_A_WHILE, api_visibility="private")
        show = SHOW_IN_ADDRESS_BAR.replace("KIND", kind)
        self.link.change(None, self.link, None, js=show, api_visibility="private")
        note_result(self.link, kind)
        self._drawer.collapse(lambda: False, None, self._opened, queue=False, **QUIET)

    def write_code(self, calls_of: Callable[[Values], Sequence[Call]], inputs: Iterable[Any]) -> None:
        """Writes the code when its drawer is opened, by what `calls_of` gives for the values of `inputs`."""

        def write(values: Values) -> Updates:
            return {self._opened: True, **self._written(calls_of(values), values[self.origin])}

        outputs = [self._opened, *self.codes]
        self._drawer.expand(write, {self.origin, *inputs}, outputs, queue=False, **QUIET)

    def says(
        self, keys: Mapping[str, Any], calls_of: Callable[[], Sequence[Call]], values: Values, button: bool = True
    ) -> Updates:
        """What the panel shows of a result: the keys of its link, the calls that draw it.

        button: whether that of the link is to be made ready, which takes Gradio longer than a value.
        """
        link = f"{values[self.origin].rstrip('/')}/{address(keys)}"
        ready = {self.copy: gr.Button("Copy link", interactive=True)} if button else {}
        code = self._written(calls_of(), values[self.origin]) if values[self._opened] else {}
        return {self.link: link, **ready, **code}

    def _written(self, calls: Sequence[Call], origin: str) -> Updates:
        written = codes(calls, origin) if calls else ("",) * len(self.codes)
        return dict(zip(self.codes, written, strict=True))


def file_name(path: str | None) -> File:
    """The user's name of an uploaded file, for examples."""
    return File(PurePath(path).name if path else "picture.jpg")
