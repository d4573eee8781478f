"""A strip of favourite faces, which the visitor's browser keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from dcgan import Recipe
from dcgan.recipe import face_token
from ui.errors import failing_in
from ui.faces.current import Current, announced
from ui.faces.handlers import Face
from ui.faces.link import usable
from ui.reports import Report
from ui.wiring import FACES, QUIET, Updates, Values, ready

MOST = 32
KEYS = ("model", "face")  # of an entry: a fingerprint, a token
KEY = "darkroom-faces"  # in the browser, and of its cipher: a new one at every start could not read what is kept


class FavouritesPanel:
    """own: what the browser keeps, of all models; chosen: the event after which one of the faces is the edited one."""

    def __init__(self, now: Current) -> None:
        self._now = now
        self.own = gr.BrowserState([], storage_key=KEY, secret=KEY)
        with gr.Column(visible=False, elem_id="favourites-strip") as self._strip:
            gr.Markdown(
                "### Favourites\nClick one to edit it; then it can be kept as A, B or C.", elem_classes="heading"
            )
            self.gallery = gr.Gallery(
                show_label=False, label="Favourites", format="png", columns=8, object_fit="contain", height="auto",
                allow_preview=False, buttons=[], elem_id="favourites", elem_classes="tiles",
            )  # fmt: skip
            with gr.Row():
                remove = gr.Button("Remove from favourites", size="sm", elem_id="favourite-remove", min_width=120)
                self._archive = gr.DownloadButton(
                    "Download all (ZIP)", size="sm", elem_id="favourites-zip", min_width=120
                )
        self.status = gr.HTML(elem_id="favourites-status")
        self._recipes = gr.JSON([], visible=False, label="favourites")
        self._inputs: set[Any] = {self.own, now.face, now.model}
        self._outputs = [
            self.own, self._strip, self.gallery, self._recipes, self._archive, self.status, now.favourites
        ]  # fmt: skip
        for event, change in ((remove.click, self.remove), (now.model.input, self.show)):
            event(change, self._inputs, self._outputs, **FACES, **QUIET)
        self.chosen = self.gallery.select(_chosen, self._recipes, now.face, queue=False, **QUIET)

    def add_with(self, button: gr.Button) -> None:
        """Has a button keep the edited face."""
        button.click(self.add, self._inputs, self._outputs, **FACES, **QUIET)

    def list_after(self, event: Any) -> Any:
        """Shows what the browser has kept after an event."""
        return event.success(self.show, self._inputs, self._outputs, **FACES, **QUIET)

    def show(self, values: Values) -> Iterator[Updates]:
        """Those of the chosen model."""
        yield from failing_in(self.status, self._shown(self._entries(values), values, ""))

    @announced("Keeping the face")
    def add(self, values: Values) -> Iterator[Updates]:
        """The edited face too."""
        entries, new = self._entries(values), self._edited(values)
        if new not in entries and len(entries) >= MOST:
            raise ValueError(f"{MOST} favourites are the most; remove one first")
        said = "This face is among the favourites already." if new in entries else ""
        yield from self._shown(entries if new in entries else [*entries, new], values, said)

    @announced("Removing the face")
    def remove(self, values: Values) -> Iterator[Updates]:
        """All but the edited face."""
        entries, old = self._entries(values), self._edited(values)
        if old not in entries:
            raise ValueError("the edited face is no favourite; click the one to remove first")
        yield from self._shown([entry for entry in entries if entry != old], values, "")

    def _edited(self, values: Values) -> dict[str, str]:
        token = face_token(Recipe.from_dict(values[self._now.face]))
        return {"model": self._now.handlers.model(values[self._now.model]).fingerprint, "face": token}

    def _entries(self, values: Values) -> list[dict[str, str]]:
        """What the browser has kept, whatever it sends: texts, as many as are allowed."""
        kept = values[self.own] if isinstance(values[self.own], list) else []
        texts = [it for it in kept if isinstance(it, dict) and all(isinstance(it.get(key), str) for key in KEYS)]
        return [{key: it[key] for key in KEYS} for it in texts][:MOST]

    def _shown(self, entries: list[dict[str, str]], values: Values, said: str) -> Iterator[Updates]:
        """The strip of those that the chosen model drew; others wait for theirs."""
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
            yield updates | {self.gallery: None, self._recipes: []}
            return
        for drawn in handlers.gallery([Recipe.from_dict(face) for face in mine.values()], "favourites", name):
            yield updates | {
                self.gallery: gr.Gallery(drawn.pictures, selected_index=None),
                self._recipes: drawn.recipes,
                self._archive: ready(drawn.archive),
            }


def _chosen(found: list[Face], event: gr.SelectData) -> Face:
    return found[event.index]
