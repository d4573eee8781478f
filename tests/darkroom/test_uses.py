"""Options that are said once: their checks, and what is made from them."""

import argparse
from dataclasses import dataclass

import pytest
from PIL import Image

from darkroom.commands import HelpFormatter, Parser, add_options, uses_of
from darkroom.uses import (
    AnimationUse,
    PicturesUse,
    Size,
    format_option,
    fps_option,
    in_turn,
    method,
    option,
    options,
    plain_options,
    prefixes,
)  # fmt: skip


@dataclass(frozen=True)
class PlainSquare(PicturesUse[str]):
    """Draw squares of one grey.

    More about it.
    """

    size: Size = option(help="of a square", low=1, high=64, unit="px", first=(4, 4))
    grey: int = option(128, "of the square", low=0, high=255, most=200, command=(0, 255))
    share: float = option(0.5, "of nothing", low=0, high=1, link="s")
    tone: str = option("warm", "of nothing", choices=("warm", "cold"))
    framed: bool = option(False, "whether it has a frame")
    border: int | None = option(None, "of the frame", low=1, high=3)
    count: int = option(1, "number of squares", low=1, high=9)

    def draw(self, model):
        return (Image.new("L", self.size, self.grey) for _ in range(self.count))

    def stem(self):
        return f"{self.grey}"


def test_options_are_the_fields_in_order():
    assert PlainSquare.title() == "plain-square" and PlainSquare.summary() == "Draw squares of one grey."
    known = options(PlainSquare)
    assert list(known) == ["size", "grey", "share", "tone", "framed", "border", "count"]
    assert [it.kind for it in known.values()] == [tuple, int, float, str, bool, int, int]
    assert known["size"].first == (4, 4) and known["border"].optional and not known["grey"].optional
    assert known["share"].link == "s" and known["grey"].link == "grey" and known["grey"].most == 200
    assert known["size"].described() == "of a square (1 to 64 px)"
    assert known["grey"].described(served=True) == "of the square (0 to 200)"


def test_values_out_of_range_are_named():
    for values, message in (
        ({"grey": 256}, "grey is 256; allowed are 0 to 255"),
        ({"grey": 1.5}, "grey is 1.5; a whole number is needed"),
        ({"share": "x"}, "share is 'x' .str.; a number is needed"),
        ({"tone": "loud"}, "tone is 'loud'; allowed are warm, cold"),
        ({"framed": 1}, "framed is 1 .int.; true or false is needed"),
        ({"border": 0}, "border is 0; allowed are 1 to 3"),
        ({"size": (65, 3)}, "width is 65; allowed are 1 to 64"),
        ({"size": 3}, "size is 3; .width, height. is needed"),
    ):
        with pytest.raises(ValueError, match=message):
            PlainSquare(**{"size": (4, 4), **values})


def test_visitors_get_less():
    known = plain_options(PlainSquare)
    assert known["width"].described() == "of a square (1 to 64 px)" and known["height"].first == 4
    plain = {
        "width": 4, "height": 4, "grey": 200, "share": 0.5, "tone": "warm", "framed": False, "border": None, "count": 1,
    }  # fmt: skip
    assert list(known) == list(plain)
    assert PlainSquare.served(plain) == PlainSquare((4, 4), 200) and PlainSquare((4, 4), 200).plain() == plain
    with pytest.raises(ValueError, match="grey is 255; allowed are 0 to 200"):
        PlainSquare.served({**plain, "grey": 255})
    keys = PlainSquare((4, 4), 200).keys()  # which a link has
    assert list(keys) == ["size", "grey", "s", "tone", "framed", "border", "count"] and keys["size"] == "4x4"


def parsed(*words):
    parser = Parser(prog="it")
    add_options(parser, PlainSquare)
    return uses_of(parser.parse_args(words), PlainSquare)


def test_a_command_makes_a_use_for_each_combination():
    made = parsed("--size", "4x4", "--size", "8x4", "--framed", "--share", ".25")
    assert [(use.size, use.grey) for use in made] == [((4, 4), 0), ((4, 4), 255), ((8, 4), 0), ((8, 4), 255)]
    assert {(use.framed, use.share, use.border, use.count) for use in made} == {(True, 0.25, None, 1)}
    assert [use.grey for use in parsed("--size", "4x4", "--grey", "7")] == [7]


def test_a_command_refuses_what_is_none(capsys):
    for words in ([], ["--size", "4"], ["--size", "4x4", "--tone", "loud"], ["--size", "4x4", "--grey", "x"]):
        with pytest.raises(SystemExit):
            parsed(*words)
        assert capsys.readouterr().err.count("\n") == 1


def test_pictures_are_written_by_the_name_of_their_use(tmp_path):
    use = PlainSquare((4, 2), 9, count=2)
    use.write(use.draw(""), str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["9_0000.png", "9_0001.png"]
    assert Image.open(tmp_path / "9_0001.png").size == (4, 2)
    assert [path.name for path in use.paths(tmp_path, "a_")] == ["a_9_0000.png", "a_9_0001.png"]
    uses = [PlainSquare((4, 2), 9, share=share, border=border) for share, border in ((0.5, None), (0.25, 1))]
    assert prefixes(uses) == ["s0.5_borderNone_", "s0.25_border1_"] and prefixes(uses[:1]) == [""]
    assert prefixes([PlainSquare((4, 2), grey) for grey in (1, 2)]) == ["", ""]


def test_several_uses_number_their_pictures_on_and_each_shows_its_first_before_any_goes_on():
    steps = list(in_turn([PlainSquare((4, 2), 9, count=2), PlainSquare((8, 2), 7, count=3)], ""))
    assert [(step.number, step.picture.size[0]) for step in steps] == [(0, 4), (2, 8), (1, 4), (3, 8), (4, 8)]


@dataclass(frozen=True)
class Fade(AnimationUse[str]):
    """Fade in."""

    frames: int = option(3, "number of frames", low=2, high=9)
    fps: float = fps_option(10)
    loop: bool = option(False, "whether it loops")
    format: str = format_option("gif")

    def draw(self, model):
        return (Image.new("RGB", (8, 8), (90 * i,) * 3) for i in range(self.frames))

    def ordered(self, frames):
        return frames[::-1] if self.loop else frames

    def stem(self):
        return "fade"


def test_animations_are_one_file_in_the_order_of_their_use(tmp_path):
    use = Fade(loop=True)
    use.write(use.draw(""), tmp_path)
    with Image.open(tmp_path / "fade.gif") as animation:
        assert animation.n_frames == 3 and animation.convert("L").getpixel((0, 0)) > 170
    assert use.drawn("")[0].getpixel((0, 0))[0] == 180 and use.note("") is None
    assert "50 frames" in Fade(fps=60).note("")


def test_a_use_becomes_a_method_with_its_options():
    class Model:
        square = method(PlainSquare)

    assert [image.size for image in Model().square((4, 2), count=2)] == [(4, 2)] * 2
    assert Model.square.__doc__ == PlainSquare.__doc__


def test_help_names_range_default_and_what_may_be_repeated():
    parser = argparse.ArgumentParser(formatter_class=HelpFormatter)
    add_options(parser, PlainSquare)
    text = " ".join(parser.format_help().split())
    assert "of the square (0 to 255) (default: 0 255)" in text and "may be repeated" in text
    assert "--no-framed" in text and "(default: None)" not in text
