"""The edited face: its picture, its sliders, its latent, its history, its link and its code."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr

from dcgan import Recipe
from dcgan.config import SIZE
from dcgan.uses import Morph
from ui.controls import download_after
from ui.faces.current import Current
from ui.faces.draw import DrawPanel
from ui.faces.handlers import TABLE_COLUMNS
from ui.faces.link import Opened, in_order, index_in, link_keys
from ui.faces.morph import MorphPanel
from ui.faces.steps import Steps
from ui.gradio_patches import picture_file
from ui.share import Call, Share
from ui.wiring import FACES, QUIET, Updates, Values

SLIDER_REACH = 3.0  # standard deviations
LARGE_SIDE = 512  # px, of the large file; the page shows the face as large (ui/static/portrait.js)
NOTE = f"Enlarged from {SIZE} to {LARGE_SIDE} px; no detail is added. Either PNG brings the face back by Load faces."


class Editor:
    """moved: the events, but for the sliders' own, after which there is another face to show."""

    def __init__(self, now: Current) -> None:
        self._now = now
        pipelines = [now.handlers.model(name) for name in now.handlers.models.names]
        names = in_order(dict.fromkeys(name for pipeline in pipelines for name in pipeline.directions))
        attributes = {name for pipeline in pipelines for name in pipeline.attributes}
        self._sliders: dict[str, gr.Slider] = {}
        with gr.Row(elem_classes="sliders"):
            self._add(name for name in names if name in attributes)
        with gr.Accordion("Principal directions", open=not pipelines[0].attributes, elem_id="principal") as principal:
            gr.Markdown("What changes faces most, by effect. They have no names: try them.")
            with gr.Row(elem_classes="sliders"):
                self._add(name for name in names if name not in attributes)
        self._principal = principal
        now.model.input(self._opened, now.model, principal, queue=False, **QUIET)
        with gr.Accordion("Advanced: the latent itself", open=False, elem_id="latent"):
            gr.Markdown(
                "The numbers that the face is drawn from. Change one and press Enter: the nearest 1/32 is taken."
            )
            self.table = gr.Dataframe(
                headers=[str(i) for i in range(1, TABLE_COLUMNS + 1)], datatype="number", type="array",
                column_count=TABLE_COLUMNS, interactive=True, show_label=False, label="Latent", buttons=[],
                max_height=420, elem_id="latent-table",
            )  # fmt: skip

    def _add(self, names: Iterable[str]) -> None:
        for name in names:
            self._sliders[name] = gr.Slider(
                -SLIDER_REACH, SLIDER_REACH, 0, step=0.1, label=label_of(name), elem_id=f"slider-{name}"
            )

    def lay_out_portrait(self) -> None:
        """Where the face is shown."""
        self.portrait = picture_file(
            label="The face", show_label=False, format="png", interactive=False, height=440, buttons=[],
            elem_id="portrait", alt_text="The edited face",
        )  # fmt: skip
        self._as_drawn = gr.Image(
            type="filepath", format="png", interactive=False, elem_id="face-drawn", elem_classes="unseen",
            label="The face as drawn",
        )  # fmt: skip
        gr.Markdown(NOTE, elem_classes="note")
        with gr.Row(elem_classes="actions"):
            self._undo = gr.Button("Undo", elem_id="undo", size="sm", min_width=90, interactive=False)
            self._redo = gr.Button("Redo", elem_id="redo", size="sm", min_width=90, interactive=False)
            self._reset = gr.Button("Reset sliders", elem_id="face-reset", size="sm", min_width=90)
        with gr.Row(elem_classes="actions"):
            self._surprise = gr.Button("Surprise me", elem_id="surprise", size="sm", min_width=90)
            self.favourite = gr.Button("Add to favourites", elem_id="favourite", size="sm", min_width=90)
            gr.Button("Hold to compare", elem_id="compare", size="sm", min_width=90)
        with gr.Row(elem_classes="actions"):
            self.download = gr.DownloadButton("PNG, 64 px", elem_id="face-png", size="sm", min_width=90)
            self._large = gr.Button(f"PNG, {LARGE_SIDE} px", elem_id="face-large", size="sm", min_width=90)
            self._file = gr.DownloadButton(elem_id="face-large-file", elem_classes="unseen")
        face: set[Any] = {self._now.face, self._now.model}
        made = self._large.click(self._enlarge, face, [self._file], **FACES, **QUIET)
        download_after(made, "face-large-file")

    def lay_out_share(self, draw: DrawPanel, morph: MorphPanel) -> None:
        """Link and code, and all events that need them: what they say depends on the other panels too."""
        now = self._now
        self._draw, self._morph, self.share = draw, morph, Share("faces", now.origin)
        shown = {now.face, now.model, now.gallery, now.pins, now.view, *morph.inputs}
        self._inputs = {*shown, *self.share.inputs}
        self.share.write_code(lambda values: self._calls(Recipe.from_dict(values[now.face]), values), shown)
        self._texts = [self.share.link, self.share.code, self.table, self.download]
        sliders = list(self._sliders.values())
        # The arrow that resets a slider counts as letting it go.
        gr.on(
            [event for slider in sliders for event in (slider.input, slider.release)],
            self._move, {*self._inputs, *sliders}, [self.portrait, now.face, *self._texts],
            trigger_mode="always_last", **FACES, **QUIET,
        )  # fmt: skip
        released, history = [slider.release for slider in sliders], [now.steps, self._undo, self._redo]
        gr.on(released, self._remember, {now.face, now.steps, *sliders}, history, queue=False, **QUIET)
        inputs: set[Any] = {now.face, now.model, self.table}
        self.moved = [
            event(change, inputs, [now.face], queue=False, **QUIET)
            for event, change in ((self._reset.click, self._straight), (self._surprise.click, self._near))
        ]
        # In the queue: of what is refused elsewhere, Gradio says nothing.
        self.moved.append(self.table.input(self._typed, inputs, [now.face], **FACES, **QUIET))
        self.moved += [
            button.click(partial(self._step, by), {now.face, now.steps}, [now.face, now.steps], queue=False, **QUIET)
            for button, by in ((self._undo, -1), (self._redo, 1))
        ]

    # -- events ------------------------------------------------------------------------------------------------------

    def _straight(self, values: Values) -> Updates:
        return {self._now.face: {**values[self._now.face], "moves": {}}}

    def _near(self, values: Values) -> Updates:
        return {self._now.face: self._now.handlers.near(values[self._now.face], values[self._now.model])}

    def _typed(self, values: Values) -> Updates:
        face, table, model = (values[it] for it in (self._now.face, self.table, self._now.model))
        return {self._now.face: self._now.handlers.edit_latent(face, table, model)}

    def _moved(self, values: Values) -> Recipe:
        """The edited face with the sliders where they stand."""
        face = values[self._now.face]
        moves = {**face["moves"], **{name: values[slider] for name, slider in self._sliders.items()}}
        return Recipe.from_dict({**face, "moves": moves})

    def _move(self, values: Values) -> Iterator[Updates]:
        yield from self._drawn(self._moved(values), values)

    def _remember(self, values: Values) -> Updates:
        """Takes a step once a slider is let go."""
        return self._history(Steps.of(values[self._now.steps]).taken(self._moved(values).to_dict()))

    def _history(self, steps: Steps) -> Updates:
        buttons = {self._undo: gr.Button(interactive=steps.back), self._redo: gr.Button(interactive=steps.forth)}
        return {self._now.steps: steps.plain(), **buttons}

    def _step(self, by: int, values: Values) -> Updates:
        steps = Steps.of(values[self._now.steps]).taken(values[self._now.face]).moved(by)
        return {self._now.face: steps.faces[steps.at], self._now.steps: steps.plain()}

    def _opened(self, model: str) -> Any:
        """The drawer of those without names, where there are no others."""
        return gr.update(open=not self._now.handlers.model(model).attributes)

    def _enlarge(self, values: Values) -> Iterator[Updates]:
        """The face as a large file."""
        recipe = Recipe.from_dict(values[self._now.face])
        with self._now.handlers.drawn(recipe, values[self._now.model], LARGE_SIDE) as portrait:
            yield {self._file: portrait.picture}

    def read(self, link: Opened) -> Updates:
        """As a link says."""
        return {self._principal: self._opened(link.model)}

    def show_after(self, event: Any) -> Any:
        """Puts the sliders in place and draws the face after an event that chooses one."""
        now = self._now
        face = [self.portrait, self._as_drawn, now.face, now.steps, self._undo, self._redo, *self._sliders.values()]
        outputs = [*face, *self._texts, self.share.copy, self._draw.gallery]
        return event.success(self._show, {*self._inputs, now.steps}, outputs, **FACES, **QUIET)

    def _show(self, values: Values) -> Iterator[Updates]:
        recipe, gallery = Recipe.from_dict(values[self._now.face]), values[self._now.gallery]
        marked = {self._draw.gallery: gr.Gallery(selected_index=index_in(gallery, recipe))} if gallery else {}
        steps = Steps.of(values[self._now.steps]).taken(recipe.to_dict())
        with self._now.handlers.drawn(replace(recipe, moves={}), values[self._now.model]) as original:
            for updates in self._drawn(recipe, values):
                others = {self.share.copy: gr.Button(interactive=True), self._as_drawn: original.picture}
                yield updates | others | marked | self._history(steps) | self._places(recipe, values[self._now.model])

    def _drawn(self, recipe: Recipe, values: Values) -> Iterator[Updates]:
        """A face, and what is said of it: another request for that would keep the sliders waiting."""
        with self._now.handlers.drawn(recipe, values[self._now.model]) as portrait:
            yield {
                self.portrait: portrait.picture,
                self._now.face: recipe.to_dict(),
                self.table: portrait.table,
                self.download: portrait.picture,
                **self._says(recipe, values),
            }

    def _places(self, recipe: Recipe, model: str) -> Updates:
        """Where the sliders stand. Models differ in their directions; Gradio takes long to update more than a value."""
        known = self._now.handlers.model(model).directions
        amounts = {name: recipe.moves.get(name, 0.0) for name in self._sliders}
        plain = self._now.choice(model) is None and max(map(abs, amounts.values())) <= SLIDER_REACH
        return {
            slider: amounts[name] if plain else _place(amounts[name], name in known)
            for name, slider in self._sliders.items()
        }

    # -- link and code -----------------------------------------------------------------------------------------------

    def say_after(self, event: Any) -> None:
        """Writes link and code anew after an event that changes something else than the face."""
        outputs = [self.share.link, self.share.code]
        event.success(self._say, self._inputs, outputs, trigger_mode="always_last", queue=False, **QUIET)

    def _say(self, values: Values) -> Updates:
        return self._says(Recipe.from_dict(values[self._now.face]), values)

    def _says(self, recipe: Recipe, values: Values) -> Updates:
        now = self._now
        named, view = now.choice(values[now.model]), values[now.view]
        # Which no other view has in its link.
        motion = self._morph.motion(values) if view == "morph" else Morph()
        keys = link_keys(named, values[now.gallery], recipe, values[now.pins], view, motion)
        return self.share.says(keys, lambda: self._calls(recipe, values), values, button=False)

    def _calls(self, recipe: Recipe, values: Values) -> list[Call]:
        gallery, named = values[self._now.gallery], self._now.choice(values[self._now.model])
        calls = []
        if "variety" in gallery:  # no endpoint but /edit_face scales latents
            drawn = {"seed": gallery["seed"], "count": gallery["count"], "truncation": gallery["variety"]}
            calls.append(Call("/sample_faces", {**drawn, "model": named}))
        return [*calls, Call("/edit_face", {"face": recipe.to_dict(), "model": named})]


def _place(amount: float, visible: bool) -> gr.Slider:
    """A slider that stands at an amount, however far it is."""
    reach = max(SLIDER_REACH, math.ceil(abs(amount)))
    return gr.Slider(value=amount, minimum=-reach, maximum=reach, visible=visible)


def label_of(direction: str) -> str:
    """A direction's name as a label."""
    if direction.startswith("pc") and direction[2:].isdecimal():
        return f"Principal {direction[2:]}"
    return direction.replace("_", " ").capitalize()
