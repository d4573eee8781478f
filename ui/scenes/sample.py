"""New samples on the page, of which the good ones can be chosen, to download those alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from darkroom.checks import check_range
from singan.uses import Sample
from ui.drawing import Result, zipped
from ui.reports import passing_folder
from ui.scenes.panel import Panel
from ui.wiring import QUIET, Updates, Values

MAX_CHOSEN_FROM = 50  # pictures, as many as one drawing gives
CHOSEN_MARK = "\u2713 "  # before the caption of a picture
DRAFTS = "drafts"  # the mode in which samples are shown that nobody asked for


class SamplePanel(Panel):
    """Draw samples; a scene that is chosen shows some of its own at once."""

    use, name, title, action = Sample, "sample", "New samples", "Draw samples"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.runs[DRAFTS] = self.run_drafts

    def lay_out_controls(self) -> None:
        strength = self.lay_out_strength("How much may change")
        self.controls.lay_out("count", "enlarge", "seed")
        with gr.Accordion("Advanced", open=False):
            self.lay_out_start_scale(strength)
            self.controls.lay_out("layout_by")

    def lay_out_results(self) -> list[Any]:
        results = super().lay_out_results()
        self.choosing = gr.Checkbox(False, label="Choose by clicking", visible=False, elem_id="sample-choosing")
        shown = self.pictures
        self.choosing.input(self._look, {self.choosing}, [shown.gallery], queue=False, **QUIET)
        inputs: set[Any] = {shown.gallery, shown.files, self.choosing}
        shown.gallery.select(self._choose, inputs, [shown.gallery, shown.zip], **QUIET)
        return [*results, self.choosing]

    def on_result(self, result: Result, uses: Sequence[Sample], name: str) -> Updates:
        choosing = {self.choosing: gr.Checkbox(False, visible=len(result.files) > 1)} if result.files else {}
        return self.pictures.show(result, allow_preview=True) | choosing

    def run_drafts(self, values: Values) -> Iterator[Updates]:
        """Draw what nobody asked for, when a scene is looked at: of prints, small pictures of the same layouts."""
        (use,) = self.uses(values)
        by = "patches" if use.layout_by == "auto" and use.enlarge else use.layout_by
        note = f"{self.action} prints them" if use.enlarge else None
        yield from self.run_uses([replace(use, layout_by=by, enlarge=False)], values[self.scene], note)
        yield self.show_link([use], values)

    def _look(self, values: Values) -> Updates:
        """Let a click look at a picture again, or choose it; all are seen."""
        return {self.pictures.gallery: gr.Gallery(allow_preview=not values[self.choosing], selected_index=None)}

    def _choose(self, values: Values, clicked: gr.SelectData) -> Iterator[Updates]:
        """Mark a picture, or not any more; the ZIP holds the marked ones, all where none is."""
        gallery, archive = self.pictures.gallery, self.pictures.zip
        files = values[self.pictures.files]
        if not values[self.choosing] or not files:
            yield {gallery: gr.skip()}
            return
        check_range("number of pictures", len(files), 1, MAX_CHOSEN_FROM)
        if len(values[gallery]) != len(files):
            raise ValueError(f"{len(values[gallery])} pictures and {len(files)} files do not belong together")
        check_range("number of the picture", clicked.index, 0, len(files) - 1)
        pictures = toggled(values[gallery], clicked.index)
        good = [file for file, (_, caption) in zip(files, pictures, strict=True) if caption.startswith(CHOSEN_MARK)]
        words = f"Download {len(good)} of {len(files)}" if good else "Download ZIP"
        with passing_folder() as folder:
            path = folder / f"{Path(files[0]).stem.rpartition('_')[0] or 'pictures'}.zip"
            yield {
                gallery: gr.Gallery(pictures, selected_index=None),
                archive: gr.DownloadButton(words, value=zipped(good or files, path), interactive=True),
            }


def toggled(pictures: Sequence[tuple[str, str]], index: int) -> list[tuple[str, str]]:
    """Return pictures with their captions, of which one has got its mark, or lost it."""
    file, caption = pictures[index]
    chosen = caption.startswith(CHOSEN_MARK)
    other = caption.removeprefix(CHOSEN_MARK) if chosen else CHOSEN_MARK + caption
    return [*pictures[:index], (file, other), *pictures[index + 1 :]]
