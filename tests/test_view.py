"""A result's own page in Chromium: its link is copied, opened by somebody else, and gone one day."""

import io
import re
import time
import zipfile
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser import axe_finds_nothing, new_page, page_of_samples, watched_page

MOST_SECONDS = 1.5  # until the pictures are there, in a browser that has never been here
ANIMATION = "?tab=scenes&scene=peaks&mode=animate&format=mp4&frames=12"


def copied(page: Page, panel: str) -> str:
    """Press Copy link; the address in the clipboard."""
    page.locator(f"#{panel}-copy").click()
    expect(page.locator(f"#{panel}-copied")).to_contain_text(re.compile(r"Link copied · kept until \d+ \w+"))
    return str(page.evaluate("navigator.clipboard.readText()"))


def wait_for_pictures(page: Page) -> None:
    """Wait until all are there; the page lets no script poll for that."""
    for picture in page.locator("img").all():
        expect(picture).to_have_js_property("complete", True)
    assert page.evaluate("[...document.images].every((it) => it.naturalWidth)")


@pytest.fixture(scope="module")
def scenes(browser: Browser, app: str) -> Iterator[Page]:
    with page_of_samples(browser, app, 3) as page:
        yield page


@pytest.fixture(scope="module")
def link(scenes: Page) -> str:
    """The link to three samples."""
    return copied(scenes, "sample")


def tags(html: str) -> dict[str, str]:
    """Return what other sites read; each once."""
    found = re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]+)" content="([^"]*)">', html)
    assert len(dict(found)) == len(found) == html.count('"og:') + html.count('"twitter:')
    return dict(found)


def test_a_link_opens_a_page_of_the_pictures_alone(scenes, browser, app, link):
    assert re.fullmatch(re.escape(app) + "/view/[a-z0-9]{14}", link)
    assert copied(scenes, "sample") == link  # the same result
    with new_page(browser, link, 390, 844) as page:
        wait_for_pictures(page)
        expect(page.locator("h1")).to_have_text("Peaks")
        expect(page.locator("p")).to_contain_text("3 pictures · kept until")
        expect(page.locator("figcaption span").first).to_contain_text("1 · 250 × ")
        assert page.locator("script").count() == 0 and "gradio" not in page.content().lower()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        axe_finds_nothing(page, "a result's page")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download 1 · ").click()
        assert download.value.suggested_filename == "peaks_seed0_0000.png"
        with page.expect_download() as download:
            page.get_by_role("link", name="Download all").click()
        assert download.value.suggested_filename == "Peaks.zip"
        with zipfile.ZipFile(download.value.path()) as archive:
            assert archive.namelist() == [f"peaks_seed0_{n:04}.png" for n in range(3)] and archive.testzip() is None
        page.get_by_role("link", name="Make your own").click()
        expect(page.locator("#opening")).to_be_visible()


def test_files_are_of_their_kind_and_kept_by_browsers(link):
    picture = httpx.get(f"{link}/peaks_seed0_0000.png")
    assert Image.open(io.BytesIO(picture.content)).format == "PNG" and picture.headers["content-type"] == "image/png"
    assert "immutable" in picture.headers["cache-control"] and picture.headers["x-content-type-options"] == "nosniff"
    assert picture.headers["content-disposition"] == 'inline; filename="peaks_seed0_0000.png"'
    page = httpx.get(link)
    assert (
        page.headers["cache-control"] == "no-cache" and "default-src 'none'" in page.headers["content-security-policy"]
    )


def test_other_sites_show_each_page_s_own_picture(app, link):
    for address, title in ((link, "Peaks"), (f"{app}/", "Darkroom: one photograph, every screen")):
        said = tags(httpx.get(address, headers={"x-forwarded-proto": "https"}).text)
        secure = address.replace("http:", "https:")
        assert said["og:title"] == said["twitter:title"] == title and said["og:url"] == secure
        assert said["og:image"].startswith(f"{app.replace('http:', 'https:')}/")
        shown = httpx.get(said["og:image"].replace("https:", "http:"))
        assert shown.headers["content-type"] == "image/jpeg" and said["twitter:card"] == "summary_large_image"
        size = Image.open(io.BytesIO(shown.content)).size
        assert size == (int(said["og:image:width"]), int(said["og:image:height"])) == (1200, 630)


def test_what_is_gone_says_so_and_draws_nothing_else(browser, app, link):
    for address in (f"{app}/view/00000000000000", f"{app}/view/x", f"{link}/result.json", f"{link}/..%2fcard.jpg"):
        assert httpx.get(address).status_code == 404
    page = httpx.get(f"{app}/view/00000000000000").text
    assert "This result is no longer here." in page and "Make your own" in page and "<img" not in page
    with new_page(browser, f"{app}?tab=scenes&scene=%3Cimg%20src=x%3E-1&mode=keep&size=325x175") as workshop:
        expect(workshop.locator("#notice")).to_have_text("This result is no longer here.")
        expect(workshop.locator("#scenes-gallery img").first).to_be_visible()  # to go on with
        workshop.wait_for_timeout(3000)
        assert workshop.locator(".results img, .results video, #source img").count() == 0


def test_animations_and_faces_have_links_and_without_a_clipboard_one_is_shown(browser, app):
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    with watched_page(context, f"{app}{ANIMATION}") as page:
        page.locator("#animate-copy").click()
        expect(page.locator("#animate-copied")).to_contain_text("Copy this link · kept until")
        address = page.evaluate("getSelection().toString()")
        assert address == page.locator("#animate-copied input").input_value()
        page.goto(f"{app}?tab=faces&seed=3&index=2")
        expect(page.locator("#faces-link input, #faces-link textarea")).to_have_value(re.compile("seed=3"))
        page.locator("#faces-copy").click()
        expect(page.locator("#faces-copied input")).to_be_visible()
        face = page.locator("#faces-copied input").input_value()
    with new_page(browser, address) as page:
        expect(page.locator("video")).not_to_have_js_property("currentTime", 0)
        expect(page.locator("p")).to_contain_text("An animation")
        page.goto(face)
        wait_for_pictures(page)
        assert page.evaluate("document.images[0].naturalWidth") == 512


@pytest.mark.alone
def test_pictures_are_there_at_once(browser, link):
    with new_page(browser, "about:blank") as page:
        started = time.monotonic()
        page.goto(link)
        wait_for_pictures(page)
        assert time.monotonic() - started < MOST_SECONDS
