"""Add to the page's HTML what is seen before Gradio's scripts have made the page, which takes them a second, and what
other sites show beside a link to it."""

import re
from typing import Any

from gradio import Blocks
from gradio.brotli_middleware import BrotliMiddleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from ui.gate import API, path_of
from ui.html import preview_tags
from ui.theme import source
from ui.view import root_of

PREVIEW = re.compile(r'<meta\s+(?:property="og:|name="twitter:)[^>]*>')  # Gradio's, of itself
TITLE = "Darkroom: one photograph, every screen"
DESCRIPTION = "Turn one photograph into pictures for every screen, into new ones and into loops, and steer a face GAN."
STORAGE, SCHEME, OPENING = (f"<script>{source(f'{name}.js')}</script>" for name in ("storage", "scheme", "opening"))
GROUND = f"{source('ground.html')}<style>{source('opening.css')}</style>"
EARLY = f'<div id="early"><main>{source("head.html")}{source("opening.html")}</main></div>'
COMPRESSED = ("/", "/config", f"{API}/info", f"{API}/run/predict")


class Compression(BrotliMiddleware):
    """Compress what has no file name, too, by which Gradio's own decides: the page's HTML, and answers in JSON."""

    def _is_compressible_file_type(self, scope: Scope) -> bool:
        return path_of(scope) in COMPRESSED


class Document(BaseHTTPMiddleware):
    """Add what other sites show, storage's stand-in, the scheme and, unless a link opens the page, the first screen.

    page: the Blocks whose launch has set `theme_hash`.
    """

    def __init__(self, app: Any, page: Blocks) -> None:
        super().__init__(app)
        self.page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and scope["method"] == "GET" and path_of(scope) == "/"
        await (super().__call__ if is_page else self.app)(scope, receive, send)

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        response: Any = await call_next(request)
        html = b"".join([part async for part in response.body_iterator]).decode()
        if response.status_code == 200:
            html = self._complete(PREVIEW.sub("", html), request)
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return HTMLResponse(html, response.status_code, headers)

    def _complete(self, html: str, request: Request) -> str:
        root = root_of(request, self.page)
        tags = preview_tags(TITLE, DESCRIPTION, f"{root}/", f"{root}/look/card.jpg")
        head = f'{tags}{STORAGE}<link rel="stylesheet" href="theme.css?v={self.page.theme_hash}">{GROUND}'
        # Gradio's own parameters, `__theme` and others, open nothing else.
        linked = not all(name.startswith("__") for name in request.query_params)
        body = SCHEME if linked else SCHEME + EARLY + OPENING
        at = html.index(">", html.index("<body")) + 1
        return html[:at].replace("</head>", f"{head}</head>", 1) + body + html[at:]
