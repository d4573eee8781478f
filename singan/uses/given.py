"""Pictures that a use is given beside the scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from singan.pipeline import ScenePipeline

SAME_SHAPE = 0.02  # of the sides' ratio: what rounding to pixels may make of it


def fitted(name: str, picture: Image.Image, model: ScenePipeline) -> str | None:
    """What to say where a picture was stretched to the scene's shape."""
    width, height = model.original_size
    if abs(picture.width / picture.height * height / width - 1) < SAME_SHAPE:
        return None
    return f"the {name} of {picture.width} × {picture.height} px was stretched to the scene's shape"
