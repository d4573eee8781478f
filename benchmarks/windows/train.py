"""Trains the network of `singan.windows`.

    python -m benchmarks.windows.train SCENES ... --faces faces64.zip --out FILE

SCENES: pictures without faces and writing, or folders of them. Some minutes on one core. The shipped weights lie in
singan/windows.safetensors; `python -m benchmarks.suitability` measures what such a network finds.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save
from torch import Tensor

from benchmarks.windows.drawn import Rng, texture
from benchmarks.windows.examples import face_windows, relit, scene_windows, writing_windows
from benchmarks.windows.sources import read_faces, read_scenes
from darkroom import commands
from darkroom.commands import Parser, existing, new
from darkroom.files import atomic
from singan.windows import STRIDE, WINDOW, WRITING_SIDES, Windows, reduced

ROUNDS, STEPS = 4, 700  # hard negatives are looked for between the rounds
BATCH = 64  # windows of faces, and as many of writing; of what is neither three times as many
LEARNING_RATE, LAST_RATE, WEIGHT_DECAY = 2e-3, 0.01, 1e-2  # of AdamW; the rate falls to this share of itself
WRITTEN, EMPTY, PLAIN = 16_000, 8_000, 32_000  # windows: of writing, of pages without, of scenes
INVERTED = 0.15  # of all windows but those of faces: light writing is writing too
HARD_LOGIT = -1.5  # above, a window without face and writing is a hard one
HARD_A_PICTURE = 60  # at each size
FACE_SIDES = (128, 102, 82, 66, 52, 42, 32)  # px, shorter sides at which a face may fill a window
HARD_TEXTURES = 40  # that hard windows are looked for in, each time anew


class TrainingData:
    """Windows, and batches drawn from them; `rng` draws the windows, `noise` what is done to them."""

    def __init__(self, scenes: list[Image.Image], faces: list[Image.Image], seed: int) -> None:
        self.rng, self.noise = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        self.scenes = scenes
        self.faces = np.stack([np.asarray(face.convert("L")) for face in faces])
        self.written, empty = writing_windows(WRITTEN, scenes, self.rng)
        self.plain = np.concatenate([scene_windows(PLAIN, scenes, self.rng), empty[:EMPTY]])
        self.hard = self.plain[:0]

    def _some(self, pixels: np.ndarray, count: int) -> Tensor:
        """`count` of (N, H, W) uint8 as (count, 1, H, W) in [0, 1]."""
        return torch.from_numpy(pixels[self.rng.integers(len(pixels), size=count)])[:, None].float() / 255

    def batch(self) -> Tensor:
        """Draw windows (5 * BATCH, 1, 32, 32) in [0, 1] in the order of `targets`."""
        seen = face_windows(self._some(self.faces, BATCH), self.noise, centred=True)
        parts = face_windows(self._some(self.faces, BATCH // 2), self.noise, centred=False)
        hard = self.hard if len(self.hard) else self.plain
        others = [self._some(self.plain, 3 * BATCH // 2), self._some(hard, BATCH)]
        x = torch.cat([seen, self._some(self.written, BATCH), parts, *others])
        inverted = torch.rand(len(x), 1, 1, 1, generator=self.noise) < INVERTED
        inverted[:BATCH] = False
        return relit(torch.where(inverted, 1 - x, x), self.noise)

    def mine(self, network: Windows) -> None:
        """Add what looks to the network as if it had faces or writing, and has none, to the hard windows."""
        textures = [texture(self.rng) for _ in range(HARD_TEXTURES)]
        self.hard = np.concatenate([self.hard, hard_windows(network, self.scenes + textures, self.rng)])


def targets() -> Tensor:
    """Of a batch, (5 * BATCH, 2): faces, writing, and three times as many of neither."""
    target = torch.zeros(5 * BATCH, 2)
    target[:BATCH, 0] = target[BATCH : 2 * BATCH, 1] = 1
    return target


@torch.inference_mode()
def hard_windows(network: Windows, pictures: list[Image.Image], rng: Rng) -> np.ndarray:
    """Find windows (N, 32, 32) uint8 without faces and writing that look to the network as if they had some."""
    hard = [np.zeros((0, WINDOW, WINDOW), np.uint8)]
    for picture in pictures:
        for side in sorted({*FACE_SIDES, *WRITING_SIDES}):
            pixels = np.array(reduced(picture.convert("L"), side))
            for view in (pixels, pixels[:, ::-1].copy()):
                logits = network(torch.from_numpy(view)[None, None].float() / 255)[0]
                found = rng.permutation((logits > HARD_LOGIT).any(0).nonzero().numpy())[:HARD_A_PICTURE]
                corners = STRIDE * found
                hard += [view[None, y : y + WINDOW, x : x + WINDOW] for y, x in corners]
    return np.concatenate(hard)


def train(scenes: list[Image.Image], faces: list[Image.Image], seed: int = 0) -> Windows:
    """A network for these scenes (RGB) and faces (64x64); some minutes on one core."""
    data, target = TrainingData(scenes, faces, seed), targets()
    torch.manual_seed(seed)  # the first weights
    network = Windows().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, LAST_RATE, ROUNDS * STEPS)
    for round_ in range(ROUNDS):
        if round_:
            data.mine(network)
        network.train()
        for _ in range(STEPS):
            logits = network(data.batch())[:, :, 0, 0]
            optimiser.zero_grad()
            F.binary_cross_entropy_with_logits(logits, target).backward()
            optimiser.step()
            schedule.step()
        network.eval()
    return network


def save_windows(network: Windows, file: str | Path) -> None:
    """In float16: 110 kB."""
    tensors = {name: value.half().contiguous() for name, value in network.state_dict().items() if value.ndim}
    counters = {name: value for name, value in network.state_dict().items() if not value.ndim}
    with atomic(file) as part:
        part.write_bytes(save(tensors | counters))


def main(arguments: list[str] | None = None) -> int:
    """Train and write; return the exit code: 0 done, 2 bad input."""
    parser = Parser(
        prog="benchmarks.windows.train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenes", nargs="+", type=existing, help="pictures without faces and writing, or folders")
    parser.add_argument(
        "--faces", type=existing, required=True, help="zip of 64x64 faces, as `python -m dcgan prepare` makes"
    )
    parser.add_argument("--out", type=new, required=True, help="safetensors file of the weights")
    args = parser.parse_args(arguments)
    return commands.run("benchmarks.windows.train", lambda: _train_and_write(args))


def _train_and_write(args: argparse.Namespace) -> int:
    torch.set_num_threads(1)
    scenes = [image for images in read_scenes(args.scenes).values() for image in images]
    if not scenes:
        raise ValueError(f"there is no picture in {', '.join(map(str, args.scenes))}")
    save_windows(train(scenes, read_faces(args.faces, held_out=False)), args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
