"""Functions that take a path take it as a text, too."""

from PIL import Image

from darkroom.animations import save_animation
from dcgan.data import load, prepare, write_set
from dcgan.recipe import Recipe, load_recipes, save_png, save_zip
from dcgan.uses import Sample
from singan.checkpoint import load_zip
from singan.checkpoint import save_zip as save_scene

FACE = Image.new("RGB", (64, 64), "#806040")


def test_sets_are_prepared_and_read(tmp_path):
    (tmp_path / "photographs").mkdir()
    FACE.save(tmp_path / "photographs" / "a.png")
    folder, archive = str(tmp_path / "photographs"), str(tmp_path / "new" / "faces.zip")
    assert write_set(prepare([folder]), archive) == 1
    assert load(archive).images.shape == load(folder).images.shape == (1, 3, 64, 64)


def test_faces_and_their_recipes_are_written_and_read(tmp_path):
    recipe = Recipe(7, 2)
    save_png(FACE, recipe, {}, str(tmp_path / "a.png"))
    save_zip([FACE], [recipe], {}, str(tmp_path / "a.zip"))
    for name in ("a.png", "a.zip"):
        assert load_recipes(str(tmp_path / name))[0] == [recipe]
    save_animation([FACE, FACE], str(tmp_path / "a.GIF"))
    Sample(seed=7, count=1).write([FACE], str(tmp_path))
    assert (tmp_path / "a.GIF").stat().st_size and list(tmp_path.glob("seed7*.png"))


def test_scenes_are_packed_and_unpacked(tiny_scene, tmp_path):
    (tmp_path / "unpacked").mkdir()
    save_scene(tiny_scene, str(tmp_path / "a.zip"))
    assert load_zip(str(tmp_path / "a.zip"), str(tmp_path / "unpacked")).scales == tiny_scene.scales
