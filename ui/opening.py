"""The first screen: what both halves can do, drawn by the models that are served, before anything is clicked."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import gradio as gr
import torch
from PIL import Image

from dcgan import FacePipeline, Recipe
from singan import ScenePipeline
from singan.uses import Retarget
from ui.device import Device, Turn
from ui.faces.editor import label_of
from ui.faces.handlers import FaceHandlers
from ui.faces.link import in_order
from ui.html import opening_face, opening_screens
from ui.scenes.store import SceneStore
from ui.wiring import QUIET

FACE = 45  # of seed 0: its eyes, mouth and hair all move well
FRAMES, REACH = 11, 2.0  # of the face, from -REACH to REACH standard deviations along a direction
FACE_SIDE = 256  # px, enlarged from 64
SCENE = "stream"  # nothing in it has a shape that stretching would give away
SCREENS = {"Desktop": (720, 405), "Tablet": (480, 360), "Phone": (240, 520)}  # px
PHOTOGRAPH = (480, 320)  # px, at most

# A face moves by itself until somebody takes the slider. Frames fade into each other, so that few are enough.
PLAY = """() => {
  const demo = document.querySelector("#opening-face .demo");
  if (!demo || demo.dataset.plays) return;
  demo.dataset.plays = "yes";
  const [sheet, canvas, slider] = ["img", "canvas", "input"].map((it) => demo.querySelector(it));
  const frames = sheet.naturalHeight / sheet.naturalWidth, side = sheet.naturalWidth, context = canvas.getContext("2d");
  function show() {
    const place = (Number(slider.value) - slider.min) / (slider.max - slider.min) * (frames - 1);
    const first = Math.min(Math.floor(place), frames - 2);
    for (const [frame, alpha] of [[first, 1], [first + 1, place - first]]) {
      context.globalAlpha = alpha;
      context.drawImage(sheet, 0, frame * side, side, side, 0, 0, canvas.width, canvas.height);
    }
  }
  let taken = matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const event of ["pointerdown", "keydown", "input"])
    slider.addEventListener(event, () => { taken = true; show(); });
  const begun = performance.now(), LASTS_MS = 14000, TURN_MS = 7000;
  function sway(now) {
    if (taken || !demo.isConnected) return;
    slider.value = slider.max * 0.9 * Math.sin(2 * Math.PI * (now - begun) / TURN_MS);
    show();
    if (now - begun < LASTS_MS) requestAnimationFrame(sway);
  }
  sheet.decode().then(() => { show(); requestAnimationFrame(sway); });
}"""
# The screen leads on to a tab. It leaves once any is opened, and never comes with a link.
LEAD = """() => {
  const opening = document.querySelector("#opening"), TABS = "#tabs > .tab-wrapper [role=tab]";
  const asked = [...new URLSearchParams(location.search).keys()].some((it) => !it.startsWith("__"));
  if (asked) { opening.remove(); return; }
  document.body.classList.add("opens");
  opening.addEventListener("click", (event) => {
    const { tab, half } = event.target.closest("[data-tab]")?.dataset ?? {};
    const choose = (group, name) => document.querySelector(`#${group} > .tab-wrapper [data-tab-id=${name}]`)?.click();
    if (tab) choose("tabs", tab);
    if (half) setTimeout(() => choose("halves", half), 300);  // it is laid out once its tab is open
  });
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest?.(TABS);
    if (!chosen || !document.body.classList.contains("opens")) return;
    const within = opening.contains(document.activeElement);
    document.body.classList.remove("opens");
    if (within) chosen.focus({ preventScroll: true });
    scrollTo(0, 0);
  });
}"""


class Opening:
    """Its pictures are drawn once, for the first visitor, in turns with all other work."""

    def __init__(self, faces: FaceHandlers, scenes: SceneStore, device: Device) -> None:
        self._faces, self._scenes, self._device = faces, scenes, device
        self._drawing_face, self._drawing_screens = threading.Lock(), threading.Lock()
        self._face = self._screens = ""

    def lay_out(self, page: gr.Blocks) -> None:
        """The screen, inside the current Blocks."""
        with gr.Row(elem_id="opening", equal_height=True):
            face = gr.HTML(opening_face(), elem_id="opening-face", visible=bool(self._faces.models.names))
            screens = gr.HTML(opening_screens(SCREENS), elem_id="opening-scene")
        page.load(None, None, None, js=LEAD, **QUIET)
        page.load(self._shown_face, None, face, concurrency_limit=4, **QUIET).then(None, None, None, js=PLAY, **QUIET)
        page.load(self._shown_screens, None, screens, concurrency_limit=4, **QUIET)

    def _shown_face(self, request: gr.Request) -> Any:
        if asked_for(request):
            return gr.skip()
        with self._drawing_face:
            if not self._face and self._faces.models.names:
                faces = self._faces.model(None)
                direction = in_order(faces.directions)[0]
                frames = self._device.run(Turn.FACE, lambda: along(faces, direction))
                self._face = opening_face(above_each_other(frames), label_of(direction), REACH)
        return self._face or opening_face()

    def _shown_screens(self, request: gr.Request) -> Any:
        if asked_for(request):
            return gr.skip()
        with self._drawing_screens:
            names = self._scenes.shipped.names
            if not self._screens and names:
                scene = self._scenes.get(SCENE if SCENE in names else names[0])
                photograph = scene.original.copy()
                photograph.thumbnail(PHOTOGRAPH)
                screens = {name: self._drawn(scene, size) for name, size in SCREENS.items()}
                self._screens = opening_screens(SCREENS, photograph, screens)
        return self._screens or opening_screens(SCREENS)

    def _drawn(self, scene: ScenePipeline, size: tuple[int, int]) -> Image.Image:
        *_, step = self._device.stream(Turn.PICTURE, Retarget(size, enlarge=True).steps(scene))
        assert step.picture
        return step.picture


def asked_for(request: gr.Request) -> bool:
    """Whether the page was opened by a link: then nobody sees this screen. Gradio's own parameters are none."""
    return any(not name.startswith("__") for name in request.query_params)


def along(faces: FacePipeline, direction: str) -> list[Image.Image]:
    """FRAMES of a face, from -REACH to REACH standard deviations along a direction."""
    z = faces.latent_of(Recipe(index=FACE))
    amounts = [REACH * (2 * i / (FRAMES - 1) - 1) for i in range(FRAMES)]
    frames = faces.generate(torch.cat([faces.move(z, {direction: amount}) for amount in amounts]))
    return [frame.resize((FACE_SIDE, FACE_SIDE), Image.Resampling.LANCZOS) for frame in frames]


def above_each_other(frames: Sequence[Image.Image]) -> Image.Image:
    """Frames of one size in a single picture, the first on top."""
    width, height = frames[0].size
    sheet = Image.new("RGB", (width, height * len(frames)))
    for i, frame in enumerate(frames):
        sheet.paste(frame, (0, i * height))
    return sheet
