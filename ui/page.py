"""Build the whole page: the tabs, what a link opens, and the endpoints that belong to no tab."""

import importlib.metadata
import platform
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import torch

from darkroom.device import memory_mb
from darkroom.models import Models
from dcgan import FacePipeline
from singan import ScenePipeline
from ui.about import build_about_tab
from ui.device import Device
from ui.drawing import Drawing
from ui.events import Page
from ui.faces.endpoints import build_face_endpoints
from ui.faces.handlers import FaceHandlers
from ui.faces.tab import FacesTab
from ui.html import notices
from ui.links import Query
from ui.results import ResultStore
from ui.scenes.endpoints import build_scene_endpoints
from ui.scenes.store import SceneStore
from ui.scenes.tab import ScenesTab
from ui.theme import source
from ui.training import zero
from ui.training.queue import Trainer, TrainingQueue
from ui.visitors import LIMITS, SECRET, Limits
from ui.wiring import QUIET, Updates

TABS = {"faces": "Faces", "scenes": "Scenes", "about": "How it works"}  # in links, and on the page
HERE = '() => (location.origin + location.pathname).replace(/\\/+$/, "")'
CACHE_SECONDS = (600, 2 * 3600)  # between two looks for old files among those handed over, and their age
WEIGHTS_CHECK_SECONDS = 2.0  # between two looks at how far the weights have come
PACKAGES = ("gradio", "torch", "pillow", "huggingface-hub", "numpy")
VERSIONS = {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}


def build_page(
    faces: Models[FacePipeline],
    scenes: Models[ScenePipeline],
    device: torch.device,
    kept: Path | None = None,
    limits: Limits = LIMITS,
    trainer: Trainer | None = None,
    results_folder: Path | None = None,
) -> Page:
    """Lay out and wire the app. kept, results_folder: in which visitors' scenes, and the results that they share,
    outlive a restart; trainer: for another way of training than `TrainingQueue` takes by itself."""
    store, turns = SceneStore(scenes, device, kept, limits), Device(limits)
    handlers, trainings = FaceHandlers(faces, turns), TrainingQueue(store, turns, trainer)
    kind = "ZeroGPU" if zero.ON_ZERO_GPU else device.type.upper()
    results = ResultStore(results_folder, limits)
    with Page(limits, results, title="Darkroom", delete_cache=CACHE_SECONDS, analytics_enabled=False) as page:
        origin = gr.Textbox(visible=False)
        gr.HTML(source("head.html"), elem_id="head", apply_default_css=False)
        gr.HTML('<div id="opening-place"></div>', elem_id="opening-block", apply_default_css=False)
        notice = gr.HTML(visible=False, elem_id="notice")
        _weights_notes(page, faces, scenes)
        with gr.Tabs(elem_id="tabs") as tabs:
            parts: dict[str, FacesTab | ScenesTab] = {}
            if faces.names:
                with gr.Tab(TABS["faces"], id="faces"):
                    parts["faces"] = FacesTab(handlers, origin, results)
            with gr.Tab(TABS["scenes"], id="scenes"):
                parts["scenes"] = ScenesTab(store, trainings, origin, results)
            with gr.Tab(TABS["about"], id="about") as about_tab:
                build_about_tab(faces, scenes, kind, about_tab)
        made = source("made.html").format(secret=escape(SECRET))  # the pattern of what no title shows
        gr.HTML(made, js_on_load=source("made.js"), elem_id="made")
        _open_links(page, parts, origin, tabs, notice)
        with gr.Group(visible=False):
            if faces.names:
                build_face_endpoints(handlers)
            build_scene_endpoints(trainings, Drawing(store, turns))
        _plain_endpoints(page, handlers, trainings, kind.lower())
        for event in page.fns.values():
            if event.show_progress == "hidden":
                # The browser copies each component that ever waited, tabs with all they hold, at every message: by
                # default those are an event's outputs. With one that is not seen a slider answers 100 ms sooner.
                event.show_progress_on = [origin]
    page.closers += [trainings.close, store.close]
    return page


def _open_links(page: Page, parts: Mapping[str, Any], origin: gr.Textbox, tabs: gr.Tabs, notice: gr.HTML) -> None:
    """Set every control as the link says with which the page is opened; tell what could not be used."""

    def opened(address: str, request: gr.Request) -> Updates:
        parameters = dict(request.query_params)  # of a repeated name, the last value
        query = Query(parameters)
        chosen = query.choice("tab", tab_meant(parameters, parts), [*parts, "about"])
        updates: Updates = {origin: address}
        if chosen != next(iter(parts)):  # which is open, unless somebody has already clicked on another
            updates[tabs] = gr.Tabs(selected=chosen)
        for name, part in parts.items():
            said = part.read(query if name == chosen else Query({}))
            updates |= {component: value for component, value in said.items() if not _made_so(component, value)}
        ignored = query.notice()
        return {**updates, notice: gr.HTML(notices([ignored]), visible=bool(ignored))}

    set_by_links = (component for part in parts.values() for component in part.read(Query({})))
    outputs = [origin, tabs, notice, *set_by_links]
    link = page.load(opened, origin, outputs, js=HERE, **QUIET)
    for part in parts.values():
        part.start(link)


def _made_so(component: Any, value: Any) -> bool:
    """Return whether a component shows this anyway; an update costs the browser a look through the whole page."""
    said = value if isinstance(value, dict) and "__type__" in value else {"value": value}
    return all(getattr(component, key, None) == it for key, it in said.items() if key != "__type__")


def _plain_endpoints(page: Page, handlers: FaceHandlers, trainings: TrainingQueue, device: str) -> None:
    """Add endpoints that draw nothing, each in a queue of its own, which nothing else fills."""
    faces, scenes = handlers.models, trainings.store.shipped

    def models() -> dict[str, Any]:
        """The names that other endpoints take: face models with their directions, and scenes."""
        known = {name: {"directions": list(faces.get(name).directions)} for name in faces.names}
        return {"faces": known, "scenes": trainings.store.names("")}

    def health() -> dict[str, Any]:
        """Whether the app is up, on which device, what runs and waits, its memory, its versions, what is said of the
        weights."""
        turns = handlers.device
        return {
            "status": "ok",
            "device": device,
            "trainings": trainings.running,
            "queues": {"trainings": trainings.waiting, "events": page.queued, "device": turns.waiting},
            "memory_mb": memory_mb(),
            "versions": VERSIONS,
            "notes": [*faces.notes(), *scenes.notes()],
        }

    for asked in (models, health):
        gr.api(asked, api_name=asked.__name__, concurrency_limit=None)


def tab_meant(parameters: Mapping[str, str], parts: Mapping[str, Any]) -> str:
    """Return the tab that knows most of a link's parameters; the first one where they say nothing."""

    def unknown(name: str) -> int:
        query = Query(parameters)
        parts[name].read(query)
        return len(query.unread)

    return min(parts, key=unknown)


def _weights_notes(page: Page, faces: Models[Any], scenes: Models[Any]) -> None:
    """Show a line on weights that are still on their way, or did not come; nothing where all is as asked."""

    def notes() -> tuple[Any, Any]:
        lines = [*faces.notes(), *scenes.notes()]
        return gr.HTML(notices(lines), visible=bool(lines)), gr.Timer(active=faces.busy or scenes.busy)

    shown = gr.HTML(visible=False, elem_id="weights")
    timer = gr.Timer(WEIGHTS_CHECK_SECONDS, active=faces.busy or scenes.busy)
    for event in (page.load, timer.tick):
        event(notes, None, [shown, timer], queue=False, **QUIET)
