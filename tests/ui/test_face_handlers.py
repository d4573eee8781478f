"""The Faces tab's handlers, without a page: the tools beyond the endpoints, and how they refuse."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from dcgan.alignment import Frame, aligned_face, framed
from dcgan.data import square
from dcgan.invert import LIKENESS
from dcgan.latent import snapped
from dcgan.recipe import Recipe
from tests.ui.test_links import OneModel
from ui.device import Device, Turn
from ui.faces.endpoints import FaceEndpoints
from ui.faces.handlers import MAX_BROWSER_SEED, NO_FACE, TABLE_COLUMNS, FaceHandlers

FACES = [Recipe(0, i).to_dict() for i in range(3)]


@pytest.fixture
def handlers(tiny_faces):
    return FaceHandlers(OneModel(tiny=tiny_faces), Device())


@pytest.fixture
def photograph(shipped_faces):
    """A face that fills a quarter of a picture's width."""
    around = Image.new("RGB", (800, 500), "gray")
    around.paste(shipped_faces.generate(shipped_faces.latents(1, 115))[0].resize((200, 200)), (500, 100))
    return around


def test_a_photographs_face_is_searched_in_steps_and_found(handlers, photograph, tmp_path):
    photograph.save(tmp_path / "me.png")
    *steps, last = handlers.find(str(tmp_path / "me.png"), None)
    shares = [step.report.share for step in steps]
    assert shares[0] == 0 and shares == sorted(shares) and shares[-1] == 1 and len(steps) == 21
    assert last.found.size == (64, 64) and last.wanted.tobytes() == aligned_face(photograph, 256).tobytes()
    assert last.report.text.startswith("Closeness ") and any(words in last.report.text for _, words in LIKENESS)
    assert len(last.face["z"]) == 8 and last.face["moves"] == {} and not any(step.face for step in steps)
    assert all(re.match(r"Looking for the nearest face(, \d+ s left)?$", step.report.text) for step in steps[1:])
    with handlers.drawn(Recipe.from_dict(last.face), None) as portrait, Image.open(portrait.picture) as drawn:
        assert drawn.tobytes() == last.found.tobytes()
    handlers.device.run(Turn.FACE, lambda: None)  # it is free again


def test_the_middle_of_a_picture_without_a_face_is_searched_which_is_said(handlers, picture_file):
    search = handlers.find(str(picture_file), None)
    for _ in range(3):
        next(search)
    search.close()  # the device is free again
    steps = list(handlers.find(str(picture_file), None))
    assert all(step.report.text.startswith(NO_FACE) for step in steps) and steps[-1].face
    assert steps[0].wanted.tobytes() == square(picture_file, 256).tobytes()


def test_a_face_is_framed_and_what_a_frame_holds_is_searched(handlers, photograph, tmp_path):
    photograph.save(tmp_path / "me.png")
    frame, tilted = handlers.frame(str(tmp_path / "me.png")), Frame(0.75, 0.4, 0.4, 10)
    assert 0.7 < frame.x < 0.8 and 0.3 < frame.y < 0.5 and 0.3 < frame.size < 0.5 and abs(frame.turn) < 10
    for held in (frame, tilted):
        search = handlers.find(str(tmp_path / "me.png"), None, held)
        assert next(search).wanted.tobytes() == framed(photograph, held, 256).tobytes()
        search.close()
        outlined = np.asarray(handlers.outlined(str(tmp_path / "me.png"), held).convert("L"))
        assert outlined.shape == (300, 480) and outlined[:100, :200].max() < 80 < outlined[120, 360]
    for name, value in (("x", -0.1), ("size", 0.0), ("turn", 91.0)):
        with pytest.raises(ValueError, match=f"{name} is {value}; allowed are"):
            Frame(**{name: value})
    Image.new("RGB", (64, 48)).save(tmp_path / "no.png")
    assert handlers.frame(str(tmp_path / "no.png")) is None


def test_a_surprise_is_a_face_and_the_steadiest_of_those(shipped_faces):
    """Of what lies near this broken face, the detector takes the first to be one with seed 3."""
    handlers, broken = FaceHandlers(OneModel(faces=shipped_faces), Device()), Recipe(0, 9)
    found = handlers.near(broken.to_dict(), None, 0)
    latents = torch.cat([shipped_faces.latent_of(it) for it in (Recipe.from_dict(found), broken)])
    face, none = shipped_faces.detect(latents)
    assert face > 0.9 and none == 0
    near = [snapped(shipped_faces.near(shipped_faces.latent_of(Recipe(0, 0)), seed)) for seed in range(5, 9)]
    steadiest = near[int(shipped_faces.steadiness(torch.cat(near)).argmax())]
    assert handlers.near(FACES[0], None, 5)["z"] == steadiest[0].tolist()
    one, same, other = (handlers.near(FACES[0], None, seed) for seed in (5, 5, 9))
    assert one == same != other and handlers.near(FACES[0], None) != handlers.near(FACES[0], None)


def test_missing_faces_are_named(handlers):
    for pins, names in (([None] * 3, "A, B and C"), ([FACES[0], None, None], "B and C"), ([*FACES[:2], None], "C")):
        for tool in (handlers.combine, lambda *asked: list(handlers.map(*asked))):
            with pytest.raises(ValueError, match=f"no face is kept as {names} yet: A, B and C are needed"):
                tool(pins, None)


def test_a_latent_is_edited_in_a_table(handlers, tiny_faces):
    recipe = Recipe(3, 1, 0.7, {"pc1": 1.0})
    exact = tiny_faces.latent_of(recipe)[0].tolist()
    with handlers.drawn(recipe, None) as portrait:
        table = portrait.table
    assert [len(row) for row in table] == [TABLE_COLUMNS]
    table[0][2] = "1.25"
    edited = handlers.edit_latent(table, None)
    expected = snapped(torch.tensor([[*exact[:2], 1.25, *exact[3:]]]))[0].tolist()
    assert edited["z"] == expected and edited["moves"] == {}
    for value, message in (
        ("many", "is 'many'; a number is needed"), (None, "is None"), ("", "is ''"), ("11", "is 11.0; allowed are -10"),
        ("nan", "is nan; allowed are"),
    ):  # fmt: skip
        table[0][2] = value
        with pytest.raises(ValueError, match=f"an entry of the latent {message}"):
            handlers.edit_latent(table, None)
    with pytest.raises(ValueError, match="holds 3 numbers; 8 are needed"):
        handlers.edit_latent([["1", "2", "3"]], None)


def test_a_face_is_drawn_large_with_its_recipe_and_seeds_too_large_for_a_browser_come_as_latents(handlers, tiny_faces):
    for seed in (3, MAX_BROWSER_SEED + 1):
        recipe = Recipe(seed, 1, 0.7, {"pc1": 1.0})
        with handlers.drawn(recipe, None, 512) as portrait:
            with Image.open(portrait.picture) as large:
                assert large.size == (512, 512)
            (loaded,) = handlers.load(portrait.picture, None)
        again = Recipe.from_dict(loaded.recipes[0])
        assert (again == recipe) == (seed == 3) == (again.z is None) and loaded.report.text == "1 face"
        assert dict(again.moves) == {"pc1": 1.0}
        assert torch.equal(tiny_faces.latent_of(again), tiny_faces.latent_of(recipe))


def test_bad_values_are_named(handlers):
    ask = FaceEndpoints(handlers)
    morph = {"faces": FACES, "frames": 60, "loop": True, "fps": 20, "format": "mp4", "model": None}
    for call, message in (
        (lambda: handlers.load(None, None), "there is no file yet"),
        (lambda: handlers.find(None, None), "no photograph yet"),
        (lambda: handlers.near(Recipe(truncation=0).to_dict(), None), "the latent is 0"),
        (lambda: ask.morph_faces(morph | {"faces": FACES[:1]}), "choose A and B first"),
        (lambda: ask.morph_faces(morph | {"format": "avi"}), "format is 'avi'; allowed are mp4, gif"),
    ):
        with pytest.raises(ValueError, match=message):
            list(call())
