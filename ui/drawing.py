"""Does a use with a model on the shared device, as a stream of results: what its panel and its endpoint show."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from darkroom.uses import AnimationUse, PicturesUse, Step, in_turn, prefixes
from ui.device import Device, Turn
from ui.reports import Progress, Report, passing_folder

PNG_LEVEL = 3  # of compression: a third faster than 6, 2 % larger
LARGE = 500_000  # px: above, JPEG is shown, a sixth of the bytes
JPEG_QUALITY = 92


@dataclass(frozen=True)
class Result:
    """Where the drawing stands. files: of the pictures, or the one of an animation; archive: a ZIP of the pictures, or
    the animation again: both come when all is drawn. shown: the pictures as they are, for the eye: drafts to begin
    with, large ones as JPEG. All may be copied until the stream goes on."""

    report: Report
    files: list[str] = field(default_factory=list)
    archive: str | None = None
    shown: list[str] = field(default_factory=list)


class Models(Protocol):
    """What uses are done with, by name: darkroom.models.Models, ui.scenes.store.SceneStore."""

    def get(self, name: str) -> Any:
        """The model. Raises ValueError where there is none of this name."""


class Drawing:
    """Draw with models by name on one device."""

    def __init__(self, models: Models, device: Device) -> None:
        self.models, self.device = models, device

    def draw(self, use: PicturesUse[Any] | AnimationUse[Any], name: str) -> Iterator[Result]:
        """The results of a use; files are called by the model's name and the use. Raises ValueError."""
        model = self.models.get(name)
        if isinstance(use, AnimationUse):
            yield from _draw_animation(use, model, self.device, name)
        else:
            yield from self.draw_all([use], model, name)

    def draw_all(self, uses: Sequence[PicturesUse[Any]], model: Any, name: str) -> Iterator[Result]:
        """The results of several uses together, one after the other."""
        with passing_folder() as folder:
            named = zip(uses, prefixes(uses), strict=True)
            paths = [path for use, prefix in named for path in use.paths(folder, f"{name}_{prefix}")]
            archive = folder / f"{name}_{uses[0].stem()}.zip"
            yield from self.draw_pictures(in_turn(uses, model), paths, archive, uses[0].note(model))

    def draw_pictures(
        self, steps: Iterator[Step], paths: Sequence[Path], archive: Path, note: str | None = None
    ) -> Iterator[Result]:
        """The results of drawing pictures to these files, one for each; note: a remark on them."""
        progress, shown = Progress(len(paths), PicturesUse.WHAT), dict[int, _Shown]()
        for step in self.device.stream(Turn.PICTURE, steps):
            if step.picture:
                here = shown.setdefault(step.number, _Shown(paths[step.number]))
                here.take(step.picture, step.share == 1)
            if report := progress.take(step.number, step.share):
                yield Result(report, shown=[here.path() for here in shown.values()])
        files, seen = [str(path) for path in paths], [here.path() for here in shown.values()]
        yield Result(progress.end().noted(note), files, zipped(files, archive), seen)


class _Shown:
    """A picture as it is now. path: its file, once finished; what is shown of it lies beside."""

    def __init__(self, path: Path) -> None:
        self.file = path
        self._draft: Image.Image | None = None
        self._path, self._drafts = path, 0

    def take(self, picture: Image.Image, finished: bool) -> None:
        """Encoding takes as long as drawing: of drafts only those are written that are shown."""
        self._draft = picture
        if finished:
            picture.save(self.file, format="PNG", compress_level=PNG_LEVEL)
            large = picture.width * picture.height > LARGE
            self._path = self.file.with_suffix(".jpg") if large else self.file
            self._draft = picture if large else None
        else:
            self._path, self._drafts = (
                self.file.with_name(f"draft{self._drafts}_{self.file.stem}.jpg"),
                self._drafts + 1,
            )

    def path(self) -> str:
        """The file that shows it."""
        if self._draft:
            self._draft.save(self._path, quality=JPEG_QUALITY)
            self._draft = None
        return str(self._path)


def zipped(files: Sequence[str | Path], path: Path) -> str:
    """The files in one archive, by their names."""
    with zipfile.ZipFile(path, "w") as archive:  # stored: PNGs do not get smaller
        for file in files:
            archive.write(file, Path(file).name)
    return str(path)


def _draw_animation(use: AnimationUse[Any], model: Any, device: Device, name: str) -> Iterator[Result]:
    frames, progress = list[Image.Image](), Progress(use.total, use.WHAT)
    for step in device.stream(Turn.PICTURE, use.steps(model)):
        if step.picture and step.share == 1:
            frames.append(step.picture)
        if report := progress.take(step.number, step.share):
            yield Result(report)
    with passing_folder() as folder:
        path = use.path(folder, f"{name}_")
        use.save(frames, path)
        yield Result(progress.end().noted(use.note(model)), [str(path)], str(path))
