"""Lay out the tab that explains both methods, with the game, the models' cards and the device."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import get_args

import gradio as gr

from darkroom.models import Models
from dcgan import FacePipeline
from dcgan.games import Method, bilinear
from singan import ScenePipeline
from ui.html import Orbit, orbits, strip
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
ABOUT_GAME = """
## The game that the two play

A GAN is a game: the generator minimises what the discriminator maximises. The smallest one is *x · y*: the generator
is *x* and minimises it, the discriminator is *y* and maximises it, and both are at rest at (0, 0) alone. Each one's
gradient is where the other stands, so they move **around** that point instead of towards it. Stepping at once
multiplies their distance from it by √(1 + η²), however small the steps η are; stepping in turns, as GANs are trained,
they circle for ever; Adam, by which most are trained, spirals out as well. **Extragradient** (Korpelevich, 1976; for
GANs Gidel et al., ICLR 2019) looks one step ahead and then steps along the gradients that it finds there. They point a
little inwards: each step multiplies the distance by √(1 − η² + η⁴). Real GANs turn like this on top of what draws them
to a good end, which is one reason why their losses never come to rest. `python -m dcgan train --extragradient` trains
faces by the very steps drawn here.
"""
LABELS: dict[str, str] = {
    "simultaneous": "Steps at once",
    "alternating": "Steps in turns",
    "adam": "Adam in turns",
    "extragradient": "Extragradient",
}
STEPS = 60
ETAS = (0.05, 1.0, 0.05)  # lowest, highest, and from one to the next
FIRST_ETA = 0.3
# Once more from the start, on the page alone.
REPLAY = """() => document.getElementById("game").getAnimations({ subtree: true })
  .forEach((animation) => { animation.cancel(); animation.play(); })"""


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
    _build_game(tab)
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


def _build_game(tab: gr.Tab) -> None:
    """Lay out the game inside the current Blocks; it is drawn when the tab is opened."""
    low, high, step = ETAS
    with gr.Row(equal_height=False):
        with gr.Column(min_width=320):
            gr.Markdown(ABOUT_GAME)
        with gr.Column(min_width=320):
            eta = gr.Slider(low, high, FIRST_ETA, step=step, label="Step size η", elem_id="eta")
            figure = gr.HTML(elem_id="game")
            again = gr.Button("Play again", size="sm", elem_id="game-again")
    # Not before: the first optimiser takes torch a second and 80 MB to import.
    gr.on([tab.select, eta.change], game, eta, figure, queue=False, trigger_mode="always_last", **QUIET)
    again.click(None, None, None, js=REPLAY, **QUIET)


@lru_cache(maxsize=32)
def game(eta: float) -> str:
    """Return the four methods' paths with steps of this size as HTML. Raises ValueError for one out of range."""
    drawn = []
    for method in get_args(Method):
        path = bilinear(method, eta, STEPS)
        drawn.append(Orbit(method, LABELS[method], path.tolist(), _distance(float(path[-1].norm()))))
    heading = f"Distance from the equilibrium after {STEPS} steps"
    return orbits(drawn, "x", "y", heading)


def _distance(times: float) -> str:
    """Say how far from the equilibrium a path ends that began at a distance of 1."""
    if times < 0.01:
        return "less than 1 % as far"
    if times < 0.995:
        return f"{100 * times:.0f} % as far"
    if times > 1e6:
        return "over a million times as far"
    return f"{times:,.0f} times as far" if times >= 10 else f"{times:.2f} times as far"
