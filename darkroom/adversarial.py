"""The parts of adversarial training that both packages share: losses, penalties of critics, players, captured steps.

Scores are a critic's logits, (N,) or maps (N, 1, h, w); higher is more real. Pictures are (N, 3, H, W).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

RECENT_SHARE = 0.05  # of a step in the running norm of the gradients
EAGER_RUNS = 3  # before a step is captured: they set up optimizers and let cuDNN choose its kernels

Network = TypeVar("Network", bound=nn.Module)


def critic_loss(
    loss: str, real_scores: Tensor, fake_scores: Tensor,
    smoothing: float = 0.0, noise: float = 0.0, rng: torch.Generator | None = None,
) -> Tensor:  # fmt: skip
    """Compute what the critic minimises, without its penalty.

    "minimax", "non-saturating": Goodfellow et al. (2014); targets of real pictures are 1 - smoothing, and all targets
        are lowered by uniform noise from 0 to `noise`.
    "wgan-gp": Gulrajani et al. (2017), equation 3. "hinge": Lim and Ye (2017); Miyato et al. (2018), equation 16.
    "relativistic": R3GAN (Huang et al., NeurIPS 2024), equation 2. A fake score is paired with the real one at its
        place in the batch; one real picture may stand against any number of fakes.
    """
    match loss:
        case "relativistic":
            return F.softplus(fake_scores - real_scores).mean()
        case "wgan-gp":
            return fake_scores.mean() - real_scores.mean()
        case "hinge":
            return F.relu(1 - real_scores).mean() + F.relu(1 + fake_scores).mean()
    cross_entropy = F.binary_cross_entropy_with_logits
    real_targets, fake_targets = torch.full_like(real_scores, 1 - smoothing), torch.zeros_like(fake_scores)
    if noise:
        for targets in (real_targets, fake_targets):
            targets -= noise * torch.rand(targets.shape, generator=rng, device=targets.device)
    return cross_entropy(real_scores, real_targets) + cross_entropy(fake_scores, fake_targets)


def generator_loss(loss: str, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Compute what the generator minimises against the critic of the same loss; `real_scores` are without gradient.

    "minimax": log(1 - D(G(z))), Goodfellow et al. (2014), equation 1. "non-saturating": -log D(G(z)), section 3 there.
    """
    match loss:
        case "relativistic":
            return F.softplus(real_scores - fake_scores).mean()
        case "wgan-gp" | "hinge":
            return -fake_scores.mean()
        case "minimax":
            return -F.softplus(fake_scores).mean()
    return F.softplus(-fake_scores).mean()


def picture_norms(gradients: Tensor) -> Tensor:
    """Compute norms over whole pictures, (N,) of (N, 3, H, W), as Gulrajani et al. (2017)."""
    return gradients.square().sum((1, 2, 3)).sqrt()


def pixel_norms(gradients: Tensor) -> Tensor:
    """Compute norms over the channels of each pixel, (N, H, W) of (N, 3, H, W), as SinGAN's code."""
    return gradients.norm(2, dim=1)


def interpolated_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, norms: Callable[[Tensor], Tensor],
    rng: torch.Generator,
) -> Tensor:  # fmt: skip
    """Compute WGAN-GP's penalty: the mean of (|gradient| - 1)^2 at random points between real and fake.

    Gulrajani et al. (2017), equation 3. norms: `picture_norms` or `pixel_norms`. rng: on the pictures' device.
    """
    share = torch.rand(len(fake), 1, 1, 1, generator=rng, device=fake.device)
    between = (share * real + (1 - share) * fake).detach().requires_grad_()
    (gradients,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (norms(gradients.float()) - 1).square().mean()


def zero_centred_penalty(scores: Tensor, pictures: Tensor, reals: int, axes: int | tuple[int, ...]) -> Tensor:
    """Compute R1 + R2: half of the mean squared gradient norm at real and at generated pictures.

    Mescheder et al. (ICML 2018), equation 9; R3GAN, equation 7. scores: of `pictures`, the first `reals` of which are
    real. axes: over which a norm is taken, 1 for each pixel's or (1, 2, 3) for each picture's.
    """
    (gradients,) = torch.autograd.grad(scores.sum(), pictures, create_graph=True)
    squares = gradients.float().square().sum(axes)
    return 0.5 * (squares[:reals].mean() + squares[reals:].mean())


@dataclass(eq=False)
class Player(Generic[Network]):
    """A network in training with its optimiser, in one process or several."""

    network: Network
    optimizer: torch.optim.Optimizer  # on CUDA its learning rate is a tensor, which captured steps read
    learning_rate: float  # at the start
    limit: Callable[[Iterable[Tensor]], None] | None = None  # bounds the gradients in place before each step

    def __post_init__(self) -> None:
        self.network.train()

    def set_learning_rate(self, factor: float) -> None:
        """Set the learning rate to `factor` times that at the start."""
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(self.learning_rate * factor)
            else:
                group["lr"] = self.learning_rate * factor

    def descend(self, loss: Tensor) -> None:
        """Take one step of the optimiser along the gradient of a loss."""
        self.optimizer.zero_grad()
        loss.backward()
        self.step()

    def step(self, method: str = "step") -> None:
        """Take one step of the optimiser along the mean gradient of all processes; method: which of its half-steps."""
        parameters = list(self.network.parameters())
        if dist.is_initialized():
            for gradient in (parameter.grad for parameter in parameters if parameter.grad is not None):
                gradient /= dist.get_world_size()
                dist.all_reduce(gradient)
        if self.limit is not None:
            self.limit(parameters)
        getattr(self.optimizer, method)()

    def restore(self, moments: Mapping[Any, Mapping[str, Tensor]]) -> None:
        """Load the optimiser's state by the parameters' numbers. Raises ValueError, IndexError if it does not fit."""
        parameters = list(self.network.parameters())
        state: dict[int, dict[str, Tensor]] = {}
        for key, values in moments.items():
            like = parameters[number := int(key)]
            if any(value.shape not in (like.shape, torch.Size()) for value in values.values()):
                raise ValueError(f"a moment of parameter {number} has another shape")
            # A fused optimiser needs moments that lie in memory as the parameter does.
            laid = {name: torch.empty_like(like).copy_(v) if v.shape == like.shape else v for name, v in values.items()}
            state[number] = laid
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})


class NormLimit:
    """Shortens gradients to `clip` times their recent norm: after hardly any for a while, Adam divides by next to 0."""

    def __init__(self, clip: float, device: torch.device) -> None:
        self.clip, self.norm = clip, torch.zeros((), device=device)

    def __call__(self, parameters: Iterable[Tensor]) -> None:
        """Shorten the parameters' gradients in place; the device is not waited for."""
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        norm = get_total_norm(gradients)
        limit = torch.where(self.norm > 0, self.clip * self.norm, norm)
        share = (limit / norm.clamp(min=1e-12)).clamp(max=1)
        for gradient in gradients:  # torch's own clipping would wait for the device
            gradient.mul_(share)
        self.norm.copy_(torch.where(self.norm > 0, self.norm.lerp(norm.minimum(limit), RECENT_SHARE), norm))


class CapturedStep:
    """A step as a CUDA graph, with the same tensors each time: launching kernels takes small networks the longest."""

    def __init__(self, step: Callable[[], None], rng: torch.Generator) -> None:
        self.step, self.rng = step, rng
        self.stream = torch.cuda.Stream()
        self.eager = 0
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        if self.eager < EAGER_RUNS:
            self.eager += 1
            self.stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.stream):
                self.step()
            torch.cuda.current_stream().wait_stream(self.stream)
            return
        if self.graph is None:
            self.graph = torch.cuda.CUDAGraph()
            self.graph.register_generator_state(self.rng)
            # Other threads may draw meanwhile: only this one's calls are held to what can be captured.
            with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
                self.step()
        self.graph.replay()


def runner(step: Callable[[], None], rng: torch.Generator) -> Callable[[], None]:
    """Return the step itself, or on CUDA the step as a graph."""
    return CapturedStep(step, rng) if rng.device.type == "cuda" else step
