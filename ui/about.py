"""Lay out the tab that explains both methods, with the game, the models' cards and the device."""

from __future__ import annotations

import re

import gradio as gr

from darkroom.models import Models
from dcgan import FacePipeline
from singan import ScenePipeline
from ui.game import build_game
from ui.html import strip
from ui.wiring import QUIET

ABOUT_FACES = """
## Faces: one generator, many faces
A DCGAN has seen 23,233 photographs of faces. It turns 64 random numbers, a **latent**, into a face of 64 × 64 px,
and neighbouring latents into similar faces. So a face can be steered: moving the latent along a direction that goes
with smiles makes it smile. A seed and an index name a latent: face 5 of seed 7 is the same face everywhere and
always.

- **Sliders** move along directions: those with names were learnt from labelled photographs, the principal ones
  change most.
- **Morph** goes from face to face along great circles, where every latent in between is as usual as its ends.
- **A photograph** is searched for: the result has its pose and colours; it is not the person.

No face here is a person's. The generator also learnt what its photographs lack: it draws young, smiling people
best.
"""
ABOUT_SCENES = """
## Scenes: one picture, many pictures
A SinGAN is trained on a single picture, by a pyramid of small networks: the coarsest learns how a picture of a few
dozen pixels may be laid out, each finer one what the patches of its size look like. Drawing starts from noise and
goes the same way up:
"""
ABOUT_SCENES_AFTER = """
- **Start scale** says where drawing begins: 0 makes a new layout, 1 and 2 keep the trained one's and change what is
  finer.
- **Keep subjects whole** fits the photograph to another shape without the networks: its subjects keep their
  proportions, what lies around them is squeezed, stretched, cropped or extended, and redrawn by its own patches.
- **Keep the layout** does so with the networks: stretched, the picture enters at a coarse scale, and the finer scales
  redraw it, so that grass stays grass instead of being pulled wide. **Rearrange** draws new content in the new shape.
- **Animation** walks through the noise: little by little, everything moves as things of its kind do.

It knows patches and not what they show. Landscapes, textures and crowds of like things come out well; single
objects, faces and writing come out broken.
"""


def build_about_tab(faces: Models[FacePipeline], scenes: Models[ScenePipeline], device: str, tab: gr.Tab) -> None:
    """Lay out the current tab inside the current Blocks."""
    with gr.Row(equal_height=False):
        with gr.Column(min_width=320):
            gr.Markdown(ABOUT_FACES)
        with gr.Column(min_width=320):
            gr.Markdown(ABOUT_SCENES)
            if scenes.names:
                stages = scenes.get(scenes.names[0]).stages()
                gr.HTML(strip(stages, None, len(stages)))
            gr.Markdown(ABOUT_SCENES_AFTER)
    build_game(tab)
    gr.Markdown(f"## Here\nThis app runs on: **{device}**.", elem_id="device")
    names = [*(f"faces/{name}" for name in faces.names), *(f"scenes/{name}" for name in scenes.names)]
    chosen = gr.Dropdown(names, value=names[0] if names else None, label="Model card", elem_id="card-of")
    first = card_of(names[0], faces, scenes) if names else ""
    card = gr.Markdown(first, elem_id="card", container=True)
    chosen.change(lambda name: card_of(name, faces, scenes), chosen, card, **QUIET)


def card_of(name: str | None, faces: Models[FacePipeline], scenes: Models[ScenePipeline]) -> str:
    """Return the card of faces/NAME or scenes/NAME, without its front matter, its headings two levels down."""
    kind, _, model = (name or "").partition("/")
    card = faces.get(model).card if kind == "faces" else scenes.get(model).card
    text = re.sub(r"\A---\n.*?\n---\n", "", card, flags=re.DOTALL)
    return re.sub(r"^(#+) ", r"##\1 ", text, flags=re.MULTILINE)
