"""The first screen and the page's own look in Chromium: what is seen before a click, where it leads, the schemes."""

import re
from itertools import pairwise

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from benchmarks.opening import FACE_SIDE, FRAMES, OPENING, SCREENS, above_each_other, along
from darkroom.face_detector import detect_faces
from tests.browser import new_page
from ui.faces.link import Opened

MAX_BYTES = 250_000  # of all pictures
DARK, LIGHT = "rgb(16, 14, 12)", "rgb(251, 249, 246)"
PIXELS = """() => {
  const canvas = document.querySelector("#opening-face canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return [...data].filter((_, i) => i % 97 === 0);
}"""


def background(page):
    return page.evaluate("getComputedStyle(document.querySelector('gradio-app')).backgroundColor")


def test_the_pictures_are_of_the_shipped_models_and_small(shipped_faces):
    """The face's frames, and all sizes; `python -m benchmarks.opening` draws them."""
    pictures = {path.stem: Image.open(path).convert("RGB") for path in OPENING.glob("*.webp")}
    assert {name: pictures[name].size for name in SCREENS} == SCREENS
    assert sum(path.stat().st_size for path in OPENING.iterdir()) < MAX_BYTES
    frames = along(shipped_faces)
    assert len(frames) == FRAMES and frames[0].size == (FACE_SIDE, FACE_SIDE)
    steps = [np.abs(np.subtract(a, b, dtype=np.float32)).mean() for a, b in pairwise(frames)]
    assert 1 < min(steps) and max(steps) < 20  # of 255: it moves, and does not jump
    sheet = above_each_other(frames)
    assert np.abs(np.subtract(sheet, pictures["face"], dtype=np.float32)).mean() < 4


def test_the_page_opens_with_whole_faces(shipped_faces):
    assert all(map(detect_faces, shipped_faces.generate(shipped_faces.latents(16, Opened("").drawn.seed))))


def test_the_first_screen_shows_both_halves_and_leads_on(browser, app):
    outside = []
    with new_page(browser, app) as page:
        page.on("request", lambda it: None if it.url.startswith((app, "data:", "blob:")) else outside.append(it.url))
        slider = page.get_by_label("Smiling").first
        expect(slider).to_be_visible()
        for name in SCREENS:
            picture = page.get_by_alt_text(re.compile(f"fitted to the {name}"))
            expect(picture).to_have_js_property("naturalWidth", SCREENS[name][0])
            expect(picture).to_have_js_property("naturalHeight", SCREENS[name][1])
        slider.focus()
        page.keyboard.press("Home")
        serious = page.evaluate(PIXELS)
        page.keyboard.press("End")
        assert np.abs(np.subtract(page.evaluate(PIXELS), serious)).mean() > 2
        page.get_by_role("button", name="Use your photograph").click()
        expect(page.locator("#train")).to_be_visible()
        expect(page.locator("#opening")).to_be_hidden()
        assert outside == []


def test_the_first_screen_needs_no_script_and_stays_where_it_is(browser, app):
    place = "() => JSON.stringify(document.getElementById('opening').getBoundingClientRect())"
    with new_page(browser, app) as page:
        expect(page.locator("#opening-place #opening")).to_be_visible()
        page.evaluate("document.fonts.ready")
        placed = page.evaluate(place)
    with browser.new_context(java_script_enabled=False, viewport=page.viewport_size) as context:
        plain = context.new_page()
        plain.goto(app)
        for picture in (plain.get_by_alt_text("The photograph", exact=True), plain.locator(".phone img")):
            expect(picture).to_be_visible()
        for _ in range(50):  # until its fonts are there
            if plain.evaluate(place) == placed:
                break
            plain.wait_for_timeout(100)
        assert plain.evaluate(place) == placed


def test_a_click_before_the_page_is_there_counts(browser, app):
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/assets/Blocks-*.js", lambda route: (page.wait_for_timeout(1500), route.continue_()))
        page.goto(app, wait_until="commit")
        page.get_by_role("button", name="Try a shipped scene").click()
        assert page.locator("#tabs").count() == 0
        expect(page.locator("#scenes-gallery")).to_be_visible(timeout=30_000)


def test_links_show_what_they_link_to_and_no_first_screen(browser, app):
    with new_page(browser, f"{app}?tab=faces&seed=3") as page:
        expect(page.locator("#faces-status")).to_contain_text("16 faces")
        expect(page.locator("#opening")).to_have_count(0)


def test_a_page_asks_only_for_what_is_seen(browser, app):
    """Each event that ran makes the page slower at every later one: Gradio tells its components of each."""
    asked = []
    with browser.new_context() as context:
        page = context.new_page()
        page.on(
            "request", lambda it: asked.append(it.url) if re.search("/(join|predict)$", it.url.split("?")[0]) else None
        )
        page.goto(f"{app}?tab=faces")
        expect(page.locator("#portrait img")).to_be_visible()
        page.wait_for_timeout(3000)
        assert 4 < len(asked) < 9, asked


def test_it_is_dark_until_somebody_switches(browser, app):
    with browser.new_context(color_scheme="light") as context:
        page = context.new_page()
        page.goto(f"{app}?tab=about")
        switch = page.get_by_role("button", name="Light or dark")
        expect(switch).to_be_visible()
        assert background(page) == DARK
        switch.click()
        assert background(page) == LIGHT
        page.reload()
        expect(switch).to_be_visible()
        assert background(page) == LIGHT
        assert page.evaluate("document.fonts.load('16px \"Hanken Grotesk\"').then((it) => it.length)") == 1


def test_no_tab_hides_in_a_menu(browser, app):
    with new_page(browser, f"{app}?tab=scenes&enlarge=0&count=1", 768) as page:
        expect(page.locator("#sample-status")).to_contain_text("1 picture")
        for width in (768, 390):
            page.set_viewport_size({"width": width, "height": 1000})
            for name in ("New samples", "All my devices", "Tiles", "Train your own picture", "How it works"):
                expect(page.get_by_role("tab", name=name, exact=True)).to_be_visible()
            expect(page.get_by_label("More tabs").locator("visible=true")).to_have_count(0)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
