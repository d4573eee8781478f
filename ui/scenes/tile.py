"""Tiles on the page, repeated as they are meant to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from PIL import Image

from singan.uses import Tile
from ui.drawing import Result
from ui.scenes.panel import Panel
from ui.wiring import QUIET, Updates, Values

SIDE = 700  # px, longer side of one of the four


class TilePanel(Panel):
    """That of Tile: the one that is looked at, 2 x 2."""

    BUTTON = "Draw tiles"

    def lay_out_results(self) -> list[Any]:
        self.repeated = gr.Image(
            label="Repeated 2 × 2", interactive=False, format="jpeg", visible=False, elem_id="tile-repeated",
            buttons=["fullscreen"],
        )  # fmt: skip
        results = super().lay_out_results()
        self.gallery.select(self._chosen, {self.gallery}, [self.repeated], **QUIET)
        return [self.repeated, *results]

    def seen(self, result: Result, uses: Sequence[Tile], name: str) -> Updates:
        return {**super().seen(result, uses, name), self.repeated: repeated(result.shown[0])}

    def _chosen(self, values: Values, chosen: gr.SelectData) -> Updates:
        file, _ = values[self.gallery][chosen.index]
        return {self.repeated: repeated(file)}


def repeated(file: str) -> gr.Image:
    """A tile beside, above and below itself."""
    with Image.open(file) as picture:
        tile = picture.convert("RGB")
    tile.thumbnail((SIDE, SIDE))
    four = Image.new("RGB", (2 * tile.width, 2 * tile.height))
    for column in (0, 1):
        for row in (0, 1):
            four.paste(tile, (column * tile.width, row * tile.height))
    return gr.Image(four, visible=True)
