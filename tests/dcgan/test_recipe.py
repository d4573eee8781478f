import json
import zipfile

import pytest
from PIL import Image

from dcgan.recipe import Recipe, RecipeError, load_recipes, save_png, save_zip

MODEL = {"name": "tiny", "fingerprint": "0123456789ab", "latent_dim": 2}
RECIPES = [Recipe(7, 3, 0.8, {"smiling": 1.5}), Recipe(2**62, 0), Recipe(moves={"pc1": -2.0}, z=(0.1, -1.0 / 3))]
FACES = [Image.new("RGB", (64, 64), (40 * i, 0, 0)) for i in range(3)]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_survives_json_and_png(recipe, tmp_path):
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    save_png(FACES[1], recipe, MODEL, tmp_path / "face.png")
    assert load_recipes(tmp_path / "face.png") == ([recipe], MODEL)
    with Image.open(tmp_path / "face.png") as image:
        assert image.tobytes() == FACES[1].tobytes()


def test_a_zip_holds_pictures_and_recipes(tmp_path):
    save_zip(FACES, RECIPES, MODEL, tmp_path / "faces.zip")
    assert load_recipes(tmp_path / "faces.zip") == (RECIPES, MODEL)
    with zipfile.ZipFile(tmp_path / "faces.zip") as archive:
        assert archive.namelist() == ["face_0000.png", "face_0001.png", "face_0002.png", "latents.json"]
        archive.extractall(tmp_path)
    assert load_recipes(tmp_path / "latents.json") == (RECIPES, MODEL)
    assert load_recipes(tmp_path / "face_0002.png") == ([RECIPES[2]], MODEL)


def test_missing_keys_have_defaults_and_zero_moves_vanish():
    assert Recipe.from_dict({}) == Recipe(0, 0, 1.0, {})
    assert Recipe.from_dict({"seed": 3.0, "moves": {"smiling": 0, "age": 1}}) == Recipe(3, moves={"age": 1.0})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (None, "a face's recipe is None; an object"),
        ({"seed": -1}, "seed is -1.*allowed are 0 to"),
        ({"seed": 1.5}, "seed is 1.5; a whole number"),
        ({"seed": "7"}, "seed is '7'; a number"),
        ({"seed": True}, "seed is True; a number"),
        ({"index": 1e9}, "index is 1000000000.0; allowed are 0 to 1000000"),
        ({"truncation": 3}, "truncation is 3.*allowed are 0 to 2"),
        ({"truncation": float("nan")}, "truncation is nan"),
        ({"moves": [1]}, r"moves is \[1\]; an object"),
        ({"moves": {"smiling": 11}}, r"moves\['smiling'\] is 11.*allowed are -10"),
        ({"moves": {"smiling": "much"}}, r"moves\['smiling'\] is 'much'; a number"),
        ({"z": "0,1"}, "z is '0,1'; a list"),
        ({"z": [0, None]}, "an entry of z is None"),
    ],
)
def test_bad_recipes_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        Recipe.from_dict(values)


def test_files_without_recipes_say_so(tmp_path):
    FACES[0].save(tmp_path / "plain.png")
    FACES[0].save(tmp_path / "plain.jpg")
    (tmp_path / "empty.json").write_text('{"faces": []}')
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "list.json").write_text("[1]")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    for name, message in (
        ("plain.png", "is a picture without a recipe"),
        ("plain.jpg", "neither a PNG, a ZIP nor a latents.json"),
        ("empty.json", "holds no recipe"),
        ("bad.json", "holds no recipe"),
        ("list.json", "holds no recipe"),
        ("other.zip", "holds no recipe"),
    ):
        with pytest.raises(RecipeError, match=f"{name} .*{message}|{name} {message}"):
            load_recipes(tmp_path / name)
