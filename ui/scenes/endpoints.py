"""The endpoints of scenes."""

from __future__ import annotations

import gradio as gr

from singan.uses import USES
from ui.drawing import Drawing
from ui.endpoints import endpoint, number, status, use_endpoint
from ui.gradio_patches import picture_file
from ui.scenes.trainings import Trainings


def build_scene_endpoints(trainings: Trainings, drawing: Drawing) -> None:
    """Wires them, inside the current Blocks: one for training, one for each use."""
    asked = [
        picture_file(label="picture"), gr.Textbox("fast", label="preset"), number("seed", 0, 0),
        number("max_size", None, 0), number("iterations", None, 0),
    ]  # fmt: skip
    answered = [
        status(), gr.Image(label="sample", format="png"), gr.Image(label="reconstruction", format="png"),
        gr.JSON(label="record"), gr.Textbox(label="scene"),
    ]  # fmt: skip
    endpoint(trainings.train_scene, asked, answered, {"concurrency_limit": None})  # ui.scenes.line has the queue
    for use in USES:
        use_endpoint(use, "scene", drawing)
