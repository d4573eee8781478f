"""Panels that draw a scene anew: samples, of which the good ones can be chosen, animations, larger, as tiles."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.checks import check_range
from darkroom.uses import options
from singan.uses import Animate, Sample, SuperResolve, Tile
from singan.uses.start import STRENGTHS
from ui.controls import Player, gallery
from ui.drawing import Result, zipped
from ui.reports import Progress, passing_folder
from ui.results import ResultFile
from ui.scenes.panel import WORDS, BeforeAfterPanel, Panel
from ui.visitors import display_name
from ui.wiring import QUIET, Updates, Values

MAX_CHOSEN_FROM = int(options(Sample)["count"].most or 0)  # pictures, as many as one drawing gives
CHOSEN_MARK = "\u2713 "  # before the caption of a picture
MAX_REPEATED_SIDE = 700  # px, of one of the four tiles
TWELVE = "twelve"  # the mode of a set of animations


class SamplePanel(Panel):
    """Draw new pictures of the same kind, of which the good ones can be chosen."""

    use, name, title, action = Sample, "sample", "New pictures", "Draw new pictures"

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
        self.choosing.input(self._switch_choosing, {self.choosing}, [shown.gallery], queue=False, **QUIET)
        inputs: set[Any] = {shown.gallery, shown.files, self.choosing}
        shown.gallery.select(self.choose, inputs, [shown.gallery, shown.zip], **QUIET)
        return [*results, self.choosing]

    def on_result(self, result: Result, uses: Sequence[Sample], name: str) -> Updates:
        choosing = {self.choosing: gr.Checkbox(False, visible=len(result.files) > 1)} if result.files else {}
        return self.pictures.show(result, allow_preview=True) | choosing

    def shared(self, values: Values) -> list[ResultFile]:
        """Return the marked ones, all where none is."""
        files = super().shared(values)
        marked = [it for it in files if it.caption.startswith(CHOSEN_MARK)]
        return [replace(it, caption=it.caption.removeprefix(CHOSEN_MARK)) for it in marked] or files

    def _switch_choosing(self, values: Values) -> Updates:
        """Let a click look at a picture again, or choose it; all are seen."""
        return {self.pictures.gallery: gr.Gallery(allow_preview=not values[self.choosing], selected_index=None)}

    def choose(self, values: Values, clicked: gr.SelectData) -> Iterator[Updates]:
        """Mark a picture, or not any more; the ZIP holds the marked ones, all where none is."""
        pictures, files = values[self.pictures.gallery], values[self.pictures.files]
        if not values[self.choosing] or not files:
            yield {self.pictures.gallery: gr.skip()}
            return
        check_range("number of pictures", len(files), 1, MAX_CHOSEN_FROM)
        shown, caption = pictures[clicked.index]
        chosen = caption.startswith(CHOSEN_MARK)
        pictures[clicked.index] = shown, caption.removeprefix(CHOSEN_MARK) if chosen else CHOSEN_MARK + caption
        good = [file for file, (_, caption) in zip(files, pictures, strict=True) if caption.startswith(CHOSEN_MARK)]
        words = f"Download {len(good)} of {len(files)}" if good else "Download ZIP"
        with passing_folder() as folder:
            path = f"{folder}/{Path(files[0]).stem.rpartition('_')[0] or 'pictures'}.zip"
            yield {
                self.pictures.gallery: gr.Gallery(pictures, selected_index=None),
                self.pictures.zip: gr.DownloadButton(words, value=zipped(good or files, path), interactive=True),
            }


class AnimatePanel(Panel):
    """Draw one animation, or the set of twelve from the same controls."""

    use, name, title, action = Animate, "animate", "Motion", "Animate"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.runs[TWELVE] = self.run_twelve
        with self.buttons:
            self.train_first = gr.Button("Train, then animate", variant="primary", visible=False, elem_id="train-first")
            all_twelve = gr.Button("The set of twelve", elem_id=TWELVE)
        self.train_first.click(None, None, None, js="() => darkroom.wantMotion()", **QUIET)
        self.run_after(all_twelve.click, self.run_twelve)

    def lay_out_controls(self) -> None:
        strength = self.lay_out_strength()
        with gr.Row():
            self.controls.lay_out("loop", "format")
        self.controls.lay_out("enlarge", "seed")
        with gr.Accordion("Advanced", open=False):
            self.lay_out_start_scale(strength)
            self.controls.lay_out("alpha", "beta", "frames", "fps")

    def lay_out_results(self) -> list[Any]:
        self.player = Player(self.name, "Animation", 360, visible=False)
        self.twelve = gallery(TWELVE, "Three strengths, four smoothnesses", visible=False)
        return [*self.player.components, self.twelve]

    @property
    def shared_from(self) -> set[Any]:
        return {self.player.file, self.twelve}

    def shared(self, values: Values) -> list[ResultFile]:
        twelve = [ResultFile(file, file, caption) for file, caption in values[self.twelve] or []]
        return twelve or self.player.shared(values)

    def on_result(self, result: Result, uses: Sequence[Animate], name: str) -> Updates:
        return {**self.player.shows(result.files[0], result.archive), self.twelve: gr.Gallery(None, visible=False)}

    def run_twelve(self, values: Values) -> Iterator[Updates]:
        """Draw three strengths times four smoothnesses, the calm ones first, as in the choice of one."""
        use, name, betas = self.controls.use_of(values), values[self.scene], options(Animate)["beta"].command
        # Prints of all would take hours.
        uses = [replace(use, start_scale=start, beta=beta, enlarge=False) for start, beta in product(WORDS, betas)]
        captions = [f"{STRENGTHS[each.start_scale]}, beta {each.beta:.2f}" for each in uses]
        files, progress = list[str](), Progress(len(uses), "animations")
        with passing_folder() as folder:
            for number, each in enumerate(uses):
                for result in self.drawing.draw(each, name):
                    files += [str(shutil.copy(file, folder)) for file in result.files]
                    if report := progress.take(number, 1.0 if result.files else result.report.share or 0.0):
                        yield {self.status: report.html()}
            tiles = gr.Gallery(list(zip(files, captions, strict=True)), visible=True)
            archive = zipped(files, f"{folder}/{display_name(name)}_animations.zip")
            report = progress.end().noted(use.note(self.drawing.models.get(name)))
            shown = {self.status: report.html(), **self.player.shows(None, archive), self.twelve: tiles}
            yield {**shown, **self.show_link([use], values, mode=TWELVE)}


class LargerPanel(BeforeAfterPanel):
    """Enlarge the photograph, beside the plainly enlarged one."""

    use, name, title, action = SuperResolve, "super-resolve", "Larger", "Super-resolve"
    before, after = "Plainly enlarged", "by its own patches"

    def lay_out_controls(self) -> None:
        self.controls.lay_out("factor")


class TilePanel(Panel):
    """Draw tiles; the one that is looked at is shown repeated."""

    use, name, title, action = Tile, "tile", "Tiles", "Draw tiles"

    def lay_out_controls(self) -> None:
        self.controls.lay_out("count", "seed", "enlarge")

    def lay_out_results(self) -> list[Any]:
        self.repeated = gr.Image(
            label="Repeated 2 × 2", interactive=False, format="jpeg", visible=False, elem_id="tile-repeated"
        )
        results = super().lay_out_results()
        self.pictures.gallery.select(self._repeat, {self.pictures.gallery}, [self.repeated], **QUIET)
        return [self.repeated, *results]

    def on_result(self, result: Result, uses: Sequence[Tile], name: str) -> Updates:
        return {**self.pictures.show(result), self.repeated: repeated(result.shown[0])}

    def _repeat(self, values: Values, chosen: gr.SelectData) -> Updates:
        return {self.repeated: repeated(values[self.pictures.gallery][chosen.index][0])}


def repeated(file: str) -> gr.Image:
    """Return a tile beside, above and below itself."""
    with Image.open(file) as picture:
        tile = picture.convert("RGB")
    tile.thumbnail((MAX_REPEATED_SIDE, MAX_REPEATED_SIDE))
    four = Image.new("RGB", (2 * tile.width, 2 * tile.height))
    for corner in product((0, tile.width), (0, tile.height)):
        four.paste(tile, corner)
    return gr.Image(four, visible=True)
