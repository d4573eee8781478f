"""What agents get by the Model Context Protocol: pictures as images, values as JSON, progress in words; and how they
give files. Import this only where `mcp` is installed.

Written for, and checked on, gradio 6.31.0, whose tools give galleries as text, give everything as one text where no
progress is asked for, refuse arguments before they are looked at, and take files by addresses that they would fetch.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import mimetypes
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import gradio.mcp
from anyio.to_thread import run_sync
from gradio.processing_utils import add_root_url, save_bytes_to_cache
from gradio.utils import get_upload_folder
from gradio_client.utils import is_file_obj_with_meta
from mcp.server import Server as MCPServer
from mcp.types import ImageContent, TextContent
from PIL import Image

from ui.arguments import files_in
from ui.gate import API, MAX_TOOL_BYTES

MAX_IMAGE_BYTES = 1_000_000  # of an image as it is; of a larger one a smaller copy is shown
REDUCED = (1024, 1024)  # px, at most, of the copy
MAX_IMAGES = 16  # in an answer: of more there are addresses only
MAX_TEXT = 20_000  # characters of a value, likewise: the recipes of a map of faces have 170,000
MIME_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
UPLOAD = f"{API}/upload"
GIVEN = (
    f"a data: address (data:image/png;base64,...) of at most {MAX_TOOL_BYTES * 3 // 4 // 10**6} MB, the path that "
    f"POST {UPLOAD} (form field files) has answered, or the address of a file that a tool has answered"
)
ANSWERED = f"{API}/file="

Content = ImageContent | TextContent


class AgentServer(gradio.mcp.GradioMCPServer):
    """Gradio's, with other ways for files, answers and progress."""

    class Server(MCPServer):  # type: ignore[type-arg]
        """Leaves it to ui.arguments to say what is wrong with an argument: it names it."""

        def call_tool(self, *, validate_input: bool = False) -> Any:
            return super().call_tool(validate_input=validate_input)

    # -- arguments ---------------------------------------------------------------------------------------------------

    @property
    def _file_data_tool_description(self) -> str:
        return f" A file is given as {GIVEN}."

    def simplify_filedata_schema(self, schema: dict[str, Any]) -> tuple[dict[str, Any], list[list[str | int]]]:
        simple, places = super().simplify_filedata_schema(schema)
        for argument in simple["properties"].values():
            argument.pop("additional_description", None)  # for people, the same as its description
        for (name,) in places:
            said = simple["properties"][name].get("description", "").rstrip(".")
            simple["properties"][name] = {"type": "string", "description": f"{said}; given as {GIVEN}"}
        return simple, places

    def convert_strings_to_filedata(self, value: Any, filedata_positions: list[list[str | int]]) -> Any:
        """The arguments, files among them as paths, which ui.arguments looks at: nothing is read or fetched here.

        Raises ValueError.
        """
        files = [name for (name,) in filedata_positions]
        given = {name: value[name] for name in files if isinstance(value.get(name), str)}
        return {**value, **{name: {"path": self._path(str(name), text)} for name, text in given.items()}}

    def _path(self, name: str, text: str) -> str:
        if text.startswith("data:"):
            file = _decoded(name, text)
            self.blocks.upload_file_set.add(file)  # it goes when uploads go
            return file
        _, answered, path = text.partition(ANSWERED)
        return unquote(path) if answered else text

    # -- answers -----------------------------------------------------------------------------------------------------

    async def _execute_tool_without_progress(self, job: Any) -> list[Any]:
        await run_sync(job.result)  # raises what the call has raised
        updates = job.communicator.updates
        came = [updates.get_nowait() for _ in range(updates.qsize())]
        (final,) = (update for update in came if update.type == "output" and update.final)
        return list(final.outputs["data"])

    async def _execute_tool_with_progress(self, job: Any, progress_token: str | int) -> list[Any]:  # type: ignore[override]
        context, told, final = self.mcp_server.request_context, 0, None
        async for update in job:
            if update.type == "output" and update.final:
                final = update
            elif words := self._words(update):
                await context.session.send_progress_notification(
                    progress_token, told, message=words, related_request_id=str(context.request_id)
                )
                told += 1
        await run_sync(job.result)
        assert final is not None
        return list(final.outputs["data"])

    def _words(self, update: Any) -> str | None:
        """What to say of an update: the status that an answer of a stream begins with, or the place in the queue."""
        if update.type == "output":
            first = next(iter(update.outputs), None)
            return first if isinstance(first, str) else None
        waits = update.rank is not None
        return self._format_progress_message(update) if waits else None

    def postprocess_output_data(self, data: Any, root_url: str) -> list[Any]:
        """An answer's content. Values that are not there yet, or were said already, are left out."""
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
                contents.append(_text(text if len(text) <= MAX_TEXT else f"{len(text):,} characters, left out here"))
        return contents


def install() -> None:
    """Has Gradio serve agents by this."""
    gradio.mcp.GradioMCPServer = AgentServer  # type: ignore[misc]


def _decoded(name: str, text: str) -> str:
    """The file of a data: address among the uploads; its path. Raises ValueError."""
    head, _, body = text.partition(",")
    kind, *rest = head.removeprefix("data:").split(";")
    if rest[-1:] != ["base64"]:
        raise ValueError(f"{name} is a data: address without ;base64, in its beginning")
    try:
        data = base64.b64decode(body)
    except binascii.Error:
        raise ValueError(f"{name} is a data: address that is no base64") from None
    return save_bytes_to_cache(data, f"{name}{mimetypes.guess_extension(kind) or '.bin'}", get_upload_folder())


def _text(text: str) -> TextContent:
    return TextContent(type="text", text=text)


def _image(path: Path) -> ImageContent | None:
    """A picture, or the first frame of a large animation; None of other files."""
    if path.suffix not in MIME_TYPES:
        return None
    kind, data = MIME_TYPES[path.suffix], path.read_bytes()
    if len(data) > MAX_IMAGE_BYTES:
        with Image.open(path) as picture:
            reduced = picture.convert("RGB")
        reduced.thumbnail(REDUCED)
        file = io.BytesIO()
        reduced.save(file, format="JPEG")
        kind, data = "image/jpeg", file.getvalue()
    return ImageContent(type="image", data=base64.b64encode(data).decode(), mimeType=kind)
