import json
import random
import tracemalloc
import zipfile

import pytest
from PIL import Image, ImageColor

from dcgan.export import contact_sheet
from dcgan.recipe import MAX_JSON_BYTES, Recipe, RecipeError, load_recipes, save_png, save_zip

MODEL = {"name": "tiny", "fingerprint": "0123456789ab", "latent_dim": 2}
RECIPES = [
    Recipe(7, 3, 0.8, {"smiling": 1.5}),
    Recipe(2**62, 0, variety=0.7),
    Recipe(moves={"pc1": -2.0}, z=(0.1, -1.0 / 3)),
]
FACES = [Image.new("RGB", (64, 64), (40 * i, 0, 0)) for i in range(3)]


def test_a_recipe_survives_json_and_png(tmp_path):
    for recipe in RECIPES:
        assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
        save_png(FACES[1], recipe, MODEL, str(tmp_path / "face.png"))
        assert load_recipes(str(tmp_path / "face.png")) == ([recipe], MODEL)
    with Image.open(tmp_path / "face.png") as image:
        assert image.tobytes() == FACES[1].tobytes()


def test_a_zip_holds_pictures_and_recipes(tmp_path):
    save_zip(FACES, RECIPES, MODEL, str(tmp_path / "faces.zip"))
    assert load_recipes(str(tmp_path / "faces.zip")) == (RECIPES, MODEL)
    with zipfile.ZipFile(tmp_path / "faces.zip") as archive:
        assert archive.namelist() == ["face_0000.png", "face_0001.png", "face_0002.png", "latents.json"]
        archive.extractall(tmp_path)
    assert load_recipes(tmp_path / "latents.json") == (RECIPES, MODEL)
    assert load_recipes(tmp_path / "face_0002.png") == ([RECIPES[2]], MODEL)


def test_missing_keys_have_defaults_and_zero_moves_vanish():
    assert Recipe.from_dict({}) == Recipe(0, 0, 1.0, {})
    assert Recipe.from_dict({"seed": 3.0, "moves": {"smiling": 0, "age": 1}}) == Recipe(3, moves={"age": 1.0})


def test_bad_recipes_are_named():
    for values, message in (
        (None, "a face's recipe is None; an object"),
        ({"seed": 1.5}, "seed is 1.5; a whole number"),
        ({"seed": "7"}, r"seed is '7' \(str\); a number"),
        ({"seed": True}, r"seed is True \(bool\); a number"),
        ({"seed": 10**5000}, "seed is a int of very many digits; allowed are"),
        ({"index": 1e9}, "index is 1000000000.0; allowed are 0 to 1000000"),
        ({"truncation": 3}, "truncation is 3.*allowed are 0 to 2"),
        ({"variety": 1.1}, "variety is 1.1; allowed are 0 to 1"),
        ({"moves": {"smiling": 11}}, r"moves\['smiling'\] is 11.*allowed are -10"),
        ({"moves": {str(i): 1 for i in range(1001)}}, "moves has 1001 entries; at most 1000"),
        ({"moves": {"x" * 101: 1}}, "a direction's name is 'xxx.*at most 100 characters"),
        ({"z": [0, None]}, "an entry of z is None"),
        ({"z": []}, r"z is \[\]; a list"),
        ({"z": [0.0] * 1025}, "z has 1025 entries; at most 1024"),
    ):
        with pytest.raises(ValueError, match=message):
            Recipe.from_dict(values)


NESTED: list = []
for _ in range(100_000):
    NESTED = [NESTED]
ODD = (
    None, True, 0, -1, 0.5, 1e308, float("nan"), float("-inf"), -(10**400), "", "1", "x" * 10**6, "line\nbreak",
    [], {}, [None], [[]], [0.5] * 3, [float("nan")], ["a"] * 2000, {"": 1}, {"a": {"b": []}}, {"a\nb": "c\nd"},
    {"a" * 1000: 1}, NESTED, {"moves": {"a": 1}},
)  # fmt: skip
KEYS = ("seed", "index", "truncation", "moves", "variety", "z")


def test_any_value_in_any_place_is_a_recipe_or_one_sentence():
    rng = random.Random(0)
    places = [lambda v: v, *(lambda v, key=key: {key: v} for key in KEYS)]
    places += [lambda v: {"moves": {"smiling": v}}, lambda v: {"moves": {"a": 1, "b": v}}, lambda v: {"z": [0.5, v]}]
    values = [place(odd) for place in places for odd in ODD]
    values += [{key: rng.choice(ODD) for key in KEYS} for _ in range(500)]
    for value in values:
        try:
            recipe = Recipe.from_dict(value)
        except ValueError as error:
            assert len(str(error)) < 300 and "\n" not in str(error), error
        else:
            assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict(), allow_nan=False))) == recipe


def zipped(path, content, name="latents.json", method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(name, content)


def declared_smaller(path):
    """Its entry says 100 bytes; it unpacks to 48 MB."""
    zipped(path, b" " * 48_000_000)
    content = path.read_bytes()
    path.write_bytes(content.replace((48_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little")))


LARGE = b'{"seed": 1, "more": "' + b"x" * MAX_JSON_BYTES + b'"}'
FILES = {
    "plain.png": (FACES[0].save, "plain.png is a picture without a recipe"),
    "plain.jpg": (FACES[0].save, "plain.jpg is neither a PNG, a ZIP nor a latents.json"),
    "empty.json": (lambda path: path.write_text('{"faces": []}'), "empty.json holds no recipe"),
    "other.zip": (lambda path: zipped(path, "a", "a.txt"), "other.zip is a ZIP without latents.json"),
    "large.json": (lambda path: path.write_bytes(LARGE), "MB of JSON; at most"),
    "many.json": (lambda path: path.write_text(json.dumps({"faces": [{}] * 1001})), "holds 1001 faces; at most 1000"),
    "digits.json": (lambda path: path.write_text('{"seed": ' + "9" * 4000 + "}"), "4000 digits"),
    "nan.json": (lambda path: path.write_text('{"truncation": NaN}'), "NaN is no number"),
    "infinite.json": (lambda path: path.write_text('{"z": [1e999]}'), "an entry of z is inf"),
    "deep.json": (lambda path: path.write_text('{"moves": ' + "[" * 100_000), "nested too deeply"),
    "latin.json": (lambda path: path.write_bytes('{"name": "é"}'.encode("latin-1")), "not UTF-8"),
    "large.zip": (lambda path: zipped(path, LARGE), "MB of JSON; at most"),
    "lying.zip": (declared_smaller, "latents.json in lying.zip is damaged"),
    "bzip.zip": (lambda path: zipped(path, b" ", method=zipfile.ZIP_BZIP2), "packed by a method"),
    "text.png": (
        lambda path: save_png(FACES[0], RECIPES[0], {"name": "x" * MAX_JSON_BYTES}, path),
        "MB of JSON; at most|too large",
    ),
    "cut.png": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 30), "is damaged"),
    "folder": (lambda path: path.mkdir(), "Is a directory"),
}  # fmt: skip


def test_other_files_are_named_and_read_no_further_than_64_faces_need(tmp_path):
    for name, (make, message) in FILES.items():
        make(tmp_path / name)
        tracemalloc.start()
        try:
            with pytest.raises(RecipeError, match=message) as caught:
                load_recipes(tmp_path / name)
            assert tracemalloc.get_traced_memory()[1] < 40e6 and len(str(caught.value)) < 300
        finally:
            tracemalloc.stop()


def test_64_faces_with_all_that_a_model_can_have_are_within_the_bounds(tmp_path):
    rng = random.Random(0)
    z = tuple(rng.gauss(0, 1) for _ in range(1024))
    recipes = [Recipe(moves={f"pc{i}": rng.gauss(0, 1) for i in range(200)}, z=z)] * 64
    save_zip([FACES[0]] * 64, recipes, MODEL, tmp_path / "faces.zip")
    assert load_recipes(tmp_path / "faces.zip") == (recipes, MODEL)


def test_what_a_file_says_of_its_model_is_short(tmp_path):
    model = {"name": "x" * 1000, "fingerprint": {"a": 1}, "latent_dim": 8, "more": "y"}
    (tmp_path / "face.JSON").write_text(json.dumps({"seed": 1, "model": model}))
    assert load_recipes(tmp_path / "face.JSON") == ([Recipe(1)], {"latent_dim": 8})


def test_text_behind_a_picture_is_found(tmp_path):
    """Programs that rewrite a PNG may put its text at the end."""
    save_png(FACES[0], RECIPES[0], MODEL, tmp_path / "face.png")
    content = (tmp_path / "face.png").read_bytes()
    start = content.index(b"tEXt") - 4
    length = int.from_bytes(content[start : start + 4], "big") + 12
    text, end = content[start : start + length], content.index(b"IEND") - 4
    (tmp_path / "moved").write_bytes(content[:start] + content[start + length : end] + text + content[end:])
    assert load_recipes(tmp_path / "moved") == ([RECIPES[0]], MODEL)


def test_a_contact_sheet_fills_row_by_row():
    colours = ("red", "lime", "blue", "white", "yellow", "black")  # the last is what stays empty
    sheet = contact_sheet([Image.new("RGB", (64, 64), colour) for colour in colours[:5]], columns=2)
    assert sheet.size == (128, 192)
    for i, colour in enumerate(colours):
        assert sheet.getpixel((i % 2 * 64 + 10, i // 2 * 64 + 10)) == ImageColor.getrgb(colour)
