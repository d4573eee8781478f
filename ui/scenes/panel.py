"""A use of a scene on the page, made from its options: controls, a button, results, link and code.

A use with special widgets has a panel of its own beside, which lays out some of them otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, ClassVar

import gradio as gr
from PIL import Image

from darkroom.uses import AnimationUse, Option, Use, options, picture_options, plain_options, plain_values
from singan.uses.start import STRENGTHS
from ui.controls import Controls, Player, gallery
from ui.drawing import LARGE, Drawing, Result
from ui.endpoints import endpoint_of
from ui.errors import failing_in
from ui.links import Query, read_option
from ui.scenes.downloads import Downloads
from ui.share import Call, File, Share
from ui.wiring import ANIMATIONS, PICTURES, QUIET, TO_RESULTS, Newest, Updates, Values, where

SCENE = "scene"  # the kind of model, in links and endpoints

Drawer = Callable[[Values], Iterator[Updates]]


class Panel:
    """A panel owns its components, what a link says of them, and its events.

    use: whose panel it is. scene: the component that names the scene; origin: that has the page's address.
    controls: the components by whose values `uses` says what is drawn.
    """

    NAME: ClassVar = ""  # in links and of elements; "": the use's
    BUTTON: ClassVar = ""  # what its button says; "": the name
    WORDS: ClassVar = dict(reversed(STRENGTHS.items()))  # for start scales
    WIDTHS: ClassVar = (2, 5)  # of the controls and of the results
    GALLERY: ClassVar = True  # whether that is seen before there is a result

    def __init__(self, use: type[Use[Any]], drawing: Drawing, scene: gr.Dropdown, origin: gr.Textbox) -> None:
        self.use, self.drawing, self.scene = use, drawing, scene
        self.name = self.NAME or use.title()
        self._newest = Newest()
        self.queue = ANIMATIONS if issubclass(use, AnimationUse) else PICTURES
        self.controls = Controls(use, self.name)
        controls, results = self.WIDTHS
        with gr.Row(equal_height=False):
            with gr.Column(scale=controls, min_width=300):
                self.lay_out_controls()
                with gr.Row():
                    self.button = gr.Button(self.BUTTON or self.name.capitalize(), variant="primary", elem_id=self.name)
                    self.lay_out_buttons()
            with gr.Column(scale=results, min_width=320, elem_classes="results"):
                self.status = gr.HTML(elem_id=f"{self.name}-status")
                self.results = self.lay_out_results()
                self.share = Share(self.name, origin)
        self.button.click(None, None, None, js=TO_RESULTS, api_visibility="private")
        self.share.write_code(lambda values: self.calls(Query.of(values[self.share.link])), [self.share.link])
        self.draw_after(self.button.click)

    # -- what it looks like ------------------------------------------------------------------------------------------

    def lay_out_controls(self) -> None:
        """A control for each option."""
        for it in plain_options(self.use).values():
            if it.link == "start" and not it.optional:
                self.lay_out_start_scale(self.lay_out_strength())
            else:
                self.controls.lay_out(it.name)

    def lay_out_strength(self, label: str = "Strength") -> gr.Radio:
        """The start scale in words."""
        choices = [(word.capitalize(), n) for n, word in self.WORDS.items()]
        first = options(self.use)["start_scale"].first
        return gr.Radio(choices, value=first, label=label, elem_id=f"{self.name}-strength")

    def lay_out_start_scale(self, words: gr.Radio) -> None:
        """The start scale that the words stand for, which is what counts."""
        it = options(self.use)["start_scale"]
        start = gr.Slider(
            it.low or 0, it.most or 0, it.first, step=1, label=it.label, elem_id=f"{self.name}-start", info=it.help
        )
        words.input(lambda n: n, words, start, queue=False, **QUIET)
        start.change(lambda n: n if n in self.WORDS else None, start, words, queue=False, **QUIET)
        self.controls[it.name] = start

    def lay_out_buttons(self) -> None:
        """More buttons beside its own."""

    def lay_out_results(self) -> list[Any]:
        """The components that show a result."""
        if issubclass(self.use, AnimationUse):
            self.player = Player(self.name, "Animation", 360, visible=False)
            return self.player.components
        self.gallery = gallery(self.name, visible=self.GALLERY)
        self.downloads = Downloads(self.name, self.gallery)
        return [self.gallery, *self.downloads.components]

    def shown(self, result: Result, uses: Sequence[Any], name: str) -> Updates:
        """What `results` show of one that is complete."""
        return self.player.shows(result.files[0], result.archive) if issubclass(self.use, AnimationUse) else {}

    def seen(self, result: Result, uses: Sequence[Any], name: str) -> Updates:
        """What `results` show of pictures, drafts or finished."""
        return {self.gallery: captioned(result), **self.downloads.gives(result)}

    # -- drawing -----------------------------------------------------------------------------------------------------

    @property
    def outputs(self) -> list[Any]:
        """All components that drawing changes."""
        return [self.status, *self.results, *self.share.outputs]

    @property
    def inputs(self) -> set[Any]:
        """All components that drawing reads."""
        return {self.scene, *self.share.inputs, *self.controls.values()}

    def draw_after(self, event: Any, draw: Drawer | None = None) -> Any:
        """Draws after an event, such as a button's click."""
        return event(self.telling(draw or self.draw), self.inputs, self.outputs, **self.queue, **QUIET)

    def telling(self, draw: Drawer) -> Drawer:
        """The same, until the page asks for another; where it fails, the status says why."""

        def told(values: Values, request: gr.Request | None = None) -> Iterator[Updates]:
            page = (request and request.session_hash) or ""
            yield from self._newest.stream(page, failing_in(self.status, draw(values)))

        told.__name__ = draw.__name__  # type: ignore[attr-defined]
        return told

    def opens_with(self, tab: gr.Tab) -> None:
        """What is to be done once its tab is looked at."""

    def draw_linked(self, event: Any, mode: gr.Textbox) -> Any:
        """Draws after an event where a link wants it: where `mode` is one of this panel's."""

        def draw(values: Values) -> Iterator[Any]:
            if values[self.share.link] or not values[self.scene] or not self.complete(values):
                yield gr.skip()
                return
            yield from self.drawers[values[mode]](values)

        mine = f"{list(self.drawers)}.includes(mode)"
        wanted = where(event, mode, f"(mode) => {mine} && darkroom.untilResultsAreSeen()")
        inputs = {mode, self.share.link, *self.inputs}
        return wanted(self.telling(draw), inputs, self.outputs, **self.queue, **QUIET)

    def complete(self, values: Values) -> bool:
        """Whether a link said all that is needed to draw."""
        return True

    def draw(self, values: Values) -> Iterator[Updates]:
        """Draws what the controls say."""
        name = values[self.scene]
        uses = self.uses(self.asked(values), name)
        yield from self.results_of(uses, name)
        yield self.share.says(self.link(uses[0], name), lambda: self.calls_of(uses, name), values)

    def asked(self, values: Values) -> Mapping[str, Any]:
        """The values of the options that the controls say. Raises ValueError."""
        return self.controls.asked(values)

    def results_of(self, uses: Sequence[Any], name: str, note: str | None = None) -> Iterator[Updates]:
        """What `results` show while it is drawn; note: a remark on it."""
        before = list[str]()
        for result in self.drawn(uses, name):
            updates = {self.status: result.report.noted(note).html()}
            changed = result.shown and (result.shown != before or result.files)
            updates |= self.seen(result, uses, name) if changed else {}
            before = result.shown
            yield updates | (self.shown(result, uses, name) if result.files else {})

    def uses(self, asked: Mapping[str, Any], name: str) -> list[Any]:
        """What is drawn of a scene where the controls have these values: one use. Raises ValueError."""
        return [self.use.served(asked)]

    def drawn(self, uses: Sequence[Any], name: str) -> Iterator[Result]:
        """The results of drawing them."""
        return self.drawing.draw(uses[0], name)

    # -- links and code ----------------------------------------------------------------------------------------------

    @property
    def drawers(self) -> Mapping[str, Drawer]:
        """What draws, by the `mode` of a link: its NAME, or, if the use has a mode, any of those, or the use's name."""
        modes = (self.name,) if self.NAME or "mode" not in options(self.use) else options(self.use)["mode"].choices
        return dict.fromkeys(modes, self.draw)

    def link(self, use: Any, name: str) -> dict[str, Any]:
        """The keys of a link to a result, by the first of its uses."""
        given = {key: getattr(use, key) for key in picture_options(self.use)}
        pictures = {key: picture and self.drawing.pictures.keep(picture) for key, picture in given.items()}
        return {"tab": "scenes", SCENE: name, "mode": self.name, **use.keys(), **pictures}

    @property
    def keys(self) -> set[str]:
        """What its links may say."""
        return {it.link for it in options(self.use).values()}

    def read(self, query: Query) -> Updates:
        """The controls as a link says."""
        return self.controls.showing(self.values_in(query))

    def values_in(self, query: Query) -> dict[str, Any]:
        """The values of the controls in a link; what it does not say has its default."""
        values = {name: self.read_option(query, it) for name, it in options(self.use).items()}
        return plain_values(self.use, values)

    def read_option(self, query: Query, it: Option) -> Any:
        """An option's value in a link; a picture's is its name while it lives."""
        if it.kind is Image.Image:
            return query.read(it.link, None, self.drawing.pictures.get)
        return read_option(query, it)

    def calls(self, query: Query) -> list[Call]:
        """The calls that draw what a link of this panel shows; none where it shows nothing yet."""
        name, values = query.read("scene", "", str), self.values_in(query)
        known = options(self.use)
        lacking = [it for it in picture_options(self.use) if values[it] is None and not known[it].optional]
        return self.calls_of(self.uses(values, name), name) if name and not lacking else []

    def calls_of(self, uses: Sequence[Any], name: str) -> list[Call]:
        """The calls of the endpoint that does these uses."""
        return [Call(f"/{endpoint_of(type(use), SCENE)}", {SCENE: name, **_written(use)}) for use in uses]


def _written(use: Use[Any]) -> dict[str, Any]:
    """The arguments in example code, where pictures are files of the user's."""
    plain = use.plain()
    return {key: File(f"{key}.png") if isinstance(value, Image.Image) else value for key, value in plain.items()}


def captioned(result: Result, captions: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The pictures for a gallery, with their numbers or what else they are called, and their pixels."""
    found = list[tuple[str, str]]()
    for file, caption in zip_longest(result.shown, captions[: len(result.shown)]):
        with Image.open(file) as picture:
            width, height = picture.size
        megapixels = f" · {width * height / 1e6:.1f} MP" if width * height > LARGE else ""
        found.append((file, f"{caption or len(found) + 1} · {width} × {height}{megapixels}"))
    return found
