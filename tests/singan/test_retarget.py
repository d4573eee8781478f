"""Other sizes of any picture, without a scene."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import singan
from singan import ScenePipeline
from singan.__main__ import main
from singan.model import Pyramid
from singan.photograph import Photograph
from singan.uses import Retarget, RetargetPicture
from tests.singan.test_importance import with_balls


def difference(a: Image.Image, b: Image.Image) -> float:
    """Mean, in grey levels."""
    return float(np.abs(np.asarray(a).astype(int) - np.asarray(b)).mean())


def test_a_picture_alone_gives_what_its_scene_prints(shipped: ScenePipeline) -> None:
    photograph = shipped.original
    size = (110, 60)
    first, second = (shipped.retarget(size, seed=seed, enlarge=True)[0] for seed in (0, 1))
    alone = singan.retarget_picture(photograph, size, "keep")
    assert alone.size == size
    # Two seeds of the scene differ as much; stretching differs more.
    assert difference(alone, first) < 1.25 * difference(first, second) < difference(first, photograph.resize(size))


def test_what_the_picture_does_not_fill_is_said(picture: Image.Image) -> None:
    assert "beyond 91 × 34 px" in str(RetargetPicture(picture, (128, 48), "keep").note())
    assert "plainly" not in str(RetargetPicture(picture, (128, 48), "keep").note())
    assert "beyond 166 × 296 px it is plainly enlarged" in str(RetargetPicture(picture, (324, 576), "keep").note())
    assert "beyond" not in str(RetargetPicture(picture, (91, 34), "keep").note())
    ball = with_balls((200, 100))
    assert "mode keep does not know the photograph's subject" in str(RetargetPicture(ball, (90, 90), "keep").note())
    assert RetargetPicture(ball, (90, 90)).note() is None
    clear = RetargetPicture(Image.new("RGBA", (90, 60), (0, 0, 0, 9)), (90, 60))
    assert clear.remarks(None) == "picture: what was transparent is white"


def test_a_scene_fits_its_photograph_as_a_picture_alone_does(shipped: ScenePipeline) -> None:
    one, other = shipped.retarget((60, 110), mode="fit", count=2)
    assert one.tobytes() == singan.retarget_picture(shipped.original, (60, 110)).tobytes() != other.tobytes()


def test_a_scene_without_networks_is_fitted_by_patches_as_is_wished(shipped: ScenePipeline) -> None:
    bare = ScenePipeline(Pyramid(shipped.pyramid.config, 0), shipped.train_config, shipped.photograph)
    size, photograph = (60, 110), shipped.original
    mask = Image.new("L", (64, 48))
    mask.paste(255, (0, 10, 20, 40))
    for mode in ("keep", "rearrange"):
        (alone,) = bare.retarget(size, mode, enlarge=True)
        assert alone.tobytes() == singan.retarget_picture(photograph, size, mode).tobytes()
    plain = {"crop": 1.0, "extend": 0.0, "deform": 0.0}
    for given in ({"protect": mask}, {"deform": 0.1}, {"focus": (0.2, 0.5), **plain}):
        said = {key: "0.2,0.5" if key == "focus" else it for key, it in given.items()}
        (fitted,) = bare.retarget(size, "fit", **said)
        assert fitted.tobytes() == singan.retarget_picture(photograph, size, **given).tobytes()
    left, right = (singan.retarget_picture(photograph, size, focus=(x, 0.5), **plain) for x in (0.0, 1.0))
    side = photograph.width * size[1] // photograph.height
    whole = photograph.resize((side, size[1]), Image.Resampling.LANCZOS)
    assert difference(left, whole.crop((0, 0, *size))) < 3 > difference(right, whole.crop((side - 60, 0, side, 110)))


def test_notes_and_prints_open_a_photograph_once(shipped: ScenePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(shipped.photograph, Photograph)
    scene = ScenePipeline(shipped.pyramid, shipped.train_config, Photograph(shipped.photograph.data))
    opened = list[int]()
    monkeypatch.setattr(
        type(scene.photograph), "picture", lambda it, own=Photograph.picture: opened.append(1) or own(it)
    )
    notes = [Retarget(size, "fit").note(scene) for size in ((100, 200), (200, 100), (4000, 4000))]
    for mode in ("fit", "keep"):
        Retarget((100, 200), mode, enlarge=True).steps(scene)
    assert notes[:2] == [None, None] and "detail is invented" in str(notes[2]) and opened == [1]


def test_a_mask_and_a_point_choose_what_stays(picture: Image.Image) -> None:
    mask = Image.new("L", picture.size)
    mask.paste(255, (0, 16, 20, 40))
    left = singan.retarget_picture(picture, (24, 48), protect=mask)
    right = singan.retarget_picture(picture, (24, 48), focus=(0.8, 0.55))
    cropped = singan.retarget_picture(picture, (24, 48), focus=(0.8, 0.55), crop=1, extend=0, deform=0)
    assert len({it.tobytes() for it in (left, right, cropped)}) == 3
    crops = [picture.crop((left, 0, left + 24, 48)) for left in range(41)]
    assert min(difference(cropped, it) for it in crops) < 3


def test_bad_values_are_named(picture: Image.Image) -> None:
    for given, message in (
        ({"size": (5000, 50)}, "width is 5000; allowed are 16 to 4096"),
        ({"mode": "crop"}, "mode is 'crop'; allowed are"),
        ({"crop": 2}, "crop is 2; allowed are 0.0 to 1.0"),
        ({"focus": (0.5, 2)}, "focus is '0.5,2'; X,Y is needed, both from 0 to 1"),
        ({"mode": "keep", "extend": 0.5}, "extend is given with mode 'keep'; only mode 'fit' heeds it"),
        ({"protect": Image.new("L", (64, 64))}, "the mask is 64x64, the picture 64x48; both need the same shape"),
        ({"picture": Image.new("RGB", (400, 40))}, "400x40; the longer side may be at most 8 times"),
    ):
        with pytest.raises(ValueError, match=message):
            singan.retarget_picture(**{"picture": picture, "size": (50, 50), **given})


def test_the_command_takes_the_picture_and_what_steers_the_fit(picture_file: Path, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    Image.new("L", (64, 48), 255).save(mask)
    steered = ["--protect", mask, "--focus", "0.3,0.5", "--crop", "0.2", "--extend", "0.9", "--deform", "0"]
    for size, more in (((128, 48), []), ((32, 48), steered)):
        folder, name = tmp_path / f"{size[0]}", f"{size[0]}x{size[1]}"
        command = ["retarget-picture", picture_file, "--out", folder, "--size", name, *more]
        assert main([str(it) for it in command]) == 0
        (file,) = folder.iterdir()
        assert file.name == f"{name}_fit_seed0_0000.png" and Image.open(file).size == size
