"""Tiny pictures, a tiny trained scene and tiny trained faces; real networks, real training, seconds."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:  # threads of several workers on the same cores wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch reads it when it is imported; the tests' processes inherit it

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, expect, sync_playwright

import dcgan
import singan
from benchmarks.servers import running_app
from dcgan import FacePipeline
from dcgan.checkpoint import save_checkpoint as save_faces
from singan import PRESETS, ScenePipeline
from singan.checkpoint import Checkpoint, save_checkpoint
from tests.browser import CHROMIUM, SWITCHES
from tests.hub import Hub, running_hub

# What takes longest, and begins: with what is left in the end, `make test` keeps both of its workers busy.
LONGEST = ("test_scenes_page", "test_watching", "test_page", "test_faces_page", "test_endpoints", "test_docs")
CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"

expect.set_options(timeout=120_000)  # slower machines, with other work, are to pass; what has a limit says so itself


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A server that speaks the Hub's protocol."""
    with running_hub() as hub:
        yield hub


@pytest.fixture(scope="session")
def picture() -> Image.Image:
    """64x48: a gradient sky, a textured ground and a few discs."""
    rng = np.random.default_rng(0)
    pixels = np.empty((48, 64, 3))
    pixels[:] = np.linspace(230, 120, 48)[:, None, None]
    pixels[28:] = (70, 110, 50) + rng.normal(0, 25, (20, 64, 1))
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for x in (10, 30, 52):
        draw.ellipse((x - 5, 22, x + 5, 32), fill=(190, 60, 40))
    return image


@pytest.fixture(scope="session")
def picture_file(picture, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("picture") / "discs.png"
    picture.save(path)
    return path


@pytest.fixture(scope="session")
def tiny_config() -> singan.TrainConfig:
    """Three scales of 4 channels, 6 iterations each."""
    coarse = {"coarse_scales": 1, "coarse_iterations": 1.0, "settled": 0.0}
    return replace(PRESETS["fast"], scales=3, iterations=6, channels=4, max_channels=4, crop=24, pool=4, **coarse)


@pytest.fixture(scope="session")
def tiny_records(picture, tiny_config) -> list[singan.Progress]:
    return list(singan.train(picture, tiny_config, device="cpu"))


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_records) -> Checkpoint:
    return tiny_records[-1].checkpoint


@pytest.fixture(scope="session")
def tiny_scene(tiny_checkpoint) -> ScenePipeline:
    return tiny_checkpoint.scene


@pytest.fixture(scope="session")
def tiny_folder(tiny_checkpoint, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scene") / "tiny"
    save_checkpoint(tiny_checkpoint, folder)
    return folder


@pytest.fixture(scope="session")
def shipped() -> ScenePipeline:
    """The shipped scene `peaks`."""
    return ScenePipeline.from_pretrained(CHECKPOINTS / "peaks")


@pytest.fixture(scope="session")
def tiny_images() -> torch.Tensor:
    """64 discs of random colours and places, uint8 (64, 3, 64, 64)."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    pictures = []
    for _ in range(64):
        centre, background, colour = rng.uniform(20, 44, 2), rng.uniform(0, 255, 3), rng.uniform(0, 255, 3)
        inside = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < rng.uniform(8, 20) ** 2
        pictures.append(np.where(inside[..., None], colour, background))
    return torch.from_numpy(np.stack(pictures).astype(np.uint8)).permute(0, 3, 1, 2).contiguous()


@pytest.fixture(scope="session")
def tiny_train_config() -> dcgan.TrainConfig:
    """Networks of a width of 4, 8 iterations with a checkpoint in the middle."""
    model = replace(dcgan.PRESETS["standard"].model, latent_dim=8, width=4, discriminator_width=4)
    return replace(dcgan.PRESETS["standard"], model=model, batch=8, iterations=8, snapshot_every=4, quality_images=32)


@pytest.fixture(scope="session")
def tiny_faces_folder(tiny_images, tiny_train_config, tmp_path_factory) -> Path:
    """A trained face model with its training state."""
    folder = tmp_path_factory.mktemp("faces") / "tiny"
    *_, last = dcgan.train(tiny_images, tiny_train_config, device="cpu")
    save_faces(last.checkpoint, folder)
    return folder


@pytest.fixture
def tiny_faces(tiny_faces_folder) -> FacePipeline:
    return FacePipeline.from_pretrained(tiny_faces_folder)


@pytest.fixture(scope="session")
def shipped_faces() -> FacePipeline:
    """The shipped face model."""
    return FacePipeline.from_pretrained(CHECKPOINTS / "faces")


@pytest.fixture(scope="session")
def page_of_text() -> Image.Image:
    """A printed page, 480x640."""
    page = Image.new("RGB", (480, 640), "white")
    draw = ImageDraw.Draw(page)
    for i in range(24):
        draw.text((30, 20 + 25 * i), "The quick brown fox jumps over the lazy dog", fill="black", font_size=19)
    return page


@pytest.fixture(scope="module")  # Playwright's event loop is in the way of other modules' own
def browser() -> Iterator[Browser]:
    """Debian's Chromium; a test that cannot find it fails."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def app(tmp_path_factory) -> Iterator[str]:
    """Address of the app with the shipped scenes, one for all tests of a worker; it leaves no files behind."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "tmp").mkdir()
    places = {"XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(folder / "tmp")}
    with running_app(folder / "log.txt", **places) as address:
        yield address
    assert not list((folder / "tmp").glob("*"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; of the rest, with the tests that start servers and processes."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (places.get(item.path.stem, len(places)), item.path.parent.name != "tests"))
