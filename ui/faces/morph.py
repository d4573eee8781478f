"""From face to face, on the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from dcgan import Recipe
from dcgan.uses import Morph
from ui.controls import Controls, Player
from ui.faces.current import Current, announced
from ui.faces.link import Opened, link_keys
from ui.share import Call, Share
from ui.wiring import ANIMATIONS, QUIET, Updates, Values


class MorphPanel:
    """controls: the options' components by name; drawn: the event after which there is a morph."""

    def __init__(self, now: Current) -> None:
        self._now = now
        self.controls = Controls(Morph, "morph")
        gr.Markdown("Keep a face as A and another as B, then press Morph. A third one, C, comes after B.")
        with gr.Row(equal_height=False):
            with gr.Column(min_width=240, scale=2):
                self.controls.lay_out("loop", "format")
                with gr.Accordion("Advanced", open=False, elem_id="morph-advanced"):
                    self.controls.lay_out("frames", "fps")
                button = gr.Button("Morph", variant="primary", elem_id="morph")
                self.status = gr.HTML(elem_id="morph-status")
            with gr.Column(min_width=240, scale=3):
                self._player = Player("morph", "Morph", 300, height=300, buttons=[])
        self.share = Share("morph", now.origin)
        shown = {now.gallery, now.face, now.pins, now.model, *self.controls.values()}
        self.share.write_code(self._calls, shown)
        self._inputs = {*shown, *self.share.inputs}
        self._outputs = [self.status, *self._player.components, *self.share.outputs]
        self.drawn = button.click(self._draw, self._inputs, self._outputs, **ANIMATIONS, **QUIET)

    def read(self, link: Opened) -> Updates:
        """The controls as a link says."""
        return self.controls.showing(link.motion.plain())

    def open_after(self, event: Any) -> Any:
        """Draws the morph where a link wants it."""
        return self._now.draw_linked(event, "morph", 2, self._draw, self._inputs, self._outputs)

    @announced("Drawing the frames")
    def _draw(self, values: Values) -> Iterator[Updates]:
        now = self._now
        use = self.controls.use_of(values, faces=tuple(Recipe.from_dict(pin) for pin in values[now.pins] if pin))
        for result in now.handlers.morph(use, values[now.model]):
            updates: Updates = {self.status: result.report.html()}
            if result.files:
                updates |= self._player.shows(result.files[0], result.archive)
            yield updates
        recipe, named = Recipe.from_dict(values[now.face]), now.choice(values[now.model])
        keys = link_keys(named, values[now.gallery], recipe, values[now.pins], "morph", use)
        yield self.share.says(keys, lambda: self._calls(values), values)

    def _calls(self, values: Values) -> list[Call]:
        faces = [pin for pin in values[self._now.pins] if pin]
        named = self._now.choice(values[self._now.model])
        return [Call("/morph_faces", {"faces": faces, **self.controls.use_of(values).plain(), "model": named})]
