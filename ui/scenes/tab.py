"""The Scenes tab: choose or train a scene, then use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from darkroom.uses import options
from singan.uses import USES
from ui.controls import download_after
from ui.drawing import Drawing
from ui.links import Query
from ui.reports import duration, passing_folder
from ui.scenes.animate import TWELVE, AnimatePanel
from ui.scenes.brush import EditPanel, HarmonizePanel, PaintPanel
from ui.scenes.panel import Panel
from ui.scenes.sample import DRAFTS, SamplePanel
from ui.scenes.sizes import DevicesPanel, LargerPanel, RetargetPanel, TilePanel
from ui.scenes.store import SceneStore, display_name, display_names
from ui.training.panel import TrainingPanel
from ui.training.queue import TrainingQueue
from ui.visitors import Visitor, new_name
from ui.wiring import CHOSEN_FILE, QUIET, TO_RESULTS, Updates, Values, where

STORAGE_KEY = "darkroom"  # of what browsers remember: one that Gradio draws would be another after a restart
RESUME, FINER = "Resume its training", "Train its finer scales"
THUMBNAIL = (220, 160)  # px, at most
LEGIBLE_SIDE = 100  # px, the longer one: smaller animations show nothing
PANELS: tuple[type[Panel], ...] = (
    RetargetPanel, DevicesPanel, AnimatePanel, PaintPanel, EditPanel, HarmonizePanel, LargerPanel, TilePanel,
)  # fmt: skip


class ScenesTab:
    """The tab, laid out inside the current Blocks."""

    def __init__(self, store: SceneStore, trainings: TrainingQueue, origin: gr.Textbox) -> None:
        self.store = store
        names = store.names("")  # none where nothing is shipped: then there is only training
        self.mode = gr.Textbox(DRAFTS, visible=False)  # what a link wants drawn
        # The visitor's scenes, and the name by which this browser is known when it comes back.
        self.own = gr.BrowserState([], storage_key="darkroom-scenes", secret=STORAGE_KEY)
        self.me = gr.BrowserState("", storage_key="darkroom-visitor", secret=STORAGE_KEY)
        with gr.Tabs(selected="use" if names else "train", elem_id="halves") as self.halves:
            with gr.Tab("Use a scene", id="use"):
                with gr.Row(equal_height=False, elem_classes="scene"):
                    self._lay_out_scene(names)
                place = (Drawing(store, trainings.device), self.scene, origin)
                with gr.Tabs(elem_id="views") as self.views:
                    self.samples = SamplePanel(*place)  # which shows a scene at first
                    self.panels: list[Panel] = [self.samples, *(panel(*place) for panel in PANELS)]
            with gr.Tab("Train your own picture", id="train"):
                self.training = TrainingPanel(trainings, self.scene, self.again, origin, self.me, self.halves)
        (animate,) = (panel for panel in self.panels if isinstance(panel, AnimatePanel))
        self.printed = animate.controls["enlarge"]
        self.described = [self.source, self.about, self.again, self.keep]
        self.chosen = [self.gallery, self.listed, self.scene, self.own, self.me]
        self._wire()

    def _lay_out_scene(self, names: list[str]) -> None:
        with gr.Column(scale=5, min_width=320):
            self.gallery = gr.Gallery(
                label="Scenes", show_label=False, allow_preview=False, object_fit="cover", buttons=[], height="auto",
                elem_id="scenes-gallery", elem_classes="tiles small",
            )  # fmt: skip
            self.listed = gr.JSON(visible=False)  # the names of the scenes in it
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
                self.added = gr.Textbox(visible=False)  # the name of one that was uploaded
        with gr.Column(scale=2, min_width=300):
            self.source = gr.Image(
                label="The trained picture", interactive=False, height=190, format="png", buttons=[], elem_id="source"
            )
            self.about = gr.Markdown(elem_id="about")
            self.again = gr.Button(RESUME, visible=False, size="sm", elem_id="again")

    # -- events ------------------------------------------------------------------------------------------------------

    def _wire(self) -> None:
        samples, training = self.samples, self.training
        self.scene.change(self._describe, {self.scene}, self.described, **QUIET)
        inputs = {self.scene, self.mode, self.printed}
        self.scene.change(self._print, inputs, [self.printed], queue=False, **QUIET)
        choice = self.gallery.select(self._pick, {self.listed}, self.scene, queue=False, **QUIET)
        choice.then(None, None, None, js=TO_RESULTS, api_visibility="private")
        for event in (choice.then, self.scene.input):
            samples.run_after(event, samples.run_drafts)
        packed = self.keep.click(self._pack, {self.scene}, [self.file], **QUIET)
        download_after(packed, "scene-file")
        added = self.bring.upload(self._add, {self.bring, self.me}, [self.added], **CHOSEN_FILE)
        for come, name in (*((ended, training.scene) for ended in training.ended), (added, self.added)):
            got = come.success(self._take, [name, self.own, self.me], self.chosen, queue=False, **QUIET)
            # The name may be the same as before, with more scales.
            described = got.then(self._describe, {self.scene}, self.described, **QUIET)
            samples.run_after(described.then, samples.run_drafts)
        used = training.use.click(self._use, {training.scene, self.me}, [self.scene], queue=False, **QUIET)
        used.success(None, None, None, js="() => darkroom.showScene()", **QUIET)
        samples.run_after(used.success, samples.run_drafts)

    def start(self, opened: Any) -> None:
        """Wire what is drawn after the event in which the page was opened, once somebody looks at this tab."""
        looked = where(opened.then, self.mode, "() => darkroom.untilScenesAreSeen()")
        listed = looked(self._list, {self.own, self.scene, self.me}, self.chosen, queue=False, **QUIET)
        described = listed.then(self._describe, {self.scene}, self.described, **QUIET)
        for panel in self.panels:
            panel.run_link_after(described.then, self.mode)
        self.training.start_watching(listed.then)

    def _list(self, values: Values, request: gr.Request) -> Updates:
        """List the scenes to choose from, with those that this browser remembers; a link's scene stays chosen."""
        me = values[self.me] or new_name()
        visitor = Visitor.of(request, me)
        alive = self.store.adopt(visitor, values[self.own] or [])
        return self._listed(visitor, values[self.scene]) | {self.own: alive, self.me: me}

    def _take(self, name: str, kept: list[str], me: str, request: gr.Request) -> Any:
        """Choose the scene of a training or an upload, and let the browser remember it."""
        if not name:
            return gr.skip()
        visitor = Visitor.of(request, me)
        own = name in self.store.names(visitor.scene_owner) and name not in self.store.shipped.names
        return self._listed(visitor, name) | {self.own: [*kept, name] if own and name not in kept else kept}

    def _listed(self, visitor: Visitor, chosen: str | None) -> Updates:
        """Return the scenes that a visitor may choose from, with small pictures; where none is chosen, the first."""
        scenes = self.store.scenes(visitor.scene_owner)
        names, pictures = list(scenes), [scene.source for scene in scenes.values()]
        for picture in pictures:
            picture.thumbnail(THUMBNAIL)
        shown = list(zip(pictures, display_names(names), strict=True))
        return {self.gallery: shown, self.listed: names, self.scene: _choices(names, chosen)}

    def _use(self, values: Values, request: gr.Request) -> Updates:
        names = self.store.names(Visitor.of(request, values[self.me]).scene_owner)
        return {self.scene: _choices(names, values[self.training.scene])}

    def _pick(self, values: Values, event: gr.SelectData) -> str:
        return str(values[self.listed][event.index])  # The list may have changed since it was shown.

    def _add(self, values: Values, request: gr.Request) -> Updates:
        if not values[self.bring]:
            raise ValueError("there is no file yet: choose a ZIP of a trained scene that was downloaded here")
        visitor = Visitor.of(request, values[self.me])
        return {self.added: self.store.add(visitor, values[self.bring])}

    def _describe(self, values: Values) -> Updates:
        """Show the trained picture of a scene, and a line about it."""
        name = values[self.scene]
        more = bool(name) and self.store.resumable(str(name))
        return {
            self.source: self.store.get(name).source if name else None,
            self.about: self._about(name) if name else "No scene yet: train one on your own picture.",
            self.keep: gr.Button(interactive=bool(name)),
            self.again: gr.Button(FINER if more and self.store.get(name).finished else RESUME, visible=more),
        }

    def _about(self, name: str) -> str:
        scene = self.store.get(name)
        width, height = scene.size
        total = scene.train_config.trained(scene.pyramid.config.sizes)
        scales = f"{scene.scales} scales" if scene.finished else f"{scene.scales} of {total} scales"
        full = scene.print_size
        prints = f" · prints up to {full[0]} × {full[1]} px" if full[0] > width else ""
        own = name not in self.store.shipped.names
        lives = f" · lives {duration(self.store.limits.scene_seconds)} after its last use" if own else ""
        return f"**{display_name(name)}** · {width} × {height} px · {scales}{prints}{lives}"

    def _print(self, values: Values) -> Updates:
        """Print animations of networks that know a layout alone, which show nothing; a link says itself."""
        name, linked = values[self.scene], values[self.mode] in (AnimatePanel.name, TWELVE)
        small = bool(name) and max(self.store.get(name).size) < LEGIBLE_SIDE and not linked
        return {self.printed: values[self.printed] or small}

    def _pack(self, values: Values) -> Iterator[Updates]:
        with passing_folder() as folder:
            yield {self.file: self.store.pack(values[self.scene], folder)}

    # -- links -------------------------------------------------------------------------------------------------------

    def read(self, query: Query) -> Updates:
        """Return all components that links set, as this one says."""

        def known(name: str) -> str:
            self.store.get(name)
            return name

        training = self.training.read(query)
        scene = query.read("scene", next(iter(self.store.names("")), None), known)
        modes = {mode: panel for panel in self.panels for mode in panel.runs}
        mode = query.choice("mode", DRAFTS, modes)
        updates: Updates = {
            self.mode: mode,
            self.scene: scene,
            self.halves: gr.update(selected="use" if scene else "train"),
            self.views: gr.update(selected=modes[mode].name),
            **training,
        }
        for panel in self.panels:
            updates |= panel.read(query if panel is modes[mode] else Query({}))
        query.pass_over({"layout", *(it.link for use in USES for it in options(use).values())})
        return updates


def _choices(names: list[str], chosen: str | None) -> gr.Dropdown:
    """Return scenes to choose from, as they are called; one that is somebody else's may be chosen, too."""
    known = [*names, *([chosen] if chosen and chosen not in names else [])]
    return gr.Dropdown(
        choices=list(zip(display_names(known), known, strict=True)), value=chosen or next(iter(known), None)
    )
