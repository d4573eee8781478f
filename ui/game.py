"""Show the smallest game of two players: the package's optimisers play it around its equilibrium."""

from __future__ import annotations

from functools import lru_cache
from typing import get_args

import gradio as gr

from dcgan.games import Method, bilinear
from ui.html import Orbit, orbits
from ui.wiring import QUIET

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


def build_game(tab: gr.Tab) -> None:
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
