// The edited face, large: whenever a picture of it comes, a canvas over it gets the same with the browser's best filter.
// A slider's answer stays a picture of 64 px, which is quicker made and sent than a large one. While a button is held,
// the canvas has the face as it was drawn.
const LARGE = 512; // px a side, twice those of the page, for fine screens
const AS_DRAWN = "As drawn, without the sliders";
let held = false;

// A picture that is not displayed is not loaded: this one is no part of the page.
async function asDrawn() {
  const image = new Image();
  image.src = document.querySelector("#face-drawn img")?.src ?? "";
  await image.decode().catch(() => {});
  return image;
}

async function show() {
  const before = held;
  const image = document.querySelector("#portrait img");
  const shown = held ? await asDrawn() : image;
  if (held !== before || !shown?.naturalWidth || !image) return;
  const place = image.parentElement;
  let canvas = place.querySelector("canvas");
  if (!canvas) {
    canvas = document.createElement("canvas");
    [canvas.width, canvas.height, canvas.className] = [LARGE, LARGE, "enlarged"];
    canvas.setAttribute("aria-hidden", "true"); // the picture below it has the words
    place.style.position = "relative";
    place.append(canvas);
  }
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(shown, 0, 0, LARGE, LARGE);
  if (held) place.dataset.held = AS_DRAWN;
  else delete place.dataset.held;
}

function hold(now) {
  if (held === now) return;
  held = now;
  show();
}

const isButton = (event) => event.target.closest?.("#compare");
const isKey = (event) => isButton(event) && [" ", "Enter"].includes(event.key);
document.addEventListener("load", (event) => event.target.closest?.("#portrait") && show(), true);
document.addEventListener("pointerdown", (event) => isButton(event) && hold(true));
document.addEventListener("keydown", (event) => isKey(event) && hold(true));
document.addEventListener("focusout", (event) => isButton(event) && hold(false));
for (const name of ["pointerup", "pointercancel", "keyup"]) document.addEventListener(name, () => hold(false));
document.addEventListener("contextmenu", (event) => isButton(event) && event.preventDefault());
