"""Undo and redo: the faces that were edited, as a value that travels with the page's requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dcgan import Recipe
from ui.faces.handlers import Face

MOST = 50  # faces that are remembered


@dataclass(frozen=True)
class Steps:
    """The faces, oldest first; at: which of them is the edited one, -1 where there is none yet."""

    faces: tuple[Face, ...] = ()
    at: int = -1

    @classmethod
    def of(cls, values: Any) -> Steps:
        """Inverse of `plain`. Raises ValueError where the browser sends something else."""
        faces, at = (values.get(name) for name in ("faces", "at")) if isinstance(values, Mapping) else (None, None)
        if not isinstance(faces, list) or len(faces) > MOST or not isinstance(at, int) or not -1 <= at < len(faces):
            raise ValueError("what the page remembers of edited faces is damaged; reload it")
        return cls(tuple(Recipe.from_dict(face).to_dict() for face in faces), at)

    def plain(self) -> dict[str, Any]:
        """As a value for JSON."""
        return {"faces": list(self.faces), "at": self.at}

    def taken(self, face: Face) -> Steps:
        """After the edited face has become this one: what was undone is forgotten."""
        if self.at >= 0 and self.faces[self.at] == face:
            return self
        faces = (*self.faces[: self.at + 1], face)[-MOST:]
        return Steps(faces, len(faces) - 1)

    def moved(self, by: int) -> Steps:
        """So many steps forth, or back where negative, as far as there are any."""
        return Steps(self.faces, min(max(self.at + by, 0), len(self.faces) - 1))

    @property
    def back(self) -> bool:
        """Whether a face comes before the edited one."""
        return self.at > 0

    @property
    def forth(self) -> bool:
        """Whether a face comes after it."""
        return self.at < len(self.faces) - 1
