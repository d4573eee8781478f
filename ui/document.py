"""The page's HTML as it is sent: what is seen before Gradio's scripts have made the page, which takes them a second."""

from __future__ import annotations

from typing import Any

from gradio import Blocks
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from ui.gate import path_of
from ui.html import early
from ui.theme import source

# In the page's HTML, where they are needed at once: else it is white until Gradio's scripts are there.
GROUND = """<style>
html { background: var(--neutral-50); }
html:has(body.dark) { background: var(--neutral-950); }
body { background: none !important; }
</style>"""
FONT_LINKS = "".join(
    f'<link rel="preload" href="darkroom/fonts/{name}.woff2" as="font" type="font/woff2" crossorigin>'
    for name in ("bricolage-grotesque", "hanken-grotesk")
)
STORAGE, SCHEME, OPENING = (f"<script>{source(f'{name}.js')}</script>" for name in ("storage", "scheme", "opening"))


class Document:
    """ASGI middleware that adds storage, scheme and, unless a link asks for something else, the first screen.

    page: the Blocks whose launch has set `css` and `theme_hash`.
    """

    def __init__(self, app: Any, page: Blocks) -> None:
        self.app, self.page = app, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or path_of(scope) != "/":
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def gather(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                html = self._complete(bytes(body), Request(scope)) if start["status"] == 200 else bytes(body)
                MutableHeaders(raw=start["headers"])["content-length"] = str(len(html))
                await send(start)
                await send({"type": "http.response.body", "body": html})

        await self.app(scope, receive, gather)

    def _complete(self, html: bytes, request: Request) -> bytes:
        """Add what ends the head and begins the body."""
        theme = f'<link rel="stylesheet" href="theme.css?v={self.page.theme_hash}">'
        head = STORAGE + theme + FONT_LINKS + GROUND
        body = SCHEME
        if opens_first_screen(request):
            head += f'<style id="early-style">{self.page.css}</style>'
            body += early(source("opening.html")) + OPENING
        html = html.replace(b"</head>", head.encode() + b"</head>", 1)
        at = html.index(b">", html.index(b"<body")) + 1
        return html[:at] + body.encode() + html[at:]


def opens_first_screen(request: Request) -> bool:
    """Return whether no link opens the page. Gradio's own parameters, `__theme` and others, make no link."""
    return all(name.startswith("__") for name in request.query_params)
