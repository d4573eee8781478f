"""Animations: every frame, the asked speed, the asked colours; whole files or none."""

import base64
import errno
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image, ImageSequence
from playwright.sync_api import Page, sync_playwright

from darkroom import animations
from darkroom.animations import durations, format_of, playback_note, save_animation
from tests.browser import CHROMIUM, SWITCHES

RATES = (1, 7, 10, 12.5, 15, 24, 25, 29.97, 30, 33, 48, 50, 59.94, 60)
COLOURS = [
    (200, 30, 60), (20, 200, 40), (10, 40, 220), (240, 220, 30), (30, 200, 210), (128, 128, 128), (255, 255, 255),
    (0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255),
]  # fmt: skip
# The colour in the middle of a video, as a canvas gets it.
MIDDLE = """async (url) => {
  const video = Object.assign(document.createElement("video"), { muted: true, src: url });
  await new Promise((ready, failed) => {
    video.onloadeddata = ready;
    video.onerror = () => failed(new Error(video.error.message));
  });
  const drawn = new Promise((done) => video.requestVideoFrameCallback(done));
  video.currentTime = video.duration / 2;
  await drawn;
  const { videoWidth: width, videoHeight: height } = video;
  const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
  context.drawImage(video, 0, 0);
  return [...context.getImageData(width >> 1, height >> 1, 1, 1).data].slice(0, 3);
}"""


@pytest.fixture
def frames() -> list[Image.Image]:
    """Nine frames of 41x27, odd on both sides, of a moving gradient."""
    ramp = np.linspace(0, 255, 41)
    pixels = [np.broadcast_to(np.roll(ramp, 4 * t), (27, 41)) for t in range(9)]
    return [Image.fromarray(np.stack([p, 255 - p, p / 2], -1).astype(np.uint8)) for p in pixels]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page that draws videos as a graphics card would: Chromium's own way without one is off by up to 12 of 255 in
    blue (libyuv's coefficient for BT.709's limited range does not fit into its eight bits)."""
    card = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
    switches = [switch for switch in SWITCHES if switch != "--disable-gpu"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*switches, *card])
        yield chromium.new_page()
        chromium.close()


def shown_ms(path: Path) -> list[float]:
    """How long each frame of a file is shown."""
    times = []
    with Image.open(path) as animation:
        for frame in ImageSequence.Iterator(animation):
            frame.load()
            times.append(frame.info["duration"])
    return times


# -- speed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize(("units", "most"), [(100, 50), (1000, 60)])
def test_time_does_not_drift(fps, units, most):
    fps = min(fps, most)
    for count in (1, 2, 7, 100, 600):
        times = durations(count, fps, units)
        assert len(times) == count and abs(sum(times) - count * units / fps) <= 0.5
        assert set(times) <= {int(units / fps), int(units / fps) + 1} and min(times) >= 2


def test_durations_are_spread():
    assert durations(3, 15, 100) == [7, 6, 7]
    assert durations(6, 30, 100) == [3, 4, 3, 3, 4, 3]
    assert durations(6, 60, 1000) == [17, 16, 17, 17, 16, 17]


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_files_play_at_the_asked_speed(frames, tmp_path, kind, fps):
    path = tmp_path / f"a.{kind}"
    save_animation(frames, path, fps)
    times = shown_ms(path)
    played = min(fps, 50) if kind == "gif" else fps
    assert len(times) == 9 and sum(times) == pytest.approx(9000 / played, abs=10 if kind == "gif" else 1)
    assert kind == "webp" or min(times) >= 20


@pytest.mark.parametrize("kind", ["gif", "webp"])
@pytest.mark.parametrize("places", [(0, 0, 0, 1, 2, 2), (0, 1, 1, 1, 1, 0), (0, 1, 2, 3, 3, 3)])
def test_frames_that_stand_still_keep_their_time(frames, tmp_path, kind, places):
    save_animation([frames[i] for i in places], tmp_path / f"a.{kind}", 15)
    assert sum(shown_ms(tmp_path / f"a.{kind}")) == pytest.approx(400, abs=1)


def test_a_gif_of_one_still_keeps_its_time(frames, tmp_path):
    save_animation(frames[:1] * 30, tmp_path / "a.gif", 30)
    assert shown_ms(tmp_path / "a.gif") == [1000]


@pytest.mark.parametrize(("kind", "fps"), [("gif", 50), ("gif", 1), ("mp4", 60), ("webp", 60)])
def test_nothing_is_said_of_what_plays_as_asked(kind, fps):
    assert playback_note(kind, fps) is None


def test_a_gif_that_cannot_play_so_fast_is_said():
    assert playback_note("gif", 60) == "a GIF plays at most 50 frames a second: this one plays at 50, not at 60"
    assert "not at 59.94" in str(playback_note("gif", 59.94))


# -- pictures --------------------------------------------------------------------------------------------------------


def test_gif_has_every_frame_and_one_palette(frames, tmp_path):
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
        assert (webp.n_frames, webp.size, webp.format, webp.info["loop"]) == (9, (41, 27), "WEBP", 0)


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


@pytest.mark.parametrize("size", [(41, 27), (256, 256), (1280, 720), (1920, 1080)])
def test_mp4_says_its_colours(tmp_path, size):
    save_animation([Image.new("RGB", size)] * 2, tmp_path / "a.mp4", 10)
    told = subprocess.run([get_ffmpeg_exe(), "-i", tmp_path / "a.mp4"], capture_output=True, text=True).stderr
    assert "yuv420p(tv, bt709," in told  # one word where matrix, primaries and transfer are the same


@pytest.mark.parametrize("size", [(256, 256), (960, 720), (1440, 1080)])
def test_mp4_has_the_asked_colours_in_chromium(page, tmp_path, size):
    for colour in COLOURS:
        save_animation([Image.new("RGB", size, colour)] * 4, tmp_path / "a.mp4", 10)
        content = base64.b64encode((tmp_path / "a.mp4").read_bytes()).decode()
        drawn = page.evaluate(MIDDLE, f"data:video/mp4;base64,{content}")
        assert np.abs(np.subtract(drawn, colour)).max() <= 4, (colour, drawn)


# -- names and failures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "magic"),
    [("a.GIF", b"GIF89a"), ("b.Webp", b"RIFF"), ("c.MP4", b"\0\0\0"), ("d: -x.mp4", b"\0\0\0"), ("e%d.mp4", b"\0\0\0")],
)
def test_names_may_be_of_any_kind(frames, tmp_path, name, magic):
    save_animation(frames, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes().startswith(magic)


@pytest.mark.parametrize("name", ["a.avi", "a", "a.png", ".gif"])
def test_other_formats_are_refused(frames, tmp_path, name):
    with pytest.raises(ValueError, match=r"; allowed are \.gif, \.mp4, \.webp"):
        save_animation(frames, tmp_path / name)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match=r"format is '.webp'; allowed are \.gif"):
        format_of(Path("a.webp"), ("gif",))


@pytest.fixture
def encoder(tmp_path_factory, monkeypatch):
    """Puts a script in the place of ffmpeg; $out is the file that it should write."""

    def replace(script: str) -> None:
        path = tmp_path_factory.mktemp("encoder") / "ffmpeg"
        path.write_text(f'#!/bin/sh\nfor out; do :; done\nout="${{out#file:}}"\n{script}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(path))

    return replace


LARGE = [Image.new("RGB", (640, 640))] * 3  # more than a pipe holds


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo half > \"$out\"; head -c 100 > /dev/null; echo 'it is broken' >&2; exit 1",
            "not be written: it is broken",
        ),
        ("exit 1", "the encoder was stopped"),
        ('cat > "$out"; kill -9 $$', "the encoder was stopped"),
        ('cat > "$out"; echo "file: No space left on device" >&2; exit 228', "No space left on device"),
    ],
)
def test_a_failing_encoder_leaves_nothing(encoder, tmp_path, script, message):
    encoder(script)
    with pytest.raises(OSError, match=message) as failure:
        save_animation(LARGE, tmp_path / "a.mp4")
    assert not isinstance(failure.value, BrokenPipeError) and not list(tmp_path.iterdir())
    assert "No space" not in message or failure.value.errno == errno.ENOSPC


def test_without_an_encoder_the_reason_is_said(frames, tmp_path, monkeypatch):
    def missing() -> str:
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setattr(animations, "get_ffmpeg_exe", missing)
    with pytest.raises(OSError, match="an MP4 cannot be written here: No ffmpeg"):
        save_animation(frames, tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


def test_an_interrupted_encoder_is_ended(encoder, tmp_path):
    encoder(f'echo $$ > "{tmp_path}/part"; mv "{tmp_path}/part" "{tmp_path}/pid"; exec sleep 600')

    class Frames(list):
        def __iter__(self):
            while not (tmp_path / "pid").exists():
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_animation(Frames(LARGE), tmp_path / "a.mp4")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert [path.name for path in tmp_path.iterdir()] == ["pid"]


@pytest.mark.parametrize("kind", ["gif", "mp4", "webp"])
def test_a_full_disk_leaves_nothing(frames, tmp_path, kind):
    """The old file stays, the new one is not begun: here files may not grow beyond 200 bytes."""
    (tmp_path / f"a.{kind}").write_bytes(b"old")
    code = (
        "import resource, sys\nfrom pathlib import Path\nimport numpy as np\nfrom PIL import Image\n"
        "from darkroom.animations import save_animation\n"
        "noise = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))\n"
        "try:\n    save_animation([Image.fromarray(frame) for frame in noise], Path(sys.argv[1]))\n"
        "except OSError as error:\n    sys.exit(f'{type(error).__name__}: {error}')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path / f"a.{kind}"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1 and run.stderr.startswith("OSError: ") and run.stderr.count("\n") == 1, run.stderr
    assert [path.name for path in tmp_path.iterdir()] == [f"a.{kind}"]
    assert (tmp_path / f"a.{kind}").read_bytes() == b"old"
