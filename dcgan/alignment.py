"""A photograph's face, turned, scaled and cut as the training set's are."""

import cmath
import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from darkroom.checks import check_range
from darkroom.face_detector import Face, detect_faces
from darkroom.pictures import Picture, open_picture
from dcgan.config import SIZE
from dcgan.data import square

# Where eyes and corners of the mouth lie, in parts of the square's sides: means of 300 faces of CelebA and LFW.
EYES_AND_MOUTH = np.array([0.388 + 0.511j, 0.612 + 0.511j, 0.400 + 0.756j, 0.600 + 0.756j])
NOSE = 2  # index of the landmark that moves most with the head, so that it is left out
OVERSAMPLING = 4  # px of the turned picture a px of the result, which is reduced from it
FRAME_RANGES = {"x": (0.0, 1.0), "y": (0.0, 1.0), "size": (0.02, 2.0), "turn": (-90.0, 90.0)}


@dataclass(frozen=True)
class Frame:
    """A square of a photograph. Raises ValueError for a value beyond FRAME_RANGES.

    x, y: its middle, in parts of the photograph's sides; size: its side, in parts of the photograph's shorter one;
    turn: degrees, clockwise.
    """

    x: float = 0.5
    y: float = 0.5
    size: float = 1.0
    turn: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            check_range(name, value, *FRAME_RANGES[name])

    def edges(self, photograph: Image.Image) -> tuple[complex, complex]:
        """Return the upper left corner, x + iy in px, and the way from there to the upper right one."""
        width, height = photograph.size
        along = cmath.rect(self.size * min(width, height), math.radians(self.turn))
        return complex(self.x * width, self.y * height) - along * (0.5 + 0.5j), along

    def corners(self, photograph: Image.Image) -> NDArray[np.complex128]:
        """Return the four corners in the order of a pen, x + iy in px."""
        corner, along = self.edges(photograph)
        return corner + along * np.array([0, 1, 1 + 1j, 1j])


def face_or_square(photograph: Picture, side: int = OVERSAMPLING * SIZE) -> tuple[Image.Image, bool]:
    """Return the largest face as a square of `side` px and True; the central square and False where there is no face.

    Raises PictureError.
    """
    opened = open_picture(photograph)
    face = aligned_face(opened, side)
    return (face, True) if face else (square(opened, side), False)


def aligned_face(photograph: Image.Image, side: int = SIZE) -> Image.Image | None:
    """Return the largest face of a photograph as a square of `side` px, RGB, its eyes level; None: there is no face."""
    frame = face_frame(photograph)
    return framed(photograph, frame, side) if frame else None


def face_frame(photograph: Image.Image) -> Frame | None:
    """Return the square of a photograph that holds its largest face as the training set's do; None: there is none."""
    faces = detect_faces(photograph)
    return frame_of(photograph, faces[0]) if faces else None


def frame_of(photograph: Image.Image, face: Face) -> Frame:
    """Return the square that holds a face as the training set's do, or the nearest that is allowed."""
    seen = np.delete(face.landmarks, NOSE, axis=0) @ (1, 1j)
    # The similarity x -> along * x + corner that brings the usual places to the seen ones with the least squares.
    usual = EYES_AND_MOUTH - EYES_AND_MOUTH.mean()
    along = complex(np.vdot(usual, seen - seen.mean()) / np.vdot(usual, usual).real)
    middle = complex(seen.mean()) + along * (0.5 + 0.5j - EYES_AND_MOUTH.mean())
    width, height = photograph.size
    found = {"x": middle.real / width, "y": middle.imag / height, "size": abs(along) / min(width, height)}
    found["turn"] = math.degrees(cmath.phase(along))
    return Frame(**{name: float(np.clip(value, *FRAME_RANGES[name])) for name, value in found.items()})


def framed(photograph: Image.Image, frame: Frame, side: int = SIZE) -> Image.Image:
    """Cut a square out of a photograph, as `side` px, RGB; what lies outside the photograph repeats its border."""
    fine = OVERSAMPLING * side
    photograph = photograph.convert("RGB").reduce(max(1, int(abs(frame.edges(photograph)[1]) / fine)))
    corners, (corner, along) = frame.corners(photograph), frame.edges(photograph)
    left, top = int(corners.real.min()) - 1, int(corners.imag.min()) - 1
    right, bottom = int(corners.real.max()) + 2, int(corners.imag.max()) + 2
    region = _with_border(photograph, left, top, right, bottom)
    step, corner = along / fine, corner - complex(left, top)
    data = (step.real, -step.imag, corner.real, step.imag, step.real, corner.imag)
    turned = region.transform((fine, fine), Image.Transform.AFFINE, data, Image.Resampling.BICUBIC)
    return turned.resize((side, side), Image.Resampling.LANCZOS)


def _with_border(photograph: Image.Image, left: int, top: int, right: int, bottom: int) -> Image.Image:
    """Cut a box, px, that may reach beyond the photograph."""
    around = [max(0, -top), max(0, bottom - photograph.height)], [max(0, -left), max(0, right - photograph.width)]
    inside = photograph.crop((max(0, left), max(0, top), min(right, photograph.width), min(bottom, photograph.height)))
    return Image.fromarray(np.pad(np.asarray(inside), (*around, (0, 0)), mode="edge"))
