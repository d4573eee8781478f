"""The first screen: what both halves can do, drawn by the models that are served, before anything is clicked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import torch
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dcgan import FacePipeline, Recipe
from singan import ScenePipeline
from singan.patches import compiled
from singan.uses import Retarget
from ui.device import Device, Turn
from ui.faces.editor import label_of
from ui.faces.handlers import FaceHandlers
from ui.faces.link import in_order
from ui.html import early, head, opening_face, opening_screens, webp
from ui.scenes.store import SceneStore

FACE = 45  # of seed 0: its eyes, mouth and hair all move well
FRAMES, REACH = 11, 2.0  # of the face, from -REACH to REACH standard deviations along a direction
FACE_SIDE = 256  # px, enlarged from 64
SCENE = "dandelions"  # a subject, whose shape stretching would give away
SCREENS = {"ultrawide": (840, 360), "tablet": (480, 360), "phone": (240, 520)}  # px, none of the photograph's shape
PHOTOGRAPH = (480, 320)  # px, at most
CACHE_SECONDS = 600  # for which browsers keep the pictures

# Until Gradio's page is there, this stands before it; then it is taken over. A face moves by itself until somebody
# takes the slider; frames fade into each other, so that few are enough. The screen leaves once a tab is opened.
SCRIPT = """<script>
(() => {
  const TABS = "#tabs > .tab-wrapper [role=tab]";
  const WAIT_MS = 50, LAY_OUT_MS = 300, LASTS_MS = 14000, TURN_MS = 7000, PAGE_MS = 6000;
  const [early, opening] = ["early", "opening"].map((name) => document.getElementById(name));
  document.body.classList.add("opens");

  const demo = opening.querySelector("#opening-face");
  const [sheet, canvas, slider] = ["img", "canvas", "input"].map((it) => demo?.querySelector(it));
  let taken = matchMedia("(prefers-reduced-motion: reduce)").matches;
  function show() {
    const frames = sheet.naturalHeight / sheet.naturalWidth, side = sheet.naturalWidth;
    const place = (Number(slider.value) - slider.min) / (slider.max - slider.min) * (frames - 1);
    const first = Math.min(Math.floor(place), frames - 2), context = canvas.getContext("2d");
    for (const [frame, alpha] of [[first, 1], [first + 1, place - first]]) {
      context.globalAlpha = alpha;
      context.drawImage(sheet, 0, frame * side, side, side, 0, 0, canvas.width, canvas.height);
    }
  }
  for (const event of ["pointerdown", "keydown", "input"])
    slider?.addEventListener(event, () => { taken = true; if (sheet.naturalWidth) show(); });
  if (sheet?.src) sheet.decode().then(show);
  function play() {
    show();  // where motion is not wanted, this is all
    const begun = performance.now();
    function sway(now) {
      if (taken || !demo.isConnected) return;
      slider.value = slider.max * 0.9 * Math.sin(2 * Math.PI * (now - begun) / TURN_MS);
      show();
      if (now - begun < LASTS_MS) requestAnimationFrame(sway);
    }
    requestAnimationFrame(sway);
  }
  async function pageIsThere() {  // with its own pictures
    const shown = () => document.querySelector("#portrait img, #scenes-gallery img");
    for (let waited = 0; waited < PAGE_MS && !shown(); waited += WAIT_MS)
      await new Promise((done) => setTimeout(done, WAIT_MS));
  }
  // One after another: a browser has few connections, which the page needs. None is drawn for those who have left.
  async function comeToLife() {
    if (sheet?.src) sheet.decode().then(play, () => {});
    for (const picture of opening.querySelectorAll("img[data-src]")) {
      if (picture.closest(".screen")) await pageIsThere();  // printing them takes both cores
      if (!document.body.classList.contains("opens")) return;
      picture.src = picture.dataset.src;
      await picture.decode().then(() => picture === sheet && play(), () => {});
    }
  }

  function choose(group, name) {  // it may not be laid out yet
    const tab = document.querySelector(`#${group} > .tab-wrapper [data-tab-id=${name}]`);
    if (tab?.offsetParent) tab.click(); else setTimeout(() => choose(group, name), WAIT_MS);
  }
  opening.addEventListener("click", (event) => {
    const { tab, half } = event.target.closest("[data-tab]")?.dataset ?? {};
    if (tab) choose("tabs", tab);
    if (half) setTimeout(() => choose("halves", half), LAY_OUT_MS);
  });
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest?.(TABS);
    if (!chosen || !document.body.classList.contains("opens")) return;
    const within = opening.contains(document.activeElement);
    document.body.classList.remove("opens");
    if (within) chosen.focus({ preventScroll: true });
    scrollTo(0, 0);
  });

  const watcher = new MutationObserver(() => {
    const place = document.getElementById("opening-place");
    if (!place || !document.querySelector(TABS)) return;
    watcher.disconnect();
    const focused = document.activeElement;
    place.append(opening);
    early.remove();
    document.getElementById("early-style").remove();
    if (opening.contains(focused)) focused.focus({ preventScroll: true });
    comeToLife();
  });
  watcher.observe(document.body, { childList: true, subtree: true });
})();
</script>"""


class Opening:
    """What stands in the page's HTML, and the pictures in it."""

    def __init__(self, faces: FaceHandlers, scenes: SceneStore, device: Device) -> None:
        self._faces, self._scenes, self._device = faces, scenes, device
        self._pictures: dict[str, Once] = {}
        if faces.models.names:
            self._pictures["face"] = Once(self._draw_face)
        if scenes.shipped.names:
            self._pictures["photograph"] = Once(self._draw_photograph)
            self._pictures |= {name: Once(partial(self._draw_screen, size)) for name, size in SCREENS.items()}

    def html(self) -> str:
        """The screen, in the page's HTML before Gradio's own."""
        drawn = {name: "src" if once.drawn else "data-src" for name, once in self._pictures.items()}
        sources = {name: f'{source}="opening/{name}.webp"' for name, source in drawn.items()}
        demos = []
        if "face" in sources:
            demos.append(opening_face(sources["face"], label_of(self._direction), REACH))
        if "photograph" in sources:
            demos.append(opening_screens(SCREENS, sources))
        return early(head(), demos) + SCRIPT

    async def picture(self, request: Request) -> Response:
        """That of an address in the screen."""
        name = request.path_params["name"]
        if name not in self._pictures:
            raise HTTPException(404, "there is nothing here")
        picture = await self._pictures[name].get()
        return Response(picture, media_type="image/webp", headers={"cache-control": f"max-age={CACHE_SECONDS}"})

    @property
    def _direction(self) -> str:
        return in_order(self._faces.model(None).directions)[0]

    @property
    def _scene(self) -> ScenePipeline:
        names = self._scenes.shipped.names
        return self._scenes.get(SCENE if SCENE in names else names[0])

    def _draw_face(self) -> Image.Image:
        frames = self._device.run(Turn.FACE, lambda: along(self._faces.model(None), self._direction))
        return above_each_other(frames)

    def _draw_photograph(self) -> Image.Image:
        photograph = self._scene.original.copy()
        photograph.thumbnail(PHOTOGRAPH)
        return photograph

    def _draw_screen(self, size: tuple[int, int]) -> Image.Image:
        compiled()  # here, where nobody else waits for it
        *_, step = self._device.stream(Turn.PICTURE, Retarget(size, "fit").steps(self._scene))
        assert step.picture
        return step.picture


class Once:
    """A picture as WebP, which is drawn once, for whoever asks first."""

    def __init__(self, draw: Callable[[], Image.Image]) -> None:
        self._draw, self._lock, self._found = draw, asyncio.Lock(), b""

    @property
    def drawn(self) -> bool:
        """Whether it is there."""
        return bool(self._found)

    async def get(self) -> bytes:
        """The file."""
        async with self._lock:  # those who wait take no thread
            if not self._found:
                self._found = await run_in_threadpool(lambda: webp(self._draw()))
        return self._found


def asked_for(request: Request) -> bool:
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
