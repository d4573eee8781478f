import io

import numpy as np
import pytest
from PIL import Image

import singan
from darkroom.model_files import ModelError
from singan import ScenePipeline
from singan.photograph import MAX_BYTES, Photograph


def jpeg(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, format="JPEG")
    return file.getvalue()


def test_a_training_keeps_the_photograph_at_its_own_size(tiny_config, picture, tmp_path):
    large = picture.resize((320, 240))
    *_, last = singan.train(large, tiny_config, device="cpu")
    assert last.scene.photograph.size == (320, 240) and last.scene.size == (128, 96)
    last.scene.save_pretrained(tmp_path)
    loaded = ScenePipeline.from_pretrained(tmp_path)
    assert loaded.photograph.data == last.scene.photograph.data and (tmp_path / "photograph.png").exists()
    assert loaded.original.tobytes() == large.tobytes()  # a small one is kept losslessly
    assert loaded.sample(1, enlarge=True)[0].size == (320, 240)


def test_a_scene_without_a_photograph_has_its_trained_picture(tiny_scene, tmp_path):
    tiny_scene.save_pretrained(tmp_path)
    (tmp_path / "photograph.png").unlink()
    plain = ScenePipeline.from_pretrained(tmp_path)
    assert plain.photograph is None and plain.original.tobytes() == plain.source.tobytes()
    assert plain.print_size == plain.size
    (tmp_path / "photograph.jpg").write_bytes(jpeg(64, 48))
    loaded = ScenePipeline.from_pretrained(tmp_path)
    assert loaded.photograph.data == jpeg(64, 48)
    # A scene's photograph, or its lack of one, replaces that of the scene before.
    for scene, name in ((tiny_scene, "photograph.png"), (loaded, "photograph.jpg"), (plain, None)):
        scene.save_pretrained(tmp_path)
        assert [path.name for path in tmp_path.glob("photograph.*")] == [name][: name is not None]


def test_what_is_no_photograph_of_the_scene_is_refused(tiny_scene, tmp_path):
    tiny_scene.save_pretrained(tmp_path)
    claims = bytearray(jpeg(64, 48))
    at = claims.index(b"\xff\xc0") + 5
    claims[at : at + 4] = b"\xff\xff\xff\xff"
    for data, words in (
        (b"", "damaged"),
        (b"no picture", "damaged"),
        (bytes(claims), "damaged"),
        (jpeg(64, 64), "photograph.png has 64x64 px, another shape than the trained picture (64x48)"),
        (jpeg(6000, 4500), "at most 25 megapixels"),
        (jpeg(64, 48) + bytes(MAX_BYTES), "at most 25 are allowed"),
    ):
        (tmp_path / "photograph.png").write_bytes(data)
        with pytest.raises(ModelError) as refused:
            ScenePipeline.from_pretrained(tmp_path)
        assert words in str(refused.value)


@pytest.mark.soak
def test_a_photograph_that_lost_its_last_part_is_used(tiny_scene, tmp_path):
    tiny_scene.save_pretrained(tmp_path)
    whole = (tmp_path / "photograph.png").read_bytes()
    (tmp_path / "photograph.png").write_bytes(whole[: len(whole) // 2])
    (print_,) = ScenePipeline.from_pretrained(tmp_path).sample(1, enlarge=True)
    assert print_.size == tiny_scene.original_size


@pytest.mark.soak
def test_a_photograph_that_hardly_compresses_is_kept_smaller():
    noise = np.random.default_rng(0).integers(0, 256, (4500, 5500, 3), dtype=np.uint8)
    kept = Photograph.of(Image.fromarray(noise))
    assert len(kept.data) <= MAX_BYTES and kept.name == "photograph.jpg"
