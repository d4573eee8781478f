"""PGM and PPM of other than 8 bits, which Pillow decodes pixel by pixel in Python: minutes for a large one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image, PpmImagePlugin

from darkroom.tones import eight_bits, levels

STRIP = 2**20  # values held at a time


class NetpbmImage(PpmImagePlugin.PpmImageFile):
    """Any PBM, PGM, PPM or PFM; the binary ones of other than 8 bits as 8 bits, by their range."""

    def _open(self) -> None:
        super()._open()
        decoder, _, self._start, args = self.tile[0]
        self._bits = 16 if args == "I;16B" else 0
        self._white = 65535
        if decoder == "ppm" and isinstance(args, tuple):
            self._white = int(args[-1])
            self._bits = 8 if self._white < 256 else 16
        if self._bits:
            self._mode = "RGB" if self.mode == "RGB" else "L"

    def load(self) -> Image.core.PixelAccess | None:
        if self._bits and self.tile:
            self._load_strips()
            self.tile = []
        return super().load()

    def _load_strips(self) -> None:
        # Files that say 16 bits may hold fewer; one that says anything else means it.
        black, white = levels(self._strips()) if self._white == 65535 else (0, self._white)
        image, top = Image.new(self.mode, self.size, None), 0
        for strip in self._strips():
            image.paste(Image.fromarray(eight_bits(strip, black, white)), (0, top))
            top += len(strip)
        self.im = image.im

    def _strips(self) -> Iterator[np.ndarray]:
        """Rows as uint8 or uint16, (rows, width[, 3]). Raises EOFError."""
        assert self.fp is not None
        bands = (3,) if self.mode == "RGB" else ()
        row = self.width * (3 if bands else 1)
        self.fp.seek(self._start)
        rows = max(1, STRIP // row)
        for top in range(0, self.height, rows):
            count = min(rows, self.height - top)
            content = self.fp.read(count * row * self._bits // 8)
            values = np.frombuffer(content, dtype=">u2" if self._bits == 16 else np.uint8)
            if len(values) < count * row:
                raise EOFError("the file ends early")
            yield values.reshape(count, self.width, *bands)
