"""The look of the page."""

import gradio as gr

FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
THEME = gr.themes.Default(primary_hue="orange", neutral_hue="stone", font=FONT)

CSS = """
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
.made { display: flex; gap: 8px; overflow-x: auto; padding: 6px 2px; }
.made a { flex: none; border-radius: 4px; }
.made img { display: block; height: 64px; border-radius: 4px; }
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
.bench { margin-top: 12px; }
.bench > .portrait { position: sticky; top: 12px; align-self: flex-start; }
@media (max-width: 740px) {
  .bench > .portrait { display: contents; }
  .bench #portrait, .bench .actions { order: -1; }
  #portrait { position: sticky; top: 0; z-index: 200; height: 180px !important; }
}
"""
