"""The app as a process of its own, for what uses it from outside."""

import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
TRIES, PAUSE_SECONDS = 240, 0.25  # until the app answers: a minute, and longer where it takes its time
PORTS = (20_000, 32_000)
END_SECONDS = 20  # that it has for its end


def free_port() -> int:
    """One below those that systems lend to connections: none of these takes it until the app does, seconds later."""
    while True:
        with socket.socket() as sock, suppress(OSError):
            port = random.SystemRandom().randrange(*PORTS)
            sock.bind(("127.0.0.1", port))
            return port


class Address(str):
    """Where the app answers; pid: of its process."""

    pid: int

    def __new__(cls, address: str, pid: int) -> "Address":
        self = super().__new__(cls, address)
        self.pid = pid
        return self


@contextmanager
def running_app(log: Path | None = None, root: Path = ROOT, **environment: str) -> Iterator[Address]:
    """Start the app of a folder with these environment variables, and yield its address once it answers.

    log: where its output goes; None: nowhere.
    """
    port = free_port()
    server = {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_ANALYTICS_ENABLED": "False"}
    with (log or Path(os.devnull)).open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=root,
            env={**os.environ, **server, **environment},
            stdout=output,
            stderr=output,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(TRIES):
                try:
                    urllib.request.urlopen(f"{address}/config", timeout=5).close()
                    break
                except (urllib.error.URLError, ConnectionError, TimeoutError):
                    assert process.poll() is None, log and log.read_text(encoding="utf-8")
                    time.sleep(PAUSE_SECONDS)
            yield Address(address, process.pid)
        finally:
            process.terminate()
            process.wait(END_SECONDS)
