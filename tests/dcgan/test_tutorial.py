"""Checkpoints in the layout of PyTorch's DCGAN tutorial, as people have them, and what they mistake for one."""

import pickle
import zipfile
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


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """A generator's state dict, latent dimension 12 and width 4."""
    generator = new_generator(ModelConfig(latent_dim=12, width=4))
    initialise(generator, seeded(0))
    return {name: value.clone() for name, value in generator.state_dict().items()}


DISCRIMINATOR = {"main.0.weight": torch.zeros(64, 3, 4, 4), "main.2.weight": torch.zeros(1, 64, 4, 4)}


def prefixed(weights, prefix):
    return {f"{prefix}{name}": value for name, value in weights.items()}


SHAPES = {
    "bare": lambda w: w,
    "ordered": OrderedDict,
    "parameters": lambda w: {name: nn.Parameter(v, requires_grad=False) for name, v in w.items()},
    "key": lambda w: {"epoch": 3, "netD_state_dict": DISCRIMINATOR, "netG_state_dict": w},
    "deep": lambda w: {"state": {"models": {"D": DISCRIMINATOR, "G": w}}, "optimizer": {"state": {0: {"step": 1}}}},
    "parallel": lambda w: prefixed(w, "module."),
    "compiled": lambda w: prefixed(w, "_orig_mod."),
    "lightning": lambda w: {"state_dict": {**prefixed(DISCRIMINATOR, "netD."), **prefixed(w, "netG.")}},
    "nested prefixes": lambda w: prefixed(w, "model._orig_mod.module.generator."),
    "a Sequential of another name": lambda w: {name.removeprefix("main."): v for name, v in w.items()},
    "before 0.4.1": lambda w: {name: v for name, v in w.items() if "num_batches" not in name},
    "float64": lambda w: {name: v.double() if v.is_floating_point() else v for name, v in w.items()},
}


def check_same(faces: FacePipeline, weights, tolerance: float = 1e-6) -> None:
    assert (faces.config.latent_dim, faces.config.width, faces.discriminator) == (12, 4, None)
    expected = new_generator(faces.config).eval()
    expected.load_state_dict(weights)
    z = faces.latents(3)
    with torch.no_grad():
        assert torch.allclose(faces.render(z), expected(z), atol=tolerance)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_tutorial_checkpoint_becomes_a_model(weights, tmp_path, shape):
    torch.save(SHAPES[shape](weights), tmp_path / "netG.pth")
    faces = import_tutorial(tmp_path / "netG.pth")
    check_same(faces, weights)
    faces.save_pretrained(tmp_path / "model")
    assert len(FacePipeline.from_pretrained(tmp_path / "model").generate(faces.latents(3))) == 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_converted(weights, tmp_path, dtype):
    half = {name: v.to(dtype) if v.is_floating_point() else v for name, v in weights.items()}
    torch.save(half, tmp_path / "netG.pth")
    check_same(import_tutorial(tmp_path / "netG.pth"), {name: v.float() for name, v in half.items()})


def test_safetensors_and_files_from_before_pytorch_1_6_are_read(weights, tmp_path):
    save_file(
        {f"generator.{name}": value.contiguous() for name, value in weights.items()}, tmp_path / "netG.safetensors"
    )
    torch.save({"G": weights}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    for name in ("netG.safetensors", "old.pth"):
        check_same(import_tutorial(tmp_path / name), weights)


# -- files that are none ----------------------------------------------------------------------------------------------


class Harmful:
    def __reduce__(self):
        return (Path.touch, (Path("harmed"),))


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.ConvTranspose2d(12, 32, 4))


def saved(content, **how):
    return lambda path: torch.save(content, path, **how)


def written(content):
    return lambda path: path.write_bytes(content)


def cut(path):
    torch.save({"main.0.weight": torch.zeros(100, 100)}, path)
    path.write_bytes(path.read_bytes()[:20_000])


def cut_legacy(path):
    torch.save({"main.0.weight": torch.zeros(100, 100)}, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:20_000])


def packed_again(path):
    torch.save({"main.0.weight": torch.zeros(1000, 1000)}, path)
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def other_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing")


def program(path):
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("data.pkl", "code/__torch__.py", "constants.pkl"):
            archive.writestr(f"netG/{name}", b"")


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 14243434\n"
FILES = {
    "none": (lambda path: None, "does not exist"),
    "folder": (lambda path: path.mkdir(), "is a folder"),
    "empty": (written(b""), "is empty; copy or download it again"),
    "pointer": (written(LFS), "Git LFS pointer.*git lfs pull"),
    "page": (written(b"\n<!DOCTYPE html><html>..."), "is a web page, not the file"),
    "text": (written(b"no tensors"), "is no file of torch.save or safetensors"),
    "keras.h5": (written(b"\x89HDF\r\n\x1a\n" + bytes(99)), "weights of Keras"),
    "cut": (cut, "is damaged or cut off"),
    "cut_legacy": (cut_legacy, "is damaged or cut off"),
    "other.zip": (other_zip, "is a ZIP that torch.save did not write"),
    "packed": (packed_again, "packed anew"),
    "program": (program, "holds a TorchScript program"),
    "arrays.npz": (lambda path: np.savez(path, a=np.zeros(3)), "holds numpy arrays"),
    "array.npy": (lambda path: np.save(path, np.zeros(3)), "holds a numpy array"),
    "arrays.pth": (saved({"main.0.weight": np.zeros((12, 32, 4, 4))}), "holds numpy arrays or numbers"),
    "module.pth": (saved(Generator()), r"a whole module \(Generator\).*save its state_dict"),
    "old_module.pth": (saved(Generator(), _use_new_zipfile_serialization=False), r"a whole module \(Generator\)"),
    "harmful.pth": (saved({"main.0.weight": Harmful()}), "holds more than tensors"),
    "pickle": (lambda path: path.write_bytes(pickle.dumps(Harmful())), "holds more than tensors"),
    "pickle_plain": (lambda path: path.write_bytes(pickle.dumps({"a": 1})), "no file of torch.save; copy"),
    "sparse.pth": (saved({"main.0.weight": torch.eye(3).to_sparse()}), "sparse or quantised"),
    "safe": (written((90).to_bytes(8, "little") + b"{" + b"x" * 99), "is a damaged safetensors file"),
    "safe_large": (written((2**40).to_bytes(8, "little") + b"{" + b"x" * 99), "is a damaged safetensors file"),
    "list.pth": (saved([1, 2]), "holds no generator.*it holds 0 tensors"),
    "other.pth": (saved({"fc.weight": torch.zeros(3, 3)}), "holds no generator.*1 tensors, such as 'fc.weight'"),
    "discriminator.pth": (saved({"netD": DISCRIMINATOR}), "holds a discriminator and no generator"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_other_files_are_named_in_own_words(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    make, message = FILES[name]
    make(tmp_path / name)
    with pytest.raises(ModelError, match=message) as caught:
        import_tutorial(name)
    text = str(caught.value)
    assert text.startswith(f"{name} ") and len(text) < 250 and "\n" not in text and "\x1b" not in text
    assert "weights_only" not in text and "safe_globals" not in text and not Path("harmed").exists()


def spoiled(weights, **changes):
    return {name: value for name, value in {**weights, **changes}.items() if value is not None}


def of_size(latent_dim=12, width=4, channels=3, layers=5):
    widths = [latent_dim, *(width * 2**n for n in reversed(range(layers - 1))), channels]
    found = {}
    for n in range(layers):
        found[f"main.{3 * n}.weight"] = torch.zeros(widths[n], widths[n + 1], 4, 4)
        if n < layers - 1:
            found |= {f"main.{3 * n + 1}.{name}": torch.zeros(widths[n + 1]) for name in ("weight", "bias")}
            found |= {f"main.{3 * n + 1}.running_{name}": torch.ones(widths[n + 1]) for name in ("mean", "var")}
    return found


def test_a_made_up_generator_is_one(tmp_path):
    torch.save(of_size(), tmp_path / "netG.pth")
    assert import_tutorial(tmp_path / "netG.pth").config.width == 4


NAN = torch.full((4, 3, 4, 4), torch.nan)
OTHERS = {
    "gray": (lambda w: of_size(channels=1), "draws pictures of 1 channel; 3"),
    "128 px": (lambda w: of_size(layers=6), "has 6 transposed convolutions, for 128x128 px; 5, for 64x64 px"),
    "32 px": (lambda w: of_size(layers=4), "has 4 transposed convolutions, for 32x32 px"),
    "biases": (lambda w: spoiled(w, **{"main.3.bias": torch.zeros(16)}), r"has biases.*main.3.bias"),
    "incomplete": (lambda w: spoiled(w, **{"main.3.weight": None}), "lacks main.3.weight"),
    "no statistics": (lambda w: spoiled(w, **{"main.1.running_var": None}), "lacks main.1.running_var"),
    "filters": (lambda w: spoiled(w, **{"main.3.weight": torch.zeros(32, 16, 3, 3)}), "has main.3.weight of shape"),
    "more": (lambda w: spoiled(w, **{"main.14.weight": torch.zeros(3)}), "has main.14.weight besides"),
    "latent": (lambda w: of_size(latent_dim=1025, width=1), "latent_dim is 1025; allowed are 1 to 1024"),
    "infinite": (lambda w: spoiled(w, **{"main.12.weight": NAN}), "values in main.12.weight that are not finite"),
    "whole numbers": (lambda w: {name: v.long() for name, v in w.items()}, "holds int64 in main.*floating-point"),
    "claims": (lambda w: {name: torch.zeros(()).expand(v.shape) for name, v in w.items()}, "claims more weights than"),
}  # fmt: skip


@pytest.mark.parametrize("how", OTHERS)
def test_other_generators_are_refused_with_what_is_needed(weights, tmp_path, how):
    change, message = OTHERS[how]
    torch.save(change(weights), tmp_path / "netG.pth")
    with pytest.raises(ModelError, match=message) as caught:
        import_tutorial(tmp_path / "netG.pth")
    assert "\n" not in str(caught.value) and "size mismatch" not in str(caught.value)


def test_a_file_that_claims_much_takes_little(tmp_path):
    """2 kB of views of one number, with the shapes of the largest generator that is allowed, 1.3 GB."""
    one = torch.zeros(())
    content = {name: one.expand(value.shape) for name, value in meta_of(1024, 512).items()}
    torch.save(content, tmp_path / "netG.pth")
    assert (tmp_path / "netG.pth").stat().st_size < 20_000
    before = resident()
    with pytest.raises(ModelError, match="claims more weights than its"):
        import_tutorial(tmp_path / "netG.pth")
    assert resident() - before < 100e6


def meta_of(latent_dim, width):
    with torch.device("meta"):
        state = new_generator(ModelConfig(latent_dim=latent_dim, width=width)).state_dict()
    return {name: value for name, value in state.items() if "num_batches" not in name}


def resident() -> int:
    """This process' memory in bytes at its highest so far."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
