"""What can be done with faces besides drawing and editing them: find a photograph's, keep, morph, combine, map."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from dcgan.export import MORPH_FORMATS
from ui.face_handlers import MAP_SIDE, MAX_FRAMES, Face, FaceHandlers, Pins
from ui.face_links import link_keys
from ui.html import figures
from ui.parts import ANIMATIONS, ANSWERS, PICTURES, QUIET, Report, ready, shown
from ui.share import Call, Share, call

NAMES = "ABC"  # of the kept faces
MINUS = "\u2212"


@dataclass(frozen=True)
class Current:
    """What the page shows, as values that travel with its requests: the server keeps nothing of it.

    gallery: the link keys that draw the faces to choose from; face: the recipe of the edited one; pins: those of A, B
    and C, or None; view: which of the tools is open.
    """

    handlers: FaceHandlers
    origin: gr.Textbox
    model: gr.Dropdown
    gallery: gr.JSON
    face: gr.JSON
    pins: gr.JSON
    view: gr.Textbox

    def choice(self, model: str) -> str | None:
        """The model's name for links and code, None where there is only one."""
        return model if len(self.handlers.models.names) > 1 else None


# -- small parts -----------------------------------------------------------------------------------------------------


def announced(
    handler: Callable[..., Iterator[tuple[Any, ...]]], begun: str, others: int
) -> Callable[..., Iterator[tuple[Any, ...]]]:
    """The handler, whose first output is a report and which has `others` more: says at once that work has begun, as
    the device may be busy, and at the end why it failed."""

    @functools.wraps(handler)
    def stream(*values: Any) -> Iterator[tuple[Any, ...]]:
        rest = [gr.skip()] * others
        yield Report(begun), *rest
        try:
            yield from handler(*values)
        except ValueError as error:
            yield Report(f"Nothing came of it: {error}"), *rest
            raise

    return stream


# -- a photograph ----------------------------------------------------------------------------------------------------


def build_photograph(now: Current, button: gr.UploadButton) -> Any:
    """What the search for a photograph's face shows. Returns the event that ends it with the found face."""
    status = gr.HTML(elem_id="photo-status", visible=False)
    pictures = gr.HTML(elem_id="photo-pictures", visible=False)

    def find(photograph: str, model: str) -> Iterator[tuple[Any, ...]]:
        yield gr.HTML(Report("Reading the photograph", 0).html(), visible=True), gr.HTML(visible=False), gr.skip()
        try:
            for report, wanted, found, face in now.handlers.find_face(photograph, model):
                both = figures([(wanted, "Your photograph"), (found, "The face found")], ["\u2192"])
                yield report, gr.HTML(both, visible=True), face
        except ValueError as error:
            yield Report(f"No face was looked for: {error}"), gr.skip(), gr.skip()
            raise

    return button.upload(
        shown(find), [button, now.model], [status, pictures, now.face], concurrency_limit=ANSWERS, **QUIET
    )  # fmt: skip


# -- faces that are kept ---------------------------------------------------------------------------------------------


class PinBoard:
    """The three kept faces. `changed`: the events after which they are others; `combined`: after which there is a new
    face, A - B + C."""

    def __init__(self, now: Current, portrait: gr.Image) -> None:
        self._now = now
        self._pictures: list[gr.Image] = []
        self._clears: list[gr.Button] = []
        self.changed: list[Any] = []
        gr.Markdown("### Kept faces\nKeep two for a morph, three for a map or a sum.", elem_classes="heading")
        with gr.Row(elem_classes="pins"):
            for i in range(len(NAMES)):
                with gr.Column(min_width=80):
                    self._pin(i, portrait)
        button = gr.Button(f"A {MINUS} B + C", elem_id="combine", size="sm")
        status = gr.HTML(elem_id="combine-status")
        equation = gr.HTML(elem_id="equation")
        self.combined = button.click(
            shown(announced(self._combine, "Adding up", 2)), [now.pins, now.model], [status, equation, now.face],
            concurrency_limit=ANSWERS, **QUIET,
        )  # fmt: skip

    @property
    def outputs(self) -> list[Any]:
        """What `kept` gives the values of."""
        return [*self._pictures, *self._clears]

    def kept(self, pins: Pins, model: str) -> Iterator[tuple[Any, ...]]:
        """Pictures and buttons of given recipes."""
        for paths in self._now.handlers.portraits(pins, model):
            yield *paths, *(gr.Button(interactive=path is not None) for path in paths)

    def empty(self) -> tuple[Any, ...]:
        """No recipes, no pictures: the values of pins and `outputs`."""
        none = [None] * len(NAMES)
        return none, *none, *[gr.Button(interactive=False)] * len(NAMES)

    def _pin(self, i: int, portrait: gr.Image) -> None:
        name = NAMES[i]
        picture = gr.Image(
            label=name, type="filepath", format="png", interactive=False, height=110, buttons=[],
            elem_id=f"pin-{name.lower()}", alt_text=f"The face kept as {name}",
        )  # fmt: skip
        keep = gr.Button(f"Keep as {name}", elem_id=f"keep-{name.lower()}", size="sm", min_width=80)
        clear = gr.Button(f"Clear {name}", elem_id=f"clear-{name.lower()}", size="sm", interactive=False, min_width=80)

        def put(pins: Pins, face: Face | None, path: str | None) -> tuple[Any, ...]:
            return [*pins[:i], face, *pins[i + 1 :]], path, gr.Button(interactive=face is not None)

        now, outputs = self._now, [self._now.pins, picture, clear]
        self.changed += [
            keep.click(put, [now.pins, now.face, portrait], outputs, queue=False, **QUIET),
            clear.click(lambda pins: put(pins, None, None), now.pins, outputs, queue=False, **QUIET),
        ]
        self._pictures.append(picture)
        self._clears.append(clear)

    def _combine(self, pins: Pins, model: str) -> Iterator[tuple[Any, ...]]:
        pictures, face = self._now.handlers.combine(pins, model)
        captions = [*NAMES, f"A {MINUS} B + C"]
        yield Report("The sum became the edited face."), figures(
            list(zip(pictures, captions, strict=True)), [MINUS, "+", "="]
        ), face  # fmt: skip


# -- morph -----------------------------------------------------------------------------------------------------------


class MorphPanel:
    """From face to face. motion: the components of frames, loop, frames a second and format, as links have them."""

    def __init__(self, now: Current) -> None:
        self._now = now
        gr.Markdown("Keep a face as A and another as B, then press Morph. A third one, C, comes after B.")
        with gr.Row(equal_height=False):
            with gr.Column(min_width=240, scale=2):
                loop = gr.Checkbox(True, label="Seamless loop: back to A", elem_id="morph-loop")
                kind = gr.Radio(list(MORPH_FORMATS), value="mp4", label="Format", elem_id="morph-format")
                with gr.Accordion("Advanced", open=False, elem_id="morph-advanced"):
                    frames = gr.Slider(2, MAX_FRAMES, 60, step=1, label="Frames", elem_id="morph-frames")
                    fps = gr.Slider(1, 60, 20, step=1, label="Frames a second", elem_id="morph-fps")
                button = gr.Button("Morph", variant="primary", elem_id="morph")
                status = gr.HTML(elem_id="morph-status")
            with gr.Column(min_width=240, scale=3):
                image = gr.Image(
                    label="Morph", interactive=False, height=300, elem_id="morph-image", buttons=[], visible=False
                )  # fmt: skip
                video = gr.Video(label="Morph", loop=True, autoplay=True, height=300, elem_id="morph-video", buttons=[])
                download = gr.DownloadButton("Download", interactive=False, elem_id="morph-file", size="sm")
        share = Share("morph", now.origin)
        self.motion: list[Any] = [frames, loop, fps, kind]
        results = [status, image, video, download]
        self._draw, self._inputs, self._outputs = share.wire(
            announced(self._morph, "Drawing the frames", len(results) - 1), self._describe,
            [now.gallery, now.face, now.pins, now.model, *self.motion], results,
        )  # fmt: skip
        self.drawn = button.click(shown(self._draw), self._inputs, self._outputs, **ANIMATIONS, **QUIET)

    def open_after(self, event: Any) -> Any:
        """Draws the morph where a link wants it."""

        def draw(view: str, *values: Any) -> Iterator[Any]:
            pins = values[self._inputs.index(self._now.pins)]
            if view == "morph" and len([pin for pin in pins if pin]) > 1:
                yield from self._draw(*values)
            else:
                yield (gr.skip(),) * len(self._outputs)

        return event.success(shown(draw), [self._now.view, *self._inputs], self._outputs, **QUIET)

    def _morph(
        self, gallery: dict[str, Any], face: Face, pins: Pins, model: str, *motion: Any
    ) -> Iterator[tuple[Any, ...]]:
        kept = [pin for pin in pins if pin]
        frames, loop, fps, kind = motion
        for report, picture, film, path in self._now.handlers.morph_faces(kept, frames, loop, fps, kind, model):
            views = gr.Image(picture, visible=bool(picture)), gr.Video(film, visible=bool(film))
            yield report, *views, ready(path)

    def _describe(
        self, gallery: dict[str, Any], face: Face, pins: Pins, model: str, *motion: Any
    ) -> tuple[dict[str, Any], list[Call]]:
        named = self._now.choice(model)
        frames, loop, fps, kind = motion
        code = call(
            self._now.handlers.morph_faces,
            faces=[pin for pin in pins if pin], frames=frames, loop=loop, fps=fps, format=kind, model=named,
        )  # fmt: skip
        return link_keys(named, gallery, face, pins, "morph", motion), [code]


# -- map -------------------------------------------------------------------------------------------------------------


class MapPanel:
    """All faces between A, B and C at a glance. `chosen`: the event after which a face of the map is the edited one."""

    def __init__(self, now: Current) -> None:
        self._now = now
        gr.Markdown(
            "Keep three faces and see all between them: A top left, B top right, C bottom left. Click one to edit it."
        )
        button = gr.Button("Draw the map", variant="primary", elem_id="map-draw")
        status = gr.HTML(elem_id="map-status")
        gallery = gr.Gallery(
            show_label=False, label="Map", format="png", columns=MAP_SIDE, object_fit="contain", height="auto",
            allow_preview=False, buttons=[], elem_id="map",
        )  # fmt: skip
        corners = gr.JSON(visible=False, label="corners")  # of the map that is shown: pins may change after it
        self._inputs, self._outputs = [now.pins, now.model], [status, gallery, corners]
        self._draw = announced(self._map, "Drawing the map", 2)
        self.drawn = button.click(shown(self._draw), self._inputs, self._outputs, **PICTURES, **QUIET)

        def choose(corners: Pins, model: str, event: gr.SelectData) -> Face:
            return now.handlers.face_on_map(corners, event.index, model)

        self.chosen = gallery.select(choose, [corners, now.model], now.face, queue=False, **QUIET)

    def open_after(self, event: Any) -> Any:
        """Draws the map where a link wants it."""

        def draw(view: str, pins: Pins, model: str) -> Iterator[Any]:
            if view == "map" and all(pins):
                yield from self._draw(pins, model)
            else:
                yield (gr.skip(),) * len(self._outputs)

        return event.success(shown(draw), [self._now.view, *self._inputs], self._outputs, **QUIET)

    def _map(self, pins: Pins, model: str) -> Iterator[tuple[Any, ...]]:
        for paths in self._now.handlers.draw_map(pins, model):
            yield Report(f"{len(paths)} faces"), paths, pins
