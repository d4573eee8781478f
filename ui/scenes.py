"""The Scenes tab: choose or train a scene, then sample, retarget and animate it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.animations import FORMATS
from darkroom.seeds import MAX_SEED
from singan.config import MAX_OUTPUT, MIN_OUTPUT
from singan.uses.start import STRENGTHS
from ui.links import Query
from ui.parts import ANIMATIONS, PICTURES, QUIET, ready, seed_row, shown
from ui.scene_handlers import DEVICES, MAX_COUNT, MAX_FRAMES, SceneHandlers, device_sizes, size_of
from ui.share import Call, Share, call
from ui.tab import Tab
from ui.training import build_training_panel
from ui.training_handlers import TrainingHandlers
from ui.trainings import Visitor

STRENGTH_CHOICES = [(f"{word.capitalize()} (start scale {n})", n) for n, word in reversed(STRENGTHS.items())]
LAYOUTS = [("Keep the layout", "keep"), ("Rearrange", "rearrange")]
CUSTOM = "Pixels"
MAX_START = 15
THUMBNAIL = (220, 160)  # px, at most


class Panel:
    """A kind of result: its controls, which are the inputs of its handler, what it shows, and its share panel."""

    def __init__(
        self,
        handler: Callable[..., Iterator[Any]],
        describe: Callable[..., tuple[dict[str, Any], list[Call]]],
        controls: list[Any],
        outputs: list[Any],
        share: Share,
        queue: dict[str, Any] = PICTURES,
    ) -> None:
        self._queue = queue
        self.controls, self._results = controls, len(outputs) + len(share.outputs)
        self._draw, self._inputs, self._outputs = share.wire(handler, describe, controls, outputs)

    def draw(self, event: Callable[..., Any]) -> Any:
        """Draws after the event, such as a button's click."""
        return event(shown(self._draw), self._inputs, self._outputs, **self._queue, **QUIET)

    def draw_for(self, event: Callable[..., Any], mode: gr.Textbox, wanted: tuple[str, ...]) -> None:
        """Draws after the event where `mode` is one of those wanted."""

        def draw(mode: str, *values: Any) -> Iterator[Any]:
            if mode not in wanted:
                yield (gr.skip(),) * self._results
                return
            yield from self._draw(*values)

        event(shown(draw), [mode, *self._inputs], self._outputs, **self._queue, **QUIET)


def build_scenes_tab(handlers: SceneHandlers, training: TrainingHandlers, origin: gr.Textbox) -> Tab:
    """Lays out the tab inside the current Blocks and wires its events."""
    store = handlers.store
    names = store.names("")  # none where nothing is shipped: then there is only training
    mode = gr.Textbox("sample", visible=False)  # what a link wants drawn
    own = gr.BrowserState([], storage_key="darkroom-scenes")  # this visitor's scenes, for when he comes back
    with gr.Tabs(selected="use" if names else "train", elem_id="halves") as halves:
        with gr.Tab("Use a scene", id="use"), gr.Row(equal_height=False):
            with gr.Column(scale=2, min_width=320):
                gallery = gr.Gallery(
                    label="Scenes", show_label=False, allow_preview=False, object_fit="cover", buttons=[],
                    height="auto", elem_id="scenes-gallery", elem_classes="tiles small",
                )  # fmt: skip
                scene = gr.Dropdown(
                    names, value=names[0] if names else None, label="Scene", allow_custom_value=True, elem_id="scene"
                )
                source = gr.Image(
                    label="The trained picture", interactive=False, height=240, format="png", buttons=[],
                    elem_id="source",
                )  # fmt: skip
                about = gr.Markdown(elem_id="about")
                again = gr.Button("Resume its training", visible=False, elem_id="again")
                with gr.Row():
                    keep = gr.DownloadButton("Download scene", size="sm", elem_id="scene-download", min_width=120)
                    bring = gr.UploadButton(
                        "Upload scene", size="sm", file_types=[".zip"], elem_id="scene-upload", min_width=120
                    )
            with gr.Column(scale=3, min_width=320), gr.Tabs(elem_id="views") as views:
                with gr.Tab("New samples", id="sample"):
                    samples = _samples_panel(handlers, scene, origin)
                with gr.Tab("Other sizes", id="retarget"):
                    retarget = _retarget_panel(handlers, scene, origin)
                with gr.Tab("All my devices", id="devices"):
                    devices = _devices_panel(handlers, scene, origin)
                with gr.Tab("Animation", id="animate"):
                    animation, twelve = _animation_panel(handlers, scene, origin)
        with gr.Tab("Train your own picture", id="train"):
            panel = build_training_panel(training, handlers, scene, again, origin)

    described = [source, about, keep, again, panel.resume]

    def tell(name: str | None) -> Iterator[tuple[Any, ...]]:
        more = bool(name) and store.resumable(str(name))
        buttons = gr.Button(visible=more), gr.Button(interactive=more)
        for picture, text, file in handlers.source(name):
            yield picture, text, gr.DownloadButton(value=file, interactive=bool(file)), *buttons

    def known(kept: list[str], chosen: str | None, request: gr.Request) -> tuple[Any, ...]:
        """The scenes to choose from, with those that this browser remembers; a link's scene stays chosen."""
        alive = store.adopt(Visitor.of(request).session, kept or [])
        every = store.names(Visitor.of(request).session)
        return thumbnails(handlers, every), gr.Dropdown(choices=every, value=chosen or next(iter(every), None)), alive

    def got(name: str | None, kept: list[str], request: gr.Request) -> tuple[Any, ...]:
        """After a training or an upload: its scene is chosen, and the browser remembers it."""
        if not name:
            return gr.skip(), gr.skip(), gr.skip()
        every = store.names(Visitor.of(request).session)
        mine = kept if name in [*kept, *store.shipped.names] else [*kept, name]
        return thumbnails(handlers, every), gr.Dropdown(choices=every, value=name), mine

    def add(path: str | None, request: gr.Request) -> Iterator[str]:
        if not path:
            raise ValueError("there is no file yet: choose a ZIP of a trained scene that was downloaded here")
        yield store.add(Visitor.of(request).session, path)

    def picked(event: gr.SelectData) -> str:
        return str(event.value["caption"])

    tell_all = shown(tell)
    scene.change(tell_all, scene, described, **QUIET)
    choice = gallery.select(picked, None, scene, queue=False, **QUIET)
    samples.draw(choice.then)
    samples.draw(scene.input)
    again.click(lambda: gr.Tabs(selected="train"), None, halves, queue=False, **QUIET)
    added = bring.upload(shown(add), bring, panel.trained, **QUIET)
    for ended in (*panel.ended, added):
        kept = ended.success(got, [panel.trained, own], [gallery, scene, own], queue=False, **QUIET)
        # The name may be the same as before, with more scales.
        samples.draw(kept.then(tell_all, scene, described, **QUIET).then)

    def start(opened: Any) -> None:
        listed = opened.then(known, [own, scene], [gallery, scene, own], queue=False, **QUIET)
        told = listed.then(tell_all, scene, described, **QUIET)
        samples.draw_for(told.then, mode, ("sample",))
        retarget.draw_for(told.then, mode, ("keep", "rearrange"))
        devices.draw_for(told.then, mode, ("devices",))
        animation.draw_for(told.then, mode, ("animate",))
        twelve.draw_for(told.then, mode, ("twelve",))

    controls = [*samples.controls[1:], *retarget.controls[1:], *devices.controls[1:], *animation.controls[1:]]
    return Tab([mode, scene, halves, views, *controls], lambda query: _read(query, handlers), start)


def thumbnails(handlers: SceneHandlers, names: list[str]) -> list[tuple[Image.Image, str]]:
    """Small pictures of the scenes with their names, for the gallery."""
    pictures = []
    for name in names:
        picture = handlers.store.get(name).source
        picture.thumbnail(THUMBNAIL)
        pictures.append((picture, name))
    return pictures


def _read(query: Query, handlers: SceneHandlers) -> list[Any]:
    """The values of the tab's components in a link, in their order."""

    def known(name: str) -> str:
        handlers.store.get(name)
        return name

    scene = query.read("scene", next(iter(handlers.store.names("")), None), known)
    modes = {"sample": "sample", "keep": "retarget", "rearrange": "retarget", "devices": "devices",
             "animate": "animate", "twelve": "animate"}  # fmt: skip
    mode = query.choice("mode", "sample", modes)
    layout = query.choice("layout", "keep", ("keep", "rearrange"))
    seed = query.whole("seed", 0, 0, MAX_SEED)
    start = query.read("start", None, lambda text: Query({"start": text}).whole("start", 0, 0, MAX_START))
    width, height = query.size("size", (325, 175), MIN_OUTPUT, MAX_OUTPUT)
    count = query.whole("count", 6 if mode == "sample" else 1, 1, MAX_COUNT)
    samples = [0 if start is None else start, count, seed]
    sizes = [width, height, mode if mode == "rearrange" else "keep", start, count if mode != "sample" else 1, seed]
    motion = [
        1 if start is None else start, query.number("alpha", 0.1, 0, 1), query.number("beta", 0.9, 0, 1),
        query.whole("frames", 60, 2, MAX_FRAMES), query.number("fps", 10, 1, 60), query.flag("loop", True),
        query.choice("format", "gif", FORMATS), seed,
    ]  # fmt: skip
    return [
        mode, scene, gr.Tabs(selected="use" if scene else "train"), gr.Tabs(selected=modes[mode]),
        *samples, *sizes, layout, seed, *motion,
    ]  # fmt: skip


# -- the panels ------------------------------------------------------------------------------------------------------


def _words(label: str, value: int, name: str) -> gr.Radio:
    return gr.Radio(STRENGTH_CHOICES, value=value, label=label, elem_id=f"{name}-strength")


def _start_scale(words: gr.Radio, name: str) -> gr.Slider:
    """The start scale that the words stand for, which is what counts."""
    start = gr.Slider(
        0, MAX_START, words.value, step=1, label="Start scale", elem_id=f"{name}-start",
        info="0 draws everything anew; each scale more keeps finer parts of the trained picture.",
    )  # fmt: skip
    words.input(lambda n: n, words, start, queue=False, **QUIET)
    start.change(lambda n: n if n in STRENGTHS else None, start, words, queue=False, **QUIET)
    return start


def _gallery(name: str) -> gr.Gallery:
    return gr.Gallery(
        label="Results", format="png", object_fit="contain", height="auto", type="filepath",
        elem_id=f"{name}-gallery", elem_classes="tiles", buttons=["download", "fullscreen"],
    )  # fmt: skip


def _zip_button(name: str, label: str = "Download all (ZIP)") -> gr.DownloadButton:
    return gr.DownloadButton(label, interactive=False, size="sm", elem_id=f"{name}-zip")


def _samples_panel(handlers: SceneHandlers, scene: gr.Dropdown, origin: gr.Textbox) -> Panel:
    words = _words("How much may change", 0, "sample")
    count = gr.Slider(1, MAX_COUNT, 6, step=1, label="Pictures", elem_id="sample-count")
    seed = seed_row("sample")
    with gr.Accordion("Advanced", open=False):
        start = _start_scale(words, "sample")
    button = gr.Button("Draw samples", variant="primary", elem_id="sample")
    status = gr.HTML(elem_id="sample-status")
    gallery = _gallery("sample")
    with gr.Row():
        good = gr.Dropdown([], multiselect=True, label="The good ones", elem_id="sample-good", scale=3)
        archive = _zip_button("sample", "Download (ZIP)")
    share = Share("sample", origin)

    def draw(scene: str, start: int, count: int, seed: int) -> Iterator[tuple[Any, ...]]:
        for report, pictures, archive in handlers.sample_scene(scene, count, start, seed):
            if not isinstance(pictures, list):
                yield report, pictures, gr.skip(), archive
                continue
            numbers = list(range(1, len(pictures) + 1))
            captioned = [(picture, str(n)) for n, picture in zip(numbers, pictures, strict=True)]
            yield report, captioned, gr.Dropdown(choices=numbers, value=[]), ready(archive)

    def describe(scene: str, start: int, count: int, seed: int) -> tuple[dict[str, Any], list[Call]]:
        link = {"tab": "scenes", "scene": scene, "mode": "sample", "count": count, "start": start, "seed": seed}
        return link, [call(handlers.sample_scene, scene=scene, count=count, start_scale=start, seed=seed)]

    def chosen(drawn: list[tuple[str, str]] | None, numbers: list[int], scene: str, seed: int) -> Iterator[Any]:
        for path in handlers.chosen([path for path, _ in drawn or []], numbers, scene, seed):
            yield ready(path)

    good.input(shown(chosen), [gallery, good, scene, seed], archive, **QUIET)
    panel = Panel(draw, describe, [scene, start, count, seed], [status, gallery, good, archive], share)
    panel.draw(button.click)
    return panel


def _retarget_panel(handlers: SceneHandlers, scene: gr.Dropdown, origin: gr.Textbox) -> Panel:
    shape = gr.Radio([*DEVICES, CUSTOM], value=CUSTOM, label="Shape", elem_id="shape")
    with gr.Row():
        width = gr.Number(325, label="Width, px", precision=0, minimum=MIN_OUTPUT, maximum=MAX_OUTPUT, elem_id="width")
        height = gr.Number(
            175, label="Height, px", precision=0, minimum=MIN_OUTPUT, maximum=MAX_OUTPUT, elem_id="height"
        )
    mode = gr.Radio(LAYOUTS, value="keep", label="Mode", elem_id="retarget-mode")
    with gr.Accordion("Advanced", open=False):
        start = gr.Number(
            None, label="Start scale", info="Empty: 3 to keep the layout, 0 to rearrange", precision=0,
            elem_id="retarget-start",
        )  # fmt: skip
        count = gr.Slider(1, MAX_COUNT, 1, step=1, label="Pictures", elem_id="retarget-count")
    seed = seed_row("retarget")
    button = gr.Button("Fit to size", variant="primary", elem_id="retarget")
    status = gr.HTML(elem_id="retarget-status")
    compare = gr.ImageSlider(
        label="Plainly stretched | fitted", format="png", interactive=False, visible=False, elem_id="compare",
        buttons=["download", "fullscreen"],
    )  # fmt: skip
    gallery = _gallery("retarget")
    archive = _zip_button("retarget")
    share = Share("retarget", origin)

    def shaped(shape: str, scene: str) -> Iterator[tuple[Any, Any]]:
        yield (gr.skip(), gr.skip()) if shape == CUSTOM else size_of(DEVICES[shape], handlers.store.get(scene).size)

    def draw(
        scene: str, width: int, height: int, mode: str, start: int | None, count: int, seed: int
    ) -> Iterator[tuple[Any, ...]]:
        for report, pictures, archive in handlers.retarget_scene(scene, width, height, mode, start, count, seed):
            if not isinstance(pictures, list):
                yield report, gr.skip(), pictures, archive
                continue
            pair = gr.ImageSlider(handlers.compare(scene, pictures[0]), visible=True)
            yield report, pair, gr.Gallery(pictures, visible=len(pictures) > 1), ready(archive)

    def describe(
        scene: str, width: int, height: int, mode: str, start: int | None, count: int, seed: int
    ) -> tuple[dict[str, Any], list[Call]]:
        link = {
            "tab": "scenes", "scene": scene, "mode": mode, "size": f"{width}x{height}", "start": start, "count": count,
            "seed": seed,
        }  # fmt: skip
        given = {"width": width, "height": height, "mode": mode, "start_scale": start, "count": count, "seed": seed}
        return link, [call(handlers.retarget_scene, scene=scene, **given)]

    sized = shape.input(shown(shaped), [shape, scene], [width, height], queue=False, **QUIET)
    for side in (width, height):
        side.input(lambda: CUSTOM, None, shape, queue=False, **QUIET)
    controls = [scene, width, height, mode, start, count, seed]
    panel = Panel(draw, describe, controls, [status, compare, gallery, archive], share)
    panel.draw(button.click)
    panel.draw(sized.then)
    return panel


def _devices_panel(handlers: SceneHandlers, scene: gr.Dropdown, origin: gr.Textbox) -> Panel:
    gr.Markdown("The picture in the shape of every screen, each with the area of the trained one.")
    layout = gr.Radio(LAYOUTS, value="keep", label="Mode", elem_id="devices-mode")
    seed = seed_row("devices")
    button = gr.Button("Fit to all my devices", variant="primary", elem_id="devices")
    status = gr.HTML(elem_id="devices-status")
    gallery = _gallery("devices")
    archive = _zip_button("devices")
    share = Share("devices", origin)

    def draw(scene: str, layout: str, seed: int) -> Iterator[tuple[Any, ...]]:
        for report, pictures, archive in handlers.all_devices(scene, layout, seed):
            yield report, pictures, ready(archive)

    def describe(scene: str, layout: str, seed: int) -> tuple[dict[str, Any], list[Call]]:
        link = {"tab": "scenes", "scene": scene, "mode": "devices", "layout": layout, "seed": seed}
        sizes = device_sizes(handlers.store.get(scene).size).values()
        given = {"scene": scene, "mode": layout, "seed": seed}
        return link, [call(handlers.retarget_scene, width=width, height=height, **given) for width, height in sizes]

    panel = Panel(draw, describe, [scene, layout, seed], [status, gallery, archive], share)
    panel.draw(button.click)
    return panel


def _animation_panel(handlers: SceneHandlers, scene: gr.Dropdown, origin: gr.Textbox) -> tuple[Panel, Panel]:
    """One animation, and the set of twelve, from the same controls."""
    words = _words("Strength", 1, "animate")
    with gr.Row():
        loop = gr.Checkbox(True, label="Seamless loop", elem_id="animate-loop")
        kind = gr.Radio(list(FORMATS), value="gif", label="Format", elem_id="animate-format")
    seed = seed_row("animate")
    with gr.Accordion("Advanced", open=False):
        start = _start_scale(words, "animate")
        alpha = gr.Slider(0, 1, 0.1, step=0.01, label="Alpha: pull back to the picture", elem_id="alpha")
        beta = gr.Slider(0, 1, 0.9, step=0.01, label="Beta: smoothness", elem_id="beta")
        frames = gr.Slider(2, MAX_FRAMES, 60, step=1, label="Frames", elem_id="animate-frames")
        fps = gr.Slider(1, 60, 10, step=1, label="Frames a second", elem_id="animate-fps")
    with gr.Row():
        button = gr.Button("Animate", variant="primary", elem_id="animate")
        all_twelve = gr.Button("The set of twelve", elem_id="twelve")
    status = gr.HTML(elem_id="animate-status")
    image = gr.Image(label="Animation", interactive=False, height=360, elem_id="animation", buttons=[], visible=False)
    video = gr.Video(label="Animation", visible=False, loop=True, autoplay=True, elem_id="video")
    gallery = gr.Gallery(
        label="Three strengths, four smoothnesses", object_fit="contain", height="auto", visible=False,
        elem_id="twelve-gallery", elem_classes="tiles", buttons=["download", "fullscreen"],
    )  # fmt: skip
    file = gr.DownloadButton("Download", interactive=False, size="sm", elem_id="animate-file")
    share = Share("animate", origin)
    controls = [scene, start, alpha, beta, frames, fps, loop, kind, seed]
    outputs = [status, image, video, gallery, file]

    def draw(scene: str, *motion: Any) -> Iterator[tuple[Any, ...]]:
        for report, picture, film, path in handlers.animate_scene(scene, *motion):
            if not isinstance(path, str):
                yield report, gr.skip(), gr.skip(), gr.skip(), path
                continue
            views = gr.Image(picture, visible=bool(picture)), gr.Video(film, visible=bool(film))
            yield report, *views, gr.Gallery(visible=False), ready(path)

    def draw_twelve(scene: str, start: int, alpha: float, beta: float, *rest: Any) -> Iterator[tuple[Any, ...]]:
        for report, animations, path in handlers.twelve(scene, alpha, *rest):
            if not isinstance(path, str):
                yield report, gr.skip(), gr.skip(), gr.skip(), path
                continue
            hidden = gr.Image(visible=False), gr.Video(visible=False)
            yield report, *hidden, gr.Gallery(animations, visible=True), ready(path)

    def link(mode: str, scene: str, *motion: Any) -> dict[str, Any]:
        names = ("start", "alpha", "beta", "frames", "fps", "loop", "format", "seed")
        return {"tab": "scenes", "scene": scene, "mode": mode, **dict(zip(names, motion, strict=True))}

    def calls(scene: str, start: int, *motion: Any) -> list[Call]:
        names = ("alpha", "beta", "frames", "fps", "loop", "format", "seed")
        given = dict(zip(names, motion, strict=True))
        return [call(handlers.animate_scene, scene=scene, start_scale=start, **given)]

    one = Panel(draw, lambda *v: (link("animate", *v), calls(*v)), controls, outputs, share, ANIMATIONS)
    twelve = Panel(draw_twelve, lambda *v: (link("twelve", *v), calls(*v)), controls, outputs, share, ANIMATIONS)
    one.draw(button.click)
    twelve.draw(all_twelve.click)
    return one, twelve
