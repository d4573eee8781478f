import copy
import json

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.anchor import store_anchor
from darkroom.face_detector import detect_faces
from darkroom.seeds import seeded
from dcgan import FacePipeline, ModelError, Recipe
from dcgan.alignment import face_or_square
from dcgan.data import square
from dcgan.steadiness import steadiness


def pixels(images) -> np.ndarray:
    return np.stack([np.asarray(image) for image in images]).astype(int)


# -- drawing ----------------------------------------------------------------------------------------------------------


def test_face_i_of_a_seed_is_always_the_same(tiny_faces):
    many = tiny_faces.generate(tiny_faces.latents(70, seed=5))
    assert len(many) == 70 and all((image.size, image.mode) == ((64, 64), "RGB") for image in many)
    few = tiny_faces.generate_recipes([Recipe(5, 69), Recipe(5, 2)])
    assert np.abs(pixels(few) - pixels([many[69], many[2]])).max() <= 1  # batches round differently
    assert pixels(tiny_faces.generate(tiny_faces.latents(2, 6))).tolist() != pixels(many[:2]).tolist()


def test_truncation_makes_faces_more_alike_and_more_like_faces(shipped_faces):
    drawn = {t: shipped_faces.generate(shipped_faces.latents(100, 3, t)) for t in (1.0, 0.7, 0.0)}
    spread = [pixels(faces[:16]).std(0).mean() for faces in drawn.values()]
    assert spread[0] > spread[1] > 5 * spread[2]  # at 0 latents differ in their norms alone
    found = [sum(map(bool, map(detect_faces, drawn[t]))) for t in (1.0, 0.7)]
    assert found[0] <= found[1] == 100


def test_faces_torn_between_two_come_last(shipped_faces):
    """Planted: the left half is another face's, beyond a border that latents near it are torn at."""
    one, other = shipped_faces.render(shipped_faces.latents(2, 3)).split(1)
    left, direction = (torch.arange(64) < 32).float(), torch.eye(8)[2]

    def draw(z):
        share = torch.sigmoid(20 * z[:, 2, None, None, None]) * left
        return one + 0.1 * z[:, :1, None, None] + share * (other - one)

    z = torch.randn(64, 8, generator=seeded(1))
    z[::4, 2] = 0.02 * z[::4, 2]
    z[:, 2] += torch.where(torch.arange(64) % 4 > 0, z[:, 2].sign(), 0)
    last = steadiness(draw, z, direction).argsort()[:16]
    assert sorted(last.tolist()) == list(range(0, 64, 4))
    assert torch.equal(steadiness(draw, z.fill_(0), direction).unique(), steadiness(draw, z[:1], direction))


def test_the_steadiest_of_more_candidates_are_chosen_always_the_same(shipped_faces):
    chosen = shipped_faces.choose(8, 5, 0.9, best_of=4)
    assert chosen == sorted(chosen) and len(chosen) == 8 and shipped_faces.choose(8, 5) == list(range(8))
    z = shipped_faces.latents(32, 5, 0.9)
    scores, others = shipped_faces.steadiness(z), [i for i in range(32) if i not in chosen]
    assert scores[chosen].min() > scores[others].max()
    assert torch.equal(shipped_faces.latents(8, 5, 0.9, best_of=4), z[chosen])
    again = shipped_faces.with_attributes({})  # which has chosen nothing yet
    assert again.choose(8, 5, 0.9, best_of=4) == chosen
    flat = FacePipeline(again.config, copy.deepcopy(again.generator))
    for weights in flat.generator.parameters():
        weights.zero_()
    assert flat.choose(8, 5, best_of=4) == list(range(8))  # all are alike: the first count


def test_an_anchor_is_found_stored_and_loaded(tiny_faces, tmp_path):
    anchor = tiny_faces.anchor
    assert tiny_faces.stored_anchor is None and anchor.shape == (8,) and float(anchor.norm()) == pytest.approx(1)
    tiny_faces.save_pretrained(tmp_path)
    store_anchor(tmp_path, count=2)
    faces = FacePipeline.from_pretrained(tmp_path)
    anchor_of_two = tiny_faces.find_anchor(2)
    assert torch.equal(faces.anchor, anchor_of_two)
    assert torch.equal(faces.with_attributes({}).anchor, faces.anchor)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config.pop("anchor") == anchor_of_two.tolist()
    assert config == json.loads(json.dumps(tiny_faces.config_json()))
    for wrong in ([1.0], [2.0] * 8, ["x"] * 8, None):
        (tmp_path / "config.json").write_text(json.dumps({**config, "anchor": wrong}))
        with pytest.raises(ModelError, match="is damaged"):
            FacePipeline.from_pretrained(tmp_path)


def test_recipes_from_before_there_was_a_variety_keep_their_faces(shipped_faces):
    old = Recipe.from_dict({"seed": 7, "index": 3, "truncation": 0.7, "moves": {"smiling": 1.0}})
    z = torch.randn(64, generator=seeded(7, 3))
    assert torch.equal(shipped_faces.latent_of(old), shipped_faces.move(0.7 * z[None], {"smiling": 1.0}))
    assert torch.equal(shipped_faces.latents(4, 7)[3], z)
    assert torch.equal(shipped_faces.latent_of(Recipe(7, 3, variety=0.7)), shipped_faces.latents(4, 7, 0.7)[3:])


def test_number_formats_agree(shipped_faces):
    z = shipped_faces.latents(32, 3)
    exact = pixels(shipped_faces.generate(z))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = pixels(shipped_faces.generate(z))
    assert 0 < np.abs(rounded - exact).mean() <= 2


def test_bad_values_are_named(tiny_faces):
    f = tiny_faces
    for call, message in (
        (lambda: f.latents(0), "count is 0; allowed are 1"),
        (lambda: f.latents(1, 0, 1.1), "truncation is 1.1; allowed are 0 to 1"),
        (lambda: f.latents(1, best_of=65), "best_of is 65; allowed are 1 to 64"),
        (lambda: f.latents(100_000, best_of=2), "count x best_of is 200000; allowed are 1 to 100000"),
        (lambda: f.generate(torch.zeros(1, 9)), r"z has shape \(1, 9\); \(N, 8\) is needed"),
        (lambda: f.generate(torch.full((1, 8), torch.nan)), "not finite"),
        (lambda: f.move(torch.zeros(1, 8), {"wit": 1}), "direction is 'wit'; allowed are pc1, pc2"),
        (lambda: f.move(torch.zeros(1, 8), {"pc1": 11}), "pc1 is 11; allowed are -10"),
        (lambda: f.morph(torch.zeros(1, 8)), "faces to morph is 1; allowed are 2"),
        (lambda: f.near(f.latents(1), -1), "seed is -1; allowed are 0"),
        (lambda: f.near(f.latents(1), 0, 4), "angle is 4; allowed are 0"),
        (lambda: f.plane(f.latents(1), f.latents(2), f.latents(1)), "the corners hold 1, 2 and 1 latents; one each"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


# -- steering ---------------------------------------------------------------------------------------------------------


def test_moves_are_in_standard_deviations_of_z_and_keep_its_norm(tiny_faces):
    z = tiny_faces.latents(3)
    moved = tiny_faces.move(z, {"pc1": 2.0, "pc2": -1.0})
    expected = z + 2 * tiny_faces.directions["pc1"] - tiny_faces.directions["pc2"]
    assert torch.allclose(moved.norm(dim=1), z.norm(dim=1))  # far moves leave no shell
    assert torch.allclose(torch.cosine_similarity(moved, expected), torch.ones(3))
    assert torch.equal(tiny_faces.move(z, {"pc1": 0.0}), z)
    assert torch.equal(tiny_faces.move(z * 0, {"pc1": 2.0}), 2 * tiny_faces.directions["pc1"].expand(3, -1))
    recipe = Recipe(z=tuple(z[2].tolist()), moves={"pc1": 2.0, "pc2": -1.0})
    assert torch.equal(tiny_faces.latent_of(recipe), moved[2:])
    assert all(float(direction.norm()) == pytest.approx(1, abs=1e-5) for direction in tiny_faces.directions.values())


def test_a_morph_begins_and_ends_at_its_faces(tiny_faces):
    z = tiny_faces.latents(3)
    frames, ends = pixels(tiny_faces.morph(z, 9, loop=False)), pixels(tiny_faces.generate(z))
    assert np.abs(frames[[0, 4, 8]] - ends).max() <= 1
    assert len(tiny_faces.morph(z, 9, loop=True)) == 9


@pytest.mark.soak
def test_inversion_finds_the_face_in_a_photograph_again(shipped_faces):
    (face,) = shipped_faces.generate(shipped_faces.latents(1, 123))
    photograph = Image.new("RGB", (600, 400), "gray")
    photograph.paste(face.resize((180, 180)), (20, 30))
    cut, is_face = face_or_square(photograph)
    found = shipped_faces.invert(photograph)
    assert is_face and found.closeness > 0.6
    (again,) = shipped_faces.generate(found.z)
    difference = np.asarray(again).astype(float) - np.asarray(square(cut))
    assert np.sqrt((difference**2).mean()) == pytest.approx(found.error, abs=1)


def test_inversion_takes_any_picture_and_comes_nearer(tiny_faces):
    picture = Image.new("RGBA", (200, 90), (200, 30, 30, 255))
    *steps, result = tiny_faces.stream_invert(picture)
    assert [step.step for step in (*steps, result)] == list(range(10, result.steps + 1, 10))
    assert result.z.shape == (1, 8) and 0 <= result.closeness <= 1
    assert result.error <= steps[0].error < result.random_error


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_saved_model_draws_the_same(tiny_faces, tmp_path):
    faces = tiny_faces.with_attributes({"smiling": tiny_faces.directions["pc3"]})
    faces.save_pretrained(tmp_path / "one")
    again = FacePipeline.from_pretrained(tmp_path / "one")
    z = faces.latents(5)
    assert np.array_equal(pixels(again.generate(z)), pixels(faces.generate(z)))
    assert list(again.directions)[:2] == ["smiling", "pc1"]
    assert torch.equal(again.directions["smiling"], faces.directions["smiling"])
    assert again.fingerprint == faces.fingerprint and again.train_config == faces.train_config
    again.save_pretrained(tmp_path / "two")
    for name in ("config.json", "model.safetensors", "README.md"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    (tmp_path / "two" / "README.md").write_text("my card")
    faces.save_pretrained(tmp_path / "two")
    assert FacePipeline.from_pretrained(tmp_path / "two").card == "my card"


def test_missing_and_broken_files_are_named(tiny_faces, tmp_path):
    with pytest.raises(ModelError, match="is no trained face model: config.json is missing"):
        FacePipeline.from_pretrained(tmp_path)
    tiny_faces.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model": {"latent_dim": 0}}))
    with pytest.raises(ModelError, match="is damaged: latent_dim is 0"):
        FacePipeline.from_pretrained(tmp_path)
    with pytest.raises(ModelError, match="neither a folder nor a repository"):
        FacePipeline.from_pretrained(tmp_path / "none")
