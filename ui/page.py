"""The whole page: the tabs, the look, and the endpoints that belong to none of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
import torch

from dcgan import FacePipeline
from ui.device import DeviceLock
from ui.faces import build_faces_tab
from ui.scenes import build_scenes_tab
from ui.store import SceneStore

CSS = """
.bar { height: 8px; border-radius: 4px; background: var(--border-color-primary); overflow: hidden; }
.bar > div { height: 100%; background: var(--color-accent); transition: width .4s; }
.status { margin: 6px 0 0; color: var(--body-text-color); font-size: var(--text-sm); overflow-wrap: anywhere; }
#faces-gallery .grid-wrap { height: auto; min-height: 0; max-height: none; overflow: visible; }
#faces-gallery .grid-container { grid-template-columns: repeat(auto-fill, minmax(68px, 1fr)); padding-top: 0;
  grid-auto-rows: auto; grid-template-rows: none; }
#faces-gallery .thumbnail-item { height: auto; aspect-ratio: 1; }
.sliders > .form { display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); }
#source img, #live img, #remembered img, #animation img, #portrait img, #pin-a img, #pin-b img, #morph-image img
{ width: 100%; height: 100%; object-fit: contain; }
"""
FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
THEME = gr.themes.Default(primary_hue="orange", neutral_hue="stone", font=FONT)


def build_page(faces: Sequence[str], scenes: Sequence[str], device: torch.device) -> gr.Blocks:
    """The app: `faces` and `scenes` are folders or Hub repositories of trained models."""
    store, lock = SceneStore(scenes, device), DeviceLock()
    pipelines = [FacePipeline.from_pretrained(model).to(device) for model in faces]
    models_of_faces = {pipeline.name: pipeline for pipeline in pipelines}

    def models() -> dict[str, Any]:
        """The face models with their directions, and the scenes that can be sampled, by name."""
        known = {name: {"directions": list(pipeline.directions)} for name, pipeline in models_of_faces.items()}
        return {"faces": known, "scenes": store.names("")}

    def health() -> dict[str, Any]:
        """Whether the app is up, and on which device."""
        return {"status": "ok", "device": device.type}

    with gr.Blocks(title="Darkroom", delete_cache=(3600, 4 * 3600), analytics_enabled=False) as page:
        gr.Markdown("# Darkroom\nSteer a face GAN, or train one on **one** picture of yours.")
        with gr.Tabs():
            if models_of_faces:
                with gr.Tab("Faces", id="faces"):
                    build_faces_tab(page, models_of_faces, lock)
            with gr.Tab("Scenes", id="scenes"):
                gr.Markdown("Train a GAN on one picture, then draw it anew, at other sizes, and in motion.")
                build_scenes_tab(page, store, lock)
        gr.api(models, api_name="models")
        gr.api(health, api_name="health")
    page.queue(max_size=32, api_open=False)
    return page
