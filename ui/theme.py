"""Make the page look like a darkroom, with one lamp for an accent. There is a dark and a light scheme.

Text on each ground has a contrast of at least 4.5 (WCAG 2.2, 1.4.3), what marks a control at least 3 (1.4.11).
"""

import json
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.themes.utils.colors import Color

STATIC = Path(__file__).parent / "static"  # style sheet, scripts, fonts and pictures; served under /darkroom

LAMP = Color(  # a safelight's
    "#fff3ee", "#ffe1d6", "#ffc3b0", "#ffa085", "#ff8464", "#f9684a", "#d94a2b", "#b23616", "#8f2c13", "#6d2410",
    "#3f150a", name="lamp",
)  # fmt: skip
PAPER = Color(
    "#fbf9f6", "#f4f0ea", "#e6dfd6", "#d2c9be", "#a89e93", "#776d64", "#5d554d", "#443d37", "#292420", "#1a1714",
    "#100e0c", name="paper",
)  # fmt: skip


def source(name: str) -> str:
    """Return the text of a file of ui/static."""
    return (STATIC / name).read_text(encoding="utf-8")


def _colours() -> dict[str, str]:
    """Return the values of Gradio's variables; the file has a light one and a dark one of each, or null."""
    pairs = json.loads(source("theme.json")).items()
    return {
        name + dark: value for name, pair in pairs for dark, value in zip(("", "_dark"), pair, strict=True) if value
    }


THEME = gr.themes.Default(
    primary_hue=LAMP, secondary_hue=LAMP, neutral_hue=PAPER, radius_size=gr.themes.sizes.radius_md,
    font=("Hanken Grotesk", "system-ui", "sans-serif"),
    font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "monospace"),
).set(**_colours())  # fmt: skip
# Each script in a block of its own, as their constants are of their own.
PAGE_SCRIPTS = "".join(f"{{\n{source(name)}}}\n" for name in ("page.js", "history.js", "results.js", "portrait.js"))
LOOK: dict[str, Any] = {  # of Page.launch
    "theme": THEME,
    "css_paths": STATIC / "darkroom.css",
    "js": f"() => {{\n{PAGE_SCRIPTS}}}",
}
