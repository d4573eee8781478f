"""Files that a training writes beside its model: log.csv, log.png and a sheet every so often."""

import csv
import re
from pathlib import Path

from darkroom.files import atomic, visible
from darkroom.model_files import CONFIG_FILE
from dcgan.train import Progress

COLUMNS = (
    "iteration", "images", "seconds", "images_per_second", "discriminator", "generator", "real", "fake", "penalty",
    "augmentation", "quality", "spread",
)  # fmt: skip
ALWAYS_FILLED = COLUMNS[:4]
LOG_FILE, PLOT_FILE, SHEETS = "log.csv", "log.png", "sheets"


def holds_journal_only(folder: str | Path) -> bool:
    """Return whether all that is visible in a folder is what training writes before its first checkpoint is whole."""
    folder = Path(folder)
    names = visible(folder)
    if LOG_FILE not in names or not names <= {LOG_FILE, PLOT_FILE, SHEETS, CONFIG_FILE}:
        return False
    with (folder / LOG_FILE).open("rb") as file:
        header = file.readline(1000)
    sheets_only = all(re.fullmatch(r"\d{7,}\.png", name) for name in visible(folder / SHEETS))
    return header.strip() == ",".join(COLUMNS).encode() and sheets_only


def _is_whole(row: dict[str, str]) -> bool:
    """Return whether each column is there, and those that every row fills are numbers."""
    try:
        return all(row[name] is not None for name in COLUMNS) and all(float(row[name]) >= 0 for name in ALWAYS_FILLED)
    except (KeyError, ValueError):
        return False


class Journal:
    """Appends records to `folder`/log.csv; after `iteration` earlier ones of an interrupted run are dropped."""

    def __init__(self, folder: str | Path, iteration: int = 0) -> None:
        self.folder = Path(folder)
        self.path = self.folder / LOG_FILE
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = [row for row in self.rows() if int(row["iteration"]) <= iteration] if iteration else []
        with atomic(self.path) as part, part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(kept)
        self.seconds_before = float(kept[-1]["seconds"]) if kept else 0.0

    def rows(self) -> list[dict[str, str]]:
        """Read the rows written so far; a line that was cut off or damaged is left out."""
        if not self.path.exists():
            return []
        with self.path.open(encoding="utf-8", errors="replace", newline="") as file:
            return [row for row in csv.DictReader(file) if _is_whole(row)]

    def write(self, record: Progress) -> None:
        """Append a row; with a snapshot write also its sheet and the plot."""
        row: dict[str, object] = {
            "iteration": record.iteration,
            "images": record.images,
            "seconds": round(self.seconds_before + record.seconds, 1),
            "images_per_second": round(record.images_per_second, 1),
            **{name: f"{value:.5g}" for name, value in record.losses.items()},
        }
        if record.snapshot:
            row["spread"] = f"{record.snapshot.spread:.4g}"
            if record.snapshot.quality is not None:
                row["quality"] = f"{record.snapshot.quality:.5g}"
        with self.path.open("a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, COLUMNS).writerow(row)
        if record.snapshot:
            (self.folder / SHEETS).mkdir(exist_ok=True)
            with atomic(self.folder / SHEETS / f"{record.iteration:07}.png") as part:
                record.snapshot.sheet.save(part, format="PNG")
            self.plot()

    def plot(self) -> None:
        """Write log.png: losses, logits and quality over the images seen."""
        from matplotlib.figure import Figure  # half a second, which commands that train nothing need not wait for

        rows = self.rows()
        panels = (("discriminator", "generator"), ("real", "fake"), ("augmentation", "spread"), ("quality",))
        figure = Figure(figsize=(12, 7), layout="constrained")
        for axes, names in zip(figure.subplots(2, 2).flat, panels, strict=True):
            for name in names:
                points = [(int(row["images"]), float(row[name])) for row in rows if row[name]]
                if points:
                    axes.plot(*zip(*points, strict=True), label=name, marker="." if len(points) < 50 else "")
            axes.set_xlabel("images")
            if axes.lines:  # the first figures may be still to come
                axes.legend()
            else:
                axes.set_title(f"{', '.join(names)}: not measured yet")
        with atomic(self.folder / PLOT_FILE) as part:
            figure.savefig(part, format="png")
