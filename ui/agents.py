"""Serve agents by the Model Context Protocol: files without fetching any, pictures as images, values as JSON.

Import this only where `mcp` is installed. Checked on gradio 6.31.0, whose tools fetch files from addresses, and give
galleries, or all values, as one text.
"""

import asyncio
import base64
import binascii
import io
import json
import mimetypes
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import gradio.mcp
from gradio import processing_utils
from gradio.processing_utils import add_root_url
from gradio.utils import get_upload_folder
from gradio_client.utils import is_file_obj_with_meta
from mcp.server import Server
from mcp.types import ImageContent, TextContent
from PIL import Image

from darkroom.checks import echo
from ui.gate import API, NOT_UPLOADED, files_in, is_upload
from ui.results import TYPES

MAX_IMAGE_BYTES = 1_000_000  # of an image as it is; of a larger one a smaller copy is shown
REDUCED_SIZE = (1024, 1024)  # px, at most
MAX_IMAGES = 16  # in an answer: of more there are addresses only
MAX_TEXT_CHARACTERS = 20_000  # of a value: the recipes of a map of faces have 170,000

Content = ImageContent | TextContent


class ToolServer(Server[Any, Any]):
    """Leave the arguments to the endpoints' options, which name what is wrong, its value and what is allowed."""

    def call_tool(self, *, validate_input: bool = False) -> Any:
        return super().call_tool(validate_input=validate_input)


class AgentServer(gradio.mcp.GradioMCPServer):
    """Take files and give answers in other ways than Gradio does."""

    Server = ToolServer

    def _prepare_tool_call_args(self, name: str, arguments: dict[str, Any]) -> Any:
        """Return what Gradio calls a tool with. Raises ValueError where there is no such argument."""
        known = self.get_input_schema(name)[0]["properties"]
        for unknown in arguments.keys() - known.keys():
            takes = ", ".join(known) or "no arguments"
            raise ValueError(f"there is no argument {echo(unknown)}; {name} takes {takes}")
        return super()._prepare_tool_call_args(name, arguments)

    async def _execute_tool_without_progress(self, job: Any) -> list[Any]:
        return await self._while_asked(job, super()._execute_tool_without_progress(job))

    async def _execute_tool_with_progress(self, job: Any, progress_token: str | int) -> dict[str, Any]:
        return await self._while_asked(job, super()._execute_tool_with_progress(job, progress_token))

    async def _while_asked(self, job: Any, answer: Coroutine[Any, Any, Any]) -> Any:
        """Await an answer. An agent that leaves cancels this, then its job, on which Gradio's client would wait."""
        awaited = asyncio.create_task(answer)
        try:
            await asyncio.wait([awaited])
        except asyncio.CancelledError:
            awaited.add_done_callback(asyncio.Task.exception)  # which nobody asks for
            asyncio.get_running_loop().run_in_executor(None, job.cancel)  # It asks this server.
            raise
        return awaited.result()

    def convert_strings_to_filedata(self, value: Any, filedata_positions: list[list[str | int]]) -> Any:
        """Return the arguments, files among them as uploads: nothing else is read or fetched. Raises ValueError."""
        files = [str(name) for (name,) in filedata_positions]
        given = {name: value[name] for name in files if isinstance(value.get(name), str)}
        arguments = {**value, **{name: {"path": self._path(name, text)} for name, text in given.items()}}
        for file in files_in(arguments):
            if not is_upload(file["path"]):
                raise ValueError(f"{echo(file['path'])} {NOT_UPLOADED}; a data: address is given as a text by itself")
        return arguments

    def _path(self, name: str, text: str) -> str:
        if text.startswith("data:"):
            file = _decoded(name, text)
            self.blocks.upload_file_set.add(file)  # it goes when uploads go
            return file
        _, answered, path = text.partition(f"{API}/file=")
        path = unquote(path) if answered else text
        if not answered and "://" in path:
            raise ValueError(f"{name} is an address; download the file and upload it: addresses are not fetched here")
        if not is_upload(path):
            raise ValueError(f"{name} {NOT_UPLOADED}")
        return path

    def postprocess_output_data(self, data: Any, root_url: str) -> list[Any]:
        """Return an answer's content. Values that are not there yet, or were said already, are left out."""
        if len(data) == 1 and isinstance(data[0], tuple):  # several values, where no progress was asked for
            data = list(data[0])
        contents, seen, images = list[Content](), set[str](), 0
        for value in add_root_url(data, root_url, None):
            files = [file for file in files_in(value) if is_file_obj_with_meta(file)]
            for file in files:
                if file["path"] in seen:
                    continue
                seen.add(file["path"])
                if images < MAX_IMAGES and (image := _image(Path(file["path"]))):
                    contents.append(image)
                    images += 1
                contents.append(_text(str(file.get("url") or file["path"])))
            if not files and value is not None:
                text = value if isinstance(value, str) else json.dumps(value)
                too_long = len(text) > MAX_TEXT_CHARACTERS
                contents.append(_text(f"{len(text):,} characters, left out here" if too_long else text))
        return contents


def install() -> None:
    gradio.mcp.GradioMCPServer = AgentServer  # type: ignore[misc]


def _decoded(name: str, text: str) -> str:
    """Write the file of a data: address among the uploads; return its path. Raises ValueError."""
    head, _, body = text.partition(",")
    kind, *rest = head.removeprefix("data:").split(";")
    if rest[-1:] != ["base64"]:
        raise ValueError(f"{name} is a data: address without ;base64, in its beginning")
    try:
        data = base64.b64decode(body)
    except binascii.Error:
        raise ValueError(f"{name} is a data: address that is no base64") from None
    return processing_utils.save_bytes_to_cache(
        data, f"{name}{mimetypes.guess_extension(kind) or '.bin'}", get_upload_folder()
    )


def _text(text: str) -> TextContent:
    return TextContent(type="text", text=text)


def _image(path: Path) -> ImageContent | None:
    """Return a picture, or the first frame of a large animation; None of other files."""
    kind = TYPES.get(path.suffix, "")
    if not kind.startswith("image/"):
        return None
    data = path.read_bytes()
    if len(data) > MAX_IMAGE_BYTES:
        with Image.open(path) as picture:
            reduced = picture.convert("RGB")
        reduced.thumbnail(REDUCED_SIZE)
        file = io.BytesIO()
        reduced.save(file, format="JPEG")
        kind, data = "image/jpeg", file.getvalue()
    return ImageContent(type="image", data=base64.b64encode(data).decode(), mimeType=kind)
