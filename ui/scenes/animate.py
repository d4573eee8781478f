"""Animations on the page: one, or the set of twelve, from the same controls."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import gradio as gr

from darkroom.uses import options
from singan.uses import Animate
from singan.uses.start import STRENGTHS
from ui.controls import gallery
from ui.drawing import Result, zipped
from ui.reports import Report, duration, passing_folder
from ui.scenes.panel import Drawer, Panel
from ui.wiring import Updates, Values

TWELVE = "twelve"  # their mode in links


class AnimatePanel(Panel):
    """That of Animate: one animation, or the set of twelve."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.draw_after(self.all_twelve.click, self.draw_twelve)

    def lay_out_controls(self) -> None:
        words = self.lay_out_strength()
        with gr.Row():
            self.controls.lay_out("loop", "format")
        self.controls.lay_out("enlarge", "seed")
        with gr.Accordion("Advanced", open=False):
            self.lay_out_start_scale(words)
            self.controls.lay_out("alpha", "beta", "frames", "fps")

    def lay_out_buttons(self) -> None:
        self.all_twelve = gr.Button("The set of twelve", elem_id=TWELVE)

    def lay_out_results(self) -> list[Any]:
        one = super().lay_out_results()
        self.twelve = gallery(TWELVE, "Three strengths, four smoothnesses", visible=False)
        return [*one, self.twelve]

    def shown(self, result: Result, uses: Sequence[Animate], name: str) -> Updates:
        return {**super().shown(result, uses, name), self.twelve: gr.Gallery(visible=False)}

    @property
    def drawers(self) -> Mapping[str, Drawer]:
        return {self.name: self.draw, TWELVE: self.draw_twelve}

    def draw_twelve(self, values: Values) -> Iterator[Updates]:
        """Three strengths times four smoothnesses, the calm ones first, as in the choice of one."""
        use, name, known = self.controls.use_of(values), values[self.scene], options(Animate)
        pairs = product(self.WORDS, known["beta"].command)
        uses = [replace(use, start_scale=start, beta=beta, enlarge=False) for start, beta in pairs]  # or it took hours
        captions = [f"{STRENGTHS[each.start_scale]}, beta {each.beta:.2f}" for each in uses]
        for result in self._draw_all(uses, name):
            updates: Updates = {self.status: result.report.html()}
            if result.files:
                tiles = list(zip(result.files, captions, strict=True))
                updates |= self.player.shows(None, result.archive) | {self.twelve: gr.Gallery(tiles, visible=True)}
            yield updates
        keys = {**self.link(use, name), "mode": TWELVE}
        yield self.share.says(keys, lambda: self.calls_of([use], name), values)

    def _draw_all(self, uses: list[Animate], name: str) -> Iterator[Result]:
        """All of them, one after the other, at the end with their ZIP."""
        started, files = time.monotonic(), list[str]()
        with passing_folder() as folder:
            for done, use in enumerate(uses):
                for result in self.drawing.draw(use, name):
                    left = (time.monotonic() - started) / done * (len(uses) - done) if done else None
                    words = f", {duration(left)} left" if left else ""
                    yield Result(Report(f"animations: {done} of {len(uses)}{words}", done / len(uses)))
                    files += [str(shutil.copy(file, folder)) for file in result.files]
            report = Report(f"{len(files)} animations in {duration(time.monotonic() - started)}")
            report = report.noted(uses[0].note(self.drawing.models.get(name)))
            yield Result(report, files, zipped(files, folder / f"{name}_animations.zip"))
