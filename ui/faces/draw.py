"""Show faces to choose from: drawn, out of a file, a photograph's, the three that are kept, and favourites."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

import gradio as gr

from darkroom.uses import options
from dcgan import Recipe
from dcgan.alignment import FRAME_RANGES, Frame
from dcgan.recipe import face_token
from dcgan.uses import Sample
from ui.controls import Controls, put_in_words
from ui.errors import failing_in
from ui.faces.handlers import LOOKING, Gallery
from ui.faces.link import Opened, gallery_keys, usable
from ui.faces.state import Current, Tiles, announced
from ui.html import figures
from ui.reports import Report
from ui.wiring import CHOSEN_FILE, FACES, QUIET, Updates, Values, where

VARIETY = {"Alike": 0.6, "Varied": 0.85, "Natural": 1.0}  # truncations
PIN_NAMES = "ABC"
MINUS = "\u2212"
MAX_FAVOURITES = 32
ENTRY_KEYS = ("model", "face")  # of a favourite: a fingerprint, a token
STORAGE_KEY = "darkroom-faces"  # of the cipher, too: with a new one at every start nothing kept could be read
SLIDERS = {"x": ("Across", 3), "y": ("Down", 3), "size": ("Size", 3), "turn": ("Turn, degrees", 0)}  # label, decimals
ASK = (
    "No face was found in this photograph. Put the frame around one, or look for the nearest all the same; "
    "until then the face that you edit stays."
)


class DrawPanel:
    """Show faces to choose from. drawn: the events after which they are others; found: those after which a photograph's
    face is the edited one."""

    def __init__(self, now: Current) -> None:
        self._now, known = now, options(Sample)["truncation"]
        self._controls = Controls(Sample, "faces")
        gr.Markdown("## Faces\nClick one to edit it.", elem_classes="heading")
        self.tiles = Tiles(now, "Faces", "faces-gallery")
        with gr.Row(elem_classes="below"):
            self.status = gr.HTML(elem_id="faces-status")
            self._archive = gr.DownloadButton(
                "Download all (ZIP)", interactive=False, elem_id="faces-zip", size="sm", scale=0, min_width=160
            )
        with gr.Row(equal_height=False):
            button = gr.Button("Draw faces", variant="primary", elem_id="faces-draw", min_width=120)
            photograph = gr.UploadButton(
                "Load a photograph", file_types=["image"], elem_id="faces-photo", min_width=120
            )
            self._load = gr.UploadButton(
                "Load faces", file_types=[".png", ".zip", ".json"], elem_id="faces-load", min_width=120
            )
        self.found = PhotographPanel(now, photograph).found
        with gr.Row(equal_height=False):
            for name in ("seed", "count"):
                with gr.Column(min_width=200):
                    self._controls.lay_out(name)
            with gr.Column(min_width=200):
                variety = gr.Radio([*VARIETY.items()], value=known.first, label="Variety", elem_id="faces-variety")
        with gr.Accordion("Advanced", open=False, elem_id="faces-advanced"):
            truncation = self._controls["truncation"] = gr.Slider(
                0, known.most or 0, known.first, step=0.05, label="Truncation", info=known.help,
                elem_id="faces-truncation",
            )  # fmt: skip
            self._controls.lay_out("best_of")
        # What the faces of a link have, as `Opened` says.
        self._scale = gr.Number(1.0, visible=False, label="scale")
        self._indices = gr.JSON([], visible=False, label="indices")
        put_in_words(truncation, variety)
        self._outputs = [self.status, *self.tiles.components, self._archive, now.gallery]
        self.drawn = [self.draw_after(event) for event in (button.click, self._controls["seed"].submit)]
        self.drawn.append(self._load.upload(self._read, {self._load, now.model}, self._outputs, **CHOSEN_FILE))

    def draw_after(self, event: Any, linked: bool = False) -> Any:
        """Draw the faces after an event, such as a button's click; linked: those of a link that was opened."""
        inputs = {self._now.model, *self._controls.values(), *([self._scale, self._indices] if linked else [])}
        return event(self._draw, inputs, self._outputs, **FACES, **QUIET)

    def read(self, link: Opened) -> Updates:
        return self._controls.showing(link.drawn.plain()) | {self._scale: link.scale, self._indices: link.indices}

    @announced("Drawing")
    def _draw(self, values: Values) -> Iterator[Updates]:
        use, model, scale = self._controls.use_of(values), values[self._now.model], values.get(self._scale, 1.0)
        if indices := values.get(self._indices):
            recipes = [Recipe(use.seed, index, scale, variety=use.truncation) for index in indices]
        else:
            recipes = self._now.handlers.recipes(use, model)
        for drawn in self._now.handlers.gallery(recipes, use.stem(), model):
            yield self._shown(drawn, use.best_of)

    @announced("Reading the file")
    def _read(self, values: Values) -> Iterator[Updates]:
        yield from map(self._shown, self._now.handlers.load(values[self._load], values[self._now.model]))

    def _shown(self, drawn: Gallery, best_of: int = 1) -> Updates:
        return {
            self.status: drawn.report.html(),
            **self.tiles.shows(drawn, selected=0),
            self._archive: gr.DownloadButton(value=drawn.archive, interactive=True),
            self._now.gallery: gallery_keys(drawn.recipes, best_of),
        }


class PhotographPanel:
    """Lay out a photograph with its frame, and the nearest face. found: the events after which that is the edited one,
    where there is one."""

    def __init__(self, now: Current, upload: gr.UploadButton) -> None:
        self._now, self._upload = now, upload
        self._status = gr.HTML(elem_id="photo-status", visible=False)
        with gr.Column(visible=False, elem_id="photo") as self._panel:
            with gr.Row(equal_height=False):
                self._outlined = gr.HTML(elem_id="photo-frame")
                self._pictures = gr.HTML(elem_id="photo-pictures")
            with gr.Row(elem_classes="sliders"):
                self._sliders = {
                    name: gr.Slider(*FRAME_RANGES[name], step=10**-decimals, label=label, elem_id=f"photo-{name}")
                    for name, (label, decimals) in SLIDERS.items()
                }
            look = gr.Button("Look for the nearest face in the frame", size="sm", elem_id="photo-look")
        sliders = self._sliders.values()
        inputs: set[Any] = {upload, now.model, *sliders}
        results = [self._status, self._pictures, now.face]
        outputs = [*results, self._panel, self._outlined, *sliders]
        self.found = [
            upload.upload(self._open, {upload, now.model}, outputs, **FACES, **CHOSEN_FILE),
            look.click(self._look, inputs, results, **FACES, **QUIET),
        ]
        moved = [event for slider in sliders for event in (slider.input, slider.release)]
        gr.on(moved, self._outline, inputs, self._outlined, trigger_mode="always_last", **FACES, **QUIET)

    def _open(self, values: Values) -> Iterator[Updates]:
        reading = Report("Reading the photograph", 0).html()
        yield {self._status: gr.HTML(reading, visible=True), self._panel: gr.Column(visible=False)}
        yield from failing_in(self._status, self._opened(values))

    def _opened(self, values: Values) -> Iterator[Updates]:
        """Show where the face is, and search; where there is none, ask."""
        photograph = values[self._upload]
        found = self._now.handlers.frame(photograph)
        frame = Frame(**{name: round(value, SLIDERS[name][1]) for name, value in asdict(found or Frame()).items()})
        yield {
            self._status: (Report(LOOKING, 0) if found else Report(ASK)).html(),
            self._pictures: "",
            self._panel: gr.Column(visible=True),
            self._outlined: self._frame_html(photograph, frame),
            **{self._sliders[name]: value for name, value in asdict(frame).items()},
        }
        if found:
            yield from self._searched(values, frame)

    def _look(self, values: Values) -> Iterator[Updates]:
        yield from failing_in(self._status, self._searched(values, self._frame(values)))

    def _searched(self, values: Values, frame: Frame) -> Iterator[Updates]:
        for step in self._now.handlers.find(values[self._upload], values[self._now.model], frame):
            both = figures([(step.wanted, "In the frame"), (step.found, "The face found")], ["\u2192"])
            updates: Updates = {self._status: step.report.html(), self._pictures: both}
            yield updates | ({self._now.face: step.face} if step.face else {})

    def _frame(self, values: Values) -> Frame:
        return Frame(**{name: values[slider] for name, slider in self._sliders.items()})

    def _outline(self, values: Values) -> str:
        return self._frame_html(values[self._upload], self._frame(values))

    def _frame_html(self, photograph: str, frame: Frame) -> str:
        return figures([(self._now.handlers.outlined(photograph, frame), "Your photograph")], [])


class PinBoard:
    """Keep three faces, A, B and C. changed: the events after which they are others; combined: the one after which
    A - B + C is the edited face; outputs: the components that `empty` updates."""

    def __init__(self, now: Current, portrait: gr.Image) -> None:
        self._now, self._portrait = now, portrait
        self._pictures: list[gr.Image] = []
        self.changed: list[Any] = []
        gr.Markdown("## Kept faces\nKeep two for a morph, three for a map or a sum.", elem_classes="heading")
        with gr.Row(elem_classes="pins"):
            for i in range(len(PIN_NAMES)):
                with gr.Column(min_width=80):
                    self._pin(i)
        self.outputs = [now.pins, *self._pictures]
        button = gr.Button(f"A {MINUS} B + C", elem_id="combine", size="sm")
        self.status = gr.HTML(elem_id="combine-status")
        self._equation = gr.HTML(elem_id="equation")
        outputs = [self.status, self._equation, now.face]
        self.combined = button.click(self._combine, {now.pins, now.model}, outputs, **FACES, **QUIET)

    def _pin(self, i: int) -> None:
        name, now = PIN_NAMES[i], self._now
        picture = gr.Image(
            label=name, type="filepath", format="png", interactive=False, height=110, buttons=[],
            elem_id=f"pin-{name.lower()}", alt_text=f"The face kept as {name}",
        )  # fmt: skip
        keep = gr.Button(f"Keep as {name}", elem_id=f"keep-{name.lower()}", size="sm", min_width=80)
        clear = gr.Button(f"Clear {name}", elem_id=f"clear-{name.lower()}", size="sm", min_width=80)
        self._pictures.append(picture)
        for button, keeps in ((keep, True), (clear, False)):
            inputs: set[Any] = {now.pins, now.face, self._portrait}
            put = button.click(partial(self._put, i, keeps), inputs, [now.pins, picture], queue=False, **QUIET)
            self.changed.append(put)

    def open_after(self, event: Any) -> None:
        """Draw the kept faces of a link after an event."""
        pinned = where(event.success, self._now.pins, "(pins) => pins.some(Boolean)")
        pinned(self._kept, {self._now.pins, self._now.model}, self.outputs, **QUIET)

    def empty(self) -> Updates:
        return {self._now.pins: [None] * len(PIN_NAMES), **dict.fromkeys(self._pictures)}

    def _kept(self, values: Values) -> Iterator[Updates]:
        pins, model = values[self._now.pins], values[self._now.model]
        for drawn in self._now.handlers.gallery([Recipe.from_dict(pin) for pin in pins if pin], "kept", model):
            paths = iter(drawn.pictures)
            yield {picture: next(paths) for picture, pin in zip(self._pictures, pins, strict=True) if pin}

    def _put(self, i: int, keeps: bool, values: Values) -> Updates:
        """Put the edited face, or none, in place i."""
        pins = values[self._now.pins]
        return {
            self._now.pins: [*pins[:i], values[self._now.face] if keeps else None, *pins[i + 1 :]],
            self._pictures[i]: values[self._portrait] if keeps else None,
        }

    @announced("Adding up")
    def _combine(self, values: Values) -> Iterator[Updates]:
        pictures, face = self._now.handlers.combine(values[self._now.pins], values[self._now.model])
        captioned = list(zip(pictures, [*PIN_NAMES, f"A {MINUS} B + C"], strict=True))
        yield {
            self.status: Report("The sum became the edited face; Undo brings back the one before.").html(),
            self._equation: figures(captioned, [MINUS, "+", "="]),
            self._now.face: face,
        }


class FavouritesPanel:
    """Show the favourites that the browser keeps. own: those of all models, by fingerprint and token."""

    def __init__(self, now: Current, add: gr.Button) -> None:
        self._now = now
        self.own = gr.BrowserState([], storage_key=STORAGE_KEY, secret=STORAGE_KEY)
        with gr.Column(visible=False, elem_id="favourites-strip") as self._strip:
            gr.Markdown(
                "### Favourites\nClick one to edit it; then it can be kept as A, B or C.", elem_classes="heading"
            )
            self.tiles = Tiles(now, "Favourites", "favourites")
            with gr.Row():
                remove = gr.Button("Remove from favourites", size="sm", elem_id="favourite-remove", min_width=120)
                self._archive = gr.DownloadButton(
                    "Download all (ZIP)", size="sm", elem_id="favourites-zip", min_width=120
                )
        self.status = gr.HTML(elem_id="favourites-status")
        for event, change in ((add.click, self.add), (remove.click, self.remove), (now.model.input, self.show)):
            self._after(event, change)

    def list_after(self, event: Any) -> None:
        """Show what the browser has kept after an event."""
        self._after(event.success, self.show)

    def _after(self, event: Any, change: Any) -> None:
        updated = [self._strip, *self.tiles.components, self._archive, self.status, self._now.favourites]
        event(change, {self.own, self._now.face, self._now.model}, [self.own, *updated], **FACES, **QUIET)

    def show(self, values: Values) -> Iterator[Updates]:
        yield from failing_in(self.status, self._shown(self._entries(values), values))

    @announced("Keeping the face")
    def add(self, values: Values) -> Iterator[Updates]:
        entries, new = self._entries(values), self._edited(values)
        if new in entries:
            yield from self._shown(entries, values, "This face is among the favourites already.")
            return
        if len(entries) >= MAX_FAVOURITES:
            raise ValueError(f"{MAX_FAVOURITES} favourites are the most; remove one first")
        yield from self._shown([*entries, new], values)

    @announced("Removing the face")
    def remove(self, values: Values) -> Iterator[Updates]:
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
        texts = [it for it in kept if isinstance(it, dict) and all(isinstance(it.get(key), str) for key in ENTRY_KEYS)]
        return [{key: it[key] for key in ENTRY_KEYS} for it in texts][:MAX_FAVOURITES]

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
            yield updates
            return
        for drawn in handlers.gallery([Recipe.from_dict(face) for face in mine.values()], "favourites", name):
            yield updates | {**self.tiles.shows(drawn), self._archive: drawn.archive}
