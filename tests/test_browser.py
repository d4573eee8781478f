"""The page in Chromium: scenes are trained, stopped, gone on with, drawn, fitted, animated, kept and linked."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser import downloaded, new_page, opened, settled_bytes, shown_bytes

LINKS = Path(__file__).parents[1] / "docs" / "api.md"
WIDE = {"width": 1440, "height": 1000}


SCENES = "?tab=scenes&enlarge=0&count=8"  # with samples that are drawn at once


@contextmanager
def scenes_page(browser: Browser, app: str) -> Iterator[Page]:
    """The page with the Scenes tab open, its first samples drawn."""
    with new_page(browser, app + SCENES) as page:
        expect(page.locator("#sample-status")).to_contain_text("8 pictures", timeout=30_000)
        yield page


@pytest.fixture
def scenes(browser: Browser, app: str) -> Iterator[Page]:
    with scenes_page(browser, app) as page:
        yield page


@pytest.fixture(scope="module")
def results(browser: Browser, app: str) -> Iterator[Page]:
    """One page for the tests that only draw, each in its own tab."""
    with scenes_page(browser, app) as page:
        yield page


def upload(page: Page, picture: Path, preset: str = "Fast") -> None:
    page.get_by_role("tab", name="Train your own picture").click()
    page.locator("#preset").get_by_text(preset).click()
    page.locator("#picture input[type=file]").set_input_files(picture)
    expect(page.locator("#prediction")).to_contain_text("on this device", timeout=60_000)


def view(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


# -- training --------------------------------------------------------------------------------------------------------


def test_upload_train_stop_resume_and_use(scenes, picture_file, tmp_path):
    upload(scenes, picture_file)
    scenes.locator("#train").click()
    expect(scenes.locator("#stop")).to_be_enabled()
    expect(scenes.locator("#train")).to_be_disabled()
    expect(scenes.locator("#live img")).to_be_visible(timeout=30_000)
    expect(scenes.locator("#train-status")).to_contain_text("scale 2 of", timeout=120_000)
    expect(scenes.locator("#strip figure").nth(1)).to_be_visible()  # every finished scale and the current
    plot = scenes.locator("#losses canvas, #losses svg").first
    expect(plot).to_be_visible()
    inner, outer = plot.bounding_box(), scenes.locator("#losses").bounding_box()
    assert inner and outer and inner["y"] + inner["height"] <= outer["y"] + outer["height"]  # the legend is its end
    scenes.locator("#stop").click()
    expect(scenes.locator("#train-status")).to_contain_text(
        re.compile("Stopped: [12] of 4 scales are kept as discs;"), timeout=20_000
    )
    expect(scenes.locator("#train")).to_be_enabled()
    expect(scenes.locator("#resume")).to_be_enabled()
    scenes.locator("#resume").click()
    expect(scenes.locator("#train-status")).to_contain_text("scale 3 of", timeout=120_000)
    expect(scenes.locator("#strip figure").nth(2)).to_be_visible()  # those from before the stop too
    scenes.locator("#stop").click()
    expect(scenes.locator("#train-status")).to_contain_text(re.compile("Stopped: [23] of 4"), timeout=20_000)

    view(scenes, "Use a scene")
    expect(scenes.locator("#scene input")).to_have_value("discs")
    expect(scenes.locator("#about")).to_contain_text(re.compile("[23] of 4 scales"))
    expect(scenes.locator("#about")).to_contain_text("lives 2 h")
    expect(scenes.locator("#again")).to_be_visible()
    view(scenes, "Other sizes")
    scenes.locator("#retarget-enlarge").get_by_role("checkbox").uncheck()
    scenes.locator("#retarget-width input").fill("90")
    scenes.locator("#retarget-height input").fill("44")
    scenes.locator("#retarget").click()
    link = scenes.locator("#retarget-link input, #retarget-link textarea")  # the box unchecked has drawn, too
    expect(link).to_have_value(re.compile("size=90x44"), timeout=30_000)
    with zipfile.ZipFile(downloaded(scenes, "#retarget-zip", tmp_path)) as archive:
        assert Image.open(archive.open(archive.namelist()[0])).size == (90, 44)


def test_a_finished_training_can_be_taken_away_and_brought_back(browser, app, picture_file, tmp_path):
    with new_page(browser, app + SCENES) as page:
        upload(page, picture_file)
        opened(page, page.get_by_role("button", name="Advanced"))
        page.locator("#max-size input").fill("40")
        page.locator("#iterations input").fill("5")
        page.locator("#train").click()
        expect(page.locator("#train-status")).to_contain_text("Trained in", timeout=60_000)
        page.locator("#train").click()
        expect(page.locator("#train-status")).to_contain_text("Already trained: discs", timeout=30_000)
        view(page, "Use a scene")
        expect(page.locator("#about")).to_contain_text("40 × 30 px")
        expect(page.locator("#sample-link textarea, #sample-link input")).to_have_value(re.compile("scene=discs-"))
        link = str(page.locator("#sample-link textarea, #sample-link input").input_value())
        first = shown_bytes(page, "#sample-gallery img")
        kept = downloaded(page, "#scene-download", tmp_path)
        page.reload()  # nothing is lost: the browser remembers the scene
        expect(page.locator("#scenes-gallery")).to_contain_text("discs")
    with new_page(browser, link) as page:  # somebody else, by the link
        expect(page.locator("#about")).to_contain_text("40 × 30 px", timeout=20_000)
        expect(page.locator("#sample-status")).to_contain_text("8 pictures", timeout=20_000)
        assert shown_bytes(page, "#sample-gallery img") == first
    with new_page(browser, app + SCENES) as page:  # from the file
        expect(page.locator("#sample-status")).to_contain_text("8 pictures", timeout=20_000)
        with page.expect_file_chooser() as chooser:
            page.locator("#scene-upload").click()
        chooser.value.set_files(kept)
        expect(page.locator("#about")).to_contain_text("40 × 30 px", timeout=20_000)
        expect(page.locator("#scene input")).to_have_value("discs")
        expect(page.locator("#sample-link textarea, #sample-link input")).to_have_value(re.compile("scene=discs-"))
        assert shown_bytes(page, "#sample-gallery img") == first


def test_mistakes_are_explained(scenes, tmp_path):
    view(scenes, "Train your own picture")
    scenes.locator("#train").click()
    expect(scenes.get_by_text("there is no picture yet: upload one first")).to_be_visible(timeout=10_000)
    thin = tmp_path / "thin.png"
    Image.new("RGB", (900, 40)).save(thin)
    scenes.locator("#picture input[type=file]").set_input_files(thin)
    expect(scenes.get_by_text("at most 8 times the shorter").first).to_be_visible(timeout=10_000)
    expect(scenes.locator("#train")).to_be_enabled()


def test_a_picture_of_writing_is_warned_of(scenes, tmp_path, page_of_text):
    page_of_text.save(tmp_path / "page.png")
    upload(scenes, tmp_path / "page.png")
    expect(scenes.locator("#prediction")).to_contain_text("writing", timeout=20_000, ignore_case=True)


def test_how_large_prints_will_be_is_said(scenes, tmp_path):
    Image.effect_noise((1600, 900), 60).save(tmp_path / "large.png")
    upload(scenes, tmp_path / "large.png")
    expect(scenes.locator("#prediction")).to_contain_text("Prints will have up to 1.4 megapixels")


def test_two_visitors_at_once(browser, app, picture_file):
    with new_page(browser, app + SCENES) as first, new_page(browser, app + SCENES) as second:
        for page in (first, second):
            expect(page.locator("#sample-status")).to_contain_text("8 pictures", timeout=30_000)
        upload(first, picture_file)
        first.locator("#train").click()
        expect(first.locator("#train-status")).to_contain_text("scale 1 of", timeout=20_000)
        second.locator("#sample-dice").click()
        second.locator("#sample").click()
        expect(second.locator("#sample-link input, #sample-link textarea")).not_to_have_value(re.compile("seed=0$"))
        upload(second, picture_file)
        second.locator("#train").click()
        for page in (first, second):
            expect(page.locator("#train-status")).to_contain_text("scale 2 of", timeout=120_000)
            page.locator("#stop").click()
            expect(page.locator("#train-status")).to_contain_text("Stopped: ", timeout=20_000)


# -- results ---------------------------------------------------------------------------------------------------------


def test_the_good_ones_are_downloaded(results, tmp_path):
    with zipfile.ZipFile(downloaded(results, "#sample-zip", tmp_path)) as archive:
        assert len(archive.namelist()) == 8
        third = archive.read(archive.namelist()[2])
    results.locator("#sample-gallery button.thumbnail-item").nth(7).click()
    expect(results.locator("#sample-gallery .preview")).to_be_in_viewport(ratio=0.95)
    results.locator("#sample-gallery").get_by_label("Close").click()
    results.get_by_label("Choose by clicking").check()
    for number, said in ((1, "Download 1 of 8"), (3, "Download 2 of 8"), (1, "Download 1 of 8")):
        results.locator("#sample-gallery button.thumbnail-item").nth(number - 1).click()
        expect(results.locator("#sample-zip")).to_have_text(said)
    expect(results.locator("#sample-gallery")).to_contain_text("\u2713 3 · ")
    with zipfile.ZipFile(downloaded(results, "#sample-zip", tmp_path)) as archive:
        (name,) = archive.namelist()
        assert Image.open(io.BytesIO(archive.read(name))).tobytes() == Image.open(io.BytesIO(third)).tobytes()


def test_a_shape_is_fitted_and_compared_with_stretching(results):
    view(results, "Other sizes")
    results.locator("#shape").get_by_text("Banner 3:1").click()
    expect(results.locator("#retarget-status")).to_contain_text("1 picture in", timeout=30_000)
    width, height = (int(results.locator(f"#retarget-{side} input").input_value()) for side in ("width", "height"))
    assert width == 3 * height
    expect(results.locator("#retarget-compare img")).to_have_count(2)


def test_a_photograph_becomes_a_desktop_s_picture_at_its_own_pixels(browser, app, tmp_path):
    file = tmp_path / "noise.jpg"
    Image.effect_noise((480, 300), 60).resize((2700, 1700)).save(file)
    with new_page(browser, app + SCENES) as page:
        upload(page, file, "Layout")
        expect(page.locator("#prediction")).to_contain_text("Prints will have up to 4.6 megapixels")
        opened(page, page.get_by_role("button", name="Advanced"))
        page.locator("#iterations input").fill("60")  # as long as the first print takes
        page.locator("#train").click()
        expect(page.locator("#meanwhile img")).to_be_visible(timeout=30_000)
        expect(page.locator("#train-status")).to_contain_text("Trained in", timeout=60_000)
        expect(page.locator("#resume")).to_be_enabled()  # to the whole of `standard`
        view(page, "Use a scene")
        expect(page.locator("#about")).to_contain_text("3 scales · prints up to")
        view(page, "Other sizes")
        page.locator("#shape").get_by_text("Desktop 16:9").click()
        expect(page.locator("#retarget-status .bar")).to_be_visible(timeout=20_000)
        expect(page.locator("#retarget-compare img")).to_have_count(2, timeout=20_000)  # a draft, to begin with
        expect(page.locator("#retarget-status")).to_contain_text("1 picture in", timeout=90_000)
        with zipfile.ZipFile(downloaded(page, "#retarget-zip", tmp_path)) as archive:
            (name,) = archive.namelist()
            whole = Image.open(archive.open(name))
            assert whole.size == (2560, 1440)
        assert Image.open(downloaded(page, "#retarget-png", tmp_path)).tobytes() == whole.tobytes()
        jpeg = Image.open(downloaded(page, "#retarget-jpeg", tmp_path))
        assert (jpeg.format, jpeg.size) == ("JPEG", (2560, 1440))
        page.locator("#retarget-plain").get_by_text("Cropped").click()
        expect(page.locator("#retarget-compare img")).to_have_count(2)


def test_samples_are_drafts_until_they_are_prints(browser, app, tmp_path):
    with new_page(browser, f"{app}?tab=scenes&scene=autumn&mode=sample&by=patches&enlarge=1&count=2") as page:
        tiles = page.locator("#sample-gallery button img")
        expect(tiles).to_have_count(2, timeout=20_000)
        draft = page.evaluate("document.querySelector('#sample-gallery button img').src")
        expect(page.locator("#sample-status")).to_contain_text("2 pictures in", timeout=60_000)
        expect(page.locator("#sample-gallery")).to_contain_text("4.4 MP")
        assert page.evaluate("document.querySelector('#sample-gallery button img').src") != draft
        content = page.request.get(page.evaluate("document.querySelector('#sample-gallery button img').src")).body()
        assert min(Image.open(io.BytesIO(content)).size) > 1600
        assert downloaded(page, "#sample-png", tmp_path).name == "autumn_seed0_patches_print_0000.png"
        tiles.nth(1).click()  # the one that is looked at is the one to download
        deadline = time.monotonic() + 10
        while downloaded(page, "#sample-png", tmp_path).name != "autumn_seed0_patches_print_0001.png":
            assert time.monotonic() < deadline
        assert Image.open(downloaded(page, "#sample-jpeg", tmp_path)).format == "JPEG"


def test_all_my_devices(results, tmp_path):
    view(results, "All my devices")
    results.locator("#devices-enlarge").get_by_role("checkbox").uncheck()
    results.locator("#devices").click()
    expect(results.locator("#devices-status")).to_contain_text("7 pictures in", timeout=60_000)
    expect(results.locator("#devices-gallery button img")).to_have_count(7)
    with zipfile.ZipFile(downloaded(results, "#devices-zip", tmp_path)) as archive:
        sizes = {name.partition("_")[0]: Image.open(archive.open(name)).size for name in archive.namelist()}
    assert list(sizes) == ["phone", "story", "square", "tablet", "desktop", "ultrawide", "banner"]
    areas = [width * height for width, height in sizes.values()]
    assert max(areas) < 1.03 * min(areas)  # the trained picture's, up to whole pixels
    assert sizes["phone"][1] / sizes["phone"][0] == pytest.approx(19.5 / 9, rel=0.02)


def test_animations_play_and_are_downloaded(results, tmp_path):
    view(results, "Animation")
    for kind, element in (("gif", "#animate-image img"), ("mp4", "#animate-video video")):
        results.locator("#animate-format").get_by_text(kind, exact=True).click()
        results.locator("#animate").click()
        expect(results.locator(element)).to_be_visible(timeout=60_000)
        path = downloaded(results, "#animate-file", tmp_path)
        assert path.name == f"autumn_medium_start1_beta0.90.{kind}"
        assert kind == "mp4" or Image.open(path).n_frames == 100
    results.wait_for_function("document.querySelector('#animate-video video').readyState >= 2")


def test_the_set_of_twelve(browser, app, tmp_path):
    with new_page(browser, f"{app}?tab=scenes&scene=stream&mode=twelve&frames=4") as page:
        expect(page.locator("#animate-status")).to_contain_text("12 animations in", timeout=120_000)
        expect(page.locator("#twelve-gallery button img")).to_have_count(12)
        expect(page.locator("#twelve-gallery button").first).to_contain_text("subtle, beta 0.80")  # calm ones first
        with zipfile.ZipFile(downloaded(page, "#animate-file", tmp_path)) as archive:
            assert len(set(archive.namelist())) == 12


def test_choosing_a_scene_draws_it_at_once(results):
    view(results, "New samples")
    before = shown_bytes(results, "#sample-gallery img")
    results.locator("#scenes-gallery button").filter(has_text="peaks").click()
    expect(results.locator("#about")).to_contain_text("peaks")
    expect(results.locator("#scene input")).to_have_value("peaks")
    expect(results.locator("#sample-link input, #sample-link textarea")).to_have_value(re.compile("scene=peaks"))
    assert shown_bytes(results, "#sample-gallery img") != before


# -- links and code --------------------------------------------------------------------------------------------------


def test_a_link_shows_the_same_pixels_in_another_browser(browser, app):
    for link, panel, picture in (
        ("scene=peaks&mode=keep&size=325x175&seed=3", "retarget", "#retarget-compare img >> nth=1"),
        ("scene=dandelions&mode=devices&layout=rearrange&seed=2&enlarge=0", "devices", "#devices-gallery img >> nth=6"),
        ("scene=peaks&mode=animate&frames=4&format=gif&seed=5", "animate", "#animate-image img"),
    ):
        found, address = [], f"{app}?tab=scenes&{link}"
        for _ in range(2):
            with new_page(browser, address) as page:
                box = page.locator(f"#{panel}-link input, #{panel}-link textarea")
                expect(box).to_have_value(re.compile("scene="), timeout=60_000)  # then all is drawn
                found.append(settled_bytes(page, picture))
                address = box.input_value()  # the second browser opens what the first would copy
        assert found[0] == found[1], link
        assert all(part in address for part in link.split("&")), link


def test_the_links_in_the_documentation_are_understood(browser, app):
    links = re.findall(r"^/\?(\S+)$", LINKS.read_text(), re.MULTILINE)
    with new_page(browser, "about:blank") as page:
        for link in links:
            page.goto(f"{app}?{link}")
            shown = "#faces-link" if "tab=faces" in link else "#views [id$='-link']"
            box = page.locator(shown).locator("input, textarea").first
            expect(box).to_have_value(re.compile("tab="), timeout=60_000)
            expect(page.locator("#notice p")).to_have_count(0)
            assert all(part in box.input_value() for part in link.split("&")[1:]), link


def test_a_link_that_is_not_understood_shows_the_default_and_says_so(browser, app):
    query = "tab=scenes&scene=discs-00000000&mode=keep&size=wide&seed=many&sede=3"
    with new_page(browser, f"{app}?{query}") as page:
        for part in (
            "size=wide (WIDTHxHEIGHT is needed)", "seed=many (a whole number is needed)", "sede (unknown)",
            "there is no scene 'discs-00000000' (any more)",
        ):  # fmt: skip
            expect(page.locator("#notice")).to_contain_text(part, timeout=20_000)
        expect(page.locator("#about")).to_contain_text("autumn")
        expect(page.locator("#retarget-status")).to_contain_text("1 picture in", timeout=30_000)
        expect(page.locator("#retarget-width input")).to_have_value("325")


def test_copy_link_copies(browser, app):
    with browser.new_context(viewport=WIDE, permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        page.goto(app + SCENES)
        expect(page.locator("#sample-copy")).to_be_enabled(timeout=20_000)
        page.locator("#sample-copy").click()
        expect(page.locator("#sample-copy")).to_contain_text("Link copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(f"{app}/?tab=scenes&scene=autumn&mode=sample")


def test_the_code_beside_a_result_draws_it(results, app):
    results.locator("#sample-code").get_by_text("Use this from code").click()
    code = results.locator("#sample-code .cm-content").first.inner_text()
    assert f'Client("{app}")' in code
    values: dict[str, object] = {}
    exec(code, values)
    _, pictures, _ = values["result"]  # type: ignore[misc]
    assert len(pictures) == 8


# -- the page itself -------------------------------------------------------------------------------------------------


def test_how_it_works_has_pictures_cards_the_device_and_the_game(browser, app):
    with new_page(browser, f"{app}?tab=about") as page:
        expect(page.locator(".strip img").first).to_be_visible(timeout=20_000)
        expect(page.locator("#device")).to_contain_text("CPU")
        expect(page.locator("#card")).to_contain_text("DCGAN")
        expect(page.locator("#game li.extragradient")).to_contain_text("8 % as far")
        lands = page.locator("#game g.extragradient circle").last
        playing = "dot => dot.getAnimations().some((each) => each.playState === 'running')"
        assert lands.evaluate(playing)
        page.emulate_media(reduced_motion="reduce")
        assert not lands.evaluate(playing) and lands.bounding_box()["width"] > 4  # it is there at once
        page.emulate_media(reduced_motion="no-preference")
        lands.evaluate("dot => dot.getAnimations().forEach((each) => each.finish())")
        page.locator("#game-again").click()
        expect(page.locator("#game")).to_be_visible()
        page.wait_for_function(f"({playing})(document.querySelector('#game g.extragradient circle:last-child'))")
        page.get_by_label("range slider for Step size η").press("ArrowRight")
        expect(page.locator("#game li.extragradient")).to_contain_text("3 % as far")
        expect(page.locator("#game li.simultaneous")).to_contain_text("32 times as far")


def test_no_result_is_wider_than_a_phone(browser, app):
    width = 390
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.goto(app)
        expect(page.locator("#faces-gallery img").first).to_be_visible(timeout=20_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for mode, view_of in (
            ("sample", "sample"),
            ("keep", "retarget"),
            ("devices", "devices"),
            ("animate", "animate"),
        ):
            page.goto(f"{app}?tab=scenes&mode={mode}&frames=4&enlarge=0")
            expect(page.locator(f"#{view_of}-status")).to_contain_text(" in ", timeout=60_000)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, mode
        view(page, "Train your own picture")
        expect(page.locator("#train")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("tab", name="How it works").click()
        expect(page.locator("#card")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
