"""Frames as an animation: GIF, MP4 or WebP, written whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image

from darkroom.files import atomic

FORMATS = ("gif", "mp4", "webp")
MAX_GIF_FPS = 50  # two hundredths of a second a frame: browsers show a frame of one for ten
# ffmpeg converts by the matrix of BT.601 where none is named, and players choose theirs by the height: colours are off.
# The tags stand twice: which of the two counts differs between its versions.
BT709 = [
    "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams=color_primaries=bt709:color_trc=bt709",
    "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
]  # fmt: skip
LEAST_SPACE = 500_000  # bytes: a disk that has less is full
NO_SPACE = os.strerror(errno.ENOSPC)


def save_animation(frames: Sequence[Image.Image], path: str | Path, fps: float = 10) -> None:
    """RGB frames of one size, as the path's suffix says, in whatever case: .gif, .mp4 (H.264, yuv420p) or .webp.

    GIF and WebP repeat for ever. fps: frames a second, above 0; a GIF plays at most 50 (`playback_note`). Raises
    ValueError for another suffix and OSError where the file cannot be written; then there is none.
    """
    writers = {"gif": _write_gif, "mp4": _write_mp4, "webp": _write_webp}
    write = writers[format_of(path, FORMATS)]
    with atomic(path) as part:
        write(frames, part, fps)


def format_of(path: str | Path, allowed: Sequence[str]) -> str:
    """The format that the path's suffix names, in whatever case. Raises ValueError where it is none of the allowed."""
    suffix = Path(path).suffix
    name = suffix.removeprefix(".").lower()
    if name not in allowed:
        raise ValueError(f"format is {suffix!r}; allowed are {', '.join(f'.{each}' for each in allowed)}")
    return name


def playback_note(format: str, fps: float) -> str | None:
    """What to tell whoever asked for more frames a second than the format can play; None where there is nothing."""
    if format != "gif" or fps <= MAX_GIF_FPS:
        return None
    return f"a GIF plays at most {MAX_GIF_FPS} frames a second: this one plays at {MAX_GIF_FPS}, not at {fps:g}"


def durations(count: int, fps: float, units: int) -> list[int]:
    """How long each of `count` frames is shown, in units of 1/units s; their sum is off by half a unit at most."""
    ends = [round(i * units / fps) for i in range(count + 1)]
    return [end - start for start, end in zip(ends, ends[1:], strict=False)]


def one_palette(frames: Sequence[Image.Image]) -> list[Image.Image]:
    """The frames in one palette of 256 colours: with one each, colours flicker from frame to frame."""
    some = [np.asarray(frame) for frame in frames[:: max(1, len(frames) // 8)]]
    palette = Image.fromarray(np.concatenate(some)).quantize(256, method=Image.Quantize.MEDIANCUT)
    return [frame.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for frame in frames]


def _write_gif(frames: Sequence[Image.Image], path: Path, fps: float) -> None:
    first, *others = one_palette(frames)
    first.save(
        path, format="GIF", save_all=True, append_images=others, loop=0, optimize=False,
        palette=bytes(first.getpalette() or []),  # named, or Pillow repeats it in every frame
        duration=[10 * hundredths for hundredths in durations(len(frames), min(fps, MAX_GIF_FPS), 100)],
    )  # fmt: skip


def _write_webp(frames: Sequence[Image.Image], path: Path, fps: float) -> None:
    frames[0].save(
        path, format="WEBP", save_all=True, append_images=frames[1:], loop=0, quality=85, method=2,
        duration=durations(len(frames), fps, 1000),
    )  # fmt: skip


# -- MP4 --------------------------------------------------------------------------------------------------------------


def _write_mp4(frames: Sequence[Image.Image], path: Path, fps: float) -> None:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(_ffmpeg(_even(frames[0]), path, fps), stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            with suppress(BrokenPipeError):  # it has stopped: the log says why
                _feed(process, frames)
            failed = process.wait() != 0
        except BaseException:
            process.kill()
            raise
        finally:
            process.wait()
        if failed:
            raise _failure(log, path)


def _ffmpeg(first: np.ndarray, path: Path, fps: float) -> list[str]:
    height, width = first.shape[:2]
    return [
        _encoder(), "-y", "-loglevel", "error",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-framerate", f"{fps}", "-i", "-",
        *BT709, "-c:v", "libx264", "-crf", "10",
        "-movflags", "+faststart",  # playback starts before the file has come whole
        "-f", "mp4", f"file:{path}",  # a name may hold a colon
    ]  # fmt: skip


def _encoder() -> str:
    try:
        return get_ffmpeg_exe()
    except RuntimeError as error:
        raise OSError(f"an MP4 cannot be written here: {error}") from None


def _feed(process: subprocess.Popen[bytes], frames: Sequence[Image.Image]) -> None:
    assert process.stdin is not None
    with process.stdin as pipe:
        for frame in frames:
            pipe.write(_even(frame).tobytes())


def _even(frame: Image.Image) -> np.ndarray:
    """(height, width, 3) of even sides, which yuv420p needs: the last row or column is doubled."""
    pixels = np.asarray(frame)
    odd = [(0, side % 2) for side in pixels.shape[:2]]
    return np.pad(pixels, [*odd, (0, 0)], mode="edge")


def _failure(log: IO[bytes], path: Path) -> OSError:
    """What ffmpeg said when it failed, as an error."""
    log.seek(0)
    lines = log.read().decode(errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    full = shutil.disk_usage(path.parent).free < LEAST_SPACE  # then there was none for what ffmpeg says either
    if any(NO_SPACE in line for line in said) or (not said and full):
        return OSError(errno.ENOSPC, NO_SPACE, str(path))
    return OSError(f"the MP4 could not be written: {said[0] if said else 'the encoder was stopped'}")
