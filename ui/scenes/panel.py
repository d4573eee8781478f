"""A use of a scene on the page: its controls, a button, its results, and beside them a link and code."""

import io
import math
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import gradio as gr
from gradio import processing_utils
from PIL import Image

from darkroom.checks import echo
from darkroom.pictures import open_picture
from darkroom.uses import Use, options, picture_options, pixels, plain_values
from singan.uses.start import STRENGTHS
from ui.controls import Controls, gallery, put_in_words
from ui.drawing import LARGE_PIXELS, Drawing, Result
from ui.errors import failing_in
from ui.links import Query, read_option
from ui.results import ResultFile, ResultStore
from ui.scenes.endpoints import endpoint_of
from ui.share import Call, CopyLink, File, LinkAndCode
from ui.visitors import DISK_IS_FULL, disk_is_full, display_name
from ui.wiring import PICTURES, QUIET, TO_RESULTS, Newest, Updates, Values, where

Run = Callable[[Values], Iterator[Updates]]

WORDS = dict(reversed(STRENGTHS.items()))  # for start scales, the calm ones first


class Panel:
    """Lay out the tab of a use inside the current Blocks, and wire it; a subclass lays out its controls by hand.

    name: the use's in links and in elements' ids; a use has several panels where that differs. title, action: what its
    tab and its button say. widths: of the controls and of the results. inputs, outputs: the components that `run` reads
    and changes. runs: what draws, by the `mode` of a link.
    """

    use: ClassVar[Any]
    name: ClassVar[str]
    title: ClassVar[str]
    action: ClassVar[str]
    widths: ClassVar = (2, 5)

    def __init__(self, drawing: Drawing, scene: gr.Dropdown, origin: gr.Textbox, results: ResultStore) -> None:
        self.drawing, self.scene, self.limits = drawing, scene, results.limits
        self.controls = Controls(self.use, self.name)
        self.inputs: set[Any] = {scene, origin}
        self.runs: dict[str, Run] = {self.name: self.run}
        self._newest = Newest()
        with gr.Tab(self.title, id=self.name) as self.tab, gr.Row(equal_height=False):
            with gr.Column(scale=self.widths[0], min_width=300):
                self.lay_out_controls()
                with gr.Row() as self.buttons:
                    self.button = gr.Button(self.action, variant="primary", elem_id=self.name)
            with gr.Column(scale=self.widths[1], min_width=320, elem_classes="results"):
                self.status = gr.HTML(elem_id=f"{self.name}-status")
                copy_link = CopyLink(self.name, origin, results)
                self.outputs = [self.status, *self.lay_out_results()]
                self.link_and_code = LinkAndCode(self.name, origin)
        self.inputs |= set(self.controls.values())
        self.outputs += self.link_and_code.components
        copy_link.keeps(self._shared, {self.link_and_code.link, *self.shared_from})
        self.button.click(None, None, None, js=TO_RESULTS, api_visibility="private")
        self.run_after(self.button.click)

    def lay_out_controls(self) -> None:
        """Lay out what `uses` reads."""
        raise NotImplementedError

    def lay_out_strength(self, label: str = "Strength", words: dict[int, str] = WORDS) -> gr.Radio:
        """Lay out the start scale in words."""
        choices = [(word.capitalize(), scale) for scale, word in words.items()]
        first = options(self.use)["start_scale"].first
        return gr.Radio(choices, value=first, label=label, elem_id=f"{self.name}-strength")

    def lay_out_start_scale(self, strength: gr.Radio) -> None:
        """Lay out the start scale itself, which is what counts: the words follow it, and set it."""
        self.controls.lay_out("start_scale")
        self.controls["start_scale"].info = options(self.use)["start_scale"].help
        put_in_words(self.controls["start_scale"], strength)

    def lay_out_results(self) -> list[Any]:
        """Lay out and return the components that `on_result` changes."""
        self.pictures = Pictures(self.name)
        return self.pictures.components

    @property
    def shared_from(self) -> set[Any]:
        return {self.pictures.gallery, self.pictures.files}

    def shared(self, values: Values) -> list[ResultFile]:
        """Return the result that is shown, none where it is not finished, for others to see."""
        shown = zip(values[self.pictures.files] or [], values[self.pictures.gallery] or [], strict=False)
        return [ResultFile(file, seen, caption) for file, (seen, caption) in shown]

    def on_result(self, result: Result, uses: Sequence[Any], name: str) -> Updates:
        """Show a result of a scene's uses: drafts as they grow; what is complete has files."""
        return self.pictures.show(result)

    def run_after(self, event: Any, run: Run | None = None, inputs: Sequence[Any] = (), **options: Any) -> Any:
        """Run after an event, until the page asks for another; where it fails, the status says why."""
        run = run or self.run

        def answer(values: Values, request: gr.Request | None = None) -> Iterator[Updates]:
            is_newest = self._newest.begin((request and request.session_hash) or "")
            for updates in failing_in(self.status, run(values)):
                if not is_newest():
                    yield {self.status: gr.skip()}  # Gradio sends a stream's last message twice.
                    return
                yield updates

        answer.__name__ = run.__name__  # The log names events by it.
        return event(answer, {*inputs, *self.inputs}, self.outputs, **options, **PICTURES, **QUIET)

    def run_link_after(self, event: Any, mode: gr.Textbox) -> Any:
        """Run after an event where a link wants it: where `mode` is one of this panel's."""
        pictures = [key for key in picture_options(self.use) if not options(self.use)[key].optional]
        needed = [self.scene, *(self.controls[key] for key in pictures)]

        def run_link(values: Values) -> Iterator[Updates]:
            if values[self.link_and_code.link] or not all(values[it] for it in needed):
                yield {self.status: gr.skip()}
            else:
                yield from self.runs[values[mode]](values)

        wanted = where(event, mode, f"(mode) => {list(self.runs)}.includes(mode) && darkroom.untilResultsAreSeen()")
        return self.run_after(wanted, run_link, [mode, self.link_and_code.link])

    def run(self, values: Values) -> Iterator[Updates]:
        """Draw what the controls say, and show it; with the finished result comes its link.

        Gradio sends a stream's last message twice; its page, busy with showing components, can lose what one says.
        """
        uses, name = self.uses(values), values[self.scene]
        for result in self.drawing.draw(uses[0], name):
            changed = self.on_result(result, uses, name) if result.files or result.shown else {}
            linked = self.show_link(uses, values) if result.files else {}
            yield {self.status: result.report.html(), **changed, **linked}

    def uses(self, values: Values) -> list[Any]:
        """Return what the controls say as uses: one, where a subclass makes no more of them. Raises ValueError."""
        return [self.controls.use_of(values)]

    def show_link(self, uses: Sequence[Any], values: Values, **keys: Any) -> Updates:
        """Show the link and the code of uses that were drawn; keys: those of the link that are others."""
        name = values[self.scene]
        link = {**self.link(uses[0], name), **keys}
        return self.link_and_code.says(link, self.snippet_calls(uses, name), values)

    def _shared(self, values: Values) -> Iterator[tuple[str, list[ResultFile]]]:
        """Give the result that is shown its scene's name, which its link knows: another may be chosen by now."""
        scene = dict(parse_qsl(urlsplit(values[self.link_and_code.link] or "").query)).get("scene", "")
        yield display_name(scene).replace("-", " ").capitalize(), self.shared(values)

    def link(self, use: Any, name: str) -> dict[str, Any]:
        """Return the keys of a link to a result, by the first of its uses."""
        given = {key: getattr(use, key) for key in picture_options(self.use)}
        pictures = {key: self.keep(picture) for key, picture in given.items() if picture}
        return {"tab": "scenes", "scene": name, "mode": self.name, **use.keys(), **pictures}

    def keep(self, picture: Image.Image) -> str:
        """Keep a visitor's picture in Gradio's cache, which is cleared of what was not used for long, and return the
        name that links give it, which cannot be guessed; the same picture has the same name."""
        if disk_is_full(self.limits):
            raise ValueError(DISK_IS_FULL)
        data = io.BytesIO()
        picture.save(data, "PNG", compress_level=1)
        file = processing_utils.save_bytes_to_cache(data.getvalue(), "image.png", self.scene.GRADIO_CACHE)
        self.scene.temp_files.add(file)
        return Path(file).parent.name

    def kept(self, name: str) -> Image.Image:
        """Return the picture that was kept by this name. Raises ValueError."""
        file = Path(self.scene.GRADIO_CACHE) / name / "image.png"
        if not re.fullmatch("[0-9a-f]{64}", name) or not file.exists():
            raise ValueError(f"there is no picture {echo(name)} (any more)")
        os.utime(file)  # It was used.
        return open_picture(file)

    def read(self, query: Query) -> Updates:
        """Return the controls as a link says; what it does not say has its default."""
        values = {
            name: read_option(query, it) if it.kind is not Image.Image else query.read(it.link, None, self.kept)
            for name, it in options(self.use).items()
        }
        return self.controls.showing(plain_values(self.use, values))

    def snippet_calls(self, uses: Sequence[Use[Any]], name: str) -> list[Call]:
        """Return the endpoint's calls that do these uses; pictures are files of the visitor's."""
        written = [
            {key: File(f"{key}.png") if isinstance(it, Image.Image) else it for key, it in use.plain().items()}
            for use in uses
        ]
        return [Call(f"/{endpoint_of(self.use)}", {"scene": name, **arguments}) for arguments in written]


class BeforeAfterPanel(Panel):
    """Draw a picture, and show it beside the photograph or what else there was before, with a slider between."""

    before: ClassVar[str]
    after: ClassVar[str]
    position: ClassVar = 50  # %, of the slider

    def lay_out_results(self) -> list[Any]:
        self.slider = gr.ImageSlider(
            label=f"{self.before} | {self.after}", slider_position=self.position, type="filepath", format="jpeg",
            interactive=False, visible=False, elem_id=f"{self.name}-compare", buttons=["download", "fullscreen"],
        )  # fmt: skip
        self.pictures = Pictures(self.name, visible=False)
        return [self.slider, *self.pictures.components]

    def on_result(self, result: Result, uses: Sequence[Any], name: str) -> Updates:
        with Image.open(result.shown[0]) as picture:
            before = self.picture_before(uses[0], name).resize(picture.size, Image.Resampling.LANCZOS)
        slider = gr.ImageSlider((before, result.shown[0]), visible=True)
        return {self.slider: slider, **self.pictures.show(result, visible=len(result.shown) > 1)}

    def picture_before(self, use: Any, name: str) -> Image.Image:
        """Return what there was before; it is stretched to the result's size."""
        return self.drawing.models.get(name).shared_original  # type: ignore[no-any-return]


class Pictures:
    """Show pictures above buttons for their files: of the one looked at, the first if none is, and of all.

    files: PNGs, of which the gallery may show JPEGs, or JPEGs.
    """

    def __init__(self, name: str, visible: bool = True) -> None:
        self.gallery = gallery(name, visible=visible)
        with gr.Row(elem_classes="after"):
            full = gr.Button("Full size", size="sm", elem_id=f"{name}-full", min_width=120)
            self.jpeg, self.png, self.zip = (
                gr.DownloadButton(
                    f"Download {kind}", interactive=False, size="sm", min_width=120, elem_id=f"{name}-{kind.lower()}"
                )
                for kind in ("JPEG", "PNG", "ZIP")
            )
        self.files = gr.File(visible=False, file_count="multiple")
        self.components = [self.gallery, self.jpeg, self.png, self.zip, self.files]
        full.click(None, None, None, js=f"() => darkroom.showFullSize('{name}')", api_visibility="private")
        self.gallery.select(self._chosen, {self.gallery, self.files}, [self.jpeg, self.png], **QUIET)

    def show(self, result: Result, captions: Sequence[str] = (), **options: Any) -> Updates:
        """Show a result, whose drafts have no files yet, by its captions, or by numbers and pixels.

        options: the gallery's.
        """
        captions = captions or [_caption(number, file) for number, file in enumerate(result.shown, 1)]
        shown = list(zip(result.shown, captions, strict=True))
        updates: Updates = {self.gallery: gr.Gallery(shown, **options)}
        if not result.files:
            waiting = gr.DownloadButton(interactive=False)
            return updates | {self.files: None, self.jpeg: waiting, self.png: waiting, self.zip: waiting}
        zipped = gr.DownloadButton("Download ZIP", value=result.archive, interactive=True)
        return updates | {self.files: result.files, self.zip: zipped, **self._one(result.shown[0], result.files[0])}

    def _chosen(self, values: Values, chosen: gr.SelectData) -> Updates:
        if not values[self.files]:
            return {self.png: gr.skip()}
        return self._one(values[self.gallery][chosen.index][0], values[self.files][chosen.index])

    def _one(self, shown: str, file: str) -> Updates:
        jpeg, png = (next((it for it in (file, shown) if it.endswith(end)), None) for end in (".jpg", ".png"))
        return {
            button: gr.DownloadButton(value=it, visible=bool(it), interactive=bool(it))
            for button, it in ((self.jpeg, jpeg), (self.png, png))  # small ones have no JPEG
        }


def _caption(number: int, file: str) -> str:
    with Image.open(file) as picture:
        size = picture.size
    megapixels = f" · {math.prod(size) / 1e6:.1f} MP" if math.prod(size) > LARGE_PIXELS else ""
    return f"{number} · {pixels(size)}{megapixels}"
