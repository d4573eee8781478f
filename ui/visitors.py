"""Tell visitors apart, browsers' pages and scripts, and say how much they may take."""

import ipaddress
import os
import re
import secrets
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from starlette.requests import HTTPConnection

# Without vowels, so that chance writes no words, and that no word is taken for a secret.
LETTERS = "0123456789bcdfghjklmnpqrstvwxyz"
SECRET_LETTERS = 14  # 69 bits
RESULT_NAME = f"[0-9b-df-hj-np-tv-z]{{{SECRET_LETTERS}}}"  # nobody can guess it
SECRET = f"-{RESULT_NAME}$"  # the part of a visitor's scene's name that nobody can guess
BROWSER_PREFIX = "Mozilla/"  # with which the name of every browser begins
DISK_IS_FULL = "the disk is full here; try again in a while"
AGENT_USER = "mcp"  # as whom Gradio's own client calls


@dataclass(frozen=True)
class Visitor:
    """Say whose request it is.

    scene_owner: key of stored scenes: the name that a browser remembers, else the session of the page or client.
    rate_limit_key: whom a training counts for: a browser's scene_owner, but the address of a script, which may call
    itself by a new session each time. address: the client's.
    """

    scene_owner: str
    rate_limit_key: str
    address: str = ""

    @classmethod
    def of(cls, request: gr.Request | None, remembered: Any = None) -> "Visitor":
        """Say who asks. remembered: the name by which a browser says that it is the same after it has left."""
        if request is None:
            return cls("", "")
        owner = request.session_hash or ""
        browser = str(request.headers.get("user-agent", "")).startswith(BROWSER_PREFIX)
        if browser and isinstance(remembered, str) and re.fullmatch("[0-9a-f]{32}", remembered):
            owner = remembered
        address = address_of(request)
        if request.headers.get("x-gradio-user") == AGENT_USER:
            owner = new_name()  # one client calls for all agents: each has only the scenes whose names it was given
        return cls(owner, owner if browser else address, address)


@dataclass(frozen=True)
class Limits:
    """Bound what visitors may take, together and each. The defaults suit two CPU cores with 16 GB."""

    trainings_at_once: int = 2  # They take turns on the device.
    trainings_in_all: int = 8  # Those that wait are counted, too.
    trainings_an_address: int = 4  # Several browsers may be behind one.
    known_trainings: int = 24  # All that go on, and of the others the last, can be watched by a link.
    iterations: int = 2000
    ending_seconds: float = 3.0  # A stopped training may take so long to end.
    unwatched_seconds: float = 60.0  # Time to reload the page, and to find a network again.
    scenes: int = 50  # Whoever has the most loses one first.
    loaded_scenes: int = 10  # The others are in their files.
    scene_seconds: float = 2 * 3600.0  # A scene lives so long after its last use.
    results: int = 1000  # That are kept for those who have their links; whoever has the most loses one first.
    results_bytes: int = 4_000_000_000  # Of all together; large prints for seven screens have 50 MB.
    result_bytes: int = 300_000_000
    result_files: int = 64
    result_seconds: float = 30 * 24 * 3600.0
    pictures_at_once: int = 6  # Drawn in turn, animations among them.
    pictures_an_address: int = 3
    drawn_pixels: int = 200_000_000  # By one request: some four minutes.
    requests_an_address: int = 256  # Open at once: pictures of a page, streams, uploads, agents' calls.
    request_seconds: float = 24 * 3600.0  # That one lasts at most, also the streams of a page that stays open.
    events_an_address: int = 24  # Waiting or running.
    queued_events: int = 96  # That wait, of all visitors together.
    sessions: int = 1000  # That Gradio remembers.
    screens: int = 20  # That a photograph is fitted to at once.
    body_bytes: int = 4_000_000  # 64 recipes with explicit latents have 1.5 MB.
    body_values: int = 80_000  # In JSON, which is parsed on the event loop: .3 s.
    body_lists: int = 5_000  # Lists and objects among them, which take ten times as long.
    body_seconds: float = 30.0
    upload_bytes: int = 105_000_000
    upload_seconds: float = 600.0
    query_bytes: int = 1_000  # Of the API's addresses; Gradio remembers some for ever.
    session_characters: int = 100
    free_bytes: int = 500_000_000  # That uploads leave on the disk, or
    free_share: float = 0.05  # of it, if that is less.


LIMITS = Limits()


def new_name() -> str:
    """Return one for a browser to remember; who has it is taken for its visitor, so it cannot be guessed."""
    return secrets.token_hex(16)


def letters(data: bytes) -> str:
    """Write bytes as letters and digits, one of 4.95 bits for each."""
    return "".join(LETTERS[byte % len(LETTERS)] for byte in data)


def display_name(name: str) -> str:
    """Return a scene's name as people read it, without the part that nobody can guess."""
    return re.sub(SECRET, "", name)


def current_address() -> str:
    """Return the address of whoever's event this thread handles; nothing where it handles none."""
    request = LocalContext.request.get(None)
    return address_of(request) if request else ""


def own_proxies() -> int:
    """Return how many proxies stand before the app, from DARKROOM_PROXIES; by default one on a Space, else none."""
    return int(os.environ.get("DARKROOM_PROXIES") or bool(os.environ.get("SPACE_ID")))


def address_of(request: gr.Request | HTTPConnection) -> str:
    """Return the client's address: the connection's, or what the first of our own proxies wrote.

    Each proxy writes behind what it was sent, so X-Forwarded-For is read from the right: anybody can write what is
    further left. What comes from the internet itself comes from no proxy of ours.
    """
    proxies, client = own_proxies(), request.client
    headers = [value for name, value in request.headers.items() if name.lower() == "x-forwarded-for"]
    named = [address.strip() for address in ",".join(headers).split(",")]
    if proxies and len(named) >= proxies and named[-proxies] and (not client or may_be_proxy(client.host, client.port)):
        return named[-proxies]
    return client.host if client else ""


def may_be_proxy(host: str, port: int) -> bool:
    """Tell whether a connection is from a private network, or from an address in FORWARDED_ALLOW_IPS: uvicorn has put
    what such a proxy wrote in its place, without a port."""
    with suppress(ValueError):  # of a name
        return port == 0 or not ipaddress.ip_address(host).is_global
    return True


def disk_is_full(limits: Limits, folder: Path | None = None) -> bool:
    """Return whether more files would fill the disk of a folder, by default that of uploads."""
    disk = shutil.disk_usage(folder or tempfile.gettempdir())
    return disk.free < min(limits.free_bytes, limits.free_share * disk.total)
