"""Animations on the page: one, or the set of twelve, from the same controls."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import gradio as gr

from darkroom.uses import options
from singan.uses import Animate
from singan.uses.start import STRENGTHS
from ui.controls import Player, gallery
from ui.drawing import Result, zipped
from ui.reports import Progress, passing_folder
from ui.scenes.panel import WORDS, Panel
from ui.wiring import ANIMATIONS, Updates, Values

TWELVE = "twelve"  # their mode in links


class AnimatePanel(Panel):
    """Draw one animation, or twelve."""

    use, name, title, action = Animate, "animate", "Animation", "Animate"
    queue = ANIMATIONS

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.runs[TWELVE] = self.run_twelve
        self.run_after(self.all_twelve.click, self.run_twelve)

    def lay_out_controls(self) -> None:
        strength = self.lay_out_strength()
        with gr.Row():
            self.controls.lay_out("loop", "format")
        self.controls.lay_out("enlarge", "seed")
        with gr.Accordion("Advanced", open=False):
            self.lay_out_start_scale(strength)
            self.controls.lay_out("alpha", "beta", "frames", "fps")

    def lay_out_buttons(self) -> None:
        self.all_twelve = gr.Button("The set of twelve", elem_id=TWELVE)

    def lay_out_results(self) -> list[Any]:
        self.player = Player(self.name, "Animation", 360, visible=False)
        self.twelve = gallery(TWELVE, "Three strengths, four smoothnesses", visible=False)
        return [*self.player.components, self.twelve]

    def on_result(self, result: Result, uses: Sequence[Animate], name: str) -> Updates:
        return {**self.player.shows(result.files[0], result.archive), self.twelve: gr.Gallery(visible=False)}

    def run_twelve(self, values: Values) -> Iterator[Updates]:
        """Draw three strengths times four smoothnesses, the calm ones first, as in the choice of one."""
        use, name, betas = self.controls.use_of(values), values[self.scene], options(Animate)["beta"].command
        # Prints of all would take hours.
        uses = [replace(use, start_scale=start, beta=beta, enlarge=False) for start, beta in product(WORDS, betas)]
        captions = [f"{STRENGTHS[each.start_scale]}, beta {each.beta:.2f}" for each in uses]
        files, progress = list[str](), Progress(len(uses), "animations")
        with passing_folder() as folder:
            for number, each in enumerate(uses):
                for result in self.draw([each], name):
                    files += [str(shutil.copy(file, folder)) for file in result.files]
                    if report := progress.take(number, 1.0 if result.files else result.report.share or 0.0):
                        yield {self.status: report.html()}
            tiles = gr.Gallery(list(zip(files, captions, strict=True)), visible=True)
            archive = zipped(files, folder / f"{name}_animations.zip")
            report = progress.end().noted(use.note(self.drawing.models.get(name)))
            yield {self.status: report.html(), **self.player.shows(None, archive), self.twelve: tiles}
        yield self.show_link([use], values, mode=TWELVE)
