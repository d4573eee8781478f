"""The whole page: the tabs, the look, and the endpoints that belong to none of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
import torch

from ui.device import DeviceLock
from ui.scenes import build_scenes_tab
from ui.store import SceneStore

CSS = """
.bar { height: 8px; border-radius: 4px; background: var(--border-color-primary); overflow: hidden; }
.bar > div { height: 100%; background: var(--color-accent); transition: width .4s; }
.status { margin: 6px 0 0; color: var(--body-text-color); font-size: var(--text-sm); overflow-wrap: anywhere; }
#source img, #live img, #remembered img, #animation img { width: 100%; height: 100%; object-fit: contain; }
"""
FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
THEME = gr.themes.Default(primary_hue="orange", neutral_hue="stone", font=FONT)


def build_page(scenes: Sequence[str], device: torch.device) -> gr.Blocks:
    """The app: `scenes` are folders or Hub repositories of trained scenes."""
    store, lock = SceneStore(scenes, device), DeviceLock()

    def models() -> dict[str, Any]:
        """The scenes that can be sampled, by name."""
        return {"scenes": store.names("")}

    def health() -> dict[str, Any]:
        """Whether the app is up, and on which device."""
        return {"status": "ok", "device": device.type}

    with gr.Blocks(title="Darkroom", delete_cache=(3600, 4 * 3600), analytics_enabled=False) as page:
        gr.Markdown("# Darkroom\nTrain a GAN on **one** picture, then draw it anew, at other sizes, and in motion.")
        build_scenes_tab(page, store, lock)
        gr.api(models, api_name="models")
        gr.api(health, api_name="health")
    page.queue(max_size=32, api_open=False)
    return page
