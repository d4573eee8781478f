"""The look of the page: a darkroom, with one lamp for an accent. Dark is its own choice; there is a light scheme, too.

Text on each ground has a contrast of at least 4.5 (WCAG 2.2, 1.4.3), what marks a control at least 3 (1.4.11).
"""

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

THEME = gr.themes.Default(
    primary_hue=LAMP, secondary_hue=LAMP, neutral_hue=PAPER, radius_size=gr.themes.sizes.radius_md,
    font=("Hanken Grotesk", "system-ui", "sans-serif"),
    font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "monospace"),
).set(
    body_background_fill="*neutral_50", body_background_fill_dark="*neutral_950",
    body_text_color="*neutral_900", body_text_color_dark="#efe9e1",
    body_text_color_subdued="*neutral_600", body_text_color_subdued_dark="#b3a99e",
    background_fill_primary="#ffffff", background_fill_primary_dark="*neutral_900",
    background_fill_secondary="*neutral_100", background_fill_secondary_dark="#161311",
    border_color_primary="*neutral_200", border_color_primary_dark="#332d28",
    color_accent="*primary_700", link_text_color="*primary_700", link_text_color_dark="*primary_400",
    link_text_color_hover="*primary_800", link_text_color_hover_dark="*primary_300",
    link_text_color_visited="*primary_700", link_text_color_visited_dark="*primary_400",
    block_background_fill="#ffffff", block_background_fill_dark="*neutral_900",
    block_border_width="1px", block_border_color_dark="#2c2722", block_shadow="none", block_shadow_dark="none",
    block_label_background_fill="#ffffff", block_label_background_fill_dark="*neutral_900",
    block_label_text_color="*neutral_600", block_label_text_color_dark="#b3a99e",
    block_info_text_color="*neutral_600", block_info_text_color_dark="#b3a99e",
    block_title_text_color="*neutral_700", block_title_text_color_dark="#d9d0c6", block_title_text_weight="500",
    input_background_fill="*neutral_50", input_background_fill_dark="#14110f",
    input_border_color_dark="#3a332d", input_placeholder_color="*neutral_500", input_placeholder_color_dark="#968b80",
    slider_color="*primary_600", slider_color_dark="*primary_500",
    checkbox_background_color_selected="*primary_700", checkbox_background_color_selected_dark="*primary_600",
    checkbox_border_color_selected="*primary_700", checkbox_border_color_selected_dark="*primary_600",
    checkbox_label_background_fill="*neutral_100", checkbox_label_background_fill_dark="#211d1a",
    checkbox_label_background_fill_selected="*primary_100", checkbox_label_background_fill_selected_dark="#3b1a10",
    checkbox_label_border_color_selected="*primary_700", checkbox_label_border_color_selected_dark="*primary_500",
    checkbox_label_text_color_selected="*primary_900", checkbox_label_text_color_selected_dark="*primary_100",
    button_primary_background_fill="*primary_700", button_primary_background_fill_dark="*primary_500",
    button_primary_background_fill_hover="*primary_800", button_primary_background_fill_hover_dark="*primary_400",
    button_primary_text_color="#ffffff", button_primary_text_color_dark="#1c0903",
    button_secondary_background_fill="*neutral_100", button_secondary_background_fill_dark="#28231f",
    button_secondary_background_fill_hover="*neutral_200", button_secondary_background_fill_hover_dark="#342d28",
    button_secondary_text_color="*neutral_900", button_secondary_text_color_dark="#efe9e1",
    button_secondary_border_color="*neutral_200", button_secondary_border_color_dark="#3a332d",
)  # fmt: skip


def source(name: str) -> str:
    """Return the text of a file of ui/static."""
    return (STATIC / name).read_text(encoding="utf-8")


# Each script in a block of its own, as their constants are of their own.
PAGE_SCRIPTS = "".join(f"{{\n{source(name)}}}\n" for name in ("page.js", "history.js", "results.js", "portrait.js"))
LOOK: dict[str, Any] = {  # of Page.launch
    "theme": THEME,
    "css_paths": STATIC / "darkroom.css",
    "js": f"() => {{\n{PAGE_SCRIPTS}}}",
}
