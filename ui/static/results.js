// What the page itself does about results; Python's events call these functions.
const LAY_OUT_MS = 100; // that Gradio takes for what an event has brought
const STEP_MS = 50;
const IDLE_MS = 4000;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const seen = (it) => it?.offsetParent;
const firstSeen = (...selectors) =>
  selectors.flatMap((it) => [...document.querySelectorAll(it)]).find((it) => seen(it) && (it.src ?? true));
window.darkroom.firstSeen = firstSeen; // for the strip "Made here"

// On a phone, results lie below what makes them.
window.darkroom.toResults = () => {
  if (innerWidth <= 740) firstSeen(".results")?.scrollIntoView({ behavior: "smooth" });
};

window.darkroom.toPreview = async (name) => {
  await pause(LAY_OUT_MS);
  document.querySelector(`#${name}-gallery .preview`)?.scrollIntoView({ block: "nearest" });
};

// The picture that is looked at, the first of several if none is, alone in a tab: there a browser shows its own pixels.
window.darkroom.showFullSize = (name) => {
  const gallery = `#${name}-gallery`;
  const shown = firstSeen(`${gallery} .preview img`, `#${name}-compare img:last-of-type`, `${gallery} img`);
  if (shown) window.open(shown.src, "_blank");
};

// A moment after the unseen button has got its file.
window.darkroom.download = async (name) => {
  await pause(LAY_OUT_MS);
  document.getElementById(name).click();
};

// As a click on the tab, then to the scene: on a phone there is much above it.
window.darkroom.showScene = async () => {
  document.querySelector("#halves > .tab-wrapper [role=tab]").click();
  await pause(LAY_OUT_MS);
  document.getElementById(innerWidth > 740 ? "halves" : "scene").scrollIntoView({ behavior: "smooth" });
};

// Press the button of a view that was just opened, or the one that trains first.
window.darkroom.begin = async (name) => {
  await pause(3 * LAY_OUT_MS);
  firstSeen(`button#${name}`, "button#train-first")?.click();
};

window.darkroom.sees = (id) => Boolean(seen(document.getElementById(id)));

// A training that was begun for its motion: once it has ended, that is drawn.
let motionWanted = false;
window.darkroom.wantMotion = () => {
  motionWanted = true;
};
window.darkroom.takeMotionWanted = () => {
  const it = motionWanted;
  motionWanted = false;
  return it;
};

window.darkroom.untilScenesAreSeen = async () => {
  while (!seen(document.getElementById("halves"))) await pause(STEP_MS);
  return window.darkroom.mayList ?? true; // opening.js
};

// What comes before the browser has laid a view out may be lost: a link's result is asked for after that; behind a
// training that is watched, once somebody looks.
window.darkroom.untilResultsAreSeen = async () => {
  while (!firstSeen(".results")) await pause(STEP_MS);
  await new Promise((done) => requestIdleCallback(done, { timeout: IDLE_MS }));
  await pause(4 * STEP_MS);
  return true;
};

// A link to a kept result goes to the clipboard; where a browser keeps that shut, it is there to be copied by hand.
window.darkroom.copyLink = async (kind, { address, until }) => {
  const [said, field] = document.querySelectorAll(`#${kind}-copied :is(p, input)`);
  const copied = await navigator.clipboard?.writeText(address).then(
    () => true,
    () => false,
  );
  said.textContent = `${copied ? "Link copied" : "Copy this link"} · kept until ${until}`;
  field.value = address;
  field.hidden = Boolean(copied);
  if (!copied) field.select();
};

window.darkroom.forgetCopied = (kind) => {
  const [said, field] = document.querySelectorAll(`#${kind}-copied :is(p, input)`);
  if (!said) return;
  said.textContent = "";
  field.hidden = true;
};

// The field behind the button that takes a photograph.
window.darkroom.photographField = () =>
  document.querySelector("input[type=file]:has(+ #photograph), #photograph input[type=file]");

// A photograph that is dropped or pasted where nothing else takes it is used as one that is chosen.
async function take(files) {
  const image = [...files].find((it) => it.type.startsWith("image/"));
  if (!image) return;
  window.darkroom.mayList ??= Promise.resolve(false);
  document.querySelector("#tabs > .tab-wrapper [data-tab-id=scenes]").click();
  await window.darkroom.untilScenesAreSeen();
  document.querySelector("#halves > .tab-wrapper [role=tab]").click();
  const chosen = new DataTransfer();
  chosen.items.add(image);
  const input = window.darkroom.photographField();
  input.files = chosen.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}
document.addEventListener("dragover", (event) => {
  if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  if (event.defaultPrevented || !event.dataTransfer?.files.length) return;
  event.preventDefault();
  take(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  const taken = event.defaultPrevented || event.target.closest?.("input, textarea, [contenteditable]");
  const wanted = document.body.classList.contains("opens") || seen(document.getElementById("devices"));
  if (wanted && !taken && event.clipboardData?.files.length) take(event.clipboardData.files);
});
