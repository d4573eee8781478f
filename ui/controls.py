"""Components for options, and for what both tabs show."""

from __future__ import annotations

from typing import Any

import gradio as gr

from darkroom.uses import Option
from ui.wiring import Updates

FINE = 0.01  # step of a slider from 0 to 1
LONGEST_SLIDER = 1000  # steps


def control(it: Option, name: str) -> Any:
    """A component for an option."""
    label = it.label or it.name.replace("_", " ").capitalize()
    label = f"{label}, {it.unit}" if it.unit else label
    if it.name == "seed":
        return seed_row(name)
    if it.kind is bool:
        return gr.Checkbox(it.first, label=label, elem_id=name)
    if it.kind is str:
        return gr.Radio(list(it.choices), value=it.first, label=label, elem_id=name)
    assert it.low is not None and it.most is not None
    if it.optional or it.most > LONGEST_SLIDER:
        return gr.Number(it.first, label=label, precision=0 if it.kind is int else None, minimum=it.low, elem_id=name)
    step = 1 if it.kind is int or it.most > 1 else FINE
    return gr.Slider(it.low, it.most, it.first, step=step, label=label, elem_id=name)


def seed_row(name: str) -> gr.Number:
    """A seed with its dice."""
    with gr.Row(equal_height=False, elem_classes="seed"):
        seed = gr.Number(0, label="Seed", precision=0, minimum=0, elem_id=name, scale=3)
        dice = gr.Button("New seed", elem_id=name.replace("-seed", "-dice"), scale=1, min_width=120, size="sm")
    dice.click(None, None, seed, js="() => Math.floor(Math.random() * 1e6)", api_visibility="private")
    return seed


def gallery(name: str) -> gr.Gallery:
    """Where pictures are shown."""
    return gr.Gallery(
        label="Results", format="png", object_fit="contain", height="auto", type="filepath",
        elem_id=f"{name}-gallery", elem_classes="tiles", buttons=["download", "fullscreen"],
    )  # fmt: skip


def animation(path: str | None, image: gr.Image, video: gr.Video) -> Updates:
    """An animation in the one of two components that can play it; None hides both."""
    film = bool(path and path.endswith(".mp4"))
    return {
        image: gr.Image(None if film else path, visible=bool(path) and not film),
        video: gr.Video(path if film else None, visible=film),
    }
