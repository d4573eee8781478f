"""Pictures that links name."""

import pytest
from PIL import Image

from ui import kept_pictures
from ui.kept_pictures import KeptPictures


def test_the_same_picture_has_the_same_name_and_comes_back_to_the_byte():
    kept, one = KeptPictures(), Image.effect_noise((40, 30), 60).convert("RGB")
    name = kept.keep(one)
    assert kept.keep(one.copy()) == name and kept.keep(one.rotate(180)) != name
    assert kept.get(name).tobytes() == one.tobytes() and len(name) == 32


def test_one_that_was_not_used_for_long_is_gone(monkeypatch):
    kept, now = KeptPictures(), [0.0]
    monkeypatch.setattr(kept_pictures.time, "monotonic", lambda: now[0])
    old = kept.keep(Image.new("RGB", (4, 4), "red"))
    now[0] = kept_pictures.LIFETIME_SECONDS - 1
    new = kept.keep(Image.new("RGB", (4, 4), "blue"))
    assert kept.get(old).size == (4, 4)  # which is a use
    now[0] += kept_pictures.LIFETIME_SECONDS - 1
    assert kept.get(old) and kept.get(new)
    now[0] += kept_pictures.LIFETIME_SECONDS + 1
    for name in (old, new, "x", "../x"):
        with pytest.raises(ValueError, match="there is no picture"):
            kept.get(name)


@pytest.mark.parametrize(("bound", "most"), [("MAX_PICTURES", 3), ("MAX_BYTES", 300)])
def test_they_are_bounded_and_the_one_unused_for_longest_goes(monkeypatch, bound, most):
    monkeypatch.setattr(kept_pictures, bound, most)
    kept = KeptPictures()
    names = [kept.keep(Image.new("RGB", (4, 4), (level, 0, 0))) for level in range(8)]
    assert kept.get(names[-1])
    with pytest.raises(ValueError, match="there is no picture"):
        kept.get(names[0])
