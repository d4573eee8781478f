"""The photograph that a scene was trained on and is printed from, as its folder keeps it."""

import io
from functools import lru_cache
from pathlib import Path

from PIL import Image

from darkroom import pictures
from darkroom.model_files import PHOTOGRAPH_FILES
from darkroom.pictures import FULL_PIXELS
from darkroom.uses import Size, size_key
from singan.image import open_picture

MAX_BYTES = 25_000_000
LOSSLESS_BYTES = 12_000_000  # of PNG, at most: 6 megapixels of most photographs
PNG_LEVEL = 3  # of compression: 0.1 s a megapixel, 2 % larger than at 6
QUALITIES = (95, 90, 80, 60)  # of JPEG: the first that fits
OTHER_SHAPE = 0.1  # of the trained picture's ratio, whose sides were rounded: more is another picture


class Photograph:
    """A picture as PNG or JPEG. data: the file; name: of the file in a scene's folder; size: (width, height), px."""

    remark: str | None = None

    def __init__(self, data: bytes) -> None:
        """Read the header only. Raises ValueError or OSError where it is neither, or too large."""
        if len(data) > MAX_BYTES:
            raise ValueError(f"the photograph has {len(data) / 1e6:.0f} MB; at most {MAX_BYTES // 10**6} are allowed")
        try:
            with Image.open(io.BytesIO(data), formats=["PNG", "JPEG"]) as image:
                self.data, self.size = data, image.size
                self.name = PHOTOGRAPH_FILES[0 if image.format == "PNG" else 1]
        except Image.DecompressionBombError as error:
            raise ValueError(str(error)) from None
        if self.size[0] * self.size[1] > FULL_PIXELS:
            many = f"{self.size[0]}x{self.size[1]} px"
            raise ValueError(f"the photograph has {many}; at most {FULL_PIXELS // 10**6} megapixels are allowed")

    @classmethod
    def of(cls, picture: Image.Image) -> "Photograph":
        """Encode an RGB picture of at most 25 megapixels: losslessly where that takes few bytes."""
        picture.save(file := io.BytesIO(), format="PNG", compress_level=PNG_LEVEL)
        if file.tell() <= LOSSLESS_BYTES:
            return cls(file.getvalue())
        for quality in QUALITIES:
            subsampling = 0 if quality > 90 else -1
            picture.save(file := io.BytesIO(), format="JPEG", quality=quality, subsampling=subsampling)
            if file.tell() <= MAX_BYTES:
                break
        return cls(file.getvalue())

    @classmethod
    def read(cls, folder: Path, trained: Size) -> "Photograph | None":
        """Read the one in a scene's folder, reduced to this size for training; None where there is none.

        Raises ValueError or OSError where it is neither PNG nor JPEG, too large, or of another shape.
        """
        path = next((folder / name for name in PHOTOGRAPH_FILES if (folder / name).exists()), None)
        if path is None:
            return None
        with path.open("rb") as file:
            photograph = cls(file.read(MAX_BYTES + 1))
        ratio = photograph.size[0] / photograph.size[1] * trained[1] / trained[0]
        if not 1 - OTHER_SHAPE < ratio < 1 + OTHER_SHAPE:
            own, other = map(size_key, (photograph.size, trained))
            raise ValueError(f"{path.name} has {own} px, another shape than the trained picture ({other})")
        return photograph

    def picture(self) -> Image.Image:
        """Open the picture. Raises PictureError where it is damaged."""
        return pictures.open_picture(io.BytesIO(self.data), "the scene's photograph")

    def encoded(self) -> "Photograph":
        return self


class PhotographFile:
    """A photograph in a file of any format, encoded only where a scene's folder is written: that takes a second."""

    def __init__(self, path: Path, opened: Image.Image) -> None:
        self.path, self.size, self.remark = path, opened.size, pictures.remark(opened)

    def picture(self) -> Image.Image:
        return open_picture(self.path)

    def encoded(self) -> Photograph:
        return Photograph.of(self.picture())


@lru_cache(maxsize=1)  # One is fitted to many screens; 25 megapixels take 75 MB.
def opened(photograph: Photograph | PhotographFile) -> Image.Image:
    """Open the picture, the last one only once: it is shared, and not to be changed. Raises PictureError."""
    return photograph.picture()
