"""Does a use with a model on the shared device, as a stream of results: what its panel and its endpoint show."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from darkroom.uses import AnimationUse, PicturesUse
from ui.device import Device, Turn
from ui.reports import Report, passing_folder, reports

PNG_LEVEL = 3  # of compression: a third faster than 6, 2 % larger


@dataclass(frozen=True)
class Result:
    """Where the drawing stands. files: of the pictures, or the one of an animation; archive: a ZIP of the pictures, or
    the animation again. Both come when all is drawn, and may be copied until the stream goes on."""

    report: Report
    files: list[str] = field(default_factory=list)
    archive: str | None = None


class Models(Protocol):
    """What uses are done with, by name: darkroom.models.Models, ui.scenes.store.SceneStore."""

    def get(self, name: str) -> Any:
        """The model. Raises ValueError where there is none of this name."""


class Drawing:
    """Draws with models by name on one device."""

    def __init__(self, models: Models, device: Device) -> None:
        self.models, self.device = models, device

    def draw(self, use: PicturesUse[Any] | AnimationUse[Any], name: str) -> Iterator[Result]:
        """The results of a use; files are called by the model's name and the use. Raises ValueError."""
        model = self.models.get(name)
        if isinstance(use, AnimationUse):
            yield from _draw_animation(use, model, self.device, name)
            return
        with passing_folder() as folder:
            paths = use.paths(folder, f"{name}_")
            yield from self.draw_pictures(use.draw(model), paths, folder / f"{name}_{use.stem()}.zip")

    def draw_pictures(self, pictures: Iterator[Image.Image], paths: Sequence[Path], archive: Path) -> Iterator[Result]:
        """The results of drawing pictures to these files, one for each."""
        files = _written(self.device.stream(Turn.PICTURE, pictures), paths)
        for report, done in reports(files, len(paths), PicturesUse.WHAT):
            yield Result(report, done, zipped(done, archive) if done else None)


def _written(pictures: Iterable[Image.Image], paths: Iterable[Path]) -> Iterator[str]:
    """Writes each picture as it comes; the paths. Encoding takes as long as drawing: it is done once."""
    for picture, path in zip(pictures, paths, strict=False):
        picture.save(path, format="PNG", compress_level=PNG_LEVEL)
        yield str(path)


def zipped(files: Sequence[str | Path], path: Path) -> str:
    """The files in one archive, by their names."""
    with zipfile.ZipFile(path, "w") as archive:  # stored: PNGs do not get smaller
        for file in files:
            archive.write(file, Path(file).name)
    return str(path)


def _draw_animation(use: AnimationUse[Any], model: Any, device: Device, name: str) -> Iterator[Result]:
    frames: list[Image.Image] = []
    for report, frames in reports(device.stream(Turn.PICTURE, use.draw(model)), use.total, use.WHAT):  # noqa: B007
        if not frames:
            yield Result(report)
    with passing_folder() as folder:
        path = use.path(folder, f"{name}_")
        use.save(frames, path)
        yield Result(report.noted(use.note()), [str(path)], str(path))
