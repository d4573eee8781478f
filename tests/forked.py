"""Commands in processes of their own, forked from one that has imported torch: each is there two seconds sooner.

What reads its environment when it is imported, such as huggingface_hub, they import anew.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS = 120  # that a command may take

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["torch", "numba", "safetensors.torch", "imageio.v2"])


def run(module: str, arguments: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """`python -m module arguments` in the project's folder, with these environment variables besides."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _context.Process(target=_main, args=(module, arguments, dict(environment), out, err))
        process.start()
        process.join(SECONDS)
        if process.is_alive():
            process.kill()
            raise TimeoutError(f"{module} {arguments} took longer than {SECONDS} s")
        said = (path.read_text(encoding="utf-8") for path in (out, err))
        return subprocess.CompletedProcess([module, *arguments], process.exitcode or 0, *said)


def _main(module: str, arguments: list[str], environment: dict[str, str], out: Path, err: Path) -> None:
    assert "huggingface_hub" not in sys.modules
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)
