import hashlib
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from safetensors.torch import load_file

from singan.image import PictureError
from singan.suitability import LIMITS, concerns, train
from singan.suitability.drawn import FONTS, words
from singan.suitability.network import WEIGHTS, Windows
from singan.suitability.objects import border_distance, object_contrast

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.jpg"))
WORDS = "A SinGAN knows the patches of one picture and not what they show, so that words come out as scribble. "


def kinds(picture) -> set[str]:
    return {concern.kind for concern in concerns(picture)}


def page(ground: Image.Image, size: int, ink: str) -> Image.Image:
    """Lines of writing, `size` px high, on a picture."""
    page, font = ground.copy(), ImageFont.load_default(size)
    text = WORDS * 20
    for y in range(size, page.height - size, size * 3 // 2):
        start = y % 37
        ImageDraw.Draw(page).text((size, y), text[start : start + 2 * page.width // size], fill=ink, font=font)
    return page


def disc(ground: Image.Image, radius: float, *centres: tuple[float, float]) -> Image.Image:
    picture = ground.copy()
    for x, y in centres:
        ImageDraw.Draw(picture).ellipse((x - radius, y - radius, x + radius, y + radius), fill=(200, 40, 30))
    return picture


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_no_faces_pages_or_objects(path):
    assert kinds(path) <= ({"detail"} if path.stem in ("brushes", "stream") else set())


def test_what_repeats_nothing_is_warned_of():
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    assert kinds(noise) == {"detail"}
    assert kinds(np.tile(noise[:8, :8], (15, 20, 1))) == set()


def test_generated_faces_are_found(shipped_faces):
    """Of the face model in the repository, 256 px in a landscape of 512x341."""
    faces = shipped_faces.generate(shipped_faces.latents(20, seed=3, truncation=0.8))
    found = 0
    for i, face in enumerate(faces):
        scene = Image.open(EXAMPLES[0]).convert("RGB")
        scene.paste(face.resize((256, 256), Image.Resampling.BICUBIC), (i * 12, i * 4))
        found += "face" in kinds(scene)
    assert found >= 16


@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
def test_faces_of_all_sizes_are_found(shipped_faces, share):
    """`share` of the shorter side from chin to hair, in a picture of 400x300."""
    side = round(300 * share / 0.75)
    faces = shipped_faces.generate(shipped_faces.latents(10, seed=5, truncation=0.7))
    found = 0
    for face in faces:
        scene = Image.open(EXAMPLES[-1]).convert("RGB").resize((400, 300))
        scene.paste(face.resize((side, side), Image.Resampling.BICUBIC), ((400 - side) // 2, (300 - side) // 2))
        found += "face" in kinds(scene)
    assert found >= 8


@pytest.mark.parametrize("size", [10, 24, 60])
@pytest.mark.parametrize(("ground", "ink"), [("white", "black"), ("#123", "#fd8")])
def test_pages_are_writing(size, ground, ink):
    assert "text" in kinds(page(Image.new("RGB", (640, 400), ground), size, ink))


@pytest.mark.parametrize("size", [20, 48])
def test_posters_are_writing(size):
    assert "text" in kinds(page(Image.open(EXAMPLES[0]).convert("RGB"), size, "white"))


@pytest.mark.parametrize("radius", [40, 90, 140])
def test_a_disc_on_a_gradient_is_an_object(radius):
    ground = Image.linear_gradient("L").resize((480, 360)).convert("RGB")
    assert kinds(disc(ground, radius, (250, 170))) == {"object"}


def test_a_crowd_is_no_object():
    centres = [(x, y) for x in range(60, 480, 90) for y in range(50, 360, 85)]
    assert object_contrast(disc(Image.new("RGB", (480, 360), "white"), 25, *centres)) == 0


def test_layers_are_no_object():
    """Sky, hills and meadow, however different, all reach the border."""
    picture = Image.new("RGB", (480, 360), "#8bf")
    ImageDraw.Draw(picture).polygon([(0, 200), (150, 90), (300, 180), (480, 110), (480, 360), (0, 360)], fill="#543")
    ImageDraw.Draw(picture).rectangle((0, 280, 480, 360), fill="#5a3")
    assert kinds(picture) == set()


def test_border_distance_by_hand():
    """The way out of a walled court leads over the wall, or through its gate."""
    colours = np.zeros((7, 7, 3))
    colours[1:6, 1:6, 0] = 10
    colours[2:5, 2:5, 0] = 4
    expected = np.zeros((7, 7))
    expected[1:6, 1:6] = 10  # out of the court too: over the wall colours span 0 to 10
    assert np.array_equal(border_distance(colours), expected)
    colours[3, 1, 0] = 3  # the gate
    expected[2:5, 2:5], expected[3, 1] = 4, 3
    assert np.array_equal(border_distance(colours), expected)


@pytest.mark.parametrize("size", [(32, 32), (33, 190), (1600, 200), (40, 320)])
def test_flat_pictures_of_every_allowed_shape_have_no_concerns(size):
    assert concerns(Image.new("RGB", size, "#77a")) == []


def test_pictures_are_taken_as_training_takes_them():
    array = np.asarray(disc(Image.new("RGB", (300, 300), "white"), 80, (150, 150)))
    assert kinds(array) == {"object"}
    with pytest.raises(PictureError, match="20x20; both sides must be at least 32"):
        concerns(np.zeros((20, 20, 3), np.uint8))


def test_a_face_is_not_also_an_object(shipped_faces):
    ground = Image.new("RGB", (400, 400), "white")
    ground.paste(
        shipped_faces.generate(shipped_faces.latents(1, seed=5, truncation=0.7))[0].resize((256, 256)), (72, 72)
    )
    assert object_contrast(ground) > 3 and kinds(ground) == {"face"}


def test_a_concern_says_what_was_measured():
    (concern,) = concerns(page(Image.new("RGB", (640, 400), "white"), 24, "black"))
    assert concern.kind == "text" and 1 >= concern.value > concern.limit == LIMITS["text"]


def test_windows_are_32_px_every_4():
    network = Windows().eval()
    assert network(torch.zeros(1, 1, 32, 32)).shape == (1, 2, 1, 1)
    assert network(torch.zeros(1, 1, 40, 36)).shape == (1, 2, 3, 2)


def test_weights_are_small():
    assert WEIGHTS.stat().st_size < 200_000


def test_the_largest_pictures_take_little_time():
    picture = Image.open(EXAMPLES[0]).convert("RGB").resize((6000, 4000))
    concerns(EXAMPLES[0])  # reads the weights
    started = time.perf_counter()
    concerns(picture)
    assert time.perf_counter() - started < 5  # 0.3 s on one free core


def test_the_word_list_is_frozen():
    """Another list, or another order, would train another network."""
    assert hashlib.sha256(" ".join(words()).encode()).hexdigest()[:12] == "aca4e9c673fe"


def test_training_repeats_itself_and_its_weights_load(monkeypatch, tmp_path):
    if not FONTS.is_dir():
        pytest.skip("there are no fonts to write with")
    few = {"ROUNDS": 2, "STEPS": 2, "BATCH": 4, "WRITTEN": 20, "EMPTY": 10, "PLAIN": 50, "HARD_TEXTURES": 1}
    for name, value in few.items():
        monkeypatch.setattr(train, name, value)
    scenes = [Image.open(EXAMPLES[0]).convert("RGB").resize((128, 96))]
    faces = [face.resize((64, 64)) for face in scenes]
    for name in ("a", "b"):
        train.save_windows(train.train(scenes, faces), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    Windows().load_state_dict({name: value.float() for name, value in load_file(tmp_path / "a").items()})
