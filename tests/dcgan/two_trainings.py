"""Started by torchrun: the command line's training with small networks."""

import sys
from dataclasses import replace

from dcgan.__main__ import main
from dcgan.config import PRESETS

standard = PRESETS["standard"]
model = replace(standard.model, latent_dim=8, width=4, discriminator_width=4)
PRESETS["standard"] = replace(standard, model=model, batch=8, iterations=8, snapshot_every=4, quality_images=32)
sys.exit(main(["train", sys.argv[1], "--out", sys.argv[2], "--device", "cpu"]))
