"""Results that are kept for those who have their links: whole or not at all, for a while, within bounds."""

import os
import time
from dataclasses import replace

import imageio.v3 as imageio
import pytest
from PIL import Image

from darkroom.animations import save_animation
from ui.html import preview_tags, result_page
from ui.results import CARD_SIZE, ResultFile, ResultStore, card
from ui.visitors import Limits


@pytest.fixture
def picture(tmp_path):
    """Write a picture of its own colour; how it is shared."""

    def written(n, size=(80, 60), name="a picture.png"):
        folder = tmp_path / f"{n}"
        folder.mkdir(exist_ok=True)
        Image.new("RGB", size, (n % 256, n // 256, 7)).save(folder / name)
        return ResultFile(str(folder / name), str(folder / name), f"{n} · 80 × 60")

    return written


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "kept"


def test_a_result_is_kept_whole_has_one_name_and_outlives_a_restart(kept, picture):
    store = ResultStore(kept)
    large, small = picture(1, (2600, 1300)), picture(2, name="2.png")
    shown = large.file.replace(".png", ".jpg")
    Image.open(large.file).save(shown)
    result = store.keep("Peaks", [replace(large, shown=shown), small], "1.1.1.1")
    assert result.title == "Peaks" and len(result.id) == 14
    first, second = result.pictures
    assert (first.file, first.shown, first.small) == ("a_picture.png", "a_picture.jpg", "a_picture_small.jpg")
    assert (first.width, first.height, first.caption) == (2600, 1300, large.caption)
    assert Image.open(store.path(result.id, first.small)).size == (1200, 600)
    assert (second.file, second.shown, second.small) == ("2.png",) * 3
    assert Image.open(store.path(result.id, "card.jpg")).size == CARD_SIZE
    for name in result.files:
        assert store.path(result.id, name).is_file()
    (kept / ("0" * 14)).mkdir()
    (kept / ("0" * 14) / "result.json").write_text('{"title": "of another version"}')
    again = ResultStore(kept)
    assert again.find("0" * 14) is None
    assert again.find(result.id) == result
    os.utime(kept / result.id, (time.time() - 9e5,) * 2)
    assert again.find(result.id).until != result.until
    assert again.keep("Peaks", [replace(large, shown=shown), small], "2.2.2.2").until == result.until
    assert again.keep("Other", [small], "2.2.2.2").id != result.id and len(list(kept.iterdir())) == 3


def test_animations_have_their_first_frame_beside_them(kept, tmp_path):
    frames = [Image.new("RGB", (81, 60), colour) for colour in ("red", "lime", "blue")]
    for suffix in ("mp4", "gif", "webp"):
        file = str(tmp_path / f"loop.{suffix}")
        save_animation(frames, file)
        (one,) = ResultStore(kept).keep("Loop", [ResultFile(file, file)], "").pictures
        assert one.moves and one.small == "loop_small.jpg" and one.height == 60
    found = next(iter(kept.glob("*/loop_small.jpg")))
    red, green, blue = imageio.imread(found)[30, 40]
    assert red > 200 and max(green, blue) < 60


def test_what_cannot_be_shared_leaves_nothing(kept, tmp_path, picture):
    (tmp_path / "page.html").write_text("<script>")
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    store = ResultStore(kept, Limits(result_bytes=100_000))
    large = picture(3)
    Image.effect_noise((400, 300), 99).save(large.file)
    others = [str(tmp_path / name) for name in ("page.html", "broken.png", "list.mp4")]
    for files, error in (
        ([], "no result to share yet"),
        ([picture(1)] * 65, "more than 64 files"),
        ([large], "more than 64 files or 0 MB"),
        *(([picture(1), ResultFile(it, it)], ".") for it in others),
    ):
        with pytest.raises((ValueError, OSError), match=error):
            store.keep("Peaks", files, "")
        assert not kept.exists() or not list(kept.iterdir())
    for name in ("", "..", "../kept", "0" * 14, "x"):
        assert store.find(name) is None
    with pytest.raises(ValueError, match="the disk is full"):
        ResultStore(kept, Limits(free_bytes=10**18, free_share=1.0)).keep("Peaks", [picture(1)], "")


def test_who_shares_the_most_loses_the_oldest_and_the_old_go(kept, picture):
    store = ResultStore(kept, Limits(results=4))
    mine = store.keep("Mine", [picture(0)], "1.1.1.1")
    greedy = [store.keep("Many", [picture(n)], "2.2.2.2") for n in range(1, 7)]
    assert store.find(mine.id) and [bool(store.find(it.id)) for it in greedy] == [False] * 3 + [True] * 3
    size = sum(file.stat().st_size for file in (kept / mine.id).iterdir())
    few = ResultStore(kept, Limits(results_bytes=2 * size + size // 2))
    last = few.keep("Last", [picture(9)], "3.3.3.3")
    assert few.find(last.id) and len(list(kept.iterdir())) == 2
    os.utime(kept / last.id, (1, 1))
    assert few.find(last.id) is None
    few.keep("Newer", [picture(10)], "3.3.3.3")
    assert last.id not in os.listdir(kept)


def test_where_nothing_outlives_a_restart_it_says_so(picture):
    assert ResultStore().keep("Peaks", [picture(1)], "").until.endswith(", or until the app starts again")


def test_the_page_escapes_what_comes_from_outside(kept, picture):
    bad = "<b onclick='x'>\"&"
    result = ResultStore(kept).keep(bad, [replace(picture(1), caption=bad)] * 2, "")
    page = result_page(result, preview_tags(bad, "{title}", bad, bad), "all.zip")
    assert "<b onclick" not in page and page.count("&lt;b onclick=&#x27;x&#x27;&gt;&quot;&amp;") >= 10


def test_a_card_shows_as_many_as_can_be_seen():
    for sizes in ([(10, 300)], [(300, 10)], [(117, 253)] * 9, [(344, 144), (1, 1)], [(9000, 1)], [(1, 9000)]):
        whole = card([Image.new("RGB", size, "red") for size in sizes])
        assert whole.size == CARD_SIZE and whole.getextrema()[0][1] > 200
