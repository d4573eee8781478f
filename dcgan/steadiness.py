"""How steady faces are. Those that change much where their latents move a little are broken more often than others.

They lie between kinds of faces, where a generator has to get from the one to the other within a short way, and its
Jacobian is large: Tanielian et al. (ICML 2020, arXiv 2006.04596) leave them out by its norm. Here it is taken along one
direction, over the face alone, and beside the face's own contrast, so that veiled faces are not taken for steady.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from dcgan.config import SIZE

STEP = 0.25  # standard deviations, that latents are moved
REDUCTION = 2  # of pictures before they are compared, so that hair and grain count for less
CENTRE, RADII = (0.0, 0.1), (0.5, 0.6)  # of the face, across and down; a picture reaches from -1 to 1
CONTRAST_WEIGHT = 0.5  # at 1 as many broken faces are found, but those chosen are younger and more often women
EPSILON = 1e-12  # of a picture without contrast


def steadiness(draw: Callable[[Tensor], Tensor], z: Tensor, direction: Tensor) -> Tensor:
    """Score latents z (N, latent_dim) by their faces: (N,), higher is steadier.

    It is the log of the face's contrast over its mean squared change along `direction`, a unit vector (latent_dim,).
    draw: latents to pictures (N, 3, 64, 64).
    """
    faces, moved = (F.avg_pool2d(draw(latents), REDUCTION) for latents in (z, z + STEP * direction))
    weights = _weights(SIZE // REDUCTION)

    def mean(x: Tensor) -> Tensor:
        return (x * weights).sum((2, 3), keepdim=True)

    contrast, change = (mean(x.square()).sum(1).flatten() for x in (faces - mean(faces), moved - faces))
    return CONTRAST_WEIGHT * torch.log(contrast + EPSILON) - torch.log(change + EPSILON)


def _weights(side: int) -> Tensor:
    """Weigh the places of a picture: (side, side), 1 in all, most of it on the face."""
    places = (torch.arange(side) + 0.5) * 2 / side - 1
    across, down = ((places - centre) / radius for centre, radius in zip(CENTRE, RADII, strict=True))
    weights = torch.exp(-((down[:, None].square() + across.square()) ** 2))
    return weights / weights.sum()
