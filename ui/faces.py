"""The Faces tab: draw faces, choose one, edit it, and go on with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr

from dcgan import Recipe
from dcgan.recipe import MAX_TRUNCATION
from ui.api import picture_file
from ui.face_handlers import MAX_FACES, TABLE_COLUMNS, Face, FaceHandlers, Pins
from ui.face_links import VIEWS, Opened, gallery_keys, in_order, index_in, link_keys, read_link
from ui.face_tools import Current, MapPanel, MorphPanel, PinBoard, announced, build_photograph
from ui.links import Query
from ui.parts import ANSWERS, QUIET, ready, seed_row, shown
from ui.share import Share, call
from ui.tab import Tab

SLIDER_REACH = 3.0  # standard deviations
VARIETY = {"Alike": 0.6, "Natural": 1.0, "Wild": 1.4}  # truncations
# The word for a truncation, if there is one; in the browser, as one may press the button right after it.
VARIETY_OF = f"(value) => {list(VARIETY.values())}.includes(value) ? value : null"


def build_faces_tab(handlers: FaceHandlers, origin: gr.Textbox) -> Tab:
    """Lays out the tab inside the current Blocks and wires its events."""
    names = handlers.models.names
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            model = gr.Dropdown(names, value=names[0], label="Model", visible=len(names) > 1, elem_id="model")
            now = _current(handlers, origin, model)
            draw = DrawPanel(now)
        with gr.Column(scale=3, min_width=320):
            draw.lay_out_gallery()
            photograph = build_photograph(now, draw.photograph)
    with gr.Row(equal_height=False, elem_classes="bench"):
        with gr.Column(scale=3, min_width=320, elem_classes="tools"), gr.Tabs(elem_id="face-views") as views:
            with gr.Tab("Edit", id="edit"):
                editor = Editor(now)
            with gr.Tab("Morph", id="morph"):
                morph = MorphPanel(now)
            with gr.Tab("Map", id="map"):
                board_map = MapPanel(now)
        with gr.Column(scale=2, min_width=320, elem_classes="portrait"):
            editor.lay_out_portrait()
            board = PinBoard(now, editor.portrait)
    says = Description(now, draw, editor, morph, Share("faces", origin))
    moved = editor.wire(says)
    first = [
        event.success(lambda found: found[0], draw.recipes, now.face, queue=False, **QUIET)
        for event in (*draw.drawn, draw.draw(_emptied(model, board, now).success))
    ]
    for chosen in (*first, draw.chosen, photograph, board.combined, board_map.chosen, *moved):
        editor.show(chosen, says)
    viewed = views.select(_view, None, now.view, queue=False, **QUIET)
    for event in (viewed, *board.changed, morph.drawn, board_map.drawn):
        says.again(event)

    def start(opened: Any) -> None:
        drawn = draw.draw(opened.success)
        kept = editor.show(drawn, says).success(shown(board.kept), [now.pins, model], board.outputs, **QUIET)
        says.again(board_map.open_after(morph.open_after(kept)))

    def read(query: Query) -> list[Any]:
        link = read_link(query, handlers)
        choices = handlers.models.names  # more may have come since the page was built
        return [
            gr.Dropdown(choices=choices, value=link.model, visible=len(choices) > 1), *DrawPanel.values(link),
            link.face, link.pins, link.view, gr.Tabs(selected=link.view), *link.motion,
        ]  # fmt: skip

    return Tab([model, *draw.controls, now.face, now.pins, now.view, views, *morph.motion], read, start)


def _view(event: gr.SelectData) -> str:
    return VIEWS[event.index]


def _emptied(model: gr.Dropdown, board: PinBoard, now: Current) -> Any:
    """Another model cannot draw the kept faces: the event after which there are none."""
    return model.input(board.empty, None, [now.pins, *board.outputs], queue=False, **QUIET)


def _current(handlers: FaceHandlers, origin: gr.Textbox, model: gr.Dropdown) -> Current:
    blank = Opened(model="")
    return Current(
        handlers, origin, model,
        gr.JSON({}, visible=False, label="gallery"), gr.JSON(blank.face, visible=False, label="face"),
        gr.JSON(blank.pins, visible=False, label="pins"), gr.Textbox(blank.view, visible=False, label="view"),
    )  # fmt: skip


class DrawPanel:
    """Faces to choose from, by seed or out of a file.

    controls: what links set; recipes: of the gallery's faces; drawn: the events after which they are others; chosen:
    the event after which one of them is the edited face.
    """

    def __init__(self, now: Current) -> None:
        self._now = now
        seed = seed_row("faces")
        variety = gr.Radio(list(VARIETY.items()), value=1.0, label="Variety", elem_id="faces-variety")
        count = gr.Slider(1, MAX_FACES, 16, step=1, label="Faces", elem_id="faces-count")
        with gr.Accordion("Advanced", open=False, elem_id="faces-advanced"):
            truncation = gr.Slider(
                0, MAX_TRUNCATION, 1.0, step=0.05, label="Truncation", elem_id="faces-truncation",
                info="How far from the average face: below 1 more alike, above wilder.",
            )  # fmt: skip
        variety.input(None, variety, truncation, js="(value) => value", **QUIET)
        turned = [truncation.input, truncation.release]
        gr.on(turned, None, truncation, variety, js=VARIETY_OF, trigger_mode="always_last", **QUIET)
        button = gr.Button("Draw faces", variant="primary", elem_id="faces-draw")
        with gr.Row():
            self.photograph = gr.UploadButton(
                "Load a photograph", file_types=["image"], elem_id="faces-photo", size="sm", min_width=120
            )
            self._load = gr.UploadButton(
                "Load faces", file_types=[".png", ".zip", ".json"], elem_id="faces-load", size="sm", min_width=120
            )
        self.controls = [seed, count, truncation, variety]
        self._events = [button.click, seed.submit]

    def lay_out_gallery(self) -> None:
        """Where the faces are shown."""
        gr.Markdown("### Faces\nClick one to edit it.", elem_classes="heading")
        self.gallery = gr.Gallery(
            show_label=False, label="Faces", format="png", columns=8, object_fit="contain", height="auto",
            allow_preview=False, buttons=[], elem_id="faces-gallery",
        )  # fmt: skip
        with gr.Row(elem_classes="below"):
            status = gr.HTML(elem_id="faces-status")
            archive = gr.DownloadButton(
                "Download all (ZIP)", interactive=False, elem_id="faces-zip", size="sm", scale=0, min_width=160
            )
        self.recipes = gr.JSON(visible=False, label="recipes")
        self._outputs = [status, self.gallery, self.recipes, archive, self._now.gallery]
        read = shown(announced(self._for_page(self._now.handlers.load_faces), "Reading the file", 4))
        self.drawn = [self.draw(event) for event in self._events]
        self.drawn.append(self._load.upload(read, [self._load, self._now.model], self._outputs, **QUIET))
        self.chosen = self.gallery.select(_chosen, self.recipes, self._now.face, queue=False, **QUIET)

    def draw(self, event: Callable[..., Any]) -> Any:
        """Draws the faces after an event, such as a button's click."""
        seed, count, truncation, _ = self.controls
        sample = shown(announced(self._for_page(self._now.handlers.sample_faces), "Drawing", 4))
        inputs = [seed, count, truncation, self._now.model]
        return event(sample, inputs, self._outputs, concurrency_limit=ANSWERS, **QUIET)

    @staticmethod
    def values(link: Opened) -> list[Any]:
        """What a link sets the controls to."""
        word = link.truncation if link.truncation in VARIETY.values() else None
        return [link.seed, link.count, link.truncation, word]

    @staticmethod
    def _for_page(handler: Callable[..., Iterator[tuple[Any, ...]]]) -> Callable[..., Iterator[tuple[Any, ...]]]:
        def stream(*values: Any) -> Iterator[tuple[Any, ...]]:
            for report, pictures, recipes, archive in handler(*values):
                yield report, gr.Gallery(pictures, selected_index=0), recipes, ready(archive), gallery_keys(recipes)

        return stream


def _chosen(found: list[Face], event: gr.SelectData) -> Face:
    return found[event.index]


class Editor:
    """The edited face: its picture, its sliders, its latent."""

    def __init__(self, now: Current) -> None:
        self._now = now
        pipelines = [now.handlers.model(name) for name in now.handlers.models.names]
        names = in_order(dict.fromkeys(name for pipeline in pipelines for name in pipeline.directions))
        attributes = {name for pipeline in pipelines for name in pipeline.attributes}
        self._sliders: dict[str, gr.Slider] = {}
        with gr.Row(elem_classes="sliders"):
            self._add(name for name in names if name in attributes)
        with gr.Accordion("Principal directions", open=not attributes, elem_id="principal"):
            gr.Markdown("What changes faces most, by effect. They have no names: try them.")
            with gr.Row(elem_classes="sliders"):
                self._add(name for name in names if name not in attributes)
        with gr.Accordion("Advanced: the latent itself", open=False, elem_id="latent"):
            gr.Markdown("The numbers that the face is drawn from, rounded. Change one and press Enter.")
            self.table = gr.Dataframe(
                headers=[str(i) for i in range(1, TABLE_COLUMNS + 1)], datatype="number", type="array",
                column_count=TABLE_COLUMNS, interactive=True, show_label=False, label="Latent", buttons=[],
                max_height=420, elem_id="latent-table",
            )  # fmt: skip

    def _add(self, names: Iterator[str]) -> None:
        for name in names:
            self._sliders[name] = gr.Slider(
                -SLIDER_REACH, SLIDER_REACH, 0, step=0.1, label=_label(name), elem_id=f"slider-{name}"
            )

    def lay_out_portrait(self) -> None:
        """Where the face is shown."""
        self.portrait = picture_file(
            label="The face", format="png", interactive=False, height=320, buttons=[], elem_id="portrait",
            alt_text="The edited face",
        )  # fmt: skip
        with gr.Row(elem_classes="actions"):
            self._surprise = gr.Button("Surprise me", elem_id="surprise", size="sm", min_width=100)
            self._reset = gr.Button("Reset sliders", elem_id="face-reset", size="sm", min_width=100)
            self.download = gr.DownloadButton("Download PNG", elem_id="face-png", size="sm", min_width=100)

    def wire(self, says: Description) -> list[Any]:
        """Lets the sliders draw. Returns the events after which there is another face to show."""
        now, handlers = self._now, self._now.handlers
        every = list(self._sliders.values())

        def move(face: Face, *values: Any) -> Iterator[tuple[Any, ...]]:
            amounts, rest = values[: len(every)], values[len(every) :]
            unknown = {name: amount for name, amount in face["moves"].items() if name not in self._sliders}
            moves = dict(zip(self._sliders, amounts, strict=True))
            yield from says.drawn({**face, "moves": {**moves, **unknown}}, *rest)

        # The arrow that resets a slider counts as letting it go.
        gr.on(
            [event for slider in every for event in (slider.input, slider.release)],
            shown(move), [now.face, *every, *says.inputs], [self.portrait, now.face, *says.texts],
            trigger_mode="always_last", concurrency_limit=ANSWERS, **QUIET,
        )  # fmt: skip
        reset = self._reset.click(lambda face: {**face, "moves": {}}, now.face, now.face, queue=False, **QUIET)
        near = _answered(handlers.near)
        surprise = self._surprise.click(near, [now.face, now.model], now.face, queue=False, **QUIET)
        edit = _answered(handlers.edit_latent)
        edited = self.table.input(edit, [now.face, self.table, now.model], now.face, queue=False, **QUIET)
        return [reset, surprise, edited]

    def show(self, event: Any, says: Description) -> Any:
        """Puts the sliders in place and draws the face after an event that chooses one."""

        def show(face: Face, *values: Any) -> Iterator[tuple[Any, ...]]:
            for outputs in says.drawn(face, *values):
                yield *outputs, *says.marks(face, *values), *self._places(face, says.model(values))

        outputs = [self.portrait, self._now.face, *says.texts, *says.buttons, *self._sliders.values()]
        return event.success(
            shown(show), [self._now.face, *says.inputs], outputs, concurrency_limit=ANSWERS, **QUIET
        )  # fmt: skip

    def _places(self, face: Face, model: str) -> list[Any]:
        """Where the sliders stand. Models differ in their directions; Gradio takes long to update more than a value."""
        moves, known = Recipe.from_dict(face).moves, self._now.handlers.model(model).directions
        amounts = {name: moves.get(name, 0.0) for name in self._sliders}
        if self._now.choice(model) is None and max(map(abs, amounts.values())) <= SLIDER_REACH:
            return list(amounts.values())
        return [_place(amount, name in known) for name, amount in amounts.items()]


class Description:
    """What the page says of the edited face: link, code, latent, download. It comes with the face's picture: another
    request for it would keep the sliders waiting.

    texts: plain values; buttons: what Gradio takes longer to update, which sliders leave as it is.
    """

    def __init__(self, now: Current, draw: DrawPanel, editor: Editor, morph: MorphPanel, share: Share) -> None:
        self._now, self._portrait, self._share = now, editor.portrait, share
        *texts, copy = share.outputs
        self.inputs = [now.model, now.gallery, now.pins, now.view, now.origin, *morph.motion]
        self.texts = [*texts, editor.table, editor.download]
        self.buttons = [copy, draw.gallery]

    @staticmethod
    def model(values: Sequence[Any]) -> str:
        """The model among the values of `inputs`."""
        return str(values[0])

    def drawn(self, face: Face, *values: Any) -> Iterator[tuple[Any, ...]]:
        """A face's picture, its recipe, and the values of `texts`."""
        for picture, recipe in self._now.handlers.edit_face(face, self.model(values)):
            yield picture, recipe, *self._told(recipe, picture, *values)

    @staticmethod
    def marks(face: Face, model: str, gallery: dict[str, Any], *values: Any) -> tuple[Any, Any]:
        """The values of `buttons`: there is something to copy; the gallery's tile of this face is marked."""
        mark = gr.Gallery(selected_index=index_in(gallery, face)) if gallery else gr.skip()
        return gr.Button(interactive=True), mark

    def again(self, event: Any) -> None:
        """Tells it anew after an event that changes something else than the face."""
        inputs = [self._now.face, self._portrait, *self.inputs]
        event.success(self._told, inputs, self.texts, trigger_mode="always_last", queue=False, **QUIET)

    def _told(
        self, face: Face, picture: str | None, model: str, gallery: dict[str, Any], pins: Pins, view: str, origin: str,
        *motion: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        handlers, named = self._now.handlers, self._now.choice(model)
        calls = [call(handlers.sample_faces, **gallery, model=named)] if gallery else []
        calls.append(call(handlers.edit_face, face=face, model=named))
        *texts, _ = self._share.values(link_keys(named, gallery, face, pins, view, motion), calls, origin)
        return *texts, handlers.latent_table(face, model), picture


def _place(amount: float, visible: bool) -> gr.Slider:
    """A slider that stands at an amount, however far it is."""
    reach = max(SLIDER_REACH, math.ceil(abs(amount)))
    return gr.Slider(value=amount, minimum=-reach, maximum=reach, visible=visible)


def _answered(function: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
    """A function as a handler for the page, which shows its ValueErrors."""

    def stream(*values: Any) -> Iterator[Any]:
        yield function(*values)

    return shown(stream)


def _label(direction: str) -> str:
    """A direction's name as a label."""
    if direction.startswith("pc") and direction[2:].isdecimal():
        return f"Principal {direction[2:]}"
    return direction.replace("_", " ").capitalize()
