import io
import os
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from dcgan import data
from dcgan.data import DataError, load, prepare, square, to_pil, to_tensor, write_set


def photograph(width, height, colour=(200, 40, 40)) -> Image.Image:
    """A square of one colour in the centre, black around it."""
    image = Image.new("RGB", (width, height))
    side = min(width, height)
    image.paste(Image.new("RGB", (side, side), colour), ((width - side) // 2, (height - side) // 2))
    return image


def content_of(image, form) -> bytes:
    content = io.BytesIO()
    image.save(content, format=form)
    return content.getvalue()


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
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("set/wide.png", content_of(photograph(64, 64, (10, 200, 10)), "PNG"))
        file.writestr("__MACOSX/._wide.png", b"")
    return folder, archive


def test_the_central_square_is_kept():
    for size in ((120, 80), (80, 120)):
        pixels = np.asarray(square(photograph(*size)))
        assert pixels.shape == (64, 64, 3)
        assert np.abs(pixels.astype(int) - (200, 40, 40)).max() <= 2


def test_a_set_is_prepared_from_folders_and_zips(photographs, tmp_path):
    found = list(prepare(map(str, photographs)))  # paths are taken as texts, too
    assert [(item.index, item.total) for item in found] == [(i, 6) for i in range(6)]
    assert {item.name for item in found if item.error} == {"broken.jpg", "tiny.png"}
    assert [item.name for item in found if item.image is None and not item.error] == ["notes.txt"]
    out = tmp_path / "sets" / "faces.zip"
    assert write_set(iter(found), str(out)) == 3
    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names)) == 3 and all(name.endswith(".webp") for name in names)
    with Image.open(out.parent / "faces.preview.png") as preview:
        assert preview.size == (320, 64)
    faces = load(out)
    assert faces.images.shape == (3, 3, 64, 64) and faces.images.dtype == torch.uint8
    assert sorted(p.name for p in out.parent.iterdir()) == ["faces.preview.png", "faces.zip"]


def test_the_preview_shows_25_of_many(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(60):
        photograph(64, 64, (4 * i, 0, 0)).save(folder / f"{i:02}.png")
    write_set(prepare([folder]), tmp_path / "many.zip")
    with Image.open(tmp_path / "many.preview.png") as preview:
        assert preview.size == (320, 320)
        shown = [preview.getpixel((64 * (i % 5) + 32, 64 * (i // 5) + 32))[0] // 4 for i in range(25)]
    assert shown[0] < 3 and shown[-1] > 55 and max(b - a for a, b in zip(shown, shown[1:], strict=False)) <= 5


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
    for source in (folder, str(folder), tmp_path / "faces.zip", str(tmp_path / "faces.zip"), tmp_path / "faces.npz"):
        assert torch.equal(load(source).images, tiny_images[:4])
    assert load(folder).names == ("0.png", "1.png", "2.png", "3.png")
    assert torch.allclose(to_tensor(pictures[0]), tiny_images[:1].float() / 127.5 - 1, atol=1e-6)
    np.savez(tmp_path / "large.npz", np.full((2, 100, 80, 3), 7, np.uint8))
    (tmp_path / "large.npz").rename(tmp_path / "large.NPZ")
    assert load(str(tmp_path / "large.NPZ")).images.unique().tolist() == [7]


def test_unusable_sources_say_why(tmp_path, photographs):
    folder, archive = photographs
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "cut.zip").write_bytes(archive.read_bytes()[:-30])
    (tmp_path / "empty").mkdir()
    np.savez(tmp_path / "float.npz", np.zeros((2, 64, 64, 3)))
    (tmp_path / "bad.npz").write_bytes(b"PK nothing")
    for source, message in (
        ("text.zip", "neither a folder nor a zip"),
        ("cut.zip", "cut.zip is a damaged zip, or one that is cut off"), ("empty", "empty: no pictures in there"),
        (folder, r"broken.jpg in .* cannot be read .*; prepare leaves such files out"),
        ("float.npz", r"float64 \(2, 64, 64, 3\); uint8"), ("bad.npz", "no archive of arrays"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=message):
            load(tmp_path / source)


def test_nothing_is_left_where_no_picture_can_be_read(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, message in (("a.txt", "no pictures in there"), ("a.jpg", "not one of the pictures can be used")):
        (folder / name).write_text("no picture")
        with pytest.raises(DataError, match=message):
            write_set(prepare([folder]), tmp_path / "new" / "deep" / "out.zip")
    assert list(tmp_path.iterdir()) == [folder]


# -- what is found ----------------------------------------------------------------------------------------------------


FACE = photograph(96, 96, (30, 90, 200))
FORMS = {
    "a.jfif": "JPEG", "a.pgm": "PPM", "a.heic": "HEIF", "without a suffix": "PNG", "picture.txt": "WEBP",
    "JPEG.PNG": "JPEG",
}  # fmt: skip


def test_pictures_are_found_by_their_content(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, form in FORMS.items():
        (folder / name).write_bytes(content_of(FACE, form))
    film = b"\0\0\0\x18ftypmp42" + bytes(99)
    others = {"page.html": b"<html>no picture", "film.mp4": film, "clip.txt": film}
    for name, content in others.items():
        (folder / name).write_bytes(content)
    for name in (".DS_Store", "._a.jpg", ".hidden/b.png", "__MACOSX/c.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content_of(FACE, "PNG"))
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder))
    os.truncate(folder / "film.mp4", 2**40)  # nothing reads it
    for source in (folder, tmp_path / "set.zip"):
        found = list(prepare([source]))
        assert {item.name for item in found if item.image} == set(FORMS)
        assert {item.name for item in found if not item.image} == set(others)
        assert not any(item.error for item in found)
        assert len(load(source).images) == len(FORMS)


def test_linked_folders_are_followed_once(tmp_path):
    folder, elsewhere = tmp_path / "set", tmp_path / "elsewhere"
    (folder / "below").mkdir(parents=True)
    (elsewhere / "deep").mkdir(parents=True)
    for path in (folder / "a.png", folder / "below" / "b.png", elsewhere / "deep" / "c.png"):
        FACE.save(path)
    (folder / "more").symlink_to(elsewhere)
    (folder / "again").symlink_to(elsewhere)
    (folder / "below" / "up").symlink_to(folder)
    (folder / "root").symlink_to("/")
    (elsewhere / "deep" / "back").symlink_to(folder / "more")
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    (folder / "self").symlink_to(folder / "self")
    found = list(prepare([folder]))
    assert {item.name for item in found if item.image} == {"a.png", "below/b.png", "again/deep/c.png"}
    broken = {item.name: item.error for item in found if not item.image}
    assert broken.keys() == {"gone", "self"} and all("a link to what does not exist" in e for e in broken.values())


def test_each_member_of_a_zip_is_apart(tmp_path):
    good, members = content_of(FACE, "PNG"), {}
    path = tmp_path / "set.zip"
    large = content_of(FACE, "PNG") + bytes(data.MAX_MEMBER_BYTES)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.png", "checksum.png", "header.png", "method.png", "password.png", "z.png", "notes.txt"):
            archive.writestr(name, b"some text" if name.endswith("txt") else good)
            members[name] = archive.getinfo(name)
        archive.writestr("large.png", large)
        for method, name in ((zipfile.ZIP_BZIP2, "bz.png"), (zipfile.ZIP_LZMA, "xz.png")):
            archive.writestr(name, good, compress_type=method)
    content = bytearray(path.read_bytes())
    start = {name: info.header_offset for name, info in members.items()}
    content[start["header.png"]] = 0
    content[start["checksum.png"] + 30 + len("checksum.png") + 60] ^= 255
    central = {name: content.rindex(name.encode()) - 46 for name in members}
    content[central["method.png"] + 10] = content[start["method.png"] + 8] = 9  # deflate64
    content[central["password.png"] + 8] |= 1
    content[start["password.png"] + 6] |= 1
    path.write_bytes(content)
    found = {item.name: item for item in prepare([path])}
    assert {name for name, item in found.items() if item.image} == {"a.png", "z.png", "bz.png", "xz.png"}
    errors = {name: item.error for name, item in found.items() if item.image is None}
    assert errors["notes.txt"] == "" and errors["password.png"] == "it needs a password"
    assert errors["method.png"] == "it is packed by a method that is not known here: deflate64"
    assert errors["large.png"] == "it unpacks to more than 200 MB"
    assert all("it is damaged in the zip" in errors[name] for name in ("checksum.png", "header.png"))
    assert not any("object at" in error or "<" in error for error in errors.values())
    assert write_set(iter(found.values()), tmp_path / "out.zip") == 4
    with pytest.raises(DataError, match="checksum.png in .*set.zip cannot be read .it is damaged in the zip"):
        load(path)


def test_names_in_any_encoding_are_written(tmp_path):
    folder = os.fsencode(tmp_path / "set")
    os.mkdir(folder)
    for name in ("caf\u00e9.png".encode("latin-1"), "caf\u00e9.png".encode(), b"line\nbreak.png"):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content_of(FACE, "PNG"))
    assert write_set(prepare([tmp_path / "set"]), tmp_path / "out.zip") == 3
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert {"caf\u00e9.webp", "caf\ufffd.webp"} < set(archive.namelist())
