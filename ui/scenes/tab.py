"""The Scenes tab: bring a photograph or choose one, then use it; train it where networks are needed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from darkroom import shipped
from darkroom.uses import options, pixels
from singan import ScenePipeline
from singan.uses import USES
from ui.drawing import Drawing
from ui.links import Query
from ui.reports import duration, passing_folder
from ui.results import ResultStore
from ui.scenes.brush import EditPanel, HarmonizePanel, PaintPanel
from ui.scenes.draw import AnimatePanel, LargerPanel, SamplePanel, TilePanel
from ui.scenes.panel import Panel
from ui.scenes.sizes import DevicesPanel
from ui.scenes.store import SceneStore, display_names
from ui.training.panel import TrainingPanel
from ui.training.queue import TrainingQueue
from ui.visitors import Visitor, display_name, new_name
from ui.wiring import CHOSEN_FILE, QUIET, STORAGE_KEY, TO_RESULTS, Updates, Values, where

MAX_THUMBNAIL_SIZE = (220, 160)  # px
# Photographs to try: they become the visitor's own, as an upload does.
EXAMPLES = [shipped.EXAMPLES / name for name in ("astronaut.jpg", "dogs.jpg", "street.jpg")]
OFFERS = {  # by panels' names: words, and whether a click begins it
    "sample": ("New pictures of its kind", True), "animate": ("Make it move", True),
    "edit": ("Remove or move something", False), "paint": ("Paint a new scene", False),
    "tile": ("A seamless tile", True), "super-resolve": ("Make it larger", True),
}  # fmt: skip
MOVING = ("sample", "animate")  # offers with an example
PANELS: tuple[type[Panel], ...] = (
    SamplePanel, AnimatePanel, EditPanel, PaintPanel, HarmonizePanel, LargerPanel, TilePanel,
)  # fmt: skip


class ScenesTab:
    """Lay out the tab inside the current Blocks."""

    def __init__(self, store: SceneStore, trainings: TrainingQueue, origin: gr.Textbox, results: ResultStore) -> None:
        self.store = store
        names = store.names("")  # none where nothing is shipped: then there is only training
        self.mode = gr.Textbox(DevicesPanel.name, visible=False)  # what a link wants drawn
        # The name by which this browser is known when it comes back.
        self.me = gr.BrowserState("", storage_key="darkroom-visitor", secret=STORAGE_KEY)
        with gr.Tabs(selected="use" if names else "train", elem_id="halves") as self.halves:
            with gr.Tab("Your photograph", id="use"):
                with gr.Row(equal_height=False, elem_classes="scene"):
                    self._lay_out_scene(names)
                place = (Drawing(store, trainings.device), self.scene, origin, results)
                with gr.Tabs(elem_id="views") as self.views:
                    self.devices = DevicesPanel(*place)  # which shows a photograph at first
                    self.panels: list[Panel] = [self.devices, *(panel(*place) for panel in PANELS)]
            with self.devices.tab:
                self._lay_out_offers()
            (self.animate,) = (panel for panel in self.panels if isinstance(panel, AnimatePanel))
            with gr.Tab("Training", id="train"):
                more = [self.again, self.animate.train_first]
                self.training = TrainingPanel(trainings, self.scene, more, origin, self.me, self.halves)
        animate = [self.animate.train_first, self.animate.button]
        self.description = [self.source, self.about, self.again, self.keep, *animate]
        self.choice = [self.gallery, self.gallery_names, self.scene, self.me, *self.description]
        self._wire()

    def _lay_out_scene(self, names: list[str]) -> None:
        with gr.Column(scale=5, min_width=320):
            self.photograph = gr.UploadButton(
                "Use your photograph", variant="primary", file_types=["image"], elem_id="photograph"
            )
            self.gallery = gr.Gallery(
                label="Photographs", show_label=False, allow_preview=False, object_fit="cover", buttons=[],
                height="auto", elem_id="scenes-gallery", elem_classes="tiles small",
            )  # fmt: skip
            self.gallery_names = gr.JSON(visible=False)  # the names of the scenes in it, and paths of examples
            with gr.Row(equal_height=False):
                self.scene = gr.Dropdown(
                    names, value=names[0] if names else None, show_label=False, label="Scene", allow_custom_value=True,
                    container=False, elem_id="scene", min_width=160,
                )  # fmt: skip
                self.keep = gr.Button("Download scene", size="sm", elem_id="scene-download", min_width=120)
                self.file = gr.DownloadButton(elem_id="scene-file", elem_classes="unseen")  # a click downloads it
                self.bring = gr.UploadButton(
                    "Upload scene", size="sm", file_types=[".zip"], elem_id="scene-upload", min_width=120
                )
        with gr.Column(scale=2, min_width=300):
            self.source = gr.Image(
                label="The photograph", interactive=False, height=190, format="png", buttons=[], elem_id="source"
            )
            self.about = gr.Markdown(elem_id="about")
            self.again = gr.Button("Train it further", visible=False, size="sm", elem_id="again")

    def _lay_out_offers(self) -> None:
        """Lay out what else can be done, each by a click: networks draw the first two, of which examples move."""
        gr.Markdown("## What else this photograph can do")
        with gr.Row(elem_id="offers"):
            for name, (words, at_once) in OFFERS.items():
                with gr.Column(min_width=150):
                    if name in MOVING:
                        gr.HTML(f'<img src="look/opening/{name}.webp" alt="An example" loading="lazy">')
                    button = gr.Button(words, size="sm", elem_id=f"offer-{name}")
                shown = button.click(lambda name=name: gr.Tabs(selected=name), None, self.views, queue=False, **QUIET)
                if at_once:
                    shown.then(None, None, None, js=f"() => darkroom.begin('{name}')", **QUIET)

    def _wire(self) -> None:
        self.scene.change(self._describe, self.scene, self.description, **QUIET)
        choice = self.gallery.select(self._pick, {self.gallery_names, self.me}, self.choice, queue=False, **QUIET)
        choice.then(None, None, None, js=TO_RESULTS, api_visibility="private")
        packed = self.keep.click(self._pack, {self.scene}, [self.file], **QUIET)
        packed.success(None, None, None, js="() => darkroom.download('scene-file')", **QUIET)
        for event in (choice.success, self.scene.input):
            self.devices.run_after(where(event, self.mode, "() => darkroom.sees('devices')"))
        for button in (self.photograph, self.bring):
            added = button.upload(self._add, [button, self.me], self.choice, **CHOSEN_FILE)
            self._fit_after(added.success)
        taken, used = map(self._take_after, (self.training.seen.success, self.training.use.click))
        self._fit_after(used.success(None, None, None, js="() => darkroom.showScene()", **QUIET).then)
        trained = where(taken.success, self.mode, "() => darkroom.takeMotionWanted()")
        views = [self.halves, self.views]
        trained = trained(lambda: [gr.Tabs(selected="use"), gr.Tabs(selected="animate")], None, views, **QUIET)
        self.animate.run_after(trained.then)

    def _take_after(self, event: Any) -> Any:
        """Choose the scene that came of a training after an event."""
        return event(self._take, [self.training.scene, self.me], self.choice, queue=False, **QUIET)

    def _fit_after(self, event: Any) -> None:
        """Show a photograph on every screen after an event."""
        chosen = event(lambda: gr.Tabs(selected=DevicesPanel.name), None, self.views, queue=False, **QUIET)
        self.devices.run_after(chosen.then)
        chosen.then(None, None, None, js=TO_RESULTS, api_visibility="private")

    def start(self, opened: Any) -> None:
        """Wire what is drawn after the event in which the page was opened, once somebody looks at this tab."""
        seen = where(opened.then, self.mode, "() => darkroom.untilScenesAreSeen()")
        chosen = seen(self._show_choices, [self.scene, self.me], self.choice, queue=False, **QUIET)
        for panel in self.panels:
            panel.run_link_after(chosen.then, self.mode)
        self._take_after(self.training.watch_linked(chosen.then).success)

    def _show_choices(self, chosen: str | None, me: str, request: gr.Request) -> Updates:
        """List the scenes to choose from, and give a browser that has none a name; a link's scene stays chosen."""
        me = me or new_name()
        return {**self._choices(Visitor.of(request, me), chosen), self.me: me}

    def _take(self, name: str, me: str, request: gr.Request) -> Any:
        return self._choices(Visitor.of(request, me), name) if name else gr.skip()

    def _add(self, file: str | None, me: str, request: gr.Request) -> Any:
        """Take a photograph, or a scene that was downloaded here, and choose it."""
        if not file:
            raise ValueError("there is no file yet: choose a photograph, or the ZIP of a scene")
        me = me or new_name()
        return self._take(self.store.add(Visitor.of(request, me), file), me, request) | {self.me: me}

    def _choices(self, visitor: Visitor, chosen: str | None) -> Updates:
        """Return the scenes that a visitor may choose from, with small pictures; where none is chosen, the first."""
        scenes = self.store.scenes(visitor.scene_owner)
        names, words = list(scenes), display_names(list(scenes))
        examples = [path for path in EXAMPLES if path.stem not in words and path.exists()]
        pictures = [scene.source for scene in scenes.values()] + [Image.open(path) for path in examples]
        for picture in pictures:
            picture.thumbnail(MAX_THUMBNAIL_SIZE)
        shown = list(zip(pictures, [*words, *(path.stem for path in examples)], strict=True))
        chosen = next(iter(names), None) if chosen is None else chosen
        known = [*names, *([chosen] if chosen and chosen not in names else [])]  # It may be somebody else's.
        choices = gr.Dropdown(choices=list(zip(display_names(known), known, strict=True)), value=chosen)
        in_gallery = [*names, *map(str, examples)]
        return {self.gallery: shown, self.gallery_names: in_gallery, self.scene: choices, **self._describe(chosen)}

    def _pick(self, values: Values, event: gr.SelectData, request: gr.Request) -> Updates:
        """Choose a scene, or take an example."""
        picked, me = str(values[self.gallery_names][event.index]), values[self.me]  # The list may have changed since.
        if Path(picked) in EXAMPLES:
            return self._add(picked, me, request)  # type: ignore[no-any-return]
        return {self.scene: picked, **self._describe(picked)}

    def _describe(self, name: str | None) -> Updates:
        """Return what shows the photograph of a scene, and a line about it."""
        scene = self.store.get(name) if name else None
        more, trained = bool(name) and self.store.resumable(str(name)), bool(scene and scene.trained)
        return {
            self.source: scene and scene.source,
            self.about: self._about(str(name), scene) if scene else "Choose a photograph.",
            self.keep: gr.Button(interactive=bool(name)),
            self.again: gr.Button("Train it further" if trained else "Train it", visible=more),
            self.animate.train_first: gr.Button(visible=more and not trained),
            self.animate.button: gr.Button(visible=trained or not more),
        }

    def _about(self, name: str, scene: ScenePipeline) -> str:
        total = scene.train_config.trained(scene.pyramid.config.sizes)
        scales = f"{scene.scales} scales" if scene.finished else f"{scene.scales} of {total} scales"
        networks = f" · networks of {pixels(scene.size)} px, {scales}" if scene.trained else ""
        own = name not in self.store.shipped.names
        lives = f" · lives {duration(self.store.limits.scene_seconds)} after its last use" if own else ""
        said = f" · {scene.photograph.remark}" if scene.photograph and scene.photograph.remark else ""
        return f"**{display_name(name)}** · {pixels(scene.original_size)} px{said}{networks}{lives}"

    def _pack(self, values: Values) -> Iterator[Updates]:
        with passing_folder() as folder:
            yield {self.file: self.store.pack(values[self.scene], folder)}

    def read(self, query: Query) -> Updates:
        """Return all components that links set, as this one says."""

        def known(name: str) -> str:
            self.store.get(name)
            return name

        training = self.training.read(query)
        scene = query.read("scene", next(iter(self.store.names("")), None), known)
        query.gone = any(it.startswith("scene=") for it in query.ignored)
        modes = {mode: panel for panel in self.panels for mode in panel.runs}
        mode = query.choice("mode", DevicesPanel.name, modes)
        updates: Updates = {
            self.mode: "" if query.gone else mode,  # Nothing else is drawn.
            self.scene: "" if query.gone else scene,
            self.halves: gr.update(selected="use" if scene else "train"),
            self.views: gr.update(selected=modes[mode].name),
            **training,
        }
        for panel in self.panels:
            updates |= panel.read(query if panel is modes[mode] else Query({}))
        query.pass_over({"layout", *(it.link for use in USES for it in options(use).values())})
        return updates
