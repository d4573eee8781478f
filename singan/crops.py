"""Crops of a scale's picture: where they lie, and cutting them without waiting for the device."""

from __future__ import annotations

import torch
from torch import Tensor

from singan.config import TrainConfig

BEYOND = 8  # px past the border that corners of crops are drawn


def crop_shape(config: TrainConfig, n: int, size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of what a step of scale n sees of a picture of this size; all of it at the coarsest."""
    height, width = size
    return (min(config.crop, height), min(config.crop, width)) if config.crop and n else size


class Crops:
    """Crops of one (height, width) `shape` from pictures of one `size`; rng, on their device, draws their places.

    whole: whether a crop is all of the picture.
    """

    def __init__(self, size: tuple[int, int], shape: tuple[int, int], rng: torch.Generator) -> None:
        self.shape, self.rng = shape, rng
        self.whole = shape == size
        self.room = torch.tensor([s - c for s, c in zip(size, shape, strict=True)], device=rng.device)

    def corners(self, count: int) -> Tensor:
        """Top left corners (count, 2) of crops; drawn a little past the border and clamped: borders are seen often."""
        if self.whole:
            return torch.zeros(count, 2, dtype=torch.long, device=self.room.device)
        draws = torch.rand(count, 2, generator=self.rng, device=self.room.device)
        return (draws * (self.room + 2 * BEYOND + 1)).long().sub(BEYOND).clamp(min=0).minimum(self.room)

    def cut(self, x: Tensor, corners: Tensor, margin: int = 0, rows: Tensor | None = None) -> Tensor:
        """Crops of x (picture `rows[i]` for crop i, else the first), `margin` px larger on each side."""
        y, x0 = (
            corners[:, i, None] + torch.arange(side + 2 * margin, device=x.device) for i, side in enumerate(self.shape)
        )
        rows = torch.zeros_like(corners[:, 0]) if rows is None else rows
        # Indexed on the device: slices would need their numbers on the host, and the loop would wait for them.
        return x.permute(0, 2, 3, 1)[rows[:, None, None], y[:, :, None], x0[:, None, :]].permute(0, 3, 1, 2)
