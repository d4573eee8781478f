"""The edited face, large: the browser enlarges it, and shows how it was drawn while a button is held."""

from __future__ import annotations

from dcgan.config import SIZE

LARGE = 512  # px a side, on the screen and as a file
NOTE = f"Enlarged from {SIZE} to {LARGE} px; no detail is added. Either PNG brings the face back by Load faces."

# Whenever a picture of the face comes, a canvas over it gets the same by Lanczos' filter: what browsers do themselves
# is blurred. A slider's answer stays a picture of 64 px, which is quicker made and sent than one of 512.
ENLARGE = """() => {
  const LARGE = SIDE, REACH = 3;
  const AS_DRAWN = "As drawn, without the sliders";
  const known = {};

  function taps(length) {  // for each pixel of the large side: the small one's that it is made of
    const lanczos = (x) => !x ? 1 : Math.abs(x) >= REACH ? 0
      : REACH * Math.sin(Math.PI * x) * Math.sin(Math.PI * x / REACH) / (Math.PI * x) ** 2;
    return known[length] ??= Array.from({ length: LARGE }, (_, i) => {
      const centre = (i + 0.5) * length / LARGE - 0.5, first = Math.floor(centre) - REACH + 1;
      const weights = Array.from({ length: 2 * REACH }, (_, k) => lanczos(centre - first - k));
      const sum = weights.reduce((a, b) => a + b);
      const places = weights.map((_, k) => Math.min(Math.max(first + k, 0), length - 1));
      return { places, weights: weights.map((weight) => weight / sum) };
    });
  }

  function enlarged(image) {
    const width = image.naturalWidth, height = image.naturalHeight;
    const small = document.createElement("canvas");
    [small.width, small.height] = [width, height];
    const context = small.getContext("2d");
    context.drawImage(image, 0, 0);
    const from = context.getImageData(0, 0, width, height).data;
    const rows = new Float32Array(height * LARGE * 3), whole = new ImageData(LARGE, LARGE);
    taps(width).forEach(({ places, weights }, x) => {
      for (let y = 0; y < height; y++) for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * from[(y * width + places[k]) * 4 + c];
        rows[(y * LARGE + x) * 3 + c] = sum;
      }
    });
    taps(height).forEach(({ places, weights }, y) => {
      for (let x = 0; x < LARGE; x++) {
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let k = 0; k < weights.length; k++) sum += weights[k] * rows[(places[k] * LARGE + x) * 3 + c];
          whole.data[(y * LARGE + x) * 4 + c] = sum;
        }
        whole.data[(y * LARGE + x) * 4 + 3] = 255;
      }
    });
    return whole;
  }

  async function asDrawn() {  // a picture that is not displayed is not loaded: this one is no part of the page
    const image = new Image();
    image.src = document.querySelector("#face-drawn img")?.src ?? "";
    await image.decode().catch(() => {});
    return image;
  }

  let held = false;
  async function show() {
    const before = held, image = document.querySelector("#portrait img");
    const shown = held ? await asDrawn() : image;
    if (held !== before || !shown?.naturalWidth || !image) return;
    const place = image.parentElement;
    let canvas = place.querySelector("canvas");
    if (!canvas) {
      canvas = document.createElement("canvas");
      [canvas.width, canvas.height, canvas.className] = [LARGE, LARGE, "enlarged"];
      canvas.setAttribute("aria-hidden", "true");  // the picture below it has the words
      place.style.position = "relative";
      place.append(canvas);
    }
    canvas.getContext("2d").putImageData(enlarged(shown), 0, 0);
    if (held) place.dataset.held = AS_DRAWN;
    else delete place.dataset.held;
  }

  const isButton = (event) => event.target.closest?.("#compare");
  const isKey = (event) => isButton(event) && [" ", "Enter"].includes(event.key);
  const hold = (now) => { if (held !== now) { held = now; show(); } };
  document.addEventListener("load", (event) => { if (event.target.closest?.("#portrait")) show(); }, true);
  document.addEventListener("pointerdown", (event) => { if (isButton(event)) hold(true); });
  document.addEventListener("keydown", (event) => { if (isKey(event)) hold(true); });
  document.addEventListener("focusout", (event) => { if (isButton(event)) hold(false); });
  for (const name of ["pointerup", "pointercancel", "keyup"]) document.addEventListener(name, () => hold(false));
  document.addEventListener("contextmenu", (event) => { if (isButton(event)) event.preventDefault(); });
  // A slider that keys moved is let go of when the key is: for Gradio only a pointer does that.
  document.addEventListener("keyup", (event) => {
    if (event.target.matches?.(".sliders input[type=range]"))
      event.target.dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));
  });
  show();
}""".replace("SIDE", str(LARGE))
