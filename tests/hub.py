"""A loopback server that speaks enough of the Hub's protocol for the real huggingface_hub client."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "c0ffee" * 6 + "beef"


class Hub(ThreadingHTTPServer):
    """Repositories as {name: {path: content}}; every revision is the newest commit."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos: dict[str, dict[str, bytes]] = {}
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def _send(self, status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0]
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/[^/]+)?", path):
            files = self.server.repos.get(match[1])
            if files is None:
                return self._send(404, headers={"X-Error-Code": "RepoNotFound"})
            siblings = [{"rfilename": name} for name in files]
            return self._json({"id": match[1], "sha": COMMIT, "siblings": siblings, "private": False})
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/[^/]+", path):
            files = self.server.repos[match[1]]
            return self._json([_entry(name, content) for name, content in files.items()])
        if match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            content = self.server.repos.get(match[1], {}).get(match[2])
            if content is None:
                return self._send(404, headers={"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
            etag = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
            return self._send(200, content, etag)
        self._send(404)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self.server.requests.append(f"POST {self.path}")
        body = self._body()
        path = self.path.partition("?")[0]
        if path == "/api/repos/create":
            name = json.loads(body)
            repo = f"{name.get('organization') or 'user'}/{name['name'].rpartition('/')[2]}"
            self.server.repos.setdefault(repo, {})
            return self._json({"url": f"{self.server.address}/{repo}", "id": "0", "name": repo})
        if path == "/api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        if re.fullmatch(r"/api/models/([^/]+/[^/]+)/preupload/[^/]+", path):
            files = json.loads(body)["files"]
            modes = [("lfs" if f["path"].endswith(".safetensors") else "regular", f["path"]) for f in files]
            return self._json({"files": [{"path": p, "uploadMode": m, "shouldIgnore": False} for m, p in modes]})
        if re.fullmatch(r"/[^/]+/[^/]+\.git/info/lfs/objects/batch", path):
            upload = lambda oid: {"upload": {"href": f"{self.server.address}/lfs/{oid}"}}  # noqa: E731
            objects = [
                {"oid": o["oid"], "size": o["size"], "actions": upload(o["oid"])} for o in json.loads(body)["objects"]
            ]
            return self._json({"transfer": "basic", "objects": objects})
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/[^/]+", path):
            for line in body.decode().splitlines():
                self._apply(self.server.repos[match[1]], json.loads(line))
            url = f"{self.server.address}/{match[1]}/commit/{COMMIT}"
            return self._json({"commitUrl": url, "commitOid": COMMIT, "success": True})
        self._send(404)

    def _apply(self, files: dict[str, bytes], line: dict[str, Any]) -> None:
        value = line["value"]
        if line["key"] == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif line["key"] == "lfsFile":
            files[value["path"]] = self.server.objects[value["oid"]]

    def do_PUT(self) -> None:
        self.server.requests.append(f"PUT {self.path}")
        content = self._body()
        self.server.objects[self.path.rpartition("/")[2]] = content
        self._send(200)


def _entry(name: str, content: bytes) -> dict[str, Any]:
    return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A Hub on a free port of the loopback address."""
    hub = Hub()
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
