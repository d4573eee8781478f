"""Beside each result: the link that shows it again, and the code that draws it, with the current values."""

from __future__ import annotations

import functools
import inspect
import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import gradio as gr

from ui.history import SHOW_IN_ADDRESS_BAR
from ui.links import address

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


@dataclass(frozen=True)
class File:
    """An argument that is a file of the user's."""

    name: str


@dataclass(frozen=True)
class Call:
    """An endpoint with all of its arguments in the order of its signature."""

    endpoint: str
    arguments: Mapping[str, Any]


def call(handler: Callable[..., Any], **arguments: Any) -> Call:
    """The call of a handler's endpoint, `/` and its name; arguments not given have the handler's defaults."""
    parameters = {
        name: arguments.get(name, parameter.default)
        for name, parameter in inspect.signature(handler).parameters.items()
        if name != "request"
    }
    missing = [name for name, value in parameters.items() if value is inspect.Parameter.empty]
    if missing or set(arguments) - set(parameters):
        raise TypeError(f"{handler.__name__} takes {list(parameters)}, not {list(arguments)}")
    return Call(f"/{handler.__name__}", parameters)


def python_code(calls: Sequence[Call], origin: str) -> str:
    """For gradio_client."""
    files = any(isinstance(value, File) for one in calls for value in one.arguments.values())
    statements = []
    for one in calls:
        written = [
            f"handle_file({value.name!r})" if isinstance(value, File) else repr(value)
            for value in one.arguments.values()
        ]
        lines = [f"    {name}={value},\n" for name, value in zip(one.arguments, written, strict=True)]
        statements.append(f'result = client.predict(\n{"".join(lines)}    api_name="{one.endpoint}",\n)\n')
    imports = "Client, handle_file" if files else "Client"
    return f'from gradio_client import {imports}\n\nclient = Client("{origin}")\n' + "".join(statements)


def curl_code(calls: Sequence[Call], origin: str) -> str:
    """For a shell with curl: each call gives an event, whose stream ends with the result."""
    lines = []
    for one in calls:
        values = []
        for value in one.arguments.values():
            if isinstance(value, File):
                form = f"-F files=@{shlex.quote(value.name)}"
                lines.append(f"FILE=$(curl -s {form} {origin}/gradio_api/upload | cut -d'\"' -f2)")
                values.append({"path": "FILE", "meta": {"_type": "gradio.FileData"}})
            else:
                values.append(value)
        body = shlex.quote(json.dumps({"data": values})).replace('"path": "FILE"', """"path": "'"$FILE"'\"""")
        lines.append(
            f"EVENT=$(curl -s {origin}/gradio_api/call{one.endpoint} -H 'Content-Type: application/json' \\\n"
            f"  -d {body} | cut -d'\"' -f4)\ncurl -sN {origin}/gradio_api/call{one.endpoint}/$EVENT"
        )
    return "\n".join(lines) + "\n"


def javascript_code(calls: Sequence[Call], origin: str) -> str:
    """For @gradio/client in a browser or in Node."""
    files = any(isinstance(value, File) for one in calls for value in one.arguments.values())
    statements = []
    for i, one in enumerate(calls, 1):
        name = f"result{i}" if len(calls) > 1 else "result"
        written = [
            f"handle_file({json.dumps(value.name)})" if isinstance(value, File) else json.dumps(value)
            for value in one.arguments.values()
        ]
        lines = [f"  {key}: {value},\n" for key, value in zip(one.arguments, written, strict=True)]
        statements.append(f'const {name} = await client.predict("{one.endpoint}", {{\n{"".join(lines)}}});\n')
        statements.append(f"console.log({name}.data);\n")
    imports = "Client, handle_file" if files else "Client"
    head = f'import {{ {imports} }} from "@gradio/client";\n\nconst client = await Client.connect("{origin}");\n'
    return head + "".join(statements)


class Share:
    """The panel. Its values come with the result, from the values that the result was drawn with.

    linked: whether there is a state to link to; code there is always.
    """

    def __init__(self, kind: str, origin: gr.Textbox, linked: bool = True) -> None:
        self._origin = origin
        with gr.Row(elem_classes="share", visible=linked):
            copy = gr.Button("Copy link", size="sm", scale=0, min_width=120, elem_id=f"{kind}-copy", interactive=False)
            link = gr.Textbox(
                show_label=False, label="Link to what is shown", interactive=False, container=False, scale=1,
                elem_id=f"{kind}-link", placeholder="A link to what is shown appears here.", max_lines=1,
            )  # fmt: skip
        with gr.Accordion("Use this from code", open=False, elem_id=f"{kind}-code"), gr.Tabs():
            with gr.Tab("Python"):
                python = gr.Code(language="python", show_label=False, label="Python", interactive=False)
            with gr.Tab("curl"):
                curl = gr.Code(language="shell", show_label=False, label="curl", interactive=False)
            with gr.Tab("JavaScript"):
                javascript = gr.Code(language="javascript", show_label=False, label="JavaScript", interactive=False)
        copied = copy.click(None, link, None, js=COPY, api_visibility="private")
        said = copied.then(None, None, copy, js='() => "Link copied"', api_visibility="private")
        said.then(None, None, copy, js=AFTER_A_WHILE, api_visibility="private")
        link.change(None, link, None, js=SHOW_IN_ADDRESS_BAR.replace("KIND", kind), api_visibility="private")
        self.outputs: list[Any] = [link, python, curl, javascript, copy]

    @staticmethod
    def values(parameters: Mapping[str, Any], calls: Sequence[Call], origin: str) -> tuple[Any, ...]:
        """What the panel shows of a result: `parameters` of its link, and the calls that draw it."""
        base = origin.rstrip("/")
        codes = (write(calls, base) for write in (python_code, curl_code, javascript_code))
        return base + "/" + address(parameters), *codes, gr.Button("Copy link", interactive=True)

    def wire(
        self,
        handler: Callable[..., Iterator[Any]],
        describe: Callable[..., tuple[Mapping[str, Any], Sequence[Call]]],
        inputs: Sequence[Any],
        outputs: Sequence[Any],
    ) -> tuple[Callable[..., Iterator[tuple[Any, ...]]], list[Any], list[Any]]:
        """A handler that fills in the panel with its last outputs, with its inputs and outputs.

        `describe` gives link parameters and calls of the handler's inputs.
        """

        @functools.wraps(handler)
        def wrapped(origin: str, *values: Any) -> Iterator[tuple[Any, ...]]:
            for result in handler(*values):
                yield *_as_tuple(result), *[gr.skip()] * len(self.outputs)
            plain = [value for value in values if not isinstance(value, gr.Request)]
            yield *[gr.skip()] * len(outputs), *self.values(*describe(*plain), origin)

        # Gradio finds out by the signature where a handler wants the request.
        first = inspect.Parameter("origin", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        signature = inspect.signature(handler)
        wrapped.__signature__ = signature.replace(parameters=[first, *signature.parameters.values()])  # type: ignore[attr-defined]
        return wrapped, [self._origin, *inputs], [*outputs, *self.outputs]


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def file_name(path: str | None) -> File:
    """The user's name of an uploaded file, for examples."""
    return File(PurePath(path).name if path else "picture.jpg")
