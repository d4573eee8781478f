"""Start the app: read the environment, build the page, launch it, and end it in order."""

import importlib.util
import logging
import os
import signal
import sys
import threading
from operator import methodcaller
from pathlib import Path

from darkroom.device import bound_arenas, pick_device
from darkroom.files import scratch_folder, why
from darkroom.models import Models
from darkroom.shipped import CHECKPOINTS
from dcgan import FacePipeline
from singan import ScenePipeline
from singan.patches import compiled

SPACE_DISK = Path("/data")  # where a Space has one that outlives restarts
COMPILE_AFTER_SECONDS = 4.0  # a page that is opened at once has its faces first


def shipped_scenes() -> list[str]:
    """Return every scene folder under checkpoints/."""
    return sorted(str(path.parent) for path in CHECKPOINTS.glob("*/model.safetensors") if path.parent.name != "faces")


def named(variable: str) -> list[str]:
    """Return the folders and repositories in an environment variable, separated by commas."""
    return [model.strip() for model in os.environ.get(variable, "").split(",") if model.strip()]


def kept_scenes() -> Path | None:
    """Return the folder where visitors' scenes outlive a restart, for as long as they would have lived; None where
    this user has no home: they end with the process then."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return None if cache.startswith("~") else Path(cache) / "darkroom" / "scenes"


def shared_results() -> Path | None:
    """Return the folder where what visitors share outlives a restart, by default on a Space's disk, if any."""
    if folder := os.environ.get("DARKROOM_RESULTS"):
        return Path(folder)
    return SPACE_DISK / "darkroom" if os.access(SPACE_DISK, os.W_OK) else None


def main() -> None:
    """Serve the page until SIGTERM or Ctrl-C."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    bound_arenas()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger("mcp").setLevel(logging.ERROR)  # it warns of tools that are none, in their own words
    logging.getLogger("darkroom").setLevel(logging.INFO)
    logging.getLogger().handlers[0].addFilter(one_line)
    try:
        with scratch_folder():
            serve(ended)
    except OSError as error:  # no folder for temporary files, or no port
        sys.exit(f"app: {why(error)}")


def one_line(record: logging.LogRecord) -> bool:
    """Leave a message's first line: libraries quote below it what visitors sent."""
    record.msg, record.args = record.getMessage().partition("\n")[0], ()
    return True


def serve(ended: threading.Event) -> None:
    """Build the page and launch it; GRADIO_SERVER_NAME, GRADIO_SERVER_PORT and GRADIO_SHARE are Gradio's own.

    Gradio decides where its files go when it is imported, so that happens here.
    """
    import ui.gradio_patches  # noqa: F401  before anything else of Gradio
    from ui.training import zero  # isort: skip
    from ui.page import build_page
    from ui.theme import LOOK

    # On ZeroGPU this process never has the GPU: it draws on the CPU, and training borrows one.
    device = pick_device("cpu" if zero.ON_ZERO_GPU else os.environ.get("DARKROOM_DEVICE") or "auto")
    to_device = methodcaller("to", device)
    try:
        faces = Models(named("DARKROOM_FACES"), [CHECKPOINTS / "faces"], FacePipeline.from_pretrained, to_device)
        scenes = Models(named("DARKROOM_SCENES"), shipped_scenes(), ScenePipeline.from_pretrained, to_device)
    except ValueError as error:
        sys.exit(f"DARKROOM_FACES or DARKROOM_SCENES: {error}")
    agents = importlib.util.find_spec("mcp") is not None  # gradio's extra of that name
    if agents:
        from ui.agents import install

        install()
    page = build_page(faces, scenes, device, kept_scenes(), results_folder=shared_results())
    page.launch(**LOOK, mcp_server=agents, prevent_thread_lock=True)
    compiler = threading.Timer(COMPILE_AFTER_SECONDS, compiled)
    compiler.daemon = True
    compiler.start()
    ended.wait()
    page.shut_down()


if __name__ == "__main__":
    main()
