"""A strip of favourite faces, which the visitor's browser keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from dcgan import Recipe
from dcgan.recipe import face_token
from ui.errors import failing_in
from ui.faces.link import usable
from ui.faces.state import Current, announced, tiles
from ui.reports import Report
from ui.wiring import FACES, QUIET, Updates, Values, ready

MAX_FAVOURITES = 32
KEYS = ("model", "face")  # of an entry: a fingerprint, a token
KEY = "darkroom-faces"  # in the browser, and of its cipher: a new one at every start could not read what is kept


class FavouritesPanel:
    """own: what the browser keeps, of all models; chosen: the event after which one of the faces is the edited one."""

    def __init__(self, now: Current, add: gr.Button) -> None:
        self._now = now
        self.own = gr.BrowserState([], storage_key=KEY, secret=KEY)
        with gr.Column(visible=False, elem_id="favourites-strip") as self._strip:
            gr.Markdown(
                "### Favourites\nClick one to edit it; then it can be kept as A, B or C.", elem_classes="heading"
            )
            self._gallery = tiles("Favourites", "favourites")
            with gr.Row():
                remove = gr.Button("Remove from favourites", size="sm", elem_id="favourite-remove", min_width=120)
                self._archive = gr.DownloadButton(
                    "Download all (ZIP)", size="sm", elem_id="favourites-zip", min_width=120
                )
        self.status = gr.HTML(elem_id="favourites-status")
        self._recipes = gr.JSON([], visible=False, label="favourites")
        for event, change in ((add.click, self.add), (remove.click, self.remove), (now.model.input, self.show)):
            self._after(event, change)
        self.chosen = now.choose_from(self._gallery, self._recipes)

    def list_after(self, event: Any) -> None:
        """Show what the browser has kept after an event."""
        self._after(event.success, self.show)

    def _after(self, event: Any, change: Any) -> None:
        updated = [self._strip, self._gallery, self._recipes, self._archive, self.status, self._now.favourites]
        event(change, {self.own, self._now.face, self._now.model}, [self.own, *updated], **FACES, **QUIET)

    def show(self, values: Values) -> Iterator[Updates]:
        """Show those of the chosen model."""
        yield from failing_in(self.status, self._shown(self._entries(values), values))

    @announced("Keeping the face")
    def add(self, values: Values) -> Iterator[Updates]:
        """Add the edited face."""
        entries, new = self._entries(values), self._edited(values)
        if new in entries:
            yield from self._shown(entries, values, "This face is among the favourites already.")
            return
        if len(entries) >= MAX_FAVOURITES:
            raise ValueError(f"{MAX_FAVOURITES} favourites are the most; remove one first")
        yield from self._shown([*entries, new], values)

    @announced("Removing the face")
    def remove(self, values: Values) -> Iterator[Updates]:
        """Remove the edited face."""
        entries, old = self._entries(values), self._edited(values)
        if old not in entries:
            raise ValueError("the edited face is no favourite; click the one to remove first")
        yield from self._shown([entry for entry in entries if entry != old], values)

    def _edited(self, values: Values) -> dict[str, str]:
        model = self._now.handlers.model(values[self._now.model])
        return {"model": model.fingerprint, "face": face_token(self._now.recipe(values))}

    def _entries(self, values: Values) -> list[dict[str, str]]:
        """Return what the browser has kept, whatever it sends: texts, as many as are allowed."""
        kept = values[self.own] if isinstance(values[self.own], list) else []
        texts = [it for it in kept if isinstance(it, dict) and all(isinstance(it.get(key), str) for key in KEYS)]
        return [{key: it[key] for key in KEYS} for it in texts][:MAX_FAVOURITES]

    def _shown(self, entries: list[dict[str, str]], values: Values, said: str = "") -> Iterator[Updates]:
        """Show the strip of those that the chosen model drew; others wait for theirs."""
        handlers, name = self._now.handlers, values[self._now.model]
        faces, mine = handlers.model(name), {}
        for entry in entries:
            if entry["model"] == faces.fingerprint:
                try:
                    mine[entry["face"]] = usable(entry["face"], faces)
                except ValueError:  # altered in the browser
                    continue
        updates: Updates = {
            self.own: entries,
            self._strip: gr.Column(visible=bool(mine)),
            self._now.favourites: list(mine),
            self.status: Report(said).html() if said else "",
        }
        if not mine:
            yield updates | {self._gallery: None, self._recipes: []}
            return
        for drawn in handlers.gallery([Recipe.from_dict(face) for face in mine.values()], "favourites", name):
            yield updates | {
                self._gallery: gr.Gallery(drawn.pictures, selected_index=None),
                self._recipes: drawn.recipes,
                self._archive: ready(drawn.archive),
            }
