"""Make components for options, and for what both tabs show."""

from collections.abc import Mapping
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.animations import is_video
from darkroom.uses import Option, Use, plain_options
from ui.gradio_patches import picture_file
from ui.results import ResultFile
from ui.wiring import QUIET, Updates, Values

FINE_SLIDER_STEP = 0.01  # of a slider from 0 to 1
MAX_SLIDER_STEPS = 1000


class Controls(dict[str, Any]):
    """Hold components of a use's options, by the names of `plain_options`; name: what their elem_ids begin with."""

    def __init__(self, use: type[Use[Any]], name: str) -> None:
        super().__init__()
        self.use, self.name = use, name

    def lay_out(self, *names: str) -> None:
        for name in names:
            self[name] = control(plain_options(self.use)[name], f"{self.name}-{name}")

    def plain(self, values: Values) -> dict[str, Any]:
        """Return the values of `plain_options` that they have; Gradio gives an empty number field as 0, too."""
        known, given = plain_options(self.use), {name: values[component] for name, component in self.items()}
        return {name: value or None if known[name].optional else value for name, value in given.items()}

    def use_of(self, values: Values, **others: Any) -> Any:
        """Return the use that they say; others: fields that are no options. Raises ValueError."""
        return self.use.served(self.plain(values), **others)

    def showing(self, plain: Mapping[str, Any]) -> Updates:
        return {self[name]: value for name, value in plain.items()}


def control(it: Option, name: str) -> Any:
    label = it.label or it.name.replace("_", " ").capitalize()
    label = f"{label}, {it.unit}" if it.unit else label
    if it.name == "seed":
        with gr.Row(equal_height=False, elem_classes="seed"):
            seed = gr.Number(it.first, label=label, precision=0, minimum=0, elem_id=name, scale=3)
            dice = gr.Button("New seed", elem_id=name.replace("-seed", "-dice"), scale=1, min_width=120, size="sm")
        dice.click(None, None, seed, js="() => Math.floor(Math.random() * 1e6)", api_visibility="private")
        return seed
    if it.kind is Image.Image:
        return picture_file(label=label, sources=["upload", "clipboard"], height=220, elem_id=name)
    if it.kind is bool:
        return gr.Checkbox(it.first, label=label, elem_id=name)
    if it.kind is str:
        return gr.Radio(list(it.choices), value=it.first, label=label, elem_id=name)
    assert it.low is not None and it.most is not None
    if it.optional or it.most > MAX_SLIDER_STEPS:
        least, precision = 0 if it.optional else it.low, 0 if it.kind is int else None
        return gr.Number(it.first, label=label, precision=precision, minimum=least, elem_id=name)
    step = 1 if it.kind is int or it.most > 1 else FINE_SLIDER_STEP
    return gr.Slider(it.low, it.most, it.first, step=step, label=label, elem_id=name)


def put_in_words(number: Any, words: gr.Radio) -> None:
    """Let words for some values of a number set it, and follow it; in the browser, as one may press the button next."""
    known = [value for _, value in words.choices]
    follow = f"(value) => {known}.includes(value) ? value : null"
    words.input(None, words, number, js="(value) => value", **QUIET)
    number.change(None, number, words, js=follow, trigger_mode="always_last", **QUIET)


def gallery(name: str, label: str = "Results", visible: bool = True) -> gr.Gallery:
    """Return a gallery; the picture that is looked at takes the place of all, and comes into sight."""
    shown = gr.Gallery(
        label=label, format="png", object_fit="contain", height="auto", type="filepath", visible=visible,
        interactive=False, elem_id=f"{name}-gallery", elem_classes="tiles", buttons=["download", "fullscreen"],
    )  # fmt: skip
    shown.select(None, None, None, js=f"() => darkroom.toPreview('{name}')", api_visibility="private")
    return shown


class Player:
    """Show an animation as an image or as a video, whichever can play it, with its file."""

    def __init__(self, name: str, label: str, image_height: int, **video: Any) -> None:
        self.image = gr.Image(
            label=label, interactive=False, height=image_height, elem_id=f"{name}-image", buttons=[], visible=False
        )
        self.video = gr.Video(label=label, loop=True, autoplay=True, elem_id=f"{name}-video", **video)
        self.file = gr.DownloadButton("Download", interactive=False, size="sm", elem_id=f"{name}-file")
        self.components = [self.image, self.video, self.file]

    def shared(self, values: Values) -> list[ResultFile]:
        """Return the animation that is shown, if any, by `self.file`."""
        return [ResultFile(values[self.file], values[self.file])] if values[self.file] else []

    def shows(self, path: str | None, archive: str | None) -> Updates:
        """Show an animation, or none, with the file to download."""
        film = is_video(path)
        return {
            self.image: gr.Image(None if film else path, visible=bool(path) and not film),
            self.video: gr.Video(path if film else None, visible=film),
            self.file: gr.DownloadButton(value=archive, interactive=True),
        }
