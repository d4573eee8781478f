"""A photograph's face, turned, scaled and cut as the training set's are."""

import numpy as np
from PIL import Image

from darkroom.face_detector import Face, detect_faces
from darkroom.pictures import Picture, open_picture
from dcgan.config import SIZE
from dcgan.data import square

# Where eyes and corners of the mouth lie, in parts of the square's sides: means of 300 faces of CelebA and LFW.
EYES_AND_MOUTH = np.array([0.388 + 0.511j, 0.612 + 0.511j, 0.400 + 0.756j, 0.600 + 0.756j])
NOSE = 2  # index of the landmark that moves most with the head, so that it is left out
OVERSAMPLING = 4  # px of the turned picture a px of the result, which is reduced from it


def face_or_square(photograph: Picture, side: int = OVERSAMPLING * SIZE) -> tuple[Image.Image, bool]:
    """Return the largest face as a square of `side` px and True; the central square and False where there is no face.

    Raises PictureError.
    """
    opened = open_picture(photograph)
    face = aligned_face(opened, side)
    return (face, True) if face else (square(opened, side), False)


def aligned_face(photograph: Image.Image, side: int = SIZE) -> Image.Image | None:
    """Return the largest face of a photograph as a square of `side` px, RGB, its eyes level; None: there is no face."""
    faces = detect_faces(photograph)
    return aligned(photograph, faces[0], side) if faces else None


def aligned(photograph: Image.Image, face: Face, side: int = SIZE) -> Image.Image:
    """Return a face as a square of `side` px, RGB; what lies outside the photograph repeats its border."""
    seen = np.delete(face.landmarks, NOSE, axis=0) @ (1, 1j)
    # The similarity x -> turn * x + shift that brings the usual places to the seen ones with the least squares.
    usual = EYES_AND_MOUTH - EYES_AND_MOUTH.mean()
    turn = np.vdot(usual, seen - seen.mean()) / np.vdot(usual, usual).real
    shift = seen.mean() - turn * EYES_AND_MOUTH.mean()
    corners = shift + turn * np.array([0, 1, 1j, 1 + 1j])
    left, top = int(corners.real.min()) - 1, int(corners.imag.min()) - 1
    right, bottom = int(corners.real.max()) + 2, int(corners.imag.max()) + 2
    region = _with_border(photograph.convert("RGB"), left, top, right, bottom)
    fine = OVERSAMPLING * side
    reduction = max(1, int(abs(turn) / fine))
    region = region.reduce(reduction)
    step, shift = turn / (fine * reduction), (shift - complex(left, top)) / reduction
    data = (step.real, -step.imag, shift.real, step.imag, step.real, shift.imag)
    turned = region.transform((fine, fine), Image.Transform.AFFINE, data, Image.Resampling.BICUBIC)
    return turned.resize((side, side), Image.Resampling.LANCZOS)


def _with_border(photograph: Image.Image, left: int, top: int, right: int, bottom: int) -> Image.Image:
    """Cut a box, px, that may reach beyond the photograph."""
    around = [max(0, -top), max(0, bottom - photograph.height)], [max(0, -left), max(0, right - photograph.width)]
    inside = photograph.crop((max(0, left), max(0, top), min(right, photograph.width), min(bottom, photograph.height)))
    return Image.fromarray(np.pad(np.asarray(inside), (*around, (0, 0)), mode="edge"))
