"""Find the models and pictures that are shipped with the code."""

from pathlib import Path

# An installation holds them in this package; a checkout beside it.
_ROOT = next(it for it in (Path(__file__).with_name("shipped_files"), Path(__file__).parents[1]) if it.is_dir())
CHECKPOINTS, EXAMPLES = _ROOT / "checkpoints", _ROOT / "examples"


def local_folder(model: str | Path) -> Path | None:
    """Return the folder of a model: the one of this path, else a shipped one, such as "checkpoints/faces".

    None: it may be the name of a repository.
    """
    if Path(model).is_dir():
        return Path(model)
    shipped = _ROOT / model
    return shipped if shipped.parent == CHECKPOINTS and shipped.is_dir() else None
