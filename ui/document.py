"""The page's HTML as it is sent: what is seen before Gradio's scripts have made the page, which takes them a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from ui.gate import path_of

Parts = tuple[str, str]  # what ends the head, and what begins the body


class Document:
    """ASGI middleware. parts: what is put into the page of a request."""

    def __init__(self, app: Any, parts: Callable[[Request], Parts]) -> None:
        self.app, self.parts = app, parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or path_of(scope) != "/":
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def gathered(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                whole = self._with_parts(bytes(body), Request(scope)) if start["status"] == 200 else bytes(body)
                MutableHeaders(raw=start["headers"])["content-length"] = str(len(whole))
                await send(start)
                await send({"type": "http.response.body", "body": whole})

        await self.app(scope, receive, gathered)

    def _with_parts(self, page: bytes, request: Request) -> bytes:
        head, body = (part.encode() for part in self.parts(request))
        page = page.replace(b"</head>", head + b"</head>", 1)
        at = page.index(b">", page.index(b"<body")) + 1
        return page[:at] + body + page[at:]
