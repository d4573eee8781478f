"""The page of the game: every method's end in words, in colours that can be told from the page."""

import re

import pytest

from dcgan.games import bilinear
from ui.about import ETAS, GAME_STEPS, LABELS, game
from ui.theme import source


def test_the_words_say_where_the_package_ends():
    for eta in (0.3, ETAS[0], ETAS[1]):
        said = dict(re.findall(r"<strong>(.*?)</strong> (.*?)</li>", game(eta)))
        assert list(said) == list(LABELS.values())
        for method, name in LABELS.items():
            distance = float(bilinear(method, eta, GAME_STEPS)[-1].norm())
            number = re.search(r"[\d.]+", said[name])
            if distance > 1e6:
                assert said[name] == "over a million times as far"
            elif "%" in said[name]:
                assert float(number[0]) / 100 == pytest.approx(distance, abs=0.006)
            else:
                assert float(number[0]) == pytest.approx(distance, rel=0.05)


def test_what_goes_far_away_is_drawn_as_far_as_it_is_seen():
    shown = game(1.0)
    assert (
        "e+" not in shown and "inf" not in shown and max(map(abs, map(float, re.findall(r'cx="(.*?)"', shown)))) < 700
    )
    assert len(re.findall("<circle ", game(0.05))) == 1 + 4 * (GAME_STEPS + 1)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_its_colours_stand_out_on_light_and_dark_pages():
    for method in LABELS:
        (colour,) = re.findall(rf"\.orbits \.{method} {{ --orbit: (#[0-9a-f]{{6}}); }}", source("darkroom.css"))
        for page in ("#ffffff", "#faf8f5", "#1c1917", "#0c0a09"):
            dark, light = sorted((luminance(colour), luminance(page)))
            assert (light + 0.05) / (dark + 0.05) >= 3
