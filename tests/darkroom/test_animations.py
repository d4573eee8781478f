"""Animations: every frame, the asked speed, the asked colours; whole files or none."""

import resource
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest
from PIL import Image, ImageSequence

from darkroom.animations import check_encoder, durations, playback_note, save_animation

RATES = (1, 12.5, 29.97, 50, 60)


@pytest.fixture
def frames() -> list[Image.Image]:
    """Nine frames of 41x27, odd on both sides, of a moving gradient."""
    ramp = np.linspace(0, 255, 41)
    pixels = [np.broadcast_to(np.roll(ramp, 4 * t), (27, 41)) for t in range(9)]
    return [Image.fromarray(np.stack([p, 255 - p, p / 2], -1).astype(np.uint8)) for p in pixels]


def shown_ms(path: Path) -> list[float]:
    """How long each frame of a file is shown."""
    times = []
    with Image.open(path) as animation:
        assert animation.size == (41, 27) and animation.info["loop"] == 0
        for frame in ImageSequence.Iterator(animation):
            frame.load()
            times.append(frame.info["duration"])
    return times


def test_time_does_not_drift():
    for units, most in ((100, 50), (1000, 60)):
        for fps in {min(rate, most) for rate in RATES}:
            for count in (1, 2, 7, 100, 600):
                times = durations(count, fps, units)
                assert len(times) == count and abs(sum(times) - count * units / fps) <= 0.5
                assert set(times) <= {int(units / fps), int(units / fps) + 1} and min(times) >= 2
    assert durations(3, 15, 100) == [7, 6, 7] and durations(6, 60, 1000) == [17, 16, 17, 17, 16, 17]


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_files_play_at_the_asked_speed(frames, tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    for fps in RATES:
        save_animation(frames, str(path), fps)
        times, played = shown_ms(path), min(fps, 50) if kind == "gif" else fps
        assert len(times) == 9 and sum(times) == pytest.approx(9000 / played, abs=10 if kind == "gif" else 1)
        assert kind == "webp" or min(times) >= 20
    for places in ((0, 0, 0, 1, 2, 2), (0, 1, 1, 1, 1, 0), (0, 1, 2, 3, 3, 3)):  # frames that stand still
        save_animation([frames[i] for i in places], path, 15)
        assert sum(shown_ms(path)) == pytest.approx(400, abs=1)
    save_animation(frames[:1] * 30, tmp_path / "a.gif", 30)  # a GIF of one still keeps its time
    assert shown_ms(tmp_path / "a.gif") == [1000]


def test_a_gif_that_cannot_play_so_fast_is_said():
    assert playback_note("gif", 60) == "a GIF plays at most 50 frames a second: this one plays at 50, not at 60"
    assert "not at 59.94" in str(playback_note("gif", 59.94))
    assert all(playback_note(*played) is None for played in (("gif", 50), ("gif", 1), ("mp4", 60), ("webp", 60)))


def test_gif_has_every_frame_and_one_palette(frames, tmp_path):
    save_animation(frames, tmp_path / "a.gif", fps=10)
    content = (tmp_path / "a.gif").read_bytes()
    with Image.open(tmp_path / "a.gif") as gif:
        assert (gif.n_frames, gif.size, gif.info["duration"], gif.info["loop"]) == (9, (41, 27), 100, 0)
        drawn = [np.asarray(frame.convert("RGB"), dtype=float) for frame in ImageSequence.Iterator(gif)]
    assert np.abs(np.stack(drawn) - np.stack([np.asarray(f) for f in frames])).mean() < 12
    descriptors = [i for i in range(len(content) - 10) if content[i : i + 9] == b"\x2c\0\0\0\0\x29\0\x1b\0"]
    assert descriptors and all(not content[i + 9] & 0x80 for i in descriptors)  # no frame has a palette of its own


def test_mp4_plays_in_browsers(frames, tmp_path):
    save_animation(frames, tmp_path / "a.mp4", fps=12.5)
    with imageio.get_reader(tmp_path / "a.mp4") as video:
        meta = video.get_meta_data()
        drawn = [np.asarray(frame) for frame in video]
    assert meta["codec"] == "h264" and meta["pix_fmt"].startswith("yuv420p") and meta["fps"] == 12.5
    assert len(drawn) == 9 and drawn[0].shape == (28, 42, 3)
    assert np.abs(drawn[4][:27, :41].astype(float) - np.asarray(frames[4])).mean() < 12
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_mp4_has_the_asked_colours(tmp_path):
    for colour in ((200, 30, 60), (255, 255, 255), (0, 255, 0)):
        save_animation([Image.new("RGB", (256, 256), colour)] * 4, tmp_path / "a.mp4", 10)
        with imageio.get_reader(tmp_path / "a.mp4") as video:
            assert np.abs(np.subtract(video.get_data(2)[128, 128], colour, dtype=int)).max() <= 4, colour


def test_names_may_be_of_any_kind_but_not_formats(frames, tmp_path, monkeypatch):
    mp4 = b"\0\0\0"
    names = {"a.GIF": b"GIF89a", "b.Webp": b"RIFF", "c.MP4": mp4, "d: -x.mp4": mp4, "e%d.mp4": mp4, "f:g.mp4": mp4}
    monkeypatch.chdir(tmp_path)
    for name, magic in names.items():
        save_animation(frames, name)
        assert (tmp_path / name).read_bytes().startswith(magic)
    for name in ("a.avi", "a", ".gif"):
        with pytest.raises(ValueError, match=r"format is .*; allowed are \.gif, \.mp4, \.webp"):
            save_animation(frames, tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == set(names)


@pytest.mark.parametrize("kind", ["gif", "mp4", "webp"])
def test_a_full_disk_leaves_nothing(frames, tmp_path, kind):
    """The old file stays, the new one is not begun: here files may not grow beyond 200 bytes."""
    path, limit = tmp_path / f"a.{kind}", resource.getrlimit(resource.RLIMIT_FSIZE)
    path.write_bytes(b"old")
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limit[1]))
    try:
        with pytest.raises(OSError):
            save_animation(frames, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


@pytest.fixture
def encoder(tmp_path_factory, monkeypatch):
    """Puts a script in the place of ffmpeg; $out is the file that it should write."""

    def replace(script: str, mode: int = 0o755) -> None:
        path = tmp_path_factory.mktemp("encoder") / "ffmpeg"
        path.write_text(f"#!/bin/sh\nfor out; do :; done\n{script}\n")
        path.chmod(mode)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(path))
        monkeypatch.chdir(path.parent)  # imageio asks for a file "-", too

    return replace


def test_a_failing_encoder_leaves_nothing(encoder, tmp_path):
    large = [Image.new("RGB", (640, 640))] * 3  # more than a pipe holds
    for script in ('head -c 100 > "$out"; exit 1', "exit 1", 'cat > "$out"; kill -9 $$', "cat > /dev/null; exit 228"):
        encoder(script)
        with pytest.raises(OSError, match="the MP4 could not be written: the encoder failed") as failure:
            save_animation(large, tmp_path / "a.mp4")
        assert not isinstance(failure.value, BrokenPipeError) and not list(tmp_path.iterdir())


def test_an_encoder_is_asked_for_before_anything_is_drawn(encoder, frames, tmp_path):
    encoder("exit 0", mode=0o644)
    for ask in (lambda: check_encoder("mp4"), lambda: save_animation(frames, tmp_path / "a.mp4")):
        with pytest.raises(OSError, match="an MP4 cannot be written here: ffmpeg is missing or not executable; choose"):
            ask()
    check_encoder("gif")
    assert not list(tmp_path.iterdir())
