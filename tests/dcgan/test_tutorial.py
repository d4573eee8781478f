"""Checkpoints in the layout of PyTorch's DCGAN tutorial, as people have them, and files that are none."""

from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from darkroom.seeds import seeded
from dcgan import FacePipeline, ModelConfig, ModelError
from dcgan.model import initialise, new_generator
from dcgan.tutorial import import_tutorial

DISCRIMINATOR = {"main.0.weight": torch.zeros(64, 3, 4, 4), "main.2.weight": torch.zeros(1, 64, 4, 4)}


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """A generator's state dict, latent dimension 12 and width 4."""
    generator = new_generator(ModelConfig(latent_dim=12, width=4))
    initialise(generator, seeded(0))
    return {name: value.clone() for name, value in generator.state_dict().items()}


def prefixed(weights, prefix):
    return {f"{prefix}{name}": value for name, value in weights.items()}


SHAPES = {
    "bare": OrderedDict,
    "parameters": lambda w: {name: nn.Parameter(v, requires_grad=False) for name, v in w.items()},
    "key": lambda w: {"epoch": 3, "netD_state_dict": DISCRIMINATOR, "netG_state_dict": w},
    "deep": lambda w: {"state": {"models": {"D": DISCRIMINATOR, "G": w}}, "optimizer": {"state": {0: {"step": 1}}}},
    "lightning": lambda w: {"state_dict": {**prefixed(DISCRIMINATOR, "netD."), **prefixed(w, "netG.")}},
    "nested prefixes": lambda w: prefixed(w, "model._orig_mod.module.generator."),
    "a Sequential of another name": lambda w: {name.removeprefix("main."): v for name, v in w.items()},
    "before 0.4.1": lambda w: {name: v for name, v in w.items() if "num_batches" not in name},
    "float16": lambda w: {name: v.half() if v.is_floating_point() else v for name, v in w.items()},
}


def check_same(faces: FacePipeline, weights, tolerance: float = 1e-6) -> None:
    assert (faces.config.latent_dim, faces.config.width, faces.discriminator) == (12, 4, None)
    expected = new_generator(faces.config).eval()
    expected.load_state_dict(weights)
    z = faces.latents(3)
    with torch.no_grad():
        assert torch.allclose(faces.render(z), expected(z), atol=tolerance)


def test_a_tutorial_checkpoint_becomes_a_model(weights, tmp_path):
    for shape, change in SHAPES.items():
        torch.save(change(weights), tmp_path / "netG.pth")
        faces = import_tutorial(tmp_path / "netG.pth")
        check_same(faces, weights, 1e-2 if shape == "float16" else 1e-6)
    faces.save_pretrained(tmp_path / "model")
    assert len(FacePipeline.from_pretrained(tmp_path / "model").generate(faces.latents(3))) == 3


def test_safetensors_and_files_from_before_pytorch_1_6_are_read(weights, tmp_path):
    save_file(
        {f"generator.{name}": value.contiguous() for name, value in weights.items()}, tmp_path / "netG.safetensors"
    )
    torch.save({"G": weights}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    for name in ("netG.safetensors", "old.pth"):
        check_same(import_tutorial(tmp_path / name), weights)


class Harmful:
    def __reduce__(self):
        return (Path.touch, (Path("harmed"),))


def test_other_files_are_refused_in_one_sentence_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("empty").touch()
    Path("page").write_bytes(b"\n<!DOCTYPE html><html>...")
    Path("safe").write_bytes((90).to_bytes(8, "little") + b"{" + b"x" * 99)
    np.savez("arrays.npz", a=np.zeros(3))
    for name, content in {
        "module": nn.Sequential(nn.ConvTranspose2d(12, 32, 4)), "harmful": {"main.0.weight": Harmful()},
        "cut": {"main.0.weight": torch.zeros(100, 100)}, "list": [1, 2], "other": {"fc.weight": torch.zeros(3, 3)},
        "discriminator": {"netD": DISCRIMINATOR},
    }.items():  # fmt: skip
        torch.save(content, name)
    Path("cut").write_bytes(Path("cut").read_bytes()[:20_000])
    tensors = "is no file of tensors alone, or a damaged one; the generator's state_dict()"
    for name, message in {
        "none": "does not exist", "folder": "cannot be read: Is a directory", "empty": tensors, "page": tensors,
        "safe": tensors, "arrays.npz": tensors, "module": tensors, "harmful": tensors, "cut": tensors,
        "list": "holds 0 tensors, and not", "other": "holds 1 tensors, such as 'fc.weight', and not the generator of",
        "discriminator": "holds 2 tensors, such as 'netD.main.0.weight', and not the generator of",
    }.items():  # fmt: skip
        with pytest.raises(ModelError) as caught:
            import_tutorial(name)
        text = str(caught.value)
        assert text.startswith(f"{name} {message}") and len(text) < 250 and "\n" not in text
    assert not Path("harmed").exists()


def test_other_generators_are_refused_with_what_is_needed(weights, tmp_path):
    nan = torch.full((4, 3, 4, 4), torch.nan)
    weights32 = {name: value for name, value in weights.items() if not name.startswith("main.12.")}
    for changed, message in (
        (
            weights | {"main.12.weight": torch.zeros(4, 1, 4, 4)},
            r"main.12.weight is \(4, 1, 4, 4\); \(4, 3, 4, 4\) is n",
        ),
        (weights32, "and not the generator of PyTorch's DCGAN tutorial for 64x64 px"),
        (weights | {"main.3.bias": torch.zeros(16)}, "main.3.bias is .16,.; no such tensor is needed"),
        ({name: v for name, v in weights.items() if name != "main.3.weight"}, "main.3.weight is missing; .32, 16, 4"),
        (weights | {"main.0.weight": torch.zeros(1025, 32, 4, 4)}, "latent_dim is 1025; allowed are 1 to 1024"),
        (weights | {"main.12.weight": nan}, "main.12.weight holds values that are no finite"),
        ({name: v.long() for name, v in weights.items()}, "main.0.weight holds values that are no finite floating"),
    ):
        torch.save(changed, tmp_path / "netG.pth")
        with pytest.raises(ModelError, match=message) as caught:
            import_tutorial(tmp_path / "netG.pth")
        assert "\n" not in str(caught.value)
