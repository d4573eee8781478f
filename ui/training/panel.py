"""The training panel: upload, expectations, training as it happens, Stop and Resume, and what comes of it."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import gradio as gr

from singan.config import PRESET_NOTES
from ui.errors import failure
from ui.gradio_patches import picture_file
from ui.html import strip
from ui.links import Query
from ui.share import Call, LinkAndCode, file_name, python_code
from ui.training.queue import SceneTraining, TrainingQueue, View
from ui.visitors import Visitor
from ui.wiring import CHOSEN_FILE, QUIET, Updates, Values, where

NO_PICTURE = (
    "Choose a picture to see how long training takes here. Landscapes, textures and crowds of like things work best."
)
EXPLANATION = (
    "<p>Training builds the picture up from a few dozen pixels, scale by scale. Every scale is shown here as it "
    "learns. Stop whenever you like: finished scales are kept. Reload the page, and it still goes on; leave it for a "
    "minute, and it stops.</p>"
)
OWN = "own"  # what a link asks for that says nothing: the visitor's own training, if one goes on


class TrainingPanel:
    """Lay out training inside the current Blocks.

    chosen, more: a scene's name, and the buttons that train it further. me: the browser's name. halves: the tabs of
    which this is one. scene, use: the name of the scene that a training gave, and the button that opens it. seen: the
    event in which a training is shown, to its end. watched: the name of that training, or what a link asks for.
    """

    def __init__(
        self,
        trainings: TrainingQueue,
        chosen: gr.Dropdown,
        more: list[gr.Button],
        origin: gr.Textbox,
        me: gr.BrowserState,
        halves: gr.Tabs,
    ) -> None:
        self.trainings, self.chosen, self.me, self.halves = trainings, chosen, me, halves
        with gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=320):
                self._lay_out_controls()
            with gr.Column(scale=3, min_width=320):
                self._lay_out_view()
                self.link_and_code = LinkAndCode("train", origin)
        self.scene, self.watched = gr.Textbox(visible=False), gr.Textbox(visible=False)
        self.options = {"preset": self.preset, "seed": self.seed, "max_size": self.size, "iterations": self.iterations}
        controls = [self.picture, *self.options.values()]
        self.outputs = [
            self.status, self.watched, self.scene, self.idle, self.pyramid, self.sample, self.remembered, self.plot,
            self.start, self.stop, self.resume, self.use, halves, *controls, *self.link_and_code.components,
        ]  # fmt: skip
        changed = [self.picture.change, self.preset.change, self.size.blur, self.iterations.blur]
        gr.on(changed, self._expect, set(controls), [self.expectation], **CHOSEN_FILE)
        gr.on(changed, self._write_code, {origin, *controls}, [self.link_and_code.code], queue=False, **QUIET)
        self.inputs: set[Any] = {chosen, self.scene, self.watched, me, origin, *controls}
        # Without Gradio's queue: where the stream of one event ends, it may end what was just begun after it, too.
        clicks = [self.start.click, self.resume.click, *(button.click for button in more)]
        begun = gr.on(clicks, self._begin, self.inputs, self.outputs, queue=False, **QUIET)
        self.seen = self._watch_after(begun.success)
        self.stop.click(self._stop, {self.watched, me}, None, queue=False, **QUIET)

    def _lay_out_controls(self) -> None:
        self.picture = picture_file(
            label="Your picture", sources=["upload", "clipboard"], height=220, elem_id="picture"
        )  # fmt: skip
        names = self.trainings.presets
        choices = [(" · ".join(filter(None, [it.capitalize(), PRESET_NOTES.get(it)])), it) for it in names]
        self.preset = gr.Radio(choices, value="layout", label="What is trained", elem_id="preset")
        steps = f"1 to {self.trainings.limits.iterations}; empty: the preset's"
        with gr.Accordion("Advanced", open=False):
            self.seed = gr.Number(0, label="Training seed", precision=0, minimum=0, elem_id="train-seed")
            sides = "32 to 1024; empty: the preset's"
            self.size = gr.Number(label="Longer side, px", info=sides, precision=0, elem_id="max-size")
            self.iterations = gr.Number(label="Steps a fine scale", info=steps, precision=0, elem_id="iterations")
        self.expectation = gr.Markdown(NO_PICTURE, elem_id="prediction")
        with gr.Row():
            self.start = gr.Button("Train", variant="primary", elem_id="train", min_width=90)
            self.stop = gr.Button("Stop", interactive=False, elem_id="stop", min_width=90)
            self.resume = gr.Button("Resume", interactive=False, elem_id="resume", min_width=90)

    def _lay_out_view(self) -> None:
        names = self.trainings.store.names("")
        pictures = self.trainings.stages(names[0]) if names else []
        self.idle = gr.HTML(EXPLANATION + strip(pictures, None, len(pictures)), elem_id="train-idle")
        self.status = gr.HTML(elem_id="train-status")
        self.use = gr.Button("Use this scene", variant="primary", visible=False, elem_id="use-scene")
        self.pyramid = gr.HTML(elem_id="strip")
        with gr.Row():
            self.sample, self.remembered = (
                gr.Image(
                    label=label, visible=False, interactive=False, format="png", height=240, buttons=[], elem_id=name
                )
                for label, name in (("A sample now", "live"), ("The picture as remembered", "remembered"))
            )
        # Gradio makes the plot as high as its block: under a label the names of the curves would be cut off.
        self.plot = gr.LinePlot(
            x="scales", y="loss", color="of", x_title="Scales", y_title="Loss", color_title="", height=240,
            visible=False, label="Losses", show_label=False, elem_id="losses", buttons=[],
        )  # fmt: skip

    def _begin(self, values: Values, event: gr.EventData, request: gr.Request) -> Updates:
        """Start a training, or resume that of the scene that is shown here or chosen elsewhere, by what was clicked."""
        visitor = Visitor.of(request, values[self.me])
        try:
            clicked = getattr(event.target, "elem_id", None)  # Gradio makes a component anew that was updated.
            if clicked == self.start.elem_id:
                asked = self._arguments(values)
                training = self.trainings.train(visitor, values[self.picture], asked)
            else:
                scene = values[self.scene if clicked == self.resume.elem_id else self.chosen]
                training = self.trainings.resume(visitor, scene)
        except ValueError as error:  # Gradio shows no error of an event without its queue.
            return {self.status: failure(error), self.watched: "", **self._usable(visitor, "", values[self.scene])}
        return self._showing(training, visitor, values) | {self.halves: gr.Tabs(selected="train")}

    def _watch_after(self, event: Any) -> Any:
        """Show the training that an event chose until it is over."""
        chosen = where(event, self.watched, "(name) => name")
        inputs = {self.watched, self.me}
        return chosen(self._watch, inputs, self.outputs, concurrency_limit=None, trigger_mode="multiple", **QUIET)

    def _stop(self, values: Values, request: gr.Request) -> None:
        own = self.trainings.of(Visitor.of(request, values[self.me]))
        if own is not None and own.name == values[self.watched]:
            own.stop()

    def _expect(self, values: Values) -> Iterator[str]:
        if not values[self.picture]:
            yield NO_PICTURE
            return
        config = self.trainings.config(**self._arguments({**values, self.seed: 0}))
        yield from self.trainings.expect(values[self.picture], config)

    async def _watch(self, values: Values, request: gr.Request) -> AsyncGenerator[Any, None]:
        """Show a training as status, strip, live pictures and plot; at its end its scene, for the buttons."""
        name, visitor, scene = values[self.watched], Visitor.of(request, values[self.me]), None
        shown: Any = False
        try:
            async with aclosing(self.trainings.watch(name, request.session_hash or "")) as views:
                async for view in views:
                    scene = view.scene
                    pictures = {} if view.preview is shown else self._pictures(view)
                    shown = view.preview
                    yield {self.status: view.report.html(), **pictures}
        except Exception as error:
            yield {self.status: failure(error), **self._usable(visitor, name, None)}
            raise
        if self.trainings.get(name).over:  # Else this page watches another.
            yield self._usable(visitor, name, scene)

    def _write_code(self, values: Values) -> str:
        return python_code(self.snippet_calls(values), values[self.link_and_code.origin])

    def _showing(self, training: SceneTraining, visitor: Visitor, values: Values) -> Updates:
        """Return what changes on the page for this training to be shown."""
        link = {"tab": "scenes", "training": training.name}
        return {
            self.watched: training.name,
            self.idle: gr.HTML(visible=False),
            **self._usable(visitor, training.name, None),
            **self.link_and_code.says(link, self.snippet_calls(values), values),
        }

    def _usable(self, visitor: Visitor, watched: str, scene: str | None) -> Updates:
        """Enable the buttons for a visitor who watches this training, which gave this scene."""
        own = self.trainings.of(visitor)
        more = own is None and bool(scene) and self.trainings.store.resumable(str(scene))
        return {
            self.scene: scene or "",
            self.start: gr.Button(interactive=own is None),
            self.stop: gr.Button(interactive=own is not None and own.name == watched),
            self.resume: gr.Button(interactive=more),
            self.use: gr.Button(visible=bool(scene)),
        }

    def _pictures(self, view: View) -> Updates:
        pictures = zip((self.sample, self.remembered), view.preview or (None, None), strict=True)
        return {
            **{it: gr.Image(picture, visible=picture is not None) for it, picture in pictures},
            self.pyramid: view.strip,
            self.plot: gr.LinePlot(view.losses, visible=view.losses is not None),
        }

    def read(self, query: Query) -> Updates:
        default = "" if query.unread else OWN
        return {self.watched: query.read("training", default, lambda name: self.trainings.get(name).name)}

    def watch_linked(self, opened: Any) -> Any:
        """Show, after the event in which the page was opened, the training that a link asks for, or the visitor's."""
        found = opened(self._find, self.inputs, self.outputs, queue=False, **QUIET)
        return self._watch_after(found.success)

    def _find(self, values: Values, request: gr.Request) -> Updates:
        asked, visitor = values[self.watched], Visitor.of(request, values[self.me])
        training = self.trainings.of(visitor) if asked in ("", OWN) else self.trainings.get(asked)
        if training is None:
            return {self.watched: ""}
        updates = self._showing(training, visitor, values)
        if training.visitor.rate_limit_key == visitor.rate_limit_key:  # The controls are as they were at its begin.
            updates |= {it: training.asked[key] for key, it in self.options.items() if key in training.asked}
            updates |= {self.picture: training.file} if training.file and Path(training.file).exists() else {}
        return updates | ({self.halves: gr.Tabs(selected="train")} if asked else {})

    def _arguments(self, values: Values) -> dict[str, Any]:
        """Return the options as the endpoint's arguments. An empty number field comes as None or as 0."""
        given = {key: values[it] for key, it in self.options.items()}
        return {**given, "max_size": given["max_size"] or None, "iterations": given["iterations"] or None}

    def snippet_calls(self, values: Values) -> list[Call]:
        return [Call("/train_scene", {"picture": file_name(values[self.picture]), **self._arguments(values)})]
