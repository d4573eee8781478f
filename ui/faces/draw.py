"""Faces to choose from, by seed or out of a file, the search for a photograph's face, and the three that are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr

from darkroom.uses import options
from dcgan import Recipe
from dcgan.uses import Sample
from ui.controls import Controls
from ui.errors import failing_in
from ui.faces.handlers import Gallery
from ui.faces.link import Opened, gallery_keys
from ui.faces.state import Current, announced, tiles
from ui.html import figures
from ui.reports import Report
from ui.wiring import CHOSEN_FILE, FACES, QUIET, Updates, Values, ready, where

VARIETY = {"Very alike": 0.4, "Alike": 0.7, "Natural": 1.0}  # truncations
# The word for a truncation, if there is one; in the browser, as one may press the button right after it.
VARIETY_OF = f"(value) => {list(VARIETY.values())}.includes(value) ? value : null"
PIN_NAMES = "ABC"
MINUS = "\u2212"


class DrawPanel:
    """recipes: of the gallery's faces; drawn: the events after which they are others; found, chosen: those after which
    a photograph's face, or one of the gallery, is the edited one."""

    def __init__(self, now: Current) -> None:
        self._now, known = now, options(Sample)["truncation"]
        self._controls = Controls(Sample, "faces")
        gr.Markdown("## Faces\nClick one to edit it.", elem_classes="heading")
        self.gallery = tiles("Faces", "faces-gallery")
        with gr.Row(elem_classes="below"):
            self.status = gr.HTML(elem_id="faces-status")
            self._archive = gr.DownloadButton(
                "Download all (ZIP)", interactive=False, elem_id="faces-zip", size="sm", scale=0, min_width=160
            )
        with gr.Row(equal_height=False, elem_classes="draw"):
            button = gr.Button("Draw faces", variant="primary", elem_id="faces-draw", min_width=120)
            self._photograph = gr.UploadButton(
                "Load a photograph", file_types=["image"], elem_id="faces-photo", min_width=120
            )
            self._load = gr.UploadButton(
                "Load faces", file_types=[".png", ".zip", ".json"], elem_id="faces-load", min_width=120
            )
        with gr.Row(equal_height=False, elem_classes="draw"):
            with gr.Column(min_width=200):
                self._controls.lay_out("seed")
            with gr.Column(min_width=200):
                self._controls.lay_out("count")
            with gr.Column(min_width=200):
                self._variety = gr.Radio(list(VARIETY.items()), value=1.0, label="Variety", elem_id="faces-variety")
        with gr.Accordion("Advanced", open=False, elem_id="faces-advanced"):
            truncation = self._controls["truncation"] = gr.Slider(
                0, known.most or 0, 1.0, step=0.05, label="Truncation", info=known.help, elem_id="faces-truncation"
            )
        self._search = gr.HTML(elem_id="photo-status", visible=False)
        self._pictures = gr.HTML(elem_id="photo-pictures", visible=False)
        self._scale = gr.Number(1.0, visible=False, label="scale")  # what the faces of a link have, as `Opened` says
        self.recipes = gr.JSON(visible=False, label="recipes")
        self._variety.input(None, self._variety, truncation, js="(value) => value", **QUIET)
        turned = [truncation.input, truncation.release]
        gr.on(turned, None, truncation, self._variety, js=VARIETY_OF, trigger_mode="always_last", **QUIET)
        self._outputs = [self.status, self.gallery, self.recipes, self._archive, now.gallery]
        self.drawn = [self.draw_after(event) for event in (button.click, self._controls["seed"].submit)]
        self.drawn.append(self._load.upload(self._read, {self._load, now.model}, self._outputs, **CHOSEN_FILE))
        outputs = [self._search, self._pictures, now.face]
        self.found = self._photograph.upload(self._find, {self._photograph, now.model}, outputs, **FACES, **CHOSEN_FILE)
        self.chosen = now.choose_from(self.gallery, self.recipes)

    def draw_after(self, event: Any, linked: bool = False) -> Any:
        """Draw the faces after an event, such as a button's click; linked: those of a link that was opened."""
        inputs = {self._now.model, *self._controls.values(), *([self._scale] if linked else [])}
        return event(self._draw, inputs, self._outputs, **FACES, **QUIET)

    def read(self, link: Opened) -> Updates:
        """Return the controls as a link says."""
        word = link.drawn.truncation if link.drawn.truncation in VARIETY.values() else None
        return self._controls.showing(link.drawn.plain()) | {self._variety: word, self._scale: link.scale}

    @announced("Drawing")
    def _draw(self, values: Values) -> Iterator[Updates]:
        use = self._controls.use_of(values)
        recipes = [replace(recipe, truncation=values.get(self._scale, 1.0)) for recipe in use.recipes()]
        yield from map(self._shown, self._now.handlers.gallery(recipes, use.stem(), values[self._now.model]))

    @announced("Reading the file")
    def _read(self, values: Values) -> Iterator[Updates]:
        yield from map(self._shown, self._now.handlers.load(values[self._load], values[self._now.model]))

    def _shown(self, drawn: Gallery) -> Updates:
        return {
            self.status: drawn.report.html(),
            self.gallery: gr.Gallery(drawn.pictures, selected_index=0),
            self.recipes: drawn.recipes,
            self._archive: ready(drawn.archive),
            self._now.gallery: gallery_keys(drawn.recipes),
        }

    def _find(self, values: Values) -> Iterator[Any]:
        reading = gr.HTML(Report("Reading the photograph", 0).html(), visible=True)
        yield {self._search: reading, self._pictures: gr.HTML(visible=False)}
        yield from failing_in(self._search, self._found(values))

    def _found(self, values: Values) -> Iterator[Updates]:
        for step in self._now.handlers.find(values[self._photograph], values[self._now.model]):
            both = figures([(step.wanted, "Your photograph"), (step.found, "The face found")], ["\u2192"])
            updates: Updates = {self._search: step.report.html(), self._pictures: gr.HTML(both, visible=True)}
            yield updates | ({self._now.face: step.face} if step.face else {})


class PinBoard:
    """The faces that are kept, A, B and C. changed: the events after which they are others; combined: the one after
    which A - B + C is the edited face; outputs: what `empty` updates."""

    def __init__(self, now: Current, portrait: gr.Image) -> None:
        self._now, self._portrait = now, portrait
        self._pictures: list[gr.Image] = []
        self._clears: list[gr.Button] = []
        self.changed: list[Any] = []
        gr.Markdown("## Kept faces\nKeep two for a morph, three for a map or a sum.", elem_classes="heading")
        with gr.Row(elem_classes="pins"):
            for i in range(len(PIN_NAMES)):
                with gr.Column(min_width=80):
                    self._pin(i)
        self.outputs = [now.pins, *self._pictures, *self._clears]
        button = gr.Button(f"A {MINUS} B + C", elem_id="combine", size="sm")
        self.status = gr.HTML(elem_id="combine-status")
        self._equation = gr.HTML(elem_id="equation")
        outputs = [self.status, self._equation, now.face]
        self.combined = button.click(self._combine, {now.pins, now.model}, outputs, **FACES, **QUIET)

    def _pin(self, i: int) -> None:
        name, now = PIN_NAMES[i], self._now
        picture = gr.Image(
            label=name, type="filepath", format="png", interactive=False, height=110, buttons=[],
            elem_id=f"pin-{name.lower()}", alt_text=f"The face kept as {name}",
        )  # fmt: skip
        keep = gr.Button(f"Keep as {name}", elem_id=f"keep-{name.lower()}", size="sm", min_width=80)
        clear = gr.Button(f"Clear {name}", elem_id=f"clear-{name.lower()}", size="sm", interactive=False, min_width=80)
        self._pictures.append(picture)
        self._clears.append(clear)
        for button, keeps in ((keep, True), (clear, False)):
            inputs: set[Any] = {now.pins, now.face, self._portrait}
            put = button.click(partial(self._put, i, keeps), inputs, [now.pins, picture, clear], queue=False, **QUIET)
            self.changed.append(put)

    def open_after(self, event: Any) -> None:
        """Draw the kept faces of a link after an event."""
        pinned = where(event.success, self._now.pins, "(pins) => pins.some(Boolean)")
        pinned(self._kept, {self._now.pins, self._now.model}, self.outputs, **QUIET)

    def empty(self) -> Updates:
        """Return the board without faces."""
        return {self._now.pins: [None] * len(PIN_NAMES), **self._shows([None] * len(PIN_NAMES))}

    def _shows(self, paths: list[str | None]) -> Updates:
        buttons = [gr.Button(interactive=path is not None) for path in paths]
        return dict(zip([*self._pictures, *self._clears], [*paths, *buttons], strict=True))

    def _kept(self, values: Values) -> Iterator[Updates]:
        pins, model = values[self._now.pins], values[self._now.model]
        for drawn in self._now.handlers.gallery([Recipe.from_dict(pin) for pin in pins if pin], "kept", model):
            paths = iter(drawn.pictures)
            yield self._shows([next(paths) if pin else None for pin in pins])

    def _put(self, i: int, keeps: bool, values: Values) -> Updates:
        """Put the edited face, or none, in place i."""
        pins = values[self._now.pins]
        return {
            self._now.pins: [*pins[:i], values[self._now.face] if keeps else None, *pins[i + 1 :]],
            self._pictures[i]: values[self._portrait] if keeps else None,
            self._clears[i]: gr.Button(interactive=keeps),
        }

    @announced("Adding up")
    def _combine(self, values: Values) -> Iterator[Updates]:
        pictures, face = self._now.handlers.combine(values[self._now.pins], values[self._now.model])
        captioned = list(zip(pictures, [*PIN_NAMES, f"A {MINUS} B + C"], strict=True))
        yield {
            self.status: Report("The sum became the edited face; Undo brings back the one before.").html(),
            self._equation: figures(captioned, [MINUS, "+", "="]),
            self._now.face: face,
        }
