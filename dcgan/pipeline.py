"""`FacePipeline`: everything that a trained generator is used for, and its files on disk and on the Hub."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from darkroom.checks import check_range
from darkroom.model_files import FACE_KIND, Layout, header_of, layout_of, read_tensors
from darkroom.pretrained import Pretrained
from darkroom.seeds import MAX_SEED
from dcgan import latent
from dcgan.config import ModelConfig, TrainConfig
from dcgan.data import to_pil, to_tensor
from dcgan.facelike import FACES as SENSED
from dcgan.facelike import FaceSense
from dcgan.invert import Inversion, invert
from dcgan.model import new_discriminator, new_generator
from dcgan.recipe import MAX_INDEX, MAX_MOVE, Recipe
from dcgan.uses.sample import BATCH

MAX_DIRECTIONS = 200
MAX_COUNT = 100_000
# Of 600 real faces that are framed as the model's 99 % come above it, of 556 other pictures 4 %: landscapes, places,
# textures, animals, drawings, text (AUC .998). Of faces framed otherwise 7 in 10 do.
LIKE_A_FACE = 0.45
ANCHORED, ANCHOR_SEED = 1024, 1  # latents that the anchor is found by, and their seed
NEAR = math.radians(40)  # between a face and one that is like it


def _halved(tensor: Tensor) -> Tensor:
    """As it is stored: matrices and filters in float16, what has one axis in full."""
    tensor = tensor.detach().cpu().contiguous()
    return tensor.half() if tensor.ndim > 1 and tensor.is_floating_point() else tensor


class FacePipeline(Pretrained):
    """A trained generator and what steers it. Latents are (N, latent_dim) float32, pictures 64x64 RGB PIL images.

    Face i of seed s is drawn from (s, i) alone. Methods raise ValueError with the value and what is allowed.

    discriminator: what it was trained against; None where a model was imported without one.
    directions: unit vectors (latent_dim,) by name, the named attributes first, then `pc1`, `pc2`, ... by their effect.
    """

    kind = FACE_KIND

    def __init__(
        self,
        config: ModelConfig,
        generator: nn.Module,
        discriminator: nn.Module | None = None,
        attributes: Mapping[str, Tensor] | None = None,
        train_config: TrainConfig | None = None,
    ) -> None:
        self.config = config
        self.generator = generator.eval().requires_grad_(False)
        self.discriminator = None if discriminator is None else discriminator.eval().requires_grad_(False)
        self.attributes = {name: vector.detach().cpu().float() for name, vector in (attributes or {}).items()}
        self.train_config = train_config
        principal = latent.principal_directions(generator)  # type: ignore[arg-type]
        self.directions = {**self.attributes, **{f"pc{i}": vector for i, vector in enumerate(principal, 1)}}

    @property
    def device(self) -> torch.device:
        return next(self.generator.parameters()).device

    def to(self, device: str | torch.device) -> FacePipeline:
        """Moves the networks; latents stay on the CPU."""
        self.generator.to(device)
        if self.discriminator is not None:
            self.discriminator.to(device)
        return self

    # -- latents -----------------------------------------------------------------------------------------------------

    def latents(self, count: int = 16, seed: int = 0, truncation: float = 1.0) -> Tensor:
        """Latents 0 to count - 1 of a seed, N(0, 1), with the share `truncation` of their angle to the anchor, 0 to 1:
        below 1 faces are more alike, and fewer are broken."""
        check_range("count", count, 1, MAX_COUNT)
        return self._latents(list(range(count)), seed, truncation)

    def _latents(self, indices: list[int], seed: int, truncation: float) -> Tensor:
        check_range("seed", seed, 0, MAX_SEED)
        check_range("truncation", truncation, 0, 1)
        z = latent.draw_latents(indices, self.config.latent_dim, seed)
        return z if truncation == 1 else latent.truncated(z, self.anchor, truncation)  # 1: to the bit

    @cached_property
    def anchor(self) -> Tensor:
        """The unit vector (latent_dim,) along which faces become most like faces, which truncation moves latents to.

        The mean of ANCHORED latents, each weighted by its face's score by `face_sense`; it depends on the weights
        alone. Faces of recipes with a variety depend on it. It is found at its first use, some seconds.
        """
        z = latent.draw_latents(list(range(ANCHORED)), self.config.latent_dim, ANCHOR_SEED)
        scores = self.face_sense.scores(self.render(z))
        return F.normalize((scores - scores.mean()) @ z, dim=0)

    def _checked(self, z: Any) -> Tensor:
        z = torch.as_tensor(z, dtype=torch.float32, device="cpu")
        if z.ndim != 2 or z.shape[1] != self.config.latent_dim or not len(z):
            raise ValueError(f"z has shape {tuple(z.shape)}; (N, {self.config.latent_dim}) is needed")
        if not bool(z.isfinite().all()):
            raise ValueError("z holds entries that are not finite")
        return z

    def move(self, z: Tensor, moves: Mapping[str, float]) -> Tensor:
        """z plus each named direction times its amount, in standard deviations of z."""
        z = self._checked(z)
        for name, amount in moves.items():
            if name not in self.directions:
                raise ValueError(f"direction is {name!r}; allowed are {', '.join(self.directions)}")
            check_range(name, amount, -MAX_MOVE, MAX_MOVE)
            z = z + float(amount) * self.directions[name]
        return z

    def latent_of(self, recipe: Recipe) -> Tensor:
        """The latent (1, latent_dim) that a recipe describes."""
        check_range("index", recipe.index, 0, MAX_INDEX)
        z = (
            recipe.truncation * self._latents([recipe.index], recipe.seed, recipe.variety)
            if recipe.z is None
            else self._checked([list(recipe.z)])
        )
        return self.move(z, recipe.moves)

    def explicit(self, recipe: Recipe) -> Recipe:
        """The same face by its latent instead of its seed."""
        unmoved = self.latent_of(replace(recipe, moves={}))
        return Recipe(moves=recipe.moves, z=tuple(unmoved[0].tolist()))

    def arithmetic(self, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        """a - b + c (Radford et al., section 6.3.2) at the three's mean length; each (N, latent_dim)."""
        return latent.arithmetic(self._checked(a), self._checked(b), self._checked(c))

    def near(self, z: Tensor, seed: int = 0, angle: float = NEAR) -> Tensor:
        """Other faces, as like each of z as `angle` in radians is small; the same for the same seed."""
        check_range("seed", seed, 0, MAX_SEED)
        check_range("angle", angle, 0, math.pi)
        return latent.near(self._checked(z), seed, angle)

    def plane(self, a: Tensor, b: Tensor, c: Tensor, side: int = 9) -> Tensor:
        """The map of latents between three (1, latent_dim) each, (side^2, latent_dim): a, b and c are its corners."""
        a, b, c = (self._checked(corner) for corner in (a, b, c))
        if max(len(a), len(b), len(c)) > 1:
            raise ValueError(f"the corners hold {len(a)}, {len(b)} and {len(c)} latents; one each is needed")
        return latent.plane(a, b, c, side)

    # -- pictures ----------------------------------------------------------------------------------------------------

    def _generated(self, z: Tensor) -> Tensor:
        return self.generator(z.to(self.device)).float()

    @torch.no_grad()
    def render(self, z: Tensor) -> Tensor:
        """Pictures as a tensor (N, 3, 64, 64) in [-1, 1] on the CPU."""
        return torch.cat([self._generated(part).cpu() for part in self._checked(z).split(BATCH)])

    def generate(self, z: Tensor) -> list[Image.Image]:
        """The faces of the latents."""
        return to_pil(self.render(z))

    def generate_recipes(self, recipes: Sequence[Recipe]) -> list[Image.Image]:
        """The faces of the recipes."""
        return self.generate(torch.cat([self.latent_of(recipe) for recipe in recipes]))

    def stream_morph(self, z: Tensor, frames: int, loop: bool) -> Iterator[Image.Image]:
        """The frames of `morph` as they are drawn; the arguments are checked at once."""
        path = latent.morph_path(self._checked(z), frames, loop)
        return (image for part in path.split(BATCH) for image in self.generate(part))

    def morph(self, z: Tensor, frames: int = 60, loop: bool = True) -> list[Image.Image]:
        """From each latent to the next along great circles, and back to the first with `loop`; 2 to 1000 frames."""
        return list(self.stream_morph(z, frames, loop))

    def stream_invert(self, image: Image.Image, seed: int = 0) -> Iterator[Inversion]:
        """The search of `invert`, every tenth step."""
        check_range("seed", seed, 0, MAX_SEED)
        return invert(self._generated, to_tensor(image).to(self.device), self.config.latent_dim, seed)

    def invert(self, image: Image.Image, seed: int = 0) -> Inversion:
        """The latent whose face comes closest to a picture's central square, and how close; some seconds."""
        *_, last = self.stream_invert(image, seed)
        return last

    @cached_property
    def face_sense(self) -> FaceSense:
        """What tells faces from other pictures; it is learnt at its first use, some seconds."""
        return FaceSense(self.render(self.latents(SENSED)))

    def shows_face(self, image: Image.Image) -> bool:
        """Whether a picture's central square shows a face, framed as those that the model draws."""
        return float(self.face_sense.scores(to_tensor(image))) >= LIKE_A_FACE

    # -- files -------------------------------------------------------------------------------------------------------

    def config_json(self) -> dict[str, Any]:
        """What config.json holds; `train` is null where a model was imported."""
        return {"model": asdict(self.config), "train": self.train_config and asdict(self.train_config)}

    def tensors(self) -> dict[str, Tensor]:
        """What model.safetensors holds: `generator.*`, `discriminator.*` and `directions.NAME`; filters in float16."""
        parts = {f"generator.{name}": value for name, value in self.generator.state_dict().items()}
        if self.discriminator is not None:
            parts |= {f"discriminator.{name}": value for name, value in self.discriminator.state_dict().items()}
        parts |= {f"directions.{name}": value for name, value in self.attributes.items()}
        return {name: _halved(value) for name, value in parts.items()}

    @cached_property
    def fingerprint(self) -> str:
        """12 hexadecimal digits of the generator's stored weights: faces of another fingerprint look otherwise."""
        digest = hashlib.sha256()
        for name, value in sorted(self.generator.state_dict().items()):
            digest.update(f"generator.{name}".encode() + _halved(value).numpy().tobytes())
        return digest.hexdigest()[:12]

    def identity(self) -> dict[str, Any]:
        """What files say of the model that drew them."""
        return {"name": self.name, "fingerprint": self.fingerprint, "latent_dim": self.config.latent_dim}

    def plain_card(self) -> str:
        """The dimension, and how to draw."""
        return (
            f"# A DCGAN of 64x64 pictures, latent dimension {self.config.latent_dim}\n\n"
            "`config.json` holds every setting.\n\n```python\nfrom dcgan import FacePipeline\n\n"
            'faces = FacePipeline.from_pretrained("FOLDER or USER/REPO")\n'
            "faces.generate(faces.latents(count=16))\n```\n"
        )

    @classmethod
    def from_files(cls, config: Mapping[str, Any], weights: Path) -> Self:
        """With the discriminator and the named directions that the file holds."""
        model_config = ModelConfig(**config["model"])
        train_config = TrainConfig.from_dict(config["train"]) if config.get("train") else None
        parts = _parts(read_tensors(weights, _layout(model_config, header_of(weights))))
        generator = new_generator(model_config)
        generator.load_state_dict(parts["generator"], strict=True)
        discriminator = new_discriminator(model_config) if parts["discriminator"] else None
        if discriminator is not None:
            discriminator.load_state_dict(parts["discriminator"], strict=True)
        return cls(model_config, generator, discriminator, parts["directions"], train_config)

    def with_attributes(self, attributes: Mapping[str, Tensor]) -> FacePipeline:
        """The same networks with these named directions."""
        faces = FacePipeline(self.config, self.generator, self.discriminator, attributes, self.train_config)
        faces.name, faces.card = self.name, self.card
        return faces


def _layout(config: ModelConfig, header: Mapping[str, Any]) -> Layout:
    """What model.safetensors holds of a model of this configuration with the directions that the file has."""
    with torch.device("meta"):  # nothing is made that a file merely claims
        layout = layout_of(new_generator(config), "generator.")
        if any(name.startswith("discriminator.") for name in header):
            layout |= layout_of(new_discriminator(config), "discriminator.")
    names = [name for name in header if name.startswith("directions.")]
    check_range("number of directions", len(names), 0, MAX_DIRECTIONS)
    return layout | {name: ((config.latent_dim,), torch.float32) for name in names}


def _parts(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The tensors of a file by its three parts."""
    parts: dict[str, dict[str, Tensor]] = {"generator": {}, "discriminator": {}, "directions": {}}
    for name, value in tensors.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = value
    return parts
