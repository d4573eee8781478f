"""Frames as an animation: GIF, MP4 or WebP, written whole or not at all."""

import errno
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
from imageio_ffmpeg import count_frames_and_secs, get_ffmpeg_exe
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
FULL_DISK_BYTES = 500_000  # a disk that has less is full


def save_animation(frames: Sequence[Image.Image], path: str | Path, fps: float = 10) -> None:
    """Write RGB frames of one size, as the path's suffix says, in whatever case: .gif, .mp4 (H.264, yuv420p) or .webp.

    GIF and WebP repeat for ever. fps: above 0; a GIF plays at most 50. Raises ValueError for another suffix and OSError
    where the file cannot be written; then there is none.
    """
    suffix = Path(path).suffix
    format = suffix.removeprefix(".").lower()
    if format not in FORMATS:
        raise ValueError(f"format is {suffix!r}; allowed are {', '.join(f'.{each}' for each in FORMATS)}")
    check_encoder(format)
    with atomic(Path(path).absolute()) as part:  # ffmpeg takes what stands before a colon for a protocol
        if format == "mp4":
            _write_mp4(frames, part, fps)
        else:
            _write_by_pillow(frames, part, fps, format)


def is_video(path: str | Path | None) -> bool:
    """Return whether a file is an MP4, which a video element plays and an image does not."""
    return Path(path or "").suffix == ".mp4"


def first_frame(path: str | Path) -> Image.Image:
    """Return the first frame of an MP4. Raises OSError where there is none, and where ffmpeg is missing."""
    # By the name of what it holds: ffmpeg takes a file for whatever it looks like, such as a list of other files.
    pixels = imageio.imread(path, index=0, plugin="FFMPEG", input_params=["-f", "mov"])  # type: ignore[call-overload]
    return Image.fromarray(pixels)


def check_encoder(format: str) -> None:
    """Raise OSError where files of a format cannot be written here: an MP4 needs ffmpeg."""
    with suppress(RuntimeError):  # there is none
        if format != "mp4" or shutil.which(get_ffmpeg_exe()):
            return
    raise OSError("an MP4 cannot be written here: ffmpeg is missing or not executable; choose another format")


def playback_note(format: str, fps: float) -> str | None:
    """Return a sentence where more frames a second were asked for than the format can play, else None."""
    if format != "gif" or fps <= MAX_GIF_FPS:
        return None
    return f"a GIF plays at most {MAX_GIF_FPS} frames a second: this one plays at {MAX_GIF_FPS}, not at {fps:g}"


def durations(count: int, fps: float, units: int) -> list[int]:
    """Return how long each of `count` frames is shown, in units of 1/units s; the sum is off by half a unit at most."""
    ends = [round(i * units / fps) for i in range(count + 1)]
    return [end - start for start, end in zip(ends, ends[1:], strict=False)]


def _write_by_pillow(frames: Sequence[Image.Image], path: Path, fps: float, format: str) -> None:
    options: dict[str, Any] = {"quality": 85, "method": 2, "duration": durations(len(frames), fps, 1000)}
    if format == "gif":
        some = np.concatenate([np.asarray(frame) for frame in frames[:: max(1, len(frames) // 8)]])
        palette = Image.fromarray(some).quantize(256, method=Image.Quantize.MEDIANCUT)  # with one each, colours flicker
        frames = [frame.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for frame in frames]
        hundredths = durations(len(frames), min(fps, MAX_GIF_FPS), 100)
        options = {"optimize": False, "duration": [10 * each for each in hundredths]}
        options["palette"] = bytes(frames[0].getpalette() or [])  # named, or Pillow repeats it in every frame
    frames[0].save(path, format=format, save_all=True, append_images=frames[1:], loop=0, **options)


def _write_mp4(frames: Sequence[Image.Image], path: Path, fps: float) -> None:
    """Write by imageio; that ffmpeg failed is found here, as imageio does not ask how it ended."""
    with suppress(OSError, RuntimeError):
        imageio.imwrite(  # type: ignore[call-overload]  # a frame at a time
            path, map(_even, frames), plugin="FFMPEG", extension=".mp4", is_batch=True, fps=fps, codec="libx264",
            pixelformat="yuv420p", macro_block_size=1, ffmpeg_log_level="quiet",
            # With `faststart` playback begins before the file has come whole.
            output_params=[*BT709, "-crf", "10", "-movflags", "+faststart", "-f", "mp4"],
        )  # fmt: skip
        if count_frames_and_secs(path)[0] == len(frames):
            return
    if shutil.disk_usage(path.parent).free < FULL_DISK_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    raise OSError("the MP4 could not be written: the encoder failed")


def _even(frame: Image.Image) -> np.ndarray:
    """Return (height, width, 3) of even sides, which yuv420p needs; imageio's macro_block_size would resize."""
    pixels = np.asarray(frame)
    odd = [(0, side % 2) for side in pixels.shape[:2]]
    return np.pad(pixels, [*odd, (0, 0)], mode="edge")
