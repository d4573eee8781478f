"""Starts the app: reads the environment, builds the page, launches it."""

import importlib.util
import os
import sys
from pathlib import Path

from PIL import Image

from darkroom.device import pick_device
from dcgan import FacePipeline
from singan import ScenePipeline
from singan.image import MAX_SOURCE_PIXELS
from ui import quick_gradio, zero  # noqa: F401
from ui.models import Models
from ui.page import build_page
from ui.theme import CSS, NAME_PICTURES, THEME

CHECKPOINTS = Path(__file__).parent / "checkpoints"


def shipped_scenes() -> list[str]:
    """Every scene folder under checkpoints/."""
    return sorted(str(path.parent) for path in CHECKPOINTS.glob("*/model.safetensors") if path.parent.name != "faces")


def named(variable: str) -> list[str]:
    """The folders and repositories in an environment variable, separated by commas."""
    return [model.strip() for model in os.environ.get(variable, "").split(",") if model.strip()]


def main() -> None:
    """Serves the page; GRADIO_SERVER_NAME, GRADIO_SERVER_PORT and GRADIO_SHARE are Gradio's own."""
    Image.MAX_IMAGE_PIXELS = MAX_SOURCE_PIXELS  # for what Gradio itself opens
    # On ZeroGPU this process never has the GPU: it draws on the CPU, and training borrows one.
    device = pick_device("cpu" if zero.ON_ZERO_GPU else os.environ.get("DARKROOM_DEVICE") or "auto")
    try:
        faces = Models(
            named("DARKROOM_FACES"), [CHECKPOINTS / "faces"], FacePipeline.from_pretrained, lambda it: it.to(device)
        )
        scenes = Models(
            named("DARKROOM_SCENES"), shipped_scenes(), ScenePipeline.from_pretrained, lambda it: it.to(device)
        )
    except ValueError as error:
        sys.exit(f"DARKROOM_FACES or DARKROOM_SCENES: {error}")
    agents = importlib.util.find_spec("mcp") is not None  # gradio's extra of that name
    build_page(faces, scenes, device).launch(theme=THEME, css=CSS, js=NAME_PICTURES, mcp_server=agents)


if __name__ == "__main__":
    main()
