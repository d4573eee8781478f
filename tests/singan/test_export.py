import imageio.v2 as imageio
import numpy as np
import pytest
from PIL import Image, ImageSequence

from singan.export import atomic, save_animation, save_png


@pytest.fixture
def frames():
    """Nine frames of 41x27, odd on both sides, of a moving gradient."""
    ramp = np.linspace(0, 255, 41)
    pixels = [np.broadcast_to(np.roll(ramp, 4 * t), (27, 41)) for t in range(9)]
    return [Image.fromarray(np.stack([p, 255 - p, p / 2], -1).astype(np.uint8)) for p in pixels]


def test_gif_has_every_frame_one_palette_and_the_speed(frames, tmp_path):
    save_animation(frames, tmp_path / "a.gif", fps=10)
    content = (tmp_path / "a.gif").read_bytes()
    with Image.open(tmp_path / "a.gif") as gif:
        assert (gif.n_frames, gif.size, gif.info["duration"], gif.info["loop"]) == (9, (41, 27), 100, 0)
        drawn = [np.asarray(frame.convert("RGB"), dtype=float) for frame in ImageSequence.Iterator(gif)]
    assert np.abs(np.stack(drawn) - np.stack([np.asarray(f) for f in frames])).mean() < 12
    descriptors = [i for i in range(len(content) - 10) if content[i : i + 9] == b"\x2c\0\0\0\0\x29\0\x1b\0"]
    assert descriptors and all(not content[i + 9] & 0x80 for i in descriptors)  # no frame has a palette of its own


def test_webp_has_every_frame(frames, tmp_path):
    save_animation(frames, tmp_path / "a.webp", fps=20)
    with Image.open(tmp_path / "a.webp") as webp:
        assert (webp.n_frames, webp.size, webp.format) == (9, (41, 27), "WEBP")


def test_mp4_plays_in_browsers(frames, tmp_path):
    save_animation(frames, tmp_path / "a.mp4", fps=10)
    with imageio.get_reader(tmp_path / "a.mp4") as video:
        meta = video.get_meta_data()
        drawn = [np.asarray(frame) for frame in video]
    assert meta["codec"] == "h264" and meta["pix_fmt"].startswith("yuv420p") and meta["fps"] == 10
    assert len(drawn) == 9 and drawn[0].shape == (28, 42, 3)
    assert np.abs(drawn[4][:27, :41].astype(float) - np.asarray(frames[4])).mean() < 12
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_other_formats_are_refused(frames, tmp_path):
    with pytest.raises(ValueError, match="'.avi'; allowed are .gif, .mp4 and .webp"):
        save_animation(frames, tmp_path / "a.avi")
    assert not list(tmp_path.iterdir())


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(frames, tmp_path):
    save_png(frames[0], tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    with pytest.raises(KeyboardInterrupt), atomic(tmp_path / "a.png") as part:
        part.write_bytes(b"half")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"] and (tmp_path / "a.png").read_bytes() == before
