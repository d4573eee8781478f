"""The endpoints for scripts and agents. They have inputs and outputs of their own, which the page does not show: the
page can change without a script noticing, and a script is not limited to what the page offers to choose from."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.utils import get_function_description
from PIL import Image

from darkroom.checks import echo
from darkroom.uses import NEEDED, AnimationUse, Option, Use, combinations, plain_options
from ui.drawing import Drawing, Result
from ui.gradio_patches import describe, json_of, picture_file
from ui.wiring import ANIMATIONS, FACES, PICTURES

OBJECT = {"type": "object", "additionalProperties": True}
SCHEMAS: dict[type, dict[str, Any]] = {dict: OBJECT, list: {"type": "array", "items": OBJECT}}
WHOLE = {"type": "integer"}
ONE_OR_SEVERAL = {"anyOf": [WHOLE, {"type": "array", "items": WHOLE}]}
MAX_SEVERAL = 3  # values of an option that takes several: as many calls in one
PICTURES_ANSWER = "answers with the pictures and a ZIP of them."
NAMED = {dict: "an object", list: "a list", str: "a text", Image.Image: "a picture"}  # what an argument is, in words
EXAMPLES: dict[str, Any] = {
    "scene": "peaks",
    "face": {"seed": 7, "moves": {"smiling": 1.5}},
    "faces": [{"seed": 1}, {"seed": 2}],
    **{name: {"seed": seed} for seed, name in enumerate("abc", 1)},
}

Arguments = Mapping[str, Option]  # of an endpoint
Asked = Mapping[str, Any]  # their values


def endpoint(
    handler: Callable[..., Iterator[Any]],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    queue: Mapping[str, Any] = FACES,
) -> None:
    """An endpoint called like its handler. Endpoints and their components lie in a group that is not shown."""
    _, said, _ = get_function_description(handler)
    for component in inputs:
        describe(component, said.get(component.label, ""), _example(component))
    button = gr.Button(visible=False)
    button.click(handler, inputs, outputs, api_name=handler.__name__, show_progress="hidden", **queue)


def use_endpoint(use: type[Use[Any]], kind: str, drawing: Drawing) -> None:
    """The endpoint of a use of a kind of model: the model's name, then the use's options."""
    known = plain_options(use) if issubclass(use, AnimationUse) else _with_several(plain_options(use))
    arguments = {kind: model_option(kind), **known}

    def animate(asked: Asked) -> Iterator[Any]:
        for result in drawing.draw(use.served(asked), asked[kind]):
            yield animated_outputs(result)

    def draw(asked: Asked) -> Iterator[Any]:
        for result in drawing.draw_all(_each_use(use, asked), drawing.models.get(asked[kind]), asked[kind]):
            yield picture_outputs(result)

    summary, name = use.summary().rstrip("."), endpoint_of(use, kind)
    if issubclass(use, AnimationUse):
        handler = documented(animate, name, f"{summary}; answers with the animation as a file.", arguments)
        endpoint(handler, inputs_of(arguments), animation_outputs(), ANIMATIONS)
    else:
        handler = documented(draw, name, f"{summary}; {PICTURES_ANSWER}", arguments)
        endpoint(handler, inputs_of(arguments), picture_components(), PICTURES)


def _with_several(known: Mapping[str, Option]) -> dict[str, Option]:
    """Options of pictures, where several values of one are a list."""
    more = f"; a list draws count for each of up to {MAX_SEVERAL}"
    return {name: replace(it, help=it.help + more, kind=list) if it.several else it for name, it in known.items()}


def _each_use(use: type[Use[Any]], asked: Asked) -> list[Any]:
    """The uses that are asked for: one for each combination of what was given several times. Raises ValueError."""
    several = {name: it for name, it in plain_options(use).items() if it.several and isinstance(asked[name], list)}
    for name, it in several.items():
        if not 0 < len(asked[name]) <= MAX_SEVERAL:
            raise ValueError(f"{name} is {echo(asked[name])}; 1 to {MAX_SEVERAL} values are allowed")
        for value in asked[name]:
            it.checked(value, served=True)
    return [use.served(values) for values in combinations(asked, several)]


def model_option(kind: str) -> Option:
    """The name of a model of this kind."""
    return Option(f"name of a {kind}, from /models, /train_{kind} or /add_{kind}", name=kind)


def endpoint_of(use: type[Use[Any]], kind: str) -> str:
    """What the endpoint of a use of a kind of model is called."""
    return f"{use.title().replace('-', '_')}_{kind}"


def documented(
    run: Callable[[Asked], Iterator[Any]], name: str, about: str, arguments: Arguments
) -> Callable[..., Iterator[Any]]:
    """A handler of this name, which gives `run` its arguments. Gradio's documentation and agents' tools are made from
    a function's signature and docstring: it has those that the arguments say."""

    def handler(*values: Any) -> Iterator[Any]:
        asked = dict(zip(arguments, values, strict=True))
        for it in arguments.values():
            _check_kind(it, asked[it.name])
        yield from run(asked)

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


def _check_kind(it: Option, value: Any) -> None:
    """Raises ValueError where an argument is missing, or is JSON of another kind."""
    if value is None and it.default is NEEDED and it.kind in NAMED:
        raise ValueError(f"{it.name} is empty; {NAMED[it.kind]} is needed")
    if it.kind in SCHEMAS and it.default is NEEDED and not isinstance(value, it.kind):
        raise ValueError(f"{it.name} is {echo(value)} ({type(value).__name__}); {NAMED[it.kind]} is needed")


# Every answer of a stream has all values: None where there is none yet.


def picture_outputs(result: Result) -> tuple[Any, ...]:
    """The values of `picture_components`."""
    return result.report.text, result.files or None, result.archive


def animated_outputs(result: Result) -> tuple[Any, ...]:
    """The values of `animation_outputs`: the animation as an image or as a video, whichever can play it, and a file."""
    if not result.files:
        return result.report.text, None, None, None
    (path,) = result.files
    return result.report.text, *((None, path) if path.endswith(".mp4") else (path, None)), path


def _example(component: Any) -> Any:
    """A value for documentation: its default, where it has one."""
    if component.value is not None:
        return component.value
    name = component.label
    if isinstance(component, gr.Image | gr.File):
        file = f"{name}.zip" if isinstance(component, gr.File) else f"{name}.png"
        return {"path": file, "meta": {"_type": "gradio.FileData"}}
    return EXAMPLES.get(name)


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
    if it.several and it.kind is list:
        return json_of(it.name, ONE_OR_SEVERAL, first)
    if it.kind in SCHEMAS:
        return json_of(it.name, SCHEMAS[it.kind])
    return number(it.name, first, 0 if it.kind is int else None)


def number(label: str, value: float | None, precision: int | None = None) -> gr.Number:
    return gr.Number(value, label=label, precision=precision)


def status() -> gr.Textbox:
    return gr.Textbox(label="status")


def pictures() -> gr.Gallery:
    return gr.Gallery(label="pictures", format="png")


def picture_components() -> list[Any]:
    return [status(), pictures(), gr.File(label="archive")]


def animation_outputs() -> list[Any]:
    image = gr.Image(label="image", type="filepath")
    return [status(), image, gr.Video(label="video"), gr.File(label="file")]
