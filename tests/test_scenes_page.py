"""The Scenes tab in Chromium: pictures are drawn, chosen, fitted, animated, painted, edited, taken away, linked to.

Also a result's own page: its link is copied, opened by somebody else, and gone one day.
"""

import base64
import io
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from tests.browser import (
    axe_finds_nothing,
    choose_file,
    downloaded,
    link,
    new_page,
    open_tab,
    opened,
    shown_bytes,
    watched_page,
)

ROOT = Path(__file__).parents[1]
DROP = """([name, data]) => {
  const files = new DataTransfer();
  files.items.add(new File([Uint8Array.from(atob(data), (it) => it.charCodeAt(0))], name, { type: "image/jpeg" }));
  document.querySelector("h1, .wordmark, main")
    .dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: files }));
}"""
MOST_SECONDS = 1.5  # until a result's pictures are there, in a browser that has never been here
OUTLINED = "parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2"


@pytest.fixture(scope="module")
def scenes(browser: Browser, app: str) -> Iterator[Page]:
    """One page for all tests, each of which has its own tab; its first samples are drawn."""
    permissions = ["clipboard-read", "clipboard-write"]
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, permissions=permissions)
    with watched_page(context, f"{app}?tab=scenes&scene=brushes&mode=sample&enlarge=0&count=8") as page:
        expect(page.locator("#sample-status")).to_contain_text("8 pictures in")
        yield page


def view(page: Page, name: str, panel: str) -> None:
    """Open the tab of a panel whose pictures are not to be enlarged."""
    open_tab(page, name)
    page.locator(f"#{panel}-enlarge").get_by_role("checkbox").uncheck()


def stroke(page: Page, canvas: str) -> None:
    """A thick line across the middle of a canvas, once it shows the photograph and takes strokes."""
    expect(page.locator(f"{canvas} canvas").first).to_be_visible()
    page.locator(f"{canvas} canvas").first.scroll_into_view_if_needed()
    undo = page.locator(f"{canvas} button[aria-label=Undo]")
    for _ in range(100):
        page.wait_for_timeout(200)  # the editor has no sign of when it is ready
        box = page.locator(f"{canvas} canvas").first.bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x - 40, y)
        page.mouse.down()
        for step in range(4):
            page.mouse.move(x - 40 + 20 * step, y + 5 * (step % 2))
        page.mouse.up()
        page.wait_for_timeout(200)
        if undo.is_enabled():
            return
    raise AssertionError("the canvas took no stroke")


def draw(page: Page, panel: str, verb: str = "") -> str:
    """Press a panel's button, of several that of a verb; the link to the result, once it is another one."""
    before = link(page, panel).input_value()
    page.locator(f"button#{verb}-marked" if verb else f"button#{panel}").click()
    expect(link(page, panel)).not_to_have_value(before)
    expect(page.locator(f"#{panel}-status")).to_contain_text("1 picture in")
    return link(page, panel).input_value()


def shown(page: Page, panel: str) -> list[Image.Image]:
    """Return the picture before and the result, from the slider."""
    expect(page.locator(f"#{panel}-compare img")).to_have_count(2)
    return [
        Image.open(io.BytesIO(page.request.get(str(picture.get_attribute("src"))).body())).convert("RGB")
        for picture in page.locator(f"#{panel}-compare img").all()
    ]


def differences(a: Image.Image, b: Image.Image) -> list[int]:
    return [abs(x - y) for x, y in zip(a.tobytes(), b.tobytes(), strict=True)]


# -- a result's own page -----------------------------------------------------------------------------------------------


def copied(page: Page, panel: str) -> str:
    """Press Copy link; the address in the clipboard."""
    page.locator(f"#{panel}-copy").click()
    expect(page.locator(f"#{panel}-copied")).to_contain_text(re.compile(r"Link copied · kept until \d+ \w+"))
    return str(page.evaluate("navigator.clipboard.readText()"))


def wait_for_pictures(page: Page) -> None:
    """Wait until all are there; the page lets no script poll for that."""
    for picture in page.locator("img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
    assert page.evaluate("[...document.images].every((it) => it.naturalWidth)")


@pytest.fixture(scope="module")
def result(scenes: Page) -> str:
    """The link to the first samples' own page."""
    return copied(scenes, "sample")


def tags(html: str) -> dict[str, str]:
    """Return what other sites read; each once."""
    found = re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]+)" content="([^"]*)">', html)
    assert len(dict(found)) == len(found) == html.count('"og:') + html.count('"twitter:')
    return dict(found)


def test_a_link_opens_a_page_of_the_pictures_alone(scenes, browser, app, result):
    assert re.fullmatch(re.escape(app) + "/view/[a-z0-9]{14}", result)
    assert copied(scenes, "sample") == result  # the same one
    with new_page(browser, result, 390, 844) as page:
        wait_for_pictures(page)
        expect(page.locator("h1")).to_have_text("Brushes")
        expect(page.locator("p")).to_contain_text("8 pictures · kept until")
        expect(page.locator("figcaption span").first).to_contain_text("1 · 250 × ")
        assert page.locator("script").count() == 0 and "gradio" not in page.content().lower()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        axe_finds_nothing(page, "a result's page")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download 1 · ").click()
        assert download.value.suggested_filename == "brushes_seed0_0000.png"
        with page.expect_download() as download:
            page.get_by_role("link", name="Download all").click()
        assert download.value.suggested_filename == "Brushes.zip"
        with zipfile.ZipFile(download.value.path()) as archive:
            assert archive.namelist() == [f"brushes_seed0_{n:04}.png" for n in range(8)] and archive.testzip() is None
        page.get_by_role("link", name="Make your own").click()
        expect(page.locator("#opening")).to_be_visible()


def test_files_are_of_their_kind_and_kept_by_browsers(result):
    picture = httpx.get(f"{result}/brushes_seed0_0000.png")
    assert Image.open(io.BytesIO(picture.content)).format == "PNG" and picture.headers["content-type"] == "image/png"
    assert "immutable" in picture.headers["cache-control"] and picture.headers["x-content-type-options"] == "nosniff"
    assert picture.headers["content-disposition"] == 'inline; filename="brushes_seed0_0000.png"'
    page = httpx.get(result)
    assert (
        page.headers["cache-control"] == "no-cache" and "default-src 'none'" in page.headers["content-security-policy"]
    )


def test_other_sites_show_each_page_s_own_picture(app, result):
    for address, title in ((result, "Brushes"), (f"{app}/", "Darkroom: one photograph, every screen")):
        said = tags(httpx.get(address, headers={"x-forwarded-proto": "https"}).text)
        secure = address.replace("http:", "https:")
        assert said["og:title"] == said["twitter:title"] == title and said["og:url"] == secure
        assert said["og:image"].startswith(f"{app.replace('http:', 'https:')}/")
        shown = httpx.get(said["og:image"].replace("https:", "http:"))
        assert shown.headers["content-type"] == "image/jpeg" and said["twitter:card"] == "summary_large_image"
        size = Image.open(io.BytesIO(shown.content)).size
        assert size == (int(said["og:image:width"]), int(said["og:image:height"])) == (1200, 630)


def test_what_is_gone_says_so_and_draws_nothing_else(browser, app, result):
    for address in (f"{app}/view/00000000000000", f"{app}/view/x", f"{result}/result.json", f"{result}/..%2fcard.jpg"):
        assert httpx.get(address).status_code == 404
    page = httpx.get(f"{app}/view/00000000000000").text
    assert "This result is no longer here." in page and "Make your own" in page and "<img" not in page
    with new_page(browser, f"{app}?tab=scenes&scene=%3Cimg%20src=x%3E-1&mode=keep&size=325x175") as workshop:
        expect(workshop.locator("#notice")).to_have_text("This result is no longer here.")
        expect(workshop.locator("#scenes-gallery img").first).to_be_visible()  # to go on with
        workshop.wait_for_timeout(1500)
        assert workshop.locator(".results img, .results video, #source img").count() == 0


def test_animations_and_faces_have_links_and_without_a_clipboard_one_is_shown(browser, app):
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    with watched_page(context, f"{app}?tab=scenes&scene=brushes&mode=animate&format=mp4&frames=4&enlarge=0") as page:
        expect(page.locator("#animate-video video")).to_be_visible()
        results = page.locator(".results:has(#animate-link)")
        assert results.evaluate("it => getComputedStyle(it, '::before').content") == "none"  # no placeholder
        page.locator("#animate-copy").click()
        expect(page.locator("#animate-copied")).to_contain_text("Copy this link · kept until")
        address = page.evaluate("getSelection().toString()")
        assert address == page.locator("#animate-copied input").input_value()
        page.goto(f"{app}?tab=faces&seed=3&index=2")
        expect(link(page, "faces")).to_have_value(re.compile("seed=3"))
        page.locator("#faces-copy").click()
        expect(page.locator("#faces-copied input")).to_be_visible()
        face = page.locator("#faces-copied input").input_value()
    with new_page(browser, address) as page:
        expect(page.locator("video")).not_to_have_js_property("currentTime", 0)
        expect(page.locator("p")).to_contain_text("An animation")
        page.goto(face)
        wait_for_pictures(page)
        assert page.evaluate("document.images[0].naturalWidth") == 512


@pytest.mark.soak
def test_pictures_are_there_at_once(browser, result):
    with new_page(browser, "about:blank") as page:
        started = time.monotonic()
        page.goto(result)
        wait_for_pictures(page)
        assert time.monotonic() - started < MOST_SECONDS


# -- the tab -----------------------------------------------------------------------------------------------------------


def test_samples_are_chosen_taken_away_linked_to_and_drawn_by_code(scenes, app, tmp_path):
    with zipfile.ZipFile(downloaded(scenes, "#sample-zip", tmp_path)) as archive:
        assert len(archive.namelist()) == 8
        third = archive.read(archive.namelist()[2])
    scenes.locator("#sample-gallery button.thumbnail-item").nth(7).click()
    expect(scenes.locator("#sample-gallery .preview")).to_be_in_viewport(ratio=0.95)
    scenes.locator("#sample-gallery").get_by_label("Close").click()
    scenes.get_by_label("Choose by clicking").check()
    for number, said in ((1, "Download 1 of 8"), (3, "Download 2 of 8"), (1, "Download 1 of 8")):
        scenes.locator("#sample-gallery button.thumbnail-item").nth(number - 1).click()
        expect(scenes.locator("#sample-zip")).to_have_text(said)
    expect(scenes.locator("#sample-gallery")).to_contain_text("\u2713 3 · ")
    with zipfile.ZipFile(downloaded(scenes, "#sample-zip", tmp_path)) as archive:
        (name,) = archive.namelist()
        assert Image.open(io.BytesIO(archive.read(name))).tobytes() == Image.open(io.BytesIO(third)).tobytes()
    scenes.locator("#sample-gallery button.thumbnail-item").nth(2).click()
    expect(scenes.locator("#sample-zip")).to_have_text("Download ZIP")
    expect(scenes.locator("#sample-gallery")).not_to_contain_text("\u2713")
    with zipfile.ZipFile(downloaded(scenes, "#sample-zip", tmp_path)) as archive:
        assert len(archive.namelist()) == 8  # all where none is marked

    scenes.locator("#sample-code").get_by_text("Use this from code").click()
    scenes.locator("#sample-link button").click()
    scenes.wait_for_function("navigator.clipboard.readText()")
    copied = scenes.evaluate("navigator.clipboard.readText()")
    assert (
        copied.startswith(f"{app}/?tab=scenes&scene=brushes&mode=sample")
        and copied == link(scenes, "sample").input_value()
    )
    code = scenes.locator("#sample-code .cm-content").first.inner_text()
    assert f'Client("{app}")' in code
    values: dict[str, object] = {}
    exec(code, values)
    _, pictures, _ = values["result"]  # type: ignore[misc]
    assert len(pictures) == 8


def test_every_screen_is_made_in_the_version_that_is_liked_and_remembered(scenes, browser, app, tmp_path):
    open_tab(scenes, "Every screen")
    expect(scenes.locator("button#devices")).to_be_visible()
    opened(scenes, scenes.get_by_role("button", name="Advanced").locator("visible=true"))
    view(scenes, "Every screen", "devices")
    scenes.locator("button#devices").click()
    pictures, status = scenes.locator("#devices-gallery button.thumbnail-item"), scenes.locator("#devices-status")
    expect(status).to_contain_text("7 pictures in")
    expect(pictures).to_have_count(7)
    expect(link(scenes, "devices")).to_have_value(re.compile("mode=devices&layout=fit&seed=0&enlarge=0$"))

    def type_screen(text: str) -> None:
        scenes.locator("#screens input").fill(text)
        scenes.locator("#screens input").press("Enter")

    type_screen("large")
    expect(status).to_contain_text("'large' is no screen; WIDTHxHEIGHT in px is needed, for example 1200x800")
    scenes.get_by_title("Remove large").click()
    expect(status).to_contain_text("7 pictures")
    type_screen("300 x 100")
    expect(status).to_contain_text("1 picture in")  # what is there already is not drawn again
    expect(pictures).to_have_count(8)
    with zipfile.ZipFile(downloaded(scenes, "#devices-zip", tmp_path)) as archive:
        assert archive.namelist()[0].startswith("brushes_phone_") and archive.namelist()[-1] == "brushes_300x100.jpg"
        sizes = {name.split("_")[1]: Image.open(archive.open(name)).size for name in archive.namelist()[:-1]}
    assert list(sizes) == ["phone", "story", "square", "tablet", "desktop", "web", "banner"]
    areas = [width * height for width, height in sizes.values()]
    assert max(areas) < 1.03 * min(areas)  # the trained picture's, up to whole pixels
    assert sizes["phone"][1] / sizes["phone"][0] == pytest.approx(19.5 / 9, rel=0.02)

    pictures.nth(7).click()
    versions = scenes.locator("#devices-versions button.thumbnail-item")
    expect(versions).to_have_count(6)
    axe_finds_nothing(scenes, "versions")
    versions.filter(has_text="Extended").click()
    expect(link(scenes, "devices")).to_have_value(re.compile("300x100~extended$"))
    expect(scenes.locator("#devices-gallery")).to_contain_text("Own · 300 × 100 · extended")
    scenes.locator("#devices-focal img").click(position={"x": 60, "y": 60})
    expect(link(scenes, "devices")).to_have_value(re.compile(r"300x100~crop:0\.\d+:0\.\d+$"))
    expect(scenes.locator("#devices-gallery")).to_contain_text("Own · 300 × 100 · plainly cropped")
    assert downloaded(scenes, "#devices-zip", tmp_path).name == "brushes_screens.zip"

    address = link(scenes, "devices").input_value()
    with new_page(browser, f"{address}&layout=fit") as page:  # somebody else, by the link
        expect(link(page, "devices")).to_have_value(address)
        expect(page.locator("#devices-gallery")).to_contain_text("Own · 300 × 100 · plainly cropped")
        for n in range(8):
            picture = f"#devices-gallery button.thumbnail-item >> nth={n} >> img"
            assert shown_bytes(page, picture) == shown_bytes(scenes, picture), n
        page.goto(f"{app}?tab=scenes&scene=brushes&mode=fit&size=180x60&start=&count=1&seed=2&enlarge=0")
        expect(page.locator("#devices-gallery")).to_contain_text("Own · 180 × 60")
        expect(page.locator("#devices-status")).to_contain_text("1 picture in")
        assert Image.open(io.BytesIO(shown_bytes(page, "#devices-gallery img"))).size == (180, 60)
        expect(link(page, "devices")).to_have_value(re.compile("mode=devices&layout=fit&seed=2.*screens=180x60$"))
    page = scenes.context.new_page()  # the same visitor, another time
    page.goto(address.partition("?")[0] + "?tab=scenes&scene=brushes")
    open_tab(page, "Every screen")
    expect(page.locator("#screens")).to_contain_text("300 x 100")
    page.close()


def test_animations_play_and_are_taken_away_one_or_the_set_of_twelve(scenes, tmp_path):
    view(scenes, "Motion", "animate")
    opened(scenes, scenes.get_by_role("button", name="Advanced").locator("visible=true"))
    scenes.locator("#animate-frames input[type=number]").fill("6")
    for kind, element in (("mp4", "#animate-video video"), ("gif", "#animate-image img")):
        scenes.locator("#animate-format").get_by_text(kind, exact=True).click()
        scenes.locator("#animate").click()
        expect(scenes.locator(element)).to_be_visible()
        path = downloaded(scenes, "#animate-file", tmp_path)
        assert path.name == f"brushes_medium_start1_beta0.90.{kind}"
        if kind == "mp4":
            scenes.wait_for_function("document.querySelector('#animate-video video').readyState >= 2")
        else:
            assert Image.open(path).n_frames == 6
    scenes.locator("button#twelve").click()
    expect(scenes.locator("#animate-status")).to_contain_text("12 animations in")
    expect(scenes.locator("#twelve-gallery button img")).to_have_count(12)
    expect(scenes.locator("#twelve-gallery button").first).to_contain_text("subtle, beta 0.80")  # calm ones first
    with zipfile.ZipFile(downloaded(scenes, "#animate-file", tmp_path)) as archive:
        assert len(set(archive.namelist())) == 12


def test_a_cutout_is_placed_and_harmonized(scenes, tmp_path):
    cutout = Image.new("RGBA", (200, 100))
    ImageDraw.Draw(cutout).ellipse((10, 10, 190, 90), fill=(220, 30, 30))
    cutout.save(tmp_path / "cutout.png")
    open_tab(scenes, "Harmonize")
    opened(scenes, scenes.get_by_role("button", name="Advanced").locator("visible=true"))
    view(scenes, "Harmonize", "harmonize")
    scenes.locator("#harmonize-cutout input[type=file]").set_input_files(tmp_path / "cutout.png")
    expect(scenes.locator("#harmonize-placed img")).to_be_visible()
    draw(scenes, "harmonize")
    before, after = shown(scenes, "harmonize")
    middle = (before.width // 2, before.height * 6 // 10)
    red, green, _ = before.getpixel(middle)
    assert red > green + 100  # as pasted
    red, green, _ = after.getpixel(middle)
    assert red < green + 60  # the photograph's colours


def test_larger_pictures_tiles_and_the_strip_of_what_was_made(scenes):
    open_tab(scenes, "Larger")
    scenes.locator("#super-resolve-factor input[type=number]").fill("1.1")
    scenes.locator("button#super-resolve").click()
    expect(scenes.locator("#super-resolve-status")).to_contain_text("1 picture in")
    expect(scenes.locator("#super-resolve-compare img")).to_have_count(2)
    between = "Before and after: Plainly enlarged | by its own patches"
    divider = scenes.get_by_role("slider", name=between).locator("visible=true")
    expect(divider).to_have_attribute("aria-valuenow", "50")
    axe_finds_nothing(scenes, "a result")
    divider.focus()
    assert scenes.evaluate(OUTLINED)
    clipped = scenes.locator("#super-resolve-compare img").last.get_attribute("style")
    for key, place in (("ArrowRight", 52), ("PageDown", 42), ("Home", 0), ("End", 100)):
        scenes.keyboard.press(key)
        expect(divider).to_have_attribute("aria-valuenow", str(place))
    assert scenes.locator("#super-resolve-compare img").last.get_attribute("style") != clipped  # the picture follows
    address = scenes.url
    open_tab(scenes, "New pictures")
    expect(scenes).to_have_url(re.compile("mode=sample"))  # the address follows the inner tabs
    open_tab(scenes, "Larger")
    expect(scenes).to_have_url(address)
    view(scenes, "Tiles", "tile")
    scenes.locator("#tile-seed input").fill("7")
    draw(scenes, "tile")
    expect(scenes.locator("#tile-repeated img")).to_be_visible()
    made = scenes.locator("#made a")
    expect(made.first).to_have_attribute("title", "tile: brushes")
    open_tab(scenes, "Faces")
    scenes.locator("#faces-gallery button").nth(1).click()
    expect(made.first).to_have_attribute("title", "faces: face")
    scenes.locator("#made a[title='tile: brushes']").click()  # this loads the page, and the strip stays
    expect(scenes.locator("#tile-status")).to_contain_text("1 picture in")
    expect(scenes.locator("#tile-seed input")).to_have_value("7")
    expect(made.first).to_be_visible()
    scenes.get_by_role("button", name="Forget").click()
    expect(made).to_have_count(0)


def test_a_photograph_becomes_a_desktop_s_picture_at_its_own_pixels(scenes, tmp_path):
    file = tmp_path / "noise.jpg"
    Image.effect_noise((480, 300), 60).resize((2700, 1700)).save(file)
    open_tab(scenes, "Training")
    scenes.locator("#preset").get_by_text("Layout").click()
    scenes.locator("#picture input[type=file]").set_input_files(file)
    expect(scenes.locator("#prediction")).to_contain_text("on this device")
    opened(scenes, scenes.get_by_role("button", name="Advanced").locator("visible=true"))
    scenes.locator("#iterations input").fill("20")
    scenes.locator("#train").click()
    expect(scenes.locator("#train-status")).to_contain_text("Trained in")
    expect(scenes.locator("#resume")).to_be_enabled()  # to the whole of `standard`
    open_tab(scenes, "Your photograph")
    expect(scenes.locator("#about")).to_contain_text("2700 × 1700 px · networks of")
    open_tab(scenes, "Every screen")
    for screen in ("Story", "Square", "Tablet", "Phone", "Web", "Banner"):
        scenes.locator("#screens .token").filter(has_text=screen).locator(".token-remove").click()
    expect(link(scenes, "devices")).to_have_value(re.compile("scene=noise-.*enlarge=1&screens=1920x1080$"))
    jpeg = Image.open(downloaded(scenes, "#devices-jpeg", tmp_path))
    assert (jpeg.format, jpeg.size) == ("JPEG", (1920, 1080))
    scenes.locator("#devices-format").get_by_text("PNG").click()
    expect(scenes.locator("#devices-png")).to_be_visible()
    with zipfile.ZipFile(downloaded(scenes, "#devices-zip", tmp_path)) as archive:
        assert archive.namelist() == ["noise_desktop_1920x1080.png"]
        whole = Image.open(archive.open(archive.namelist()[0]))
        assert whole.size == (1920, 1080)
    assert Image.open(downloaded(scenes, "#devices-png", tmp_path)).tobytes() == whole.tobytes()


def test_choosing_a_scene_draws_it_at_once(scenes):
    open_tab(scenes, "Every screen")
    opened(scenes, scenes.get_by_role("button", name="Advanced").locator("visible=true"))
    view(scenes, "Every screen", "devices")  # one, by now
    seen = set()
    for name in ("stream", "brushes"):
        scenes.locator("#scenes-gallery button").filter(has_text=name).click()
        expect(scenes.locator("#about")).to_contain_text(name)
        expect(scenes.locator("#scene input")).to_have_value(name)
        expect(link(scenes, "devices")).to_have_value(re.compile(f"scene={name}"))
        seen.add(shown_bytes(scenes, "#devices-gallery img"))
    assert len(seen) == 2


# A canvas that is hidden again costs Chromium ten seconds here, without a GPU: these are the last of the page.


def test_a_painting_becomes_a_picture_and_its_link_shows_it(scenes, browser):
    view(scenes, "Paint", "paint")
    scenes.locator("button#paint").click()
    expect(scenes.get_by_text("nothing is painted yet").first).to_be_visible()
    stroke(scenes, "#paint-canvas")
    address = draw(scenes, "paint")
    result = shown(scenes, "paint")[1].resize((200, 150))
    with new_page(browser, address) as other:  # somebody else, by the link
        expect(other.locator("#paint-status")).to_contain_text("1 picture in")
        differing = differences(result, shown(other, "paint")[1].resize((200, 150)))
        assert sum(differing) / len(differing) < 3


def test_what_is_marked_is_removed_or_copied_and_the_rest_stays(scenes, tmp_path):
    photograph = Image.open(ROOT / "checkpoints" / "brushes" / "photograph.jpg")
    open_tab(scenes, "Remove or move")
    scenes.locator("button#edit").click()
    expect(scenes.get_by_text("nothing is marked yet").first).to_be_visible()
    stroke(scenes, "#edit-canvas")
    for verb in ("", "copy"):
        draw(scenes, "edit", verb)
        result = Image.open(downloaded(scenes, "#edit-png", tmp_path))
        corner = (0, 0, result.width // 4, result.height // 4)  # far from the mark
        assert result.size == photograph.size
        assert result.crop(corner).tobytes() == photograph.crop(corner).tobytes()


def test_samples_are_drafts_until_they_are_prints(browser, app, tmp_path):
    query = "?tab=scenes&scene=autumn&mode=sample&by=patches&enlarge=1&count=2"
    with new_page(browser, app + query, 390) as page:
        tiles, first = page.locator("#sample-gallery button img"), "#sample-gallery button img"
        expect(tiles).to_have_count(2)
        draft = page.locator(first).first.get_attribute("src")
        page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")  # no wider than a phone
        expect(page.locator("#sample-status")).to_contain_text("2 pictures in")
        expect(page.locator("#sample-gallery")).to_contain_text("4.4 MP")
        assert page.locator(first).first.get_attribute("src") != draft
        assert min(Image.open(io.BytesIO(shown_bytes(page, first))).size) > 1600
        assert downloaded(page, "#sample-png", tmp_path).name == "autumn_seed0_patches_print_0000.png"
        tiles.nth(1).click()  # the one that is looked at is the one to download

        def taken() -> Path:
            return downloaded(page, "#sample-png", tmp_path)

        while taken().name != "autumn_seed0_patches_print_0001.png":
            page.wait_for_timeout(200)
        assert Image.open(downloaded(page, "#sample-jpeg", tmp_path)).format == "JPEG"


def test_a_photograph_is_on_every_screen_at_once_and_is_trained_where_it_is_to_move(browser, app, tmp_path):
    file = tmp_path / "hat.jpg"
    Image.open(ROOT / "examples" / "astronaut.jpg").resize((300, 300)).save(file)
    with new_page(browser, app) as page:
        choose_file(page, "button:visible:has-text('Use your photograph')", file)  # from the first screen
        expect(page.locator("#about")).to_contain_text("hat · 300 × 300 px")
        expect(page.locator("#devices-gallery img").first).to_be_visible()  # a draft, to begin with
        expect(page.locator("#devices-status .bar")).to_be_visible()
        expect(page.locator("#again")).to_have_text("Train it")
        page.locator("#scenes-gallery").get_by_text("street").click()  # another one, which becomes the visitor's own
        expect(page.locator("#scene input")).to_have_value("street")
        page.locator("#scenes-gallery button").filter(has_text="hat").click()  # the smaller one
        expect(page.locator("#about")).to_contain_text("hat · 300 × 300 px")
        expect(page.locator("#devices-status")).to_contain_text("7 pictures in")
        expect(page.locator("#devices-gallery img")).to_have_count(7)
        page.locator("#offer-sample").click()  # drawn by patches: it needs no training
        expect(page.locator("#sample-status")).to_contain_text("4 pictures in")
        open_tab(page, "Motion")
        expect(page.locator("button#animate")).to_be_hidden()
        page.locator("#train-first").click()
        expect(page.locator("#train-status")).to_contain_text(re.compile(r"scale 1 of \d, .* left"))
        page.locator("#stop").click()
        expect(page.locator("#train-status")).to_contain_text("Stopped before the first scale was finished")

        page.evaluate(
            DROP, ["brushes.jpg", base64.b64encode((ROOT / "examples" / "brushes.jpg").read_bytes()).decode()]
        )
        expect(page.locator("#scene input")).to_have_value(re.compile("brushes"))
        expect(page.locator("#devices-gallery img").first).to_be_visible()
