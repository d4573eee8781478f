"""The Scenes tab: choose or train a scene, then use it."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from darkroom.uses import options
from singan.uses import USES
from ui.controls import download_after
from ui.drawing import Drawing
from ui.links import Query
from ui.reports import duration, passing_folder
from ui.scenes.brush import EditPanel, HarmonizePanel, PaintPanel
from ui.scenes.draw import DRAFTS, AnimatePanel, LargerPanel, SamplePanel, TilePanel
from ui.scenes.panel import Panel
from ui.scenes.sizes import DevicesPanel, RetargetPanel
from ui.scenes.store import SceneStore, display_name, display_names
from ui.training.panel import TrainingPanel
from ui.training.queue import TrainingQueue
from ui.visitors import Visitor, new_name
from ui.wiring import CHOSEN_FILE, QUIET, TO_RESULTS, Updates, Values, where

STORAGE_KEY = "darkroom"  # of what browsers remember: one that Gradio draws would be another after a restart
MAX_THUMBNAIL_SIZE = (220, 160)  # px
LEGIBLE_SIDE_PIXELS = 100  # of the longer one: smaller animations show nothing
PANELS: tuple[type[Panel], ...] = (
    RetargetPanel, DevicesPanel, AnimatePanel, PaintPanel, EditPanel, HarmonizePanel, LargerPanel, TilePanel,
)  # fmt: skip


class ScenesTab:
    """Lay out the tab inside the current Blocks."""

    def __init__(self, store: SceneStore, trainings: TrainingQueue, origin: gr.Textbox) -> None:
        self.store = store
        names = store.names("")  # none where nothing is shipped: then there is only training
        self.mode = gr.Textbox(DRAFTS, visible=False)  # what a link wants drawn
        # The name by which this browser is known when it comes back.
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
        (self.animate,) = (panel for panel in self.panels if isinstance(panel, AnimatePanel))
        self.described = [self.source, self.about, self.again, self.keep]
        self.listing = [self.gallery, self.listed, self.scene, self.me, *self.described]
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
        with gr.Column(scale=2, min_width=300):
            self.source = gr.Image(
                label="The trained picture", interactive=False, height=190, format="png", buttons=[], elem_id="source"
            )
            self.about = gr.Markdown(elem_id="about")
            self.again = gr.Button("Train it further", visible=False, size="sm", elem_id="again")

    # -- events ------------------------------------------------------------------------------------------------------

    def _wire(self) -> None:
        self.scene.change(self._describe, self.scene, self.described, **QUIET)
        printed = self.animate.controls["enlarge"]
        self.scene.change(self._print, [self.scene, self.mode, printed], printed, queue=False, **QUIET)
        choice = self.gallery.select(self._pick, {self.listed}, self.scene, queue=False, **QUIET)
        choice.then(None, None, None, js=TO_RESULTS, api_visibility="private")
        download_after(self.keep.click(self._pack, {self.scene}, [self.file], **QUIET), "scene-file")
        added = self.bring.upload(self._add, [self.bring, self.me], self.listing, **CHOSEN_FILE)
        for event in (choice.then, self.scene.input, added.success):
            self.samples.run_after(event, self.samples.run_drafts)
        self._take_after(self.training.seen.success)
        used = self._take_after(self.training.use.click)
        used.success(None, None, None, js="() => darkroom.showScene()", **QUIET)

    def _take_after(self, event: Any) -> Any:
        """Show the scene that came of a training after an event."""
        taken = event(self._take, [self.training.scene, self.me], self.listing, queue=False, **QUIET)
        self.samples.run_after(taken.success, self.samples.run_drafts)
        return taken

    def start(self, opened: Any) -> None:
        """Wire what is drawn after the event in which the page was opened, once somebody looks at this tab."""
        looked = where(opened.then, self.mode, "() => darkroom.untilScenesAreSeen()")
        listed = looked(self._list, [self.scene, self.me], self.listing, queue=False, **QUIET)
        for panel in self.panels:
            panel.run_link_after(listed.then, self.mode)
        self._take_after(self.training.watch_linked(listed.then).success)

    def _list(self, chosen: str | None, me: str, request: gr.Request) -> Updates:
        """List the scenes to choose from, and give a browser that has none a name; a link's scene stays chosen."""
        me = me or new_name()
        return {**self._listed(Visitor.of(request, me), chosen), self.me: me}

    def _take(self, name: str, me: str, request: gr.Request) -> Any:
        """Choose a scene."""
        return self._listed(Visitor.of(request, me), name) if name else gr.skip()

    def _add(self, file: str | None, me: str, request: gr.Request) -> Any:
        if not file:
            raise ValueError("there is no file yet: choose a ZIP of a trained scene that was downloaded here")
        return self._take(self.store.add(Visitor.of(request, me), file), me, request)

    def _listed(self, visitor: Visitor, chosen: str | None) -> Updates:
        """Return the scenes that a visitor may choose from, with small pictures; where none is chosen, the first."""
        scenes = self.store.scenes(visitor.scene_owner)
        names, pictures = list(scenes), [scene.source for scene in scenes.values()]
        for picture in pictures:
            picture.thumbnail(MAX_THUMBNAIL_SIZE)
        chosen = chosen or next(iter(names), None)
        shown = list(zip(pictures, display_names(names), strict=True))
        known = [*names, *([chosen] if chosen and chosen not in names else [])]  # It may be somebody else's.
        choices = gr.Dropdown(choices=list(zip(display_names(known), known, strict=True)), value=chosen)
        return {self.gallery: shown, self.listed: names, self.scene: choices, **self._describe(chosen)}

    def _pick(self, values: Values, event: gr.SelectData) -> str:
        return str(values[self.listed][event.index])  # The list may have changed since it was shown.

    def _describe(self, name: str | None) -> Updates:
        """Return what shows the trained picture of a scene, and a line about it."""
        return {
            self.source: self.store.get(name).source if name else None,
            self.about: self._about(name) if name else "No scene yet: train one on your own picture.",
            self.keep: gr.Button(interactive=bool(name)),
            self.again: gr.Button(visible=bool(name) and self.store.resumable(str(name))),
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

    def _print(self, name: str | None, mode: str, printed: bool) -> bool:
        """Print animations of networks that know a layout alone, which show nothing; a link says itself."""
        small = bool(name) and max(self.store.get(str(name)).size) < LEGIBLE_SIDE_PIXELS
        return printed or (small and mode not in self.animate.runs)

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
