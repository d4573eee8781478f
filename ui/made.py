"""A strip of what a visitor made, with links that show it again; it stays in the browser."""

from __future__ import annotations

import gradio as gr

from ui.scenes.store import SECRET
from ui.wiring import QUIET

# Every result has a link: a moment after one changed, its picture is made small and kept with it. Results that nobody
# asked for, before the first click, are not kept.
KEEP = """() => {
  const KEY = "darkroom-made", MOST = 30, WAIT_MS = 1500, SIDE = 96;
  const waiting = {};
  const read = () => { try { return JSON.parse(localStorage.getItem(KEY)) ?? []; } catch { return []; } };
  const write = (made) => { try { localStorage.setItem(KEY, JSON.stringify(made)); } catch {} };  // it may be full

  const ofScenes = () => read().filter(({ url }) => new URLSearchParams(url).get("tab") === "scenes");

  function show() {
    const strip = document.querySelector("#made .made");
    if (!strip) return;
    const entries = read().map(({ url, picture, title }) => {
      const link = document.createElement("a"), image = document.createElement("img");
      link.href = new URL(url, location.href);
      link.title = title;
      image.src = picture;
      image.alt = title;
      link.append(image);
      return link;
    });
    strip.replaceChildren(...entries);
    document.querySelector("#made").hidden = !entries.length;
    document.body.classList.toggle("undoable", ofScenes().length > 1);
  }

  function pictureOf(kind) {
    const places = kind === "faces" ? ["#portrait img"]
      : [`#${kind}-compare img:last-of-type`, `#${kind}-gallery img`, `#${kind}-image img`, `#${kind}-video video`];
    return places.flatMap((it) => [...document.querySelectorAll(it)]).find((it) => it.offsetParent && it.src);
  }

  function keep(kind, url) {
    const picture = pictureOf(kind), width = picture?.naturalWidth || picture?.videoWidth;
    if (!width) return;
    const height = picture.naturalHeight || picture.videoHeight, share = SIDE / Math.max(width, height);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.max(1, width * share), Math.max(1, height * share)];
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const query = new URL(url, location.href).searchParams, what = query.get("scene") ?? "face";
    const title = `${query.get("mode") ?? kind}: ${what}`.replace(/SECRET/, "");
    const entry = { url: "?" + query, picture: canvas.toDataURL("image/jpeg", 0.8), title };
    write([entry, ...read().filter((it) => it.url !== entry.url)].slice(0, MOST));
    show();
  }

  window.darkroomMade = (kind, url) => {
    if (!url || !navigator.userActivation?.hasBeenActive) return;
    clearTimeout(waiting[kind]);
    waiting[kind] = setTimeout(() => keep(kind, url), WAIT_MS);
  };
  window.darkroomUndo = (shown) => {  // the result that was made before this one, by its link
    const made = ofScenes(), query = "?" + new URL(shown, location.href).searchParams;
    const before = made[made.findIndex(({ url }) => url === query) + 1] ?? made[0];
    if (before) location.href = new URL(before.url, location.href);
  };
  window.darkroomForget = () => { write([]); show(); };
  show();
}"""
NOTE = "(url) => { window.darkroomMade?.('KIND', url); }"


def lay_out_strip(page: gr.Blocks) -> None:
    """The strip, inside the current Blocks."""
    gr.HTML(
        '<div class="made-head"><span>Made here</span>'
        '<button onclick="window.darkroomForget()" aria-label="Forget what was made here">Forget</button></div>'
        '<nav class="made" aria-label="Made here"></nav>',
        elem_id="made",
    )
    page.load(None, None, None, js=KEEP.replace("SECRET", SECRET), **QUIET)


def note_result(link: gr.Textbox, kind: str) -> None:
    """Has what is behind a link kept in the strip whenever the link changes."""
    link.change(None, link, None, js=NOTE.replace("KIND", kind), api_visibility="private")
