"""Lay out the tab that tells how everything here works, with the game, the models' cards and the device."""

import math
import re
from functools import lru_cache
from itertools import takewhile

import gradio as gr

from darkroom.models import Models
from dcgan import FacePipeline
from dcgan.games import Method, bilinear
from singan import ScenePipeline
from ui.theme import source
from ui.wiring import QUIET

LABELS: dict[Method, str] = {
    "simultaneous": "Steps at once",
    "alternating": "Steps in turns",
    "adam": "Adam in turns",
    "extragradient": "Extragradient",
}
GAME_STEPS = 60
ETAS = (0.05, 1.0, 0.05)  # lowest, highest, and from one to the next
FIRST_ETA = 0.3
SVG_UNITS_PER_DISTANCE = 100  # that a distance of 1 has in about/game.html
SEEN_DISTANCE = 6.6
# Once more from the start, on the page alone.
REPLAY = """() => document.getElementById("game").getAnimations({ subtree: true })
  .forEach((animation) => { animation.cancel(); animation.play(); })"""


def build_about_tab(faces: Models[FacePipeline], scenes: Models[ScenePipeline], device: str, tab: gr.Tab) -> None:
    """Lay out the current tab inside the current Blocks."""
    names = [*(f"faces/{name}" for name in faces.names), *(f"scenes/{name}" for name in scenes.names)]

    def card_of(name: str) -> str:
        """Return the card of faces/NAME or scenes/NAME, without its front matter, its headings two levels down."""
        kind, _, model = name.partition("/")
        card = (faces if kind == "faces" else scenes).get(model).card
        text = re.sub(r"\A---\n.*?\n---\n", "", card, flags=re.DOTALL)
        return re.sub(r"^(#+) ", r"##\1 ", text, flags=re.MULTILINE)

    gr.HTML(source("about/story.html"), elem_id="story")
    _build_game(tab)
    with gr.Accordion("Model cards: what was trained on what, and how well", open=False, elem_id="cards"):
        chosen = gr.Dropdown(names, value=names[0] if names else None, label="Model card", elem_id="card-of")
        card = gr.Markdown(card_of(names[0]) if names else "", elem_id="card", container=True)
    gr.Markdown(f"This app runs on: **{device}**.", elem_id="device")
    chosen.change(card_of, chosen, card, **QUIET)


def _build_game(tab: gr.Tab) -> None:
    """Lay out the game inside the current Blocks; it is drawn when the tab is opened."""
    low, high, step = ETAS
    with gr.Row(equal_height=False):
        with gr.Column(min_width=320):
            gr.Markdown(source("about/game.md"))
            with gr.Accordion("What happens, in numbers", open=False):
                gr.Markdown(source("about/game-details.md"))
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
    paths = {method: bilinear(method, eta, GAME_STEPS).tolist() for method in LABELS}
    said = {method: _distance(math.hypot(*path[-1])) for method, path in paths.items()}
    remarks = (f'<li class="{method}"><strong>{LABELS[method]}</strong> {said[method]}</li>' for method in said)
    return source("about/game.html").format(
        heading=f"Distance from the equilibrium after {GAME_STEPS} steps",
        label="; ".join(f"{LABELS[method]}, {said[method]}" for method in said),
        paths="".join(_path(method, path) for method, path in paths.items()),
        remarks="".join(remarks),
    )


def _path(method: str, places: list[tuple[float, float]]) -> str:
    """Return a line and a dot for every place, y upwards, as far as they are near enough to be seen."""
    near = takewhile(lambda place: max(map(abs, place)) < SEEN_DISTANCE, places)
    *points, last = [(f"{SVG_UNITS_PER_DISTANCE * x:.1f}", f"{-SVG_UNITS_PER_DISTANCE * y:.1f}") for x, y in near]
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="{6 if step == len(points) else 2}" style="--step:{step}"/>'
        for step, (x, y) in enumerate([*points, last])
    )
    return f'<g class="{method}"><path d="M{"L".join(map(" ".join, [*points, last]))}"/>{dots}</g>'


def _distance(times: float) -> str:
    """Say how far from the equilibrium a path ends that began at a distance of 1."""
    if times < 0.01:
        return "less than 1 % as far"
    if times < 0.995:
        return f"{100 * times:.0f} % as far"
    if times > 1e6:
        return "over a million times as far"
    return f"{times:,.0f} times as far" if times >= 10 else f"{times:.2f} times as far"
