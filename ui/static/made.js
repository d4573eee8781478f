// The strip "Made here": what a visitor made, with links that show it again; it stays in the browser. Every result has a
// link: a moment after one changed, its picture is made small and kept with it. Results that nobody asked for, before
// the first click, are not kept.
const KEY = "darkroom-made";
const MAX_ENTRIES = 30;
const WAIT_MS = 1500;
const SIDE = 96; // px
const strip = element.querySelector(".made");
const secret = new RegExp(strip.dataset.secret); // what a scene's name has besides what it is called
const waiting = {};

function read() {
  try {
    return (JSON.parse(localStorage.getItem(KEY)) ?? []).filter(({ url }) => url.startsWith("?")); // no script's
  } catch {
    return [];
  }
}

function write(made) {
  try {
    localStorage.setItem(KEY, JSON.stringify(made));
  } catch {} // it may be full
  show();
}

function show() {
  const entries = read().map(({ url, picture, title }) => {
    const link = document.createElement("a");
    const image = document.createElement("img");
    link.href = new URL(url, location.href);
    link.title = title;
    image.src = picture;
    image.alt = title;
    link.append(image);
    return link;
  });
  strip.replaceChildren(...entries);
}

function pictureOf(kind) {
  const places =
    kind === "faces"
      ? ["#portrait img"]
      : [`#${kind}-compare img:last-of-type`, `#${kind}-gallery img`, `#${kind}-image img`, `#${kind}-video video`];
  return window.darkroom.firstSeen(...places);
}

function keep(kind, url) {
  const picture = pictureOf(kind);
  const width = picture?.naturalWidth || picture?.videoWidth;
  if (!width) return;
  const height = picture.naturalHeight || picture.videoHeight;
  const share = SIDE / Math.max(width, height);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.max(1, width * share), Math.max(1, height * share)];
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const query = new URL(url, location.href).searchParams;
  const title = `${query.get("mode") ?? kind}: ${query.get("scene") ?? "face"}`.replace(secret, "");
  const entry = { url: `?${query}`, picture: canvas.toDataURL("image/jpeg", 0.8), title };
  write([entry, ...read().filter((it) => it.url !== entry.url)].slice(0, MAX_ENTRIES));
}

window.darkroom.keepResult = (kind, url) => {
  if (!url || !navigator.userActivation?.hasBeenActive) return;
  clearTimeout(waiting[kind]);
  waiting[kind] = setTimeout(() => keep(kind, url), WAIT_MS);
};
element.querySelector("button").addEventListener("click", () => write([]));
show();
