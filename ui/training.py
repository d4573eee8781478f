"""The training panel: upload, expectations, training as it happens, Stop and Resume."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
import pandas as pd
from PIL import Image

from ui.api import picture_file
from ui.html import strip
from ui.parts import QUIET, shown
from ui.scene_handlers import SceneHandlers
from ui.share import Call, Share, call, file_name
from ui.training_handlers import MAX_ITERATIONS, SCREEN_SIZE, TrainingHandlers

PRESET_LABELS = {
    "fast": "Fast · 128 px",
    "standard": "Standard · 250 px",
    "screens": f"Screens · {SCREEN_SIZE} px",
    "paper": "As published · 250 px",
}
NO_PICTURE = (
    "Choose a picture to see how long training takes here. Landscapes, textures and crowds of like things work best."
)
PLOT_POINTS = 300  # more make the page slow
LOSS_LABELS = {"critic": "Critic", "generator": "Generator", "reconstruction": "Reconstruction"}


@dataclass(frozen=True)
class TrainingPanel:
    """What the rest of the tab needs of the panel: the name of the scene that a training gave, its Resume button, and
    the events that end a training."""

    trained: gr.Textbox
    resume: gr.Button
    ended: list[Any]


class Live:
    """What the page shows of one training, collected from its records."""

    def __init__(self, begun: list[Image.Image]) -> None:
        self._stages = dict(enumerate(begun))
        self._losses: list[dict[str, Any]] = []

    def strip(self, record: dict[str, Any], sample: Any) -> str:
        """The pyramid so far: a sample of every finished scale, and the current one as it changes."""
        if isinstance(sample, Image.Image):
            self._stages[record["scale"] - 1] = sample
        current = record["scale"] - 1
        return strip([picture for _, picture in sorted(self._stages.items())], current, record["scales"])

    def losses(self, record: dict[str, Any]) -> pd.DataFrame:
        """Losses by how many scales are trained, parts counted; thinned where there are many."""
        trained = record["scale"] - 1 + record["iteration"] / record["iterations"]
        self._losses += [
            {"scales": trained, "loss": value, "of": LOSS_LABELS.get(name, name)}
            for name, value in record["losses"].items()
        ]
        if len(self._losses) > PLOT_POINTS * len(record["losses"]):
            kinds = len(record["losses"])
            self._losses = [row for i, row in enumerate(self._losses) if (i // kinds) % 2 == 0]
        return pd.DataFrame(self._losses)


def build_training_panel(
    handlers: TrainingHandlers, scenes: SceneHandlers, scene: gr.Dropdown, again: gr.Button, origin: gr.Textbox
) -> TrainingPanel:
    """Lays out the panel and wires its events; `again`, like Resume, goes on with the chosen `scene`."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            picture = picture_file(
                label="Your picture", sources=["upload", "clipboard"], height=220, elem_id="picture"
            )  # fmt: skip
            presets = [name for name in PRESET_LABELS if name in (*handlers.presets, "screens")]
            choices = [(PRESET_LABELS[name], name) for name in presets]
            preset = gr.Radio(choices, value="fast", label="Size and care", elem_id="preset")
            with gr.Accordion("Advanced", open=False):
                seed = gr.Number(0, label="Training seed", precision=0, minimum=0, elem_id="train-seed")
                size = gr.Number(
                    None, label="Longer side, px", info="32 to 1024; empty: the preset's", precision=0,
                    elem_id="max-size",
                )  # fmt: skip
                iterations = gr.Number(
                    None, label="Steps a scale", info=f"1 to {MAX_ITERATIONS}; empty: the preset's", precision=0,
                    elem_id="iterations",
                )  # fmt: skip
            expectation = gr.Markdown(NO_PICTURE, elem_id="prediction")
            with gr.Row():
                start = gr.Button("Train", variant="primary", elem_id="train", min_width=90)
                stop = gr.Button("Stop", interactive=False, elem_id="stop", min_width=90)
                resume = gr.Button("Resume", interactive=False, elem_id="resume", min_width=90)
        with gr.Column(scale=3, min_width=320):
            idle = gr.HTML(_explanation(scenes), elem_id="train-idle")
            status = gr.HTML(elem_id="train-status")
            pyramid = gr.HTML(elem_id="strip")
            with gr.Row(visible=False) as live:
                sample = _live_picture("A sample now", "live")
                remembered = _live_picture("The picture as remembered", "remembered")
            plot = gr.LinePlot(
                x="scales", y="loss", color="of", x_title="Scales", y_title="Loss", color_title="Of", height=220,
                visible=False, label="Losses", elem_id="losses", buttons=[],
            )  # fmt: skip
            share = Share("train", origin, linked=False)
    name = gr.Textbox(visible=False)

    controls = [picture, preset, size, iterations]
    gr.on(
        [picture.change, preset.change, size.blur, iterations.blur], shown(_expect(handlers)), controls, expectation,
        trigger_mode="always_last", **QUIET,
    )  # fmt: skip

    view = [status, pyramid, sample, remembered, plot, name]
    train, inputs, outputs = share.wire(
        _page_training(handlers, scenes), _describe(handlers), [picture, preset, seed, size, iterations], view
    )
    frame = [start, stop, resume, idle, live]
    begun = start.click(lambda picture: _begin(bool(picture)), picture, frame, queue=False, **QUIET)
    trained = begun.then(shown(train), inputs, outputs, concurrency_limit=None, **QUIET)  # ui.trainings has the line
    continued = gr.on([resume.click, again.click], lambda: _begin(True), None, frame, queue=False, **QUIET)
    resumed = continued.then(shown(_page_resume(handlers, scenes)), scene, view, concurrency_limit=None, **QUIET)
    ended = []
    for event in (trained, resumed):
        for end in (event.success, event.failure):  # `then` does not follow a generator that failed
            ended.append(end(_end(handlers), name, [start, stop, resume], queue=False, **QUIET))
    stop.click(handlers.stop, None, None, queue=False, **QUIET)
    return TrainingPanel(name, resume, ended)


def _explanation(scenes: SceneHandlers) -> str:
    """What stands where the training will be."""
    names = scenes.store.names("")
    pictures = scenes.stages(names[0]) if names else []
    return (
        "<p>Training builds the picture up from a few dozen pixels, scale by scale. Every scale is shown here as it "
        "learns. Stop whenever you like: finished scales are kept.</p>" + strip(pictures, None, len(pictures))
    )


def _live_picture(label: str, name: str) -> gr.Image:
    return gr.Image(label=label, interactive=False, format="png", height=240, buttons=[], elem_id=name)


def _asked(preset: str, size: int | None) -> tuple[str, int | None]:
    """The page's preset as the endpoint's preset and max_size. An empty number field comes as None or as 0."""
    if preset == "screens":
        return "standard", size or SCREEN_SIZE
    return preset, size or None


def _expect(handlers: TrainingHandlers) -> Any:
    def expect(picture: str | None, preset: str, size: int | None, iterations: int | None) -> Iterator[str]:
        for text in handlers.expect(picture, *_asked(preset, size), iterations or None):
            yield text or NO_PICTURE

    return expect


def _page_training(handlers: TrainingHandlers, scenes: SceneHandlers) -> Any:
    def train(
        picture: str, preset: str, seed: int, size: int | None, iterations: int | None, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        name, max_size = _asked(preset, size)
        yield from _live(scenes, handlers.train_scene(picture, name, seed, max_size, iterations or None, request))

    return train


def _page_resume(handlers: TrainingHandlers, scenes: SceneHandlers) -> Any:
    def resume(scene: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        yield from _live(scenes, handlers.resume(scene, request))

    return resume


def _live(scenes: SceneHandlers, records: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Records of a training as status, strip, the two live pictures, plot, and the scene's name at the end."""
    live: Live | None = None
    for report, sample, remembered, record, name in records:
        if not isinstance(record, dict) or "scale" not in record:
            yield report, gr.skip(), gr.skip(), gr.skip(), gr.skip(), name
            continue
        if live is None:
            live = Live(scenes.stages(record["scene"]) if record["scene"] else [])
        yield (
            report,
            live.strip(record, sample),
            sample,
            remembered,
            gr.LinePlot(live.losses(record), visible=True),
            name,
        )


def _describe(handlers: TrainingHandlers) -> Any:
    def describe(
        picture: str | None, preset: str, seed: int, size: int | None, iterations: int | None
    ) -> tuple[dict[str, Any], list[Call]]:
        name, max_size = _asked(preset, size)
        given = {"preset": name, "seed": seed, "max_size": max_size, "iterations": iterations or None}
        return {"tab": "scenes"}, [call(handlers.train_scene, picture=file_name(picture), **given)]

    return describe


def _begin(picture: bool) -> tuple[Any, ...]:
    return (
        gr.Button(interactive=False), gr.Button(interactive=picture), gr.Button(interactive=False),
        gr.HTML(visible=not picture), gr.Row(visible=picture),
    )  # fmt: skip


def _end(handlers: TrainingHandlers) -> Any:
    def end(scene: str | None) -> tuple[Any, ...]:
        more = bool(scene) and handlers.store.resumable(str(scene))
        return gr.Button(interactive=True), gr.Button(interactive=False), gr.Button(interactive=more)

    return end
