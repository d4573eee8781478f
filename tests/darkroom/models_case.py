"""Print as JSON what `darkroom.models` serves in a process of its own: `python -m tests.darkroom.models_case CASE`.

HF_ENDPOINT and HF_HOME are read when huggingface_hub is imported: hence a process for each Hub and each cache.
"""

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests import forked
from tests.hub import client_environment


def serve(kind: str, models: Sequence[str], shipped: Sequence[Path], home: Path, address: str, **options: Any) -> Any:
    """Return the models of a kind ("faces", "scenes") at first and at last, and every note in between.

    options: `silence` and `answer`, the limits in seconds; `until`, after how many seconds the last look is taken where
        the Hub is still busy then.
    """
    case = {"kind": kind, "models": list(models), "shipped": list(map(str, shipped)), **options}
    environment = client_environment(address, str(home))
    result = forked.run("tests.darkroom.models_case", [json.dumps(case)], environment)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def identity(kind: str, pipeline: Any) -> str:
    """Different for different weights."""
    return pipeline.fingerprint if kind == "faces" else hashlib.sha256(pipeline.source.tobytes()).hexdigest()


def _main(case: dict[str, Any]) -> None:
    from darkroom.models import Models
    from dcgan import FacePipeline
    from singan import ScenePipeline

    limits = {f"{name}_seconds": case[name] for name in ("silence", "answer") if name in case}
    load = (FacePipeline if case["kind"] == "faces" else ScenePipeline).from_pretrained
    started = time.monotonic()
    models: Models[Any] = Models(case["models"], case["shipped"], load, **limits)

    def look() -> dict[str, Any]:
        seen = {"seconds": time.monotonic() - started, "notes": models.notes(), "busy": models.busy}
        pipelines = {name: models.get(name) for name in models.names}  # all of one moment; hashing takes a while
        return {**seen, "served": {name: identity(case["kind"], it) for name, it in pipelines.items()}}

    first, notes, looked = look(), [], time.monotonic()
    while models.busy and time.monotonic() - looked < case.get("until", 60):
        notes += [note for note in models.notes() if note not in notes]
        time.sleep(0.02)
    json.dump({"first": first, "last": look(), "notes": notes}, sys.stdout)


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
