"""The whole page: the tabs, what a link opens, and the endpoints that belong to no tab."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
import torch

from dcgan import FacePipeline
from singan import ScenePipeline
from ui import zero
from ui.about import build_about_tab
from ui.api import build_endpoints
from ui.device import DeviceLock
from ui.face_handlers import FaceHandlers
from ui.faces import build_faces_tab
from ui.links import Query
from ui.models import Models
from ui.parts import QUIET, lighten
from ui.scene_handlers import SceneHandlers
from ui.scenes import build_scenes_tab
from ui.store import SceneStore
from ui.tab import Tab
from ui.training_handlers import TrainingHandlers

HERE = "() => location.origin + location.pathname"
NOTES_SECONDS = 2.0  # between two looks at how far the weights have come


def build_page(faces: Models[FacePipeline], scenes: Models[ScenePipeline], device: torch.device) -> gr.Blocks:
    """The app, with these models."""
    store, lock = SceneStore(scenes, device), DeviceLock()
    face_handlers, scene_handlers = FaceHandlers(faces, lock), SceneHandlers(store, lock)
    training_handlers = TrainingHandlers(store, lock)
    kind = "ZeroGPU" if zero.ON_ZERO_GPU else device.type.upper()

    def models() -> dict[str, Any]:
        """The names that other endpoints take: face models with their directions, and scenes."""
        known = {name: {"directions": list(faces.get(name).directions)} for name in faces.names}
        return {"faces": known, "scenes": store.names("")}

    def health() -> dict[str, Any]:
        """Whether the app is up, on which device, how many trainings run, and what is said of the weights."""
        notes = [*faces.notes(), *scenes.notes()]
        return {"status": "ok", "device": kind.lower(), "trainings": training_handlers.running, "notes": notes}

    with gr.Blocks(title="Darkroom", delete_cache=(3600, 4 * 3600), analytics_enabled=False) as page:
        origin = gr.Textbox(visible=False)
        gr.Markdown("# Darkroom\nSteer a face GAN, or train one on **one** picture of yours.")
        notice = gr.HTML(visible=False, elem_id="notice")
        _weights_notes(faces, scenes)
        with gr.Tabs(elem_id="tabs") as tabs:
            parts: dict[str, Tab] = {}
            if faces.names:
                with gr.Tab("Faces", id="faces"):
                    parts["faces"] = build_faces_tab(face_handlers, origin)
            with gr.Tab("Scenes", id="scenes"):
                parts["scenes"] = build_scenes_tab(scene_handlers, training_handlers, origin)
            with gr.Tab("How it works", id="about"):
                build_about_tab(faces, scenes, kind)

        def opened(address: str, request: gr.Request) -> tuple[Any, ...]:
            """Every control as the link says; what could not be used is told."""
            query = Query(dict(request.query_params))
            chosen = query.choice("tab", next(iter(parts)), [*parts, "about"])
            queries = {name: query if name == chosen else Query({}) for name in parts}
            values = [value for name, part in parts.items() for value in part.read(queries[name])]
            query.leave_out_the_rest()
            told = escape("This link was not understood in part; ignored: " + "; ".join(query.ignored))
            shown = gr.HTML(f'<p class="notice" role="status">{told}</p>', visible=bool(query.ignored))
            return address, gr.Tabs(selected=chosen), shown, *values

        outputs = [origin, tabs, notice, *(component for part in parts.values() for component in part.components)]
        link = page.load(opened, origin, outputs, js=HERE, **QUIET)
        for part in parts.values():
            part.start(link)
        build_endpoints(face_handlers, training_handlers, scene_handlers)
        gr.api(models, api_name="models")
        gr.api(health, api_name="health")
        lighten(page, origin)
    page.queue(max_size=32, api_open=False)
    return page


def _weights_notes(faces: Models[Any], scenes: Models[Any]) -> None:
    """A line on weights that are still on their way, or did not come; nothing where all is as asked."""

    def notes() -> tuple[Any, Any]:
        lines = [*faces.notes(), *scenes.notes()]
        text = "".join(f'<p class="notice" role="status">{escape(line)}</p>' for line in lines)
        return gr.HTML(text, visible=bool(lines)), gr.Timer(active=faces.busy or scenes.busy)

    shown = gr.HTML(visible=False, elem_id="weights")
    timer = gr.Timer(NOTES_SECONDS, active=faces.busy or scenes.busy)
    page = gr.context.Context.root_block
    assert page is not None
    for event in (page.load, timer.tick):
        event(notes, None, [shown, timer], queue=False, **QUIET)
