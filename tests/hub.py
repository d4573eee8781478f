"""A loopback server that speaks enough of the Hub's protocol for the real huggingface_hub client."""

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PART = 1 << 16  # bytes of a file that are sent at once

# A repository in a request: "user/name" of a model, "spaces/user/name" of a Space, by which `Hub.repos` knows them.
REPO = r"((?:spaces/)?[^/]+/[^/]+)"
API_REPO = r"/api/(?:models/)?" + REPO


class Hub(ThreadingHTTPServer):
    """Repositories as {name: {path: content}}, a Space's name being "spaces/USER/NAME"; each has one commit.

    variables, hardware: of the Spaces, by the same names.
    volumes: of the Spaces, as they were set. account: whose the token is.
    read_only: repositories that refuse commits.
    seconds_before_answers, seconds_between_parts: how slow the Hub is, and how slowly files of more than 64 KB come.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos: dict[str, dict[str, bytes]] = {}
        self.variables: dict[str, dict[str, str]] = {}
        self.hardware: dict[str, str | None] = {}
        self.volumes: dict[str, Any] = {}
        self.account: dict[str, Any] = {"name": "user", "orgs": [{"name": "USER"}], "canPay": False}
        self.read_only: set[str] = set()
        self.seconds_before_answers = self.seconds_between_parts = 0.0
        self.requests: list[str] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that has left: it is what some tests are about."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def fill(self, repo: str, folder: Path) -> dict[str, bytes]:
        """Put a model into a repository, and return its files, for damaging them."""
        self.repos[repo] = {path.name: path.read_bytes() for path in folder.iterdir()}
        return self.repos[repo]

    def commit(self, repo: str) -> str:
        """40 hexadecimal digits: another content is another commit."""
        files = sorted((path, _sha256(content)) for path, content in self.repos[repo].items())
        return hashlib.sha1(json.dumps([repo, files]).encode()).hexdigest()


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
        if self.command == "HEAD":
            return
        for first in range(0, len(content), PART):
            if first:
                time.sleep(self.server.seconds_between_parts)
            self.wfile.write(content[first : first + PART])

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _missing(self, what: str, **headers: str) -> None:
        self._send(404, headers={"X-Error-Code": f"{what}NotFound", **headers})

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        time.sleep(self.server.seconds_before_answers)
        path = self.path.partition("?")[0]
        if path == "/api/whoami-v2":
            return self._json(self.server.account)
        for pattern, answer in (
            (rf"{API_REPO}(?:/revision/([^/]+))?", self._about),
            (rf"{API_REPO}/tree/([^/]+)", self._tree),
            (rf"/{REPO}/resolve/([^/]+)/(.+)", self._file),
        ):
            if match := re.fullmatch(pattern, path):
                repo, revision = match[1], match[2]
                if repo not in self.server.repos:
                    return self._missing("Repo")
                if revision not in (None, "main", self.server.commit(repo)):
                    return self._missing("Revision")
                return answer(repo, *match.groups()[2:])
        self._send(404)

    do_HEAD = do_GET

    def _about(self, repo: str) -> None:
        siblings = [{"rfilename": path, "size": len(it)} for path, it in self.server.repos[repo].items()]
        self._json({"id": repo, "sha": self.server.commit(repo), "siblings": siblings, "private": False})

    def _tree(self, repo: str) -> None:
        files = self.server.repos[repo].items()
        self._json([{"type": "file", "path": path, "size": len(it), "oid": _git_oid(it)} for path, it in files])

    def _file(self, repo: str, path: str) -> None:
        commit = {"X-Repo-Commit": self.server.commit(repo)}
        content = self.server.repos[repo].get(path)
        if content is None:
            return self._missing("Entry", **commit)
        self._send(200, content, {"ETag": f'"{_sha256(content)}"', **commit})

    def do_POST(self) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        body = self._body()
        path = self.path.partition("?")[0]
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path == "/api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        if path.startswith("/api/buckets/"):
            return self._json({"url": self.server.address + path.removeprefix("/api")})
        for pattern, answer in (
            (rf"{API_REPO}/preupload/[^/]+", self._preupload),
            (rf"{API_REPO}/commit/[^/]+", self._commit),
            (rf"{API_REPO}/variables", self._variable),
            (rf"{API_REPO}/volumes", self._volumes),
        ):
            if match := re.fullmatch(pattern, path):
                return answer(match[1], body)
        self._send(404)

    do_PUT = do_POST

    def _volumes(self, repo: str, body: bytes) -> None:
        self.server.volumes[repo] = json.loads(body)["volumes"]
        self._json({})

    def _create(self, new: dict[str, Any]) -> None:
        kind = "spaces/" if new.get("type") == "space" else ""
        repo = f"{kind}{new.get('organization') or 'user'}/{new['name'].rpartition('/')[2]}"
        self.server.repos.setdefault(repo, {})
        self.server.hardware.setdefault(repo, new.get("hardware"))
        self._json({"url": f"{self.server.address}/{repo}", "id": "0", "name": repo})

    def _preupload(self, repo: str, body: bytes) -> None:
        old = {path: _git_oid(content) for path, content in self.server.repos[repo].items()}
        about = {"uploadMode": "regular", "shouldIgnore": False}  # even of large files: none of them is known to LFS
        files = [{"path": it["path"], "oid": old.get(it["path"]), **about} for it in json.loads(body)["files"]]
        self._json({"files": files})

    def _commit(self, repo: str, body: bytes) -> None:
        if repo in self.server.read_only:
            return self._json({"error": "you may not write here"}, 403)
        for line in body.decode().splitlines():
            self._apply(self.server.repos[repo], json.loads(line))
        commit = self.server.commit(repo)
        url = f"{self.server.address}/{repo}/commit/{commit}"
        self._json({"commitUrl": url, "commitOid": commit, "success": True})

    def _apply(self, files: dict[str, bytes], line: dict[str, Any]) -> None:
        value = line["value"]
        if line["key"] == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif line["key"] == "deletedFile":
            del files[value["path"]]

    def _variable(self, repo: str, body: bytes) -> None:
        new = json.loads(body)
        variables = self.server.variables.setdefault(repo, {})
        variables[new["key"]] = new["value"]
        self._json({key: {"key": key, "value": value} for key, value in variables.items()})


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


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


def client_environment(address: str, home: str, token: str = "hf_test") -> dict[str, str]:
    """Return the environment that makes a process' huggingface_hub talk to the Hub at `address` alone."""
    return {"HF_ENDPOINT": address, "HF_HOME": home, "HF_TOKEN": token, "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "127.0.0.1"}  # fmt: skip
