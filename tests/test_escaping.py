"""Text from outside never becomes script in a visitor's browser, wherever the page shows it."""

import json
import re
import shutil
import zipfile

import pytest
from PIL import Image, PngImagePlugin
from playwright.sync_api import expect

from dcgan.recipe import Recipe, save_zip
from tests.browser import new_page
from ui import html
from ui.reports import Report

SCRIPT = '<img src=x onerror="window.ran = 1"><script>window.ran = 1</script>'


@pytest.mark.parametrize(
    "written",
    [
        html.line(SCRIPT),
        html.bar(0.5, SCRIPT),
        html.notices([SCRIPT, SCRIPT]),
        html.figures([(None, SCRIPT), (Image.new("RGB", (2, 2)), SCRIPT)], [SCRIPT]),
        html.orbits([html.Orbit("adam", SCRIPT, [(1.0, 0.0)], SCRIPT)], SCRIPT, SCRIPT, SCRIPT),
        Report(SCRIPT).html(),
        Report(SCRIPT, 0.5).html(),
    ],
)
def test_all_html_escapes_what_goes_into_it(written):
    assert "<script" not in written and "<img src=x" not in written and 'onerror="' not in written


RECIPES = {
    "seed": {"seed": SCRIPT},
    "index": {"index": SCRIPT},
    "truncation": {"truncation": SCRIPT},
    "moves": {"moves": SCRIPT},
    "move's name": {"moves": {SCRIPT: 1}},
    "move's value": {"moves": {"smiling": SCRIPT}},
    "z": {"z": SCRIPT},
    "z's entry": {"z": [SCRIPT] * 64},
    "a text": SCRIPT,
    "faces": {"faces": SCRIPT},
    "model's name": {"seed": 1, "model": {"name": SCRIPT, "fingerprint": "another"}},
}


def files(folder):
    """Every kind of file of recipes with script in every place."""
    for number, recipe in enumerate(RECIPES.values()):
        content = json.dumps(recipe)
        (folder / f"latents{number}.json").write_text(content)
        yield folder / f"latents{number}.json"
        text = PngImagePlugin.PngInfo()
        text.add_text("darkroom", content)
        Image.new("RGB", (64, 64)).save(folder / f"face{number}.png", pnginfo=text)
        yield folder / f"face{number}.png"
        with zipfile.ZipFile(folder / f"faces{number}.zip", "w") as archive:
            archive.writestr("latents.json", content)
        yield folder / f"faces{number}.zip"
    name = "<img src=x onerror=window.ran=1>"  # what a file may be called
    save_zip(
        [Image.new("RGB", (64, 64))], [Recipe(1)], {"name": name, "fingerprint": "another"}, folder / f"{name}.zip"
    )
    (folder / f"{name}.json").write_text("{}")
    yield folder / f"{name}.zip"
    yield folder / f"{name}.json"


def choose(page, button, file):
    with page.expect_file_chooser() as chooser:
        page.locator(button).click()
    chooser.value.set_files(file)


def ran(page):
    page.wait_for_timeout(300)  # for an image that does not exist to fail
    return page.evaluate("window.ran")


def test_recipes_with_script_in_them_run_none(browser, app, tmp_path):
    with new_page(browser, app) as page:
        expect(page.locator("#faces-status")).to_contain_text("16 faces")
        for file in files(tmp_path):
            choose(page, "#faces-load", file)
            said = re.compile(re.escape(file.name) + r"|\b1 face\b|direction is")
            expect(page.locator("#faces-status")).to_contain_text(said)
            assert page.evaluate("window.ran") is None, file.name
        assert ran(page) is None


def test_other_files_and_links_with_script_in_them_run_none(browser, app, tmp_path, tiny_folder):
    name = "<img src=x onerror=window.ran=1>"
    picture, text = tmp_path / f"{name}.png", tmp_path / f"{name}2.png"
    Image.new("RGB", (64, 48)).save(picture)
    text.write_text(SCRIPT)
    scene = tmp_path / f"{name}.zip"
    with zipfile.ZipFile(scene, "w") as archive:
        for file in ("config.json", "model.safetensors"):
            archive.write(tiny_folder / file, file)
        archive.writestr("README.md", SCRIPT)
    bad = tmp_path / f"{name}2.zip"
    shutil.copyfile(text, bad)
    link = "/?tab=scenes&scene=%3Cimg%20src=x%20onerror=window.ran=1%3E&seed=%3Cscript%3Ewindow.ran=1%3C/script%3E&" + (
        "%3Cimg%20src=x%20onerror=window.ran=1%3E=1"
    )
    with new_page(browser, app + link) as page:
        expect(page.locator("#notice")).to_contain_text("not understood in part")
        assert ran(page) is None
        for upload, selector in ((scene, "#scene-upload"), (bad, "#scene-upload")):
            choose(page, selector, upload)
            page.wait_for_timeout(1500)
            assert ran(page) is None, upload.name
        page.get_by_role("tab", name="Train your own picture").click()
        for upload in (picture, text):
            page.locator("#picture input[type=file]").set_input_files(upload)
            page.wait_for_timeout(1500)
            assert ran(page) is None, upload.name
            if page.locator("#picture button[aria-label='Clear']").count():
                page.locator("#picture button[aria-label='Clear']").first.click()
