"""Add endpoints for scripts and agents. Their inputs and outputs are their own, which the page does not show: the page
can change without a script noticing, and a script is not limited to what the page offers to choose from."""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData, ImageData
from PIL import Image

from darkroom.animations import is_video
from darkroom.checks import echo
from darkroom.uses import NEEDED, Option
from ui.drawing import Result
from ui.wiring import FACES

OBJECT = {"type": "object", "additionalProperties": True}
SCHEMAS: dict[type, dict[str, Any]] = {
    dict: OBJECT, list: {"type": "array", "items": OBJECT}, str: {"type": "string"}, bool: {"type": "boolean"},
    int: {"type": "integer"}, float: {"type": "number"},
    Image.Image: ImageData.model_json_schema(), Path: FileData.model_json_schema(),
}  # fmt: skip
ONE_OR_SEVERAL = {"anyOf": [SCHEMAS[int], {"type": "array", "items": SCHEMAS[int]}]}
KIND_NAMES: dict[type, str] = {
    dict: "an object", list: "a list", str: "a text", Image.Image: "a picture", Path: "a ZIP of a scene",
}  # fmt: skip
FILE_SUFFIXES = {Image.Image: "png", Path: "zip"}  # arguments that are files, with the suffix of an example
BY_AGENTS = (
    " Agents give a data: address (data:image/png;base64,...) of at most 3 MB, the path that POST /gradio_api/upload "
    "(form field files) has answered, or the address of a file that a tool has answered."
)
EXAMPLES: dict[str, Any] = {
    "scene": "peaks",
    "face": {"seed": 7, "moves": {"smiling": 1.5}},
    "faces": [{"seed": 1}, {"seed": 2}],
    **{name: {"seed": seed} for seed, name in enumerate("abc", 1)},
}

Arguments = Mapping[str, Option]  # of an endpoint
Asked = Mapping[str, Any]  # their values


class Argument(gr.JSON):
    """Take an endpoint's argument as it was sent: its option says what is wrong with it, by its name.

    about: for Gradio's page on endpoints, whose own examples are fetched from elsewhere.
    """

    is_template = True
    option: Option
    about: str

    @classmethod
    def of(cls, option: Option, about: str) -> "Argument":
        """Return a component for an option. Gradio shows what `__init__` takes, so that takes no more."""
        default = None if option.default in (NEEDED, None) else json.dumps(option.default)
        argument = cls(default, label=option.name)
        argument.option, argument.about = option, about[:1].upper() + about[1:]
        return argument

    def api_info(self) -> dict[str, Any]:
        schema = ONE_OR_SEVERAL if self.option.several and self.option.kind is list else SCHEMAS[self.option.kind]
        return {**schema, "additional_description": self.about}

    def example_payload(self) -> Any:
        it = self.option
        if it.kind in FILE_SUFFIXES:
            return {"path": f"{it.name}.{FILE_SUFFIXES[it.kind]}", "meta": {"_type": "gradio.FileData"}}
        return EXAMPLES.get(it.name) if self.value is None else self.value

    def preprocess(self, payload: Any) -> Any:
        """Return the value, a file as its path. Raises gr.Error where it is missing, or JSON of another kind."""
        it = self.option
        if payload is None:
            if it.default is NEEDED and it.kind in KIND_NAMES:
                raise _refusal(f"{it.name} is empty; {KIND_NAMES[it.kind]} is needed")
            return None
        given = f"{it.name} is {echo(payload)} ({type(payload).__name__})"
        if it.kind in FILE_SUFFIXES:
            if not isinstance(payload, dict) or not isinstance(payload.get("path"), str):
                raise _refusal(f"{given}; an uploaded file is needed")
            return payload["path"]
        plain = it.kind in KIND_NAMES and not it.choices and not it.several
        if plain and not isinstance(payload, it.kind):
            raise _refusal(f"{given}; {KIND_NAMES[it.kind]} is needed")
        return payload


def _refusal(sentence: str) -> gr.Error:
    return gr.Error(sentence, print_exception=False)


def endpoint(
    handler: Callable[..., Any], arguments: Arguments, outputs: Sequence[Any], queue: Mapping[str, Any] = FACES
) -> None:
    """Add an endpoint called like its handler, which its docstring describes, and their options its arguments: Gradio's
    documentation and agents' tools are made from both."""
    about, inputs, lines = " ".join(str(handler.__doc__).split()), [], []
    for name, it in arguments.items():
        said = f"{it.described(served=True)}."
        inputs.append(Argument.of(it, said))
        lines.append(f"{name}: {said}{BY_AGENTS if it.kind in FILE_SUFFIXES else ''}")
    handler.__doc__ = "\n".join([about, "", "Args:", *lines])
    gr.Button(visible=False).click(
        handler, inputs, outputs, api_name=handler.__name__, api_description=about, show_progress="hidden", **queue
    )


def handler_of(
    run: Callable[[Asked], Iterator[Any]], arguments: Arguments, name: str = "", about: str = ""
) -> Callable[..., Iterator[Any]]:
    """Return a handler that gives `run` its arguments in one dictionary, by default called and described like it."""

    def handler(*values: Any) -> Iterator[Any]:
        yield from run(dict(zip(arguments, values, strict=True)))

    handler.__name__, handler.__doc__ = name or run.__name__, about or run.__doc__
    handler.__signature__ = inspect.Signature([  # type: ignore[attr-defined]
        inspect.Parameter(
            it.name, inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=inspect.Parameter.empty if it.default is NEEDED else it.default,
        )
        for it in arguments.values()
    ])  # fmt: skip
    return handler


def animated_outputs(result: Result) -> tuple[Any, ...]:
    """Return the values of `animation_outputs`: the animation as an image or a video, whichever can play it."""
    path = result.files[0] if result.files else None
    image, video = (None, path) if is_video(path) else (path, None)
    return result.report.text, image, video, path


def picture_components() -> list[Any]:
    return [gr.Textbox(label="status"), gr.Gallery(label="pictures", format="png"), gr.File(label="archive")]


def animation_outputs() -> list[Any]:
    image = gr.Image(label="image", type="filepath")
    return [gr.Textbox(label="status"), image, gr.Video(label="video"), gr.File(label="file")]
