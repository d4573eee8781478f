"""What events are given: each argument is one that its component can take, each file one that was uploaded here.

Gradio 6.31.0 takes a file's path without `meta` without a look at where it lies (its pull request 11162).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from pydantic import ValidationError

from darkroom.checks import check_number, echo


def checked(block: Any, value: Any) -> Any:
    """An argument that its component can take, a file among them one that was uploaded here.

    Raises ValueError with the argument's name, its value, and what is needed.
    """
    name = str(getattr(block, "label", None) or "an argument")
    if isinstance(block, gr.Number | gr.Slider):
        if value is not None:
            check_number(name, value)
            if isinstance(value, int) and abs(value) > 2**63:
                raise ValueError(f"{name} is {echo(value)}; that is too large")
            if not abs(value) < 1e300:  # nor NaN
                raise ValueError(f"{name} is {value}; a finite number is needed")
            if getattr(block, "precision", None) == 0 and value != int(value):
                raise ValueError(f"{name} is {value}; a whole number is needed")  # Gradio would round it
        return value
    if isinstance(block, gr.Checkbox) and not isinstance(value, bool):
        raise ValueError(f"{name} is {echo(value)} ({type(value).__name__}); true or false is needed")
    if isinstance(block, gr.Textbox | gr.Code) and not isinstance(value, str | None):
        raise ValueError(f"{name} is {echo(value)} ({type(value).__name__}); a text is needed")
    if isinstance(block, gr.JSON | gr.State | gr.BrowserState | gr.Dataframe):
        if any("meta" in file for file in files_in(value)):
            raise ValueError(f"{name} holds a file; none is taken there")  # Gradio would move it, or fetch it
        return value
    if isinstance(block, gr.Image | gr.File) and isinstance(value, dict) and not {"path", "url"} & set(value):
        raise ValueError(f"{name} is {echo(value)} (dict); an uploaded file is needed")
    for file in files_in(value):
        _check_file(name, file)
    if value is not None and getattr(block, "data_model", None):
        try:
            block.data_model.model_validate(value, context={"validate_meta": True})
        except ValidationError:
            needed = "an uploaded file" if "path" in str(block.data_model.model_json_schema()) else "something else"
            raise ValueError(f"{name} is {echo(value)} ({type(value).__name__}); {needed} is needed") from None
    return value


def files_in(value: Any) -> Iterator[dict[str, Any]]:
    """The files in an argument, however deep."""
    if isinstance(value, dict):
        if "path" in value or "url" in value:
            yield value
        for part in value.values():
            yield from files_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from files_in(part)


def _check_file(name: str, file: dict[str, Any]) -> None:
    path = file.get("path")
    if not isinstance(path, str) or not path:
        raise ValueError(f"{name} has the path {echo(path)}; upload the file, and give the path that this answers")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path):
        raise ValueError(f"{name} is an address; download the file and upload it: addresses are not fetched here")
    try:
        real, folder = os.path.realpath(path), os.path.realpath(get_upload_folder())
        inside = os.path.commonpath([real, folder]) == folder and os.path.isfile(real)
    except (OSError, ValueError):  # a name too long, or with a zero byte
        inside = False
    if not inside:
        raise ValueError(f"{name} is no file that was uploaded here, or not any more; upload it again")
    file["path"] = path
    file["meta"] = {"_type": "gradio.FileData"}  # Gradio looks at the files that have it
