// The address bar and the browser's history: each tab that is opened is an entry, whose address shows what it shows.
const WAIT_MS = 20000;
const STEP_MS = 50;
const BUTTONS = "#tabs > .tab-wrapper [role=tab]";

// The address of the open entry becomes the link; Gradio's own parameters stay. Links to other sites have no say.
function show(url) {
  const link = new URL(url, location.href);
  for (const [name, value] of new URLSearchParams(location.search))
    if (name.startsWith("__")) link.searchParams.set(name, value);
  if (link.origin === location.origin) history.replaceState(history.state, "", link);
}

// Reloading keeps what is shown. Links in tabs that are not open have no say.
window.darkroom.showLink = (kind, url) => {
  const link = document.getElementById(`${kind}-link`);
  if (url && link?.offsetParent) show(url);
};

// Gradio does not tell who opened a tab, a visitor or the page: clicks do. An entry knows its tab, as the address of the
// first one need not say it.
const tabOf = (button) => button.dataset.tabId;
const selected = () => document.querySelector(`${BUTTONS}[aria-selected=true]`);
const openTab = () => selected() && tabOf(selected());
const shownLink = () =>
  [...document.querySelectorAll("#tabs .share")]
    .filter((link) => link.offsetParent)
    .map((link) => link.querySelector("input, textarea")?.value)
    .filter(Boolean)
    .at(-1); // the last one is of the whole tab
let going = false;
let turn = 0;

// The link comes when the tab is laid out, if anything is drawn there.
async function showLinkOf(tab) {
  const mine = ++turn;
  for (let waited = 0; waited < WAIT_MS && mine === turn; waited += STEP_MS) {
    await new Promise((done) => setTimeout(done, STEP_MS));
    if (mine === turn && openTab() === tab && shownLink()) return show(shownLink());
  }
}

document.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest?.("#tabs button");
    if (!button || going) return;
    const before = openTab();
    if (!button.matches(BUTTONS)) {
      if (button.matches("[role=tab]")) showLinkOf(before); // a tab inside of one
      return;
    }
    const tab = tabOf(button);
    if (!tab || !before || tab === before) return;
    history.replaceState({ ...history.state, tab: before }, "");
    history.pushState({ tab }, "", location.href);
    show(`?tab=${tab}`);
    showLinkOf(tab);
  },
  true, // before Gradio, while the tab before is still the open one
);

addEventListener("popstate", (event) => {
  const tab = event.state?.tab ?? new URLSearchParams(location.search).get("tab");
  const button = [...document.querySelectorAll(BUTTONS)].find((each) => tabOf(each) === tab);
  if (!button) return;
  going = true;
  button.click();
  going = false;
  showLinkOf(tab);
});
