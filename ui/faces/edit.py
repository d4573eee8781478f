"""Show the edited face: its picture, its sliders, its latent, its history, its link and its code."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import gradio as gr

from dcgan import Recipe
from dcgan.config import SIZE
from dcgan.uses import Morph
from ui.faces.draw import DrawPanel
from ui.faces.handlers import TABLE_COLUMNS
from ui.faces.link import Opened, in_order, index_in
from ui.faces.morph import MorphPanel
from ui.faces.state import Current, Steps
from ui.gradio_patches import picture_file
from ui.results import ResultFile
from ui.share import Call, CopyLink, LinkAndCode
from ui.wiring import FACES, QUIET, Updates, Values

SLIDER_REACH = 3.0  # standard deviations
LARGE_SIDE = 512  # px, of the large file
NOTE = f"A face has {SIZE} px a side and is shown enlarged: no detail is added. Load faces takes back either PNG."


class Editor:
    """Show the edited face; its link and its code depend on the other panels, too.

    moved: the events, but for the sliders' own, after which there is another face to show.
    """

    def __init__(self, now: Current, draw: DrawPanel, morph: MorphPanel) -> None:
        self._now, self._draw, self._morph = now, draw, morph
        self._sliders: dict[str, gr.Slider] = {}

    def lay_out_sliders(self) -> None:
        """Lay out the sliders, those of named directions first, and the latent."""
        now = self._now
        pipelines = [now.handlers.model(name) for name in now.handlers.models.names]
        names = in_order(dict.fromkeys(name for pipeline in pipelines for name in pipeline.directions))
        attributes = {name for pipeline in pipelines for name in pipeline.attributes}
        self._add(name for name in names if name in attributes)
        self._principal = gr.Accordion("Principal directions", open=not pipelines[0].attributes, elem_id="principal")
        with self._principal:
            gr.Markdown("What changes faces most, by effect. They have no names: try them.")
            self._add(name for name in names if name not in attributes)
        now.model.input(self._open, now.model, self._principal, queue=False, **QUIET)
        with gr.Accordion("Advanced: the latent itself", open=False, elem_id="latent"):
            gr.Markdown(
                "The numbers that the face is drawn from. Change one and press Enter: the nearest 1/32 is taken."
            )
            self._table = gr.Dataframe(
                headers=[str(i) for i in range(1, TABLE_COLUMNS + 1)], datatype="number", type="array",
                column_count=TABLE_COLUMNS, interactive=True, show_label=False, label="Latent", buttons=[],
                max_height=420, elem_id="latent-table",
            )  # fmt: skip

    def _add(self, names: Iterable[str]) -> None:
        with gr.Row(elem_classes="sliders"):
            for name in names:
                self._sliders[name] = gr.Slider(
                    -SLIDER_REACH, SLIDER_REACH, 0, step=0.1, label=label_of(name), elem_id=f"slider-{name}"
                )

    def lay_out_portrait(self) -> None:
        self.portrait = picture_file(
            label="The face", show_label=False, format="png", interactive=False, height=258, buttons=[],
            elem_id="portrait", alt_text="The edited face",
        )  # fmt: skip
        self._as_drawn = gr.Image(
            type="filepath", format="png", interactive=False, elem_id="face-drawn", elem_classes="unseen",
            label="The face as drawn",
        )  # fmt: skip
        gr.Markdown(NOTE, elem_classes="note")
        with gr.Row(elem_classes="actions"):
            self._undo, self._redo = _button("Undo", "undo", False), _button("Redo", "redo", False)
            self._reset = _button("Reset sliders", "face-reset")
        with gr.Row(elem_classes="actions"):
            self._surprise = _button("Surprise me", "surprise")
            self.favourite = _button("Add to favourites", "favourite")
            _button("Hold to compare", "compare")
        with gr.Row(elem_classes="actions"):
            self._file = gr.DownloadButton(f"PNG, {SIZE} px", elem_id="face-png", size="sm", min_width=90)
            large = _button(f"PNG, {LARGE_SIDE} px", "face-large")
            self._large_file = gr.DownloadButton(elem_id="face-large-file", elem_classes="unseen")
        CopyLink("faces", self._now.origin, self._now.results).keeps(self._shared, {self._now.face, self._now.model})
        made = large.click(self._enlarge, {self._now.face, self._now.model}, [self._large_file], **FACES, **QUIET)
        made.success(None, None, None, js="() => darkroom.download('face-large-file')", **QUIET)

    def lay_out_share(self) -> None:
        """Lay out link and code, and wire all events."""
        now = self._now
        self._link_and_code = LinkAndCode("faces", now.origin)
        self._inputs = {now.face, now.model, now.gallery, now.pins, now.view, now.origin, *self._morph.inputs}
        self._texts = [*self._link_and_code.components, self._table, self._file]
        sliders = self._sliders.values()
        released = [slider.release for slider in sliders]  # the arrow that resets a slider counts as that, too
        gr.on(
            [*(slider.input for slider in sliders), *released],
            self._move, {*self._inputs, *sliders}, [self.portrait, now.face, *self._texts],
            trigger_mode="always_last", **FACES, **QUIET,
        )  # fmt: skip
        history = [now.steps, self._undo, self._redo]
        gr.on(released, self._remember, {now.face, now.steps, *sliders}, history, queue=False, **QUIET)
        steps, at_once = [now.face, now.steps], QUIET | {"queue": False}
        self.moved = [
            self._reset.click(lambda face: {**face, "moves": {}}, now.face, now.face, **at_once),
            self._surprise.click(now.handlers.near, [now.face, now.model], now.face, **at_once),
            # In the queue: of what is refused elsewhere, Gradio says nothing.
            self._table.input(now.handlers.edit_latent, [self._table, now.model], now.face, **FACES, **QUIET),
            self._undo.click(partial(self._step, -1), {*steps}, steps, **at_once),
            self._redo.click(partial(self._step, 1), {*steps}, steps, **at_once),
        ]

    def _moved(self, values: Values) -> Recipe:
        """Return the edited face with the sliders where they stand."""
        face = values[self._now.face]
        moves = {**face["moves"], **{name: values[slider] for name, slider in self._sliders.items()}}
        return Recipe.from_dict({**face, "moves": moves})

    def _move(self, values: Values) -> Iterator[Updates]:
        yield from self._drawn(self._moved(values), values)

    def _remember(self, values: Values) -> Updates:
        """Take a step once a slider is let go."""
        return self._history(Steps(**values[self._now.steps]).taken(self._moved(values).to_dict()))

    def _history(self, steps: Steps) -> Updates:
        back, forth = steps.at > 0, steps.at < len(steps.faces) - 1
        buttons = {self._undo: gr.Button(interactive=back), self._redo: gr.Button(interactive=forth)}
        return {self._now.steps: asdict(steps), **buttons}

    def _step(self, by: int, values: Values) -> Updates:
        steps = Steps(**values[self._now.steps]).taken(values[self._now.face]).moved(by)
        return {self._now.face: steps.faces[steps.at], self._now.steps: asdict(steps)}

    def _open(self, model: str) -> Any:
        """Open the drawer of directions without names where there are no others."""
        return gr.update(open=not self._now.handlers.model(model).attributes)

    def _enlarge(self, values: Values) -> Iterator[Updates]:
        now = self._now
        with now.handlers.drawn(now.recipe(values), values[now.model], LARGE_SIDE) as portrait:
            yield {self._large_file: portrait.picture}

    def _shared(self, values: Values) -> Iterator[tuple[str, list[ResultFile]]]:
        with self._now.handlers.drawn(self._now.recipe(values), values[self._now.model], LARGE_SIDE) as portrait:
            caption = f"Enlarged from {SIZE} to {LARGE_SIDE} px"
            yield "A face that never was", [ResultFile(portrait.picture, portrait.picture, caption)]

    def read(self, link: Opened) -> Updates:
        return {self._principal: self._open(link.model)}

    def show_after(self, event: Any) -> Any:
        """Put the sliders in place and draw the face after an event that chooses one."""
        now = self._now
        face = [self.portrait, self._as_drawn, now.face, now.steps, self._undo, self._redo, *self._sliders.values()]
        outputs = [*face, *self._texts, self._draw.tiles.gallery]
        return event.success(self._show, {*self._inputs, now.steps}, outputs, **FACES, **QUIET)

    def _show(self, values: Values) -> Iterator[Updates]:
        now = self._now
        recipe, gallery, model = now.recipe(values), values[now.gallery], values[now.model]
        marked = {self._draw.tiles.gallery: gr.Gallery(selected_index=index_in(gallery, recipe))} if gallery else {}
        steps = Steps(**values[now.steps]).taken(recipe.to_dict())
        with now.handlers.drawn(replace(recipe, moves={}), model) as original:
            others = {self._as_drawn: original.picture, **marked, **self._history(steps), **self._places(recipe, model)}
            for updates in self._drawn(recipe, values):
                yield updates | others

    def _drawn(self, recipe: Recipe, values: Values) -> Iterator[Updates]:
        """Draw a face, and say what is said of it: another request for that would keep the sliders waiting."""
        with self._now.handlers.drawn(recipe, values[self._now.model]) as portrait:
            face: Updates = {self._now.face: recipe.to_dict()}
            yield {
                self.portrait: portrait.picture,
                self._table: portrait.table,
                self._file: portrait.picture,
                **face,
                **self._say({**values, **face}),
            }

    def _places(self, recipe: Recipe, model: str) -> Updates:
        """Place the sliders. Models differ in their directions."""
        known = self._now.handlers.model(model).directions
        return {slider: _place(recipe.moves.get(name, 0.0), name in known) for name, slider in self._sliders.items()}

    def say_after(self, event: Any) -> None:
        """Write link and code anew after an event that changes something else than the face."""
        outputs = self._link_and_code.components
        event.success(self._say, self._inputs, outputs, trigger_mode="always_last", queue=False, **QUIET)

    def _say(self, values: Values) -> Updates:
        now, view = self._now, values[self._now.view]
        # No other view has the motion in its link.
        motion = self._morph.motion(values) if view == "morph" else Morph()
        return self._link_and_code.says(now.link(values, view, motion), self._calls(values), values)

    def _calls(self, values: Values) -> list[Call]:
        gallery, named = values[self._now.gallery], self._now.named(values)
        calls = []
        if "variety" in gallery:  # no endpoint but /edit_face scales latents
            drawn = {"seed": gallery["seed"], "count": gallery["count"], "truncation": gallery["variety"]}
            chosen = {"best_of": gallery["best_of"]} if "best_of" in gallery else {}
            calls.append(Call("/sample_faces", {**drawn, "model": named, **chosen}))
        return [*calls, Call("/edit_face", {"face": self._now.recipe(values).to_dict(), "model": named})]


def _button(label: str, name: str, interactive: bool = True) -> gr.Button:
    return gr.Button(label, elem_id=name, size="sm", min_width=90, interactive=interactive)


def _place(amount: float, visible: bool) -> gr.Slider:
    """Return a slider that stands at an amount, however far it is."""
    reach = max(SLIDER_REACH, math.ceil(abs(amount)))
    return gr.Slider(value=amount, minimum=-reach, maximum=reach, visible=visible)


def label_of(direction: str) -> str:
    """Return a direction's name as a label."""
    if direction.startswith("pc") and direction[2:].isdecimal():
        return f"Principal {direction[2:]}"
    return direction.replace("_", " ").capitalize()
