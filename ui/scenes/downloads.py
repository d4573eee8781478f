"""The files of a panel's pictures: the one that is looked at, the first if none is, and all of them."""

from __future__ import annotations

import gradio as gr

from ui.controls import full_size
from ui.drawing import Result
from ui.wiring import QUIET, Updates, Values, ready


class Downloads:
    """A row of buttons below a gallery. files: PNGs, where the gallery may show JPEGs of them."""

    def __init__(self, name: str, gallery: gr.Gallery) -> None:
        self.gallery = gallery
        with gr.Row(elem_classes="after"):
            full_size(name)
            self.jpeg, self.png, self.zip = (
                gr.DownloadButton(
                    f"Download {kind}", interactive=False, size="sm", min_width=120, elem_id=f"{name}-{kind.lower()}"
                )
                for kind in ("JPEG", "PNG", "ZIP")
            )
        self.files = gr.File(visible=False, file_count="multiple")
        self.components = [self.jpeg, self.png, self.zip, self.files]
        gallery.select(self._chosen, {gallery, self.files}, [self.jpeg, self.png], **QUIET)

    def gives(self, result: Result) -> Updates:
        """Nothing as long as there are only drafts."""
        if not result.files:
            waiting = gr.DownloadButton(interactive=False)
            return {self.files: None, self.jpeg: waiting, self.png: waiting, self.zip: waiting}
        all_of_them = gr.DownloadButton("Download ZIP", value=result.archive, interactive=True)
        return {self.files: result.files, self.zip: all_of_them, **self._one(result.shown[0], result.files[0])}

    def _chosen(self, values: Values, chosen: gr.SelectData) -> Updates:
        files = values[self.files]
        if not files:
            return {self.png: gr.skip()}
        shown, _ = values[self.gallery][chosen.index]
        return self._one(shown, files[chosen.index])

    def _one(self, shown: str, file: str) -> Updates:
        """A picture; small ones have no JPEG."""
        large = shown.endswith(".jpg")
        jpeg = gr.DownloadButton(value=shown if large else None, visible=large, interactive=large)
        return {self.jpeg: jpeg, self.png: ready(file)}
