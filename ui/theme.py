"""Make the page look like a darkroom, with one lamp for an accent. There is a dark and a light scheme.

Text on each ground has a contrast of at least 4.5 (WCAG 2.2, 1.4.3), what marks a control at least 3 (1.4.11).
"""

import json
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.themes.utils.colors import Color

STATIC = Path(__file__).parent / "static"  # style sheet, scripts, fonts and pictures; served under /look


def source(name: str) -> str:
    """Return the text of a file of ui/static."""
    return (STATIC / name).read_text(encoding="utf-8")


# Hues, and values of Gradio's variables.
COLOURS = json.loads(source("theme.json"))
LAMP, PAPER = (Color(*[*shades, name]) for name, shades in COLOURS["hues"].items())  # a safelight's, and greys
THEME = gr.themes.Default(
    primary_hue=LAMP, secondary_hue=LAMP, neutral_hue=PAPER, radius_size=gr.themes.sizes.radius_md,
    font=("Hanken Grotesk", "system-ui", "sans-serif"),
    font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "monospace"),
).set(**COLOURS["variables"])  # fmt: skip
# Each script in a block of its own, as their constants are of their own.
PAGE_SCRIPTS = "".join(f"{{\n{source(name)}}}\n" for name in ("page.js", "history.js", "results.js", "portrait.js"))
LOOK: dict[str, Any] = {  # of Page.launch
    "theme": THEME,
    "css_paths": STATIC / "darkroom.css",
    "js": f"() => {{\n{PAGE_SCRIPTS}}}",
}
