"""Gradio's own protocol, spoken by hand: what a stranger can send, and what comes back."""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

API = "/gradio_api"


class Stranger:
    """A client with a session of its own that sends anything; source: the address of this machine to send from."""

    def __init__(self, address: str, source: str | None = None) -> None:
        transport = httpx.HTTPTransport(local_address=source)
        self.http = httpx.Client(base_url=str(address), timeout=60, transport=transport)
        self.session = secrets.token_hex(5)

    def config(self) -> dict[str, Any]:
        return self.http.get("/config").json()

    def join(self, index: Any, data: Any, **more: Any) -> httpx.Response:
        """Ask for an event by its number."""
        body = {"fn_index": index, "data": data, "session_hash": self.session, **more}
        content = json.dumps(body)  # NaN too, which httpx would not write
        return self.http.post(f"{API}/queue/join", content=content, headers={"content-type": "application/json"})

    def event(self, index: int, data: Any, **more: Any) -> dict[str, Any]:
        """The last message of an event: its outputs or its error."""
        if index in self.direct:
            return self._run(index, data, **more)
        response = self.join(index, data, **more)
        assert response.status_code == 200, response.text
        for message in self.messages():
            if message["msg"] == "process_completed":
                return message
        raise AssertionError("the stream ended without an answer")

    def _run(self, index: int, data: Any, **more: Any) -> dict[str, Any]:
        """An event that has no queue, as the page asks for it."""
        content = json.dumps({"fn_index": index, "data": data, "session_hash": self.session, **more})
        answer = self.http.post(f"{API}/run/predict", content=content, headers={"content-type": "application/json"})
        return {"success": answer.status_code == 200, "output": answer.json()}

    @cached_property
    def direct(self) -> set[int]:
        """The events without a queue."""
        return {one["id"] for one in self.config()["dependencies"] if one["queue"] is False}

    def messages(self) -> Iterator[dict[str, Any]]:
        with self.http.stream("GET", f"{API}/queue/data", params={"session_hash": self.session}) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))

    def stream(self, endpoint: str, data: Any) -> Iterator[tuple[str, Any]]:
        """Yield what an endpoint answers: "generating", "complete" or "error", each with its values."""
        content = json.dumps({"data": data})
        headers = {"content-type": "application/json"}
        response = self.http.post(f"{API}/call/{endpoint}", content=content, headers=headers)
        assert response.status_code == 200, response.text
        with self.http.stream("GET", f"{API}/call/{endpoint}/{response.json()['event_id']}") as stream:
            for line in stream.iter_lines():
                if line.startswith("event:"):
                    kind = line.removeprefix("event:").strip()
                elif line.startswith("data:") and kind != "heartbeat":
                    yield kind, json.loads(line.removeprefix("data:"))

    def call(self, endpoint: str, data: Any) -> tuple[str, Any]:
        """Return how an endpoint's answer ends, "complete" or "error", and with what."""
        *_, last = ("", None), *self.stream(endpoint, data)
        return last

    def leave(self, endpoint: str, data: Any, seconds: float) -> int:
        """Ask for an endpoint's answer, read for a while at most, and leave; return how many messages came."""
        content = json.dumps({"data": data})
        headers = {"content-type": "application/json"}
        event = self.http.post(f"{API}/call/{endpoint}", content=content, headers=headers).json()["event_id"]
        end, came = time.monotonic() + seconds, 0
        with suppress(httpx.ReadTimeout):
            with self.http.stream("GET", f"{API}/call/{endpoint}/{event}", timeout=max(seconds, 0.05)) as stream:
                for line in stream.iter_lines():
                    came += line.startswith("event: generating")
                    if time.monotonic() > end:
                        break
        return came

    def upload(self, path: Path) -> dict[str, Any]:
        """A file as an argument, uploaded."""
        with path.open("rb") as file:
            answer = self.http.post(f"{API}/upload", files={"files": (path.name, file)})
        assert answer.status_code == 200, answer.text
        return {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}
