"""Warnings of what a task will break in a picture."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from safetensors.torch import load_file

from benchmarks.windows import train
from benchmarks.windows.drawn import FONTS, words
from singan.concerns import expected_coherence, kinds, repetition, warnings
from singan.image import PictureError
from singan.windows import WEIGHTS, Windows
from tests.singan.test_importance import lawn, with_balls

SUBJECTS = ("astronaut.jpg", "dogs.jpg", "street.jpg")
EXAMPLES = sorted(it for it in (Path(__file__).parents[2] / "examples").glob("*.jpg") if it.name not in SUBJECTS)
WORDS = "A SinGAN knows the patches of one picture and not what they show, so that words come out as scribble. "


def page(ground: Image.Image, size: int, ink: str) -> Image.Image:
    """Lines of writing, `size` px high, on a picture."""
    page, font = ground.copy(), ImageFont.load_default(size)
    text = WORDS * 20
    for y in range(size, page.height - size, size * 3 // 2):
        start = y % 37
        ImageDraw.Draw(page).text((size, y), text[start : start + 2 * page.width // size], fill=ink, font=font)
    return page


def with_face(ground: Image.Image, face: Image.Image, side: int) -> Image.Image:
    picture = ground.copy()
    at = (picture.width - side) // 2, (picture.height - side) // 2
    picture.paste(face.resize((side, side), Image.Resampling.BICUBIC), at)
    return picture


def test_the_examples_are_no_faces_pages_or_objects() -> None:
    for path in EXAMPLES:
        allowed = {"brushes": ["object"], "stream": ["detail"]}  # a few large brushes that nothing resembles
        assert kinds(path) == allowed.get(path.stem, []), path.stem


def test_what_repeats_nothing_is_warned_of() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    assert kinds(noise) == ["detail"]
    assert kinds(np.tile(noise[:8, :8], (15, 20, 1))) == []


def test_faces_of_all_sizes_are_warned_of(shipped_faces) -> None:
    """From a third to all of the shorter side from chin to hair."""
    ground = Image.open(EXAMPLES[-1]).convert("RGB").resize((400, 300))
    faces = shipped_faces.generate(shipped_faces.latents(2, seed=5, truncation=0.7))
    found = [{"face", "object"} & set(kinds(with_face(ground, it, side))) for it in faces for side in (130, 250, 400)]
    assert sum(map(bool, found)) >= 5


def test_pages_and_posters_are_writing() -> None:
    for size, ground, ink in ((10, "white", "black"), (24, "#123", "#fd8"), (48, "white", "black")):
        assert kinds(page(Image.new("RGB", (640, 400), ground), size, ink)) == ["text"], size
    assert kinds(page(Image.open(EXAMPLES[0]).convert("RGB"), 20, "white")) == ["text"]


def test_flat_pictures_of_every_allowed_shape_have_no_concerns() -> None:
    for size in ((32, 32), (33, 190), (1600, 200), (40, 320)):
        assert kinds(Image.new("RGB", size, "#77a")) == []
    with pytest.raises(PictureError, match="20x20; both sides must be at least 32"):
        kinds(np.zeros((20, 20, 3), np.uint8))


def test_warnings_speak_of_the_task() -> None:
    ball = with_balls((150, 100), radius=80)
    assert kinds(with_balls((200, 100), radius=12)) == []  # a tiny one
    (trained,) = warnings(ball, "train")
    assert "a trained scene" in trained and "start scale" in trained
    assert warnings(ball, "keep")[0].startswith("mode keep does not know the photograph's subject and may break it")
    written = page(Image.new("RGB", (640, 400), "white"), 24, "black")
    assert "mode rearrange does not know the photograph's writing" in warnings(written, "rearrange")[0]
    assert warnings(lawn(), "keep") == warnings(lawn(), "rearrange") == []


def test_windows_are_32_px_every_4_and_their_weights_small() -> None:
    network = Windows().eval()
    assert network(torch.zeros(1, 1, 32, 32)).shape == (1, 2, 1, 1)
    assert network(torch.zeros(1, 1, 40, 36)).shape == (1, 2, 3, 2)
    assert WEIGHTS.stat().st_size < 200_000


def test_the_word_list_is_frozen() -> None:
    """Another list, or another order, would train another network."""
    assert hashlib.sha256(" ".join(words()).encode()).hexdigest()[:12] == "aca4e9c673fe"


@pytest.mark.soak
def test_training_repeats_itself_and_its_weights_load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_pattern_repeats_and_noise_does_not():
    tile = np.array(Image.fromarray(noise(4, 4)).resize((32, 32), Image.Resampling.BICUBIC))
    pattern, random = (repetition(Image.fromarray(pixels)) for pixels in (np.tile(tile, (4, 4, 1)), noise(128, 128)))
    assert all(a < 0.4 * b for a, b in zip(pattern, random, strict=True))
    assert pattern[2] < 0.01, "at 128 px the tiles are the same to the pixel"


def test_less_is_expected_of_what_repeats_less(picture):
    plain, noisy = Image.new("RGB", (128, 96), "#77a"), Image.fromarray(noise(128, 96))
    assert expected_coherence(plain) < expected_coherence(picture) < expected_coherence(noisy)
