"""For every hand and eye, in Chromium: axe-core finds nothing, and keys reach what a mouse does."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser import new_page

VIEWS = {
    "Faces": ("Morph", "Map"),
    "Scenes": ("Other sizes", "All my devices", "Animation", "Paint", "Edit", "Harmonize", "Larger", "Tiles"),
    "How it works": (),
}
FOCUSED = "() => document.activeElement.outerHTML.slice(0, 120)"
OUTLINE = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""


def open_view(page, name):
    page.get_by_role("tab", name=name, exact=True).click()
    page.wait_for_timeout(600)  # for names to be given


def found(page, *rules):
    """What axe-core says of the page as it is, by all rules or by these."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    violations = Axe().run(page, options=options).response["violations"]
    return [(one["id"], node["html"][:160]) for one in violations for node in one["nodes"]]


def check(page, view):
    """The page as it is, whether it is wider than the screen, and its colours in the other scheme."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
    assert found(page) == [], view
    page.evaluate("darkroom.switchScheme()")
    assert found(page, "color-contrast") == [], f"{view}, the other scheme"
    page.evaluate("darkroom.switchScheme()")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_axe_finds_nothing_on_any_view(browser, app, width, scheme):
    with new_page(browser, f"{app}?__theme={scheme}", width) as page:
        page.add_style_tag(content="* { transition: none !important; }")  # colours change at once
        expect(page.locator("#faces-status")).to_contain_text("16 faces")
        expect(page.get_by_label("Smiling").first).to_be_visible()
        page.wait_for_timeout(600)
        check(page, "first screen")
        for tab, views in VIEWS.items():
            open_view(page, tab)
            if tab == "Scenes":
                expect(page.locator("#sample-status")).to_contain_text("pictures in", timeout=60_000)
                page.wait_for_timeout(600)
            check(page, tab)
            for view in views:
                open_view(page, view)
                check(page, view)
            if tab == "Scenes":
                open_view(page, "Train your own picture")
                check(page, "training")


def test_results_and_their_slider_are_for_keys_and_ears(browser, app):
    with new_page(browser, f"{app}?tab=scenes&mode=keep&enlarge=0&size=128x96") as page:
        expect(page.locator("#retarget-status")).to_contain_text("1 picture in", timeout=60_000)
        divider = page.get_by_role("slider", name="Before and after: The photograph | fitted")
        expect(divider).to_have_attribute("aria-valuenow", "50")
        assert found(page) == []
        divider.focus()
        assert page.evaluate(OUTLINE)
        clipped = page.locator("#retarget-compare img").last.get_attribute("style")
        for key, place in (("ArrowRight", 52), ("PageDown", 42), ("Home", 0), ("End", 100)):
            page.keyboard.press(key)
            expect(divider).to_have_attribute("aria-valuenow", str(place))
        assert page.locator("#retarget-compare img").last.get_attribute("style") != clipped  # the picture follows


def test_tabs_and_sliders_take_keys_with_visible_focus(browser, app):
    with new_page(browser, f"{app}?tab=faces") as page:
        expect(page.locator("#faces-status")).to_contain_text("16 faces")
        page.wait_for_timeout(600)
        faces = page.get_by_role("tab", name="Faces", exact=True)
        faces.focus()
        for key, name in (("ArrowRight", "Scenes"), ("End", "How it works"), ("ArrowRight", "Faces")):
            page.keyboard.press(key)
            tab = page.get_by_role("tab", name=name, exact=True)
            expect(tab).to_have_attribute("aria-selected", "true")
            expect(tab).to_be_focused()
            assert page.evaluate(OUTLINE)
        for _ in range(40):  # to the first slider, by Tab alone
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.type") == "range":
                break
        assert page.evaluate(OUTLINE), page.evaluate(FOCUSED)
        before = page.evaluate("document.activeElement.value")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.value") != before
