"""From face to face, on the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from darkroom.uses import options
from dcgan import Recipe
from dcgan.uses import Morph
from ui.controls import animation, control
from ui.faces.current import Current, announced
from ui.faces.link import Opened, link_keys
from ui.share import Call, Share
from ui.wiring import ANIMATIONS, QUIET, Updates, Values, ready, where


class MorphPanel:
    """controls: the options' components by name; drawn: the event after which there is a morph."""

    def __init__(self, now: Current) -> None:
        self._now = now
        self.controls: dict[str, Any] = {}
        gr.Markdown("Keep a face as A and another as B, then press Morph. A third one, C, comes after B.")
        with gr.Row(equal_height=False):
            with gr.Column(min_width=240, scale=2):
                self._lay_out("loop", "format")
                with gr.Accordion("Advanced", open=False, elem_id="morph-advanced"):
                    self._lay_out("frames", "fps")
                button = gr.Button("Morph", variant="primary", elem_id="morph")
                self.status = gr.HTML(elem_id="morph-status")
            with gr.Column(min_width=240, scale=3):
                self.image = gr.Image(
                    label="Morph", interactive=False, height=300, elem_id="morph-image", buttons=[], visible=False
                )  # fmt: skip
                self.video = gr.Video(
                    label="Morph", loop=True, autoplay=True, height=300, elem_id="morph-video", buttons=[]
                )  # fmt: skip
                self.file = gr.DownloadButton("Download", interactive=False, elem_id="morph-file", size="sm")
        self.share = Share("morph", now.origin)
        shown = {now.gallery, now.face, now.pins, now.model, *self.controls.values()}
        self.share.write_code(self._calls, shown)
        self._inputs, self._outputs = {*shown, *self.share.inputs}, [
            self.status, self.image, self.video, self.file, *self.share.outputs
        ]  # fmt: skip
        self.drawn = button.click(self._draw, self._inputs, self._outputs, **ANIMATIONS, **QUIET)

    def _lay_out(self, *names: str) -> None:
        for name in names:
            self.controls[name] = control(options(Morph)[name], f"morph-{name}")

    def read(self, link: Opened) -> Updates:
        """The controls as a link says."""
        return {self.controls[name]: value for name, value in link.motion.plain().items()}

    def motion(self, values: Values, *faces: Recipe) -> Morph:
        """What the controls say, between these faces. Raises ValueError."""
        use = Morph.served({name: values[component] for name, component in self.controls.items()}, faces=faces)
        assert isinstance(use, Morph)
        return use

    def open_after(self, event: Any) -> Any:
        """Draws the morph where a link wants it."""
        now = self._now
        wanted = lambda values: values[now.view] == "morph" and sum(map(bool, values[now.pins])) > 1  # noqa: E731
        return event.success(where(wanted, self._draw), {self._now.view, *self._inputs}, self._outputs, **QUIET)

    @announced("Drawing the frames")
    def _draw(self, values: Values) -> Iterator[Updates]:
        now = self._now
        use = self.motion(values, *(Recipe.from_dict(pin) for pin in values[now.pins] if pin))
        for result in now.handlers.morph(use, values[now.model]):
            updates: Updates = {self.status: result.report.html()}
            if result.files:
                updates |= animation(result.files[0], self.image, self.video) | {self.file: ready(result.archive)}
            yield updates
        recipe, named = Recipe.from_dict(values[now.face]), now.choice(values[now.model])
        keys = link_keys(named, values[now.gallery], recipe, values[now.pins], "morph", use)
        yield self.share.says(keys, lambda: self._calls(values), values)

    def _calls(self, values: Values) -> list[Call]:
        faces = [pin for pin in values[self._now.pins] if pin]
        named = self._now.choice(values[self._now.model])
        return [Call("/morph_faces", {"faces": faces, **self.motion(values).plain(), "model": named})]
