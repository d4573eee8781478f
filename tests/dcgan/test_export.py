import pytest
from PIL import Image

from dcgan.export import contact_sheet, save_morph

COLOURS = ("red", "lime", "blue", "white", "black")
FACES = [Image.new("RGB", (64, 64), colour) for colour in COLOURS]


def test_a_contact_sheet_fills_row_by_row():
    sheet = contact_sheet(FACES, columns=2)
    assert sheet.size == (128, 192)
    places = [(10, 10), (74, 10), (10, 74), (74, 74), (10, 138), (74, 138)]
    assert [sheet.getpixel(place) for place in places[:4]] == [face.getpixel((0, 0)) for face in FACES[:4]]
    assert sheet.getpixel(places[5]) == (0, 0, 0)


def test_morphs_are_four_times_as_large_whatever_the_case_of_the_suffix(tmp_path):
    save_morph(FACES, tmp_path / "a.GIF")
    with Image.open(tmp_path / "a.GIF") as gif:
        assert (gif.size, gif.n_frames, gif.info["duration"]) == ((256, 256), 5, 50)
    save_morph(FACES, tmp_path / "a.Mp4")
    assert b"ftyp" in (tmp_path / "a.Mp4").read_bytes()[:16]


def test_other_formats_are_refused(tmp_path):
    for name in ("a.webp", "a.avi", "a"):
        with pytest.raises(ValueError, match=r"allowed are \.mp4, \.gif"):
            save_morph(FACES, tmp_path / name)
    assert not list(tmp_path.iterdir())
