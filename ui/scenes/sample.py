"""New samples on the page: which of them are good can be said, to take those along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from darkroom.checks import check_whole
from darkroom.uses import options
from singan.uses import Sample
from ui.drawing import Result, zipped
from ui.reports import passing_folder
from ui.scenes.panel import Drawer, Panel
from ui.wiring import QUIET, Updates, Values, ready

DRAFTS = "drafts"  # the mode in which samples are shown that nobody asked for


class SamplePanel(Panel):
    """That of Sample."""

    BUTTON = "Draw samples"

    def lay_out_controls(self) -> None:
        words = self.lay_out_strength("How much may change")
        self.controls.lay_out("count", "layout_by", "enlarge", "seed")
        with gr.Accordion("Advanced", open=False):
            self.lay_out_start_scale(words)

    def lay_out_results(self) -> list[Any]:
        results = super().lay_out_results()
        self.good = gr.Dropdown([], multiselect=True, label="Only these in the ZIP", elem_id="sample-good")
        chosen: set[Any] = {self.downloads.files, self.good}
        self.good.input(self._chosen, chosen, [self.downloads.zip], **QUIET)
        return [*results, self.good]

    def shown(self, result: Result, uses: Sequence[Any], name: str) -> Updates:
        return {self.good: gr.Dropdown(choices=list(range(1, len(result.files) + 1)), value=[])}

    @property
    def drawers(self) -> Mapping[str, Drawer]:
        return {self.name: self.draw, DRAFTS: self.draw_drafts}

    def draw_drafts(self, values: Values) -> Iterator[Updates]:
        """What is drawn unasked, when a scene is looked at: of prints, small pictures of the same layouts."""
        name = values[self.scene]
        (use,) = self.uses(self.controls.asked(values), name)
        by = "patches" if use.layout_by == "auto" and use.enlarge else use.layout_by
        note = f"{self.BUTTON} prints them" if use.enlarge else None
        yield from self.results_of([replace(use, layout_by=by, enlarge=False)], name, note)
        yield self.share.says(self.link(use, name), lambda: self.calls_of([use], name), values)

    def _chosen(self, values: Values) -> Iterator[Updates]:
        with passing_folder() as folder:
            files = zip_of(values[self.downloads.files] or [], values[self.good] or [], folder)
            yield {self.downloads.zip: ready(files)}


def zip_of(files: list[str], numbers: list[int], folder: Path) -> str:
    """A ZIP of some of the pictures, counted from 1, of all where none is chosen; called like them. Raises
    ValueError."""
    if not files:
        raise ValueError("there are no pictures yet: draw some first")
    check_whole("number of pictures", len(files), 1, int(options(Sample)["count"].most or 0))
    wanted = sorted({check_whole("a picture's number", number, 1, len(files)) for number in numbers})
    name = Path(files[0]).stem.rpartition("_")[0] or "pictures"
    return zipped([files[i - 1] for i in wanted] or files, folder / f"{name}.zip")
