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
from ui.wiring import QUIET, Updates, Values

MARK = "\u2713 "  # of a chosen picture
DRAFTS = "drafts"  # the mode in which samples are shown that nobody asked for


class SamplePanel(Panel):
    """That of Sample."""

    BUTTON = "Draw samples"

    def lay_out_controls(self) -> None:
        words = self.lay_out_strength("How much may change")
        self.controls.lay_out("count", "enlarge", "seed")
        with gr.Accordion("Advanced", open=False):
            self.lay_out_start_scale(words)
            self.controls.lay_out("layout_by")

    def lay_out_results(self) -> list[Any]:
        results = super().lay_out_results()
        self.choosing = gr.Checkbox(False, label="Choose by clicking", visible=False, elem_id="sample-choosing")
        self.good = gr.JSON([], visible=False, label="chosen")  # numbers, from 1
        self.choosing.input(self._looked, {self.choosing}, [self.gallery], queue=False, **QUIET)
        inputs: set[Any] = {self.gallery, self.downloads.files, self.good, self.choosing}
        self.gallery.select(self._toggled, inputs, [self.gallery, self.good, self.downloads.zip], **QUIET)
        return [*results, self.choosing, self.good]

    def seen(self, result: Result, uses: Sequence[Any], name: str) -> Updates:
        updates = super().seen(result, uses, name)
        return updates | {self.gallery: gr.Gallery(updates[self.gallery], allow_preview=True)}

    def shown(self, result: Result, uses: Sequence[Any], name: str) -> Updates:
        return {self.good: [], self.choosing: gr.Checkbox(False, visible=len(result.files) > 1)}

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

    def _looked(self, values: Values) -> Updates:
        """A click looks at a picture again, or chooses it; then all are seen."""
        return {self.gallery: gr.Gallery(allow_preview=not values[self.choosing], selected_index=None)}

    def _toggled(self, values: Values, clicked: gr.SelectData) -> Iterator[Updates]:
        """Takes a picture along, or not any more: it has a mark, and the ZIP holds the marked ones."""
        if not values[self.choosing] or not values[self.downloads.files]:
            yield {self.good: gr.skip()}
            return
        good = sorted({*values[self.good]} ^ {clicked.index + 1})
        with passing_folder() as folder:
            files = zip_of(values[self.downloads.files], good, folder)
            said = f"Download {len(good)} of {len(values[self.downloads.files])}" if good else "Download ZIP"
            yield {
                self.good: good,
                self.gallery: gr.Gallery(marked(values[self.gallery], good), selected_index=None),
                self.downloads.zip: gr.DownloadButton(said, value=files, interactive=True),
            }


def marked(pictures: Sequence[tuple[str, str]], numbers: Sequence[int]) -> list[tuple[str, str]]:
    """Pictures with their captions, in which those of these numbers, from 1, have a mark."""
    plain = [(file, caption.removeprefix(MARK)) for file, caption in pictures]
    return [(file, MARK + caption if n in numbers else caption) for n, (file, caption) in enumerate(plain, 1)]


def zip_of(files: list[str], numbers: list[int], folder: Path) -> str:
    """A ZIP of some of the pictures, counted from 1, of all where none is chosen; called like them. Raises
    ValueError."""
    if not files:
        raise ValueError("there are no pictures yet: draw some first")
    check_whole("number of pictures", len(files), 1, int(options(Sample)["count"].most or 0))
    wanted = sorted({check_whole("a picture's number", number, 1, len(files)) for number in numbers})
    name = Path(files[0]).stem.rpartition("_")[0] or "pictures"
    return zipped([files[i - 1] for i in wanted] or files, folder / f"{name}.zip")
