"""The Faces tab: draw faces, edit one with sliders, morph two, take them away and bring them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import torch

from dcgan import FacePipeline, Recipe
from dcgan.config import check_choice, check_range
from dcgan.export import MORPH_FORMATS, save_morph
from dcgan.recipe import MAX_TRUNCATION, load_recipes, save_png, save_zip
from ui.device import DeviceLock
from ui.parts import bounded, line, passing_folder, seed_row, shown, whole

MAX_FACES, MAX_FRAMES = 64, 240
SLIDER_REACH = 3.0  # standard deviations
FIRST_RECIPE = {"seed": 0, "index": 0, "truncation": 1.0, "moves": {}}


def _label(direction: str) -> str:
    """How a direction is called on the page: `mouth_open` as Mouth open, `pc1` as Principal 1."""
    if direction.startswith("pc") and direction[2:].isdigit():
        return f"Principal {direction[2:]}"
    return direction.replace("_", " ").capitalize()


class FaceHandlers:
    """What the tab's buttons and the endpoints do. A face is its recipe everywhere; nothing is kept between calls."""

    def __init__(self, models: Mapping[str, FacePipeline], lock: DeviceLock) -> None:
        self.models, self.lock = models, lock
        self.default = next(iter(models))

    def _model(self, name: str | None) -> FacePipeline:
        name = name or self.default
        check_choice("model", name, tuple(self.models))
        return self.models[name]

    def sample_faces(
        self,
        seed: int = 0,
        count: int = 16,
        truncation: float = 1.0,
        model: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """Draw faces.

        Args:
            seed: of the draws; face i of a seed is always the same.
            count: number of faces, 1 to 64.
            truncation: 0 to 2; below 1 faces are more alike.
            model: name of a face model; by default the first.
        """
        faces = self._model(model)
        seed, count = whole("seed", seed), bounded("count", count, MAX_FACES)
        recipes = [Recipe(seed, index, float(truncation)) for index in range(count)]
        yield from self._shown_faces(faces, recipes, f"seed{seed}")

    def load_faces(self, file: str | None, model: str | None) -> Iterator[tuple[Any, ...]]:
        """The faces whose recipes are in a PNG, a ZIP or a latents.json."""
        if not file:
            raise ValueError("there is no file yet: choose a PNG, a ZIP or a latents.json that was downloaded here")
        faces = self._model(model)
        recipes, origin = load_recipes(Path(file))
        if len(recipes) > MAX_FACES:
            raise ValueError(f"{Path(file).name} holds {len(recipes)} faces; at most {MAX_FACES} are shown at once")
        theirs = origin.get("fingerprint")
        if theirs and theirs != faces.fingerprint:
            gr.Warning(f"These faces were drawn by another model ({origin.get('name')}): here they look different.")
        yield from self._shown_faces(faces, recipes, Path(file).stem)

    def _shown_faces(self, faces: FacePipeline, recipes: Sequence[Recipe], name: str) -> Iterator[tuple[Any, ...]]:
        """Status, the gallery's pictures, their recipes, and all of it as a ZIP."""
        with self.lock:
            images = faces.generate_recipes(recipes)
        identity = faces.identity()
        with passing_folder() as folder:
            paths = [folder / f"face_{i:02}.png" for i in range(len(images))]
            for image, recipe, path in zip(images, recipes, paths, strict=True):
                save_png(image, recipe, identity, path)
            archive = folder / f"faces_{name}.zip"
            save_zip(images, recipes, identity, archive)
            what = "face" if len(images) == 1 else "faces"
            yield (
                line(f"{len(images)} {what}"),
                [str(path) for path in paths],
                [recipe.to_dict() for recipe in recipes],
                str(archive),
            )

    def edit_face(self, face: dict[str, Any], model: str | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Draw one face from its recipe.

        Args:
            face: {"seed", "index", "truncation", "moves"} or {"z", "moves"}; moves are directions' names (/models lists
                them) and standard deviations, -10 to 10.
            model: name of a face model; by default the first.
        """
        faces, recipe = self._model(model), Recipe.from_dict(face)
        with self.lock:
            image = faces.generate_recipes([recipe])[0]
        with passing_folder() as folder:
            path = folder / "face.png"
            save_png(image, recipe, faces.identity(), path)
            yield str(path), recipe.to_dict()

    def morph_faces(
        self,
        faces: list[dict[str, Any]],
        frames: int = 60,
        loop: bool = True,
        fps: float = 20,
        format: str = "mp4",
        model: str | None = None,
    ) -> Iterator[tuple[Any, ...]]:
        """From face to face along great circles, as an animation of 256x256 px.

        Args:
            faces: the recipes of 2 or more faces.
            frames: number of frames, 2 to 240.
            loop: whether the last face goes back to the first.
            fps: frames a second, 1 to 60.
            format: "mp4" or "gif".
            model: name of a face model; by default the first.
        """
        pipeline = self._model(model)
        if not isinstance(faces, list) or len(faces) < 2:
            raise ValueError("there are fewer than two faces to morph: choose A and B first")
        check_choice("format", format, MORPH_FORMATS)
        check_range("fps", fps, 1, 60)
        count = bounded("frames", frames, MAX_FRAMES)
        z = torch.cat([pipeline.latent_of(Recipe.from_dict(face)) for face in faces])
        with self.lock:
            images = pipeline.morph(z, count, loop)
        with passing_folder() as folder:
            path = folder / f"morph.{format}"
            save_morph(images, path, fps)
            video = format == "mp4"
            image = gr.Image(None if video else str(path), visible=not video)
            yield line(f"{count} frames"), image, gr.Video(str(path) if video else None, visible=video), str(path)


def build_faces_tab(page: gr.Blocks, models: Mapping[str, FacePipeline], lock: DeviceLock) -> None:
    """Lays out the tab inside the current Blocks and wires its events."""
    handlers = FaceHandlers(models, lock)
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            several = len(models) > 1
            model = gr.Dropdown(list(models), value=handlers.default, label="Model", visible=several, elem_id="model")
            inputs, draw = _sample_panel(handlers, model)
        with gr.Column(scale=3, min_width=320):
            outputs, loaded = _gallery_panel(handlers, model)
    _, gallery, recipes, archive = outputs
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            face, portrait, recipe = _portrait_panel()
            a, b = _pins(recipe, portrait)
        with gr.Column(scale=3, min_width=320), gr.Tabs():
            with gr.Tab("Edit"):
                show = _sliders_panel(handlers, model, face, [portrait, recipe])
            with gr.Tab("Morph"):
                _morph_panel(handlers, model, a, b)

    sample = shown(handlers.sample_faces)
    drawn = draw.click(sample, inputs, outputs, api_name="sample_faces", concurrency_limit=4, show_progress="hidden")
    opened = page.load(sample, inputs, outputs, api_visibility="private", show_progress="hidden")

    def chosen(found: list[dict[str, Any]], event: gr.SelectData) -> dict[str, Any]:
        return found[event.index]

    clicked = gallery.select(chosen, recipes, face, api_visibility="private", queue=False, show_progress="hidden")
    show(clicked, api_name="edit_face")  # before the others, which would take the name
    for event in (drawn, opened, loaded):
        event.success(lambda: gr.DownloadButton(interactive=True), None, archive, api_visibility="private", queue=False)
        first = event.success(lambda found: found[0], recipes, face, api_visibility="private", queue=False)
        show(first, api_visibility="private")


def _sample_panel(handlers: FaceHandlers, model: gr.Dropdown) -> tuple[list[Any], gr.Button]:
    seed = seed_row("faces")
    count = gr.Slider(1, MAX_FACES, 16, step=1, label="Faces", elem_id="faces-count")
    truncation = gr.Slider(
        0, MAX_TRUNCATION, 1.0, step=0.05, label="Truncation", elem_id="faces-truncation",
        info="Below 1: more alike. Above: wilder.",
    )  # fmt: skip
    draw = gr.Button("Draw faces", variant="primary", elem_id="faces-draw")
    return [seed, count, truncation, model], draw


def _gallery_panel(handlers: FaceHandlers, model: gr.Dropdown) -> tuple[list[Any], Any]:
    gr.Markdown("Click a face to edit it.")
    gallery = gr.Gallery(
        show_label=False, label="Faces", format="png", columns=8, object_fit="contain", height="auto",
        allow_preview=False, buttons=[], elem_id="faces-gallery",
    )  # fmt: skip
    status = gr.HTML(elem_id="faces-status")
    recipes = gr.JSON(visible=False, label="recipes")
    with gr.Row():
        archive = gr.DownloadButton("Download all (ZIP)", interactive=False, elem_id="faces-zip")
        load = gr.UploadButton(
            "Load faces", file_types=[".png", ".zip", ".json"], elem_id="faces-load",
        )  # fmt: skip
    outputs = [status, gallery, recipes, archive]
    read = shown(handlers.load_faces)
    loaded = load.upload(read, [load, model], outputs, api_visibility="private", show_progress="hidden")
    return outputs, loaded


def _portrait_panel() -> tuple[gr.JSON, gr.Image, gr.JSON]:
    """The face as it was chosen, and what the sliders make of it, as a picture and as a recipe."""
    face = gr.JSON(FIRST_RECIPE, visible=False, label="face")
    portrait = gr.Image(
        label="The face", type="filepath", format="png", interactive=False, height=320, buttons=["download"],
        elem_id="portrait",
    )  # fmt: skip
    with gr.Accordion("Recipe", open=False):
        recipe = gr.JSON(label="What draws this face again", elem_id="face-recipe")
    return face, portrait, recipe


def _pins(recipe: gr.JSON, portrait: gr.Image) -> tuple[gr.JSON, gr.JSON]:
    """Two faces kept for a morph."""
    pins = []
    with gr.Row():
        for name in "AB":
            with gr.Column(min_width=120):
                picture = gr.Image(
                    label=name, type="filepath", format="png", interactive=False, height=140, buttons=[],
                    elem_id=f"pin-{name.lower()}",
                )  # fmt: skip
                keep = gr.Button(f"Keep as {name}", elem_id=f"keep-{name.lower()}", size="sm")
                pin = gr.JSON(visible=False, label=name)
            keep.click(
                lambda recipe, portrait: (recipe, portrait), [recipe, portrait], [pin, picture],
                api_visibility="private", queue=False, show_progress="hidden",
            )  # fmt: skip
            pins.append(pin)
    return pins[0], pins[1]


def _sliders_panel(
    handlers: FaceHandlers, model: gr.Dropdown, face: gr.JSON, outputs: list[Any]
) -> Callable[..., None]:
    """Named sliders, and the principal ones below them; every change draws the face at once.

    Returns what wires an event that chooses a face: it puts the sliders in place and draws it.
    """
    names = list(dict.fromkeys(name for pipeline in handlers.models.values() for name in pipeline.directions))
    attributes = {name for pipeline in handlers.models.values() for name in pipeline.attributes}
    sliders: dict[str, gr.Slider] = {}

    def add(direction: str) -> None:
        label, element = _label(direction), f"slider-{direction}"
        sliders[direction] = gr.Slider(-SLIDER_REACH, SLIDER_REACH, 0, step=0.1, label=label, elem_id=element)

    reset = gr.Button("Reset", elem_id="face-reset", size="sm")
    with gr.Row(elem_classes="sliders"):
        for name in (name for name in names if name in attributes):
            add(name)
    with gr.Accordion("Principal directions", open=not attributes), gr.Row(elem_classes="sliders"):
        for name in (name for name in names if name not in attributes):
            add(name)
    order, every = list(sliders), list(sliders.values())
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

    def moved(face: dict[str, Any], model: str, *amounts: float) -> Iterator[tuple[str, dict[str, Any]]]:
        moves = {name: amount for name, amount in zip(order, amounts, strict=True) if amount}
        yield from handlers.edit_face({**face, "moves": moves}, model)

    def positions(face: dict[str, Any]) -> list[float]:
        moves = Recipe.from_dict(face).moves
        return [moves.get(name, 0.0) for name in order]

    move = shown(moved)
    inputs = [face, model, *every]
    # The arrow that resets a slider counts as letting it go.
    turned = [event for slider in every for event in (slider.input, slider.release)]
    gr.on(turned, move, inputs, outputs, trigger_mode="always_last", concurrency_limit=4, **quiet)
    zeroed = reset.click(lambda: [0.0] * len(order), None, every, queue=False, **quiet)
    zeroed.then(move, inputs, outputs, **quiet)

    def show(chosen: Any, **endpoint: Any) -> None:
        chosen.then(positions, face, every, queue=False, **quiet)
        chosen.then(shown(handlers.edit_face), [face, model], outputs, show_progress="hidden", **endpoint)

    return show


def _morph_panel(handlers: FaceHandlers, model: gr.Dropdown, a: gr.JSON, b: gr.JSON) -> None:
    gr.Markdown("Keep one face as A and another as B, then morph.")
    both = gr.JSON(visible=False, label="faces")
    with gr.Row():
        loop = gr.Checkbox(True, label="Seamless loop", elem_id="morph-loop")
        kind = gr.Radio(list(MORPH_FORMATS), value="mp4", label="Format", elem_id="morph-format")
    with gr.Accordion("Advanced", open=False):
        frames = gr.Slider(2, MAX_FRAMES, 60, step=1, label="Frames", elem_id="morph-frames")
        fps = gr.Slider(1, 60, 20, step=1, label="Frames a second")
    button = gr.Button("Morph A to B", variant="primary", elem_id="morph")
    status = gr.HTML(elem_id="morph-status")
    image = gr.Image(label="Morph", interactive=False, height=280, elem_id="morph-image", buttons=[], visible=False)
    video = gr.Video(label="Morph", loop=True, autoplay=True, height=280, elem_id="morph-video")
    download = gr.DownloadButton("Download", interactive=False, elem_id="morph-file")
    pair = lambda a, b: [face for face in (a, b) if face]  # noqa: E731
    paired = button.click(pair, [a, b], both, api_visibility="private", queue=False)
    morphed = paired.then(
        shown(handlers.morph_faces), [both, frames, loop, fps, kind, model], [status, image, video, download],
        api_name="morph_faces", concurrency_limit=4, show_progress="hidden",
    )  # fmt: skip
    morphed.success(lambda: gr.DownloadButton(interactive=True), None, download, api_visibility="private", queue=False)
