"""The look of the page: a darkroom, with one lamp for an accent. Dark is its own choice; there is a light scheme, too.

Text on each ground has a contrast of at least 4.5 (WCAG 2.2, 1.4.3), what marks a control at least 3 (1.4.11).
"""

from pathlib import Path

import gradio as gr
from gradio.themes.utils.colors import Color

FONTS = Path(__file__).parent / "fonts"  # served under the same name, so that no request leaves the page
TEXT, HEADINGS = "Hanken Grotesk", "Bricolage Grotesque"

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
    font=(TEXT, "system-ui", "sans-serif"), font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "monospace"),
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

# Relative to the page's address, wherever it is served.
FACES = f"""
@font-face {{ font-family: "{TEXT}"; src: url("fonts/hanken-grotesk.woff2") format("woff2"); font-weight: 100 900;
  font-display: swap; }}
@font-face {{ font-family: "{HEADINGS}"; src: url("fonts/bricolage-grotesque.woff2") format("woff2");
  font-weight: 200 800; font-display: swap; }}
"""
# In the page's HTML, where they are needed at once: else it is white until Gradio's scripts are there.
GROUND = """<style>
html { background: var(--neutral-50); }
html:has(body.dark) { background: var(--neutral-950); }
body { background: none !important; }
</style>"""
FONT_LINKS = "".join(
    f'<link rel="preload" href="fonts/{name}.woff2" as="font" type="font/woff2" crossorigin>'
    for name in ("bricolage-grotesque", "hanken-grotesk")
)
LOOK = f"""
.gradio-container {{ width: 100% !important; max-width: 1720px !important; margin: 0 auto !important; }}
.gradio-container > .main, #early > main {{ box-sizing: border-box; max-width: none !important;
  padding: 16px clamp(12px, 2.2vw, 32px) !important; }}
/* All tabs stay in sight, in two rows where need be: Gradio puts into a menu those whose hidden copies do not fit. */
.tab-container.visually-hidden button {{ width: 1px !important; min-width: 0 !important; padding: 0 !important;
  margin: 0 !important; font-size: 0 !important; }}
.tab-wrapper, .tab-container[role=tablist] {{ height: auto !important; }}
.tab-container[role=tablist] {{ flex-wrap: wrap; overflow: visible !important; }}
.tab-container[role=tablist] button {{ height: 38px; }}
.prose h1, .prose h2, .prose h3, .wordmark, #opening h1 {{ font-family: "{HEADINGS}", "{TEXT}", sans-serif;
  letter-spacing: -.01em; }}
.prose h2 {{ font-size: 1.2rem; font-weight: 600; }}
.prose h3, .prose h4 {{ font-size: 1.05rem; font-weight: 600; }}
:focus-visible {{ outline: 2px solid var(--lamp) !important; outline-offset: 2px; border-radius: 4px; }}
:root {{ --lamp: var(--primary-700); }}
.dark {{ --lamp: var(--primary-400); }}
#tabs > .tab-wrapper [role=tab], #halves > .tab-wrapper [role=tab], #views > .tab-wrapper [role=tab],
#face-views > .tab-wrapper [role=tab] {{ color: var(--body-text-color-subdued); }}
#tabs [role=tab][aria-selected=true] {{ color: var(--lamp); }}
#tabs > .tab-wrapper [role=tab] {{ font-family: "{HEADINGS}", sans-serif; font-size: 1.15rem; font-weight: 600; }}
.head {{ display: flex; align-items: center; justify-content: space-between; padding: 2px 0; }}
.head h1 {{ margin: 0; line-height: 1; }}
body:not(.dark) .prose .token.keyword {{ color: #00587d; }}
body:not(.dark) .prose .token.string, body:not(.dark) .prose .token.number {{ color: #3f6000; }}
body:not(.dark) .prose .token.function, body:not(.dark) .prose .token.builtin {{ color: #a02a45; }}
body:not(.dark) .prose .token.operator, body:not(.dark) .prose .token.punctuation {{ color: var(--neutral-700); }}
.wordmark {{ display: inline-flex; align-items: center; gap: 10px; font-size: 1.5rem; font-weight: 700;
  color: var(--body-text-color) !important; text-decoration: none !important; }}
.wordmark::before {{ content: ""; width: 12px; height: 12px; border-radius: 50%; background: var(--primary-500);
  box-shadow: 0 0 16px 3px color-mix(in srgb, var(--primary-500) 55%, transparent); }}
.head, #opening {{ line-height: 1.4; }}
.head button, #opening button {{ font: inherit; cursor: pointer; margin: 0 !important; }}
.scheme {{ padding: 6px 12px; background: var(--background-fill-secondary); border-radius: 999px;
  border: 1px solid var(--border-color-primary);
  color: var(--body-text-color-subdued); font-size: var(--text-sm); }}
.scheme:hover {{ color: var(--body-text-color); }}
#early {{ box-sizing: border-box; font: var(--body-text-size)/var(--line-md) var(--font); }}
#early *, #opening * {{ box-sizing: border-box; }}
#early > main {{ display: flex; flex-direction: column; gap: 16px; }}
#head .html-container, #opening-block .html-container {{ padding: 0 !important; }}
body:not(.opens) #opening-block {{ display: none !important; }}
#opening-block {{ padding: 0 !important; background: none; border-width: 0 !important; }}
#opening {{ display: flex; gap: 20px; padding: 4px 0 18px; }}
#opening > #opening-face {{ flex: 0 0 300px; }}
#opening .demo {{ display: flex; flex-direction: column; gap: 10px; flex: 1; padding: 18px 20px; min-width: 0;
  border: 1px solid var(--border-color-primary); border-radius: 14px; background: var(--block-background-fill); }}
#opening h2 {{ font-family: "{HEADINGS}", sans-serif; font-size: 1.35rem; font-weight: 650; margin: 0; line-height: 1.2;
  letter-spacing: -.01em; color: var(--body-text-color); }}
#opening canvas {{ width: 100%; aspect-ratio: 1; border-radius: 10px; background: var(--background-fill-secondary); }}
#opening label {{ display: flex; align-items: center; gap: 12px; min-width: 0; min-height: 28px;
  color: var(--body-text-color); }}
#opening input[type=range] {{ flex: 1; accent-color: var(--lamp); min-width: 0; }}
#opening p {{ display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin: auto 0 0; line-height: 1.4; }}
#opening p button {{ padding: 8px 16px; border-radius: 8px; border: 1px solid var(--button-secondary-border-color);
  background: var(--button-secondary-background-fill); color: var(--button-secondary-text-color); font-weight: 600; }}
#opening p button:first-child {{ background: var(--button-primary-background-fill);
  border-color: transparent; color: var(--button-primary-text-color); }}
#opening .screens {{ display: flex; align-items: flex-end; gap: clamp(10px, 1.6vw, 26px); min-height: 0; }}
#opening figure {{ margin: 0; min-width: 0; }}
#opening figure > div {{ overflow: hidden; background: var(--background-fill-secondary); }}
#opening img:not([src]) {{ visibility: hidden; }}
#opening figure img {{ color: transparent; display: block; width: 100%; height: 100%; object-fit: cover; }}
#opening figcaption {{ padding-top: 6px; font-size: var(--text-sm); color: var(--body-text-color-subdued); }}
#opening .photograph {{ flex: 225; align-self: center; }}
#opening [hidden] {{ display: none !important; }}
#opening .photograph > div {{ aspect-ratio: 16 / 9; border: 8px solid #f6f1e8;
  box-shadow: 0 2px 14px rgb(0 0 0 / .35); }}
#opening .screen > div {{ border: 6px solid #050505; outline: 1px solid #55504a; border-radius: 10px; }}
#opening .phone > div {{ border-radius: 18px; }}
#opening .ultrawide {{ flex: 420; }}
#opening .tablet {{ flex: 250; }}
#opening .phone {{ flex: 140; }}
.prose table, .prose th, .prose td {{ border-color: var(--border-color-primary) !important; }}
#scenes-gallery .grid-container {{ grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); }}
body:not(.dark) input[type=range]::-webkit-slider-thumb {{ background-color: var(--primary-700) !important; }}
body:not(.dark) input[type=range]::-moz-range-thumb {{ background-color: var(--primary-700) !important; }}
.scene {{ align-items: flex-start; }}
#about p {{ margin: 0; font-size: var(--text-sm); }}
.results {{ scroll-margin-top: 8px; }}
body:not(.undoable) .undo, #faces-undo {{ display: none; }}
.results .tiles .grid-container {{ grid-template-columns: repeat(auto-fill, minmax(min(100%, 240px), 1fr)); }}
.results .tiles .caption-label {{ white-space: normal; }}
.results .tiles .thumbnail-item {{ height: auto; aspect-ratio: auto; }}
.results .tiles .thumbnail-item img {{ height: auto; max-height: 380px; object-fit: contain; }}
.tiles:has(.preview) .grid-wrap {{ display: none; }}
.tiles .preview {{ position: relative; height: min(80vh, 760px); }}
.results:not(:has(img, video)) .after {{ display: none; }}
.results:not(:has(img, video, .tiles))::before {{ content: "What is made appears here."; padding: 90px 20px;
  border: 1px dashed var(--border-color-primary); border-radius: 10px; text-align: center;
  color: var(--body-text-color-subdued); }}
@media (max-width: 1100px) {{
  #opening {{ flex-direction: column; }}
  #opening > #opening-face {{ flex: none; display: grid; gap: 10px 20px;
    grid-template-columns: clamp(132px, 26vw, 240px) minmax(0, 1fr); }}
  #opening-face h2 {{ grid-column: 2; }}
  #opening-face canvas {{ grid-column: 1; grid-row: 1 / 4; }}
}}
@media (max-width: 740px) {{
  #scenes-gallery .grid-container {{ grid-template-columns: repeat(3, 1fr); }}
  .results .tiles .grid-container {{ grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); }}
  .wordmark {{ font-size: 1.25rem; }}
  #tabs > .tab-wrapper [role=tab] {{ font-size: 1rem; padding: 0 10px; }}
  .tab-container[role=tablist] button {{ padding: 0 10px; }}
  #opening .screens {{ flex-wrap: wrap; }}
  #opening .photograph {{ flex: 1 1 55%; }}
  #opening .phone {{ order: 1; flex: 0 1 27%; }}
  #opening .ultrawide {{ order: 2; flex: 1 1 58%; }}
  #opening .tablet {{ order: 3; flex: 1 1 30%; }}
}}
"""

CSS = (
    FACES
    + LOOK
    + """
.bar { height: 8px; border-radius: 4px; background: var(--border-color-primary); overflow: hidden; }
.bar > div { height: 100%; background: var(--color-accent); transition: width .4s; }
.status { margin: 6px 0 0; color: var(--body-text-color); font-size: var(--text-sm); overflow-wrap: anywhere; }
.notice { padding: 8px 12px; border-radius: 8px; border: 1px solid var(--border-color-primary);
  background: var(--background-fill-secondary); color: var(--body-text-color); font-size: var(--text-sm);
  overflow-wrap: anywhere; }
.strip { display: flex; gap: 8px; overflow-x: auto; padding: 4px 0; }
.strip figure { margin: 0; flex: none; }
.strip img { display: block; border-radius: 4px; object-fit: cover; image-rendering: pixelated; }
.strip .current img { outline: 2px solid var(--color-accent); outline-offset: 1px; }
.strip figcaption { font-size: var(--text-xs); color: var(--body-text-color-subdued); padding-top: 4px; }
.tiles .grid-wrap { height: auto; min-height: 0; max-height: none; }
.tiles .grid-container { grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); grid-auto-rows: auto;
  grid-template-rows: none; }
.small .grid-container { grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); }
.tiles .caption-label { max-width: 100%; font-size: var(--text-xs); padding: 2px 6px; }
.seed { align-items: flex-end; }
#card table { display: block; overflow-x: auto; }
#card th, #card td { word-break: normal; overflow-wrap: normal; }
.share { align-items: center; flex-wrap: nowrap !important; }
#faces-gallery .grid-wrap, #map .grid-wrap { overflow: visible; }
#faces-gallery .grid-container { grid-template-columns: repeat(auto-fill, minmax(68px, 1fr)); padding-top: 0; }
#faces-gallery .thumbnail-item, #map .thumbnail-item { height: auto; aspect-ratio: 1; }
.sliders > .form { display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr));
  background: var(--block-background-fill); }
#source img, #live img, #remembered img, #animate-image img, #portrait img, #pin-a img, #pin-b img, #pin-c img,
#morph-image img { width: 100%; height: 100%; object-fit: contain; }
#faces-gallery { min-height: 88px; }
#faces-status, #combine-status, #morph-status, #map-status { min-height: 30px; }
#faces-status .html-container, #photo-status .html-container, #photo-pictures .html-container,
#combine-status .html-container, #equation .html-container, #morph-status .html-container,
#map-status .html-container { padding: 0 2px; }
.unseen { display: none; }
#made:has(.made:empty) { display: none; }
.made-head { display: flex; justify-content: space-between; font-size: var(--text-sm); color: var(--body-text-color); }
.made-head button { text-decoration: underline; color: var(--body-text-color); }
.no-storage .made-head span::after, .no-storage #favourites-strip .heading p::after {
  content: " (Kept only until you close or reload this page: your browser blocks its storage.)"; }
.made { display: flex; gap: 8px; overflow-x: auto; padding: 6px 2px; }
.made a { flex: none; border-radius: 4px; }
.made img { display: block; height: 64px; border-radius: 4px; }
#portrait canvas.enlarged { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain;
  pointer-events: none; }
#portrait [data-held]::after { content: attr(data-held); position: absolute; left: 0; right: 0; bottom: 0; padding: 6px;
  text-align: center; background: #000b; color: #fff; font-size: var(--text-sm); }
#compare { touch-action: none; user-select: none; }
.note p { font-size: var(--text-sm); color: var(--body-text-color); text-align: center; }
#favourites .grid-wrap { overflow: visible; }
#favourites .grid-container { grid-template-columns: repeat(auto-fill, minmax(60px, 1fr)); padding-top: 0; }
#favourites .thumbnail-item { height: auto; aspect-ratio: 1; }
#favourites-status .html-container { padding: 0 2px; }
.heading p { margin-top: 2px; }
.below { align-items: flex-start; }
.pins > .column { gap: 6px; }
.figures { display: flex; align-items: center; justify-content: space-between; gap: 6px; }
.figures figure { margin: 0; flex: 1 1 0; max-width: 160px; }
.figures img, .figures .place { width: 100%; aspect-ratio: 1; border-radius: 8px; }
.figures .place { background: var(--background-fill-secondary); }
#photo-status { min-height: 54px; }
.figures figcaption { font-size: var(--text-sm); text-align: center; white-space: nowrap;
  color: var(--body-text-color); }
.figures .sign { font-size: var(--text-xl); padding-bottom: 1.4em; color: var(--body-text-color); }
#photo-pictures .figures { justify-content: flex-start; gap: 16px; }
#map .grid-wrap { padding: 4px; }
#map .grid-container { grid-template-columns: repeat(9, minmax(0, 1fr)); gap: 2px; padding-top: 0; }
#map .thumbnail-item { width: 100%; border-radius: 3px; min-width: 0; }
.gradio-container { overflow: clip !important; }
.orbits svg { display: block; width: 100%; max-width: 460px; margin: 0 auto;
  mask-image: radial-gradient(closest-side, black 88%, transparent); }
.orbits text { fill: var(--body-text-color); font-size: 16px; font-style: italic; }
.orbits p, .orbits ul { max-width: 380px; margin: 0 auto; padding: 0; color: var(--body-text-color);
  font-size: var(--text-sm); list-style: none; }
.orbits li { display: flex; justify-content: space-between; gap: 12px; padding: 3px 0; }
.orbits li strong::before { content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 50%;
  margin-right: 8px; background: var(--orbit); }
.orbits g path { fill: none; stroke: var(--orbit); stroke-width: 1.5; stroke-opacity: .55; }
.orbits g circle { fill: var(--orbit); transform-box: fill-box; transform-origin: center;
  animation: landing .6s calc(var(--step) * 70ms) ease-out both; }
.orbits g circle:last-child { animation-name: arrival; }
.orbits .axes { stroke: var(--border-color-primary); }
.orbits .centre { fill: none; stroke: var(--body-text-color); stroke-width: 1.5; }
.orbits .simultaneous { --orbit: #d55e00; }
.orbits .alternating { --orbit: #0072b2; }
.orbits .adam { --orbit: #b0569a; }
.orbits .extragradient { --orbit: #009e73; }
@keyframes landing { from { transform: scale(0); } 20% { transform: scale(3); } }
@keyframes arrival { from { transform: scale(0); } }
@media (prefers-reduced-motion: reduce) { .orbits g circle { animation: none; } }
.bench { margin-top: 12px; }
.bench > .portrait { position: sticky; top: 12px; align-self: flex-start; }
@media (max-width: 740px) {
  .bench > .portrait { display: contents; }
  .bench #portrait, .bench .note, .bench .actions { order: -1; }
  #portrait { position: sticky; top: 0; z-index: 200; height: 180px !important; }
}
"""
)
