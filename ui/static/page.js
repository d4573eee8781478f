// For every hand and eye: names, roles and keys where Gradio's components have none; checked on gradio 6.31.0. Tabs, and
// the slider between two pictures, follow the patterns of the ARIA Authoring Practices Guide. Arrows lead through the
// pictures of a gallery, which is one stop of the Tab key, as tabs are.
const WAIT_MS = 250,
  STEP = 0.02,
  PAGE = 0.1;
const each = (selector, mend) => document.querySelectorAll(selector).forEach(mend);
const set = (it, name, value) => it.getAttribute(name) === String(value) || it.setAttribute(name, value);
const text = (it) => it?.textContent.replace(/\s+/g, " ").trim() ?? "";
const blockLabel = (it) => text(it.closest(".block")?.querySelector("[data-testid='block-label'], label"));

function mend() {
  each("button:not([aria-label]):has(img)", (it) => text(it) || set(it, "aria-label", blockLabel(it) || "Picture"));
  each("button.thumbnail-item", (it) => {
    // of a gallery: it is called as its caption says
    if (!text(it)) return;
    set(it, "aria-label", text(it));
    it.querySelector("img")?.setAttribute("alt", "");
  });
  each(".upload-container[aria-label]", (it) => text(it) && set(it, "aria-label", text(it)));
  each(".empty[aria-label]", (it) => set(it, "role", "img"));
  each("footer img", (it) => set(it, "alt", ""));
  each("a.download-link > button", (it) => {
    set(it, "tabindex", -1);
    set(it, "aria-hidden", true);
  });
  each("a.download-link", (it) => set(it, "aria-label", "Download"));
  each(".tab-wrapper [role=tab]", (it) => set(it, "tabindex", it.ariaSelected === "true" ? 0 : -1));
  each(".grid-container .thumbnail-item", (it) =>
    set(it, "tabindex", it.matches(".selected, .gallery-item:first-child > *") ? 0 : -1),
  );
  each(".prose pre, .prose table", (it) => set(it, "tabindex", 0)); // they scroll
  each(".slider-wrap:has(img) .outer", divider);
}

function divider(it) {
  set(it, "role", "slider");
  set(it, "tabindex", 0);
  set(it, "aria-label", `Before and after: ${blockLabel(it)}`);
  set(it, "aria-valuemin", 0);
  set(it, "aria-valuemax", 100);
  set(it, "aria-valuenow", Math.round(100 * shareOf(it)));
}

function picture(it) {
  // where it is inside of its element
  const image = it.parentElement.querySelector("img"),
    all = image.getBoundingClientRect();
  const width = Math.min(all.width, (all.height * image.naturalWidth) / image.naturalHeight || all.width);
  return { left: all.left + (all.width - width) / 2, width };
}

function shareOf(it) {
  const mine = it.getBoundingClientRect(),
    all = picture(it);
  return (mine.left + mine.width / 2 - all.left) / all.width;
}

function drag(it, share) {
  const mine = it.getBoundingClientRect(),
    all = picture(it);
  const from = mine.left + mine.width / 2,
    clientY = mine.top + mine.height / 2;
  const to = all.left + Math.min(0.999, Math.max(0.001, share)) * all.width;
  const mouse = (target, type, clientX) =>
    target.dispatchEvent(new MouseEvent(type, { view: window, bubbles: true, cancelable: true, clientX, clientY }));
  mouse(it, "mousedown", from);
  mouse(window, "mousemove", to);
  mouse(window, "mouseup", to);
  setTimeout(() => divider(it), 50);
}

const SHARES = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP, PageDown: -PAGE, PageUp: PAGE };
const MOVES = { ArrowLeft: (i) => i - 1, ArrowRight: (i) => i + 1, Home: () => 0, End: () => -1 };
document.addEventListener("keydown", (event) => {
  const it = event.target,
    key = event.key;
  if (it.matches?.(".slider-wrap .outer") && (key in SHARES || key === "Home" || key === "End")) {
    drag(it, key === "Home" ? 0 : key === "End" ? 1 : shareOf(it) + SHARES[key]);
  } else if (key in MOVES && it.matches?.(".tab-wrapper [role=tab], .grid-container .thumbnail-item")) {
    const all = [...it.closest("[role=tablist], .grid-container").querySelectorAll("[role=tab], .thumbnail-item")];
    const next = all.at(MOVES[key](all.indexOf(it)) % all.length);
    if (next.matches("[role=tab]")) next.click();
    next.focus();
  } else return;
  event.preventDefault();
});

let waits = false;
new MutationObserver(() => {
  if (waits) return;
  waits = true;
  setTimeout(() => {
    waits = false;
    mend();
  }, WAIT_MS);
}).observe(document.body, {
  subtree: true,
  childList: true,
  characterData: true,
  attributeFilter: ["aria-selected"],
});
mend();

// A slider that keys moved is let go of when the key is: for Gradio only a pointer does that.
document.addEventListener("keyup", (event) => {
  if (event.target.matches?.(".sliders input[type=range]"))
    event.target.dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));
});
