"""The photograph that a scene was trained on, as its folder keeps it: what prints are made of."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from darkroom import pictures
from darkroom.pictures import FULL_PIXELS

MAX_BYTES = 25_000_000
QUALITIES = (95, 90, 80, 60)  # of JPEG: the first that fits
OTHER_SHAPE = 0.1  # of the trained picture's ratio, whose sides were rounded: more is another picture


class Photograph:
    """A picture as JPEG. data: the file; size: (width, height), px."""

    def __init__(self, data: bytes) -> None:
        """Looks at the header only. Raises ValueError or OSError where it is no JPEG, or too large."""
        if len(data) > MAX_BYTES:
            raise ValueError(f"the photograph has {len(data) / 1e6:.0f} MB; at most {MAX_BYTES // 10**6} are allowed")
        try:
            with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
                self.data, self.size = data, image.size
        except Image.DecompressionBombError as error:
            raise ValueError(str(error)) from None
        if self.size[0] * self.size[1] > FULL_PIXELS:
            many = f"{self.size[0]}x{self.size[1]} px"
            raise ValueError(f"the photograph has {many}; at most {FULL_PIXELS // 10**6} megapixels are allowed")

    @classmethod
    def of(cls, picture: Image.Image) -> Photograph:
        """That of an RGB picture of at most 25 megapixels."""
        for quality in QUALITIES:
            file = io.BytesIO()
            picture.save(file, format="JPEG", quality=quality, subsampling=0 if quality > 90 else -1)
            if file.tell() <= MAX_BYTES:
                break
        return cls(file.getvalue())

    @classmethod
    def read(cls, path: Path, width: int, height: int) -> Photograph | None:
        """The one in a file of which a picture of this size was trained; None where there is none.

        Raises ValueError or OSError where it is no JPEG, too large, or of another shape.
        """
        try:
            with path.open("rb") as file:
                photograph = cls(file.read(MAX_BYTES + 1))
        except FileNotFoundError:
            return None
        ratio = photograph.size[0] / photograph.size[1] * height / width
        if not 1 - OTHER_SHAPE < ratio < 1 + OTHER_SHAPE:
            own = "x".join(map(str, photograph.size))
            raise ValueError(f"{path.name} has {own} px, another shape than the trained picture ({width}x{height})")
        return photograph

    def picture(self) -> Image.Image:
        """The picture. Raises PictureError where it is damaged."""
        return pictures.open_picture(io.BytesIO(self.data), "the scene's photograph")
