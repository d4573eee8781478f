"""Where drawing begins in the pyramid: what most uses ask."""

from __future__ import annotations

from typing import Any

from darkroom.uses import option
from singan.config import MAX_SCALES

STRENGTHS = {0: "strong", 1: "medium", 2: "subtle"}  # of an animation or a sample, by start scale
# Of pictures that patches lay out, likewise: how much a patch keeps its height, and its place across.
PLACES = ((1.0, 0.03), (1.0, 0.1), (1.0, 0.3))


def enlarge_option(first: bool = True) -> Any:
    """Make the option whether a result becomes a print; first: what forms begin with."""
    said = "whether the photograph's own patches redraw them at its own pixels"
    return option(False, said, label="Print at the photograph's own pixels", first=first)


def print_suffix(enlarge: bool) -> str:
    """Return the end of a print's file name, as the small picture of the same seed may lie beside it."""
    return "_print" if enlarge else ""


def start_scale_option(default: int | None, help: str, low: int = 0, **said: Any) -> Any:
    """Make the option at which scale noise enters; the trained picture's own structure is below it."""
    return option(default, help, label="Start scale", low=low, high=MAX_SCALES - 1, link="start", **said)
