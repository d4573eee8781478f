"""What of Gradio is changed."""

import base64
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from gradio import processing_utils
from PIL import Image

import ui.gradio_patches  # noqa: F401

BYTES = bytes(range(256)) * 8000
FOUR_CHANNELS = np.frombuffer(BYTES, np.uint8).reshape(640, 800, 4)
SAVED = {
    "save_audio_to_cache": {"data": np.zeros(500_000, np.int16), "sample_rate": 8000, "format": "wav"},
    "save_base64_to_cache": {"base64_encoding": "data:image/png;base64," + base64.b64encode(BYTES).decode()},
    "save_bytes_to_cache": {"data": BYTES, "file_name": "a.bin"},
    "save_file_to_cache": {},
    "save_img_array_to_cache": {"arr": FOUR_CHANNELS, "format": "bmp"},
    "save_pil_to_cache": {"img": Image.fromarray(FOUR_CHANNELS), "format": "bmp"},
}
READERS, ROUNDS = 4, 12


def savers() -> list[str]:
    """The names of all functions of Gradio's that write into its cache by content."""
    return [name for name in dir(processing_utils) if re.fullmatch("save_(?!url).+_to_cache", name)]


@pytest.mark.parametrize("name", savers())
def test_a_file_of_the_cache_is_whole_whoever_writes_it_again(name, tmp_path):
    (tmp_path / "a.bin").write_bytes(BYTES)
    values = SAVED[name] or {"file_path": tmp_path / "a.bin"}
    cache, begin = tmp_path / "cache", threading.Barrier(READERS)

    def read(number: int) -> set[bytes]:
        found = set()
        for i in range(ROUNDS):
            begin.wait(20)
            path = Path(getattr(processing_utils, name)(cache_dir=str(cache / str(i // 2)), **values))
            found |= {path.read_bytes() for _ in range(2)}
        return found

    with ThreadPoolExecutor(READERS) as readers:
        found = set().union(*readers.map(read, range(READERS)))
    assert len(found) == 1, sorted(map(len, found))
    assert len([path for path in cache.rglob("*") if path.is_file()]) == ROUNDS / 2  # nothing is left beside them
