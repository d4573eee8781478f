"""Model folders that strangers made: nothing is made that a file merely claims."""

import itertools
import json
import struct
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from darkroom.model_files import MAX_CONFIG_BYTES, read_json, read_tensors
from dcgan import FacePipeline
from singan import ModelError, ScenePipeline


def test_json_is_bounded_before_it_is_parsed():
    for content, words in (
        (b'{"a":' * 15_000, "nested too deeply"),
        (b"1" * 4000, "a number has 4000 digits"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b"\xff\xfe\x00", "UTF-8|utf-16"),
        (b'"' + b"a" * 200_000 + b'"', "0.2 MB of JSON; at most 0.1 MB"),
    ):
        with pytest.raises(ValueError, match=words):
            read_json(content, 100_000)
    assert read_json('{"a": [1, 2.5, null, true, "ü"]}', 100) == {"a": [1, 2.5, None, True, "ü"]}


@pytest.fixture
def scene_folder(tiny_scene, tmp_path):
    tiny_scene.save_pretrained(tmp_path / "scene")
    return tmp_path / "scene"


@pytest.fixture
def faces_folder(tiny_faces, tmp_path):
    tiny_faces.save_pretrained(tmp_path / "faces")
    return tmp_path / "faces"


def altered(folder, tensors=None, **config):
    """Changes a model's tensors and its configuration's `model`."""
    path = folder / "model.safetensors"
    if tensors:
        save_file({name: value.contiguous() for name, value in tensors(load_file(path)).items()}, path)
    if config:
        values = json.loads((folder / "config.json").read_text())
        values["model"] |= config
        (folder / "config.json").write_text(json.dumps(values))
    return folder


CHANGES = {
    "missing": lambda tensors: dict(list(tensors.items())[1:]),
    "extra": lambda tensors: {**tensors, "more": torch.zeros(1)},
    "another shape": lambda tensors: {name: value[..., :1] if value.ndim else value for name, value in tensors.items()},
    "whole numbers": lambda tensors: {name: value.to(torch.int32) for name, value in tensors.items()},
    "NaN": lambda tensors: {n: v * torch.nan if v.is_floating_point() else v for n, v in tensors.items()},
    "infinite": lambda tensors: {n: v / 0 if v.is_floating_point() else v for n, v in tensors.items()},
}


def test_tensors_are_those_that_the_configuration_needs(scene_folder, faces_folder):
    (scene_folder / "README.md").write_bytes("# Déjà vu".encode("latin-1"))  # a card of any encoding is read
    assert ScenePipeline.from_pretrained(scene_folder).card.startswith("# D")
    for load, folder in ((ScenePipeline.from_pretrained, scene_folder), (FacePipeline.from_pretrained, faces_folder)):
        whole = (folder / "model.safetensors").read_bytes()
        for change in CHANGES.values():
            with pytest.raises(ModelError, match="is damaged: ") as raised:
                load(altered(folder, change))
            assert "\n" not in str(raised.value) and len(str(raised.value)) < 400
            (folder / "model.safetensors").write_bytes(whole)


def test_only_wanted_tensors_are_read(tmp_path):
    """Others must be allowed, and are left where they are."""
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.ones(2), "b": torch.full((3,), torch.nan)}, path)
    wanted = {"a": ((2,), torch.float32)}
    assert list(read_tensors(path, wanted, more=True)) == ["a"]
    with pytest.raises(ValueError, match="1 tensors do not belong there, such as 'b'"):
        read_tensors(path, wanted)
    with pytest.raises(ValueError, match="1 tensors are missing, such as 'c'"):
        read_tensors(path, {**wanted, "c": ((1,), torch.float32)}, more=True)


@pytest.mark.parametrize("stored", [torch.float16, torch.bfloat16])
def test_floats_may_be_stored_in_half_the_bytes(scene_folder, stored):
    half = lambda tensors: {n: v.to(stored) if v.is_floating_point() else v for n, v in tensors.items()}  # noqa: E731
    assert ScenePipeline.from_pretrained(altered(scene_folder, half)).sample(1)


CLAIM = """
import resource, sys
from {package} import {pipeline}, ModelError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    {pipeline}.from_pretrained(sys.argv[1])
except ModelError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1000)
"""
SCENE_CLAIM = {
    "sizes": [[1024, 1024]] * 20, "channels": [512] * 20, "norms": ["none"] * 20, "paddings": ["zeros"] * 20,
    "layers": 16,
}  # fmt: skip
FACES_CLAIM = {"latent_dim": 1024, "width": 512, "discriminator_width": 512}


@pytest.mark.parametrize(
    ("package", "pipeline", "claim"),
    [("singan", "ScenePipeline", SCENE_CLAIM), ("dcgan", "FacePipeline", FACES_CLAIM)],
)
def test_a_small_file_that_claims_much_takes_nothing(scene_folder, faces_folder, package, pipeline, claim):
    """0.7 kB that claimed 20 scales of 512 channels took 4.6 GB."""
    folder = altered(scene_folder if package == "singan" else faces_folder, **claim)
    tensors = {"sigmas": torch.zeros(20)} if package == "singan" else {"generator.main.0.weight": torch.zeros(1)}
    save_file(tensors, folder / "model.safetensors")
    program = CLAIM.format(package=package, pipeline=pipeline)
    result = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True)
    said, grown = result.stdout.splitlines()
    assert "is damaged" in said and int(grown) < 60, result.stdout


def test_what_is_no_model_is_refused(scene_folder):
    headers = (b"\x00" * 7, struct.pack("<Q", 2**63) + b"{}", struct.pack("<Q", 50_000_000) + b"{" * 100)
    configs = (b"", b"[]", b"\xff", b"{}", b'{"model": 3}', b" " * (MAX_CONFIG_BYTES + 1))
    for name, contents in (("model.safetensors", headers), ("config.json", configs)):
        whole = (scene_folder / name).read_bytes()
        for content in (*contents, whole[:-50]):
            (scene_folder / name).write_bytes(content)
            with pytest.raises(ModelError, match="is damaged"):
                ScenePipeline.from_pretrained(scene_folder)
        (scene_folder / name).unlink()
        with pytest.raises(ModelError, match="is missing"):
            ScenePipeline.from_pretrained(scene_folder)
        (scene_folder / name).write_bytes(whole)


VALUES = [None, -1, 10**30, 0.5, "x", [[1]], {"a": 1}]


def test_a_configuration_of_any_values_is_loaded_or_refused_in_words(scene_folder, faces_folder):
    """Every entry of both kinds of config.json, one after the other, with values of every type."""
    for load, folder in ((ScenePipeline.from_pretrained, scene_folder), (FacePipeline.from_pretrained, faces_folder)):
        whole = json.loads((folder / "config.json").read_text())
        places = [(part, key) for part in ("model", "train") for key in whole[part]]
        for (part, key), value in itertools.product(places, VALUES):
            changed = whole | {part: whole[part] | {key: value}}
            (folder / "config.json").write_text(json.dumps(changed))
            try:
                load(folder)
            except ModelError as error:
                assert len(str(error)) < 600 and "\n" not in str(error), (part, key, value)
