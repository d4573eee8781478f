"""Faces to choose from, by seed or out of a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from darkroom.uses import options
from dcgan.uses import Sample
from ui.controls import Controls
from ui.faces.current import Current, announced
from ui.faces.handlers import Face, Gallery
from ui.faces.link import Opened, gallery_keys
from ui.wiring import CHOSEN_FILE, FACES, QUIET, Updates, Values, ready

VARIETY = {"Very alike": 0.4, "Alike": 0.7, "Natural": 1.0}  # truncations
# The word for a truncation, if there is one; in the browser, as one may press the button right after it.
VARIETY_OF = f"(value) => {list(VARIETY.values())}.includes(value) ? value : null"


class DrawPanel:
    """controls: the options' components by name; recipes: of the gallery's faces; drawn: the events after which they
    are others; chosen: the event after which one of them is the edited face; photograph: the button that loads one."""

    def __init__(self, now: Current) -> None:
        self._now, known = now, options(Sample)["truncation"]
        self.controls = Controls(Sample, "faces")
        with gr.Row(equal_height=False, elem_classes="draw"):
            self._button = gr.Button("Draw faces", variant="primary", elem_id="faces-draw", min_width=120)
            self.photograph = gr.UploadButton(
                "Load a photograph", file_types=["image"], elem_id="faces-photo", min_width=120
            )
            self._load = gr.UploadButton(
                "Load faces", file_types=[".png", ".zip", ".json"], elem_id="faces-load", min_width=120
            )
        with gr.Row(equal_height=False, elem_classes="draw"):
            with gr.Column(min_width=200):
                self.controls.lay_out("seed")
            with gr.Column(min_width=200):
                self.controls.lay_out("count")
            with gr.Column(min_width=200):
                self.variety = gr.Radio(list(VARIETY.items()), value=1.0, label="Variety", elem_id="faces-variety")
        with gr.Accordion("Advanced", open=False, elem_id="faces-advanced"):
            truncation = gr.Slider(
                0, known.most or 0, 1.0, step=0.05, label="Truncation", elem_id="faces-truncation",
                info=known.help,
            )  # fmt: skip
        self.controls["truncation"] = truncation
        self._scale = gr.Number(1.0, visible=False, label="scale")  # what the faces of a link have, as `Opened` says
        self.variety.input(None, self.variety, truncation, js="(value) => value", **QUIET)
        turned = [truncation.input, truncation.release]
        gr.on(turned, None, truncation, self.variety, js=VARIETY_OF, trigger_mode="always_last", **QUIET)

    def lay_out_gallery(self) -> None:
        """Where the faces are shown."""
        gr.Markdown("## Faces\nClick one to edit it.", elem_classes="heading")
        self.gallery = gr.Gallery(
            show_label=False, label="Faces", format="png", columns=8, object_fit="contain", height="auto",
            allow_preview=False, buttons=[], elem_id="faces-gallery", elem_classes="tiles",
        )  # fmt: skip
        with gr.Row(elem_classes="below"):
            self.status = gr.HTML(elem_id="faces-status")
            self.archive = gr.DownloadButton(
                "Download all (ZIP)", interactive=False, elem_id="faces-zip", size="sm", scale=0, min_width=160
            )
        self.recipes = gr.JSON(visible=False, label="recipes")
        self._outputs = [self.status, self.gallery, self.recipes, self.archive, self._now.gallery]
        self.drawn = [self.draw_after(event) for event in (self._button.click, self.controls["seed"].submit)]
        read: set[Any] = {self._load, self._now.model}
        self.drawn.append(self._load.upload(self._read, read, self._outputs, **CHOSEN_FILE))
        self.chosen = self.gallery.select(_chosen, self.recipes, self._now.face, queue=False, **QUIET)

    def draw_after(self, event: Any, linked: bool = False) -> Any:
        """Draws the faces after an event, such as a button's click; linked: those of a link that was opened."""
        inputs = {self._now.model, *self.controls.values(), *([self._scale] if linked else [])}
        return event(self._draw, inputs, self._outputs, **FACES, **QUIET)

    @announced("Drawing")
    def _draw(self, values: Values) -> Iterator[Updates]:
        use = self.controls.use_of(values)
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
            self.archive: ready(drawn.archive),
            self._now.gallery: gallery_keys(drawn.recipes),
        }

    def read(self, link: Opened) -> Updates:
        """The controls as a link says."""
        word = link.drawn.truncation if link.drawn.truncation in VARIETY.values() else None
        return self.controls.showing(link.drawn.plain()) | {self.variety: word, self._scale: link.scale}


def _chosen(found: list[Face], event: gr.SelectData) -> Face:
    return found[event.index]
