"""Back, Forward and reload in Chromium: every opened tab is an entry of the browser's history."""

import re

from playwright.sync_api import Browser, Page, expect

from dcgan.uses.sample import OPENING_SEED
from tests.browser import new_page

OPENED = f"seed={OPENING_SEED}"
LABELS = {"faces": "Faces", "scenes": "Scenes", "about": "How it works"}


def is_open(page: Page, tab: str, *link: str) -> None:
    """Waits until the tab is open, its address says so, and holds the parts of a link."""
    expect(page.locator("#tabs > .tab-wrapper [role=tab][aria-selected=true]")).to_have_text(LABELS[tab])
    for part in (f"tab={tab}", *link):
        expect(page).to_have_url(re.compile(re.escape(part)), timeout=20_000)


def open_tab(page: Page, tab: str) -> None:
    page.locator("#tabs > .tab-wrapper").get_by_role("tab", name=LABELS[tab], exact=True).click()


def entries(page: Page) -> int:
    return int(page.evaluate("history.length"))


def test_back_and_forward_go_through_the_tabs(browser: Browser, app: str):
    with new_page(browser, f"{app}?__theme=dark") as page:
        is_open(page, "faces", OPENED, "__theme=dark")
        before = entries(page)
        page.evaluate("window.same = true")  # until the page is loaded anew
        open_tab(page, "scenes")
        is_open(page, "scenes", "scene=autumn", "mode=sample", "__theme=dark")  # what was drawn there is linked to
        open_tab(page, "about")
        is_open(page, "about", "__theme=dark")
        expect(page.locator("#card")).to_be_visible()
        open_tab(page, "about")  # it is open
        assert entries(page) == before + 2
        page.go_back()
        is_open(page, "scenes", "scene=autumn", "__theme=dark")
        expect(page.locator("#scenes-gallery")).to_be_visible()
        page.go_back()
        is_open(page, "faces", OPENED, "__theme=dark")
        expect(page.locator("#faces-gallery")).to_be_visible()
        page.go_forward()
        is_open(page, "scenes", "scene=autumn")
        page.go_forward()
        is_open(page, "about")
        assert "scene=" not in page.url and entries(page) == before + 2 and page.evaluate("window.same")


def test_reload_stays_and_back_goes_on(browser, app):
    with new_page(browser, app) as page:
        is_open(page, "faces", OPENED)
        open_tab(page, "scenes")
        is_open(page, "scenes", "scene=autumn")
        open_tab(page, "about")
        is_open(page, "about")
        page.reload()
        is_open(page, "about")
        expect(page.locator("#card")).to_be_visible()
        page.wait_for_timeout(1500)  # what is drawn in the other tabs has no say
        is_open(page, "about")
        page.go_back()
        is_open(page, "scenes", "scene=autumn")
        page.reload()
        is_open(page, "scenes", "scene=autumn")
        page.go_back()
        is_open(page, "faces", OPENED)


def test_opening_a_link_is_one_entry_and_back_leaves_the_app(browser, app):
    with new_page(browser, "about:blank") as page:
        page.goto(f"{app}?scene=peaks&seed=4&count=2")  # it does not say its tab
        is_open(page, "scenes", "scene=peaks", "seed=4", "count=2")
        expect(page.locator("#sample-status")).to_contain_text("2 pictures", timeout=30_000)
        assert entries(page) == 2 and not page.locator("#notice p").count()
        open_tab(page, "faces")
        is_open(page, "faces", OPENED)
        page.go_back()
        is_open(page, "scenes", "scene=peaks", "seed=4")
        page.go_back()
        expect(page).to_have_url("about:blank")


def test_the_address_follows_what_is_shown_after_back(browser, app):
    with new_page(browser, f"{app}?tab=scenes&scene=peaks&count=1") as page:
        is_open(page, "scenes", "scene=peaks", "count=1")
        open_tab(page, "faces")
        is_open(page, "faces", OPENED)
        open_tab(page, "scenes")
        is_open(page, "scenes", "scene=peaks", "count=1")
        page.locator("#sample-seed input").fill("77")
        page.locator("#sample").click()
        is_open(page, "scenes", "seed=77")
        page.go_back()
        is_open(page, "faces", OPENED)
        page.locator("#faces-seed input").fill("5")
        page.locator("#faces-draw").click()
        is_open(page, "faces", "seed=5")
        page.go_back()  # to where the scene was of another seed: the address says what is shown
        is_open(page, "scenes", "seed=77")
        page.go_forward()
        is_open(page, "faces", "seed=5")
        page.reload()
        is_open(page, "faces", "seed=5")
        expect(page.locator("#faces-seed input")).to_have_value("5")


def test_the_address_follows_the_inner_tabs(browser, app):
    with new_page(browser, f"{app}?tab=scenes&scene=peaks&mode=keep&size=64x64") as page:
        is_open(page, "scenes", "mode=keep", "size=64x64")
        before = entries(page)
        page.get_by_role("tab", name="New samples", exact=True).click()
        page.locator("#sample-enlarge").get_by_role("checkbox").uncheck()
        page.locator("#sample").click()
        is_open(page, "scenes", "mode=sample")
        page.get_by_role("tab", name="Other sizes", exact=True).click()
        is_open(page, "scenes", "mode=keep", "size=64x64")
        assert entries(page) == before


def test_appended_parameters_are_no_mistakes_and_repeated_ones_are(browser, app):
    with new_page(browser, f"{app}?tab=about&utm_source=x&fbclid=y&logs=container") as page:
        is_open(page, "about")
        page.wait_for_timeout(2000)
        assert not page.locator("#notice p").count()
    with new_page(browser, f"{app}?seed=3&seed=4&count=2&<b>wit</b>=1") as page:
        expect(page.locator("#notice")).to_contain_text("seed twice (the last one counts)", timeout=20_000)
        expect(page.locator("#notice")).to_contain_text("<b>wit</b> (unknown)")
        is_open(page, "faces", "seed=4", "count=2")
