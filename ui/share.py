"""Show beside each result a button that keeps it for others, the link that draws it again, and the code that does."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import gradio as gr

from ui.links import address
from ui.results import ResultFile, ResultStore
from ui.theme import source
from ui.visitors import address_of
from ui.wiring import QUIET, Updates, Values


class File(str):
    """Name a visitor's own file, as an argument."""

    def __repr__(self) -> str:
        return f"handle_file({super().__repr__()})"


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
    code = f'from gradio_client import {imports}\n\nclient = Client("{origin}")\n'
    for call in calls:
        arguments = "".join(f"    {name}={value!r},\n" for name, value in call.arguments.items())
        code += f'result = client.predict(\n{arguments}    api_name="{call.endpoint}",\n)\n'
    return code


class LinkAndCode:
    """Lay out the link to a result, and the code that draws it. name: what the elements' ids begin with.

    link, code: the components that `says` changes; origin: that of the page's own address, without a slash at its end.
    The link, to the workshop as it stands, is seen when the code is.
    """

    def __init__(self, name: str, origin: gr.Textbox) -> None:
        self.origin = origin
        self.link = gr.Textbox(
            label="Link to the workshop", interactive=False, buttons=["copy"], max_lines=1, elem_id=f"{name}-link",
            elem_classes=["share", "after"], placeholder="A link to what is shown appears here.",
        )  # fmt: skip
        with gr.Accordion("Use this from code", open=False, elem_id=f"{name}-code"):
            self.code = gr.Code(language="python", show_label=False, label="Python", interactive=False)
        self.components = [self.link, self.code]
        shown = f"""(url) => {{
            darkroom.showLink("{name}", url);
            darkroom.forgetCopied("{name}");
            darkroom.keepResult?.("{name}", url);
        }}"""
        self.link.change(None, self.link, None, js=shown, **QUIET)

    def says(self, keys: Mapping[str, Any], calls: Sequence[Call], values: Values) -> Updates:
        """Return what the panel shows of a result: the keys of its link, the calls that draw it."""
        origin = values[self.origin]
        return {self.link: f"{origin}/{address(keys)}", self.code: python_code(calls, origin)}


class CopyLink:
    """Lay out the button that keeps a result and copies the address of its page. name: as in `LinkAndCode`."""

    def __init__(self, name: str, origin: gr.Textbox, results: ResultStore) -> None:
        self._name, self._origin, self._results = name, origin, results
        with gr.Row(elem_classes="copying"):
            self._button = gr.Button("Copy link", size="sm", scale=0, min_width=120, elem_id=f"{name}-copy")
            gr.HTML(source("copied.html"), elem_id=f"{name}-copied")
        self._kept = gr.JSON(visible=False)

    def keeps(self, shared: Callable[[Values], Iterator[tuple[str, Sequence[ResultFile]]]], inputs: set[Any]) -> None:
        """Keep a result at each click: a title and files, which `shared` yields of the values of `inputs`.

        The files are copied before `shared` is resumed, so that it can remove them after its yield.
        """

        def keep(values: Values, request: gr.Request) -> Iterator[Updates]:
            for title, files in shared(values):
                kept = self._results.keep(title, files, address_of(request))
                yield {self._kept: {"address": f"{values[self._origin]}/view/{kept.id}", "until": kept.until}}

        done = self._button.click(keep, {self._origin, *inputs}, [self._kept], **QUIET)
        done.success(None, self._kept, None, js=f"(kept) => darkroom.copyLink('{self._name}', kept)", **QUIET)


def file_name(path: str | None) -> File:
    """Return the name of an uploaded file, for code beside a result; "picture.jpg" where there is none yet."""
    return File(PurePath(path).name if path else "picture.jpg")
