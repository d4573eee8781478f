"""The training panel: upload, expectations, training as it happens, Stop and Resume."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
import pandas as pd
from PIL import Image

from singan import TrainConfig
from singan.train import Progress
from ui.device import Turn
from ui.drawing import Drawing
from ui.gradio_patches import picture_file
from ui.html import strip
from ui.scenes.session import TrainingSession
from ui.scenes.trainings import MAX_ITERATIONS, Trainings
from ui.share import Call, Share, file_name
from ui.visitors import Visitor
from ui.wiring import PICTURES, QUIET, Updates, Values

PRESET_LABELS = {
    "layout": "Layout · for prints",
    "fast": "Fast · 128 px",
    "standard": "Standard · 250 px",
    "paper": "As published · 250 px",
}
NO_PICTURE = (
    "Choose a picture to see how long training takes here. Landscapes, textures and crowds of like things work best."
)
EXPLANATION = (
    "<p>Training builds the picture up from a few dozen pixels, scale by scale. Every scale is shown here as it "
    "learns. Stop whenever you like: finished scales are kept.</p>"
)
PLOT_POINTS = 300  # more make the page slow
LOSS_LABELS = {"critic": "Critic", "generator": "Generator", "reconstruction": "Reconstruction"}


class TrainingPanel:
    """scene: the name of the scene that a training gave; resume: its button; ended: the events that end a training.

    chosen: the component that names the scene to go on with, for Resume and the button `again` elsewhere.
    """

    def __init__(
        self, trainings: Trainings, drawing: Drawing, chosen: gr.Dropdown, again: gr.Button, origin: gr.Textbox
    ) -> None:
        self.trainings, self.drawing, self.chosen = trainings, drawing, chosen
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=320):
                self._lay_out_controls()
            with gr.Column(scale=3, min_width=320):
                self._lay_out_view()
                self.share = Share("train", origin, linked=False)
        self.scene = gr.Textbox(visible=False)
        asked = [self.picture, self.preset, self.seed, self.size, self.iterations]
        self.share.write_code(self._calls, asked)
        gr.on(
            [self.picture.change, self.preset.change, self.size.blur, self.iterations.blur], self._expect, set(asked),
            [self.expectation], trigger_mode="always_last", **QUIET,
        )  # fmt: skip
        self.ended: list[Any] = []
        self._wire(
            [self.start.click], lambda picture: self._begin(bool(picture)), self._train, {*asked, *self.share.inputs}
        )
        self.start.click(self._print, {self.picture}, [self.meanwhile], **PICTURES, **QUIET)
        self._wire([self.resume.click, again.click], lambda _: self._begin(True), self._resume, {chosen})
        self.stop.click(self._stop, None, None, queue=False, **QUIET)

    def _lay_out_controls(self) -> None:
        self.picture = picture_file(
            label="Your picture", sources=["upload", "clipboard"], height=220, elem_id="picture"
        )  # fmt: skip
        presets = [name for name in PRESET_LABELS if name in self.trainings.presets]
        choices = [(PRESET_LABELS[name], name) for name in presets]
        self.preset = gr.Radio(choices, value="layout", label="What is trained", elem_id="preset")
        with gr.Accordion("Advanced", open=False):
            self.seed = gr.Number(0, label="Training seed", precision=0, minimum=0, elem_id="train-seed")
            self.size = gr.Number(
                None, label="Longer side, px", info="32 to 1024; empty: the preset's", precision=0, elem_id="max-size"
            )
            self.iterations = gr.Number(
                None, label="Steps a fine scale", info=f"1 to {MAX_ITERATIONS}; empty: the preset's", precision=0,
                elem_id="iterations",
            )  # fmt: skip
        self.expectation = gr.Markdown(NO_PICTURE, elem_id="prediction")
        with gr.Row():
            self.start = gr.Button("Train", variant="primary", elem_id="train", min_width=90)
            self.stop = gr.Button("Stop", interactive=False, elem_id="stop", min_width=90)
            self.resume = gr.Button("Resume", interactive=False, elem_id="resume", min_width=90)

    def _lay_out_view(self) -> None:
        names = self.trainings.store.names("")
        pictures = self.stages(names[0]) if names else []
        self.idle = gr.HTML(EXPLANATION + strip(pictures, None, len(pictures)), elem_id="train-idle")
        self.status = gr.HTML(elem_id="train-status")
        self.pyramid = gr.HTML(elem_id="strip")
        with gr.Row(visible=False) as self.live:
            self.sample = _live_picture("A sample now", "live")
            self.remembered = _live_picture("The picture as remembered", "remembered")
        self.meanwhile = gr.Image(
            label="Meanwhile, a print by the photograph's patches alone", interactive=False, format="jpeg",
            visible=False, elem_id="meanwhile", buttons=["fullscreen", "download"],
        )  # fmt: skip
        # Gradio makes the plot as high as its block: under a label the names of the curves would be cut off.
        self.plot = gr.LinePlot(
            x="scales", y="loss", color="of", x_title="Scales", y_title="Loss", color_title="", height=240,
            visible=False, label="Losses", show_label=False, elem_id="losses", buttons=[],
        )  # fmt: skip

    def stages(self, scene: str) -> list[Image.Image]:
        """A sample at every finished scale of a scene."""
        return self.drawing.device.run(Turn.PICTURE, self.trainings.store.get(scene).stages)

    # -- training ----------------------------------------------------------------------------------------------------

    def _wire(self, triggers: list[Any], begin: Any, train: Any, inputs: set[Any]) -> None:
        """Trains after an event: the buttons show at once that it begins, and at last that it is over."""
        buttons = [self.start, self.stop, self.resume]
        begun = gr.on(triggers, begin, self.picture, [*buttons, self.idle, self.live], queue=False, **QUIET)
        view = [self.status, self.pyramid, self.sample, self.remembered, self.plot, self.scene, *self.share.outputs]
        trained = begun.then(train, inputs, view, concurrency_limit=None, **QUIET)  # Line has the queue
        for end in (trained.success, trained.failure):  # `then` does not follow a generator that failed
            self.ended.append(end(self._end, self.scene, buttons, queue=False, **QUIET))

    def _begin(self, begins: bool) -> Updates:
        view = {self.idle: gr.HTML(visible=not begins), self.live: gr.Row(visible=begins)}
        return self._usable(start=False, stop=begins, resume=False) | view

    def _end(self, scene: str | None) -> Updates:
        more = bool(scene) and self.trainings.store.resumable(str(scene))
        return self._usable(start=True, stop=False, resume=more)

    def _usable(self, start: bool, stop: bool, resume: bool) -> Updates:
        pairs = ((self.start, start), (self.stop, stop), (self.resume, resume))
        return {button: gr.Button(interactive=usable) for button, usable in pairs}

    def _stop(self, request: gr.Request) -> None:
        self.trainings.line.stop(Visitor.of(request))

    def _train(self, values: Values, request: gr.Request) -> Iterator[Updates]:
        session = self.trainings.begin(Visitor.of(request), values[self.picture], self._config(values))
        yield from self._shown(session)
        yield self.share.says({"tab": "scenes"}, lambda: self._calls(values), values)

    def _print(self, values: Values) -> Iterator[Updates]:
        try:
            for picture in self.trainings.first_print(values[self.picture]):
                yield {self.meanwhile: gr.Image(picture, visible=True)}
        except ValueError:  # of which the training speaks
            yield {self.meanwhile: gr.Image(visible=False)}

    def _resume(self, values: Values, request: gr.Request) -> Iterator[Updates]:
        yield from self._shown(self.trainings.resume(Visitor.of(request), values[self.chosen]))

    def _shown(self, session: TrainingSession) -> Iterator[Updates]:
        """The states of a training as status, strip, live pictures and plot; its scene's name at the end."""
        live: Live | None = None
        for state in session:
            updates: Updates = {self.status: state.report.html()}
            if state.ended:
                updates[self.scene] = state.name
            elif record := state.progress:
                live = live or Live(self.stages(str(state.name)) if record.scene else [])
                preview = record.preview
                updates[self.pyramid] = live.strip(record)
                updates[self.plot] = gr.LinePlot(live.losses(record), visible=True)
                if preview:
                    updates |= {self.sample: preview.sample, self.remembered: preview.reconstruction}
            yield updates

    # -- what is asked for -------------------------------------------------------------------------------------------

    def _asked(self, values: Values) -> dict[str, Any]:
        """The controls as the endpoint's arguments. An empty number field comes as None or as 0."""
        numbers = {"max_size": values[self.size] or None, "iterations": values[self.iterations] or None}
        return {"preset": values[self.preset], "seed": values[self.seed], **numbers}

    def _config(self, values: Values) -> TrainConfig:
        return self.trainings.config(**self._asked(values))

    def _expect(self, values: Values) -> Iterator[str]:
        if not values[self.picture]:
            yield NO_PICTURE
            return
        config = self._config({**values, self.seed: 0})
        yield from self.trainings.expect(values[self.picture], config)

    def _calls(self, values: Values) -> list[Call]:
        return [Call("/train_scene", {"picture": file_name(values[self.picture]), **self._asked(values)})]


def _live_picture(label: str, name: str) -> gr.Image:
    return gr.Image(label=label, interactive=False, format="png", height=240, buttons=[], elem_id=name)


class Live:
    """What the page shows of one training, collected from its records."""

    def __init__(self, begun: list[Image.Image]) -> None:
        self._stages = dict(enumerate(begun))
        self._losses: list[dict[str, Any]] = []

    def strip(self, record: Progress) -> str:
        """The pyramid so far: a sample of every finished scale, and the current one as it changes."""
        if record.preview:
            self._stages[record.scale] = record.preview.sample
        return strip([picture for _, picture in sorted(self._stages.items())], record.scale, record.scales)

    def losses(self, record: Progress) -> pd.DataFrame:
        """Losses by how many scales are trained, parts counted; thinned where there are many."""
        trained = record.scale + record.iteration / record.iterations
        self._losses += [
            {"scales": trained, "loss": value, "of": LOSS_LABELS.get(name, name)}
            for name, value in record.losses.items()
        ]
        kinds = len(record.losses)
        if len(self._losses) > PLOT_POINTS * kinds:
            self._losses = [row for i, row in enumerate(self._losses) if (i // kinds) % 2 == 0]
        return pd.DataFrame(self._losses)
