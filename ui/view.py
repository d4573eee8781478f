"""Serve the page of a kept result, and its files: pictures at once, and nothing of the workshop."""

import tempfile
from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.route_utils import get_root_url
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from ui.drawing import zipped
from ui.html import gone_page, preview_tags, result_page
from ui.links import GONE
from ui.results import CARD_FILE, TYPES, KeptResult, ResultStore

# Whatever somebody puts into a result: no script runs, and nothing comes from elsewhere.
RULES = "default-src 'none'; img-src 'self'; media-src 'self'; font-src 'self'; style-src 'unsafe-inline'"
PAGE_HEADERS = {"Content-Security-Policy": RULES, "Cache-Control": "no-cache"}
FILE_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=2592000, immutable"}
ARCHIVE = "all.zip"
READ_BYTES = 2**18
DESCRIPTION = "Made with Darkroom, which turns one photograph into pictures for every screen."


def root_of(request: Any, page: gr.Blocks) -> str:
    """Return the address of the app, as the visitor knows it, without a slash at its end."""
    return str(get_root_url(request, request.url.path, page.root_path))


def view_routes(results: ResultStore, page: gr.Blocks) -> list[Route]:
    """Return the routes of results' pages and of their files."""

    def view(request: Request) -> Response:
        result = results.find(request.path_params["id"])
        if result is None:
            return HTMLResponse(gone_page(), 404, PAGE_HEADERS)
        address = f"{root_of(request, page)}/view/{result.id}"
        tags = preview_tags(result.title, DESCRIPTION, address, f"{address}/{CARD_FILE}")
        return HTMLResponse(result_page(result, tags, ARCHIVE), headers=PAGE_HEADERS)

    def file(request: Request) -> Response:
        name, result = request.path_params["name"], results.find(request.path_params["id"])
        if result and name == ARCHIVE:
            return StreamingResponse(archive_parts(results, result), media_type="application/zip", headers=FILE_HEADERS)
        if not result or name not in result.files:
            return PlainTextResponse(GONE, 404)
        path, kind = results.path(result.id, name), TYPES[name[name.rindex(".") :]]
        return FileResponse(path, 200, FILE_HEADERS, kind, filename=name, content_disposition_type="inline")

    return [Route("/view/{id}", view), Route("/view/{id}/{name}", file)]


def archive_parts(results: ResultStore, result: KeptResult) -> Iterator[bytes]:
    """Yield a ZIP of a result's pictures, which is kept nowhere."""
    with tempfile.TemporaryFile() as archive:
        zipped([results.path(result.id, it.file) for it in result.pictures], archive).seek(0)
        yield from iter(lambda: archive.read(READ_BYTES), b"")
