"""Trainings on the page in Chromium: one is begun, watched, left, found again, stopped, gone on with, and used."""

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import torch
from gradio.utils import get_upload_folder
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from benchmarks.servers import free_port
from benchmarks.wire import Stranger
from darkroom.models import Models
from dcgan import FacePipeline
from singan import Progress, ScenePipeline, TrainConfig
from singan import train as train_scene
from singan.checkpoint import Checkpoint
from tests.browser import choose_file, downloaded, link, new_page, open_tab, opened, shown_bytes
from ui.page import build_page
from ui.theme import LOOK
from ui.visitors import Limits

SCENES = "?tab=scenes&scene=tiny&mode=sample&enlarge=0&count=1"
PAUSE_SECONDS = 0.2  # between two steps, once a scale is finished: on any machine there is time to leave and come back
FAILING = 13  # seed of a training that fails


def slowly(picture: str, config: TrainConfig, checkpoint: Checkpoint | None) -> Iterator[Progress]:
    """Trains in no hurry."""
    if config.seed == FAILING:
        raise RuntimeError("of another kind")
    with closing(train_scene(picture, config, "cpu", checkpoint)) as records:
        for record in records:
            yield record
            time.sleep(PAUSE_SECONDS if record.scene else 0)


@contextmanager
def running(tiny_folder: Path, limits: Limits) -> Iterator[str]:
    """Address of the app, in this process, with one tiny scene."""
    scenes = Models([str(tiny_folder)], [], ScenePipeline.from_pretrained)
    faces = Models([], [], FacePipeline.from_pretrained)
    page = build_page(faces, scenes, torch.device("cpu"), limits=limits, trainer=slowly)
    page.launch(**LOOK, prevent_thread_lock=True, server_port=free_port(), quiet=True)
    yield str(page.local_url)
    page.shut_down()


@pytest.fixture(scope="module")
def small_app(tiny_folder: Path) -> Iterator[str]:
    with running(tiny_folder, Limits()) as address:
        yield address


def upload(page: Page, picture: Path, iterations: int = 60) -> None:
    """Make all ready for a training."""
    expect(page.locator("#sample-status")).to_contain_text("1 picture in")
    open_tab(page, "Training")
    page.locator("#preset").get_by_text("Fast").click()
    page.locator("#picture input[type=file]").set_input_files(picture)
    opened(page, page.get_by_role("button", name="Advanced"))
    page.locator("#iterations input").fill(str(iterations))
    expect(page.locator("#prediction")).to_contain_text("on this device")


def train(page: Page, picture: Path) -> None:
    """Begin a training, and wait until its first scale is kept."""
    upload(page, picture)
    page.locator("#train").click()
    expect(page.locator("#train-status")).to_contain_text("scale 2 of 4")


def progress(page: Page) -> int:
    return int(page.locator("#train-status .bar").get_attribute("aria-valuenow") or 0)


def test_a_training_outlives_its_page_and_is_watched_by_its_link(small_app: str, browser: Browser, picture_file: Path):
    with new_page(browser, small_app + SCENES) as page:
        train(page, picture_file)
        expect(page).to_have_url(re.compile("tab=scenes&training=[0-9a-f]{16}$"))
        expect(page.locator("#strip figure").nth(1)).to_be_visible()  # every finished scale and the current
        plot = page.locator("#losses canvas, #losses svg").first
        expect(plot).to_be_visible()
        inner, outer = plot.bounding_box(), page.locator("#losses").bounding_box()
        assert inner and outer and inner["y"] + inner["height"] <= outer["y"] + outer["height"]  # the legend is its end
        before, address = progress(page), page.url
        page.goto(small_app)  # the browser remembers it, whatever the address says
        expect(page.locator("#train-status")).to_contain_text(re.compile("scale [234] of 4, .* left"))
        assert progress(page) >= before
        expect(page.locator("#live img")).to_be_visible()
        expect(page.locator("#picture img")).to_be_visible()
        expect(page.get_by_label("Fast · 128 px")).to_be_checked()
        expect(page.locator("#train")).to_be_disabled()

        with new_page(browser, address, width=390, height=844) as watcher:
            expect(watcher.locator("#train-status")).to_contain_text(re.compile("scale [234] of 4, .* left"))
            expect(watcher.locator("#live img")).to_be_visible()
            expect(watcher.locator("#stop")).to_be_disabled()  # it is another visitor's
            expect(watcher.locator("#train")).to_be_enabled()
            expect(watcher.locator("#use-scene")).to_be_hidden()
            page.locator("#stop").click()
            for each in (page, watcher):
                expect(each.locator("#train-status")).to_contain_text("scales are kept as discs;")
                each.locator("#use-scene").click()
                expect(each.locator("#scene input")).to_have_value("discs")
                expect(each.locator("#scene" if each is page else "#devices-gallery")).to_be_in_viewport()
                expect(each.locator("#devices-gallery img").first).to_be_visible()
                expect(each).to_have_url(re.compile("scene=discs-"))  # on every screen


@pytest.mark.soak
def test_a_training_whose_page_is_closed_ends_and_its_scene_is_found_again(
    tiny_folder: Path, browser: Browser, picture_file: Path
):
    """Though Gradio's cache has forgotten the upload."""
    with running(tiny_folder, Limits(unwatched_seconds=6)) as app, new_page(browser, app + SCENES) as page:
        train(page, picture_file)
        address = page.url
        page.goto("about:blank")
        deadline = time.monotonic() + 120
        while Stranger(app).call("health", [])[1][0]["trainings"]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        for file in Path(get_upload_folder()).rglob("*.png"):
            file.unlink()
        page.goto(address)
        expect(page.locator("#train-status")).to_contain_text("Stopped, as nobody watched it for 6 s: ")
        expect(page.get_by_label("Fast · 128 px")).to_be_checked()
        expect(page.locator("#use-scene")).to_be_visible()
        expect(page.locator("#live img")).to_be_visible()
        expect(page.locator("#picture img, .toast-wrap .error")).to_have_count(0)
        page.locator("#use-scene").click()
        expect(page.locator("#scenes-gallery")).to_contain_text("discs")
        expect(page.locator("#again")).to_be_visible()


def test_mistakes_are_explained_a_failure_is_told_and_a_stopped_training_gone_on_with(
    small_app: str, browser: Browser, picture_file: Path, page_of_text: Image.Image, tmp_path: Path
):
    with new_page(browser, small_app + SCENES) as page:
        expect(page.locator("#sample-status")).to_contain_text("1 picture in")
        open_tab(page, "Training")
        page.locator("#train").click()
        expect(page.get_by_text("there is no picture yet: upload one first")).to_be_visible()
        Image.new("RGB", (900, 40)).save(tmp_path / "thin.png")
        page.locator("#picture input[type=file]").set_input_files(tmp_path / "thin.png")
        expect(page.get_by_text("at most 8 times the shorter").first).to_be_visible()
        expect(page.locator("#train")).to_be_enabled()
        page_of_text.save(tmp_path / "page.png")
        page.locator("#picture input[type=file]").set_input_files(tmp_path / "page.png")
        expect(page.locator("#prediction")).to_contain_text("writing", ignore_case=True)

        upload(page, picture_file)
        page.locator("#train-seed input").fill(str(FAILING))
        page.locator("#train").click()
        expect(page.locator("#train-status")).to_contain_text("Nothing came of it: this failed here (RuntimeError)")
        expect(page.locator("#train")).to_be_enabled()

        held = list[Route]()

        def hold(route: Route) -> None:
            """Let what chooses the trained scene come late."""
            first = str(next(iter(route.request.post_data_json["data"]), ""))
            held.append(route) if first.startswith("discs-") else route.continue_()

        page.route("**/run/predict*", hold)
        page.locator("#train-seed input").fill("0")
        page.locator("#train").click()
        expect(page.locator("#stop")).to_be_enabled()
        expect(page.locator("#train")).to_be_disabled()
        expect(page.locator("#train-status")).to_contain_text("scale 2 of 4")
        page.locator("#stop").click()
        expect(page.locator("#train-status")).to_contain_text(
            re.compile("Stopped: [1-3] of 4 scales are kept as discs;")
        )
        expect(page.locator("#train")).to_be_enabled()
        page.locator("#resume").click()
        expect(page.locator("#train-status")).to_contain_text(re.compile("scale [234] of 4, .* left"))
        assert held


def test_a_finished_training_can_be_taken_away_and_brought_back_and_a_click_opens_what_was_shown(
    small_app: str, browser: Browser, picture_file: Path, tmp_path: Path
):
    sample = "#sample-gallery img"
    with new_page(browser, small_app + SCENES) as page:
        upload(page, picture_file, iterations=5)
        page.locator("#max-size input").fill("40")
        page.locator("#train").click()
        expect(page.locator("#train-status")).to_contain_text("Trained in")
        page.locator("#train").click()
        expect(page.locator("#train-status")).to_contain_text("Already trained: discs")
        open_tab(page, "Your photograph")
        expect(page.locator("#about")).to_contain_text("networks of 40 × 30 px")
        expect(page.locator("#about")).to_contain_text("lives 2 h")
        page.locator("button#sample").click()
        expect(link(page, "sample")).to_have_value(re.compile("scene=discs-"))
        address, first = link(page, "sample").input_value(), shown_bytes(page, sample)
        newer = downloaded(page, "#scene-download", tmp_path).rename(tmp_path / "newer.zip")
        elsewhere = page.context.new_page()
        elsewhere.goto(small_app + SCENES)
        choose_file(elsewhere, "#scene-upload", newer)
        expect(elsewhere.locator("#scenes-gallery")).to_contain_text("newer")
        for shown in ("tiny", "discs"):  # though there are more scenes by now
            page.locator("#scenes-gallery button").filter(has_text=shown).click()
            expect(page.locator("#about")).to_contain_text(shown)
        with new_page(browser, address) as other:  # somebody else, by the link
            expect(other.locator("#about")).to_contain_text("40 × 30 px")
            expect(other.locator("#sample-status")).to_contain_text("1 picture in")
            assert shown_bytes(other, sample) == first
            expect(other.locator("#scenes-gallery")).not_to_contain_text("discs")  # which is not theirs
            choose_file(other, "#scene-upload", newer)
            expect(other.locator("#scenes-gallery")).to_contain_text("newer")
            expect(other.locator("#scene input")).to_have_value("newer")
            open_tab(other, "New pictures")
            other.locator("button#sample").click()
            expect(link(other, "sample")).not_to_have_value(address)
            assert shown_bytes(other, sample) == first
