"""The training panel: upload, expectations, training as it happens, Stop and Resume, and what comes of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import gradio as gr

from singan import TrainConfig
from ui.failures import failure
from ui.gradio_patches import picture_file
from ui.html import strip
from ui.links import Query
from ui.reports import Report
from ui.scenes.job import Job, View
from ui.scenes.trainings import MAX_ITERATIONS, Trainings
from ui.share import Call, Share, file_name
from ui.visitors import Visitor
from ui.wiring import PICTURES, QUIET, Updates, Values, where

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
    "learns. Stop whenever you like: finished scales are kept. Reload the page, and it still goes on; leave it for a "
    "minute, and it stops.</p>"
)
OWN = "own"  # what a link asks for that says nothing: the visitor's own training, if one goes on


class TrainingPanel:
    """scene: the name of the scene that a training gave; use: the button that opens it; ended: the events that end a
    training; watched: the name of the training that is shown, or what a link asks for.

    chosen: the component that names the scene that the button `again` elsewhere goes on with, as Resume does with the
    one that was just trained; me: that has the name by which the browser is known; halves: the tabs of which this panel
    is one.
    """

    def __init__(
        self,
        trainings: Trainings,
        chosen: gr.Dropdown,
        again: gr.Button,
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
                self.share = Share("train", origin)
        self.scene, self.watched = gr.Textbox(visible=False), gr.Textbox(visible=False)
        self.asked = [self.picture, self.preset, self.seed, self.size, self.iterations]
        self.share.write_code(self._calls, self.asked)
        gr.on(
            [self.picture.change, self.preset.change, self.size.blur, self.iterations.blur], self._expect,
            set(self.asked), [self.expectation], trigger_mode="always_last", **QUIET,
        )  # fmt: skip
        self.ended: list[Any] = []
        self._wire([self.start.click], self._train)
        self._wire([self.resume.click], self._resume)
        self._wire([again.click], self._train_chosen)
        self.stop.click(self._stop, {self.watched, me}, None, queue=False, **QUIET)

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
        pictures = self.trainings.stages(names[0]) if names else []
        self.idle = gr.HTML(EXPLANATION + strip(pictures, None, len(pictures)), elem_id="train-idle")
        self.status = gr.HTML(elem_id="train-status")
        self.use = gr.Button("Use this scene", variant="primary", visible=False, elem_id="use-scene")
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

    # -- training ----------------------------------------------------------------------------------------------------

    def _wire(self, triggers: list[Any], begin: Any) -> None:
        """Lets a training begin after an event, and watches it."""
        inputs = {self.chosen, self.scene, self.me, *self.asked, *self.share.inputs}
        # Without Gradio's queue: where the stream of one event ends, it may end what was just begun after it, too.
        begun = gr.on(triggers, begin, inputs, self._shown, queue=False, **QUIET)
        self._watch_after(begun.success)

    @property
    def _shown(self) -> list[Any]:
        """What changes where another training is shown."""
        buttons = [self.start, self.stop, self.resume, self.use]
        return [self.status, self.watched, self.scene, self.idle, self.live, self.halves, *buttons, *self.share.outputs]

    def _watch_after(self, event: Any) -> None:
        """Shows the training that an event chose, and the print that goes with it, until it is over."""
        view = [self.status, self.pyramid, self.sample, self.remembered, self.plot, self.scene]
        seen = event(self._watch, {self.watched}, view, concurrency_limit=None, trigger_mode="multiple", **QUIET)
        event(self._print, {self.watched}, [self.meanwhile], trigger_mode="multiple", **PICTURES, **QUIET)
        buttons = [self.start, self.stop, self.resume, self.use]
        for end in (seen.success, seen.failure):  # `then` does not follow a generator that failed
            inputs = {self.scene, self.watched, self.me}
            self.ended.append(end(self._end, inputs, buttons, queue=False, **QUIET))

    def _train(self, values: Values, request: gr.Request) -> Updates:
        picture, asked = values[self.picture], self._asked(values)
        return self._begun(lambda visitor: self.trainings.train(visitor, picture, asked), values, request)

    def _resume(self, values: Values, request: gr.Request) -> Updates:
        return self._begun(lambda visitor: self.trainings.train_on(visitor, values[self.scene]), values, request)

    def _train_chosen(self, values: Values, request: gr.Request) -> Updates:
        return self._begun(lambda visitor: self.trainings.train_on(visitor, values[self.chosen]), values, request)

    def _begun(self, begin: Callable[[Visitor], Job], values: Values, request: gr.Request) -> Updates:
        try:
            job = begin(Visitor.of(request, values[self.me]))
        except ValueError as error:  # Gradio shows no error of an event without its queue
            return {self.status: Report(f"Nothing was begun: {error}").html(), self.watched: ""}
        front = {self.halves: gr.Tabs(selected="train")}
        return self._showing(job, values) | self._usable(start=False, stop=True, resume=False) | front

    def _showing(self, job: Job, values: Values) -> Updates:
        """What changes on the page for this training to be shown."""
        link = {"tab": "scenes", "training": job.name}
        return {
            self.watched: job.name,
            self.scene: "",
            self.idle: gr.HTML(visible=False),
            self.live: gr.Row(visible=True),
            self.use: gr.Button(visible=False),
            **self.share.says(link, lambda: self._calls(values), values),
        }

    def _end(self, values: Values, request: gr.Request) -> Updates:
        scene, visitor = values[self.scene], Visitor.of(request, values[self.me])
        return self._buttons(visitor, values[self.watched], scene) | {self.use: gr.Button(visible=bool(scene))}

    def _buttons(self, visitor: Visitor, watched: str | None, scene: str | None) -> Updates:
        """Those that a visitor can use who watches this training, of which this scene came."""
        own = self.trainings.jobs.of(visitor)
        more = own is None and bool(scene) and self.trainings.store.resumable(str(scene))
        return self._usable(start=own is None, stop=own is not None and own.name == watched, resume=more)

    def _usable(self, start: bool, stop: bool, resume: bool) -> Updates:
        pairs = ((self.start, start), (self.stop, stop), (self.resume, resume))
        return {button: gr.Button(interactive=usable) for button, usable in pairs}

    def _stop(self, values: Values, request: gr.Request) -> None:
        own = self.trainings.jobs.of(Visitor.of(request, values[self.me]))
        if own is not None and own.name == values[self.watched]:
            own.stop()

    async def _watch(self, values: Values, request: gr.Request) -> AsyncGenerator[Any, None]:
        """A training as status, strip, live pictures and plot; its scene's name at the end."""
        jobs, name = self.trainings.jobs, values[self.watched]
        if not name:
            yield {self.status: gr.skip()}
            return
        seen = View(Report(""))
        try:
            async with aclosing(jobs.watch(jobs.get(name), request.session_hash or "")) as views:
                async for view in views:
                    yield self._changes(seen, view)
                    seen = view
        except Exception as error:
            yield {self.status: failure(error)}
            raise

    def _changes(self, seen: View, view: View) -> Updates:
        updates: Updates = {self.status: view.report.html()}
        if view.strip != seen.strip:
            updates[self.pyramid] = view.strip
        if view.losses is not seen.losses:
            updates[self.plot] = gr.LinePlot(view.losses, visible=True)
        if view.preview and view.preview is not seen.preview:
            updates |= zip((self.sample, self.remembered), view.preview, strict=True)
        return updates | ({self.scene: view.name} if view.ended else {})

    def _print(self, values: Values) -> Iterator[Updates]:
        name = values[self.watched]
        job = self.trainings.jobs.get(name) if name else None
        yield {self.meanwhile: gr.Image(visible=False)}
        if job is None or job.over:
            return
        try:
            for picture in self.trainings.first_print(job.file):
                yield {self.meanwhile: gr.Image(picture, visible=True)}
        except ValueError:  # of which the training speaks
            yield {self.meanwhile: gr.Image(visible=False)}

    # -- finding one again -------------------------------------------------------------------------------------------

    def read(self, query: Query) -> Updates:
        """The training that a link asks for."""
        plain = not query.unread
        return {self.watched: query.read("training", OWN if plain else "", self._known)}

    def _known(self, name: str) -> str:
        job = self.trainings.jobs.get(name)
        if job.over and not job.view.ended:
            raise ValueError("nothing came of this training")
        return name

    def start_watching(self, opened: Any) -> None:
        """Shows, after the event in which the page was opened, the training that a link asks for or his own."""
        found = opened(self._find, {self.watched, self.me}, [self.watched, self.halves], queue=False, **QUIET)
        inputs = {self.watched, self.me, *self.asked, *self.share.inputs}
        shown = where(found.success, self.watched, "(name) => name")
        self._watch_after(shown(self._show, inputs, [*self._shown, *self.asked], queue=False, **QUIET).success)

    def _find(self, values: Values, request: gr.Request) -> Updates:
        asked, jobs = values[self.watched], self.trainings.jobs
        job = jobs.of(Visitor.of(request, values[self.me])) if asked in ("", OWN) else jobs.get(asked)
        front = {self.halves: gr.Tabs(selected="train")} if job and asked else {}
        return {self.watched: job.name if job else ""} | front

    def _show(self, values: Values, request: gr.Request) -> Updates:
        job, visitor = self.trainings.jobs.get(values[self.watched]), Visitor.of(request, values[self.me])
        his = self._controls(job) if job.visitor.owner == visitor.owner else {}
        return self._showing(job, values) | self._buttons(visitor, job.name, None) | his

    def _controls(self, job: Job) -> Updates:
        """The controls as they were when a training began."""
        keys = {self.preset: "preset", self.seed: "seed", self.size: "max_size", self.iterations: "iterations"}
        return {self.picture: job.file, **{it: job.asked[key] for it, key in keys.items()}} if job.file else {}

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
