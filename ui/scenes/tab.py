"""The Scenes tab: choose or train a scene, then use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from singan.uses import USES, Animate, Edit, Harmonize, Paint, Retarget, Sample, SuperResolve, Tile
from ui.controls import download_after
from ui.drawing import Drawing
from ui.links import Query
from ui.reports import duration, passing_folder
from ui.scenes.animate import AnimatePanel
from ui.scenes.beside import BesidePanel
from ui.scenes.edit import EditPanel
from ui.scenes.harmonize import HarmonizePanel
from ui.scenes.paint import PaintPanel
from ui.scenes.panel import Panel
from ui.scenes.retarget import DevicesPanel, RetargetPanel
from ui.scenes.sample import DRAFTS, SamplePanel
from ui.scenes.store import SceneStore, display_name, display_names
from ui.scenes.tile import TilePanel
from ui.training.panel import TrainingPanel
from ui.training.queue import TrainingQueue
from ui.visitors import Visitor, new_name
from ui.wiring import CHOSEN_FILE, PICTURES, QUIET, TO_RESULTS, Updates, Values, where

KEY = "darkroom"  # of what browsers remember: a key that Gradio draws would be another after a restart
RESUME, FINER = "Resume its training", "Train its finer scales"
THUMBNAIL = (220, 160)  # px, at most
LEGIBLE = 100  # px, longer side: smaller animations show nothing
# Panels that are not made from their use's options alone.
PANELS: dict[Any, dict[str, type[Panel]]] = {
    Sample: {"New samples": SamplePanel},
    Retarget: {"Other sizes": RetargetPanel, "All my devices": DevicesPanel},
    Animate: {"Animation": AnimatePanel},
    Paint: {"Paint": PaintPanel},
    Edit: {"Edit": EditPanel},
    Harmonize: {"Harmonize": HarmonizePanel},
    SuperResolve: {"Larger": BesidePanel},
    Tile: {"Tiles": TilePanel},
}


class ScenesTab:
    """The tab, laid out inside the current Blocks."""

    def __init__(self, store: SceneStore, trainings: TrainingQueue, origin: gr.Textbox) -> None:
        self.store, self.drawing = store, Drawing(store, trainings.device)
        names = store.names("")  # none where nothing is shipped: then there is only training
        self.mode = gr.Textbox(DRAFTS, visible=False)  # what a link wants drawn
        # This visitor's scenes, and the name by which he is known, for when he comes back.
        self.own = gr.BrowserState([], storage_key="darkroom-scenes", secret=KEY)
        self.me = gr.BrowserState("", storage_key="darkroom-visitor", secret=KEY)
        with gr.Tabs(selected="use" if names else "train", elem_id="halves") as self.halves:
            with gr.Tab("Use a scene", id="use"):
                with gr.Row(equal_height=False, elem_classes="scene"):
                    self._lay_out_scene(names)
                self._lay_out_uses(origin)
            with gr.Tab("Train your own picture", id="train"):
                self.training = TrainingPanel(trainings, self.scene, self.again, origin, self.me, self.halves)
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

    def _lay_out_uses(self, origin: gr.Textbox) -> None:
        self.panels: dict[str, Panel] = {}
        with gr.Tabs(elem_id="views") as self.views:
            for use in USES:
                for label, panel in PANELS.get(use, {use.title().capitalize(): Panel}).items():
                    with gr.Tab(label, id=panel.NAME or use.title()) as tab:
                        made = panel(use, self.drawing, self.scene, origin)
                    made.opens_with(tab)
                    self.panels[made.name] = made

    # -- events ------------------------------------------------------------------------------------------------------

    @property
    def samples(self) -> SamplePanel:
        """The panel that shows a scene at first."""
        panel = self.panels["sample"]
        assert isinstance(panel, SamplePanel)
        return panel

    def _wire(self) -> None:
        samples, training = self.samples, self.training
        self.scene.change(self._describe, {self.scene}, self.described, **QUIET)
        printed = self.panels["animate"].controls["enlarge"]
        self.scene.change(self._print, {self.scene, self.mode, printed}, [printed], queue=False, **QUIET)
        choice = self.gallery.select(self._picked, {self.listed}, self.scene, queue=False, **QUIET)
        choice.then(None, None, None, js=TO_RESULTS, api_visibility="private")
        samples.draw_after(choice.then, samples.draw_drafts)
        samples.draw_after(self.scene.input, samples.draw_drafts)
        packed = self.keep.click(self._pack, {self.scene}, [self.file], **QUIET)
        download_after(packed, "scene-file")
        added = self.bring.upload(self._add, {self.bring, self.me}, [self.added], **CHOSEN_FILE)
        for come, name in (*((ended, training.scene) for ended in training.ended), (added, self.added)):
            got = come.success(self._got, [name, self.own, self.me], self.chosen, queue=False, **QUIET)
            # The name may be the same as before, with more scales.
            described = got.then(self._describe, {self.scene}, self.described, **QUIET)
            samples.draw_after(described.then, samples.draw_drafts)
        used = training.use.click(self._use, {training.scene, self.me}, [self.scene], queue=False, **QUIET)
        used.success(None, None, None, js="() => darkroom.showScene()", **QUIET)
        shown = {samples.share.link, *samples.inputs}
        used.success(samples.telling(self._draw_used), shown, samples.outputs, **PICTURES, **QUIET)

    def start(self, opened: Any) -> None:
        # Nothing is asked for before somebody looks at this tab.
        looked = where(opened.then, self.mode, "() => darkroom.untilScenesAreSeen()")
        listed = looked(self._list, {self.own, self.scene, self.me}, self.chosen, queue=False, **QUIET)
        described = listed.then(self._describe, {self.scene}, self.described, **QUIET)
        for panel in self.panels.values():
            panel.draw_linked(described.then, self.mode)
        self.training.start_watching(listed.then)

    def _list(self, values: Values, request: gr.Request) -> Updates:
        """The scenes to choose from, with those that this browser remembers; a link's scene stays chosen."""
        me = values[self.me] or new_name()
        visitor = Visitor.of(request, me)
        alive = self.store.adopt(visitor, values[self.own] or [])
        return self._listed(visitor, values[self.scene]) | {self.own: alive, self.me: me}

    def _got(self, name: str, kept: list[str], me: str, request: gr.Request) -> Any:
        """After a training or an upload: its scene is chosen, and the browser remembers it."""
        if not name:
            return gr.skip()
        visitor = Visitor.of(request, me)
        his = name in self.store.names(visitor.scene_owner) and name not in self.store.shipped.names
        return self._listed(visitor, name) | {self.own: [*kept, name] if his and name not in kept else kept}

    def _draw_used(self, values: Values) -> Iterator[Any]:
        """Samples of the scene, where they are not there already."""
        if Query.of(values[self.samples.share.link]).read("scene", "", str) == values[self.scene]:
            yield {self.samples.status: gr.skip()}
            return
        yield from self.samples.draw_drafts(values)

    def _listed(self, visitor: Visitor, chosen: str | None) -> Updates:
        """The scenes that a visitor may choose from, with small pictures; where none is chosen, the first."""
        scenes = self.store.scenes(visitor.scene_owner)
        names, pictures = list(scenes), [scene.source for scene in scenes.values()]
        for picture in pictures:
            picture.thumbnail(THUMBNAIL)
        shown = list(zip(pictures, display_names(names), strict=True))
        return {self.gallery: shown, self.listed: names, self.scene: _choices(names, chosen)}

    def _use(self, values: Values, request: gr.Request) -> Updates:
        names = self.store.names(Visitor.of(request, values[self.me]).scene_owner)
        return {self.scene: _choices(names, values[self.training.scene])}

    def _picked(self, values: Values, event: gr.SelectData) -> str:
        return str(values[self.listed][event.index])  # The list may have changed since it was shown.

    def _add(self, values: Values, request: gr.Request) -> Updates:
        if not values[self.bring]:
            raise ValueError("there is no file yet: choose a ZIP of a trained scene that was downloaded here")
        visitor = Visitor.of(request, values[self.me])
        return {self.added: self.store.add(visitor, values[self.bring])}

    def _describe(self, values: Values) -> Updates:
        """The trained picture of a scene, and a line about it."""
        name = values[self.scene]
        more = bool(name) and self.store.resumable(str(name))
        return {
            self.source: self.store.get(name).source if name else None,
            self.about: self._about(name) if name else "No scene yet: train one on your own picture.",
            self.keep: gr.Button(interactive=bool(name)),
            self.again: gr.Button(FINER if more and self.store.get(name).finished else RESUME, visible=more),
        }

    def _print(self, values: Values) -> Updates:
        """Of networks that know a layout alone, only printed animations show something; a link says itself what it
        shows."""
        name, animate = values[self.scene], self.panels["animate"]
        small = bool(name) and max(self.store.get(name).size) < LEGIBLE and values[self.mode] not in animate.drawers
        printed = animate.controls["enlarge"]
        return {printed: values[printed] or small}

    def _pack(self, values: Values) -> Iterator[Updates]:
        """The scene as a file to keep."""
        with passing_folder() as folder:
            yield {self.file: self.store.pack(values[self.scene], folder)}

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

    # -- links -------------------------------------------------------------------------------------------------------

    def read(self, query: Query) -> Updates:
        def known(name: str) -> str:
            self.store.get(name)
            return name

        training = self.training.read(query)
        scene = query.read("scene", next(iter(self.store.names("")), None), known)
        modes = {mode: panel for panel in self.panels.values() for mode in panel.drawers}
        mode = query.choice("mode", DRAFTS, modes)
        updates: Updates = {
            self.mode: mode,
            self.scene: scene,
            self.halves: gr.update(selected="use" if scene else "train"),
            self.views: gr.update(selected=modes[mode].name),
            **training,
        }
        for panel in self.panels.values():
            updates |= panel.read(query if panel is modes[mode] else Query({}))
        query.pass_over(key for panel in self.panels.values() for key in panel.keys)
        return updates


def _choices(names: list[str], chosen: str | None) -> gr.Dropdown:
    """Scenes to choose from, as they are called; one that is somebody else's may be chosen, too."""
    known = [*names, *([chosen] if chosen and chosen not in names else [])]
    return gr.Dropdown(
        choices=list(zip(display_names(known), known, strict=True)), value=chosen or next(iter(known), None)
    )
