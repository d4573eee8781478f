// The first screen. Until Gradio's page is there, it stands before it; then it is taken over. A face moves by itself
// until somebody takes the slider; frames fade into each other, so that few are enough. The screen leaves once a tab is
// opened.
(() => {
  const TABS = "#tabs > .tab-wrapper [role=tab]";
  const WAIT_MS = 50;
  const LAY_OUT_MS = 300;
  const LASTS_MS = 14000;
  const TURN_MS = 7000;
  const [early, opening] = ["early", "opening"].map((name) => document.getElementById(name));
  document.body.classList.add("opens");

  const demo = opening.querySelector("#opening-face");
  const [sheet, canvas, slider] = ["img", "canvas", "input"].map((it) => demo.querySelector(it));
  let taken = matchMedia("(prefers-reduced-motion: reduce)").matches;

  function show() {
    const frames = sheet.naturalHeight / sheet.naturalWidth;
    const side = sheet.naturalWidth;
    const place = ((Number(slider.value) - slider.min) / (slider.max - slider.min)) * (frames - 1);
    const first = Math.min(Math.floor(place), frames - 2);
    const context = canvas.getContext("2d");
    const layers = [
      [first, 1],
      [first + 1, place - first],
    ];
    for (const [frame, alpha] of layers) {
      context.globalAlpha = alpha;
      context.drawImage(sheet, 0, frame * side, side, side, 0, 0, canvas.width, canvas.height);
    }
  }

  function play() {
    const begun = performance.now();
    function sway(now) {
      if (taken || !demo.isConnected) return;
      slider.value = slider.max * 0.9 * Math.sin((2 * Math.PI * (now - begun)) / TURN_MS);
      show();
      if (now - begun < LASTS_MS) requestAnimationFrame(sway);
    }
    requestAnimationFrame(sway);
  }

  const drawn = sheet.decode().then(show);
  for (const event of ["pointerdown", "keydown", "input"])
    slider.addEventListener(event, () => {
      taken = true;
      drawn.then(show);
    });

  // A tab may not be laid out yet.
  function choose(group, name) {
    const tab = document.querySelector(`#${group} > .tab-wrapper [data-tab-id=${name}]`);
    if (tab?.offsetParent) tab.click();
    else setTimeout(() => choose(group, name), WAIT_MS);
  }
  // The field that takes a file, once Gradio has made it: a browser opens its chooser within seconds of a click.
  function field() {
    return window.darkroom.photographField?.() ?? new Promise((found) => setTimeout(() => found(field()), WAIT_MS));
  }
  opening.addEventListener("click", async (event) => {
    const { tab, half, file } = event.target.closest("[data-tab]")?.dataset ?? {};
    if (tab) choose("tabs", tab);
    if (half) setTimeout(() => choose("halves", half), LAY_OUT_MS);
    if (!file) return;
    // Until it is known whether a file comes, no other photograph is listed and drawn.
    let decide;
    window.darkroom.mayList = new Promise((resolve) => {
      decide = resolve;
    });
    const input = await field();
    input.addEventListener("cancel", () => decide(true), { once: true });
    input.addEventListener("change", () => decide(false), { once: true });
    input.click();
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
    if (opening.contains(focused)) focused.focus({ preventScroll: true });
    drawn.then(play);
    if (!document.querySelector(`${TABS}[data-tab-id=faces]`)) demo.remove(); // where no face model is served
  });
  watcher.observe(document.body, { childList: true, subtree: true });
})();
