"""What the Scenes tab and its endpoints do with a trained scene: sample, retarget, animate."""

from __future__ import annotations

import math
import shutil
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.animations import FORMATS, playback_note
from darkroom.checks import check_choice, check_range
from singan.uses import Animate, Retarget, Sample
from singan.uses.start import STRENGTHS
from ui.device import Device, Turn
from ui.parts import Report, bounded, duration, passing_folder, reports, whole
from ui.store import LIFETIME_SECONDS, SceneStore

MAX_COUNT, MAX_FRAMES = 50, 200
PNG_LEVEL = 3  # of compression: a third faster than 6, 2 % larger
BETAS = (0.80, 0.85, 0.90, 0.95)  # of the set of twelve
DEVICES = {  # width / height
    "Phone 9:19.5": 9 / 19.5,
    "Story 9:16": 9 / 16,
    "Square 1:1": 1.0,
    "Tablet 4:3": 4 / 3,
    "Desktop 16:9": 16 / 9,
    "Ultrawide 21:9": 21 / 9,
    "Banner 3:1": 3.0,
}


def _written(pictures: Iterable[Image.Image], paths: Iterable[Path]) -> Iterator[str]:
    """Writes each picture as it comes; the paths. Encoding takes as long as drawing: it is done once."""
    for picture, path in zip(pictures, paths, strict=False):
        picture.save(path, format="PNG", compress_level=PNG_LEVEL)
        yield str(path)


def _zip(files: Sequence[str | Path], path: Path) -> str:
    """The files in one archive, by their names."""
    with zipfile.ZipFile(path, "w") as archive:  # stored: PNGs do not get smaller
        for file in files:
            archive.write(file, Path(file).name)
    return str(path)


class SceneHandlers:
    """What the tab's buttons and the endpoints do. Names of scenes come from /models and /train_scene."""

    def __init__(self, store: SceneStore, device: Device) -> None:
        self.store, self.device = store, device

    def sample_scene(
        self, scene: str, count: int = 8, start_scale: int = 0, seed: int = 0
    ) -> Iterator[tuple[Any, ...]]:
        """Draw new pictures with the content of a trained scene; answers with the pictures and a ZIP of them.

        Args:
            scene: name of a scene, from /models or /train_scene.
            count: number of pictures, 1 to 50.
            start_scale: 0 draws everything anew, 1, 2, ... keep more of the picture's layout.
            seed: of the draws; picture i of a seed is always the same.
        """
        count, seed = bounded("count", count, MAX_COUNT), whole("seed", seed)
        start = whole("start_scale", start_scale)
        pictures = Sample(count, start, seed).draw(self.store.get(scene))
        yield from self._pictures(pictures, count, f"{scene}_seed{seed}")

    def retarget_scene(
        self,
        scene: str,
        width: int = 325,
        height: int = 175,
        mode: str = "keep",
        start_scale: int | None = None,
        count: int = 1,
        seed: int = 0,
    ) -> Iterator[tuple[Any, ...]]:
        """Fit a trained scene to another size or aspect ratio; answers with the pictures and a ZIP of them.

        Args:
            scene: name of a scene, from /models or /train_scene.
            width: in px; up to 4 megapixels together with the height.
            height: in px.
            mode: "keep" holds the picture's own layout, "rearrange" draws new content at the new size.
            start_scale: where drawing begins; by default 3 for "keep", 0 for "rearrange".
            count: number of pictures, 1 to 50.
            seed: of the draws.
        """
        count, seed = bounded("count", count, MAX_COUNT), whole("seed", seed)
        start = None if start_scale is None else whole("start_scale", start_scale)
        size = (whole("width", width), whole("height", height))
        pictures = Retarget(size, mode, start, count, seed).draw(self.store.get(scene))
        yield from self._pictures(pictures, count, f"{scene}_{size[0]}x{size[1]}_{mode}")

    def _pictures(self, pictures: Iterator[Image.Image], count: int, name: str) -> Iterator[tuple[Any, ...]]:
        with passing_folder() as folder:
            paths = (folder / f"{name}_{i:04}.png" for i in range(count))
            files = _written(self.device.stream(Turn.PICTURE, pictures), paths)
            for text, done in reports(files, count, "pictures"):
                yield (text, done, _zip(done, folder / f"{name}.zip")) if done else (text, gr.skip(), gr.skip())

    def animate_scene(
        self,
        scene: str,
        start_scale: int = 1,
        alpha: float = 0.1,
        beta: float = 0.9,
        frames: int = 60,
        fps: float = 10,
        loop: bool = True,
        format: str = "gif",
        seed: int = 0,
    ) -> Iterator[tuple[Any, ...]]:
        """Set a trained scene in motion; answers with the animation as a file, image or video.

        Args:
            scene: name of a scene, from /models or /train_scene.
            start_scale: 0 moves large things (strong), 1 medium, 2 subtle.
            alpha: pull back to the picture, 0 to 1.
            beta: smoothness of the motion, 0 to 1.
            frames: number of frames, 2 to 200.
            fps: frames a second, 1 to 60.
            loop: whether the end joins the beginning.
            format: "gif", "mp4" or "webp".
            seed: of the motion.
        """
        count, start = bounded("frames", frames, MAX_FRAMES), whole("start_scale", start_scale)
        check_range("fps", fps, 1, 60)
        check_choice("format", format, FORMATS)
        motion = Animate(start, alpha, beta, count, fps, loop, format, whole("seed", seed))
        stream = motion.draw(self.store.get(scene))
        done: list[Image.Image] = []
        for text, drawn in reports(self.device.stream(Turn.PICTURE, stream), count, "frames"):
            done = drawn
            yield text, gr.skip(), gr.skip(), gr.skip()
        name = f"{scene}_{STRENGTHS.get(start, 'fine')}_beta{beta:.2f}.{format}"
        with passing_folder() as folder:
            path = folder / name
            motion.save(done, path)
            image, video = (None, str(path)) if format == "mp4" else (str(path), None)
            yield text.noted(playback_note(format, fps)), image, video, str(path)

    # -- for the page ------------------------------------------------------------------------------------------------

    def all_devices(self, scene: str, mode: str = "keep", seed: int = 0) -> Iterator[tuple[Any, ...]]:
        """Report, captioned pictures and their ZIP: a scene in the shapes of all DEVICES, at the trained one's area."""
        chosen, seed = self.store.get(scene), whole("seed", seed)
        sizes = device_sizes(chosen.size)
        pictures = chain.from_iterable(Retarget(size, mode, seed=seed).draw(chosen) for size in sizes.values())
        with passing_folder() as folder:
            paths = (folder / f"{_slug(name)}_{width}x{height}.png" for name, (width, height) in sizes.items())
            files = _written(self.device.stream(Turn.PICTURE, pictures), paths)
            for report, done in reports(files, len(sizes), "pictures"):
                if not done:
                    yield report, gr.skip(), gr.skip()
                    continue
                captions = [f"{name} · {width} × {height}" for name, (width, height) in sizes.items()]
                yield report, list(zip(done, captions, strict=True)), _zip(done, folder / f"{scene}_{mode}.zip")

    def compare(self, scene: str, file: str) -> tuple[Image.Image, str]:
        """The trained picture, plainly stretched to the size of the picture in a file, and the file."""
        with Image.open(file) as picture:
            return self.store.get(scene).source.resize(picture.size, Image.Resampling.LANCZOS), file

    def twelve(
        self, scene: str, alpha: float, frames: int, fps: float, loop: bool, format: str, seed: int
    ) -> Iterator[tuple[Any, ...]]:
        """Report, captioned animations and their ZIP: three strengths times four smoothnesses."""
        pairs = [(start, beta) for start in sorted(STRENGTHS) for beta in BETAS]
        made: list[tuple[Path, str]] = []
        started = time.monotonic()
        with passing_folder() as folder:
            for done, (start, beta) in enumerate(pairs):
                for *_, file in self.animate_scene(scene, start, alpha, beta, frames, fps, loop, format, seed):
                    left = (time.monotonic() - started) / done * (len(pairs) - done) if done else None
                    words = f", {duration(left)} left" if left else ""
                    yield Report(f"animations: {done} of {len(pairs)}{words}", done / len(pairs)), gr.skip(), gr.skip()
                    if isinstance(file, str):
                        kept = folder / Path(file).name
                        shutil.copyfile(file, kept)
                        made.append((kept, f"{STRENGTHS[start]}, beta {beta:.2f}"))
            archive = _zip([path for path, _ in made], folder / f"{scene}_animations.zip")
            report = Report(f"{len(made)} animations in {duration(time.monotonic() - started)}")
            noted = report.noted(playback_note(format, fps))
            yield noted, [(str(path), caption) for path, caption in made], archive

    def chosen(self, files: list[str], numbers: list[int], scene: str, seed: int) -> Iterator[str]:
        """A ZIP of some of a scene's pictures, counted from 1; of all where none is chosen."""
        if not files:
            raise ValueError("there are no pictures yet: draw some first")
        self.store.get(scene)  # its name becomes that of a file
        bounded("number of pictures", len(files), MAX_COUNT)
        name = f"{scene}_seed{whole('seed', seed)}"
        numbers = [bounded("a picture's number", number, len(files)) for number in numbers or []]
        with passing_folder() as folder:
            archive = folder / f"{name}.zip"
            with zipfile.ZipFile(archive, "w") as content:
                for i in sorted(set(numbers)) or range(1, len(files) + 1):
                    content.write(files[i - 1], f"{name}_{i - 1:04}.png")
            yield str(archive)

    def source(self, scene: str | None) -> Iterator[tuple[Image.Image | None, str, str | None]]:
        """The trained picture of a scene, a line about it, and the scene as a file to keep."""
        if not scene:
            yield None, "No scene yet: train one on your own picture.", None
            return
        chosen = self.store.get(scene)
        width, height = chosen.size
        total = len(chosen.pyramid.config.sizes)
        scales = f"{total} scales" if chosen.finished else f"{chosen.scales} of {total} scales"
        lives = "" if scene in self.store.shipped.names else f" · lives {duration(LIFETIME_SECONDS)} after its last use"
        with passing_folder() as folder:
            path = folder / f"{scene}.zip"
            self.store.save_zip(scene, path)
            yield chosen.source, f"**{scene}** · {width} × {height} px · {scales}{lives}", str(path)

    def stages(self, scene: str) -> list[Image.Image]:
        """A sample at every finished scale of a scene."""
        return self.device.run(Turn.PICTURE, self.store.get(scene).stages)


def device_sizes(trained: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """(width, height) in px of every device's shape, at the area of the trained picture."""
    return {name: size_of(ratio, trained) for name, ratio in DEVICES.items()}


def size_of(ratio: float, trained: tuple[int, int]) -> tuple[int, int]:
    """(width, height) in px of a shape (width / height), at the area of the trained picture."""
    width = math.sqrt(trained[0] * trained[1] * ratio)
    return round(width), round(width / ratio)


def _slug(name: str) -> str:
    return name.partition(" ")[0].lower()
