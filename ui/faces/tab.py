"""The Faces tab: draw faces, choose one, edit it, and go on with it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ui.faces.current import Current
from ui.faces.draw import DrawPanel
from ui.faces.editor import Editor
from ui.faces.favourites import FavouritesPanel
from ui.faces.handlers import FaceHandlers
from ui.faces.link import VIEWS, read_link
from ui.faces.map import MapPanel
from ui.faces.morph import MorphPanel
from ui.faces.photograph import PhotographPanel
from ui.faces.pins import PinBoard
from ui.faces.steps import Steps
from ui.links import Query
from ui.wiring import QUIET, Updates, where


class FacesTab:
    """The tab, laid out inside the current Blocks."""

    def __init__(self, handlers: FaceHandlers, origin: gr.Textbox) -> None:
        self.handlers, names = handlers, handlers.models.names
        with gr.Row(equal_height=False, elem_classes="bench"):
            with gr.Column(scale=3, min_width=320, elem_classes="tools"):
                model = gr.Dropdown(names, value=names[0], label="Model", visible=len(names) > 1, elem_id="model")
                self.now = Current(handlers, origin, model)
                drawn = gr.Column()
                self.draw = DrawPanel(self.now)
                with drawn:
                    self.draw.lay_out_gallery()
                self.photograph = PhotographPanel(self.now, self.draw.photograph)
                with gr.Tabs(elem_id="face-views") as self.views:
                    with gr.Tab("Edit", id="edit"):
                        self.editor = Editor(self.now)
                    with gr.Tab("Morph", id="morph"):
                        self.morph = MorphPanel(self.now)
                    with gr.Tab("Map", id="map"):
                        self.map = MapPanel(self.now)
                self.favourites = FavouritesPanel(self.now)
            with gr.Column(scale=2, min_width=320, elem_classes="portrait"):
                self.editor.lay_out_portrait()
                self.board = PinBoard(self.now, self.editor.portrait)
        self.favourites.add_with(self.editor.favourite)
        self.editor.lay_out_share(self.draw, self.morph)
        self._wire()

    def _wire(self) -> None:
        now, draw = self.now, self.draw
        # Another model cannot draw the kept faces, nor those edited before.
        emptied = now.model.input(self._empty, None, [*self.board.outputs, now.steps], queue=False, **QUIET)
        first = [
            event.success(lambda found: found[0], draw.recipes, now.face, queue=False, **QUIET)
            for event in (*draw.drawn, draw.draw_after(emptied.success))
        ]
        found = (self.photograph.found, self.board.combined, self.map.chosen, self.favourites.chosen)
        for chosen in (*first, draw.chosen, *found, *self.editor.moved):
            self.editor.show_after(chosen)
        viewed = self.views.select(_view, None, now.view, queue=False, **QUIET)
        for event in (viewed, *self.board.changed, self.morph.drawn, self.map.drawn):
            self.editor.say_after(event)

    def _empty(self) -> Updates:
        return {**self.board.empty(), self.now.steps: Steps().plain()}

    def start(self, opened: Any) -> None:
        self.favourites.list_after(opened)
        shown = self.editor.show_after(self.draw.draw_after(opened.success, linked=True))
        board = {self.now.pins, self.now.model}
        pinned = where(shown.success, self.now.pins, "(pins) => pins.some(Boolean)")
        pinned(self.board.kept, board, self.board.outputs, **QUIET)
        self.morph.open_after(shown)
        self.map.open_after(shown)

    def read(self, query: Query) -> Updates:
        link, now = read_link(query, self.handlers), self.now
        choices = self.handlers.models.names  # more may have come since the page was built
        return {
            now.model: gr.update(choices=choices, value=link.model, visible=len(choices) > 1),
            now.face: link.face,
            now.pins: link.pins,
            now.view: link.view,
            self.views: gr.update(selected=link.view),
            **self.draw.read(link),
            **self.editor.read(link),
            **self.morph.read(link),
        }


def _view(event: gr.SelectData) -> str:
    return VIEWS[event.index]
