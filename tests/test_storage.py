"""The page in Chromium that denies it storage: at the top level, and in a frame as a Space is shown in."""

import functools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.browser import CHROMIUM, SWITCHES, watched_page

ALL = {"default_content_setting_values": {"cookies": 2}}  # blocked everywhere
THIRD_PARTY = {"block_third_party_cookies": True, "cookie_controls_mode": 1}
# As Hugging Face has it.
FRAME = """<!doctype html><iframe src="ADDRESS" style="width: 1400px; height: 950px" sandbox="allow-downloads
allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-same-origin allow-scripts"></iframe>"""
NOTE = "it => getComputedStyle(it, '::after').content"


@contextmanager
def framed(address: str, folder) -> Iterator[str]:
    """The address of a page of another site with this one in a frame."""
    (folder / "index.html").write_text(FRAME.replace("ADDRESS", address), encoding="utf-8")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"  # another site than 127.0.0.1
        server.shutdown()


@pytest.mark.parametrize(("denied", "in_frame"), [(ALL, False), (ALL, True), (THIRD_PARTY, True)])
def test_the_page_works_where_the_browser_denies_storage(browser, app, tmp_path, denied, in_frame):
    preferences = tmp_path / "profile" / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True)
    preferences.write_text(json.dumps({"profile": denied}), encoding="utf-8")
    context = browser.browser_type.launch_persistent_context(
        tmp_path / "profile", executable_path=CHROMIUM, args=SWITCHES, viewport={"width": 1440, "height": 1000}
    )
    with framed(app, tmp_path) as outer, watched_page(context, outer if in_frame else app) as tab:
        page = tab.frame_locator("iframe") if in_frame else tab
        expect(page.locator("#faces-gallery img").first).to_be_visible(timeout=60_000)
        page.locator("#faces-gallery button").nth(1).click()
        page.locator("#favourite").click()
        expect(page.locator("#favourites img")).to_have_count(1)
        expect(page.locator("#made .made a")).to_have_count(1)
        for kept in ("#favourites-strip .heading p", ".made-head span"):
            assert "your browser blocks its storage" in page.locator(kept).evaluate(NOTE)


def test_where_storage_is_allowed_it_is_the_browsers(browser, app):
    with watched_page(browser.new_context(), app) as page:
        assert page.evaluate("[localStorage, sessionStorage].every((it) => it instanceof Storage)")
        assert page.locator(".made-head span").evaluate(NOTE) == "none"
