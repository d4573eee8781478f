import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from dcgan.data import DataError, load, prepare, square, to_pil, to_tensor, write_set


def photograph(width, height, colour=(200, 40, 40)) -> Image.Image:
    """A square of one colour in the centre, black around it."""
    image = Image.new("RGB", (width, height))
    side = min(width, height)
    image.paste(Image.new("RGB", (side, side), colour), ((width - side) // 2, (height - side) // 2))
    return image


@pytest.fixture
def photographs(tmp_path):
    """A folder with two photographs and what is none, and a zip with one more."""
    folder = tmp_path / "photographs"
    (folder / "deep").mkdir(parents=True)
    photograph(120, 80).save(folder / "wide.png")
    photograph(80, 120, (30, 60, 220)).save(folder / "deep" / "tall.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    (folder / "notes.txt").write_text("no picture, and not meant as one")
    photograph(16, 16).save(folder / "tiny.png")
    archive = tmp_path / "more.zip"
    content = io.BytesIO()
    photograph(64, 64, (10, 200, 10)).save(content, format="PNG")
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("set/wide.png", content.getvalue())
        file.writestr("__MACOSX/._wide.png", b"")
    return folder, archive


def test_the_central_square_is_kept():
    for size in ((120, 80), (80, 120)):
        pixels = np.asarray(square(photograph(*size)))
        assert pixels.shape == (64, 64, 3)
        assert np.abs(pixels.astype(int) - (200, 40, 40)).max() <= 2


def test_orientation_and_transparency_are_respected():
    image = Image.new("RGB", (64, 64), "white")
    image.paste((255, 0, 0), (0, 0, 64, 32))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    content = io.BytesIO()
    image.save(content, format="PNG", exif=exif)
    turned = np.asarray(square(Image.open(content)))
    assert (turned[:, 40] == (255, 0, 0)).all() and (turned[:, 20] == 255).all()
    assert np.asarray(square(Image.new("RGBA", (64, 64), (0, 0, 0, 0)))).min() == 255


def test_a_set_is_prepared_from_folders_and_zips(photographs, tmp_path):
    found = list(prepare(photographs))
    assert [(item.index, item.total) for item in found] == [(i, 5) for i in range(5)]
    assert {item.name for item in found if item.image is None} == {"broken.jpg", "tiny.png"}
    assert all(item.error for item in found if item.image is None)
    out = tmp_path / "sets" / "faces.zip"
    assert write_set(iter(found), out) == 3
    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names)) == 3 and all(name.endswith(".webp") for name in names)
    with Image.open(out.parent / "preview.png") as preview:
        assert preview.size == (320, 64)
    faces = load(out)
    assert faces.images.shape == (3, 3, 64, 64) and faces.images.dtype == torch.uint8
    assert sorted(p.name for p in out.parent.iterdir()) == ["faces.zip", "preview.png"]


def test_the_preview_shows_25_of_many(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(60):
        photograph(64, 64, (4 * i, 0, 0)).save(folder / f"{i:02}.png")
    write_set(prepare([folder]), tmp_path / "many.zip")
    with Image.open(tmp_path / "preview.png") as preview:
        assert preview.size == (320, 320)


def test_a_folder_a_zip_and_arrays_load_alike(tmp_path, tiny_images):
    pictures = to_pil(tiny_images[:4].float() / 127.5 - 1)
    folder = tmp_path / "faces"
    folder.mkdir()
    for i, picture in enumerate(pictures):
        picture.save(folder / f"{i}.png")
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    np.savez(tmp_path / "faces.npz", np.stack([np.asarray(picture) for picture in pictures]))
    for source in (folder, tmp_path / "faces.zip", tmp_path / "faces.npz"):
        assert torch.equal(load(source).images, tiny_images[:4])
    assert load(folder).names == ("0.png", "1.png", "2.png", "3.png")


def test_larger_arrays_are_reduced(tmp_path):
    np.savez(tmp_path / "faces.npz", np.full((2, 100, 80, 3), 7, np.uint8))
    assert load(tmp_path / "faces.npz").images.unique().tolist() == [7]


def test_unusable_sources_say_why(tmp_path, photographs):
    with pytest.raises(DataError, match="none.zip does not exist"):
        load(tmp_path / "none.zip")
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(DataError, match="neither a folder nor a zip"):
        load(tmp_path / "text.zip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no pictures"):
        list(prepare([tmp_path / "empty"]))
    with pytest.raises(DataError, match=r"broken.jpg in .* cannot be read .*; prepare leaves such files out"):
        load(photographs[0])
    np.savez(tmp_path / "float.npz", np.zeros((2, 64, 64, 3)))
    with pytest.raises(DataError, match=r"float64 \(2, 64, 64, 3\); uint8"):
        load(tmp_path / "float.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK nothing")
    with pytest.raises(DataError, match="no archive of arrays"):
        load(tmp_path / "bad.npz")
    (tmp_path / "unreadable").mkdir()
    (tmp_path / "unreadable" / "a.jpg").write_bytes(b"nothing")
    with pytest.raises(DataError, match="not one"):
        write_set(prepare([tmp_path / "unreadable"]), tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_conversions_are_inverse(tiny_images):
    (picture,) = to_pil(tiny_images[:1].float() / 127.5 - 1)
    assert np.array_equal(np.asarray(picture), tiny_images[0].permute(1, 2, 0).numpy())
    assert torch.allclose(to_tensor(picture), tiny_images[:1].float() / 127.5 - 1, atol=1e-6)
