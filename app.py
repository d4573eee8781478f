"""Starts the app: reads the environment, builds the page, launches it."""

import os
from pathlib import Path

from PIL import Image

from singan.image import MAX_SOURCE_PIXELS
from singan.pipeline import pick_device
from ui.page import CSS, THEME, build_page

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
    device = pick_device(os.environ.get("DARKROOM_DEVICE") or "auto")
    faces, scenes = named("DARKROOM_FACES") or [str(CHECKPOINTS / "faces")], named("DARKROOM_SCENES")
    build_page(faces, scenes or shipped_scenes(), device).launch(theme=THEME, css=CSS)


if __name__ == "__main__":
    main()
