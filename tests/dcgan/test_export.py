from PIL import Image

from dcgan.export import contact_sheet

COLOURS = ("red", "lime", "blue", "white", "black")
FACES = [Image.new("RGB", (64, 64), colour) for colour in COLOURS]


def test_a_contact_sheet_fills_row_by_row():
    sheet = contact_sheet(FACES, columns=2)
    assert sheet.size == (128, 192)
    places = [(10, 10), (74, 10), (10, 74), (74, 74), (10, 138), (74, 138)]
    assert [sheet.getpixel(place) for place in places[:4]] == [face.getpixel((0, 0)) for face in FACES[:4]]
    assert sheet.getpixel(places[5]) == (0, 0, 0)
