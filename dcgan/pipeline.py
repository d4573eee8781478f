"""`FacePipeline`: everything that a trained generator is used for, and its files on disk and on the Hub."""

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
from darkroom.face_detector import detect_faces
from darkroom.model_files import FACE_KIND, Layout, Pretrained, header_of, layout_of, read_tensors
from darkroom.pictures import Picture
from darkroom.seeds import MAX_SEED
from dcgan import latent
from dcgan.alignment import face_or_square
from dcgan.config import SIZE, ModelConfig, TrainConfig
from dcgan.data import to_pil, to_tensor
from dcgan.export import enlarged_to
from dcgan.invert import Inversion, invert
from dcgan.model import new_discriminator, new_generator
from dcgan.recipe import MAX_INDEX, MAX_MOVE, Recipe
from dcgan.steadiness import steadiness

DRAWING_BATCH = 64  # faces drawn at once
CHOOSING_BATCH = 32  # faces that are scored at once: .2 s
MAX_DIRECTIONS = 200
MAX_LATENTS = 100_000
MAX_BEST_OF = 64  # candidates a face
KEPT_CHOICES = 64  # of faces among candidates, that need not be made again
ANCHOR_LATENTS, ANCHOR_SEED = 64, 1  # where a model's configuration has no anchor: some seconds
DETECTION_SIDE = 2 * SIZE  # px, to which a face is enlarged for the detector, which sees none below 20
NEAR_ANGLE = math.radians(40)  # between a face and one that is like it


def _halved(tensor: Tensor) -> Tensor:
    """Convert a tensor as it is stored: matrices and filters to float16, what has one axis not."""
    tensor = tensor.detach().cpu().contiguous()
    return tensor.half() if tensor.ndim > 1 and tensor.is_floating_point() else tensor


class FacePipeline(Pretrained):
    """A trained generator and what steers it. Latents are (N, latent_dim) float32, pictures 64x64 RGB PIL images.

    Face i of seed s is drawn from (s, i) alone. Methods raise ValueError with the value and what is allowed.

    discriminator: what it was trained against; None where a model was imported without one.
    stored_anchor: the unit vector (latent_dim,) of its configuration that truncation moves latents to, if it has one.
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
        anchor: Tensor | None = None,
    ) -> None:
        self.config = config
        self.generator = generator.eval().requires_grad_(False)
        self.discriminator = None if discriminator is None else discriminator.eval().requires_grad_(False)
        self.attributes = {name: vector.detach().cpu().float() for name, vector in (attributes or {}).items()}
        self.train_config, self.stored_anchor = train_config, anchor
        principal = latent.principal_directions(generator)  # type: ignore[arg-type]
        self.directions = {**self.attributes, **{f"pc{i}": vector for i, vector in enumerate(principal, 1)}}
        self._choices = dict[tuple[int, int, float, int], list[int]]()  # Everybody opens the page with the same faces.

    @property
    def device(self) -> torch.device:
        return next(self.generator.parameters()).device

    def to(self, device: str | torch.device) -> "FacePipeline":
        """Move the networks; latents stay on the CPU."""
        self.generator.to(device)
        if self.discriminator is not None:
            self.discriminator.to(device)
        return self

    # -- latents -----------------------------------------------------------------------------------------------------

    def latents(self, count: int = 16, seed: int = 0, truncation: float = 1.0, best_of: int = 1) -> Tensor:
        """Draw latents 0 to count - 1 of a seed, N(0, 1), or those that `choose` chooses.

        truncation: share of their angle to the anchor that is kept, 0 to 1: below 1 faces are more alike, and fewer are
        broken.
        """
        return self._latents(self.choose(count, seed, truncation, best_of), seed, truncation)

    def choose(self, count: int = 16, seed: int = 0, truncation: float = 1.0, best_of: int = 1) -> list[int]:
        """Return the indices of the `count` steadiest of a seed's first count * best_of faces, in ascending order.

        Fewer of them are broken. best_of: 1 to 64. Of faces that are as steady the first counts.
        """
        *_, indices = self.choosing(count, seed, truncation, best_of)
        return indices

    def choosing(self, count: int, seed: int, truncation: float, best_of: int) -> Iterator[list[int]]:
        """Choose as `choose` does, in short pieces of work; yield the indices behind the last, and none before."""
        check_range("count", count, 1, MAX_LATENTS)
        check_range("best_of", best_of, 1, MAX_BEST_OF)
        check_range("count x best_of", count * best_of, 1, MAX_LATENTS)
        asked, scores = (count, seed, float(truncation), best_of), list[Tensor]()
        if best_of > 1 and asked not in self._choices:
            for first in range(0, count * best_of, CHOOSING_BATCH):
                candidates = list(range(first, min(first + CHOOSING_BATCH, count * best_of)))
                scores.append(self.steadiness(self._latents(candidates, seed, truncation)))
                yield []
            best = torch.cat(scores).argsort(descending=True, stable=True)[:count]
            self._choices[asked] = sorted(best.tolist())
            while len(self._choices) > KEPT_CHOICES:
                del self._choices[next(iter(self._choices))]
        yield self._choices[asked] if best_of > 1 else list(range(count))

    def _latents(self, indices: list[int], seed: int, truncation: float) -> Tensor:
        check_range("seed", seed, 0, MAX_SEED)
        check_range("truncation", truncation, 0, 1)
        z = latent.draw_latents(indices, self.config.latent_dim, seed)
        return z if truncation == 1 else latent.truncated(z, self.anchor, truncation)  # 1: to the bit

    @cached_property
    def anchor(self) -> Tensor:
        """Return the unit vector (latent_dim,) that truncation moves latents to; the first use may take some seconds.

        Faces of recipes with a variety depend on it.
        """
        return self.find_anchor() if self.stored_anchor is None else self.stored_anchor

    def find_anchor(self, count: int = ANCHOR_LATENTS) -> Tensor:
        """Find the unit vector (latent_dim,) along which faces become most like faces.

        It is the mean of `count` latents, each weighted by the log-odds that the detector gives its face, less their
        mean. Where it finds none it is the first latent's direction.
        """
        z = latent.draw_latents(list(range(count)), self.config.latent_dim, ANCHOR_SEED)
        odds = torch.logit(torch.tensor(self.detect(z)), 1e-4)
        weights = odds - odds.mean()
        return F.normalize(weights @ z if bool(weights.any()) else z[0], dim=0)

    def _checked(self, z: Any) -> Tensor:
        z = torch.as_tensor(z, dtype=torch.float32, device="cpu")
        if z.ndim != 2 or z.shape[1] != self.config.latent_dim or not len(z):
            raise ValueError(f"z has shape {tuple(z.shape)}; (N, {self.config.latent_dim}) is needed")
        if not bool(z.isfinite().all()):
            raise ValueError("z holds entries that are not finite")
        return z

    def move(self, z: Tensor, moves: Mapping[str, float]) -> Tensor:
        """Add each named direction times its amount, in standard deviations of z.

        Norms are kept, as by truncation: far moves stay on the shell of norms on which the generator was trained.
        """
        z = self._checked(z)
        moved = z
        for name, amount in moves.items():
            if name not in self.directions:
                raise ValueError(f"direction is {name!r}; allowed are {', '.join(self.directions)}")
            check_range(name, amount, -MAX_MOVE, MAX_MOVE)
            moved = moved + float(amount) * self.directions[name]
        return moved if torch.equal(moved, z) else latent.with_norm_of(z, moved)

    def latent_of(self, recipe: Recipe) -> Tensor:
        """Return the latent (1, latent_dim) that a recipe describes."""
        check_range("index", recipe.index, 0, MAX_INDEX)
        z = (
            recipe.truncation * self._latents([recipe.index], recipe.seed, recipe.variety)
            if recipe.z is None
            else self._checked([list(recipe.z)])
        )
        return self.move(z, recipe.moves)

    def explicit(self, recipe: Recipe) -> Recipe:
        """Describe a recipe's face by its latent instead of its seed."""
        unmoved = self.latent_of(replace(recipe, moves={}))
        return Recipe(moves=recipe.moves, z=tuple(unmoved[0].tolist()))

    def arithmetic(self, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        """Compute a - b + c (Radford et al., section 6.3.2) at the three's mean length; each (N, latent_dim)."""
        return latent.arithmetic(self._checked(a), self._checked(b), self._checked(c))

    def near(self, z: Tensor, seed: int = 0, angle: float = NEAR_ANGLE) -> Tensor:
        """Draw other latents, as like each of z as `angle` in radians is small; the same for the same seed."""
        check_range("seed", seed, 0, MAX_SEED)
        check_range("angle", angle, 0, math.pi)
        return latent.near(self._checked(z), seed, angle)

    def plane(self, a: Tensor, b: Tensor, c: Tensor, side: int = 9) -> Tensor:
        """Map the latents between three (1, latent_dim) each, (side^2, latent_dim): a, b and c are its corners."""
        a, b, c = (self._checked(corner) for corner in (a, b, c))
        if max(len(a), len(b), len(c)) > 1:
            raise ValueError(f"the corners hold {len(a)}, {len(b)} and {len(c)} latents; one each is needed")
        return latent.plane(a, b, c, side)

    # -- pictures ----------------------------------------------------------------------------------------------------

    def _generated(self, z: Tensor) -> Tensor:
        return self.generator(z.to(self.device)).float()

    @torch.no_grad()
    def render(self, z: Tensor) -> Tensor:
        """Draw pictures as a tensor (N, 3, 64, 64) in [-1, 1] on the CPU."""
        return torch.cat([self._generated(part).cpu() for part in self._checked(z).split(DRAWING_BATCH)])

    def generate(self, z: Tensor) -> list[Image.Image]:
        """Draw the faces of latents."""
        return to_pil(self.render(z))

    def generate_recipes(self, recipes: Sequence[Recipe]) -> list[Image.Image]:
        """Draw the faces of recipes."""
        return self.generate(torch.cat([self.latent_of(recipe) for recipe in recipes]))

    def detect(self, z: Tensor) -> list[float]:
        """Return how sure the detector is that it sees faces where these latents are drawn, 0 (not at all) to 1."""
        found = (detect_faces(enlarged_to(image, DETECTION_SIDE)) for image in self.generate(z))
        return [max((face.score for face in faces), default=0.0) for faces in found]

    def steadiness(self, z: Tensor) -> Tensor:
        """Score latents by how little their faces change along `pc1`: (N,), and the higher, the fewer are broken."""
        parts = self._checked(z).split(DRAWING_BATCH)
        return torch.cat([steadiness(self.render, part, self.directions["pc1"]) for part in parts])

    def stream_morph(self, z: Tensor, frames: int, loop: bool) -> Iterator[Image.Image]:
        """Yield the frames of `morph` as they are drawn; the arguments are checked at once."""
        path = latent.morph_path(self._checked(z), frames, loop)
        return (image for part in path.split(DRAWING_BATCH) for image in self.generate(part))

    def morph(self, z: Tensor, frames: int = 60, loop: bool = True) -> list[Image.Image]:
        """Draw 2 to 1000 frames from each latent to the next along great circles, with `loop` back to the first."""
        return list(self.stream_morph(z, frames, loop))

    def stream_invert(self, image: Image.Image, seed: int = 0) -> Iterator[Inversion]:
        """Yield every tenth step of the search for a square picture, framed as the model's; of another its middle."""
        check_range("seed", seed, 0, MAX_SEED)
        return invert(self._generated, to_tensor(image).to(self.device), self.config.latent_dim, seed)

    def invert(self, photograph: Picture, seed: int = 0) -> Inversion:
        """Find the latent whose face comes closest to a photograph's, and how close; some seconds.

        The largest face counts, cut out as the training set's are; where none is found, the central square.
        """
        *_, last = self.stream_invert(face_or_square(photograph)[0], seed)
        return last

    # -- files -------------------------------------------------------------------------------------------------------

    def config_json(self) -> dict[str, Any]:
        """Return what config.json holds; `train` is null where a model was imported."""
        values = {"model": asdict(self.config), "train": self.train_config and asdict(self.train_config)}
        return values if self.stored_anchor is None else {**values, "anchor": self.stored_anchor.tolist()}

    def tensors(self) -> dict[str, Tensor]:
        """Return what model.safetensors holds: `generator.*`, `discriminator.*`, `directions.NAME`; filters halved."""
        parts = {f"generator.{name}": value for name, value in self.generator.state_dict().items()}
        if self.discriminator is not None:
            parts |= {f"discriminator.{name}": value for name, value in self.discriminator.state_dict().items()}
        parts |= {f"directions.{name}": value for name, value in self.attributes.items()}
        return {name: _halved(value) for name, value in parts.items()}

    @cached_property
    def fingerprint(self) -> str:
        """Return 12 hexadecimal digits of the generator's stored weights: faces of others look otherwise."""
        digest = hashlib.sha256()
        for name, value in sorted(self.generator.state_dict().items()):
            digest.update(f"generator.{name}".encode() + _halved(value).numpy().tobytes())
        return digest.hexdigest()[:12]

    def identity(self) -> dict[str, Any]:
        """Return what files say of the model that drew them."""
        return {"name": self.name, "fingerprint": self.fingerprint, "latent_dim": self.config.latent_dim}

    def plain_card(self) -> str:
        """Write a card that says the dimension and how to draw."""
        return (
            f"# A DCGAN of 64x64 pictures, latent dimension {self.config.latent_dim}\n\n"
            "`config.json` holds every setting.\n\n```python\nfrom dcgan import FacePipeline\n\n"
            'faces = FacePipeline.from_pretrained("FOLDER or USER/REPO")\n'
            "faces.generate(faces.latents(count=16))\n```\n"
        )

    @classmethod
    def from_files(cls, config: Mapping[str, Any], weights: Path) -> Self:
        """Read a model, with the discriminator and the named directions that the file holds."""
        model_config = ModelConfig(**config["model"])
        train_config = TrainConfig.from_dict(config["train"]) if config.get("train") else None
        parts = _parts(read_tensors(weights, _layout(model_config, header_of(weights))))
        generator = new_generator(model_config)
        generator.load_state_dict(parts["generator"], strict=True)
        discriminator = new_discriminator(model_config) if parts["discriminator"] else None
        if discriminator is not None:
            discriminator.load_state_dict(parts["discriminator"], strict=True)
        faces = cls(model_config, generator, discriminator, parts["directions"], train_config)
        if "anchor" in config:
            faces.stored_anchor = faces._checked([config["anchor"]])[0]
            check_range("length of the anchor", float(faces.stored_anchor.norm()), 0.999, 1.001)
        return faces

    def with_attributes(self, attributes: Mapping[str, Tensor]) -> "FacePipeline":
        """Return a pipeline of the networks with these named directions."""
        networks = self.generator, self.discriminator
        faces = FacePipeline(self.config, *networks, attributes, self.train_config, self.stored_anchor)
        faces.name, faces.card = self.name, self.card
        return faces


def _layout(config: ModelConfig, header: Mapping[str, Any]) -> Layout:
    """List what model.safetensors holds of a model of this configuration, with the directions that the file has."""
    with torch.device("meta"):  # nothing is made that a file merely claims
        layout = layout_of(new_generator(config), "generator.")
        if any(name.startswith("discriminator.") for name in header):
            layout |= layout_of(new_discriminator(config), "discriminator.")
    names = [name for name in header if name.startswith("directions.")]
    check_range("number of directions", len(names), 0, MAX_DIRECTIONS)
    return layout | {name: ((config.latent_dim,), torch.float32) for name in names}


def _parts(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Group the tensors of a file by its three parts."""
    parts: dict[str, dict[str, Tensor]] = {"generator": {}, "discriminator": {}, "directions": {}}
    for name, value in tensors.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = value
    return parts
