"""Draw what lies between the kept faces: an animation from one to the next, and a map of all."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from dcgan import Recipe
from dcgan.recipe import read_face
from dcgan.uses import Morph
from ui.controls import Controls, Player
from ui.faces.handlers import MAP_SIDE
from ui.faces.link import Opened
from ui.faces.state import Current, Tiles, announced
from ui.results import ResultFile
from ui.share import Call, CopyLink, LinkAndCode
from ui.wiring import PICTURES, QUIET, Updates, Values, where

PINS, FAVOURITES, LINKED = "A, B, C", "Favourites", "The link's faces"


class MorphPanel:
    """Lay out the morph. drawn: the event after which there is one; inputs: what `motion` needs."""

    def __init__(self, now: Current) -> None:
        self._now, self._controls = now, Controls(Morph, "morph")
        gr.Markdown("Keep a face as A and another as B, and C if you like, or add favourites; then press Morph.")
        self._linked = gr.JSON([], visible=False, label="faces of the link")
        with gr.Row(equal_height=False):
            with gr.Column(min_width=240, scale=2):
                self._source = gr.Radio([PINS, FAVOURITES], value=PINS, label="Through", elem_id="morph-through")
                self._controls.lay_out("loop", "format")
                with gr.Accordion("Advanced", open=False, elem_id="morph-advanced"):
                    self._controls.lay_out("frames", "fps")
                button = gr.Button("Morph", variant="primary", elem_id="morph")
                self.status = gr.HTML(elem_id="morph-status")
            with gr.Column(min_width=240, scale=3):
                self._player = Player("morph", "Morph", 300, height=300, buttons=[])
                CopyLink("morph", now.origin, now.results).keeps(self._shared, {self._player.file})
        self._link_and_code = LinkAndCode("morph", now.origin)
        self.inputs = {now.pins, now.favourites, self._source, self._linked, *self._controls.values()}
        self._inputs = {now.gallery, now.face, now.model, now.origin, *self.inputs}
        self._outputs = [self.status, *self._player.components, *self._link_and_code.components]
        self.drawn = button.click(self._draw, self._inputs, self._outputs, **PICTURES, **QUIET)

    def read(self, link: Opened) -> Updates:
        faces = [face.to_dict() for face in link.motion.faces]
        choices = [PINS, FAVOURITES, *([LINKED] if faces else [])]
        source = gr.update(choices=choices, value=LINKED if faces else PINS)
        return {**self._controls.showing(link.motion.plain()), self._linked: faces, self._source: source}

    def open_after(self, event: Any) -> None:
        """Draw the morph after an event where a link has it open and says through which faces."""
        opened = where(event.success, self._now.view, "(view) => view === 'morph'")
        opened(self._draw_linked, self._inputs, self._outputs, **QUIET)

    def motion(self, values: Values) -> Morph:
        """Return what a link says of it: the faces too, where they are not A, B and C."""
        faces = () if values[self._source] == PINS else self._faces(values)
        return self._controls.use_of(values, faces=faces)  # type: ignore[no-any-return]

    def _faces(self, values: Values) -> tuple[Recipe, ...]:
        source, now = values[self._source], self._now
        if source == FAVOURITES:
            return tuple(map(read_face, values[now.favourites]))
        return tuple(Recipe.from_dict(face) for face in values[self._linked if source == LINKED else now.pins] if face)

    def _draw_linked(self, values: Values) -> Iterator[Any]:
        yield from self._draw(values) if len(self._faces(values)) > 1 else [gr.skip()]

    @announced("Drawing the frames")
    def _draw(self, values: Values) -> Iterator[Updates]:
        now = self._now
        use = self._controls.use_of(values, faces=self._faces(values))
        for result in now.handlers.drawing.draw(use, values[now.model]):
            updates: Updates = {self.status: result.report.html()}
            if result.files:
                updates |= self._player.shows(result.files[0], result.archive)
            yield updates
        keys = now.link(values, "morph", self.motion(values))
        yield self._link_and_code.says(keys, self._calls(values), values)

    def _shared(self, values: Values) -> Iterator[tuple[str, list[ResultFile]]]:
        yield "From face to face", self._player.shared(values)

    def _calls(self, values: Values) -> list[Call]:
        faces = [face.to_dict() for face in self._faces(values)]
        arguments = {"faces": faces, **self._controls.use_of(values).plain(), "model": self._now.named(values)}
        return [Call("/morph_faces", arguments)]


class MapPanel:
    """Map all faces between A, B and C. drawn: the event after which there is a map."""

    def __init__(self, now: Current) -> None:
        self._now = now
        gr.Markdown(
            "Keep three faces and see all between them: A top left, B top right, C bottom left. Click one to edit it."
        )
        button = gr.Button("Draw the map", variant="primary", elem_id="map-draw")
        self.status = gr.HTML(elem_id="map-status")
        self.tiles = Tiles(now, "Map", "map", MAP_SIDE)
        self._outputs = [self.status, *self.tiles.components]
        self._inputs: set[Any] = {now.pins, now.model}
        self.drawn = button.click(self._draw, self._inputs, self._outputs, **PICTURES, **QUIET)

    def open_after(self, event: Any) -> None:
        """Draw the map after an event where a link has it open and says all three faces."""
        opened = where(event.success, self._now.view, "(view) => view === 'map'")
        complete = where(opened, self._now.pins, "(pins) => pins.every(Boolean)")
        complete(self._draw, self._inputs, self._outputs, **QUIET)

    @announced("Drawing the map")
    def _draw(self, values: Values) -> Iterator[Updates]:
        for drawn in self._now.handlers.map(values[self._now.pins], values[self._now.model]):
            yield {self.status: drawn.report.html(), **self.tiles.shows(drawn)}
