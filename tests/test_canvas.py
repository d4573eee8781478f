"""What is drawn with a mouse on the page in Chromium, or loaded: paint, edit, harmonize; tiles and larger pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from tests.browser import downloaded, new_page

SCENES = "?tab=scenes&scene=peaks&enlarge=0&count=1"


@contextmanager
def scenes_page(browser: Browser, app: str, width: int) -> Iterator[Page]:
    """The Scenes tab, its samples drawn."""
    with new_page(browser, app + SCENES, width=width) as page:
        expect(page.locator("#sample-status")).to_contain_text("1 picture", timeout=30_000)
        yield page


@pytest.fixture
def page(browser, app):
    with scenes_page(browser, app, 1440) as page:
        yield page


def view(page: Page, name: str) -> None:
    page.locator("#views").get_by_role("tab", name=name, exact=True).click()


def stroke(page: Page, canvas: str) -> None:
    """A thick line across the middle of a canvas, once it shows the photograph."""
    expect(page.locator(f"{canvas} canvas").first).to_be_visible(timeout=30_000)
    page.locator(f"{canvas} canvas").first.scroll_into_view_if_needed()
    page.wait_for_timeout(3000)  # the editor has no sign of when it is ready
    box = page.locator(f"{canvas} canvas").first.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 40, y)
    page.mouse.down()
    for step in range(10):
        page.mouse.move(x - 40 + 8 * step, y + 5 * (step % 2))
    page.mouse.up()
    page.wait_for_timeout(500)


def draw(page: Page, use: str, enlarge: bool = False) -> None:
    page.locator(f"#{use}-enlarge").get_by_role("checkbox").set_checked(enlarge)
    page.locator(f"button#{use}").click()
    expect(page.locator(f"#{use}-status")).to_contain_text("1 picture in", timeout=90_000)
    expect(page.locator(f"#{use}-compare img")).to_have_count(2)


def shown(page: Page, use: str) -> list[Image.Image]:
    """What there was before, and the result, from the slider."""
    return [
        Image.open(io.BytesIO(page.request.get(str(picture.get_attribute("src"))).body())).convert("RGB")
        for picture in page.locator(f"#{use}-compare img").all()
    ]


@pytest.mark.parametrize("width", [1440, 390])
def test_a_painting_becomes_a_picture_and_its_link_shows_it(browser, app, tmp_path, width):
    with scenes_page(browser, app, width) as page:
        view(page, "Paint")
        page.locator("button#paint").click()
        expect(page.get_by_text("nothing is painted yet").first).to_be_visible()
        stroke(page, "#paint-canvas")
        draw(page, "paint", enlarge=width > 1000)
        with Image.open(downloaded(page, "#paint-png", tmp_path)) as printed:
            assert printed.width > (2500 if width > 1000 else 200)
        result = shown(page, "paint")[1].resize((200, 150))
        link = page.locator("#paint-link textarea, #paint-link input").input_value()
        with new_page(browser, link) as other:  # somebody else, by the link
            expect(other.locator("#paint-status")).to_contain_text("1 picture in", timeout=90_000)
            expect(other.locator("#paint-compare img")).to_have_count(2)
            again = shown(other, "paint")[1].resize((200, 150))
            differences = [abs(a - b) for a, b in zip(result.tobytes(), again.tobytes(), strict=True)]
            assert sum(differences) / len(differences) < 3


@pytest.mark.parametrize("doing", ["Remove", "Copy"])
def test_what_is_marked_is_changed_and_grows_in(page, shipped, doing):
    view(page, "Edit")
    stroke(page, "#edit-canvas")
    page.locator("#edit-doing").get_by_text(doing, exact=True).click()
    expect(page.locator("#edit-right")).to_be_visible() if doing in ("Move", "Copy") else None
    draw(page, "edit")
    _, result = shown(page, "edit")
    was = shipped.source.resize(result.size)
    corner = (0, 0, result.width // 4, result.height // 4)
    near = [abs(a - b) for a, b in zip(result.crop(corner).tobytes(), was.crop(corner).tobytes(), strict=True)]
    assert max(near) <= 1  # far from the mark


def test_a_cutout_is_placed_and_harmonized(page, tmp_path):
    cutout = Image.new("RGBA", (200, 100))
    ImageDraw.Draw(cutout).ellipse((10, 10, 190, 90), fill=(220, 30, 30))
    cutout.save(tmp_path / "cutout.png")
    view(page, "Harmonize")
    page.locator("#harmonize-cutout input[type=file]").set_input_files(tmp_path / "cutout.png")
    expect(page.locator("#harmonize-placed img")).to_be_visible()
    draw(page, "harmonize")
    before, after = shown(page, "harmonize")
    middle = (before.width // 2, before.height * 6 // 10)
    red, green, _ = before.getpixel(middle)
    assert red > green + 100  # as pasted
    red, green, _ = after.getpixel(middle)
    assert red < green + 60  # the photograph's colours


def test_tiles_are_shown_repeated_and_the_photograph_larger(page):
    view(page, "Tiles")
    page.locator("#tile-enlarge").get_by_role("checkbox").uncheck()
    page.locator("button#tile").click()
    expect(page.locator("#tile-status")).to_contain_text("1 picture in", timeout=60_000)
    expect(page.locator("#tile-repeated img")).to_be_visible()
    view(page, "Larger")
    page.locator("#super-resolve-factor input[type=number]").fill("1.1")
    page.locator("button#super-resolve").click()
    expect(page.locator("#super-resolve-status")).to_contain_text("1 picture in", timeout=90_000)
    expect(page.locator("#super-resolve-compare img")).to_have_count(2)


def test_what_was_made_stays_in_a_strip_and_is_returned_to(page):
    view(page, "Tiles")
    page.locator("#tile-enlarge").get_by_role("checkbox").uncheck()
    page.locator("#tile-seed input").fill("7")
    page.locator("button#tile").click()
    made = page.locator("#made a")
    expect(made.first).to_have_attribute("title", "tile: peaks", timeout=60_000)
    page.get_by_role("tab", name="Faces", exact=True).click()
    page.locator("#faces-gallery button").nth(1).click()
    expect(made.first).to_have_attribute("title", "faces: face")
    page.reload()  # it stays
    expect(made.first).to_be_visible()
    page.locator("#made a[title='tile: peaks']").click()
    expect(page.locator("#tile-status")).to_contain_text("1 picture in", timeout=60_000)
    expect(page.locator("#tile-seed input")).to_have_value("7")
    page.get_by_role("button", name="Forget").click()
    expect(made).to_have_count(0)
