"""Lay out the Faces tab: draw faces, choose one, edit it, and go on with it."""

from dataclasses import asdict
from typing import Any

import gradio as gr

from ui.faces.draw import DrawPanel, FavouritesPanel, PinBoard
from ui.faces.edit import Editor
from ui.faces.handlers import FaceHandlers
from ui.faces.link import VIEWS, read_link
from ui.faces.morph import MapPanel, MorphPanel
from ui.faces.state import Current, Steps
from ui.links import Query
from ui.results import ResultStore
from ui.wiring import QUIET, Updates


class FacesTab:
    """Lay out the tab inside the current Blocks."""

    def __init__(self, handlers: FaceHandlers, origin: gr.Textbox, results: ResultStore) -> None:
        names = handlers.models.names
        with gr.Row(equal_height=False, elem_classes="bench"):
            with gr.Column(scale=3, min_width=320) as tools:
                model = gr.Dropdown(names, value=names[0], label="Model", visible=len(names) > 1, elem_id="model")
                now = self.now = Current(handlers, origin, model, results)
                self._draw = DrawPanel(now)
                with gr.Tabs(elem_id="face-views") as self._views:
                    edit = gr.Tab("Edit", id="edit")
                    with gr.Tab("Morph", id="morph"):
                        self._morph = MorphPanel(now)
                    with gr.Tab("Map", id="map"):
                        self._map = MapPanel(now)
                self._editor = Editor(now, self._draw, self._morph)
                with edit:
                    self._editor.lay_out_sliders()
            with gr.Column(scale=1, min_width=320, elem_classes="portrait"):
                self._editor.lay_out_portrait()
                self._board = PinBoard(now, self._editor.portrait)
            with tools:
                self.favourites = FavouritesPanel(now, self._editor.favourite)
        self._editor.lay_out_share()
        self._wire()

    def _wire(self) -> None:
        now, draw = self.now, self._draw
        # Another model cannot draw the kept faces, nor those edited before.
        board, steps = self._board, asdict(Steps())
        outputs = [*board.outputs, now.steps]
        emptied = now.model.input(lambda: board.empty() | {now.steps: steps}, None, outputs, queue=False, **QUIET)
        first = [
            event.success(lambda found: found[0], draw.tiles.recipes, now.face, queue=False, **QUIET)
            for event in (*draw.drawn, draw.draw_after(emptied.success))
        ]
        clicked = [part.tiles.chosen for part in (draw, self._map, self.favourites)]
        for chosen in (*first, *clicked, *draw.found, self._board.combined, *self._editor.moved):
            self._editor.show_after(chosen)

        def view(event: gr.SelectData) -> str:
            return VIEWS[event.index]

        viewed = self._views.select(view, None, now.view, queue=False, **QUIET)
        for event in (viewed, *self._board.changed, self._morph.drawn, self._map.drawn):
            self._editor.say_after(event)

    def start(self, opened: Any) -> None:
        self.favourites.list_after(opened)
        shown = self._editor.show_after(self._draw.draw_after(opened.success, linked=True))
        for part in (self._board, self._morph, self._map):
            part.open_after(shown)

    def read(self, query: Query) -> Updates:
        link, now = read_link(query, self.now.handlers), self.now
        choices = now.handlers.models.names  # more may have come since the page was built
        return {
            now.model: gr.update(choices=choices, value=link.model, visible=len(choices) > 1),
            now.face: link.face,
            now.pins: link.pins,
            now.view: link.view,
            self._views: gr.update(selected=link.view),
            **self._draw.read(link),
            **self._editor.read(link),
            **self._morph.read(link),
        }
