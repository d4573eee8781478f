"""The Scenes tab: choose or train a scene, then sample, retarget and animate it."""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from singan import Progress, TrainingError, predict_seconds, train
from singan.config import TrainConfig, check_range, from_preset
from singan.export import ANIMATION_FORMATS, save_animation, save_png
from singan.pipeline import STRENGTHS
from singan.train import Checkpoint
from singan.walk import begin_after_smallest_step
from ui.device import DeviceLock
from ui.parts import REPORT_SECONDS, bar, bounded, duration, passing_folder, reports, seed_row, shown, whole
from ui.store import SceneStore

MAX_COUNT, MAX_FRAMES, MAX_ITERATIONS = 50, 200, 2000
PRESET_LABELS = {"fast": "Fast · 128 px", "standard": "Standard · 250 px", "paper": "As published · 250 px"}
STRENGTH_CHOICES = [(f"{word.capitalize()} (start scale {scale})", scale) for scale, word in STRENGTHS.items()]
NO_PICTURE = "Choose a picture to see how long training takes here."


def _zip(pictures: Iterable[Image.Image], path: Path) -> str:
    """The pictures as PNGs in one archive."""
    with zipfile.ZipFile(path, "w") as archive:  # stored: PNGs do not get smaller
        for i, picture in enumerate(pictures):
            with archive.open(f"{path.stem}_{i:04}.png", "w") as file:
                picture.save(file, format="PNG")
    return str(path)


def _record(record: Progress, name: str) -> dict[str, Any]:
    """A progress record as plain values."""
    return {
        "scene": name if record.scene else None,
        "scale": record.scale + 1,
        "scales": record.scales,
        "iteration": record.iteration,
        "iterations": record.iterations,
        "losses": record.losses,
        "seconds": round(record.seconds, 2),
        "seconds_left": round(record.seconds_left, 2),
        "finished_scales": record.scene.scales if record.scene else 0,
    }


class SceneHandlers:
    """What the tab's buttons and the endpoints do. Names of scenes come from /models and /train_scene."""

    def __init__(self, store: SceneStore, lock: DeviceLock) -> None:
        self.store, self.lock = store, lock
        self._stops: dict[str, threading.Event] = {}
        # On a CPU one step of the published method lasts minutes: nobody else would have a turn.
        self.presets = [name for name in PRESET_LABELS if name != "paper" or store.device.type != "cpu"]

    def _config(self, preset: str, seed: int | None, max_size: int | None, iterations: int | None) -> TrainConfig:
        """The configuration that a visitor asks for, within what the app allows."""
        if preset not in self.presets:
            raise ValueError(f"preset is {preset!r}; allowed on this device are {', '.join(self.presets)}")
        if iterations is not None:
            bounded("iterations", iterations, MAX_ITERATIONS)
        return from_preset(preset, seed=whole("seed", seed), max_size=max_size, iterations=iterations)

    def predict(self, picture: str | None, preset: str, max_size: int | None, iterations: int | None) -> Iterator[str]:
        """The line under the presets: how long training takes here."""
        if not picture:
            yield NO_PICTURE
            return
        config = self._config(preset, 0, max_size, iterations)
        with self.lock:
            seconds = predict_seconds(picture, config, self.store.device)
        yield f"About **{duration(seconds)}** on this device ({self.store.device.type.upper()})."

    def train_scene(
        self,
        picture: str,
        preset: str = "fast",
        seed: int = 0,
        max_size: int | None = None,
        iterations: int | None = None,
        request: gr.Request | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """Train a SinGAN on one picture; streams records and ends with the name of the new scene.

        Args:
            picture: a picture of at least 32 px a side, at most 25 megapixels and at most 8 times longer than wide.
            preset: "fast" (128 px), "standard" (250 px) or, on a GPU, "paper" (250 px, the published method).
            seed: of every random draw; the same seed gives the same scene.
            max_size: longer side of the trained picture in px, 32 to 1024; by default the preset's.
            iterations: training steps a scale, 1 to 2000; by default the preset's.
        """
        if not picture:
            raise ValueError("there is no picture yet: upload one first")
        config = self._config(preset, seed, max_size, iterations)
        session = (request.session_hash if request else None) or ""
        name, checkpoint = self.store.begin(session, picture, config)
        stop = self._stops[session] = threading.Event()
        try:
            yield from self._trained(session, picture, config, name, checkpoint, stop)
        finally:
            self.store.end(name)
            if self._stops.get(session) is stop:
                del self._stops[session]

    def _trained(
        self,
        session: str,
        picture: str,
        config: TrainConfig,
        name: str,
        checkpoint: Checkpoint | None,
        stop: threading.Event,
    ) -> Iterator[tuple[Any, ...]]:
        """The outputs of `train_scene`: status, two previews, record, the scenes to choose from."""
        choices = lambda: gr.Dropdown(choices=self.store.names(session), value=name)  # noqa: E731
        if checkpoint and checkpoint.scene.finished:
            yield bar(1, f"Already trained: {name}"), gr.skip(), gr.skip(), {"scene": name}, choices()
            return
        record, failure = None, ""
        try:
            for record, preview in self._training(picture, config, name, checkpoint, stop):
                text = f"scale {record.scale + 1} of {record.scales}, {duration(record.seconds_left)} left"
                share = record.seconds / max(1e-9, record.seconds + record.seconds_left)
                yield bar(share, text), *preview, _record(record, name), gr.skip()
        except TrainingError as error:
            failure = str(error)
        if record is None or record.scene is None:
            yield bar(0, failure or "Stopped before the first scale was finished"), *[gr.skip()] * 4
            return
        text = f"Trained in {duration(record.seconds)}: {name}"
        if not record.finished:
            kept = f"{record.scene.scales} of {record.scales} scales are kept as {name}"
            text = f"Failed: {failure}; {kept}" if failure else f"Stopped: {kept}; Train goes on with it"
        share = record.scene.scales / record.scales
        yield bar(share, text), gr.skip(), gr.skip(), _record(record, name), choices()

    def _training(
        self, picture: str, config: TrainConfig, name: str, checkpoint: Checkpoint | None, stop: threading.Event
    ) -> Iterator[tuple[Progress, tuple[Any, Any]]]:
        """Records worth a message, with the previews or what leaves the page as it is."""
        reported = 0.0
        with closing(train(picture, config, self.store.device, checkpoint)) as records:
            for record in self.lock.step_by_step(records):
                if record.checkpoint is not None and record.checkpoint is not checkpoint:
                    checkpoint = record.checkpoint
                    self.store.keep(name, checkpoint)
                halted = stop.is_set()
                if halted or record.preview or time.monotonic() - reported > REPORT_SECONDS:
                    reported = time.monotonic()
                    preview = record.preview
                    yield record, (preview.sample, preview.reconstruction) if preview else (gr.skip(), gr.skip())
                if halted:
                    return

    def stop(self, request: gr.Request) -> None:
        """Ends this visitor's training after the current step; finished scales are kept."""
        if event := self._stops.get(request.session_hash or ""):
            event.set()

    def sample_scene(
        self, scene: str, count: int = 8, start_scale: int = 0, seed: int = 0
    ) -> Iterator[tuple[Any, ...]]:
        """Draw new pictures from a trained scene.

        Args:
            scene: name of a scene.
            count: number of pictures, 1 to 50.
            start_scale: 0 draws everything anew, 1, 2, ... keep more of the picture's layout.
            seed: of the draws; picture i of a seed is always the same.
        """
        count, seed = bounded("count", count, MAX_COUNT), whole("seed", seed)
        start = whole("start_scale", start_scale)
        pictures = self.store.get(scene).stream_samples(count, start, seed)
        yield from self._pictures(pictures, count, f"{scene}_seed{seed}")

    def retarget_scene(
        self,
        scene: str,
        width: int = 325,
        height: int = 175,
        mode: str = "keep",
        start_scale: int | None = None,
        count: int = 1,
        seed: int = 0,
    ) -> Iterator[tuple[Any, ...]]:
        """Fit a trained scene to another size or aspect ratio.

        Args:
            scene: name of a scene.
            width: in px; up to 4 megapixels together with the height.
            height: in px.
            mode: "keep" holds the picture's own layout, "rearrange" draws new content at the new size.
            start_scale: where drawing begins; by default 3 for "keep", 0 for "rearrange".
            count: number of pictures, 1 to 50.
            seed: of the draws.
        """
        count, seed = bounded("count", count, MAX_COUNT), whole("seed", seed)
        start = None if start_scale is None else whole("start_scale", start_scale)
        size = (whole("width", width), whole("height", height))
        pictures = self.store.get(scene).stream_retargets(size, mode, start, count, seed)  # type: ignore[arg-type]
        yield from self._pictures(pictures, count, f"{scene}_{size[0]}x{size[1]}_{mode}")

    def _pictures(self, pictures: Iterator[Image.Image], count: int, name: str) -> Iterator[tuple[Any, ...]]:
        with passing_folder() as folder:
            for text, done in reports(self.lock.step_by_step(pictures), count, "pictures"):
                yield (text, done, _zip(done, folder / f"{name}.zip")) if done else (text, gr.skip(), gr.skip())

    def animate_scene(
        self,
        scene: str,
        start_scale: int = 1,
        alpha: float = 0.1,
        beta: float = 0.9,
        frames: int = 60,
        fps: float = 10,
        loop: bool = True,
        format: str = "gif",
        seed: int = 0,
    ) -> Iterator[tuple[Any, ...]]:
        """Set a trained scene in motion.

        Args:
            scene: name of a scene.
            start_scale: 0 moves large things (strong), 1 medium, 2 subtle.
            alpha: pull back to the picture, 0 to 1.
            beta: smoothness of the motion, 0 to 1.
            frames: number of frames, 2 to 200.
            fps: frames a second, 1 to 60.
            loop: whether the end joins the beginning.
            format: "gif", "mp4" or "webp".
            seed: of the motion.
        """
        count, start = bounded("frames", frames, MAX_FRAMES), whole("start_scale", start_scale)
        check_range("fps", fps, 1, 60)
        if format not in ANIMATION_FORMATS:
            raise ValueError(f"format is {format!r}; allowed are gif, mp4 and webp")
        stream = self.store.get(scene).stream_frames(start, alpha, beta, count, loop, whole("seed", seed))
        done: list[Image.Image] = []
        for text, drawn in reports(self.lock.step_by_step(stream), count, "frames"):
            done = drawn
            yield text, gr.skip(), gr.skip(), gr.skip()
        if loop:
            done = begin_after_smallest_step(done)
        name = f"{scene}_{STRENGTHS.get(start, 'fine')}_beta{beta:.2f}.{format}"
        with passing_folder() as folder:
            path = folder / name
            save_animation(done, path, fps)
            video = format == "mp4"
            image = gr.Image(None if video else str(path), visible=not video)
            yield text, image, gr.Video(str(path) if video else None, visible=video), str(path)

    def source(self, scene: str | None) -> Iterator[tuple[str | None, str]]:
        """The trained picture of a scene as a file, and a line about it."""
        if not scene:
            yield None, "No scene yet: train one on your own picture."
            return
        chosen = self.store.get(scene)
        width, height = chosen.size
        total = len(chosen.pyramid.config.sizes)
        scales = f"{total} scales" if chosen.finished else f"{chosen.scales} of {total} scales"
        with passing_folder() as folder:
            path = folder / f"{scene}.png"
            save_png(chosen.source, path)
            yield str(path), f"{width} × {height} px · {scales}"


def build_scenes_tab(page: gr.Blocks, store: SceneStore, lock: DeviceLock) -> None:
    """Lays out the tab inside the current Blocks and wires its events."""
    handlers = SceneHandlers(store, lock)
    names = store.names("")  # none where nothing is shipped: then there is only training
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            scene = gr.Dropdown(
                names, value=names[0] if names else None, label="Scene", allow_custom_value=True, elem_id="scene"
            )
            source = gr.Image(label="The trained picture", interactive=False, height=240, elem_id="source", buttons=[])
            about = gr.Markdown(elem_id="about")
            _training_panel(handlers, scene)
        with gr.Column(scale=3, min_width=320), gr.Tabs():
            with gr.Tab("New samples"):
                _samples_panel(handlers, scene)
            with gr.Tab("Other sizes"):
                _retarget_panel(handlers, scene)
            with gr.Tab("Animation"):
                _animation_panel(handlers, scene)
    show = shown(handlers.source)
    gr.on([scene.change, page.load], show, scene, [source, about], api_visibility="private", show_progress="hidden")


def _training_panel(handlers: SceneHandlers, scene: gr.Dropdown) -> None:
    with gr.Group():
        picture = gr.Image(
            label="Your own picture", type="filepath", image_mode=None, sources=["upload", "clipboard"],
            height=200, elem_id="picture",
        )  # fmt: skip
        # The file as it came: singan.image checks it before decoding, and says what is wrong with it.
        picture.preprocess = lambda payload: payload.path if payload else None  # type: ignore[method-assign]
        choices = [(PRESET_LABELS[preset], preset) for preset in handlers.presets]
        preset = gr.Radio(choices, value="fast", label="Preset", elem_id="preset")
        with gr.Accordion("Advanced", open=False):
            seed = gr.Number(0, label="Training seed", precision=0, minimum=0, elem_id="train-seed")
            max_size = gr.Number(None, label="Longer side, px (empty: the preset's)", precision=0, elem_id="max-size")
            iterations = gr.Number(None, label="Steps a scale (empty: the preset's)", precision=0, elem_id="iterations")
    prediction = gr.Markdown(NO_PICTURE, elem_id="prediction")
    with gr.Row():
        start = gr.Button("Train", variant="primary", elem_id="train")
        stop = gr.Button("Stop", interactive=False, elem_id="stop")
    status = gr.HTML(elem_id="train-status")
    with gr.Row(visible=False) as live:
        sample = gr.Image(label="A sample now", interactive=False, format="png", height=160, buttons=[], elem_id="live")
        rec = gr.Image(
            label="The picture as remembered", interactive=False, format="png", height=160, buttons=[],
            elem_id="remembered",
        )  # fmt: skip
    record = gr.JSON(visible=False, label="record")

    gr.on(
        [picture.change, preset.change, max_size.blur, iterations.blur], shown(handlers.predict),
        [picture, preset, max_size, iterations], prediction, api_visibility="private", show_progress="hidden",
    )  # fmt: skip

    def begin(picture: str | None) -> tuple[gr.Button, gr.Button, gr.Row]:
        return gr.Button(interactive=False), gr.Button(interactive=True), gr.Row(visible=bool(picture))

    def end() -> tuple[gr.Button, gr.Button]:
        return gr.Button(interactive=True), gr.Button(interactive=False)

    locked = start.click(begin, picture, [start, stop, live], api_visibility="private", queue=False)
    outputs = [status, sample, rec, record, scene]
    trained = locked.then(
        shown(handlers.train_scene), [picture, preset, seed, max_size, iterations], outputs, api_name="train_scene",
        concurrency_limit=4, show_progress="hidden",
    )  # fmt: skip
    for ended in (trained.success, trained.failure):  # `then` does not follow a generator that failed
        ended(end, None, [start, stop], api_visibility="private", queue=False)
    stop.click(handlers.stop, None, None, api_visibility="private", queue=False)


def _results(kind: str) -> tuple[gr.HTML, gr.Gallery, gr.DownloadButton]:
    status = gr.HTML(elem_id=f"{kind}-status")
    gallery = gr.Gallery(
        label="Results", format="png", columns=3, object_fit="contain", height="auto", elem_id=f"{kind}-gallery"
    )
    download = gr.DownloadButton("Download all (ZIP)", interactive=False, elem_id=f"{kind}-zip")
    return status, gallery, download


def _draw_on_click(
    button: gr.Button, handler: Callable[..., Iterator[Any]], inputs: list[Any], outputs: list[Any]
) -> None:
    """Wires a button, which is also the endpoint of the handler's name; the download, the last output, works from the
    first result on."""
    drawn = button.click(
        shown(handler), inputs, outputs, api_name=handler.__name__, concurrency_limit=4, show_progress="hidden"
    )
    enabled = lambda: gr.DownloadButton(interactive=True)  # noqa: E731
    drawn.success(enabled, None, outputs[-1], api_visibility="private", queue=False)


def _samples_panel(handlers: SceneHandlers, scene: gr.Dropdown) -> None:
    start_scale = gr.Radio(STRENGTH_CHOICES, value=0, label="How much may change", elem_id="sample-start")
    count = gr.Slider(1, MAX_COUNT, 6, step=1, label="Pictures", elem_id="sample-count")
    seed = seed_row("sample")
    button = gr.Button("Draw samples", variant="primary", elem_id="sample")
    status, gallery, download = _results("sample")
    inputs = [scene, count, start_scale, seed]
    _draw_on_click(button, handlers.sample_scene, inputs, [status, gallery, download])


def _retarget_panel(handlers: SceneHandlers, scene: gr.Dropdown) -> None:
    mode = gr.Radio(
        [("Keep the layout", "keep"), ("Rearrange", "rearrange")], value="keep", label="Mode", elem_id="retarget-mode"
    )
    with gr.Row():
        width = gr.Number(325, label="Width, px", precision=0, minimum=16, maximum=4096, elem_id="width")
        height = gr.Number(175, label="Height, px", precision=0, minimum=16, maximum=4096, elem_id="height")
    with gr.Accordion("Advanced", open=False):
        start_scale = gr.Number(None, label="Start scale (empty: the mode's default)", precision=0, minimum=0)
        count = gr.Slider(1, MAX_COUNT, 1, step=1, label="Pictures")
    seed = seed_row("retarget")
    button = gr.Button("Fit to size", variant="primary", elem_id="retarget")
    status, gallery, download = _results("retarget")
    inputs = [scene, width, height, mode, start_scale, count, seed]
    _draw_on_click(button, handlers.retarget_scene, inputs, [status, gallery, download])


def _animation_panel(handlers: SceneHandlers, scene: gr.Dropdown) -> None:
    start_scale = gr.Radio(STRENGTH_CHOICES, value=1, label="Strength", elem_id="animate-start")
    with gr.Row():
        loop = gr.Checkbox(True, label="Seamless loop", elem_id="animate-loop")
        kind = gr.Radio(list(ANIMATION_FORMATS), value="gif", label="Format", elem_id="animate-format")
    with gr.Accordion("Advanced", open=False):
        alpha = gr.Slider(0, 1, 0.1, step=0.01, label="Alpha: pull back to the picture")
        beta = gr.Slider(0, 1, 0.9, step=0.01, label="Beta: smoothness")
        frames = gr.Slider(2, MAX_FRAMES, 60, step=1, label="Frames", elem_id="animate-frames")
        fps = gr.Slider(1, 30, 10, step=1, label="Frames a second")
    seed = seed_row("animate")
    button = gr.Button("Animate", variant="primary", elem_id="animate")
    status = gr.HTML(elem_id="animate-status")
    image = gr.Image(label="Animation", interactive=False, height=360, elem_id="animation", buttons=[])
    video = gr.Video(label="Animation", visible=False, loop=True, autoplay=True, elem_id="video")
    download = gr.DownloadButton("Download", interactive=False, elem_id="animate-file")
    inputs = [scene, start_scale, alpha, beta, frames, fps, loop, kind, seed]
    _draw_on_click(button, handlers.animate_scene, inputs, [status, image, video, download])
