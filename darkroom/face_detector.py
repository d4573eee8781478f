"""Faces in a photograph, with their eyes, noses and mouths.

MTCNN (Zhang et al., 2016, arXiv 1604.02878): three small convolutional networks, each of which throws out most of what
the one before proposes and moves the rest. Weights of facenet-pytorch (MIT License), rearranged for plain flattening.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

WEIGHTS = Path(__file__).with_suffix(".safetensors")
PHOTOGRAPH_SIDE = 480  # px, of the reduced photograph in which faces are sought
MIN_FACE_SIDE = 20  # px of the reduced photograph, the side of the smallest face that is sought
PYRAMID_FACTOR = 0.709  # sqrt(1/2) about, of one level's sides over the next's
PROPOSAL_STRIDE, PROPOSAL_SIDE = 2, 12  # px between the proposal network's windows, and their side
MIN_SCORES = (0.6, 0.7, 0.9)  # of the three networks
MAX_OVERLAPS = (0.5, 0.7, 0.7)  # of two boxes that are two faces: within a level, over all, at the end
STAGE_SIDES = (24, 48)  # px of what the second and the third network see


@dataclass(frozen=True)
class Face:
    """A face in a photograph, in px of that."""

    box: tuple[float, float, float, float]  # left, top, right, bottom
    landmarks: NDArray[np.float64]  # (5, 2): left and right eye as seen, tip of the nose, corners of the mouth
    score: float  # in [0, 1]

    @property
    def area(self) -> float:
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)


def _layers(*shapes: tuple[int, int, int, int]) -> list[nn.Module]:
    """Make convolutions of (channels in, out, side of the kernel, of the pooling after it or 0), each with a PReLU."""
    layers: list[nn.Module] = []
    for channels_in, channels_out, kernel, pooling in shapes:
        layers += [nn.Conv2d(channels_in, channels_out, kernel), nn.PReLU(channels_out)]
        if pooling:
            layers.append(nn.MaxPool2d(pooling, 2, ceil_mode=True))
    return layers


class Stage(nn.Module):
    """A network of the cascade: features, and what heads tell of them (face or not, offsets, landmarks)."""

    def __init__(self, features: list[nn.Module], heads: list[nn.Module]) -> None:
        super().__init__()
        self.features, self.heads = nn.Sequential(*features), nn.ModuleList(heads)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return of (N, 3, H, W) in [-1, 1] scores (N, ...), then what the other heads tell, (N, 4 or 10, ...)."""
        features = self.features(x)
        score, *rest = (head(features) for head in self.heads)
        return [score.softmax(1)[:, 1], *rest]


@cache
def _cascade() -> nn.ModuleDict:
    propose = _layers((3, 10, 3, 2), (10, 16, 3, 0), (16, 32, 3, 0))
    refine = _layers((3, 28, 3, 3), (28, 48, 3, 3), (48, 64, 2, 0))
    refine += [nn.Flatten(), nn.Linear(576, 128), nn.PReLU(128)]
    settle = _layers((3, 32, 3, 3), (32, 64, 3, 3), (64, 64, 3, 2), (64, 128, 2, 0))
    settle += [nn.Flatten(), nn.Linear(1152, 256), nn.PReLU(256)]
    cascade = nn.ModuleDict()
    cascade["propose"] = Stage(propose, [nn.Conv2d(32, count, 1) for count in (2, 4)])
    cascade["refine"] = Stage(refine, [nn.Linear(128, count) for count in (2, 4)])
    cascade["settle"] = Stage(settle, [nn.Linear(256, count) for count in (2, 4, 10)])
    cascade.load_state_dict({name: value.float() for name, value in load_file(WEIGHTS).items()})
    return cascade


@torch.inference_mode()
def detect_faces(photograph: Image.Image) -> list[Face]:
    """Find the faces of a photograph, the largest first; faces below a twenty-fourth of its longer side are missed."""
    scale = min(1.0, PHOTOGRAPH_SIDE / max(photograph.size))
    width, height = (max(1, round(side * scale)) for side in photograph.size)
    small = photograph.convert("RGB").resize((width, height), Image.Resampling.BOX)
    x = (torch.from_numpy(np.array(small)).permute(2, 0, 1)[None].float() - 127.5) / 128
    boxes = _proposed(x)
    scores, landmarks = torch.zeros(len(boxes)), torch.zeros(len(boxes), 5, 2)
    for network, side, least in zip(("refine", "settle"), STAGE_SIDES, MIN_SCORES[1:], strict=True):
        if not len(boxes):
            return []
        scores, offsets, *points = _cascade()[network](_cut(x, boxes, side))
        if points:
            landmarks = boxes[:, None, :2] + points[0].view(-1, 2, 5).mT * _sides(boxes)[:, None]
        boxes = boxes + offsets * _sides(boxes).repeat(1, 2)
        likely = scores >= least
        boxes, scores, landmarks = boxes[likely], scores[likely], landmarks[likely]
        kept = _distinct(boxes, scores, MAX_OVERLAPS[2], nested=bool(points))
        boxes, scores, landmarks = boxes[kept], scores[kept], landmarks[kept]
        if not points:
            boxes = _squares(boxes)
    own = torch.tensor([photograph.width / width, photograph.height / height])
    found = zip((boxes * own.repeat(2)).tolist(), (landmarks * own).double().numpy(), scores.tolist(), strict=True)
    return sorted((Face(tuple(box), points, score) for box, points, score in found), key=lambda it: -it.area)


def _proposed(x: Tensor) -> Tensor:
    """Propose squares (N, 4) of (1, 3, H, W), by the first network at every level of a pyramid."""
    scale, boxes, scores = PROPOSAL_SIDE / MIN_FACE_SIDE, [torch.zeros(0, 4)], [torch.zeros(0)]
    while min(x.shape[-2:]) * scale >= PROPOSAL_SIDE:
        size = [round(side * scale) for side in x.shape[-2:]]
        score, offsets = _cascade()["propose"](F.interpolate(x, size, mode="area"))
        row, column = (score[0] >= MIN_SCORES[0]).nonzero(as_tuple=True)
        side = PROPOSAL_SIDE / scale
        corners = torch.stack([column, row], 1) * PROPOSAL_STRIDE / scale
        box = torch.cat([corners, corners + side], 1) + offsets[0, :, row, column].T * PROPOSAL_SIDE / scale
        kept = _distinct(box, score[0, row, column], MAX_OVERLAPS[0])
        boxes.append(box[kept])
        scores.append(score[0, row, column][kept])
        scale *= PYRAMID_FACTOR
    box = torch.cat(boxes)
    return _squares(box[_distinct(box, torch.cat(scores), MAX_OVERLAPS[1])])


def _sides(boxes: Tensor) -> Tensor:
    """Return widths and heights, (N, 2)."""
    return boxes[:, 2:] - boxes[:, :2]


def _squares(boxes: Tensor) -> Tensor:
    """Lengthen the shorter sides of boxes to squares about the same middles."""
    middles, half = (boxes[:, :2] + boxes[:, 2:]) / 2, _sides(boxes).max(1, keepdim=True).values / 2
    return torch.cat([middles - half, middles + half], 1)


def _cut(x: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Cut squares out of (1, 3, H, W), gray outside of it, as (N, 3, side, side)."""
    height, width = x.shape[-2:]
    parts = []
    for left, top, right, bottom in boxes.round().int().tolist():
        inside = x[..., max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
        around = (max(0, -left), max(0, right - width), max(0, -top), max(0, bottom - height))
        parts.append(F.adaptive_avg_pool2d(F.pad(inside, around), side))
    return torch.cat(parts)


def _distinct(boxes: Tensor, scores: Tensor, overlap: float, nested: bool = False) -> Tensor:
    """Return indices of boxes that share at most `overlap` of the union (nested: the smaller) with any likelier one."""
    order, kept = scores.argsort(descending=True), list[int]()
    areas = _sides(boxes).clamp(min=0).prod(1)
    while len(order):
        first, order = int(order[0]), order[1:]
        kept.append(first)
        low, high = boxes[order, :2].maximum(boxes[first, :2]), boxes[order, 2:].minimum(boxes[first, 2:])
        common = (high - low).clamp(min=0).prod(1)
        whole = areas[order].minimum(areas[first]) if nested else areas[order] + areas[first] - common
        order = order[common <= overlap * whole]
    return torch.tensor(kept, dtype=torch.long)
