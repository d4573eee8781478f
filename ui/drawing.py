"""Do a use with a model on the shared device, as a stream of results that its panel and its endpoint show."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import prod
from pathlib import Path
from typing import IO, Any, TypeVar

from PIL import Image

from darkroom.pictures import save_picture
from darkroom.uses import AnimationUse, PicturesUse, Step, in_turn, prefixes
from ui.device import Device, Turn
from ui.reports import Progress, Report, passing_folder
from ui.visitors import display_name

PNG_COMPRESSION_LEVEL = 3  # a third faster than 6, 2 % larger
LARGE_PIXELS = 500_000  # above, JPEG is shown, a sixth of the bytes
JPEG_QUALITY = 92

Target = TypeVar("Target", str, IO[bytes])


@dataclass(frozen=True)
class Result:
    """Say where the drawing stands; all files may be copied until the stream goes on.

    files, archive: the pictures and a ZIP of them, or the animation, twice; both come when all is drawn. shown: the
    pictures for the eye, drafts to begin with, large ones as JPEG; none where none is new.
    """

    report: Report
    files: list[str] = field(default_factory=list)
    archive: str | None = None
    shown: list[str] = field(default_factory=list)


class Drawing:
    """Draw on one device. models: by name, with a `get` that raises ValueError: darkroom.models.Models, SceneStore."""

    def __init__(self, models: Any, device: Device) -> None:
        self.models, self.device = models, device

    def draw(self, use: PicturesUse[Any] | AnimationUse[Any], name: str) -> Iterator[Result]:
        """Do a use; files are called by the model's name, as people read it, and the use. Raises ValueError."""
        model = self.models.get(name)
        return self._animate(use, model, name) if isinstance(use, AnimationUse) else self.draw_all([use], model, name)

    def draw_all(
        self, uses: Sequence[PicturesUse[Any]], model: Any, name: str, stems: Sequence[str] = (), suffix: str = ".png"
    ) -> Iterator[Result]:
        """Do several uses together, one after the other; the note is the first one's.

        stems: names of the archive and of the one picture of each use, else made of name and uses. suffix: of the
        pictures' files, .png or .jpg.
        """
        self._check_cost(uses, model)
        name = display_name(name)
        archive, *own = stems or [f"{name}_{uses[0].stem()}"]
        progress, shown, drafts = Progress(sum(use.total for use in uses), PicturesUse.WHAT), dict[int, str](), count()
        unseen: dict[int, Step] = {}  # Encoding takes as long as drawing: drafts are written only where they are shown.
        with passing_folder() as folder:
            named = zip(uses, prefixes(uses), strict=True)
            paths = [folder / f"{stem}{suffix}" for stem in own]
            paths = paths or [path for use, prefix in named for path in use.paths(folder, f"{name}_{prefix}")]

            def show() -> list[str]:
                shown.update({n: _show(step, paths[n], next(drafts)) for n, step in unseen.items()})
                unseen.clear()
                return [shown[n] for n in sorted(shown)]

            for step in self.device.stream(Turn.PICTURE, in_turn(uses, model)):
                if step.picture:
                    unseen[step.number] = step
                    if step.share == 1:
                        save(step.picture, paths[step.number])
                if report := progress.take(step.number, step.share):
                    yield Result(report, shown=show() if unseen else [])
            report, files = progress.end().noted(uses[0].remarks(model)), [str(path) for path in paths]
            yield Result(report, files, zipped(files, f"{folder}/{archive}.zip"), show())

    def _animate(self, use: AnimationUse[Any], model: Any, name: str) -> Iterator[Result]:
        self._check_cost([use], model)
        frames, progress = list[Image.Image](), Progress(use.total, use.WHAT)
        for step in self.device.stream(Turn.PICTURE, use.steps(model)):
            if step.picture and step.share == 1:
                frames.append(step.picture)
            if report := progress.take(step.number, step.share):
                yield Result(report)
        with passing_folder() as folder:
            path = use.path(folder, f"{display_name(name)}_")
            use.save(frames, path)
            yield Result(progress.end().noted(use.remarks(model)), [str(path)], str(path))

    def _check_cost(self, uses: Sequence[PicturesUse[Any] | AnimationUse[Any]], model: Any) -> None:
        """Raise ValueError where one request asks for too much."""
        pixels, most = sum(use.total * prod(use.drawn_size(model)) for use in uses), self.device.limits.drawn_pixels
        if pixels > most:
            raise ValueError(
                f"that is {pixels / 1e6:.0f} megapixels in all; at most {most / 1e6:.0f} are drawn at once here"
            )


def _show(step: Step, path: Path, draft: int) -> str:
    """Return the file that shows a picture: `path`, where that is small and finished, or a JPEG beside it."""
    assert step.picture
    finished = step.share == 1
    if finished and (path.suffix == ".jpg" or step.picture.width * step.picture.height <= LARGE_PIXELS):
        return str(path)
    jpeg = path.with_suffix(".jpg") if finished else path.with_name(f"draft{draft}_{path.stem}.jpg")
    save(step.picture, jpeg)
    return str(jpeg)


def save(picture: Image.Image, path: Path) -> None:
    """Write a picture as its path's suffix says, .png or .jpg."""
    save_picture(picture, path, quality=JPEG_QUALITY, compress_level=PNG_COMPRESSION_LEVEL)


def zipped(files: Iterable[str | Path], target: Target) -> Target:
    """Put files in one archive, by their names; return its path or its open file, as given."""
    with zipfile.ZipFile(target, "w") as archive:  # stored: pictures do not get smaller
        for file in files:
            archive.write(file, Path(file).name)
    return target
