"""One iteration of the game: the two players' half-steps, on whatever device and in however many processes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from darkroom.device import fast_format
from darkroom.seeds import seed_of, seeded
from dcgan.augment import adapt, augment
from dcgan.config import TrainConfig
from dcgan.losses import discriminator_loss, generator_loss, interpolated_penalty, zero_centred_penalty
from dcgan.model import initialise, new_discriminator, new_generator
from dcgan.optim import Extragradient

EMA_WARMUP = 10  # iterations: the average begins with the generator itself
EAGER_ITERATIONS = 3  # of each kind before its graph is captured


def world() -> tuple[int, int]:
    """This process' rank, and how many there are."""
    return (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)


class _Player:
    """A network with its optimiser."""

    def __init__(self, network: nn.Module, learning_rate: float, config: TrainConfig, device: torch.device) -> None:
        self.network, self.config = network.to(device), config
        self.learning_rate = learning_rate
        # A captured graph reads the learning rate from where it lies on the device.
        captured = device.type == "cuda"
        lr = torch.tensor(learning_rate, device=device) if captured else learning_rate
        kw: dict[str, Any] = {"lr": lr, "capturable": captured}
        if config.optimizer == "adam":
            base: Any = torch.optim.Adam
            kw |= {"betas": config.betas, "fused": True}
        else:
            base = torch.optim.RMSprop
            kw |= {"alpha": config.rho, "foreach": True}
        parameters = network.parameters()
        self.optimizer = Extragradient(parameters, base, **kw) if config.extragradient else base(parameters, **kw)

    def set_learning_rate(self, factor: float) -> None:
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(self.learning_rate * factor)
            else:
                group["lr"] = self.learning_rate * factor

    def restore(self, moments: dict[Any, dict[str, Tensor]]) -> None:
        """Takes over the optimiser's state, by the parameters' numbers. Raises ValueError where it is not of them."""
        parameters = list(self.network.parameters())
        state: dict[int, dict[str, Tensor]] = {}
        for number, values in ((int(key), values) for key, values in moments.items()):
            like = parameters[number]
            if any(value.shape not in (like.shape, torch.Size()) for value in values.values()):
                raise ValueError(f"a moment of parameter {number} has another shape")
            # A fused optimiser needs moments that lie in memory as the parameter does.
            laid = {name: torch.empty_like(like).copy_(v) if v.shape == like.shape else v for name, v in values.items()}
            state[number] = laid
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})

    def advance(self, half_step: Callable[[], Any]) -> None:
        """Takes a half-step along the mean gradient of all processes."""
        parameters = list(self.network.parameters())
        if dist.is_initialized():
            gradients = [p.grad for p in parameters if p.grad is not None]
            mean = torch.cat([gradient.flatten() for gradient in gradients]) / dist.get_world_size()
            dist.all_reduce(mean)
            for gradient, part in zip(gradients, mean.split([g.numel() for g in gradients]), strict=True):
                gradient.copy_(part.view(gradient.shape))
        if self.config.clip_value is not None:
            nn.utils.clip_grad_value_(parameters, self.config.clip_value)
        half_step()


class Trainer:
    """The networks in training. Every iteration is a function of the state before it and of its number alone.

    images: the training set, uint8 (N, 3, 64, 64); it moves to the device.
    """

    def __init__(self, images: Tensor, config: TrainConfig, device: torch.device) -> None:
        self.config, self.device = config, device
        self.rank, self.world = world()
        if config.batch % self.world:
            raise ValueError(f"batch is {config.batch}; it must be a multiple of the {self.world} processes")
        if config.batch > len(images):
            raise ValueError(f"batch is {config.batch}; the set holds only {len(images)} pictures")
        self.images = images.to(device)
        self.dtype = fast_format(device) if config.bfloat16 else torch.float32
        with torch.random.fork_rng():
            torch.manual_seed(seed_of(config.seed, 1))  # where spectral normalisation's iteration begins
            generator, discriminator = new_generator(config.model), new_discriminator(config.model)
        initialise(generator, seeded(config.seed, 0))
        initialise(discriminator, seeded(config.seed, 1))
        self.g = _Player(generator, config.learning_rate, config, device)
        self.d = _Player(discriminator, config.discriminator_learning_rate, config, device)
        self.ema = copy.deepcopy(self.g.network).requires_grad_(False)
        self.probability = torch.zeros((), device=device) if config.augmentation == "adaptive" else None
        if config.augmentation == "differentiable":
            self.probability = torch.ones((), device=device)
        self.rng = torch.Generator(device)
        self.losses: dict[str, Tensor] = {}
        self._orders: dict[int, Tensor] = {}
        self._graphs: dict[bool, _Graph] = {}

    # -- what an iteration sees --------------------------------------------------------------------------------------

    def _indices(self, iteration: int) -> Tensor:
        """Which pictures the discriminator's steps of an iteration see, (steps, batch of this process)."""
        config, count = self.config, len(self.images)
        an_epoch = count // config.batch
        rows = []
        for step in range(config.discriminator_steps):
            epoch, number = divmod(iteration * config.discriminator_steps + step, an_epoch)
            order = self._order(epoch, count)
            rows.append(order[number * config.batch : (number + 1) * config.batch][self.rank :: self.world])
        return torch.stack(rows)

    def _order(self, epoch: int, count: int) -> Tensor:
        """The order of an epoch; the last one is kept, since drawing it takes longer than an iteration's rest."""
        if not self.config.shuffle:
            return torch.arange(count)
        if epoch not in self._orders:
            self._orders = {epoch: torch.randperm(count, generator=seeded(self.config.seed, 2, epoch))}
        return self._orders[epoch]

    def _real(self, indices: Tensor) -> Tensor:
        """Pictures of the set, half of them mirrored, float32 in [-1, 1]."""
        x = self.images[indices].float() / 127.5 - 1
        if self.config.mirror:
            mirrored = torch.rand(len(x), 1, 1, 1, generator=self.rng, device=self.device) < 0.5
            x = torch.where(mirrored, x.flip(3), x)
        return x.contiguous(memory_format=torch.channels_last)

    def _z(self) -> Tensor:
        shape = (self.config.batch // self.world, self.config.model.latent_dim)
        return torch.randn(shape, generator=self.rng, device=self.device)

    def _autocast(self) -> torch.autocast:
        # A graph must not find weights that were cast before it was captured.
        return torch.autocast(
            self.device.type, dtype=self.dtype, enabled=self.dtype != torch.float32, cache_enabled=False
        )

    def _judge(self, pictures: Tensor) -> Tensor:
        """The discriminator's logits of augmented pictures."""
        with self._autocast():
            return self.d.network(augment(pictures, self.probability, self.rng))

    # -- the players' half-steps -------------------------------------------------------------------------------------

    def _discriminator_backward(self, real: Tensor, penalty: bool) -> Tensor:
        """Leaves the discriminator's gradients; its logits of the real pictures."""
        config = self.config
        with torch.no_grad(), self._autocast():
            fake = self.g.network(self._z())
        if config.model.discriminator_norm == "batch":  # whose statistics are those of one kind of picture
            real_logits, fake_logits = self._judge(real), self._judge(fake)
        else:
            real_logits, fake_logits = self._judge(torch.cat([real, fake.to(real.dtype)])).chunk(2)
        loss = discriminator_loss(
            config.loss, real_logits, fake_logits, config.label_smoothing, config.label_noise, self.rng
        )
        self.d.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if penalty:
            self._penalty_backward(real, fake)
        self.losses |= {
            "discriminator": loss.detach(),
            "real": real_logits.detach().mean(),
            "fake": fake_logits.detach().mean(),
        }
        if config.augmentation == "adaptive":
            assert self.probability is not None
            adapt(self.probability, real_logits, fake_logits, config.augmentation_target, len(real))
        return real_logits.detach()

    def _penalty_backward(self, real: Tensor, fake: Tensor) -> None:
        config = self.config
        if config.loss == "wgan-gp":
            value = interpolated_penalty(self._judge, real, fake.float(), self.rng)
        else:
            value = 2 * zero_centred_penalty(self._judge, torch.cat([real, fake.float()]))  # R1 + R2
        (config.penalty * config.penalty_every * value).backward()
        self.losses["penalty"] = value.detach()

    def _generator_backward(self, real_logits: Tensor) -> None:
        """Leaves the generator's gradients."""
        self.d.network.requires_grad_(False)
        with self._autocast():
            fake = self.g.network(self._z())
        loss = generator_loss(self.config.loss, real_logits, self._judge(fake))
        self.g.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.d.network.requires_grad_(True)
        self.losses["generator"] = loss.detach()

    def _play(self, indices: Tensor, penalty: bool) -> None:
        """The discriminator's steps, the last one together with the generator's."""
        d, g = self.d.optimizer, self.g.optimizer
        for step, row in enumerate(indices):
            both = step == len(indices) - 1
            real = self._real(row)
            if isinstance(d, Extragradient) and isinstance(g, Extragradient):  # both look ahead, then both step
                halves: list[tuple[Callable[[], Any], Callable[[], Any]]]
                halves = [(d.extrapolation, g.extrapolation), (d.step, g.step)]
                for d_half, g_half in halves:
                    logits = self._discriminator_backward(real, penalty)
                    if both:
                        self._generator_backward(logits)
                        self.g.advance(g_half)
                    self.d.advance(d_half)
            else:
                logits = self._discriminator_backward(real, penalty)
                self.d.advance(d.step)
                if both:
                    self._generator_backward(logits)
                    self.g.advance(g.step)

    # -- an iteration ------------------------------------------------------------------------------------------------

    def iterate(self, iteration: int) -> None:
        """Plays iteration number `iteration`, from 0."""
        config = self.config
        factor = 1 / (1 + config.decay * iteration)
        if config.linear_decay:
            factor *= min(1.0, max(0.02, 2 * (1 - iteration / config.iterations)))
        self.d.set_learning_rate(factor)
        self.g.set_learning_rate(factor)
        self.rng.manual_seed(seed_of(config.seed, 3, iteration, self.rank))
        penalty = config.penalty > 0 and iteration % config.penalty_every == 0
        with torch.random.fork_rng():
            torch.manual_seed(self.rng.initial_seed())  # of dropout
            self._run(self._indices(iteration), penalty)
        with torch.no_grad():
            weight = 1 - min(0.5 ** (config.batch / config.ema_images), iteration / (iteration + EMA_WARMUP))
            torch._foreach_lerp_(list(self.ema.parameters()), list(self.g.network.parameters()), weight)

    def _run(self, indices: Tensor, penalty: bool) -> None:
        """On CUDA in one process and without extragradient, the whole play is one captured graph."""
        if self.device.type != "cuda" or self.world > 1 or self.config.extragradient:
            return self._play(indices.to(self.device), penalty)
        if penalty not in self._graphs:
            self._graphs[penalty] = _Graph(self, indices, penalty)
        self._graphs[penalty].play(indices)

    # -- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All that the next iteration depends on; the tensors are copies on the CPU."""
        return copied(
            {
                "generator": self.g.network.state_dict(),
                "ema": self.ema.state_dict(),
                "discriminator": self.d.network.state_dict(),
                "generator_optimizer": self.g.optimizer.state_dict()["state"],
                "discriminator_optimizer": self.d.optimizer.state_dict()["state"],
                "probability": self.probability if self.probability is not None else torch.zeros(()),
            }
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Inverse of `state`."""
        self.g.network.load_state_dict(state["generator"])
        self.ema.load_state_dict(state["ema"])
        self.d.network.load_state_dict(state["discriminator"])
        for player, name in ((self.g, "generator"), (self.d, "discriminator")):
            player.restore(state[f"{name}_optimizer"])
        if self.probability is not None:
            self.probability.copy_(state["probability"])


def copied(tree: Any) -> Any:
    """A nested dictionary of tensors, its tensors copied to the CPU."""
    if isinstance(tree, dict):
        return {key: copied(value) for key, value in tree.items()}
    return tree.detach().cpu().clone().contiguous()


class _Graph:
    """The play of one iteration as a CUDA graph; the first few plays are run as they are, on a stream of their own."""

    def __init__(self, trainer: Trainer, indices: Tensor, penalty: bool) -> None:
        self.trainer, self.penalty = trainer, penalty
        self.indices = indices.to(trainer.device)
        self.graph = torch.cuda.CUDAGraph()
        self.stream = torch.cuda.Stream()
        self.eager = 0
        self.losses: dict[str, Tensor] = {}

    def play(self, indices: Tensor) -> None:
        self.indices.copy_(indices, non_blocking=True)
        if self.eager < EAGER_ITERATIONS:
            self.eager += 1
            self.stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.stream):
                self.trainer._play(self.indices, self.penalty)
            torch.cuda.current_stream().wait_stream(self.stream)
            return
        if not self.losses:
            self.graph.register_generator_state(self.trainer.rng)
            self.trainer.losses = {}
            with torch.cuda.graph(self.graph):
                self.trainer._play(self.indices, self.penalty)
            self.losses = self.trainer.losses
        self.graph.replay()
        self.trainer.losses = {**self.trainer.losses, **self.losses}
