"""Hold what the page shows of faces as values that travel with its requests: the server keeps nothing of it."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import gradio as gr

from dcgan import Recipe
from dcgan.uses import Morph
from ui.errors import failing_in
from ui.faces.handlers import Face, FaceHandlers, Gallery
from ui.faces.link import Opened, link_keys
from ui.reports import Report
from ui.results import ResultStore
from ui.wiring import QUIET, Updates, Values

MAX_STEPS = 50  # faces that are remembered for Undo
Handler = Callable[[Any, Values], Iterator[Updates]]


@dataclass(frozen=True)
class Steps:
    """Undo and redo. faces: those that were edited, oldest first; at: index of the present one, -1: none yet."""

    faces: list[Face] = field(default_factory=list)
    at: int = -1

    def taken(self, face: Face) -> "Steps":
        """Return the steps after this face has become the edited one; what was undone is forgotten."""
        if self.at >= 0 and self.faces[self.at] == face:
            return self
        faces = [*self.faces[: self.at + 1], face][-MAX_STEPS:]
        return Steps(faces, len(faces) - 1)

    def moved(self, by: int) -> "Steps":
        """Return the steps so many faces later, or earlier where negative, as far as there are any."""
        return Steps(self.faces, min(max(self.at + by, 0), len(self.faces) - 1))


class Current:
    """Hold the values in components that nobody sees. They begin with what an empty link shows.

    gallery: the link keys that draw the faces to choose from; face: the recipe of the edited one; pins: those of A, B
    and C, or None; steps: the plain `Steps`; favourites: the tokens of those in the strip; view: which tool is open.
    """

    def __init__(self, handlers: FaceHandlers, origin: gr.Textbox, model: gr.Dropdown, results: ResultStore) -> None:
        self.handlers, self.origin, self.model, self.results = handlers, origin, model, results
        blank = Opened(model="")
        self.gallery = gr.JSON({}, visible=False, label="gallery")
        self.face = gr.JSON(blank.face, visible=False, label="face")
        self.pins = gr.JSON(blank.pins, visible=False, label="pins")
        self.steps = gr.JSON(asdict(Steps()), visible=False, label="steps")
        self.favourites = gr.JSON([], visible=False, label="favourites")
        self.view = gr.Textbox(blank.view, visible=False, label="view")

    def recipe(self, values: Values) -> Recipe:
        return Recipe.from_dict(values[self.face])

    def named(self, values: Values) -> str | None:
        """Return the model's name for links and code, None where there is only one."""
        return values[self.model] if len(self.handlers.models.names) > 1 else None

    def link(self, values: Values, view: str, motion: Morph) -> dict[str, Any]:
        return link_keys(self.named(values), values[self.gallery], self.recipe(values), values[self.pins], view, motion)


class Tiles:
    """Lay out faces to click on; name: the elem_id. chosen: the event after which one of them is the edited face."""

    def __init__(self, now: Current, label: str, name: str, columns: int = 8) -> None:
        self.gallery = gr.Gallery(
            show_label=False, label=label, format="png", columns=columns, object_fit="contain", height="auto",
            allow_preview=False, buttons=[], elem_id=name, elem_classes="tiles",
        )  # fmt: skip
        self.recipes = gr.JSON([], visible=False, label=f"recipes of {name}")
        self.components = [self.gallery, self.recipes]
        self.chosen = self.gallery.select(self._chosen, self.recipes, now.face, queue=False, **QUIET)

    def shows(self, drawn: Gallery, selected: int | None = None) -> Updates:
        return {self.gallery: gr.Gallery(drawn.pictures, selected_index=selected), self.recipes: drawn.recipes}

    def _chosen(self, found: list[Face], event: gr.SelectData) -> Face:
        return found[event.index]


def announced(begun: str) -> Callable[[Handler], Handler]:
    """Say in a panel's `status` at once that its handler has begun, as the device may be busy, and why it failed."""

    def decorated(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def stream(self: Any, values: Values) -> Iterator[Updates]:
            yield {self.status: Report(begun).html()}
            yield from failing_in(self.status, handler(self, values))

        return stream

    return decorated
