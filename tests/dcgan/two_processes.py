"""Started twice by torchrun: trains a little and writes what this process saw, for test_train.py to compare."""

import sys
from dataclasses import replace
from pathlib import Path

import torch
import torch.distributed as dist

from dcgan.config import PRESETS
from dcgan.train import train
from dcgan.trainer import Trainer

folder = Path(sys.argv[1])
dist.init_process_group("gloo")
images = torch.load(folder / "images.pt")
model = replace(PRESETS["standard"].model, latent_dim=8, width=4, discriminator_width=4)
config = replace(PRESETS["standard"], model=model, batch=8, iterations=4, snapshot_every=4, augmentation="adaptive")

trainer = Trainer(images, config, torch.device("cpu"))
(indices,) = trainer.indices(0)
trainer.rng.manual_seed(dist.get_rank())
trainer.discriminator_backward(trainer.real(indices), penalised=False)
own = [p.grad.clone() for p in trainer.d.network.parameters()]
trainer.d.step()
mean = [p.grad for p in trainer.d.network.parameters()]

*_, last = train(images, config, "cpu")
found = {
    "indices": indices.tolist(),
    "own_gradients": own,
    "gradients": mean,
    "weights": {name: value for part in ("generator", "discriminator") for name, value in
                last.checkpoint.state[part].items() if "running" not in name},
}  # fmt: skip
found["weights"]["probability"] = last.checkpoint.state["probability"]
torch.save(found, folder / f"rank{dist.get_rank()}.pt")
dist.destroy_process_group()
