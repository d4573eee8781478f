"""The endpoints for scripts and agents. They have inputs and outputs of their own, which the page does not show: the
page can change without a script noticing, and a script is not limited to what the page offers to choose from."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.uses import NEEDED, AnimationUse, Option, Use, plain_options
from ui.drawing import Drawing, Result
from ui.gradio_patches import json_of, picture_file
from ui.wiring import ANIMATIONS, FACES, PICTURES

OBJECT = {"type": "object", "additionalProperties": True}
SCHEMAS: dict[type, dict[str, Any]] = {dict: OBJECT, list: {"type": "array", "items": OBJECT}}

Arguments = Mapping[str, Option]  # of an endpoint
Asked = Mapping[str, Any]  # their values


def endpoint(
    handler: Callable[..., Iterator[Any]],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    queue: Mapping[str, Any] = FACES,
) -> None:
    """An endpoint called like its handler. Endpoints and their components lie in a group that is not shown."""
    button = gr.Button(visible=False)
    button.click(handler, inputs, outputs, api_name=handler.__name__, show_progress="hidden", **queue)


def use_endpoint(use: type[Use[Any]], kind: str, drawing: Drawing) -> None:
    """The endpoint of a use of a kind of model: the model's name, then the use's options."""
    animated = issubclass(use, AnimationUse)

    def run(asked: Asked) -> Iterator[Any]:
        for result in drawing.draw(use.served(asked), asked[kind]):
            yield animated_outputs(result) if animated else _picture_outputs(result)

    arguments = {kind: Option(f"name of a {kind}, from /models or /train_{kind}", name=kind), **plain_options(use)}
    answer = "the animation as a file" if animated else "the pictures and a ZIP of them"
    about = f"{use.summary().rstrip('.')}; answers with {answer}."
    outputs = animation_outputs() if animated else [status(), pictures(), gr.File(label="archive")]
    handler = documented(run, endpoint_of(use, kind), about, arguments)
    endpoint(handler, inputs_of(arguments), outputs, ANIMATIONS if animated else PICTURES)


def endpoint_of(use: type[Use[Any]], kind: str) -> str:
    """What the endpoint of a use of a kind of model is called."""
    return f"{use.title().replace('-', '_')}_{kind}"


def documented(
    run: Callable[[Asked], Iterator[Any]], name: str, about: str, arguments: Arguments
) -> Callable[..., Iterator[Any]]:
    """A handler of this name, which gives `run` its arguments. Gradio's documentation and agents' tools are made from
    a function's signature and docstring: it has those that the arguments say."""

    def handler(*values: Any) -> Iterator[Any]:
        yield from run(dict(zip(arguments, values, strict=True)))

    kind, needed = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
    lines = [f"    {it.name}: {it.described(served=True)}.\n" for it in arguments.values()]
    handler.__name__ = name
    handler.__doc__ = f"{about}\n\nArgs:\n{''.join(lines)}"
    handler.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(it.name, kind, default=needed if it.default is NEEDED else it.default)
            for it in arguments.values()
        ]
    )
    return handler


def _picture_outputs(result: Result) -> tuple[Any, ...]:
    done = (result.files, result.archive) if result.files else (gr.skip(),) * 2
    return result.report.text, *done


def animated_outputs(result: Result) -> tuple[Any, ...]:
    """The values of `animation_outputs`: the animation as an image or as a video, whichever can play it, and a file."""
    if not result.files:
        return result.report.text, *(gr.skip(),) * 3
    (path,) = result.files
    return result.report.text, *((None, path) if path.endswith(".mp4") else (path, None)), path


# -- components, of which an endpoint has its own ---------------------------------------------------------------------


def inputs_of(arguments: Arguments) -> list[Any]:
    """Those of its arguments."""
    return [_input(it) for it in arguments.values()]


def _input(it: Option) -> Any:
    first: Any = None if it.default is NEEDED else it.default
    if it.kind is Image.Image:
        return picture_file(label=it.name)
    if it.kind is bool:
        return gr.Checkbox(first, label=it.name)
    if it.kind is str:
        return gr.Textbox(first, label=it.name)
    if it.kind in SCHEMAS:
        return json_of(it.name, SCHEMAS[it.kind])
    return number(it.name, first, 0 if it.kind is int else None)


def number(label: str, value: float | None, precision: int | None = None) -> gr.Number:
    return gr.Number(value, label=label, precision=precision)


def status() -> gr.Textbox:
    return gr.Textbox(label="status")


def pictures() -> gr.Gallery:
    return gr.Gallery(label="pictures", format="png")


def animation_outputs() -> list[Any]:
    image = gr.Image(label="image", type="filepath")
    return [status(), image, gr.Video(label="video"), gr.File(label="file")]
