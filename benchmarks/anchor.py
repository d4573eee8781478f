"""Finds a face model's anchor, which truncation moves latents to, and writes it into the model's config.json.

    python -m benchmarks.anchor MODEL [--count 4096]

Without it `FacePipeline.anchor` is found from 64 latents whenever it is first needed.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from darkroom import commands
from darkroom.device import pick_device
from darkroom.files import atomic, locked
from darkroom.model_files import CONFIG_FILE, read_config
from dcgan.pipeline import FacePipeline


def store_anchor(folder: Path, count: int) -> int:
    """Find the anchor by `count` latents and write it into the folder's config.json, which keeps all else; return 0."""
    with locked(folder):
        anchor = FacePipeline.from_pretrained(folder).to(pick_device()).find_anchor(count)
        config = {**read_config(folder), "anchor": anchor.tolist()}
        with atomic(folder / CONFIG_FILE) as part:
            part.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, find and write; return the exit code, 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=commands.existing, help="folder of the model")
    parser.add_argument("--count", type=int, default=4096, help="latents whose faces the detector looks at")
    args = parser.parse_args(arguments)
    return commands.run("anchor", lambda: store_anchor(args.model, args.count))


if __name__ == "__main__":
    sys.exit(main())
