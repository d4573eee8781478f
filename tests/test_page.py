"""The page as a whole in Chromium: first screen, history, keys and axe-core, colours, text from outside, storage."""

import functools
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from playwright.sync_api import Page, Request, expect

from benchmarks.about import ABOUT
from benchmarks.opening import FACE_SIDE, FRAMES, OPENING, SCREENS, above_each_other, along
from dcgan.recipe import Recipe, save_zip
from dcgan.uses.sample import OPENING_SEED
from tests.browser import CHROMIUM, SWITCHES, axe_finds_nothing, choose_file, link, new_page, open_tab, watched_page
from ui import html
from ui.faces.link import Opened
from ui.reports import Report

# -- the first screen --------------------------------------------------------------------------------------------------

MAX_OPENING_BYTES, MAX_ABOUT_BYTES = 250_000, 300_000  # of all pictures of the first screen, and of "How it works"
MAX_SENT_BYTES = 300_000  # for the first screen, but for Gradio's own scripts and what it answers
GRADIOS = re.compile("/(assets|static|svelte|gradio_api)/")
MAX_SHIFT = 0.1  # https://web.dev/articles/cls calls that good
SHIFTS = """window.shift = 0;
new PerformanceObserver((list) => list.getEntries().forEach((it) => { window.shift += it.value; }))
  .observe({ type: "layout-shift", buffered: true });"""
PLACE = "() => JSON.stringify(document.getElementById('opening').getBoundingClientRect())"
PIXELS = """() => {
  const canvas = document.querySelector("#opening-face canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return [...data].filter((_, i) => i % 97 === 0);
}"""


def test_its_pictures_are_of_the_shipped_models_and_small(shipped_faces):
    """The face's frames, and all sizes; `python -m benchmarks.opening` draws them."""
    pictures = {path.stem: Image.open(path).convert("RGB") for path in OPENING.glob("*.webp")}
    assert {name: pictures[name].size for name in SCREENS} == SCREENS
    assert sum(path.stat().st_size for path in OPENING.iterdir()) < MAX_OPENING_BYTES
    assert 0 < sum(path.stat().st_size for path in ABOUT.glob("*.webp")) < MAX_ABOUT_BYTES
    frames = along(shipped_faces)
    assert len(frames) == FRAMES and frames[0].size == (FACE_SIDE, FACE_SIDE)
    steps = [np.abs(np.subtract(a, b, dtype=np.float32)).mean() for a, b in pairwise(frames)]
    assert 1 < min(steps) and max(steps) < 20  # of 255: it moves, and does not jump
    sheet = above_each_other(frames)
    assert np.abs(np.subtract(sheet, pictures["face"], dtype=np.float32)).mean() < 4
    first = Opened("").drawn
    assert all(
        shipped_faces.detect(shipped_faces.latents(16, first.seed, first.truncation, first.best_of))
    )  # below it are whole faces


def open_first_screen(page: Page, app: str) -> list[str]:
    """Check that it is small and stays in its place while Gradio makes its page; return all addresses it asks."""
    asked, came = list[str](), list[Request]()
    page.on("request", lambda it: asked.append(it.url))
    page.on("requestfinished", lambda it: came.append(it))  # Playwright marks what it calls
    page.add_init_script(SHIFTS)
    page.goto(app)
    expect(page.locator("#opening-place #opening")).to_be_visible()
    expect(page.locator("#faces-status")).to_contain_text("16 faces")
    page.wait_for_timeout(500)
    assert page.evaluate("window.shift") < MAX_SHIFT, page.viewport_size
    sent = {it.url: it.sizes()["responseBodySize"] for it in came if not GRADIOS.search(it.url)}
    assert len(sent) > 5 and sum(sent.values()) < MAX_SENT_BYTES, sent
    return asked


@pytest.mark.soak
def test_it_is_small_and_stays_in_its_place_on_small_screens(browser, app):
    for width in (390, 768):
        with new_page(browser, "about:blank", width, 900) as page:
            open_first_screen(page, app)


def test_it_is_small_shows_both_halves_needs_no_script_and_leads_on(browser, app):
    with new_page(browser, "about:blank") as page:
        asked = open_first_screen(page, app)
        page.evaluate("document.fonts.ready")
        placed = page.evaluate(PLACE)
        for name in SCREENS:
            picture = page.get_by_alt_text(re.compile(f"fitted to the {name}"))
            expect(picture).to_have_js_property("naturalWidth", SCREENS[name][0])
            expect(picture).to_have_js_property("naturalHeight", SCREENS[name][1])
        page.get_by_label("Smiling").first.focus()
        page.keyboard.press("Home")
        serious = page.evaluate(PIXELS)
        page.keyboard.press("End")
        assert np.abs(np.subtract(page.evaluate(PIXELS), serious)).mean() > 2
        page.get_by_role("button", name="Try a shipped scene").click()
        expect(page.locator("#devices-gallery img").first).to_be_visible()
        expect(page.locator("#opening")).to_be_hidden()
        assert not [url for url in asked if not url.startswith((app, "data:", "blob:"))]
        size = page.viewport_size
    with browser.new_context(java_script_enabled=False, viewport=size) as context:
        plain = context.new_page()
        plain.goto(app)
        for picture in (plain.get_by_alt_text("The photograph", exact=True), plain.locator(".phone img")):
            expect(picture).to_be_visible()
        for _ in range(200):  # until its fonts are there
            if plain.evaluate(PLACE) == placed:
                break
            plain.wait_for_timeout(100)
        assert plain.evaluate(PLACE) == placed


def test_a_click_before_the_page_is_there_counts(browser, app):
    with browser.new_context() as context:
        page, held = context.new_page(), []
        page.route("**/assets/Blocks-*.js", lambda route: held.append(route))
        page.goto(app, wait_until="commit")
        page.get_by_role("button", name="Try a shipped scene").click()
        assert page.locator("#tabs").count() == 0
        while not held:
            page.wait_for_timeout(50)
        page.unroute("**/assets/Blocks-*.js")  # which lets go of what was held
        expect(page.locator("#scenes-gallery")).to_be_visible()


# -- its requests, its colours -----------------------------------------------------------------------------------------

DARK, LIGHT = "rgb(16, 14, 12)", "rgb(251, 249, 246)"
PLAYING = "dot => dot.getAnimations().some((each) => each.playState === 'running')"


def test_it_asks_for_what_is_seen_is_as_the_system_until_somebody_switches_and_says_how_it_works(browser, app):
    """Each event that ran makes the page slower at every later one: Gradio tells its components of each."""
    asked = []
    with watched_page(browser.new_context(color_scheme="light"), "about:blank") as page:
        page.on("request", lambda it: asked.append(it.url) if re.search(r"/(join|predict)(\?|$)", it.url) else None)
        page.goto(f"{app}?tab=faces&seed=3")
        expect(link(page, "faces")).to_have_value(re.compile("seed=3"))
        expect(page.locator("#portrait img")).to_be_visible()
        page.wait_for_timeout(1000)  # for what nobody asked for
        assert 4 < len(asked) < 9, asked
        expect(page.locator("#opening")).to_have_count(0)

        open_outer_tab(page, "about")
        background = "getComputedStyle(document.querySelector('gradio-app')).backgroundColor"
        switch = page.get_by_role("button", name="Light or dark")
        assert page.evaluate(background) == LIGHT
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(f"{background} === '{DARK}'")
        switch.click()
        assert page.evaluate(background) == LIGHT
        page.reload()
        expect(switch).to_be_visible()
        assert page.evaluate(background) == LIGHT
        assert page.evaluate("document.fonts.load('16px \"Hanken Grotesk\"').then((it) => it.length)") == 1

        for picture in page.locator("#story img").all():
            picture.scroll_into_view_if_needed()
            expect(picture).not_to_have_js_property("naturalWidth", 0)
        expect(page.locator("#device")).to_contain_text("CPU")
        expect(page.locator("#card")).to_be_hidden()
        page.get_by_role("button", name="Model cards").click()
        expect(page.locator("#card")).to_contain_text("DCGAN")
        expect(page.locator("#game li.extragradient")).to_contain_text("8 % as far")
        lands = page.locator("#game g.extragradient circle").last
        assert lands.evaluate(PLAYING)
        page.emulate_media(reduced_motion="reduce")
        assert not lands.evaluate(PLAYING) and lands.bounding_box()["width"] > 4  # it is there at once
        page.emulate_media(reduced_motion="no-preference")
        lands.evaluate("dot => dot.getAnimations().forEach((each) => each.finish())")
        page.locator("#game-again").click()
        page.wait_for_function(f"({PLAYING})(document.querySelector('#game g.extragradient circle:last-child'))")
        page.get_by_label("range slider for Step size η").press("ArrowRight")
        expect(page.locator("#game li.extragradient")).to_contain_text("3 % as far")
        expect(page.locator("#game li.simultaneous")).to_contain_text("32 times as far")


# -- Back, Forward and reload ------------------------------------------------------------------------------------------

OPENED = f"seed={OPENING_SEED}"
LABELS = {"faces": "Faces", "scenes": "Scenes", "about": "How it works"}


def is_open(page: Page, tab: str, *link: str) -> None:
    """Wait until the tab is open, its address says so, and holds the parts of a link."""
    expect(page.locator("#tabs > .tab-wrapper [role=tab][aria-selected=true]")).to_have_text(LABELS[tab])
    for part in (f"tab={tab}", *link):
        expect(page).to_have_url(re.compile(re.escape(part)))


def open_outer_tab(page: Page, tab: str) -> None:
    page.locator("#tabs > .tab-wrapper").get_by_role("tab", name=LABELS[tab], exact=True).click()


def test_every_opened_tab_is_an_entry_of_the_history_whose_address_says_what_is_shown(browser, app):
    with new_page(browser, "about:blank") as page:
        query = "scene=peaks&mode=sample&seed=4&count=2&enlarge=0"  # it does not say its tab, and others append to it
        page.goto(f"{app}?{query}&utm_source=x&logs=container&__theme=dark")
        is_open(page, "scenes", "scene=peaks", "seed=4", "count=2", "__theme=dark")
        expect(page.locator("#sample-status")).to_contain_text("2 pictures")
        assert page.evaluate("history.length") == 2 and not page.locator("#notice p").count()
        page.evaluate("window.same = true")  # until the page is loaded anew
        open_outer_tab(page, "faces")
        is_open(page, "faces", OPENED, "__theme=dark")
        open_outer_tab(page, "about")
        is_open(page, "about", "__theme=dark")
        open_outer_tab(page, "about")  # it is open
        assert page.evaluate("history.length") == 4 and "seed=" not in page.url
        expect(page.locator("#story")).to_be_visible()
        page.go_back()
        is_open(page, "faces", OPENED, "__theme=dark")
        expect(page.locator("#faces-gallery")).to_be_visible()
        page.go_back()
        is_open(page, "scenes", "scene=peaks", "seed=4", "__theme=dark")
        expect(page.locator("#scenes-gallery")).to_be_visible()
        page.locator("#sample-seed input").fill("77")
        page.locator("#sample").click()
        is_open(page, "scenes", "seed=77")
        page.go_forward()
        is_open(page, "faces", OPENED)
        page.locator("#faces-seed input").fill("5")
        page.locator("#faces-draw").click()
        is_open(page, "faces", "seed=5")
        page.go_back()  # to where the scene was of another seed: the address says what is shown
        is_open(page, "scenes", "seed=77")
        assert page.evaluate("window.same && history.length") == 4
        page.go_forward()
        is_open(page, "faces", "seed=5")
        page.reload()
        is_open(page, "faces", "seed=5")
        expect(page.locator("#faces-seed input")).to_have_value("5")
        page.go_forward()
        is_open(page, "about")
        for tab in ("faces", "scenes"):
            page.go_back()
            is_open(page, tab)
        page.go_back()
        expect(page).to_have_url("about:blank")


# -- every hand and eye ------------------------------------------------------------------------------------------------

VIEWS = {
    "faces": ("Morph", "Map"),
    "scenes": ("Every screen", "New pictures", "Remove or move", "Motion", "Paint", "Harmonize", "Larger", "Tiles",
               "Training"),
    "about": (),
}  # fmt: skip
FOCUSED = "() => document.activeElement.outerHTML.slice(0, 120)"
OUTLINE = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""
# The innermost tab's panel that is seen: the rest of the page has been looked at.
MARK_PANEL = """() => {
  document.querySelectorAll("[data-opened]").forEach((it) => delete it.dataset.opened);
  [...document.querySelectorAll("[role=tabpanel]")].filter((it) => it.offsetParent).at(-1).dataset.opened = "";
}"""
AT_ONCE = "* { transition: none !important; }"  # colours change
NARROW = "() => document.documentElement.scrollWidth <= innerWidth"


def keys_reach_what_a_mouse_does(page: Page) -> None:
    """On the Faces tab: along the tabs, and to a slider."""
    page.get_by_role("tab", name="Faces", exact=True).focus()
    for key, name in (("ArrowRight", "Scenes"), ("End", "How it works"), ("ArrowRight", "Faces")):
        page.keyboard.press(key)
        tab = page.get_by_role("tab", name=name, exact=True)
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(tab).to_be_focused()
        assert page.evaluate(OUTLINE)
    page.locator("#faces-gallery .thumbnail-item").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#faces-gallery .thumbnail-item").nth(1)).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.closest('#faces-gallery')"), page.evaluate(FOCUSED)
    for _ in range(40):  # to the first slider, by Tab alone
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "range":
            break
    assert page.evaluate(OUTLINE), page.evaluate(FOCUSED)
    before = page.evaluate("document.activeElement.value")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.value") != before


@pytest.mark.parametrize("width", [1440, pytest.param(390, marks=pytest.mark.soak)])
@pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_axe_finds_nothing_on_any_view_none_is_wider_than_a_phone_and_keys_reach_all(browser, app, width, thorough):
    """thorough: look at every view in both schemes, instead of at the first of each tab in the dark one."""
    with new_page(browser, f"{app}?__theme=dark", width) as page:
        page.add_style_tag(content=AT_ONCE)
        expect(page.locator("#faces-status")).to_contain_text("16 faces")
        expect(page.get_by_label("Smiling").first).to_be_visible()

        def looked_at(view: str, within: str | None = None) -> None:
            axe_finds_nothing(page, view, within)
            if thorough:
                page.evaluate("darkroom.switchScheme()")
                axe_finds_nothing(page, f"{view}, the other scheme", within)
                page.evaluate("darkroom.switchScheme()")
            page.set_viewport_size({"width": 390, "height": 844})
            page.wait_for_function(NARROW)
            page.set_viewport_size({"width": width, "height": 1000})

        looked_at("first screen")
        page.goto(f"{app}?tab=scenes&enlarge=0&__theme=dark")  # prints would take half a minute
        page.add_style_tag(content=AT_ONCE)
        expect(page.locator("#devices-status")).to_contain_text("pictures in")
        for tab, views in VIEWS.items():
            open_outer_tab(page, tab)
            if tab == "faces":
                expect(page.locator("#faces-status")).to_contain_text("16 faces")
            looked_at(tab)
            if tab == "faces" and width > 1000:
                keys_reach_what_a_mouse_does(page)
            for view in views if thorough else views[:1]:
                open_tab(page, view)
                page.evaluate(MARK_PANEL)
                looked_at(view, "[data-opened]")
            if tab == "scenes":
                for narrower in (768, 390):  # no tab hides in a menu
                    page.set_viewport_size({"width": narrower, "height": 1000})
                    for name in ("Your photograph", "Training", "How it works"):
                        expect(page.get_by_role("tab", name=name, exact=True)).to_be_visible()
                    expect(page.get_by_label("More tabs").locator("visible=true")).to_have_count(0)
                page.set_viewport_size({"width": width, "height": 1000})


# -- text from outside -------------------------------------------------------------------------------------------------

SCRIPT = '<img src=x onerror="window.ran = 1"><script>window.ran = 1</script>'
NAME = "<img src=x onerror=window.ran=1>"  # what a file may be called
RECIPES = [
    {"seed": SCRIPT}, {"truncation": SCRIPT}, {"moves": {SCRIPT: 1}}, {"moves": {"smiling": SCRIPT}},
    {"z": [SCRIPT] * 64}, SCRIPT, {"faces": SCRIPT}, {"seed": 1, "model": {"name": SCRIPT, "fingerprint": "another"}},
]  # fmt: skip


def test_all_html_escapes_what_goes_into_it():
    for written in (
        html.line(SCRIPT),
        html.bar(0.5, SCRIPT),
        html.notices([SCRIPT, SCRIPT]),
        html.figures([(None, SCRIPT), (Image.new("RGB", (2, 2)), SCRIPT)], [SCRIPT]),
        Report(SCRIPT).html(),
        Report(SCRIPT, 0.5).html(),
    ):
        assert "<script" not in written and "<img src=x" not in written and 'onerror="' not in written


def files_of_recipes(folder):
    """Files of recipes with script in every place; each third is a JSON, a PNG, a ZIP."""
    for number, recipe in enumerate(RECIPES):
        content, path = json.dumps(recipe), folder / f"{number}"
        if number % 3 == 0:
            path = path.with_suffix(".json")
            path.write_text(content)
        elif number % 3 == 1:
            path, text = path.with_suffix(".png"), PngImagePlugin.PngInfo()
            text.add_text("darkroom", content)
            Image.new("RGB", (64, 64)).save(path, pnginfo=text)
        else:
            path = path.with_suffix(".zip")
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("latents.json", content)
        yield path
    of_another = {"name": NAME, "fingerprint": "another"}
    save_zip([Image.new("RGB", (64, 64))], [Recipe(1)], of_another, folder / f"{NAME}.zip")
    yield folder / f"{NAME}.zip"
    (folder / f"{NAME}.json").write_text("{}")
    yield folder / f"{NAME}.json"


def test_mistakes_in_links_and_files_are_told_and_no_script_in_them_runs(browser, app, tmp_path, tiny_folder):
    escaped = "%3Cimg%20src=x%20onerror=window.ran=1%3E"
    query = f"scene=autumn&mode=keep&size=wide&seed=3&seed=%3Cscript%3Ewindow.ran=1%3C/script%3E&{escaped}=1"
    with new_page(browser, f"{app}?tab=scenes&{query}&sede=3&enlarge=0&<b>wit</b>=1") as page:
        for part in (
            "not understood in part", "size=wide (WIDTHxHEIGHT is needed)", "(a whole number is needed)",
            "sede (unknown)", "<b>wit</b> (unknown)",
        ):  # fmt: skip
            expect(page.locator("#notice")).to_contain_text(part)
        expect(page.locator("#about")).to_contain_text("autumn")
        expect(page.locator("#devices-status")).to_contain_text("1 picture in")
        expect(page.locator("#screens")).to_contain_text("325x175")

        scene, bad = tmp_path / f"{NAME}.zip", tmp_path / f"{NAME}2.zip"
        with zipfile.ZipFile(scene, "w") as archive:
            for file in ("config.json", "model.safetensors"):
                archive.write(tiny_folder / file, file)
            archive.writestr("README.md", SCRIPT)
        bad.write_text(SCRIPT)
        choose_file(page, "#scene-upload", scene)
        expect(page.locator("#about")).to_contain_text("3 scales")
        choose_file(page, "#scene-upload", bad)
        page.wait_for_timeout(1500)

        open_tab(page, "Training")
        picture, text = tmp_path / f"{NAME}.png", tmp_path / f"{NAME}2.png"
        Image.new("RGB", (64, 48)).save(picture)
        text.write_text(SCRIPT)
        page.locator("#picture input[type=file]").set_input_files(text)
        expect(page.get_by_text("is not a picture in a known format").first).to_be_visible()
        if page.locator("#picture button[aria-label='Clear']").count():
            page.locator("#picture button[aria-label='Clear']").first.click()
        page.locator("#picture input[type=file]").set_input_files(picture)
        expect(page.locator("#prediction")).to_contain_text("on this device")

        open_outer_tab(page, "faces")
        expect(page.locator("#faces-status")).to_contain_text("16 faces")
        for file in files_of_recipes(tmp_path):
            choose_file(page, "#faces-load", file)
            said = re.compile(re.escape(file.name) + r"|\b1 face\b|direction is")
            expect(page.locator("#faces-status")).to_contain_text(said)
            assert page.evaluate("window.ran") is None, file.name
        page.wait_for_timeout(300)  # for an image that does not exist to fail
        assert page.evaluate("window.ran") is None


# -- where the browser denies storage ----------------------------------------------------------------------------------

ALL = {"default_content_setting_values": {"cookies": 2}}  # blocked everywhere
THIRD_PARTY = {"block_third_party_cookies": True, "cookie_controls_mode": 1}
# As Hugging Face has it.
FRAME = """<!doctype html><iframe src="ADDRESS" style="width: 1400px; height: 950px" sandbox="allow-downloads
allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-same-origin allow-scripts"></iframe>"""
NOTE = "it => getComputedStyle(it, '::after').content"


@contextmanager
def framed(address: str, folder) -> Iterator[str]:
    """Yield the address of a page of another site with this one in a frame."""
    (folder / "index.html").write_text(FRAME.replace("ADDRESS", address), encoding="utf-8")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"  # another site than 127.0.0.1
        server.shutdown()


@pytest.mark.parametrize(
    ("denied", "in_frame"),
    [
        (ALL, True),
        pytest.param(ALL, False, marks=pytest.mark.soak),
        pytest.param(THIRD_PARTY, True, marks=pytest.mark.soak),
        pytest.param({}, False, marks=pytest.mark.soak),
    ],
)
def test_it_works_where_the_browser_denies_storage(browser, app, tmp_path, denied, in_frame):
    preferences = tmp_path / "profile" / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True)
    preferences.write_text(json.dumps({"profile": denied}), encoding="utf-8")
    context = browser.browser_type.launch_persistent_context(
        tmp_path / "profile", executable_path=CHROMIUM, args=SWITCHES, viewport={"width": 1440, "height": 1000}
    )
    with framed(app, tmp_path) as outer, watched_page(context, outer if in_frame else app) as tab:
        page = tab.frame_locator("iframe") if in_frame else tab
        expect(page.locator("#faces-gallery img").first).to_be_visible()
        page.locator("#faces-gallery button").nth(1).click()
        page.locator("#favourite").click()
        expect(page.locator("#favourites img")).to_have_count(1)
        expect(page.locator("#made .made a")).to_have_count(1)
        for kept in ("#favourites-strip .heading p", ".made-head span"):
            note = page.locator(kept).evaluate(NOTE)
            assert ("your browser blocks its storage" in note) == bool(denied), note
