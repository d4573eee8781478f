"""The main journeys in Chromium: draw, edit and morph faces; upload, train, stop, sample, retarget, animate."""

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from dcgan.recipe import Recipe, load_recipes

CHROMIUM = "/usr/bin/chromium"
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, app) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(app)
    expect(page.locator("#faces-gallery img").first).to_be_visible()
    yield page
    page.close()
    assert not errors


@pytest.fixture
def scenes(page) -> Page:
    """The page with the Scenes tab open."""
    page.get_by_role("tab", name="Scenes").click()
    expect(page.locator("#about")).to_contain_text("px")
    return page


def portrait(page: Page, to: Path, wanted: Callable[[Recipe], bool]) -> tuple[Image.Image, Recipe]:
    """The face that is edited, once its recipe is the wanted one."""
    for _ in range(100):
        source = page.locator("#portrait img")
        if source.count():
            to.write_bytes(page.request.get(str(source.get_attribute("src"))).body())
            (recipe,), _ = load_recipes(to)
            if wanted(recipe):
                return Image.open(to), recipe
        page.wait_for_timeout(100)
    raise AssertionError("the face did not come")


def test_a_slider_changes_the_face_and_reset_brings_it_back(page, tmp_path):
    page.locator("#faces-gallery button").nth(3).click()
    before, _ = portrait(page, tmp_path / "before.png", lambda recipe: recipe.index == 3)
    slider = page.locator("#slider-smiling input[type=range]")
    slider.focus()
    slider.press("End")
    changed, recipe = portrait(page, tmp_path / "changed.png", lambda recipe: bool(recipe.moves))
    assert recipe == Recipe(0, 3, 1.0, {"smiling": 3.0})
    assert changed.size == (64, 64)
    assert np.abs(np.asarray(changed).astype(int) - np.asarray(before)).mean() > 2
    page.locator("#face-reset").click()
    again, _ = portrait(page, tmp_path / "again.png", lambda recipe: not recipe.moves)
    expect(slider).to_have_value("0")
    assert again.tobytes() == before.tobytes()
    slider.press("End")
    portrait(page, tmp_path / "changed.png", lambda recipe: bool(recipe.moves))
    page.locator("#slider-smiling").get_by_role("button").click()  # the slider's own arrow
    portrait(page, tmp_path / "again.png", lambda recipe: not recipe.moves)
    slider.press("End")
    portrait(page, tmp_path / "changed.png", lambda recipe: bool(recipe.moves))
    page.locator("#faces-gallery button").nth(3).click()  # the same tile again: back to the face as drawn
    portrait(page, tmp_path / "again.png", lambda recipe: not recipe.moves)
    expect(slider).to_have_value("0")


def test_faces_are_drawn_downloaded_and_loaded_back(page, tmp_path):
    page.locator("#faces-seed input").fill("42")
    page.locator("#faces-count input[type=number]").fill("5")
    page.locator("#faces-count input[type=number]").press("Enter")
    page.locator("#faces-draw").click()
    expect(page.locator("#faces-status")).to_contain_text("5 faces")
    expect(page.locator("#faces-gallery button img")).to_have_count(5)
    archive = downloaded(page, "#faces-zip", tmp_path)
    recipes, _ = load_recipes(archive)
    assert [(recipe.seed, recipe.index) for recipe in recipes] == [(42, i) for i in range(5)]
    page.locator("#faces-dice").click()
    page.locator("#faces-count input[type=number]").fill("2")
    page.locator("#faces-count input[type=number]").press("Enter")
    page.locator("#faces-draw").click()
    expect(page.locator("#faces-status")).to_contain_text("2 faces")
    with page.expect_file_chooser() as chooser:
        page.locator("#faces-load").click()
    chooser.value.set_files(archive)
    expect(page.locator("#faces-status")).to_contain_text("5 faces")
    again, _ = load_recipes(downloaded(page, "#faces-zip", tmp_path))
    assert again == recipes


def test_two_faces_are_morphed(page, tmp_path):
    for index, name in ((1, "a"), (2, "b")):
        page.locator("#faces-gallery button").nth(index).click()
        portrait(page, tmp_path / "face.png", lambda recipe, index=index: recipe.index == index)
        page.locator(f"#keep-{name}").click()
        expect(page.locator(f"#pin-{name} img")).to_be_visible()
    page.get_by_role("tab", name="Morph").click()
    page.locator("#morph").click()
    expect(page.locator("#morph-status")).to_contain_text("60 frames", timeout=30_000)
    expect(page.locator("#morph-video video")).to_be_visible()
    assert downloaded(page, "#morph-file", tmp_path).suffix == ".mp4"


def test_a_morph_without_faces_says_what_to_do(page):
    page.get_by_role("tab", name="Morph").click()
    page.locator("#morph").click()
    expect(page.get_by_text("choose A and B first")).to_be_visible()


def upload(page: Page, picture: Path) -> None:
    page.locator("#picture input[type=file]").set_input_files(picture)
    expect(page.locator("#prediction")).to_contain_text("on this device", timeout=30_000)


def downloaded(page: Page, button: str, to: Path) -> Path:
    with page.expect_download() as download:
        page.locator(button).click()
    path = to / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_upload_train_stop_sample_retarget_download(scenes, page, picture_file, tmp_path):
    upload(page, picture_file)
    page.locator("#train").click()
    expect(page.locator("#stop")).to_be_enabled()
    expect(page.locator("#train")).to_be_disabled()
    expect(page.locator("#train-status")).to_contain_text("scale 1 of", timeout=20_000)
    expect(page.locator("#live img")).to_be_visible(timeout=20_000)
    expect(page.locator("#train-status")).to_contain_text("scale 3 of", timeout=90_000)
    page.locator("#stop").click()
    expect(page.locator("#train-status")).to_contain_text("Stopped: ", timeout=20_000)
    expect(page.locator("#train-status")).to_contain_text("are kept as discs-")
    expect(page.locator("#train")).to_be_enabled()
    expect(page.locator("#scene input")).to_have_value(re.compile("^discs-"))
    expect(page.locator("#about")).to_contain_text("of 5 scales")

    page.locator("#sample").click()
    expect(page.locator("#sample-status")).to_contain_text("6 pictures", timeout=30_000)
    expect(page.locator("#sample-gallery img").first).to_be_visible()
    with zipfile.ZipFile(downloaded(page, "#sample-zip", tmp_path)) as archive:
        assert len(archive.namelist()) == 6

    page.get_by_role("tab", name="Other sizes").click()
    page.locator("#width input").fill("90")
    page.locator("#height input").fill("44")
    page.locator("#retarget").click()
    expect(page.locator("#retarget-status")).to_contain_text("1 picture in", timeout=30_000)
    with zipfile.ZipFile(downloaded(page, "#retarget-zip", tmp_path)) as archive:
        assert Image.open(archive.open(archive.namelist()[0])).size == (90, 44)


@pytest.mark.parametrize(("kind", "element"), [("gif", "#animation img"), ("mp4", "#video video")])
def test_animation_plays_and_downloads(scenes, page, tmp_path, kind, element):
    page.get_by_role("tab", name="Animation").click()
    page.locator("#animate-format").get_by_text(kind, exact=True).click()
    page.locator("#animate").click()
    expect(page.locator("#animate-status")).to_contain_text("60 frames", timeout=60_000)
    expect(page.locator(element)).to_be_visible(timeout=20_000)
    path = downloaded(page, "#animate-file", tmp_path)
    assert path.name == f"autumn_medium_beta0.90.{kind}"
    if kind == "gif":
        assert Image.open(path).n_frames == 60
    else:
        page.wait_for_function("document.querySelector('#video video').readyState >= 2")


def test_choosing_a_scene_shows_its_picture(scenes, page):
    before = page.locator("#source img").get_attribute("src")
    page.locator("#scene input").click()
    page.get_by_role("option", name="peaks").click()
    expect(page.locator("#source img")).not_to_have_attribute("src", before or "")


def test_mistakes_are_explained(scenes, page, tmp_path):
    page.locator("#train").click()
    expect(page.get_by_text("there is no picture yet: upload one first")).to_be_visible(timeout=10_000)
    thin = tmp_path / "thin.png"
    Image.new("RGB", (900, 40)).save(thin)
    page.locator("#picture input[type=file]").set_input_files(thin)
    expect(page.get_by_text("at most 8 times the shorter").first).to_be_visible(timeout=10_000)
    expect(page.locator("#train")).to_be_enabled()


def test_two_tabs_at_once(browser, app, picture_file):
    first, second = browser.new_page(), browser.new_page()
    for page in (first, second):
        page.goto(app)
        page.get_by_role("tab", name="Scenes").click()
        expect(page.locator("#about")).to_contain_text("px")
    upload(first, picture_file)
    first.locator("#train").click()
    expect(first.locator("#train-status")).to_contain_text("scale 1 of", timeout=20_000)
    second.locator("#sample").click()
    expect(second.locator("#sample-status")).to_contain_text("6 pictures", timeout=30_000)
    expect(first.locator("#stop")).to_be_enabled()
    upload(second, picture_file)
    second.locator("#train").click()
    for page in (first, second):
        expect(page.locator("#train-status")).to_contain_text("scale 2 of", timeout=120_000)
        page.locator("#stop").click()
        expect(page.locator("#train-status")).to_contain_text("Stopped: ", timeout=20_000)
        page.close()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(browser, app, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(f"{app}?__theme={scheme}")
    expect(page.locator("#faces-gallery img").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("tab", name="Scenes").click()
    expect(page.locator("#about")).to_contain_text("px")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
