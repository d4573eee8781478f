"""From face to face, on the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from dcgan import Recipe
from dcgan.recipe import read_face
from dcgan.uses import Morph
from ui.controls import Controls, Player
from ui.faces.current import Current, announced
from ui.faces.link import Opened, link_keys
from ui.share import Call, Share
from ui.wiring import ANIMATIONS, QUIET, Updates, Values

PINS, FAVOURITES, LINKED = "A, B, C", "Favourites", "The link's faces"


class MorphPanel:
    """controls: the options' components by name; drawn: the event after which there is a morph; inputs: what
    `motion` needs."""

    def __init__(self, now: Current) -> None:
        self._now = now
        self.controls = Controls(Morph, "morph")
        gr.Markdown("Keep a face as A and another as B, and C if you like, or add favourites; then press Morph.")
        self._linked = gr.JSON([], visible=False, label="faces of the link")
        with gr.Row(equal_height=False):
            with gr.Column(min_width=240, scale=2):
                self._source = gr.Radio([PINS, FAVOURITES], value=PINS, label="Through", elem_id="morph-through")
                self.controls.lay_out("loop", "format")
                with gr.Accordion("Advanced", open=False, elem_id="morph-advanced"):
                    self.controls.lay_out("frames", "fps")
                button = gr.Button("Morph", variant="primary", elem_id="morph")
                self.status = gr.HTML(elem_id="morph-status")
            with gr.Column(min_width=240, scale=3):
                self._player = Player("morph", "Morph", 300, height=300, buttons=[])
        self.share = Share("morph", now.origin)
        self.inputs = {now.pins, now.favourites, self._source, self._linked, *self.controls.values()}
        shown = {now.gallery, now.face, now.model, *self.inputs}
        self.share.write_code(self._calls, shown)
        self._inputs = {*shown, *self.share.inputs}
        self._outputs = [self.status, *self._player.components, *self.share.outputs]
        self.drawn = button.click(self._draw, self._inputs, self._outputs, **ANIMATIONS, **QUIET)

    def read(self, link: Opened) -> Updates:
        """The controls as a link says."""
        faces = [face.to_dict() for face in link.motion.faces]
        choices = [PINS, FAVOURITES, *([LINKED] if faces else [])]
        source = gr.update(choices=choices, value=LINKED if faces else PINS)
        return {**self.controls.showing(link.motion.plain()), self._linked: faces, self._source: source}

    def open_after(self, event: Any) -> Any:
        """Draws the morph where a link wants it."""

        def ready(values: Values) -> bool:
            return len(self._faces(values)) > 1

        return self._now.draw_linked(event, "morph", ready, self._draw, self._inputs, self._outputs)

    def _faces(self, values: Values) -> tuple[Recipe, ...]:
        """What it goes through."""
        source, now = values[self._source], self._now
        if source == FAVOURITES:
            return tuple(map(read_face, values[now.favourites]))
        return tuple(Recipe.from_dict(face) for face in values[self._linked if source == LINKED else now.pins] if face)

    def motion(self, values: Values) -> Morph:
        """What a link says of it: the faces too, where they are not A, B and C."""
        faces = () if values[self._source] == PINS else self._faces(values)
        return self.controls.use_of(values, faces=faces)  # type: ignore[no-any-return]

    @announced("Drawing the frames")
    def _draw(self, values: Values) -> Iterator[Updates]:
        now = self._now
        use = self.controls.use_of(values, faces=self._faces(values))
        for result in now.handlers.morph(use, values[now.model]):
            updates: Updates = {self.status: result.report.html()}
            if result.files:
                updates |= self._player.shows(result.files[0], result.archive)
            yield updates
        recipe, named = Recipe.from_dict(values[now.face]), now.choice(values[now.model])
        keys = link_keys(named, values[now.gallery], recipe, values[now.pins], "morph", self.motion(values))
        yield self.share.says(keys, lambda: self._calls(values), values)

    def _calls(self, values: Values) -> list[Call]:
        faces = [face.to_dict() for face in self._faces(values)]
        named = self._now.choice(values[self._now.model])
        return [Call("/morph_faces", {"faces": faces, **self.controls.use_of(values).plain(), "model": named})]
