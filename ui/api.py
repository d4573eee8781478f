"""The endpoints for scripts. They have inputs and outputs of their own, which the page does not show: the page can
change without a script noticing, and a script is not limited to what the page offers to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import gradio as gr

from ui.face_handlers import FaceHandlers
from ui.parts import ANIMATIONS, ANSWERS, PICTURES, told
from ui.scene_handlers import SceneHandlers
from ui.training_handlers import TrainingHandlers

RECIPE = {"type": "object", "additionalProperties": True}


def picture_file(**options: Any) -> gr.Image:
    """An upload as a path to the file as it came: singan.image and dcgan.data check it before decoding."""
    image = gr.Image(type="filepath", image_mode=None, **options)
    image.preprocess = lambda payload: payload.path if payload else None  # type: ignore[method-assign]
    return image


def build_endpoints(faces: FaceHandlers, training: TrainingHandlers, scenes: SceneHandlers) -> None:
    """Wires every handler that has an endpoint, inside the current Blocks."""
    with gr.Group(visible=False):
        _face_endpoints(faces)
        _training_endpoint(training)
        _scene_endpoints(scenes)


def _endpoint(
    handler: Callable[..., Iterator[Any]],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    queue: Mapping[str, Any] = MappingProxyType({"concurrency_limit": ANSWERS}),
) -> None:
    gr.Button(visible=False).click(
        told(handler), inputs, outputs, api_name=handler.__name__, show_progress="hidden", **queue
    )  # fmt: skip


def _json(label: str, schema: dict[str, Any]) -> gr.JSON:
    """Gradio's own schema of JSON says nothing, in a way that agents' clients refuse."""
    component = gr.JSON(label=label)
    component.api_info = lambda: schema  # type: ignore[method-assign]
    return component


def _whole(label: str, value: int | None) -> gr.Number:
    return gr.Number(value, label=label, precision=0)


def _status() -> gr.Textbox:
    return gr.Textbox(label="status")


def _pictures() -> gr.Gallery:
    return gr.Gallery(label="pictures", format="png")


def _model() -> gr.Textbox:
    return gr.Textbox(None, label="model")


def _face_endpoints(faces: FaceHandlers) -> None:
    _endpoint(
        faces.sample_faces,
        [_whole("seed", 0), _whole("count", 16), gr.Number(1.0, label="truncation"), _model()],
        [_status(), _pictures(), gr.JSON(label="recipes"), gr.File(label="archive")],
    )
    _endpoint(
        faces.edit_face,
        [_json("face", RECIPE), _model()],
        [gr.Image(label="picture", type="filepath", format="png"), gr.JSON(label="recipe")],
    )
    _endpoint(
        faces.morph_faces,
        [
            _json("faces", {"type": "array", "items": RECIPE}), _whole("frames", 60),
            gr.Checkbox(True, label="loop"), gr.Number(20, label="fps"), gr.Textbox("mp4", label="format"), _model(),
        ],
        _animation(),
        ANIMATIONS,
    )  # fmt: skip


def _animation() -> list[Any]:
    return [_status(), gr.Image(label="image", type="filepath"), gr.Video(label="video"), gr.File(label="file")]


def _training_endpoint(training: TrainingHandlers) -> None:
    _endpoint(
        training.train_scene,
        [
            picture_file(label="picture"), gr.Textbox("fast", label="preset"), _whole("seed", 0),
            _whole("max_size", None), _whole("iterations", None),
        ],
        [
            _status(), gr.Image(label="sample", format="png"), gr.Image(label="reconstruction", format="png"),
            gr.JSON(label="record"), gr.Textbox(label="scene"),
        ],
        {"concurrency_limit": None},  # ui.trainings has the line
    )  # fmt: skip


def _scene_endpoints(scenes: SceneHandlers) -> None:
    scene = lambda: gr.Textbox(label="scene")  # noqa: E731
    drawn = lambda: [_status(), _pictures(), gr.File(label="archive")]  # noqa: E731
    _endpoint(
        scenes.sample_scene,
        [scene(), _whole("count", 8), _whole("start_scale", 0), _whole("seed", 0)],
        drawn(),
        PICTURES,
    )
    _endpoint(
        scenes.retarget_scene,
        [
            scene(), _whole("width", 325), _whole("height", 175), gr.Textbox("keep", label="mode"),
            _whole("start_scale", None), _whole("count", 1), _whole("seed", 0),
        ],
        drawn(),
        PICTURES,
    )  # fmt: skip
    _endpoint(
        scenes.animate_scene,
        [
            scene(), _whole("start_scale", 1), gr.Number(0.1, label="alpha"), gr.Number(0.9, label="beta"),
            _whole("frames", 60), gr.Number(10, label="fps"), gr.Checkbox(True, label="loop"),
            gr.Textbox("gif", label="format"), _whole("seed", 0),
        ],
        _animation(),
        ANIMATIONS,
    )  # fmt: skip
